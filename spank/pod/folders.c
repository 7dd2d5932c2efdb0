/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pod's folders on a node: one in memory, one on disk. They are made below folders in which
 * everybody can make some, so their name can't be guessed: nobody can have made them before. They
 * go when the pod has ended, and whatever ended it: kube-container sweep, which the plugin starts
 * at the job's end, knows how their name begins (spank/tool/sweep.c). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/json.h"
#include "common/remove_tree.h"
#include "spank/pod/pod.h"

#define MEMORY "/dev/shm"

static int new_name(char *dest, size_t size, struct error *err)
{
	const char *job = getenv("SLURM_JOB_ID") ?: "0";
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_errno(err, "getrandom");
	snprintf(dest, size, POD_NODE_FOLDER "%016" PRIx64 "%016" PRIx64, geteuid(), job, random[0],
		 random[1]);
	return 0;
}

/* On the job's other nodes it has the name that it has on the first. */
static int take_name(struct pod *p, char *dest, size_t size, struct error *err)
{
	const char *given = plan_variable(p, POD_NODE_VARIABLE);
	char assignment[300];

	if (given) {
		if (strchr(given, '/') || strncmp(given, POD_NODE_PREFIX, strlen(POD_NODE_PREFIX)))
			return error_set(err, EINVAL, POD_NODE_VARIABLE " is not of this program");
		snprintf(dest, size, "%s", given);
		return 0;
	}
	if (new_name(dest, size, err) < 0)
		return -1;
	snprintf(assignment, sizeof(assignment), POD_NODE_VARIABLE "=%s", dest);
	json_object_array_add(p->kept, json_object_new_string(assignment));
	return 0;
}

int folders_name(struct pod *p, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	char name[256];

	if (take_name(p, name, sizeof(name), err) < 0)
		return -1;
	snprintf(p->memory, sizeof(p->memory), MEMORY "/%s", name);
	snprintf(p->disk, sizeof(p->disk), "%.1000s/%s", tmp && tmp[0] == '/' ? tmp : "/tmp", name);
	return 0;
}

int folders_make(const struct pod *p, struct error *err)
{
	const char *const all[] = { p->memory, p->disk };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (mkdir(all[i], 0700) < 0)
			return error_errno(err, "%.200s%s", all[i],
					   errno == EEXIST ? ": somebody else made it" : "");
	return 0;
}

/* Two slurmds on one machine, as in tests, are two nodes of a job in one place: the first one makes
 * them. */
bool folders_made(const struct pod *p)
{
	struct stat st;

	return json_get_int(p->plan, "nodes", 1) > 1 && lstat(p->memory, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int folders_hold(struct pod *p, struct error *err)
{
	const char *const all[] = { p->memory, p->disk };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char path[PATH_MAX];
		int fd;

		snprintf(path, sizeof(path), "%.4000s/" POD_NODE_LOCK, all[i]);
		/* Held until this process ends. */
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			return error_errno(err, "%.200s", path);
	}
	return 0;
}

int folders_remove(const struct pod *p, struct error *err)
{
	int rc = remove_tree(AT_FDCWD, p->memory, err);
	return remove_tree(AT_FDCWD, p->disk, rc < 0 ? NULL : err) < 0 ? -1 : rc;
}
