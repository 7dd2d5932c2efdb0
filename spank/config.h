/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the site wrote behind spank_kube.so in plugstack.conf. */
#ifndef SPANK_CONFIG_H
#define SPANK_CONFIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/doorbell.h"
#include "common/error.h"

struct spank_config {
	struct doorbell_target doorbell;
	char munge_socket[108]; /* "" for munge's default */
	bool has_agent_uid;
	uid_t agent_uid;  /* who may open a sealed doorbell */
	char cluster[64]; /* "" to take it from the environment */
	char holder[4096];
	char cdi[2048];	      /* "" for the default */
	char runtime[1024];   /* "" for the builtin one */
	char runtime_join[8]; /* "" for setns */
	char gpu[256];	      /* "" to look for it */
	bool pin;	      /* look tags up when a job is submitted */
	char policy[4096];    /* "" for kube.conf next to slurm.conf, if it is there */
	char state[2048];     /* the node's folder for images and named containers */
	char slurm[4096];     /* what Slurm's commands need in a container; "" for the usual */
	char images[2048];    /* read-only image folders, "/a:/b"; "" for none */
	char cache_limit[32]; /* of a user's cached images, as size_parse() takes it; "" for the
				 default */
};

/* Read the plugin's arguments. ret always holds something usable: what is wrong with one argument
 * spoils no other. Returns 0, or -1 with err filled with the first thing that was wrong. */
int spank_config_parse(int argc, char *const argv[], struct spank_config *ret, struct error *err);

#endif
