/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol update JobId=JOB FIELD=VALUE... does, for the fields in this table. */
#include "sync-agent/verbs/update.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/slurm/job.h"

static int set_time_limit(job_desc_msg_t *desc, const char *value)
{
	uint64_t minutes;

	if (minutes_parse(value, &minutes) < 0 || (minutes != JOB_UNLIMITED && minutes >= NO_VAL))
		return -1;
	desc->time_limit = minutes == JOB_UNLIMITED ? INFINITE : (uint32_t)minutes;
	return 0;
}

/* A text field is borrowed by the description, which is never freed by Slurm. */
static const struct setter {
	const char *name;
	size_t text;                                         /* offset of a char *, or */
	int (*set)(job_desc_msg_t *desc, const char *value); /* what else to do; -1: bad value */
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
};

static const struct setter *setter_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(setters); i++)
		if (!strcmp(setters[i].name, name))
			return &setters[i];
	return NULL;
}

static int set_field(job_desc_msg_t *desc, const char *name, struct json_object *o,
		     struct error *err)
{
	const struct setter *setter = setter_find(name);
	const char *value = o ? json_object_get_string(o) : "";

	if (!setter)
		return error_set(err, ENOTSUP, "%s can't be changed", name);
	if (!setter->set)
		memcpy((char *)desc + setter->text, &value, sizeof(value));
	else if (setter->set(desc, value) < 0)
		return error_set(err, EINVAL, "%s: '%.100s' is not a value that Slurm knows", name,
				 value);
	return 0;
}

/* An array answers for each of its tasks; the first refusal counts. */
static int check_tasks(job_array_resp_msg_t *answer, struct error *err)
{
	int code = 0;

	for (uint32_t i = 0; answer && i < answer->job_array_count && !code; i++)
		if (answer->error_code[i] && answer->error_code[i] != ESLURM_ALREADY_DONE &&
		    answer->error_code[i] != ESLURM_JOB_FINISHED)
			code = answer->error_code[i];
	slurm_free_job_array_resp(answer);
	if (!code)
		return 0;
	errno = code;
	return verb_refused(err);
}

int update_job(uint32_t job_id, job_desc_msg_t *desc, struct error *err)
{
	job_array_resp_msg_t *answer = NULL;
	char id[16];

	snprintf(id, sizeof(id), "%u", job_id);
	desc->job_id_str = id;
	if (slurm_update_job2(desc, &answer) != 0)
		return verb_refused(err);
	return check_tasks(answer, err);
}

int verb_update(uint32_t job_id, struct json_object *fields, struct error *err)
{
	job_desc_msg_t desc;

	slurm_init_job_desc_msg(&desc);
	json_object_object_foreach(fields, name, value) {
		if (set_field(&desc, name, value, err) < 0)
			return -1;
	}
	return update_job(job_id, &desc, err);
}
