/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source: Slurm, src/scontrol/update_job.c, and what slurmctld makes of it: job_mgr.c, _update_job(). */
#include "sync-agent/verbs/setters.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "sync-agent/mirror/amounts.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/same.h"
#include "sync-agent/slurm/job.h"

/* -1: the value is none that Slurm knows, or err has said more. */
typedef int set_value(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		      struct error *err);

static int bad(struct error *err, const char *value)
{
	return error_set(err, EINVAL, "'%.100s' is not a value that Slurm knows", value);
}

/* A decimal number from low to high. */
static int number(const char *value, int64_t low, int64_t high, int64_t *ret, struct error *err)
{
	char *end;

	errno = 0;
	*ret = strtoll(value, &end, 10);
	if (end == value || *end || errno || *ret < low || *ret > high)
		return bad(err, value);
	return 0;
}

static int set_time_limit(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			  struct error *err)
{
	uint64_t minutes;

	if (minutes_parse(value, &minutes) < 0 || (minutes != JOB_UNLIMITED && minutes >= NO_VAL))
		return bad(err, value);
	desc->time_limit = minutes == JOB_UNLIMITED ? INFINITE : (uint32_t)minutes;
	return 0;
}

static int set_priority(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			struct error *err)
{
	int64_t n;

	if (number(value, 0, NO_VAL - 1, &n, err) < 0)
		return -1;
	desc->priority = (uint32_t)n;
	if (n == 0)
		desc->alloc_sid = ALLOC_SID_USER_HOLD;
	return 0;
}

static int set_nice(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		    struct error *err)
{
	const int64_t most = (int64_t)NICE_OFFSET - 3;
	int64_t n;

	if (number(value[0] ? value : "0", -most, most, &n, err) < 0)
		return -1;
	desc->nice = (uint32_t)(NICE_OFFSET + n);
	return 0;
}

/* "tomorrow", "now+1hour": read here, in the cluster's time zone as far as the host has it. */
static int set_begin(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		     struct error *err)
{
	time_t now = time(NULL);

	desc->begin_time = value[0] ? compat_parse_time(value) : now;
	if (!desc->begin_time)
		return bad(err, value);
	if (desc->begin_time < now)
		desc->begin_time = now;
	return 0;
}

static int set_deadline(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			struct error *err)
{
	if (!value[0])
		return error_set(err, ENOTSUP,
				 "Slurm can't take a deadline off; set one that is far away");
	desc->deadline = compat_parse_time(value);
	return desc->deadline ? 0 : bad(err, value);
}

static int set_nodes(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		     struct error *err)
{
	if (node_count_parse(value, &desc->min_nodes, &desc->max_nodes) < 0)
		return bad(err, value);
	return 0;
}

static int set_tasks(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		     struct error *err)
{
	int64_t n;

	if (number(value, 1, NO_VAL - 1, &n, err) < 0)
		return -1;
	desc->num_tasks = (uint32_t)n;
	return 0;
}

static int set_tasks_per_node(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			      struct error *err)
{
	int64_t n;

	if (number(value, 1, NO_VAL16 - 1, &n, err) < 0)
		return -1;
	desc->ntasks_per_node = (uint16_t)n;
	return 0;
}

static int set_cpus_per_task(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			     struct error *err)
{
	int64_t n;

	if (number(value, 1, NO_VAL16 - 1, &n, err) < 0)
		return -1;
	desc->cpus_per_task = (uint16_t)n;
	return 0;
}

/* Slurm has one number for both: the other one goes. */
static int set_memory(job_desc_msg_t *desc, uint64_t flag, const char *value, struct error *err)
{
	uint64_t megabytes;

	if (desc->pn_min_memory != NO_VAL64)
		return error_set(err, EINVAL, "give memoryPerNode or memoryPerCpu, not both");
	if (memory_parse(value[0] ? value : "0", &megabytes) < 0)
		return bad(err, value);
	desc->pn_min_memory = megabytes | flag;
	return 0;
}

static int set_memory_per_node(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			       struct error *err)
{
	return set_memory(desc, 0, value, err);
}

static int set_memory_per_cpu(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			      struct error *err)
{
	return set_memory(desc, MEM_PER_CPU, value, err);
}

static int set_tres_per_node(job_desc_msg_t *desc, struct setter_room *room, const char *value,
			     struct error *err)
{
	if (desc->tres_per_node)
		return error_set(err, EINVAL,
				 "gres and tresPerNode are one thing to Slurm: give one of them");
	desc->tres_per_node = (char *)value;
	return 0;
}

