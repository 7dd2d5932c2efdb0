/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/targets.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

#define TARGETS_MAX 100000
#define TIMEOUT_DEFAULT 60

void targets_free(struct targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		job_free(&t->list[i].job);
	free(t->list);
	*t = (struct targets){ 0 };
}

/* Room for one more; NULL with err filled if there is none. */
static struct target *grow(struct targets *t, struct error *err)
{
	struct target *list =
		t->n < TARGETS_MAX ? realloc(t->list, (t->n + 1) * sizeof(*list)) : NULL;

	if (!list) {
		error_set(err, ENOMEM, "these are too many jobs; select fewer");
		return NULL;
	}
	t->list = list;
	list[t->n] = (struct target){ 0 };
	return &list[t->n];
}

static int add(struct call *call, struct targets *t, const char *name, struct error *err)
{
	struct target *new = grow(t, err);

	if (!new || job_find(&call->kubectl, name, &new->job, err) < 0)
		return -1;
	t->n++;
	if (new->job.task >= 0)
		return error_set(
			err, EINVAL,
			"%s: an array is one SlurmJob, all of its tasks together; of one task: "
			"scontrol or scancel %s",
			name, name);
	return 0;
}

static int select_jobs(struct call *call, struct targets *t, struct error *err)
{
	_cleanup_json_ struct json_object *list = NULL;
	_cleanup_free_ char *selector = NULL;
	const char *label = call->value[OPT_SELECTOR];
	struct json_object *items;

	if (asprintf(&selector, "--selector=%s", label ? label : "") < 0) {
		selector = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	if (kubectl_json(&call->kubectl,
			 (const char *[]){ "get", RESOURCE, selector, "--output=json", NULL },
			 &list, err) < 0)
		return -1;
	items = json_get(list, "items");
	for (size_t i = 0; i < json_length(items); i++) {
		struct target *new = grow(t, err);

		if (!new || job_take(json_object_array_get_idx(items, i), &new->job, err) < 0)
			return -1;
		t->n++;
	}
	if (!t->n)
		fprintf(stderr,
			"kubectl slurm %s: there are no such SlurmJobs in this namespace.\n",
			call->verb->name);
	return 0;
}

static int check(struct call *call, struct error *err)
{
	bool all = call->value[OPT_ALL], selected = call->value[OPT_SELECTOR];

	if (all + selected + (call->n_words > 0) != 1)
		return error_set(
			err, EINVAL,
			"name jobs, or select them with -l, or all of the namespace with --all");
	if (all && !call->value[OPT_YES])
		return error_set(
			err, EINVAL,
			"--all is for all jobs of the namespace; add --yes if that is meant");
	if (selected && !call->value[OPT_SELECTOR][strspn(call->value[OPT_SELECTOR], " ,")])
		return error_set(err, EINVAL,
				 "-l '': that selects all; use --all --yes if that is meant");
	return 0;
}

int targets_find(struct call *call, struct targets *ret, struct error *err)
{
	*ret = (struct targets){ .named = call->n_words > 0 };
	if (check(call, err) < 0)
		return -1;
	if (!ret->named)
		return select_jobs(call, ret, err);
	for (size_t i = 0; i < call->n_words; i++)
		if (add(call, ret, call->words[i], err) < 0)
			return -1;
	return 0;
}

int64_t targets_timeout(const struct call *call, struct error *err)
{
	const char *text = call->value[OPT_TIMEOUT];
	int64_t seconds = text ? job_seconds(text) : TIMEOUT_DEFAULT;

	if (seconds <= 0)
		return error_set(err, EINVAL, "--timeout=%.60s: write it like 90s, 10m or 1h30m",
				 text);
	return seconds;
}

void target_failed(struct call *call, struct target *t, const char *text)
{
	fprintf(stderr, "kubectl slurm %s: %s: %s\n", call->verb->name, t->job.name, text);
	t->failed = true;
}

int targets_result(const struct targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].failed)
			return 1;
	return 0;
}
