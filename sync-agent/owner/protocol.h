/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the agent and its helper: one JSON object per SOCK_SEQPACKET message. A submission comes as
 * JSON in a memory file, whose descriptor is passed with the message. */
#ifndef AGENT_OWNER_PROTOCOL_H
#define AGENT_OWNER_PROTOCOL_H

/* Where results are to be collected ("collect": SECONDS) two descriptors come with the message: the request, and the socket
 * to which the collector answers. The helper itself answers nothing then. */
#include <stdint.h>

#include "sync-agent/config.h"

/* A request has a ticket, minimumUid and, if no descriptor comes with it, uid, job and steps. */
#define OWNER_MESSAGE_MAX 65536
#define OWNER_FILE_MAX 49152 /* bytes of a file that is read ("read": PATH); the answer has it as "file" */
#define OWNER_FDS_MAX 2
#define OWNER_BODY_MAX (16 << 20)
#define OWNER_ACTION_SECONDS 60 /* an action that takes longer is killed */

/* The helper's loop; ends when the agent closes its side. */
void helper_run(int fd, uint32_t minimum_uid, const struct words *operator_actions)
	__attribute__((noreturn));

#endif
