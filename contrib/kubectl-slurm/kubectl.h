/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is asked of Kubernetes is asked through kubectl itself, which knows the contexts and
 * credentials. */
#ifndef KUBECTL_SLURM_KUBECTL_H
#define KUBECTL_SLURM_KUBECTL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <json-c/json.h>

#include "common/error.h"

#define KUBECTL_FLAGS_MAX 8
#define ANSWER_MAX (64 << 20) /* bytes that kubectl may print where that is read here */

struct kubectl {
	const char *program;		    /* $KUBECTL, else "kubectl" */
	char *flags[KUBECTL_FLAGS_MAX + 1]; /* "--namespace=x" and the like, for each call */
};

/* Set once kubectl_catch_signals() was called and one of them has come: its number. */
extern volatile sig_atomic_t kubectl_signal;

/* From now on INT, TERM and HUP don't end this program: what was put somewhere is to be taken away
 * first. */
void kubectl_catch_signals(void);

/* Add a flag for each call. Returns 0, or -1 with err filled. */
int kubectl_flag(struct kubectl *k, const char *name, const char *value, struct error *err);

/* Start kubectl with these words (NULL at the end); -1 leaves a descriptor as it is here. It ends
 * with this program. Returns its process id, or -1 with err filled. */
pid_t kubectl_start(const struct kubectl *k, const char *const *words, const int fds[3],
		    struct error *err);

/* Wait for it. Returns its exit code, 128 and the signal's number if one ended it. */
int kubectl_end(pid_t pid);

/* With this program's own input and output. Returns its exit code, or -1 with err filled. */
int kubectl_run(const struct kubectl *k, const char *const *words, struct error *err);

/* What kubectl prints, NUL-terminated, the caller's; input (may be NULL) is what it reads. Returns
 * 0, or -1 with err filled by what kubectl said; *ret is set only on success. */
int kubectl_text(const struct kubectl *k, const char *const *words, const char *input, char **ret,
		 struct error *err);

/* A file in memory with this text (NULL: none), to be read from its beginning. -1 with err filled.
 */
int kubectl_memory_file(const char *text, struct error *err);

/* Fill err with what kubectl has written into such a file. Returns -1. */
int kubectl_tell_failure(int errors, int code, struct error *err);

/* The same as one JSON value, which the caller puts; NULL if it printed nothing. */
int kubectl_json(const struct kubectl *k, const char *const *words, struct json_object **ret,
		 struct error *err);

#endif
