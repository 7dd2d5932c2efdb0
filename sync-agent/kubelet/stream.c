/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/stream.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/lines.h"
#include "sync-agent/kubelet/link.h"
#include "sync-agent/kubelet/protocol.h"

#define ANSWER_MS ((KUBELET_OPEN_SECONDS + 10) * 1000)
#define LOCAL_MS 5000	   /* between looks at a file that inotify tells of */
#define REMOTE_MS 1000	   /* ... that others may write to unheard, or that is to come */
#define REOPEN_US 30000000 /* an open file of a network file system may be remembered for long */
#define YOUNG_S 60	   /* that long a job may run before its output is seen on this host */
#define IN_SIZE 32768

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#define ZFS_SUPER_MAGIC 0x2fc12fc1

struct stream {
	char *namespace, *pod, *container;
	struct log_options o;
	int client;
	atomic_uint *room;
	struct waiter waiter;
	struct question ended;

	int fd;		   /* -1: not there yet */
	off_t offset, end; /* end: where to stop, unless it is followed */
	off_t from, to;	   /* the part that is shown; to: -1: up to the end */
	struct stat seen;
	bool local; /* inotify tells of all writes */
	bool moved; /* another file has, or will have, its name */
	int64_t opened;
	bool over; /* the job has ended */
	bool last; /* ... and the file was opened again since */

	struct stamper stamper; /* for timestamps, also these: */
	char *in;
	size_t in_at, in_used;
};

/* -- questions -------------------------------------------------------------------------------- */

static struct json_object *message(const struct stream *s, const char *op)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "op", op);
	json_set_string(o, "namespace", s->namespace);
	json_set_string(o, "pod", s->pod);
	json_set_string(o, "container", s->container);
	json_set_bool(o, "previous", s->o.previous);
	return o;
}

/* The answer to op, which the caller puts with question_end(). Returns 0, or -1 with err filled. */
static int ask(struct stream *s, const char *op, struct question *q, struct error *err)
{
	_cleanup_json_ struct json_object *o = message(s, op);
	int64_t status;
	const char *text;

	if (question_ask(q, &s->waiter, o) < 0)
		return error_set(err, 503, "the agent can't be asked");
	if (question_wait(q, s->client, ANSWER_MS) < 0)
		return error_set(err, 504, "the agent gives no answer");
	status = json_get_int(q->answer, "status", 500);
	text = json_get_string(q->answer, "error");
	if (status != 200)
		return error_set(err, (int)status, "%s", text ? text : "the agent gives no reason");
	return 0;
}

/* -- files ------------------------------------------------------------------------------------ */

/* Where a write by anybody is a write through this kernel. */
static bool is_local(int fd)
{
	static const long types[] = { EXT4_SUPER_MAGIC,	    XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,
				      TMPFS_MAGIC,	    F2FS_SUPER_MAGIC, ZFS_SUPER_MAGIC,
				      OVERLAYFS_SUPER_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((long)fs.f_type == types[i])
			return true;
	return false;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Take the file that came with an answer, if it isn't the one that is open. */
static void take_file(struct stream *s, struct question *q)
{
	struct stat st;

	s->opened = clock_us();
	if (q->fds[0] < 0 || fstat(q->fds[0], &st) < 0)
		return;
	s->moved = false;
	if (s->fd >= 0 && same_file(&st, &s->seen))
		return;
	closep(&s->fd);
	s->fd = TAKE_FD(q->fds[0]);
	s->from = s->offset = json_get_int(q->answer, "from", 0);
	s->to = json_get_int(q->answer, "to", -1);
	s->seen = st;
	s->stamper.inside = false;
	s->stamper.owed = 0;
	s->local = is_local(s->fd);
	waiter_watch(&s->waiter, (int)json_get_int(q->answer, "wd", -1));
}

/* Returns 0, or -1 with err filled; a file that is still to come is no error. */
static int look_for_file(struct stream *s, struct error *err)
{
	_cleanup_(question_end) struct question q = { 0 };
	const char *state, *text;
	int64_t started;
	int code;

	if (ask(s, "output", &q, err) < 0)
		return -1;
	state = json_get_string(q.answer, "state");
	if (!state)
		state = "";
	s->over |= !strcmp(state, "ended");
	take_file(s, &q);
	code = (int)json_get_int(q.answer, "errno", 0);
	text = json_get_string(q.answer, "error");
	started = json_get_int(q.answer, "started", 0);
	if (!code || s->fd >= 0)
		return 0;
	if (code == ENOENT && !strcmp(state, "pending"))
		return 0;
	if (code == ENOENT && !s->over && (s->o.follow || time(NULL) < started + YOUNG_S))
		return 0;
	/* Of a 404 kubectl shows no text. */
	return error_set(err, 400, "%s", text ? text : strerror(code));
}

static bool client_is_there(void *stream)
{
	struct stream *s = stream;

	return waiter_wait(&s->waiter, s->client, 0) == 0;
}

static int go_to_start(struct stream *s, struct error *err)
{
	if (s->fd < 0)
		return 0;
	s->end = s->to >= 0 ? s->to : s->seen.st_size;
	if (s->o.tail >= 0)
		s->offset = lines_find_tail(s->fd, s->end, s->o.tail, client_is_there, s);
	if (s->offset >= 0 && s->offset < s->from)
		s->offset = s->from;
	if (s->offset >= 0)
		return 0;
	return error_set(err, errno == ECANCELED ? 0 : 500, "reading: %s", strerror(errno));
}

/* -- open and close --------------------------------------------------------------------------- */

static int want_end(struct stream *s, struct error *err)
{
	_cleanup_json_ struct json_object *o = message(s, "ended");

	if (question_ask(&s->ended, &s->waiter, o) < 0)
		return error_set(err, 503, "the agent can't be asked");
	return 0;
}

static int begin(struct stream *s, struct error *err)
{
	if (!s->namespace || !s->pod || !s->container || waiter_init(&s->waiter) < 0 ||
	    (s->o.timestamps && !(s->in = malloc(IN_SIZE))))
		return error_set(err, 503, "not enough memory or descriptors");
	if (look_for_file(s, err) < 0 || go_to_start(s, err) < 0)
		return -1;
	return s->o.follow && !s->over ? want_end(s, err) : 0;
}

struct stream *stream_open(char *const *names, const struct log_options *options, int client,
			   atomic_uint *room, struct error *err)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s) {
		atomic_fetch_sub(room, 1);
		error_set(err, 503, "not enough memory");
		return NULL;
	}
	s->namespace = strdup(names[0]);
	s->pod = strdup(names[1]);
	s->container = strdup(names[2]);
	s->room = room;
	s->o = *options;
	s->o.follow &= !options->previous; /* it has ended */
	s->client = client;
	s->fd = -1;
	s->waiter = (struct waiter){ .wake = -1, .wd = -1 };
	if (begin(s, err) == 0)
		return s;
	stream_free(s);
	return NULL;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	question_end(&s->ended);
	waiter_free(&s->waiter);
	closep(&s->fd);
	free(s->namespace);
	free(s->pod);
	free(s->container);
	free(s->in);
	atomic_fetch_sub(s->room, 1);
	free(s);
}

