/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that go from process to process with a message. */
#ifndef AGENT_KUBELET_PASS_FDS_H
#define AGENT_KUBELET_PASS_FDS_H

#include <json-c/json.h>
#include <stddef.h>
#include <sys/types.h>

#define PASS_FDS_MAX 4

/* Send message with n descriptors, which stay open here. Returns 0, or -1 with errno. */
int pass_fds(int to, struct json_object *message, const int *fds, int n);

/* Receive a message of at most size bytes without waiting; fds has room for PASS_FDS_MAX, what is
 * not used is -1. Returns its length, 0 at the end, or -1 with errno. */
ssize_t take_fds(int from, char *buf, size_t size, int fds[PASS_FDS_MAX]);

#endif
