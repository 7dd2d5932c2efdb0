/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kubectl logs needs, in three processes, so that neither a slow reader nor a hung file system
 * nor whoever sends requests ever touches the agent's loop or gets more than the files of jobs:
 *
 *   the kubelet process   TLS and HTTP, a thread per connection; user nobody
 *   the keeper            starts it, and again when it ends; opens files, and runs commands, in
 *                         children that are their owner
 *   the agent's loop      says who may come in, and which file of whom it is (answers.c)
 *
 * Between the kubelet process and the keeper, and between the keeper and the agent, are
 * SOCK_SEQPACKET sockets; a message is one JSON object. A question goes through the keeper to the
 * agent:
 *
 *   {"serial":N, "op":"output", "namespace":"..", "pod":"..", "container":"..", "previous":bool}
 *   {"serial":N, "op":"ended", ..the same..}    answered when the job has ended
 *   {"serial":N, "op":"enter", "verb":"get", "token":".." or "name":"..", "groups":[..]}
 *   {"serial":N, "op":"exec", "namespace":"..", "pod":"..", "argv":[..], "tty":bool, "stdin":bool,
 *    "probe":bool}    probe: could it be run? The answer is status 200 then
 *   {"op":"forget", "of":N}    no answer is wanted any more
 *
 * The agent answers with {"serial":N, "status":S, "error":".."}, S being HTTP's (200: they may
 * enter, it has ended), or with a file:
 *
 *   {"serial":N, "uid":U, "path":"..", "state":"pending", "running" or "ended", "started":T,
 *    "part":{"from":MARK, "to":MARK, "sure":bool}}    mirror/log_marks.h; all of it if there is none
 *
 * Its path stays with the keeper, whose child passes on
 *
 *   {"serial":N, "status":200, "state":"..", "started":T, "from":BYTE, "to":BYTE, "wd":W,
 *    "errno":E, "error":".."}
 *
 * with the descriptor, unless there is an error. wd: its watch in the inotify instance that the
 * kubelet process and the keeper share, -1 if there is none. The high half of a serial is the
 * number of the kubelet process, which the keeper counts.
 *
 * Or, for exec, with what is to be run as a step of the job, argv, tty and stdin as they were asked
 * for:
 *
 *   {"serial":N, "uid":U, "job":J, "task":T (of an array), "step":".." (in
 *    its container), "image":".." (none: not in a container), "folder":"..",
 * "argv":[..] ..}
 *
 * of which the keeper's child makes {"serial":N, "status":200} and descriptors: one from which the
 * exit code (an int) can be read at the end, and the command's stdin, stdout and stderr, or its
 * terminal.
 *
 * To the kubelet process alone the keeper says {"drain":true}: another one has taken over. To the
 * keeper alone the agent says {"minimumUid":U}, and
 *
 *   {"measure":true, "uid":U, "namespace":"..", "pod":"..", "restarts":R, "stdout":PATH, "stderr":PATH}
 *
 * of which the keeper's child tells the agent {"op":"measured", "namespace":"..", "pod":"..",
 * "restarts":R, "at":T, "stdout":MARK, "stderr":MARK}, or nothing. Each ends when the one before it
 * does. */
#ifndef AGENT_KUBELET_PROTOCOL_H
#define AGENT_KUBELET_PROTOCOL_H

#include <stdint.h>

#define KUBELET_MESSAGE_MAX 16384
#define KUBELET_TOKEN_MAX 8192
#define KUBELET_STREAMS_MAX 4096 /* of kubelet.streams; questions that wait in the keeper */
#define KUBELET_OPEN_SECONDS 60	 /* a file that takes longer to open is given up */

#define KUBELET_MEASURED "measured"

static inline uint32_t kubelet_serial_process(int64_t serial)
{
	return (uint32_t)((uint64_t)serial >> 32);
}

#endif
