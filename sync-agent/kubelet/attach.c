/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "sync-agent/kubelet/stream.h"

#define STACK (256 << 10)
#define PIECE 16384

struct attached {
	struct stream *stream;
	int out, status; /* the ends that are written to */
};

static void attached_free(struct attached *a)
{
	if (!a)
		return;
	stream_free(a->stream);
	closep(&a->out);
	closep(&a->status);
	free(a);
}

static bool write_all(int fd, const char *buf, size_t n)
{
	while (n) {
		ssize_t done = write(fd, buf, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false; /* nobody reads any more */
		buf += done;
		n -= (size_t)done;
	}
	return true;
}

/* Until the job has ended, or the reader has. */
static void *run(void *arg)
{
	struct attached *a = arg;
	char buf[PIECE];
	int code = 0;
	ssize_t n;

	do
		n = stream_read(a->stream, buf, sizeof(buf));
	while (n > 0 && write_all(a->out, buf, (size_t)n));
	if (n == 0 && write(a->status, &code, sizeof(code)) < 0)
		code = 1; /* nobody waits for it */
	attached_free(a);
	return NULL;
}

static int open_ends(struct attached *a, int fds[PASS_FDS_MAX])
{
	int status[2], out[2];

	if (pipe2(status, O_CLOEXEC) < 0)
		return -1;
	fds[0] = status[0];
	a->status = status[1];
	fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fds[1] < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	fds[2] = out[0];
	a->out = out[1];
	return 0;
}

static int begin_thread(struct attached *a)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attributes, run, a);
	pthread_attr_destroy(&attributes);
	return rc ? -1 : 0;
}

int attach_start(char *const *names, atomic_uint *room, int fds[PASS_FDS_MAX], struct error *err)
{
	struct log_options options = LOG_OPTIONS_INIT;
	struct attached *a = calloc(1, sizeof(*a));

	if (a)
		a->out = a->status = -1;
	if (!a || open_ends(a, fds) < 0) {
		atomic_fetch_sub(room, 1);
		attached_free(a);
		return error_set(err, 503, "not enough memory or descriptors");
	}
	options.follow = true;
	options.tail = 0;
	/* Its client is whoever reads from the pipe. */
	a->stream = stream_open(names, &options, a->out, room, err);
	if (a->stream && begin_thread(a) == 0)
		return 0;
	if (a->stream)
		error_set(err, 503, "no thread can be started for it");
	attached_free(a);
	return -1;
}
