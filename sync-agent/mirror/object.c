/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/object.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "common/buffer.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/conditions.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/image.h"
#include "sync-agent/mirror/text.h"

/* -- names ---------------------------------------------------------------------------------- */

char *object_name(const char *cluster, uint32_t id)
{
	char label[LABEL_MAX + 1], *name = NULL;

	text_dns_label(cluster, label);
	return asprintf(&name, "%s-%" PRIu32, label, id) < 0 ? NULL : name;
}

uint32_t object_name_id(const char *cluster, const char *name)
{
	char label[LABEL_MAX + 1], *end;
	unsigned long id;
	size_t n;

	text_dns_label(cluster, label);
	n = strlen(label);
	if (strncmp(name, label, n) || name[n] != '-' || name[n + 1] < '1' || name[n + 1] > '9')
		return 0;
	id = strtoul(name + n + 1, &end, 10);
	return *end || id > UINT32_MAX ? 0 : id;
}

/* -- labels and spec ------------------------------------------------------------------------ */

static void set_label(struct json_object *labels, const char *name, const char *value)
{
	char key[96], label[LABEL_MAX + 1];

	snprintf(key, sizeof(key), OBJECT_GROUP "/%s", name);
	text_label(value, label);
	if (label[0])
		json_object_object_add(labels, key, json_object_new_string(label));
}

struct json_object *object_labels(const struct view *v)
{
	struct json_object *labels = json_object_new_object();
	char id[16];

	snprintf(id, sizeof(id), "%" PRIu32, v->group->key);
	set_label(labels, "cluster", v->cluster);
	set_label(labels, "job-id", id);
	set_label(labels, "user", v->lead->user);
	set_label(labels, "account", v->lead->account);
	set_label(labels, "partition", v->lead->partition);
	set_label(labels, "state", v->state);
	return labels;
}

struct json_object *object_spec(const struct view *v)
{
	return fields_now(v);
}

/* -- status --------------------------------------------------------------------------------- */

static void set_text(struct json_object *o, const char *key, const char *value)
{
	if (value[0])
		json_object_object_add(o, key, text_json(value, TEXT_MAX));
}

static void set_path(struct json_object *o, const char *key, const char *value)
{
	if (value[0])
		json_object_object_add(o, key, text_json(value, 4096));
}

static void set_number(struct json_object *o, const char *key, uint64_t value)
{
	if (value < JOB_NONE)
		json_set_int(o, key, (int64_t)value);
}

static void set_time(struct json_object *o, const char *key, uint64_t when)
{
	char text[TIME_SIZE];

	if (!when || when >= JOB_NONE)
		return;
	text_time((time_t)when, text);
	json_set_string(o, key, text);
}

static void set_reason(struct json_object *o, const char *reason)
{
	if (strcmp(reason, "None"))
		json_set_string(o, "reason", reason);
}

static bool has_ended(enum job_phase phase)
{
	return phase == PHASE_COMPLETED || phase == PHASE_FAILED;
}

static void set_exit(struct json_object *o, enum job_phase phase, uint64_t exit_status)
{
	int status = (int)exit_status;

	if (!has_ended(phase) || exit_status == JOB_NONE)
		return;
	json_set_int(o, "exitCode", WEXITSTATUS(status));
	if (WIFSIGNALED(status))
		json_set_int(o, "signal", WTERMSIG(status));
}

/* Where a job of this phase is, or what it asked for. */
static void set_place(struct json_object *o, const struct job *job)
{
	set_number(o, "nodes", job->nodes);
	if (job->node_list[0])
		json_object_object_add(o, "nodeList", text_json(job->node_list, 65536));
	set_text(o, "tres", job->tres);
}

static void set_times(struct json_object *o, const struct view *v)
{
	const struct job *job = v->lead;

	set_time(o, "submitTime", job->submit);
	set_time(o, "eligibleTime", job->eligible);
	if (v->phase == PHASE_PENDING) {
		set_time(o, "estimatedStartTime", job->start);
		return;
	}
	set_time(o, "startTime", v->start);
	if (has_ended(v->phase))
		set_time(o, "endTime", v->end);
}

static void set_indexes(struct json_object *o, const char *count, const char *list,
			const struct indexes *set)
{
	_cleanup_free_ char *text = indexes_format(set);

	json_set_int(o, count, (int64_t)indexes_count(set));
	if (list && text && text[0])
		json_set_string(o, list, text);
}

static struct json_object *array_status(const struct view *v)
{
	struct json_object *o = json_object_new_object();

	set_indexes(o, "total", NULL, &v->all);
	set_indexes(o, "pending", "pendingIndexes", &v->pending);
	set_indexes(o, "running", "runningIndexes", &v->running);
	set_indexes(o, "completed", "completedIndexes", &v->completed);
	set_indexes(o, "failed", "failedIndexes", &v->failed);
	return o;
}

