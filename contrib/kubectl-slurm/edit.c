/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm hold, release, suspend, resume, requeue: an edit of spec, and the agent's answer to
 * it. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "contrib/kubectl-slurm/targets.h"

static const struct {
	const char *verb, *field;
	bool value;
	const char *done;
} edits[] = {
	{ "hold", "hold", true, "held" },
	{ "release", "hold", false, "released" },
	{ "suspend", "suspend", true, "suspended" },
	{ "resume", "suspend", false, "resumed" },
	{ "requeue", "requeueRequestedAt", true, "requeued" },
};

static size_t edit_of(const struct call *call)
{
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(edits) && strcmp(edits[i].verb, call->verb->name) != 0)
		i++;
	return i;
}

/* {"spec":{"hold":true}}, the caller's */
static char *make_patch(const struct call *call)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *spec = json_object_new_object();
	size_t e = edit_of(call);

	json_object_object_add(o, "spec", spec);
	if (!strcmp(edits[e].verb, "requeue")) {
		char day[32], now[64];
		struct timespec t;
		struct tm tm;

		/* Later than the last one, also if that was within the same second. */
		clock_gettime(CLOCK_REALTIME, &t);
		gmtime_r(&t.tv_sec, &tm);
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(now, sizeof(now), "%s.%06ldZ", day, t.tv_nsec / 1000 % 1000000);
		json_set_string(spec, edits[e].field, now);
		if (call->value[OPT_HOLD])
			json_set_bool(spec, "hold", true);
	} else {
		json_set_bool(spec, edits[e].field, edits[e].value);
	}
	return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static bool is_answered(struct json_object *object, int64_t generation)
{
	return json_get_int(object, "status.observedGeneration", 0) >= generation;
}

static void patch(struct call *call, struct target *t, const char *text)
{
	_cleanup_free_ char *argument = NULL;
	_cleanup_json_ struct json_object *o = NULL;
	struct error err;

	if (asprintf(&argument, "--patch=%s", text) < 0) {
		argument = NULL;
		target_failed(call, t, "not enough memory");
		return;
	}
	if (kubectl_json(&call->kubectl,
			 (const char *[]){ "patch", RESOURCE, t->job.name, "--type=merge", argument,
					   "--output=json", NULL },
			 &o, &err) < 0) {
		target_failed(call, t, err.text);
		return;
	}
	t->generation = json_get_int(o, "metadata.generation", 0);
	/* What spec says already is no edit. */
	if (t->generation == json_get_int(t->job.object, "metadata.generation", -1)) {
		printf("%s: nothing to do, spec.%s says so already\n", t->job.name,
		       edits[edit_of(call)].field);
		t->done = true;
	}
}

struct answer {
	int64_t generation;
	char refused[400]; /* empty: it was not */
};

static int seen(void *ctx, struct json_object *object, struct error *err)
{
	struct answer *a = ctx;
	struct json_object *synced = job_condition(object, "Synced");

	if (!object)
		return error_set(err, ENOENT, "it has been deleted");
	if (!is_answered(object, a->generation))
		return 0;
	if (job_condition_is(object, "Synced", "False"))
		snprintf(a->refused, sizeof(a->refused), "%s",
			 json_get_string(synced, "message") ?: "refused");
	return 1;
}

static void hear(struct call *call, struct target *t, int64_t timeout)
{
	struct answer answer = { .generation = t->generation };
	struct job_watch what = { .kind = RESOURCE,
				  .name = t->job.name,
				  .timeout = timeout,
				  .seen = seen,
				  .ctx = &answer };
	struct error err;
	char text[256];
	int rc = job_watch(&call->kubectl, &what, &err);

	if (rc < 0) {
		target_failed(call, t, err.text);
	} else if (rc == 0) {
		snprintf(text, sizeof(text),
			 "no answer within %lld s; the edit stays, and is done when "
			 "slurm-kube-agent "
			 "and slurmctld are there",
			 (long long)timeout);
		target_failed(call, t, text);
	} else if (answer.refused[0]) {
		target_failed(call, t, answer.refused);
	} else {
		printf("%s: %s\n", t->job.name, edits[edit_of(call)].done);
	}
}

int edit_run(struct call *call, struct error *err)
{
	_cleanup_(targets_free) struct targets targets = { 0 };
	_cleanup_free_ char *text = make_patch(call);
	int64_t timeout = targets_timeout(call, err);

	if (timeout < 0 || targets_find(call, &targets, err) < 0)
		return -1;
	for (size_t i = 0; i < targets.n; i++)
		patch(call, &targets.list[i], text);
	for (size_t i = 0; i < targets.n; i++) {
		struct target *t = &targets.list[i];

		if (t->failed || t->done)
			continue;
		if (call->value[OPT_NO_WAIT])
			printf("%s: asked for\n", t->job.name);
		else
			hear(call, t, timeout);
	}
	return targets_result(&targets);
}
