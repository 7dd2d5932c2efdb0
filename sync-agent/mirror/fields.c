/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/fields.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/mirror/image.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/text.h"

#define GET_TEXT(field, max)                                                            \
	static struct json_object *get_##field(const struct view *v)                   \
	{                                                                               \
		return v->lead->field[0] ? text_json(v->lead->field, max) : NULL;       \
	}

/* Slurm has 0 or NO_VAL where nothing was asked for. */
#define GET_NUMBER(field)                                                               \
	static struct json_object *get_##field(const struct view *v)                   \
	{                                                                               \
		uint64_t n = v->lead->field;                                            \
		return n && n < JOB_NONE ? json_object_new_int64((int64_t)n) : NULL;    \
	}

GET_TEXT(name, TEXT_MAX)
GET_TEXT(account, TEXT_MAX)
GET_TEXT(partition, TEXT_MAX)
GET_TEXT(qos, TEXT_MAX)
GET_TEXT(reservation, TEXT_MAX)
GET_TEXT(constraint, TEXT_MAX)
GET_TEXT(licenses, TEXT_MAX)
GET_TEXT(comment, TEXT_MAX)
GET_TEXT(req_nodes, 65536)
GET_TEXT(exc_nodes, 65536)
GET_TEXT(tres_per_job, TEXT_MAX)
GET_TEXT(tres_per_node, TEXT_MAX)
GET_TEXT(tres_per_socket, TEXT_MAX)
GET_TEXT(tres_per_task, TEXT_MAX)
GET_TEXT(work_dir, 4096)
GET_TEXT(std_in, 4096)
GET_TEXT(std_out, 4096)
GET_TEXT(std_err, 4096)
GET_NUMBER(tasks)
GET_NUMBER(cpus_per_task)
GET_NUMBER(tasks_per_node)

static struct json_object *get_hold(const struct view *v)
{
	return json_object_new_boolean(v->lead->held);
}

static struct json_object *get_time_limit(const struct view *v)
{
	char text[32];

	if (v->lead->time_limit == JOB_NONE)
		return NULL;
	minutes_format(v->lead->time_limit, text, sizeof(text));
	return json_object_new_string(text);
}

/* Slurm adds how far it is, "afterok:7(unfulfilled)": no part of what was asked for. */
static struct json_object *get_dependency(const struct view *v)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(131072);
	const char *p = v->lead->dependency;

	while (*p) {
		size_t n = strcspn(p, "(");

		buffer_add(&b, p, n);
		p += n;
		p += *p ? strcspn(p, ")") : 0;
		p += *p ? 1 : 0;
	}
	return b.used ? text_json(b.data, 131072) : NULL;
}

/* In Slurm's own form, which is the cluster's local time. */
static struct json_object *get_deadline(const struct view *v)
{
	time_t when = (time_t)v->lead->deadline;
	char text[32];
	struct tm tm;

	if (!when || v->lead->deadline >= JOB_NONE)
		return NULL;
	localtime_r(&when, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return json_object_new_string(text);
}

/* "2", or "2-4" where a range was asked for. */
static struct json_object *get_nodes(const struct view *v)
{
	const struct job *job = v->lead;
	char text[48];

	if (!job->nodes || job->nodes >= JOB_NONE)
		return NULL;
	if (job->max_nodes > job->nodes && job->max_nodes < JOB_NONE)
		snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, job->nodes, job->max_nodes);
	else
		snprintf(text, sizeof(text), "%" PRIu64, job->nodes);
	return json_object_new_string(text);
}

/* Slurm keeps one number of megabytes, its high bit says "per CPU". */
#define MEMORY_PER_CPU (UINT64_C(1) << 63)

static struct json_object *memory(const struct view *v, bool per_cpu)
{
	uint64_t mb = v->lead->memory;
	char text[32];

	if (mb == JOB_NONE || mb == JOB_UNLIMITED || !(mb & ~MEMORY_PER_CPU) ||
	    !!(mb & MEMORY_PER_CPU) != per_cpu)
		return NULL;
	snprintf(text, sizeof(text), "%" PRIu64 "M", mb & ~MEMORY_PER_CPU);
	return json_object_new_string(text);
}

static struct json_object *get_memory_per_node(const struct view *v)
{
	return memory(v, false);
}

