/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes beyond a plain container: the hooks of its bundle and its devices, another runtime, the
 * image's entry point. A container without these costs nothing here. */
#ifndef SPANK_HOLDER_OCI_H
#define SPANK_HOLDER_OCI_H

#include "spank/holder/bundle.h"
#include "spank/holder/hooks_run.h"
#include "spank/holder/keeper.h"
#include "spank/holder/request.h"
#include "spank/holder/root.h"
#include "spank/holder/runtime.h"
#include "spank/holder/step_folder.h"

struct oci {
	struct runtime runtime;
	const struct bundle *bundle;
	const struct request *request;
	char folder[PATH_MAX]; /* the bundle that we make: config.json, rootfs; "" if none is needed
				*/
	char rootfs[PATH_MAX];
	char enter[PATH_MAX]; /* slurm-kube-enter on this node */
	bool entrypoint;      /* tasks go in behind the image's entry point */
	bool command;	      /* ... and its own command is what they run */
	bool as_root;	      /* tasks are root in the container, too */
	struct hook_state state;
};

/* Find out what this container needs, and have it mounted. Returns 0, or -1 with err filled. */
int oci_open(struct oci *o, const struct request *r, struct bundle *b, struct error *err);

/* The same for a container that runs already, inside of which the calling process is. */
int oci_join(struct oci *o, const struct request *r, const struct bundle *b, struct error *err);

/* Does the container's user namespace have to show the user as root? */
bool oci_needs_root(const struct oci *o);

/* Make the folders that it needs, which the keeper ends and removes. o has to live as long as the
 * keeper. Returns 0, or -1 with err filled. */
int oci_keep(struct oci *o, struct step_folder *f, struct keeper *k, struct error *err);

/* With the root prepared and the keeper started: make the container, by hooks and runtime if there
 * are any; afterwards the calling process stands where tasks join. Returns 0, or -1 with err
 * filled.
 */
int oci_make(struct oci *o, struct root *root, const struct keeper *k, struct error *err);

/* What tasks have to be told; env ends in NULL. */
struct oci_report {
	const char *enter; /* the program that a task starts in place of its own, or "" */
	char **env;	   /* for it */
	bool no_cwd;	   /* the image's working folder isn't one on this side */
};

/* Returns 0, or -1 with err filled. The caller frees it. */
int oci_report(const struct oci *o, struct oci_report *ret, struct error *err);
void oci_report_free(struct oci_report *r);

void oci_free(struct oci *o);

#endif
