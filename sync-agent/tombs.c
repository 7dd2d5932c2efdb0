/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs whose objects were deleted while Slurm could still bring them back: they get no object again,
 * also after a restart of the agent. One line each in STATE/deleted-CLUSTER, gone when slurmctld has
 * forgotten the job and slurmdbd will not be asked for that time any more. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/buffer.h"
#include "sync-agent/agent.h"
#include "sync-agent/log.h"

#define FILE_MAX (64 << 20)

struct tomb {
	uint32_t id;
	uint64_t submit; /* ids are used again one day */
	int64_t since;   /* when the object was deleted: the job had ended by then */
	UT_hash_handle hh;
};

static void put(struct agent *a, uint32_t id, uint64_t submit, int64_t since)
{
	struct tomb *t;

	HASH_FIND(hh, a->tombs, &id, sizeof(id), t);
	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return;
		t->id = id;
		HASH_ADD(hh, a->tombs, id, sizeof(id), t);
	}
	t->submit = submit;
	t->since = since;
}

int tombs_load(struct agent *a, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	if (mkdir(a->config.state_folder, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "stateFolder %s", a->config.state_folder);
	if (asprintf(&a->tombs_path, "%s/deleted-%s", a->config.state_folder, a->cluster) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (access(a->tombs_path, F_OK) < 0)
		return 0;
	if (buffer_read_file(a->tombs_path, FILE_MAX, &text, NULL, err) < 0)
		return -1;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		int64_t since = time(NULL); /* an older agent's file doesn't tell */
		uint64_t submit;
		uint32_t id;

		if (sscanf(line, "%" SCNu32 " %" SCNu64 " %" SCNd64, &id, &submit, &since) >= 2)
			put(a, id, submit, since);
	}
	return 0;
}

void tomb_add(struct agent *a, uint32_t id, uint64_t submit)
{
	_cleanup_close_ int fd = -1;
	int64_t now = time(NULL);

	if (tomb_is(a, id, submit))
		return;
	put(a, id, submit, now);
	if (a->dry_run)
		return;
	fd = open(a->tombs_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	/* On a line of its own, even after one that a crash has cut. */
	if (fd < 0 || dprintf(fd, "\n%" PRIu32 " %" PRIu64 " %" PRId64 "\n", id, submit, now) < 0)
		log_warning("%s: %s; after a restart the object of job %u may appear again",
			    a->tombs_path, strerror(errno), id);
}

bool tomb_is(struct agent *a, uint32_t id, uint64_t submit)
{
	struct tomb *t;

	HASH_FIND(hh, a->tombs, &id, sizeof(id), t);
	return t && t->submit == submit;
}

static void rewrite(struct agent *a)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	struct tomb *t, *tmp;

	if (a->dry_run)
		return;
	if (asprintf(&temporary, "%s.new", a->tombs_path) < 0) {
		temporary = NULL;
		return;
	}
	f = fopen(temporary, "we");
	if (!f)
		return; /* the old file says more than is needed, nothing wrong */
	HASH_ITER(hh, a->tombs, t, tmp)
		fprintf(f, "%" PRIu32 " %" PRIu64 " %" PRId64 "\n", t->id, t->submit, t->since);
	if (fflush(f) || ferror(f) || rename(temporary, a->tombs_path) < 0)
		unlink(temporary);
}

/* slurmdbd is asked for nothing that ended before the mark. */
static bool is_history(const struct agent *a, const struct tomb *t)
{
	return a->accounting && a->config.history && t->since >= a->mark &&
	       t->since + a->config.history > time(NULL);
}

void tombs_prune(struct agent *a, const uint32_t *ids, size_t n)
{
	struct tomb *t, *tmp;
	bool changed = false;

	HASH_ITER(hh, a->tombs, t, tmp) {
		if (job_ids_have(ids, n, t->id) || is_history(a, t))
			continue;
		HASH_DEL(a->tombs, t);
		free(t);
		changed = true;
	}
	if (changed)
		rewrite(a);
}

void tombs_free(struct agent *a)
{
	struct tomb *t, *tmp;

	HASH_ITER(hh, a->tombs, t, tmp) {
		HASH_DEL(a->tombs, t);
		free(t);
	}
	free(a->tombs_path);
}
