/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of the kubelet process that have not yet said who they are. They have little time,
 * and there may be few of them: when more come, the oldest goes. */
#ifndef AGENT_KUBELET_NEWCOMERS_H
#define AGENT_KUBELET_NEWCOMERS_H

#include <microhttpd.h>
#include <pthread.h>

#define NEWCOMERS_LEAST 128 /* a limit below that makes no sense */
#define NEWCOMER_S 10 /* for the handshake and the request */

struct newcomer;

struct newcomers {
	pthread_mutex_t lock;
	struct newcomer *list; /* the oldest first */
	unsigned n, max;
};

/* max: as many as there may be of those that are let in, who may all come at once, as after a restart of the API server. */
#define NEWCOMERS_INIT(most)                                                                       \
	((struct newcomers){ .lock = PTHREAD_MUTEX_INITIALIZER,                                    \
			     .max = (most) > NEWCOMERS_LEAST ? (most) : NEWCOMERS_LEAST })

/* For MHD_OPTION_NOTIFY_CONNECTION; arg: the newcomers. */
void newcomers_notified(void *arg, struct MHD_Connection *c, void **context,
			enum MHD_ConnectionNotificationCode what);

/* That connection has said who it is, and takes its time from now on. */
void newcomers_welcome(struct newcomers *all, struct MHD_Connection *c);

#endif
