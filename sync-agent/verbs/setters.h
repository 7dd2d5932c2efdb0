/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of spec as scontrol update takes them. */
#ifndef AGENT_VERBS_SETTERS_H
#define AGENT_VERBS_SETTERS_H

#include <json-c/json.h>

#include "common/error.h"
#include "common/slurm_compat.h"

/* Room for texts that are no field's own; one description's at a time. */
struct setter_room {
	char *gres;
};

/* Put fields into desc, which slurm_init_job_desc_msg() has made; it borrows texts from fields and
 * room, which the caller frees. Returns 0, or -1 with err filled: a field or value that Slurm can't
 * have, in our words. */
int setters_apply(job_desc_msg_t *desc, struct setter_room *room, struct json_object *fields,
		  struct error *err);

void setter_room_free(struct setter_room *room);

#endif
