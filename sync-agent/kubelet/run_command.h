/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child that runs a command beside a job, as the job's owner: a step of the job, by srun
 * --overlap. */
#ifndef AGENT_KUBELET_RUN_COMMAND_H
#define AGENT_KUBELET_RUN_COMMAND_H

#include <json-c/json.h>

/* Become the uid of the agent's answer (protocol.h), start srun, send the descriptors to fd, wait
 * for srun's end. Whoever has them and closes the first one ends the command. */
void run_command_child(struct json_object *answer, int fd) __attribute__((noreturn));

#endif
