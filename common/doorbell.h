/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doorbell: one datagram that tells the agent where to look. Losing one costs only time.
 *
 * The ringing side (here and doorbell_ring.c) runs in slurmctld and slurmstepd: it allocates
 * nothing, resolves no names and never waits. Format and trust: doc/doorbell.md. */
#ifndef COMMON_DOORBELL_H
#define COMMON_DOORBELL_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/error.h"

#define DOORBELL_VERSION 1
#define DOORBELL_MAX 1400         /* bytes of a datagram, so that UDP never fragments */
#define DOORBELL_MAX_SEALED 900   /* bytes of an object that fits in DOORBELL_MAX once sealed */
#define DOORBELL_DEFAULT "unix:/run/slurm-kube/doorbell"

enum doorbell_kind {
	DOORBELL_LOOK, /* carries no fact: something changed */
	DOORBELL_SUBMIT,
	DOORBELL_MODIFY,
	DOORBELL_JOB_START,
	DOORBELL_JOB_END,
	DOORBELL_STEP_START,
	DOORBELL_STEP_END,
};

/* Names are cut to their fields; job_id 0 and step_id DOORBELL_NO_STEP mean "none". */
#define DOORBELL_NO_STEP UINT32_MAX
struct doorbell {
	enum doorbell_kind kind;
	char cluster[64];
	uint32_t job_id;
	uint32_t step_id;
	char user[64];
	char node[64];
	int64_t time_us; /* when it rang, microseconds since 1970 */
	char image[256]; /* of a step: the container asked for, "" if none */
	char digest[80];
	uint32_t startup_us; /* of a step: from the first task's wish to the container being there */
	int32_t exit_code;   /* of a step's end: the highest wait status, -1 if not known */
};

/* An empty doorbell of that kind, rung now. */
struct doorbell doorbell_new(enum doorbell_kind kind);

/* The word of a kind in the object ("step-start"); "look" for what is not one. */
const char *doorbell_kind_name(enum doorbell_kind kind);

/* Write the JSON object into buf, shortening the image if it would pass size.
 * Returns its length without the NUL, or -1 if size is too small for even that. */
int doorbell_format(const struct doorbell *bell, char *buf, size_t size);

/* Read an object as doorbell_format() writes it; unknown keys are ignored (doorbell_parse.c; needs
 * json-c, so only the agent links it). Returns 0, or -1 with err filled. */
int doorbell_parse(const char *text, size_t len, struct doorbell *ret, struct error *err);

/* Where to ring. */
struct doorbell_target {
	struct sockaddr_storage address;
	socklen_t length;
};

/* "unix:/PATH" or "udp:ADDRESS:PORT" ("udp:[V6ADDRESS]:PORT"); addresses are numeric: names would
 * need a resolver. Returns 0, or -1 with err filled. */
int doorbell_target_parse(const char *text, struct doorbell_target *ret, struct error *err);

/* A close-on-exec, non-blocking datagram socket for target. Returns it (caller closes), or -1. */
int doorbell_socket(const struct doorbell_target *target);

/* Send one datagram without waiting. Errors are the caller's to ignore. Returns 0 or -1. */
int doorbell_ring(int fd, const struct doorbell_target *target, const void *data, size_t len);

#endif
