/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report, a file in the pod's folder that the agent reads as the owner:
 *	{"final", "reason", "message", "containers": [{"name", "init", "restartCount",
 *		"state": {"startedAt", "finishedAt", "exitCode", "reason", "message"} | {"waiting":
 *true}, "last": {...}}]} Times are seconds since 1970. Slurm's own steps tell the same; what only
 *this can tell are messages, and why the pod failed as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/json.h"
#include "spank/pod/pod.h"

#define TAIL_BYTES 2048
#define TAIL_LINES 80

/* -- messages --------------------------------------------------------------------------------- */

static size_t read_end(const char *path, size_t most, bool end, char *dest)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	dest[0] = '\0';
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	n = pread(fd, dest, most, end && st.st_size > (off_t)most ? st.st_size - (off_t)most : 0);
	dest[n > 0 ? n : 0] = '\0';
	return n > 0 ? n : 0;
}

/* The last lines of a text. */
static const char *last_lines(const char *text, size_t n)
{
	unsigned lines = 0;

	for (const char *p = text + n; p > text; p--)
		if (p[-1] == '\n' && p != text + n && ++lines == TAIL_LINES)
			return p;
	return text;
}

void report_message(struct pod *p, struct container *c)
{
	char path[PATH_MAX], text[POD_MESSAGE_MAX + 1];
	const char *from;
	size_t n;

	volumes_message(p, c->name, path);
	n = read_end(path, POD_MESSAGE_MAX, false, c->turn.message);
	if (n || !c->turn.exit_code || !json_get_bool(c->plan, "messageFromLog", false))
		return;
	snprintf(path, sizeof(path), "%.3000s/%s.log", p->folder, c->name);
	n = read_end(path, TAIL_BYTES, true, text);
	from = last_lines(text, n);
	snprintf(c->turn.message, sizeof(c->turn.message), "%s", from);
}

/* -- the file --------------------------------------------------------------------------------- */

static struct json_object *turn_of(const struct turn *t)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "startedAt", t->started);
	if (!t->finished)
		return o;
	json_set_int(o, "finishedAt", t->finished);
	json_set_int(o, "exitCode", t->exit_code);
	json_set_string(o, "reason", t->reason);
	if (t->message[0])
		json_set_string(o, "message", t->message);
	return o;
}

static struct json_object *container_of(const struct container *c)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "name", c->name);
	json_set_bool(o, "init", c->init);
	json_set_int(o, "restartCount", c->restarts);
	if (c->turn.started)
		json_object_object_add(o, "state", turn_of(&c->turn));
	if (c->last.started)
		json_object_object_add(o, "last", turn_of(&c->last));
	json_set_bool(o, "done", c->done);
	return o;
}

static int write_report(const struct pod *p, const char *text)
{
	char path[PATH_MAX], new[PATH_MAX];
	size_t n = strlen(text);
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%.3000s/" POD_STATUS_FILE, p->folder);
	snprintf(new, sizeof(new), "%.3000s/." POD_STATUS_FILE, p->folder);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return -1;
	return rename(new, path);
}

void report(const struct pod *p, bool final)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_set_string(o, "reason", p->reason);
	if (p->message[0])
		json_set_string(o, "message", p->message);
	for (size_t i = 0; i < p->n; i++)
		json_object_array_add(list, container_of(&p->containers[i]));
	json_object_object_add(o, "containers", list);
	json_set_bool(o, "final", final);
	if (write_report(p, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN)) < 0)
		fprintf(stderr, "slurm-kube-pod: " POD_STATUS_FILE ": %s\n", strerror(errno));
}
