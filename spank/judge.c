/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/judge.h"

#include <limits.h>
#include <slurm/slurm.h>
#include <slurm/spank.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/kube_conf.h"

/* One process is one step. */
static struct kube_conf conf;
static char file[PATH_MAX];

/* The one who runs the step is told, if it wants a container. */
static void not_now(const char *text)
{
	slurm_debug("spank_kube: %s", text);
}

void judge_load(const char *path)
{
	kube_conf_free(&conf);
	if (path[0])
		snprintf(file, sizeof(file), "%s", path);
	else if (kube_conf_default_path(file, sizeof(file)) < 0)
		file[0] = '\0';
	conf = kube_conf_load(file, !path[0], not_now);
}

const char *judge_default_image(const char *partition)
{
	return container_policy_default_image(&conf.policy, partition);
}

int judge_apply(struct container_options *options, struct error *err)
{
	return container_policy_apply(&conf.policy, options, err);
}

int judge(const char *image, const struct container_options *options, struct error *err)
{
	char cwd[PATH_MAX];

	return container_policy_check(&conf.policy, image, options,
				      getcwd(cwd, sizeof(cwd)) ? cwd : NULL, err);
}

const char *judge_file(void)
{
	const struct container_policy *policy = &conf.policy;

	return policy->mounts_denied || policy->images_allowed || policy->images_denied ? file
											: NULL;
}
