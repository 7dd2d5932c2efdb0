/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running skopeo, umoci and unsquashfs. */
#ifndef SPANK_TOOL_RUN_H
#define SPANK_TOOL_RUN_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

struct run {
	const char *const *argv; /* ends in NULL; argv[0] is looked for in PATH */
	const char *folder;	 /* to run it in, or NULL */
	size_t max;		 /* bytes of standard output to take at most */
	char **output; /* set on success to what was written there, the caller frees; or NULL */
	size_t *output_len;
	unsigned timeout; /* seconds, 0 for none */
	/* Called about five times a second, with its process id. Or NULL. */
	void (*tick)(void *arg, pid_t pid);
	void *arg;
};

/* Run a program to its end; it dies with us. What it writes is not shown. Returns 0 if it ended
 * with status 0, or -1 with err filled: what it said last, without credentials, or the package that
 * it is in if it isn't there. */
int run_program(const struct run *r, struct error *err);

/* From what a program wrote to standard error, the line that says what was wrong, made fit to be
 * shown: unwrapped, without passwords in addresses and without control characters. dest: at least 2
 * bytes. */
void run_last_words(char *text, char *dest, size_t size);

#endif
