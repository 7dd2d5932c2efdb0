/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/open_file.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/kubelet/measure.h"
#include "sync-agent/kubelet/pass_fds.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/owner/become.h"
#include "sync-agent/owner/plain_file.h"

/* Which bytes of it are asked for, of all runs that may be in it: "from" and "to" into o. Where a
 * mark doesn't fit, or fits perhaps because a run wrote the same as the one before, nothing is left
 * out. Returns 0, or -1 with err filled: the run that was asked for isn't in it any more. */
static int find_part(int fd, struct json_object *part, struct json_object *o, struct error *err)
{
	struct json_object *from = json_get(part, "from"), *to = json_get(part, "to");

	if (from && measure_fits(fd, from) &&
	    (json_get_bool(part, "sure", false) || json_get_bool(from, "dated", false)))
		json_set_int(o, "from", json_get_int(from, "bytes", 0));
	if (to && !measure_fits(fd, to))
		return error_set(err, ESTALE,
				 "it was emptied or replaced when the job began anew; to keep the "
				 "output of all runs, submit jobs with --open-mode=append "
				 "(spec.openMode: Append)");
	if (to)
		json_set_int(o, "to", json_get_int(to, "bytes", 0));
	return 0;
}

/* Returns a descriptor, or -1 with err filled. */
static int open_as(uid_t uid, const char *path, struct json_object *part, struct json_object *o,
		   struct error *err)
{
	_cleanup_close_ int fd = -1;

	if (become_uid(uid, err) < 0 || (fd = plain_file_open(path, NULL, err)) < 0 ||
	    find_part(fd, part, o, err) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int watch(int watches, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(watches, path,
				 IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF);
}

void open_file_child(struct json_object *answer, int fd, int watches)
{
	const char *path = json_get_string(answer, "path");
	uid_t uid = (uid_t)json_get_int(answer, "uid", -1);
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct error err;
	int file;

	alarm(KUBELET_OPEN_SECONDS);
	file = open_as(uid, path, json_get(answer, "part"), o, &err);
	json_set_int(o, "serial", json_get_int(answer, "serial", 0));
	json_set_int(o, "status", 200);
	json_set_string(o, "state", json_get_string(answer, "state"));
	json_set_int(o, "started", json_get_int(answer, "started", 0));
	if (file < 0) {
		char text[sizeof(err.text) + 600];

		snprintf(text, sizeof(text), "%.512s, opened as uid %u on the agent's host: %s",
			 path, uid, err.text);
		json_set_int(o, "errno", err.code);
		json_set_string(o, "error", text);
	} else {
		json_set_int(o, "wd", watch(watches, file));
	}
	_exit(pass_fds(fd, o, &file, file >= 0) < 0);
}
