/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/kube_conf.h"

/* What is wrong with it becomes part of it: then it allows nothing. */
static void not_now(const char *text)
{
}

static void load_policy(const char *path, struct request *r)
{
	struct kube_conf conf = kube_conf_load(path, false, not_now);

	r->policy = conf.policy;
}

int request_parse(int argc, char *argv[], struct request *ret, struct error *err)
{
	struct request r = {
		.tasks = calloc(argc + 1, sizeof(*r.tasks)),
		.uid = geteuid(),
		.gid = getegid(),
	};
	const char *policy = NULL;
	const struct {
		const char *name;
		const char **value;
	} arguments[] = {
		{"--image=", &r.image},
		{"--state=", &r.state},
		{"--step=", &r.step},
		{"--spool=", &r.spool},
		{"--cdi=", &r.cdi},
		{"--gpu=", &r.gpu},
		{"--policy=", &policy},
		{"--images=", &r.images},
		{"--cache-limit=", &r.cache_limit},
		{"--runtime=", &r.runtime},
		{"--runtime-join=", &r.runtime_join},
		{"--slurm=", &r.slurm},
	};

	if (!r.tasks)
		return error_set(err, ENOMEM, "out of memory");
	for (int i = 1; i < argc; i++) {
		size_t n = 0;

		while (n < ARRAY_SIZE(arguments) &&
		       strncmp(argv[i], arguments[n].name, strlen(arguments[n].name)))
			n++;
		if (n < ARRAY_SIZE(arguments))
			*arguments[n].value = argv[i] + strlen(arguments[n].name);
		else
			r.tasks[r.count++] = atoi(argv[i]);
	}
	if (!r.image || !r.state || !r.step)
		error_set(err, EINVAL, "it needs --image, --state and --step");
	else if (container_options_parse(getenv(CONTAINER_OPTIONS_VARIABLE), &r.options, err) ==
		 0) {
		*ret = r;
		if (policy)
			load_policy(policy, ret);
		return 0;
	}
	free(r.tasks);
	return -1;
}

void request_free(struct request *r)
{
	container_options_free(&r->options);
	container_policy_free(&r->policy);
	free(r->tasks);
	*r = (struct request){0};
}
