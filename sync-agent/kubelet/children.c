/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper's children, each of which becomes a user for one file or command; how many there may
 * be, and those that wait for room. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/kubelet/keeper_own.h"
#include "sync-agent/kubelet/measure.h"
#include "sync-agent/kubelet/open_file.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/kubelet/run_command.h"

/* Of a user there may be fewer: a file system that hangs keeps no other user's files from being
 * opened. */
static const struct limits {
	unsigned all, of_user;
	bool waits; /* for room */
	const char *too_many, *cut_off;
} limits[] = {
	[CHILD_OPENS] = { 256, 16, true,
			  "too many files are being opened; does a file system hang?",
			  "the file system doesn't answer" },
	[CHILD_RUNS] = { 128, 32, false, "too many commands run; try again when one has ended",
			 "the command was cut off" },
	[CHILD_MEASURES] = { 64, 8, true, "", "" },
};

/* Is there room for one more? */
static bool has_room(const struct keeper *k, uid_t uid, enum child_kind kind)
{
	unsigned all = 0, of_user = 0;

	for (struct child *c = k->children; c; c = c->hh.next) {
		all += c->kind == kind;
		of_user += c->kind == kind && c->uid == uid;
	}
	return all < limits[kind].all && of_user < limits[kind].of_user;
}

/* Many may come at once, as after a restart. Returns false if there are too many already. */
static bool put_off(struct keeper *k, struct json_object *answer, enum child_kind kind)
{
	struct waiting *w = limits[kind].waits && k->n_waiting < KUBELET_STREAMS_MAX
				    ? calloc(1, sizeof(*w))
				    : NULL;

	if (!w)
		return false;
	w->answer = json_object_get(answer);
	w->kind = kind;
	DL_APPEND(k->waiting, w);
	k->n_waiting++;
	return true;
}

static void __attribute__((noreturn))
run(struct keeper *k, struct json_object *answer, const struct process *p, enum child_kind kind)
{
	child_signals();
	if (kind == CHILD_MEASURES)
		measure_child(answer, k->fd);
	if (kind == CHILD_RUNS)
		run_command_child(answer, p->fd);
	open_file_child(answer, p->fd, p->watches);
}

/* Returns false if no process can be started. */
static bool begin(struct keeper *k, struct json_object *answer, const struct process *p,
		  enum child_kind kind)
{
	struct child *c = calloc(1, sizeof(*c));

	if (!c)
		return false;
	c->pid = fork();
	if (c->pid == 0)
		run(k, answer, p, kind);
	if (c->pid < 0) {
		free(c);
		return false;
	}
	c->serial = json_get_int(answer, "serial", 0);
	c->uid = (uid_t)json_get_int(answer, "uid", -1);
	c->kind = kind;
	HASH_ADD(hh, k->children, pid, sizeof(c->pid), c);
	return true;
}

void child_start(struct keeper *k, struct json_object *answer, enum child_kind kind)
{
	int64_t serial = json_get_int(answer, "serial", 0), uid = json_get_int(answer, "uid", -1);
	struct process *p = process_of(k, serial);

	/* Who asked has gone; what is measured nobody asked for. */
	if (!p && kind != CHILD_MEASURES)
		return;
	if (uid <= 0 || uid < k->minimum_uid || uid >= UINT32_MAX)
		process_refuse(k, serial, 403,
			       "the agent does nothing as a user below its minimumUid");
	else if (has_room(k, (uid_t)uid, kind)) {
		if (!begin(k, answer, p, kind))
			process_refuse(k, serial, 503, "no process can be started for it");
	} else if (!put_off(k, answer, kind)) {
		process_refuse(k, serial, 503, limits[kind].too_many);
	}
}

static void start_waiting(struct keeper *k)
{
	struct waiting *w, *tmp;

	DL_FOREACH_SAFE (k->waiting, w, tmp) {
		if (!has_room(k, (uid_t)json_get_int(w->answer, "uid", -1), w->kind))
			continue;
		DL_DELETE(k->waiting, w);
		k->n_waiting--;
		child_start(k, w->answer, w->kind);
		json_object_put(w->answer);
		free(w);
	}
}

void child_ended(struct keeper *k, struct child *c, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		process_refuse(k, c->serial, 504, limits[c->kind].cut_off);
	HASH_DEL(k->children, c);
	free(c);
	start_waiting(k);
}
