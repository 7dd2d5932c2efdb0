/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/fields.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/amounts.h"
#include "sync-agent/mirror/getters.h"
#include "sync-agent/mirror/image.h"
#include "sync-agent/mirror/same.h"

const struct field fields[] = {
	/* name, type, what an edit does, compared whole, getter */
	{ "jobName", FIELD_TEXT, EDIT_SENT, false, get_name },
	{ "account", FIELD_TEXT, EDIT_SENT, false, get_account },
	{ "partition", FIELD_TEXT, EDIT_SENT, false, get_partition },
	{ "qos", FIELD_TEXT, EDIT_SENT, false, get_qos },
	{ "reservation", FIELD_TEXT, EDIT_SENT, false, get_reservation },
	{ "constraint", FIELD_TEXT, EDIT_SENT, false, get_constraint },
	{ "licenses", FIELD_TEXT, EDIT_SENT, false, get_licenses },
	{ "comment", FIELD_TEXT, EDIT_SENT, false, get_comment },
	{ "timeLimit", FIELD_MINUTES, EDIT_SENT, false, get_time_limit },
	{ "hold", FIELD_BOOL, EDIT_SENT, false, get_hold },
	{ "suspend", FIELD_FLAG, EDIT_SENT, false, get_suspend },
	{ "requeueRequestedAt", FIELD_STAMP, EDIT_ALWAYS, false, get_requeue },
	{ "priority", FIELD_NUMBER, EDIT_SENT, false, get_priority },
	{ "nice", FIELD_NICE, EDIT_SENT, false, get_nice },
	{ "begin", FIELD_WHEN, EDIT_SENT, false, get_begin },
	{ "deadline", FIELD_WHEN, EDIT_SENT, false, get_deadline },
	{ "dependency", FIELD_DEPENDENCY, EDIT_SENT, false, get_dependency },
	{ "nodes", FIELD_COUNT, EDIT_SENT, false, get_nodes },
	{ "tasks", FIELD_NUMBER, EDIT_SENT, false, get_tasks },
	{ "tasksPerNode", FIELD_NUMBER, EDIT_SENT, false, get_tasks_per_node },
	{ "cpusPerTask", FIELD_NUMBER, EDIT_SENT, false, get_cpus_per_task },
	{ "memoryPerNode", FIELD_MEMORY, EDIT_SENT, false, get_memory_per_node },
	{ "memoryPerCpu", FIELD_MEMORY, EDIT_SENT, false, get_memory_per_cpu },
	{ "gres", FIELD_TRES, EDIT_SENT, false, get_gres },
	{ "tresPerJob", FIELD_TRES, EDIT_SENT, false, get_tres_per_job },
	{ "tresPerNode", FIELD_TRES, EDIT_SENT, false, get_tres_per_node },
	{ "tresPerSocket", FIELD_TRES, EDIT_SENT, false, get_tres_per_socket },
	{ "tresPerTask", FIELD_TRES, EDIT_SENT, false, get_tres_per_task },
	{ "nodeList", FIELD_TEXT, EDIT_SENT, false, get_req_nodes },
	{ "excludeNodes", FIELD_TEXT, EDIT_SENT, false, get_exc_nodes },
	{ "input", FIELD_TEXT, EDIT_SENT, false, get_std_in },
	{ "output", FIELD_TEXT, EDIT_SENT, false, get_std_out },
	{ "error", FIELD_TEXT, EDIT_SENT, false, get_std_err },
	{ "array", FIELD_ARRAY, EDIT_THROTTLE, false, get_array },
	{ "workingDir", FIELD_TEXT, EDIT_IMMUTABLE, false, get_work_dir },
	{ "cluster", FIELD_TEXT, EDIT_IMMUTABLE, true, get_cluster },
	{ "container", FIELD_TEXT, EDIT_IMMUTABLE, true, get_container },
	{ "script", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
	{ "scriptFrom", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
	{ "environment", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
	{ "openMode", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
};

const size_t n_fields = ARRAY_SIZE(fields);

const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < n_fields; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

bool field_is_objects_own(const char *name)
{
	static const char *const own[] = { "deletionPolicy", "results", "ttlSecondsAfterFinished" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!strcmp(own[i], name))
			return true;
	return false;
}

bool field_is_action(const char *name)
{
	static const char *const verbs[] = { "hold",   "release", "suspend",
					     "resume", "requeue", "cancel" };
	const struct field *f = field_find(name);

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i], name))
			return true;
	return f && (f->edit == EDIT_SENT || f->edit == EDIT_THROTTLE);
}

static bool is_zero(struct json_object *o)
{
	uint64_t megabytes;

	return memory_parse(json_object_get_string(o), &megabytes) == 0 && !megabytes;
}

static bool is_empty(const struct field *f, struct json_object *o)
{
	if (!o || (json_object_is_type(o, json_type_string) && !json_object_get_string_len(o)))
		return true;
	switch (f->type) {
	case FIELD_FLAG:
		return json_object_is_type(o, json_type_boolean) && !json_object_get_boolean(o);
	case FIELD_MEMORY:
	case FIELD_NICE:
		return is_zero(o);
	default:
		return false;
	}
}

/* Two objects of which one may name an image's tag and the other what it was pinned to. */
static bool whole_same(struct json_object *a, struct json_object *b)
{
	const char *x = json_get_string(a, "image"), *y = json_get_string(b, "image");
	_cleanup_json_ struct json_object *copy = NULL;

	if (json_object_equal(a, b))
		return true;
	if (!x || !y || !image_same(x, y) || json_object_deep_copy(b, &copy, NULL) < 0)
		return false;
	json_set_string(copy, "image", x);
	return json_object_equal(a, copy);
}

bool field_same(const struct field *f, struct json_object *a, struct json_object *b)
{
	static bool (*const same[])(const char *a, const char *b) = {
		[FIELD_MINUTES] = same_minutes, [FIELD_MEMORY] = same_memory,
		[FIELD_COUNT] = same_node_count, [FIELD_WHEN] = same_when,
		[FIELD_STAMP] = same_stamp,	[FIELD_ARRAY] = same_array,
		[FIELD_DEPENDENCY] = same_dependency, [FIELD_TRES] = same_tres,
	};
	const char *x, *y;

	if (is_empty(f, a) || is_empty(f, b))
		return is_empty(f, a) && is_empty(f, b);
	if (f->whole)
		return whole_same(a, b);
	/* An int-or-string's 2 is "2". */
	x = json_object_get_string(a);
	y = json_object_get_string(b);
	return !strcmp(x, y) ||
	       (f->type < ARRAY_SIZE(same) && same[f->type] && same[f->type](x, y));
}

struct json_object *fields_now(const struct view *v)
{
	struct json_object *now = json_object_new_object();

	for (size_t i = 0; i < n_fields; i++) {
		struct json_object *value = fields[i].get(v);

		if (value)
			json_object_object_add(now, fields[i].name, value);
	}
	return now;
}

struct json_object *fields_kept(struct json_object *current, struct json_object *accepted)
{
	static const char *const names[] = { "priority", "begin", "requeueRequestedAt" };
	struct json_object *kept = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct json_object *value = json_get(accepted, names[i]);

		if (!value)
			value = json_get(current, names[i]);
		if (value)
			json_object_object_add(kept, names[i], json_object_get(value));
	}
	return kept;
}
