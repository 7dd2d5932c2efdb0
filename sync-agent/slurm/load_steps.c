/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/load_steps.h"

#include <errno.h>
#include <string.h>

#include "common/slurm_compat.h"
#include "sync-agent/slurm/names.h"
#include "sync-agent/slurm/srun_line.h"

static char *copy(const char *text)
{
	return text && text[0] ? strdup(text) : NULL;
}

/* "node[1-3,7]" names four. */
static uint64_t count_nodes(const char *list)
{
	/* Its type is another one since 23.11. */
	__auto_type hosts = slurm_hostlist_create(list ? list : "");
	int n = hosts ? slurm_hostlist_count(hosts) : 0;

	if (hosts)
		slurm_hostlist_destroy(hosts);
	return n > 0 ? (uint64_t)n : 0;
}

static struct step from_info(const job_step_info_t *info)
{
	uint32_t offset = info->step_id.step_het_comp;
	struct step step = {
		.job_id = info->step_id.job_id,
		.array_id = info->array_job_id,
		.array_task = info->array_task_id,
		.het_offset = offset == NO_VAL ? STEP_NO_HET : offset,
		.number = info->step_id.step_id,
		.state = slurm_job_state_string(info->state),
		.name = copy(info->name),
		.node_list = copy(info->nodes),
		.container = copy(info->container),
		.tasks = info->num_tasks == NO_VAL ? 0 : info->num_tasks,
		.nodes = count_nodes(info->nodes),
		.start = info->start_time,
		.exit_status = STEP_NO_STATUS,
		.folder = copy(COMPAT_STEP_TEXT(info, cwd)),
		.user = name_of_uid(info->user_id),
	};

	srun_line_note(&step, COMPAT_STEP_TEXT(info, std_out), COMPAT_STEP_TEXT(info, std_err),
		       info->submit_line);
	return step;
}

int steps_load(time_t *last_update, struct step_list *ret, struct error *err)
{
	job_step_info_response_msg_t *msg = NULL;
	struct step_list list = { 0 };

	if (slurm_get_job_steps(*last_update, NO_VAL, NO_VAL, &msg, SHOW_ALL) != 0) {
		if (errno == SLURM_NO_CHANGE_IN_DATA)
			return 0;
		return error_set(err, errno, "asking slurmctld for steps: %s",
				 slurm_strerror(errno));
	}
	list.list = calloc(msg->job_step_count + 1, sizeof(*list.list));
	for (uint32_t i = 0; list.list && i < msg->job_step_count; i++)
		if (msg->job_steps[i].step_id.step_id != SLURM_PENDING_STEP)
			list.list[list.n++] = from_info(&msg->job_steps[i]);
	*last_update = msg->last_update;
	slurm_free_job_step_info_response_msg(msg);
	if (!list.list)
		return error_set(err, ENOMEM, "out of memory");
	*ret = list;
	return 1;
}
