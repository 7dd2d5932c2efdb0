/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a job's output has come at the end of a run (mirror/log_marks.h), and whether a file
 * still is the one that was measured. */
#ifndef AGENT_KUBELET_MEASURE_H
#define AGENT_KUBELET_MEASURE_H

#include <json-c/json.h>
#include <stdbool.h>

/* A mark, {"bytes", "inode", "tail": a hash of the last bytes, "dated": they hold a line of
 * slurmstepd's with the time, which no other run has}; a new object, NULL if the file can't be
 * read. */
struct json_object *measure_file(int fd);

/* Has that file what it had when it got this mark, and perhaps more? */
bool measure_fits(int fd, struct json_object *mark);

/* The child: become the uid of the agent's question (protocol.h), measure its files, send what was
 * found to fd, end. */
void measure_child(struct json_object *question, int fd) __attribute__((noreturn));

#endif
