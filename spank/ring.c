/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/image_reference.h"
#include "common/slurm_compat.h"
#include "spank/bell.h"
#include "spank/items.h"

/* The node's own name isn't in the environment yet when a step starts; but this is its first one.
 */
static void first_node(spank_t sp, char *dest, size_t size)
{
	char list[1024];

	job_variable(sp, "SLURMD_NODENAME", dest, size);
	if (dest[0])
		return;
	job_variable(sp, "SLURM_STEP_NODELIST", list, sizeof(list));
	if (!list[0])
		job_variable(sp, "SLURM_JOB_NODELIST", list, sizeof(list));
	bell_name_first_node(list, dest, size);
}

/* The image as it was asked for, and its digest, which pinning has put behind it or the node has
 * found. */
static void name_image(const struct ring_step *facts, struct doorbell *bell)
{
	const char *at = facts->image ? strrchr(facts->image, '@') : NULL;
	const char *digest = facts->digest;

	if (!facts->image)
		return;
	if (at && image_digest_is_valid(at + 1))
		digest = at + 1;
	else
		at = facts->image + strlen(facts->image);
	snprintf(bell->image, sizeof(bell->image), "%.*s", (int)(at - facts->image), facts->image);
	snprintf(bell->digest, sizeof(bell->digest), "%s", digest);
}

void ring_step(spank_t sp, const struct spank_config *config, const struct ring_step *facts)
{
	struct doorbell bell = doorbell_new(facts->kind);

	bell.job_id = item_u32(sp, S_JOB_ID, 0);
	bell.step_id = item_u32(sp, S_JOB_STEPID, DOORBELL_NO_STEP);
	if (item_u32(sp, S_JOB_NODEID, 0) != 0 || bell.step_id == SLURM_EXTERN_CONT)
		return;
	snprintf(bell.cluster, sizeof(bell.cluster), "%s", config->cluster);
	if (!bell.cluster[0])
		job_variable(sp, "SLURM_CLUSTER_NAME", bell.cluster, sizeof(bell.cluster));
	job_variable(sp, "SLURM_JOB_USER", bell.user, sizeof(bell.user));
	if (!bell.user[0])
		snprintf(bell.user, sizeof(bell.user), "%u", item_u32(sp, S_JOB_UID, 0));
	first_node(sp, bell.node, sizeof(bell.node));
	name_image(facts, &bell);
	if (facts->kind == DOORBELL_STEP_END) {
		bell.exit_code = facts->exit_code;
		bell.startup_us = facts->startup_us;
	}
	bell_ring(config, &bell);
}

void ring_job(spank_t sp, const struct spank_config *config, enum doorbell_kind kind)
{
	struct doorbell bell = doorbell_new(kind);
	char first[sizeof(bell.node)];
	const char *node = getenv("SLURMD_NODENAME"), *user = getenv("SLURM_JOB_USER");
	const char *cluster = config->cluster[0] ? config->cluster : getenv("SLURM_CLUSTER_NAME");

	/* Not known (older Slurm): one doorbell too many costs less than one too few. */
	bell_name_first_node(getenv("SLURM_NODELIST"), first, sizeof(first));
	if (first[0] && node && strcmp(first, node))
		return;
	bell.job_id = item_u32(sp, S_JOB_ID, 0);
	snprintf(bell.cluster, sizeof(bell.cluster), "%s", cluster ? cluster : "");
	snprintf(bell.user, sizeof(bell.user), "%s", user ? user : "");
	snprintf(bell.node, sizeof(bell.node), "%s", node ? node : "");
	bell_ring(config, &bell);
}