/* -- reading ---------------------------------------------------------------------------------- */

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* A line was written when the file was last, or before. */
static void skip_old(struct stream *s)
{
	struct stat st;

	if ((s->o.since.tv_sec || s->o.since.tv_nsec) && fstat(s->fd, &st) == 0 &&
	    is_before(&st.st_mtim, &s->o.since) && s->offset < st.st_size)
		s->offset = st.st_size;
}

static ssize_t read_file(struct stream *s, char *buf, size_t max)
{
	ssize_t n;

	if (s->fd < 0)
		return 0;
	skip_old(s);
	if (!s->o.follow && s->end - s->offset < (off_t)max)
		max = s->end > s->offset ? (size_t)(s->end - s->offset) : 0;
	do
		n = max ? pread(s->fd, buf, max, s->offset) : 0;
	while (n < 0 && errno == EINTR);
	if (n > 0)
		s->offset += n;
	return n;
}

static ssize_t read_stamped(struct stream *s, char *buf, size_t max)
{
	struct stat st;
	size_t taken;
	ssize_t n;

	if (s->in_at == s->in_used) {
		n = read_file(s, s->in, IN_SIZE);
		if (n <= 0)
			return n;
		if (fstat(s->fd, &st) == 0)
			stamper_set(&s->stamper, &st.st_mtim);
		s->in_at = 0;
		s->in_used = (size_t)n;
	}
	n = (ssize_t)stamper_copy(&s->stamper, s->in + s->in_at, s->in_used - s->in_at, &taken, buf,
				  max);
	s->in_at += taken;
	return n;
}

static ssize_t read_some(struct stream *s, char *buf, size_t max)
{
	ssize_t n;

	if (s->o.limit >= 0 && s->o.limit < (int64_t)max)
		max = (size_t)s->o.limit;
	if (!max)
		return 0;
	n = s->o.timestamps ? read_stamped(s, buf, max) : read_file(s, buf, max);
	if (n > 0 && s->o.limit >= 0)
		s->o.limit -= n;
	return n;
}

/* -- following -------------------------------------------------------------------------------- */

/* Has it been truncated, or got another name? Returns true if there may be more to read. */
static bool look_at_file(struct stream *s, uint32_t touched)
{
	struct stat st;

	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return false;
	s->moved |= !st.st_nlink || (touched & (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)) ||
		    ((st.st_ctim.tv_sec != s->seen.st_ctim.tv_sec ||
		      st.st_ctim.tv_nsec != s->seen.st_ctim.tv_nsec) &&
		     st.st_size == s->seen.st_size && st.st_mtim.tv_sec == s->seen.st_mtim.tv_sec &&
		     st.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec);
	s->seen = st;
	if (st.st_size > s->offset)
		return true;
	if (st.st_size == s->offset)
		return false;
	s->offset = 0;
	s->stamper.inside = false;
	return st.st_size > 0;
}

/* What can be done when all is read. Returns 1 to read again, 0 to wait, -1 at the end. */
static int at_end(struct stream *s)
{
	bool again = look_at_file(s, waiter_touched(&s->waiter)), remote;
	struct error err;

	if (again)
		return 1;
	if (!s->over && question_answered(&s->ended))
		s->over = true;
	if (s->over && s->last)
		return -1;
	remote = !s->local && clock_us() - s->opened > REOPEN_US;
	if (s->over || s->fd < 0 || s->moved || remote) {
		s->last = s->over;
		if (look_for_file(s, &err) < 0)
			return -1;
		return s->fd >= 0 && (s->last || s->offset < s->seen.st_size);
	}
	return 0;
}

ssize_t stream_read(struct stream *s, char *buf, size_t max)
{
	while (s->o.limit) {
		ssize_t n = read_some(s, buf, max);
		int ms;

		if (n || !s->o.follow)
			return n;
		switch (at_end(s)) {
		case 1:
			continue;
		case -1:
			return 0;
		}
		ms = s->fd >= 0 && s->local && !s->moved && s->waiter.wd >= 0 ? LOCAL_MS
									      : REMOTE_MS;
		if (waiter_wait(&s->waiter, s->client, ms) < 0)
			return -1;
	}
	return 0;
}
