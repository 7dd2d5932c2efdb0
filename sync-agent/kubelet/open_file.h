/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child that opens a file as its owner. */
#ifndef AGENT_KUBELET_OPEN_FILE_H
#define AGENT_KUBELET_OPEN_FILE_H

#include <json-c/json.h>

/* Become the uid of the agent's answer (protocol.h), open its path, send the descriptor to fd, end.
 * watches: the inotify instance. The file system may take its time, but not more than
 * KUBELET_OPEN_SECONDS. */
void open_file_child(struct json_object *answer, int fd, int watches) __attribute__((noreturn));

#endif