/* "gpu:2,nvme" is "gres:gpu:2,gres:nvme" for tresPerNode. */
static int set_gres(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		    struct error *err)
{
	struct buffer b = BUFFER_INIT(16384);

	for (const char *p = value; *p;) {
		size_t n = strcspn(p, ",");
		bool bare = strncmp(p, "gres:", 5) && strncmp(p, "gres/", 5);

		buffer_printf(&b, "%s%s%.*s", b.used ? "," : "", bare ? COMPAT_GRES_PREFIX : "",
			      (int)n, p);
		p += n + (p[n] ? 1 : 0);
	}
	if (!b.data)
		buffer_add(&b, "", 0);
	free(room->gres);
	room->gres = b.data;
	if (b.overflowed)
		return bad(err, value);
	return set_tres_per_node(desc, room, b.data ? b.data : "", err);
}

/* Only the throttle; that the indexes are the same has been seen to. */
static int set_array(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		     struct error *err)
{
	const char *percent = strchr(value, '%');

	desc->array_inx = (char *)(percent ? percent + 1 : "0");
	return 0;
}

#if !SLURM_AT_LEAST(23, 2, 0)
static int set_never(job_desc_msg_t *desc, struct setter_room *room, const char *value,
		     struct error *err)
{
	return error_set(err, ENOTSUP, "this version of Slurm can't change it");
}
#endif

/* A text field is borrowed by the description, which is never freed by Slurm. */
static const struct setter {
	const char *name;
	size_t text;    /* offset of a char *, or */
	set_value *set; /* what else to do */
} setters[] = {
	{ "jobName", offsetof(job_desc_msg_t, name), NULL },
	{ "account", offsetof(job_desc_msg_t, account), NULL },
	{ "partition", offsetof(job_desc_msg_t, partition), NULL },
	{ "qos", offsetof(job_desc_msg_t, qos), NULL },
	{ "reservation", offsetof(job_desc_msg_t, reservation), NULL },
	{ "constraint", offsetof(job_desc_msg_t, features), NULL },
	{ "licenses", offsetof(job_desc_msg_t, licenses), NULL },
	{ "comment", offsetof(job_desc_msg_t, comment), NULL },
	{ "timeLimit", 0, set_time_limit },
	{ "priority", 0, set_priority },
	{ "nice", 0, set_nice },
	{ "begin", 0, set_begin },
	{ "deadline", 0, set_deadline },
	{ "dependency", offsetof(job_desc_msg_t, dependency), NULL },
	{ "nodes", 0, set_nodes },
	{ "tasks", 0, set_tasks },
	{ "tasksPerNode", 0, set_tasks_per_node },
	{ "cpusPerTask", 0, set_cpus_per_task },
	{ "memoryPerNode", 0, set_memory_per_node },
	{ "memoryPerCpu", 0, set_memory_per_cpu },
	{ "gres", 0, set_gres },
	{ "tresPerJob", offsetof(job_desc_msg_t, tres_per_job), NULL },
	{ "tresPerNode", 0, set_tres_per_node },
	{ "tresPerSocket", offsetof(job_desc_msg_t, tres_per_socket), NULL },
	{ "tresPerTask", offsetof(job_desc_msg_t, tres_per_task), NULL },
	{ "nodeList", offsetof(job_desc_msg_t, req_nodes), NULL },
	{ "excludeNodes", offsetof(job_desc_msg_t, exc_nodes), NULL },
	{ "array", 0, set_array },
	{ "output", offsetof(job_desc_msg_t, std_out), NULL },
#if SLURM_AT_LEAST(23, 2, 0)
	{ "input", offsetof(job_desc_msg_t, std_in), NULL },
	{ "error", offsetof(job_desc_msg_t, std_err), NULL },
#else
	{ "input", 0, set_never },
	{ "error", 0, set_never },
#endif
};

static const struct setter *setter_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(setters); i++)
		if (!strcmp(setters[i].name, name))
			return &setters[i];
	return NULL;
}

int setters_apply(job_desc_msg_t *desc, struct setter_room *room, struct json_object *fields,
		  struct error *err)
{
	json_object_object_foreach(fields, name, o) {
		const struct setter *setter = setter_find(name);
		const char *value = o ? json_object_get_string(o) : "";

		if (!setter)
			return error_set(err, ENOTSUP, "it can't be changed");
		if (!setter->set)
			memcpy((char *)desc + setter->text, &value, sizeof(value));
		else if (setter->set(desc, room, value, err) < 0)
			return -1;
	}
	return 0;
}

void setter_room_free(struct setter_room *room)
{
	free(room->gres);
	room->gres = NULL;
}
