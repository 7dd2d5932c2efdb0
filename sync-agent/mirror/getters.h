/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value of each field of a spec as Slurm has it, a new reference; NULL where it has none. */
#ifndef AGENT_MIRROR_GETTERS_H
#define AGENT_MIRROR_GETTERS_H

#include <json-c/json.h>

#include "sync-agent/mirror/view.h"

typedef struct json_object *field_get(const struct view *v);

/* Copied as they are. */
field_get get_name, get_account, get_partition, get_qos, get_reservation, get_constraint,
	get_licenses, get_comment, get_req_nodes, get_exc_nodes, get_tres_per_job,
	get_tres_per_node, get_tres_per_socket, get_tres_per_task, get_work_dir, get_std_in,
	get_std_out, get_std_err, get_tasks, get_cpus_per_task, get_tasks_per_node;

/* Put into the form of sbatch's options. */
field_get get_hold, get_suspend, get_nice, get_time_limit, get_dependency, get_deadline, get_nodes,
	get_memory_per_node, get_memory_per_cpu, get_gres, get_array, get_container, get_cluster;

/* Remembered (view.kept), and told for as long as Slurm agrees: priority, since it can't be told
 * from a computed one; begin, since Slurm sets it to the time at which a job became eligible;
 * requeueRequestedAt, since a requeue leaves no trace of who asked. */
field_get get_priority, get_begin, get_requeue;

/* Never told, since it may hold secrets. */
field_get get_nothing;

#endif
