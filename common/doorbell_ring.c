/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/doorbell.h"

static int parse_unix(const char *path, struct doorbell_target *ret, struct error *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&ret->address;

	if (path[0] != '/')
		return error_set(err, EINVAL, "doorbell unix:%s: the path has to be absolute", path);
	if (strlen(path) >= sizeof(un->sun_path))
		return error_set(err, ENAMETOOLONG,
				 "doorbell unix:%s: a socket's path has at most %zu bytes", path,
				 sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, path);
	ret->length = sizeof(*un);
	return 0;
}

static int parse_udp(const char *text, struct doorbell_target *ret, struct error *err)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->address;
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	size_t n = colon ? (size_t)(colon - text) : 0;
	unsigned long port;

	if (!colon || n == 0 || n >= sizeof(host))
		return error_set(err, EINVAL, "doorbell udp:%s: it takes udp:ADDRESS:PORT", text);
	port = strtoul(colon + 1, &end, 10);
	if (!isdigit((unsigned char)colon[1]) || *end || port == 0 || port > 65535)
		return error_set(err, EINVAL, "doorbell udp:%s: '%s' is not a port", text, colon + 1);
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		memmove(host, host + 1, n - 1);
	}
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		ret->length = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		ret->length = sizeof(*v6);
		return 0;
	}
	return error_set(err, EINVAL,
			 "doorbell udp:%s: '%s' is not a numeric address (names are not resolved here)",
			 text, host);
}

int doorbell_target_parse(const char *text, struct doorbell_target *ret, struct error *err)
{
	struct doorbell_target target = { 0 };
	int rc;

	if (!strncmp(text, "unix:", 5))
		rc = parse_unix(text + 5, &target, err);
	else if (!strncmp(text, "udp:", 4))
		rc = parse_udp(text + 4, &target, err);
	else
		rc = error_set(err, EINVAL,
			       "doorbell '%s': it takes unix:/PATH or udp:ADDRESS:PORT", text);
	if (rc == 0)
		*ret = target;
	return rc;
}

int doorbell_socket(const struct doorbell_target *target)
{
	return socket(target->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int doorbell_ring(int fd, const struct doorbell_target *target, const void *data, size_t len)
{
	ssize_t n = sendto(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
			   (const struct sockaddr *)&target->address, target->length);

	return n == (ssize_t)len ? 0 : -1;
}
