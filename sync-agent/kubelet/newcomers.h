/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of the kubelet process that have not yet said who they are. They have little time,
 * and there may be few of them: when more come, the oldest goes. */
#ifndef AGENT_KUBELET_NEWCOMERS_H
#define AGENT_KUBELET_NEWCOMERS_H

#include <microhttpd.h>
#include <pthread.h>

#define NEWCOMERS_MAX 128
#define NEWCOMER_S 10 /* for the handshake and the request */

struct newcomer;

struct newcomers {
	pthread_mutex_t lock;
	struct newcomer *list; /* the oldest first */
	unsigned n;
};

#define NEWCOMERS_INIT ((struct newcomers){ .lock = PTHREAD_MUTEX_INITIALIZER })

/* For MHD_OPTION_NOTIFY_CONNECTION; arg: the newcomers. */
void newcomers_notified(void *arg, struct MHD_Connection *c, void **context,
			enum MHD_ConnectionNotificationCode what);

/* That connection has said who it is, and takes its time from now on. */
void newcomers_welcome(struct newcomers *all, struct MHD_Connection *c);

#endif
