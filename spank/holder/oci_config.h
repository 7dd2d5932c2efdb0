/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The config.json of a container that we make: for an OCI runtime that is to make it in our stead,
 * and for hooks, which look there for the container's root.
 * Source: OCI runtime-spec 1.1, config.md and config-linux.md. */
#ifndef SPANK_HOLDER_OCI_CONFIG_H
#define SPANK_HOLDER_OCI_CONFIG_H

#include "spank/holder/bundle.h"

struct json_object;

struct oci_config {
	const struct bundle *bundle;
	const char *root; /* the container's root, all mounted, on this side */
	const char *const *args;
	bool with_hooks; /* the runtime has to run them */
};

/* The configuration, which the caller puts. The container has the host's PID, network, IPC and UTS
 * namespaces, its user namespace is the caller's, and its cgroups are the step's. */
struct json_object *oci_config(const struct oci_config *c);

/* Write it as folder's config.json. Returns 0, or -1 with err filled. */
int oci_config_write(const struct oci_config *c, const char *folder, struct error *err);

#endif
