/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/kubelet/lines.h"
#include "sync-agent/owner/plain_file.h"
#include "sync-agent/kubelet/pass_fds.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/owner/become.h"

#define TAIL 4096

/* The last bytes of the first size ones. Returns how many, or -1. */
static ssize_t read_tail(int fd, off_t size, char *buf)
{
	size_t n = size < TAIL ? (size_t)size : TAIL;

	return lines_read(fd, buf, n, size - (off_t)n) == (ssize_t)n ? (ssize_t)n : -1;
}

static void hash_tail(const char *buf, ssize_t n, char text[17])
{
	snprintf(text, 17, "%016" PRIx64, hash_bytes(HASH_SEED, buf, (size_t)n));
}

/* "slurmstepd-node1: error: *** JOB 7 ON node1 CANCELLED AT 2026-11-23T03:00:00 DUE TO JOB REQUEUE
 * ***"
 */
static bool is_dated(const char *buf, ssize_t n)
{
	static const char words[] = " CANCELLED AT ";

	return memmem(buf, (size_t)n, words, strlen(words)) != NULL;
}

struct json_object *measure_file(int fd)
{
	struct json_object *o;
	char buf[TAIL], hash[17];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || (n = read_tail(fd, st.st_size, buf)) < 0)
		return NULL;
	hash_tail(buf, n, hash);
	o = json_object_new_object();
	json_set_int(o, "bytes", st.st_size);
	json_set_int(o, "inode", (int64_t)st.st_ino);
	json_set_string(o, "tail", hash);
	json_set_bool(o, "dated", is_dated(buf, n));
	return o;
}

bool measure_fits(int fd, struct json_object *mark)
{
	int64_t bytes = json_get_int(mark, "bytes", -1);
	const char *tail = json_get_string(mark, "tail");
	char buf[TAIL], hash[17];
	struct stat st;
	ssize_t n;

	if (!tail || fstat(fd, &st) < 0 || bytes < 0 || st.st_size < bytes ||
	    (int64_t)st.st_ino != json_get_int(mark, "inode", 0))
		return false;
	n = read_tail(fd, bytes, buf);
	if (n < 0)
		return false;
	hash_tail(buf, n, hash);
	return !strcmp(hash, tail);
}

static void measure(struct json_object *question, struct json_object *answer, const char *which)
{
	const char *path = json_get_string(question, which);
	_cleanup_close_ int fd = -1;
	struct json_object *mark;
	struct error err;

	if (!path)
		return;
	fd = plain_file_open(path, NULL, &err);
	mark = fd < 0 ? NULL : measure_file(fd);
	json_object_object_add(answer, which, mark ? mark : json_object_new_object());
}

void measure_child(struct json_object *question, int fd)
{
	static const char *const same[] = { "namespace", "pod", "restarts" };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct error err;

	alarm(KUBELET_OPEN_SECONDS);
	if (become_uid((uid_t)json_get_int(question, "uid", -1), &err) < 0)
		_exit(1);
	json_set_string(o, "op", KUBELET_MEASURED);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		json_object_object_add(o, same[i], json_object_get(json_get(question, same[i])));
	measure(question, o, "stdout");
	measure(question, o, "stderr");
	json_set_int(o, "at", time(NULL)); /* at the latest */
	_exit(pass_fds(fd, o, NULL, 0) < 0);
}
