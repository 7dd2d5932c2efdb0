/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm: the verbs that plain kubectl lacks. One row of a table and one function each. */
#ifndef KUBECTL_SLURM_PLUGIN_H
#define KUBECTL_SLURM_PLUGIN_H

#include <stdint.h>

#include "contrib/kubectl-slurm/kubectl.h"
#include "contrib/kubectl-slurm/options.h"

#define EXIT_USAGE 2	 /* it was called in a wrong way */
#define EXIT_TIMEOUT 124 /* what was waited for didn't come, as timeout(1) has it */
#define WORDS_ANY SIZE_MAX

enum option_id {
	OPT_HELP,
	OPT_KUBECTL, /* one that each call of kubectl gets */
	OPT_ALL,
	OPT_ALL_NAMESPACES,
	OPT_BY,
	OPT_CONTAINER,
	OPT_DRY_RUN,
	OPT_FOLLOW,
	OPT_FOR,
	OPT_HOLD,
	OPT_LIMIT_BYTES,
	OPT_NO_WAIT,
	OPT_PREVIOUS,
	OPT_SELECTOR,
	OPT_SINCE,
	OPT_SINCE_TIME,
	OPT_STDERR,
	OPT_STDIN,
	OPT_TAIL,
	OPT_TASK,
	OPT_STEP,
	OPT_TIMEOUT,
	OPT_TIMESTAMPS,
	OPT_TTY,
	OPT_WATCH,
	OPT_YES,
	OPT_COUNT
};

struct verb;

struct call {
	struct kubectl kubectl;
	const struct verb *verb;
	const char *value[OPT_COUNT]; /* NULL: not given; "": given without a value */
	char **words;		      /* that are no options */
	size_t n_words;
	char **rest; /* behind "--" */
	size_t n_rest;
};

struct verb {
	const char *name;
	const char *words; /* as the help shows them */
	const char *summary, *text;
	const struct option *options; /* NULL: none */
	size_t min_words, max_words;
	bool rest; /* words may come behind "--" */
	/* Returns the exit code, or -1 with err filled, which exits with 1 (EXIT_USAGE if err's
	 * code is EINVAL). */
	int (*run)(struct call *call, struct error *err);
	/* Looks at its words itself: of these only the options of all verbs have been taken away.
	 */
	bool own_options;
	const char *offers; /* completion: "jobs", or words with blanks between; NULL: files */
};

extern const struct verb verbs[]; /* a NULL name at the end */

extern const struct option submit_options[];

/* What each verb takes: --help, --namespace ... */
extern const struct option common_options[];
int common_option(struct call *call, const struct option *o, const char *value, struct error *err);

void verb_help(const struct verb *verb);

int submit_run(struct call *call, struct error *err);
int logs_run(struct call *call, struct error *err);
int exec_run(struct call *call, struct error *err);
int edit_run(struct call *call, struct error *err);
int cancel_run(struct call *call, struct error *err);
int top_run(struct call *call, struct error *err);
int steps_run(struct call *call, struct error *err);
int wait_run(struct call *call, struct error *err);
int completion_run(struct call *call, struct error *err);

void submit_help(void);

#define COMPLETER                                                                                  \
	"kubectl_complete-slurm" /* the name by which kubectl (1.26 and later) calls this program  \
				    for it */
#define COMPLETION_WORD "__complete" /* ... and the scripts of kubectl slurm completion */

/* Print what the last of these words, behind "kubectl slurm", could be, and as kubectl wants it a
 * last line for the shell. */
int completion_words(struct kubectl *k, char **words, size_t n);

#endif