static struct json_object *get_memory_per_cpu(const struct view *v)
{
	return memory(v, true);
}

static struct json_object *get_array(const struct view *v)
{
	_cleanup_free_ char *list = NULL;
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(4096);

	if (!v->is_array || !(list = indexes_format(&v->all)) || !list[0])
		return NULL;
	buffer_printf(&b, "%s", list);
	if (v->lead->array_throttle && v->lead->array_throttle < JOB_NONE)
		buffer_printf(&b, "%%%" PRIu64, v->lead->array_throttle);
	return b.overflowed ? NULL : json_object_new_string(b.data);
}

static struct json_object *get_container(const struct view *v)
{
	char asked[IMAGE_MAX], digest[IMAGE_DIGEST_MAX];
	struct json_object *o;

	if (!v->lead->container[0])
		return NULL;
	image_split(v->lead->container, asked, digest);
	o = json_object_new_object();
	json_object_object_add(o, "image", text_json(asked, IMAGE_MAX));
	return o;
}

static struct json_object *get_cluster(const struct view *v)
{
	return text_json(v->cluster, TEXT_MAX);
}

/* Never told, since it may hold secrets; a row, so that an edit of it is refused. */
static struct json_object *get_nothing(const struct view *v)
{
	return NULL;
}

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
	{ "dependency", FIELD_TEXT, EDIT_LATER, false, get_dependency },
	{ "deadline", FIELD_TEXT, EDIT_LATER, false, get_deadline },
	{ "nodes", FIELD_TEXT, EDIT_LATER, false, get_nodes },
	{ "tasks", FIELD_NUMBER, EDIT_LATER, false, get_tasks },
	{ "tasksPerNode", FIELD_NUMBER, EDIT_LATER, false, get_tasks_per_node },
	{ "cpusPerTask", FIELD_NUMBER, EDIT_LATER, false, get_cpus_per_task },
	{ "memoryPerNode", FIELD_TEXT, EDIT_LATER, false, get_memory_per_node },
	{ "memoryPerCpu", FIELD_TEXT, EDIT_LATER, false, get_memory_per_cpu },
	{ "tresPerJob", FIELD_TEXT, EDIT_LATER, false, get_tres_per_job },
	{ "tresPerNode", FIELD_TEXT, EDIT_LATER, false, get_tres_per_node },
	{ "tresPerSocket", FIELD_TEXT, EDIT_LATER, false, get_tres_per_socket },
	{ "tresPerTask", FIELD_TEXT, EDIT_LATER, false, get_tres_per_task },
	{ "nodeList", FIELD_TEXT, EDIT_LATER, false, get_req_nodes },
	{ "excludeNodes", FIELD_TEXT, EDIT_LATER, false, get_exc_nodes },
	{ "input", FIELD_TEXT, EDIT_LATER, false, get_std_in },
	{ "output", FIELD_TEXT, EDIT_LATER, false, get_std_out },
	{ "error", FIELD_TEXT, EDIT_LATER, false, get_std_err },
	{ "workingDir", FIELD_TEXT, EDIT_IMMUTABLE, false, get_work_dir },
	{ "array", FIELD_TEXT, EDIT_IMMUTABLE, false, get_array },
	{ "cluster", FIELD_TEXT, EDIT_IMMUTABLE, true, get_cluster },
	{ "container", FIELD_TEXT, EDIT_IMMUTABLE, true, get_container },
	{ "script", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
	{ "scriptFrom", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
	{ "environment", FIELD_TEXT, EDIT_IMMUTABLE, true, get_nothing },
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

static bool is_empty(struct json_object *o)
{
	return !o || (json_object_is_type(o, json_type_string) && !json_object_get_string_len(o));
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
	uint64_t x, y;

	if (is_empty(a) || is_empty(b))
		return is_empty(a) && is_empty(b);
	if (f->type == FIELD_MINUTES && minutes_parse(json_object_get_string(a), &x) == 0 &&
	    minutes_parse(json_object_get_string(b), &y) == 0)
		return x == y;
	if (f->whole)
		return whole_same(a, b);
	/* An int-or-string's 2 is "2". */
	return !strcmp(json_object_get_string(a), json_object_get_string(b));
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
