/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/newcomers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <utlist.h>

#define SILENCE_S 14400 /* a reader that reads nothing for so long is gone; kubelet's own value */

struct newcomer {
	struct newcomer *next, *prev;
	int fd;
	bool listed; /* among the newcomers */
};

/* A client that has gone without a word is found out. */
static void keep_alive(int fd)
{
	int on = 1, idle = 60, interval = 20, count = 3;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

/* No newcomer any more. The lock is held. */
static void unlist(struct newcomers *all, struct newcomer *mine)
{
	if (!mine || !mine->listed)
		return;
	DL_DELETE(all->list, mine);
	all->n--;
	mine->listed = false;
}

static void *arrive(struct newcomers *all, int fd)
{
	struct newcomer *mine = calloc(1, sizeof(*mine));

	if (!mine) {
		shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	keep_alive(fd);
	mine->fd = fd;
	pthread_mutex_lock(&all->lock);
	if (all->n == all->max) {
		shutdown(all->list->fd, SHUT_RDWR);
		unlist(all, all->list);
	}
	DL_APPEND(all->list, mine);
	all->n++;
	mine->listed = true;
	pthread_mutex_unlock(&all->lock);
	return mine;
}

static void leave(struct newcomers *all, struct newcomer *mine)
{
	pthread_mutex_lock(&all->lock);
	unlist(all, mine);
	pthread_mutex_unlock(&all->lock);
	free(mine);
}

void newcomers_notified(void *arg, struct MHD_Connection *c, void **context,
			enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *fd;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		leave(arg, *context);
		return;
	}
	fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	*context = fd ? arrive(arg, fd->connect_fd) : NULL;
}

void newcomers_welcome(struct newcomers *all, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *mine =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	pthread_mutex_lock(&all->lock);
	unlist(all, mine ? mine->socket_context : NULL);
	pthread_mutex_unlock(&all->lock);
	MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)SILENCE_S);
}
