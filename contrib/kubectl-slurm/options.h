/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options by tables: those of the verbs, and those of sbatch, on command lines and in batch
 * scripts. */
#ifndef KUBECTL_SLURM_OPTIONS_H
#define KUBECTL_SLURM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct option {
	char letter;	   /* 'f' of -f; 0: none */
	const char *name;  /* "follow" of --follow; NULL ends a table */
	const char *value; /* what its value is called; NULL: it takes none; "[...]": it may have
			      one, after = only */
	const char *help;  /* NULL: not listed */
	int id;		   /* of a verb's: enum option_id; of sbatch's: enum kind */
	const char
		*field; /* of sbatch's: the field below spec; or what to do instead of using it */
};

struct parser {
	const struct option *const *tables; /* NULL at the end */
	bool stop_at_word; /* the first word that is no option ends it, as in sbatch */
	void *ctx;
	/* value is NULL if the option takes none, or has none. at: the word's index. Returns 0, or
	 * -1 with err filled. */
	int (*option)(void *ctx, const struct option *o, const char *value, size_t at,
		      struct error *err);
	/* An option that is in no table, as it is written; NULL: that is an error. */
	int (*unknown)(void *ctx, const char *word, size_t at, struct error *err);
	int (*word)(void *ctx, const char *word, size_t at, struct error *err);
};

/* Long names may be shortened as far as they stay unique. "--" ends the options. Returns the index
 * of the first word that was not looked at (behind "--", or where stop_at_word ended it), or -1
 * with err filled. Words are changed in no way. */
int options_parse(const struct parser *p, char *const *words, size_t n, struct error *err);

/* A line for each option that has help. taken: a letter that means something else here, 0: none. */
void options_print(const struct option *table, char taken);

#endif
