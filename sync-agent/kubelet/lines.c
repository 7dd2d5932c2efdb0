/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536
#define ASK_EVERY (64 << 20) /* bytes */

ssize_t lines_read(int fd, char *buf, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, buf + done, n - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

off_t lines_find_tail(int fd, off_t size, int64_t n, bool (*go_on)(void *ctx), void *ctx)
{
	char buf[BLOCK];
	off_t at = size;

	if (n <= 0)
		return size;
	while (at > 0) {
		size_t want = at < BLOCK ? (size_t)at : BLOCK;
		ssize_t got;

		at -= (off_t)want;
		if (go_on && at % ASK_EVERY < BLOCK && !go_on(ctx)) {
			errno = ECANCELED;
			return -1;
		}
		got = lines_read(fd, buf, want, at);
		if (got < 0)
			return -1;
		/* The newline at the very end begins no line. */
		if (got && at + got == size && buf[got - 1] == '\n')
			got--;
		for (char *p; got && (p = memrchr(buf, '\n', (size_t)got)); got = p - buf)
			if (--n == 0)
				return at + (p - buf) + 1;
	}
	return 0;
}

void stamper_set(struct stamper *s, const struct timespec *when)
{
	struct tm tm;
	size_t n;

	gmtime_r(&when->tv_sec, &tm);
	n = strftime(s->stamp, sizeof(s->stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(s->stamp + n, sizeof(s->stamp) - n, ".%09ldZ ", when->tv_nsec);
}

static size_t copy(char *out, size_t max, const char *in, size_t n)
{
	if (n > max)
		n = max;
	memcpy(out, in, n);
	return n;
}

size_t stamper_copy(struct stamper *s, const char *in, size_t n, size_t *taken, char *out,
		    size_t max)
{
	size_t written = 0, used = 0;

	while (used < n && written < max) {
		const char *end;
		size_t part;

		if (!s->inside) {
			s->inside = true;
			s->owed = strlen(s->stamp);
		}
		if (s->owed) {
			part = copy(out + written, max - written,
				    s->stamp + strlen(s->stamp) - s->owed, s->owed);
			s->owed -= part;
			written += part;
			continue;
		}
		end = memchr(in + used, '\n', n - used);
		part = copy(out + written, max - written, in + used,
			    end ? (size_t)(end + 1 - in) - used : n - used);
		used += part;
		written += part;
		s->inside = !(end && in + used == end + 1);
	}
	*taken = used;
	return written;
}
