/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/http/listen.h"

#include <stdio.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/doorbell.h"

#define BACKLOG 512

int http_listen(const char *key, const char *address, struct error *err)
{
	_cleanup_close_ int fd = -1;
	struct doorbell_target target;
	char text[128];
	int on = 1;

	snprintf(text, sizeof(text), "udp:%s", address); /* the same form of address */
	if (doorbell_target_parse(text, &target, err) < 0)
		return -1;
	fd = socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, "%s %s", key, address);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&target.address, target.length) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return error_errno(err, "%s %s", key, address);
	return TAKE_FD(fd);
}
