/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm cancel: scancel. That is what deleting a SlurmJob does, which has to be asked for
 * of a job that goes on. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "contrib/kubectl-slurm/targets.h"

static bool is_orphan(struct json_object *object)
{
	const char *policy = json_get_string(object, "spec.deletionPolicy");

	return policy && !strcmp(policy, "Orphan");
}

static int ask(struct call *call, struct target *t, struct error *err)
{
	_cleanup_free_ char *text = NULL;

	/* Else only the object would go. */
	if (is_orphan(t->job.object) &&
	    kubectl_text(&call->kubectl,
			 (const char *[]){ "patch", RESOURCE, t->job.name, "--type=merge",
					   "--patch={\"spec\":{\"deletionPolicy\":\"Cancel\"}}",
					   "--output=name", NULL },
			 NULL, &text, err) < 0)
		return -1;
	free(TAKE_PTR(text));
	return kubectl_text(&call->kubectl,
			    (const char *[]){ "delete", RESOURCE, t->job.name, "--wait=false",
					      "--output=name", NULL },
			    NULL, &text, err);
}

static void cancel(struct call *call, struct target *t, bool named)
{
	const char *state = json_get_string(t->job.object, "status.state");
	struct error err;

	if (job_ended(t->job.object)) {
		t->done = true;
		if (named)
			printf("%s: has ended already (%s)\n", t->job.name, state ?: "");
	} else if (ask(call, t, &err) < 0) {
		target_failed(call, t, err.text);
	}
}

/* Gone, or Slurm has said no. */
static int seen(void *ctx, struct json_object *object, struct error *err)
{
	const char *text = json_get_string(job_condition(object, "Synced"), "message");

	if (!object)
		return 1;
	if (json_get(object, "metadata.deletionTimestamp") &&
	    job_condition_is(object, "Synced", "False") &&
	    json_get_int(object, "status.observedGeneration", 0) >=
		    json_get_int(object, "metadata.generation", 0))
		return error_set(err, EPERM, "%s", text ?: "Slurm has refused it");
	return 0;
}

static void hear(struct call *call, struct target *t, int64_t timeout)
{
	struct job_watch what = {
		.kind = RESOURCE, .name = t->job.name, .timeout = timeout, .seen = seen
	};
	struct error err;
	char text[256];
	int rc = job_watch(&call->kubectl, &what, &err);

	if (rc < 0) {
		target_failed(call, t, err.text);
	} else if (rc == 0) {
		snprintf(text, sizeof(text),
			 "not ended within %lld s; it is cancelled when slurm-kube-agent and "
			 "slurmctld are "
			 "there, and gone when its last process is",
			 (long long)timeout);
		target_failed(call, t, text);
	} else {
		printf("%s: cancelled\n", t->job.name);
	}
}

int cancel_run(struct call *call, struct error *err)
{
	_cleanup_(targets_free) struct targets targets = { 0 };
	int64_t timeout = targets_timeout(call, err);

	if (timeout < 0 || targets_find(call, &targets, err) < 0)
		return -1;
	for (size_t i = 0; i < targets.n; i++)
		cancel(call, &targets.list[i], targets.named);
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
