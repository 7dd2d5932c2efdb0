/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a site allows containers to be, and what it makes of what they ask for. The settings are in
 * kube.conf, described in doc/policy.md. job_submit_kube refuses a job by them when it is
 * submitted, from what the job says and without a look at any file; slurmstepd, which sees all
 * steps, does so again and is what holds. */
#ifndef COMMON_CONTAINER_POLICY_H
#define COMMON_CONTAINER_POLICY_H

#include <stdbool.h>

#include "common/container_options.h"
#include "common/error.h"

/* A list of texts that ends in NULL; NULL for an empty one. */
struct container_policy {
	char **images_allowed, **images_denied; /* patterns */
	char **mounts_denied;			/* absolute paths */
	char **default_images;			/* "PARTITION=IMAGE" */
	struct container_options forced;
	struct container_options defaults;
	bool forbidden[CONTAINER_OPTION_COUNT];
	struct error broken; /* code is not 0: it can't be read, so that nothing is allowed */
};

void container_policy_free(struct container_policy *policy);
#define _cleanup_policy_ _cleanup_(container_policy_free)

/* Read one setting. The set functions return 0, or -1 with err filled; then the policy is as before
 * or has part of the value, and the caller fills broken. */
struct container_policy_setting {
	const char *key;
	int (*set)(struct container_policy *policy, const char *value, struct error *err);
};
/* All settings; the last one's key is NULL. */
extern const struct container_policy_setting container_policy_settings[];

/* Whether the image may be used. A digest doesn't count, and a docker:// name is compared as it is
 * written and in full ("docker://docker.io/library/alpine:latest"). cwd: what a relative path
 * counts from; NULL: not known. Returns 0, or -1 with err filled, which names the pattern. */
int container_policy_check_image(const struct container_policy *policy, const char *image,
				 const char *cwd, struct error *err);

/* Whether a host path may be mounted: neither it nor what it is in is denied, nor anything in it.
 * path: absolute, without links. */
int container_policy_check_source(const struct container_policy *policy, const char *path,
				  struct error *err);

/* Whether the options may be used: none forbidden, none other than forced, no mount whose source is
 * denied by its text alone (one that begins with "~" can't be judged by it). Returns as above. */
int container_policy_check_options(const struct container_policy *policy,
				   const struct container_options *options, const char *cwd,
				   struct error *err);

/* Both: whether a job or step may have this container. image: "" or NULL if it is only named by its
 * options; then what has that name on the node has to be checked. Returns as above, with the image
 * named first. */
int container_policy_check(const struct container_policy *policy, const char *image,
			   const struct container_options *options, const char *cwd,
			   struct error *err);

/* Whether nothing is allowed, denied, forced or default. */
bool container_policy_is_empty(const struct container_policy *policy);

/* Add what is forced and, where nothing is said, what is default. Returns 0, or -1 with err filled.
 */
int container_policy_apply(const struct container_policy *policy, struct container_options *options,
			   struct error *err);

/* The image for a job in that partition which names none; NULL if there is none. Borrowed. */
const char *container_policy_default_image(const struct container_policy *policy,
					   const char *partition);

#endif
