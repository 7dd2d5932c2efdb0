/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pod of anybody's as a SlurmJob, or a refusal; and its status, with a SlurmJob and a report made
 * of the same bytes. */
#include "common/json.h"
#include "common/pod_path.h"
#include "fuzz.h"
#include "sync-agent/pods/status.h"
#include "sync-agent/pods/translate.h"

static char *prefixes[] = { "/data" }, *classes[] = { "high=urgent" };
static const struct words host_paths = { prefixes, 1 }, priority_classes = { classes, 1 };

static void translate(struct json_object *pod, const char *partition)
{
	struct pod_policy policy = { .runner = "/libexec/slurm-kube-pod",
				     .cluster = "tux",
				     .partition = partition,
				     .host_paths = &host_paths,
				     .priority_classes = &priority_classes };
	struct error err = { 0 };
	_cleanup_json_ struct json_object *job = pod_translate(pod, &policy, &err);
	struct json_object *first;

	must((job != NULL) == (err.text[0] == '\0'));
	if (!job)
		return;
	must(json_get_string(job, "metadata.name") && json_get_string(job, "spec.script"));
	first = json_object_array_get_idx(json_get(job, "spec.environment"), 0);
	must(!strcmp(json_get_string(first, "name"), POD_PLAN_VARIABLE));
}

static void tell(struct json_object *pod, struct json_object *job, struct json_object *report)
{
	_cleanup_json_ struct json_object *slim = pod_slim(pod), *slim_job = pod_slim_job(job);
	_cleanup_json_ struct json_object *status = pod_status(slim, slim_job, report, true);
	_cleanup_json_ struct json_object *again = pod_status(slim, slim_job, report, true);

	must(json_get_string(status, "phase") && pod_status_has(status, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *o = json_parse((const char *)data, size, NULL);

	if (!o)
		return 0;
	translate(o, NULL);
	translate(o, "debug");
	tell(o, o, o);
	tell(o, json_get(o, "job"), json_get(o, "report"));
	return 0;
}
