/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of kube-container share: its options, and the table row that each command is.
 */
#ifndef SPANK_TOOL_TOOL_H
#define SPANK_TOOL_TOOL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct tool {
	char state[PATH_MAX];  /* the user's own folder, STATE/UID */
	char images[PATH_MAX]; /* the cache in it, or the folder of --to */
	const char *site;      /* the site's image folders, or NULL */
	const char *job;       /* its id, "" for none */
	const char *to;	       /* a folder to stage into in place of the cache, or NULL */
	uint64_t limit;	       /* of the cache in bytes; 0: half of its file system */
	int error_fd; /* where the text of an error goes in place of standard error, or -1 */
	bool all;
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line */
	const char *help;      /* the options, and what there is to say */
	int min, max;	       /* how many arguments it takes; max -1: any number */
	/* Returns 0, or -1 with err filled. */
	int (*run)(struct tool *t, int argc, char *argv[], struct error *err);
};

extern const struct command command_stage, command_images, command_prune, command_rm;
extern const struct command command_enter, command_steps, command_names, command_forget, command_sweep;

/* Make the folders of the cache (or of --to), if they aren't there. Returns 0, or -1 with err
 * filled. */
int tool_make_folders(const struct tool *t, struct error *err);

#endif
