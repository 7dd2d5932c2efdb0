/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/getters.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/mirror/image.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/mirror/when.h"

#define GET_TEXT(field, max)                                                            \
	struct json_object *get_##field(const struct view *v)                          \
	{                                                                               \
		return v->lead->field[0] ? text_json(v->lead->field, max) : NULL;       \
	}

/* Slurm has 0 or NO_VAL where nothing was asked for. */
#define GET_NUMBER(field)                                                               \
	struct json_object *get_##field(const struct view *v)                          \
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

struct json_object *get_hold(const struct view *v)
{
	return json_object_new_boolean(v->lead->held);
}

/* Of an array: where tasks are suspended and none runs on. */
struct json_object *get_suspend(const struct view *v)
{
	bool suspended = false;

	for (size_t i = 0; i < v->group->n; i++) {
		if (!strcmp(v->group->jobs[i]->state, "RUNNING"))
			return NULL;
		suspended |= !strcmp(v->group->jobs[i]->state, "SUSPENDED");
	}
	return suspended ? json_object_new_boolean(true) : NULL;
}

/* Slurm keeps it with an offset, so that it is never negative. */
struct json_object *get_nice(const struct view *v)
{
	int64_t nice = (int64_t)v->lead->nice - (INT64_C(1) << 31);

	return nice && v->lead->nice < JOB_NONE ? json_object_new_int64(nice) : NULL;
}

struct json_object *get_time_limit(const struct view *v)
{
	char text[32];

	if (v->lead->time_limit == JOB_NONE)
		return NULL;
	minutes_format(v->lead->time_limit, text, sizeof(text));
	return json_object_new_string(text);
}

/* Slurm adds how far it is, "afterok:7(unfulfilled)": no part of what was asked for. */
struct json_object *get_dependency(const struct view *v)
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

static struct json_object *local_time(uint64_t when)
{
	char text[WHEN_SIZE];

	if (!when || when >= JOB_NONE)
		return NULL;
	when_format((time_t)when, text);
	return text[0] ? json_object_new_string(text) : NULL;
}

struct json_object *get_deadline(const struct view *v)
{
	return local_time(v->lead->deadline);
}

/* "2", or "2-4" where a range was asked for. */
struct json_object *get_nodes(const struct view *v)
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

struct json_object *get_memory_per_node(const struct view *v)
{
	return memory(v, false);
}

struct json_object *get_memory_per_cpu(const struct view *v)
{
	return memory(v, true);
}

/* Since Slurm 18.08 --gres is a part of --tres-per-node, there written "gres:NAME" or "gres/NAME". */
struct json_object *get_gres(const struct view *v)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(TEXT_MAX);

	for (const char *p = v->lead->tres_per_node; *p;) {
		size_t n = strcspn(p, ",");

		if (n > 5 && (!strncmp(p, "gres:", 5) || !strncmp(p, "gres/", 5))) {
			buffer_printf(&b, "%s", b.used ? "," : "");
			buffer_add(&b, p + 5, n - 5);
		}
		p += n + (p[n] ? 1 : 0);
	}
	return b.used && !b.overflowed ? text_json(b.data, TEXT_MAX) : NULL;
}

struct json_object *get_array(const struct view *v)
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

struct json_object *get_container(const struct view *v)
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

struct json_object *get_cluster(const struct view *v)
{
	return text_json(v->cluster, TEXT_MAX);
}

struct json_object *get_priority(const struct view *v)
{
	struct json_object *kept = json_get(v->kept, "priority");

	if (!kept || json_object_get_int64(kept) != (int64_t)v->lead->priority)
		return NULL;
	return json_object_new_int64((int64_t)v->lead->priority);
}

struct json_object *get_begin(const struct view *v)
{
	const char *kept = json_get_string(v->kept, "begin");
	uint64_t begin = v->lead->eligible;

	if (v->lead->begins_later || (kept && (uint64_t)when_parse(kept) == begin))
		return local_time(begin);
	return NULL;
}

struct json_object *get_requeue(const struct view *v)
{
	return json_object_get(json_get(v->kept, "requeueRequestedAt"));
}

struct json_object *get_nothing(const struct view *v)
{
	return NULL;
}