static struct json_object *components(const struct view *v)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < v->group->n; i++) {
		const struct job *job = v->group->jobs[i];
		struct json_object *o = json_object_new_object();

		set_number(o, "offset", job->het_offset);
		set_number(o, "jobId", job->id);
		json_set_string(o, "state", job->state);
		set_reason(o, job->reason);
		set_text(o, "partition", job->partition);
		set_place(o, job);
		set_exit(o, job->phase, job->exit_status);
		json_object_array_add(list, o);
	}
	return list;
}

/* The echo of every field that an edit could change: the base of the three-way rule. */
static struct json_object *current(const struct view *v)
{
	struct json_object *now = fields_now(v);

	for (size_t i = 0; i < n_fields; i++)
		if (fields[i].whole)
			json_object_object_del(now, fields[i].name);
	return now;
}

static void set_container(struct json_object *o, const struct job *job)
{
	char asked[IMAGE_MAX], digest[IMAGE_DIGEST_MAX];

	image_split(job->container, asked, digest);
	set_path(o, "container", asked);
	set_path(o, "containerDigest", digest);
}

struct json_object *object_status(const struct view *v, const struct synced *synced,
				  int64_t observed_generation)
{
	const struct job *job = v->lead;
	struct json_object *o = json_object_new_object();

	json_set_int(o, "jobId", v->group->key);
	if (v->is_array)
		json_set_int(o, "arrayJobId", v->group->key);
	set_text(o, "cluster", v->cluster);
	json_set_string(o, "state", v->state);
	set_reason(o, v->reason);
	set_text(o, "user", job->user);
	set_number(o, "uid", job->uid);
	set_text(o, "group", job->group);
	set_text(o, "account", job->account);
	set_text(o, "partition", job->partition);
	set_text(o, "qos", job->qos);
	set_number(o, "priority", job->priority);
	json_object_object_add(o, "current", current(v));
	set_times(o, v);
	set_place(o, job);
	set_exit(o, v->phase, v->exit_status);
	if (job->restarts)
		set_number(o, "restarts", job->restarts);
	/* Each task of an array has files of its own; spec.output has the pattern. */
	if (!v->is_array) {
		set_path(o, "stdin", job->in_path);
		set_path(o, "stdout", job->out_path);
		set_path(o, "stderr", job->err_path);
	}
	set_text(o, "cancelledBy", v->cancelled_by);
	set_container(o, job);
	if (v->is_array)
		json_object_object_add(o, "array", array_status(v));
	else if (job->het_id)
		json_object_object_add(o, "components", components(v));
	json_set_int(o, "observedGeneration", observed_generation);
	set_time(o, "lastSyncTime", time(NULL));
	json_object_object_add(o, "conditions", conditions_of(v, synced));
	return o;
}

/* -- the hash ------------------------------------------------------------------------------- */

static bool drifts(const char *key)
{
	static const char *const keys[] = { "lastSyncTime", "lastTransitionTime", "priority",
					    "eligibleTime", "estimatedStartTime", "steps",
					    "usage", "results", "resultsHash" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static uint64_t hash_value(const char *key, struct json_object *o);

/* Members are summed, so their order does not count. */
static uint64_t hash_object(struct json_object *o)
{
	uint64_t sum = 0;

	if (!json_object_is_type(o, json_type_object))
		return 0;
	json_object_object_foreach(o, key, value) {
		if (!drifts(key) && value)
			sum += hash_value(key, value);
	}
	return sum;
}

/* A condition that is written on its own. */
static bool is_apart(struct json_object *condition)
{
	const char *type = json_get_string(condition, "type");

	return type && !strcmp(type, OBJECT_RESULTS_CONDITION);
}

static uint64_t hash_value(const char *key, struct json_object *o)
{
	uint64_t hash = hash_text(HASH_SEED, key);
	const char *text;

	switch (json_object_get_type(o)) {
	case json_type_object:
		return hash_number(hash, hash_object(o));
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(o); i++)
			if (!is_apart(json_object_array_get_idx(o, i)))
				hash = hash * 31 + hash_value("", json_object_array_get_idx(o, i));
		return hash;
	default:
		text = json_object_get_string(o);
		/* The scheduler calls the same thing one or the other from round to round. */
		if ((!strcmp(key, "reason") || !strcmp(key, "message")) && !strcmp(text, "Resources"))
			text = "Priority";
		return hash_text(hash, text ? text : "");
	}
}

uint64_t object_status_hash(struct json_object *status)
{
	return hash_object(status);
}

bool object_has_run(struct json_object *status)
{
	const char *start = json_get_string(status, "startTime"),
		   *end = json_get_string(status, "endTime");

	return start && (json_get(status, "nodeList") || !end || strcmp(start, end) != 0);
}
