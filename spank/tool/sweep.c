/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container sweep: clear away what steps have left on this node. Slurm's plugin starts it when
 * a job begins or ends and when slurmd starts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/pod_path.h"
#include "common/process.h"
#include "common/remove_tree.h"
#include "spank/tool/evict.h"
#include "spank/tool/processes.h"
#include "spank/tool/run.h"
#include "spank/tool/tool.h"

#define SQUEUE_SECONDS 30
#define NEW_SECONDS 60
#define JOBS_MAX (1024 * 1024)

/* The job is over, so nothing of it may run. What is younger than this process is of the same job
 * again, which was requeued. */
static int kill_processes(uint32_t job, struct error *err)
{
	_cleanup_(container_processes_free) struct container_processes p = {0};
	uint64_t own = process_born(getpid());

	if (container_processes_find(&p, err) < 0)
		return -1;
	for (size_t i = 0; i < p.count; i++)
		if (p.items[i].job == job && process_born(p.items[i].pid) <= own)
			kill(p.items[i].pid, SIGKILL);
	return 0;
}

/* Whether nobody of a step is there who will remove its folder. One without a lock may be about to
 * get it. */
static bool is_crashed(int folder, const char *step, const void *arg)
{
	char path[512];
	struct stat st;
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/lock", step);
	fd = openat(folder, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return flock(fd, LOCK_EX | LOCK_NB) == 0;
	return fstatat(folder, step, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_ctime > NEW_SECONDS;
}

/* Go through a folder. Removes what gone says yes to. */
static int sweep_path(const char *path, bool (*gone)(int folder, const char *entry, const void *arg),
		      const void *arg, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return errno == ENOENT ? 0 : error_errno(err, "%s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && gone(dirfd(dir), entry->d_name, arg) &&
		    remove_tree(dirfd(dir), entry->d_name, err) < 0)
			rc = -1;
	return rc;
}

/* The same with STATE/NAME. */
static int sweep_folder(const struct tool *t, const char *name,
			bool (*gone)(int folder, const char *entry, const void *arg),
			const void *arg, struct error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", t->state, name) >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "--state is too long");
	return sweep_path(path, gone, arg, err);
}

static bool is_older(int folder, const char *entry, const struct timespec *than)
{
	struct stat st;

	return fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_ctim.tv_sec < than->tv_sec ||
		(st.st_ctim.tv_sec == than->tv_sec && st.st_ctim.tv_nsec < than->tv_nsec));
}

struct ended_job {
	const char *id;
	struct timespec before; /* what is younger is of the job's next run */
};

static bool is_step_of(int folder, const char *entry, const void *arg)
{
	const struct ended_job *job = arg;
	size_t n = strlen(job->id);

	return !strncmp(entry, job->id, n) && entry[n] == '.' &&
	       is_older(folder, entry, &job->before);
}

static bool is_job(int folder, const char *entry, const void *arg)
{
	const struct ended_job *job = arg;

	return !strncmp(entry, "job-", 4) && !strcmp(entry + 4, job->id) &&
	       is_older(folder, entry, &job->before);
}

/* -- what slurm-kube-pod has left (spank/pod/folders.c) ---------------------------------------- */

static const char *const pod_places[] = {"/dev/shm", "/tmp"};

/* Its slurm-kube-pod runs: it is of a job of another cluster's on this machine, by the same number. */
static bool is_held(int folder, const char *entry)
{
	char path[512];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/" POD_NODE_LOCK, entry);
	fd = openat(folder, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

/* The job of a pod's folder of this user, and more after a dot; NULL if it is none, or in use. */
static const char *pod_job(int folder, const char *entry)
{
	struct stat st;
	char prefix[64];

	snprintf(prefix, sizeof(prefix), POD_NODE_PREFIX "%u.", (unsigned)geteuid());
	if (strncmp(entry, prefix, strlen(prefix)) ||
	    fstatat(folder, entry, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || is_held(folder, entry))
		return NULL;
	return entry + strlen(prefix);
}

static bool is_pod_of(int folder, const char *entry, const void *arg)
{
	const struct ended_job *job = arg;
	const char *id = pod_job(folder, entry);
	size_t n = strlen(job->id);

	return id && !strncmp(id, job->id, n) && id[n] == '.' && is_older(folder, entry, &job->before);
}

static bool has_pods(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(pod_places); i++) {
		_cleanup_closedir_ DIR *dir = opendir(pod_places[i]);
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			if (pod_job(dirfd(dir), entry->d_name))
				return true;
	}
	return false;
}

static int sweep_pods(bool (*gone)(int folder, const char *entry, const void *arg), const void *arg,
		      struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pod_places); i++)
		rc |= sweep_path(pod_places[i], gone, arg, err);
	return rc;
}

struct known_jobs {
	const char *ids;       /* of the user's jobs that slurmctld knows, a line each */
	struct timespec asked; /* when */
};

/* A folder that came after slurmctld was asked may be that of a job that did, too. */
static bool is_unknown(const struct known_jobs *known, int folder, const char *entry, const char *id)
{
	size_t n = strcspn(id, "."); /* a pod's folder has more */

	if (!is_older(folder, entry, &known->asked))
		return false;
	for (const char *line = known->ids; *line;
	     line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, id, n) && (line[n] == '\n' || line[n] == '\0'))
			return false;
	return true;
}

static bool is_unknown_job(int folder, const char *entry, const void *arg)
{
	return !strncmp(entry, "job-", 4) && is_unknown(arg, folder, entry, entry + strlen("job-"));
}

static bool is_unknown_pod(int folder, const char *entry, const void *arg)
{
	const char *id = pod_job(folder, entry);

	return id && is_unknown(arg, folder, entry, id);
}

/* Whether there is a named container of some job. Most often there is none, and slurmctld isn't
 * asked. */
static bool has_job_names(const struct tool *t)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[PATH_MAX];
	struct dirent *entry;

	if (snprintf(path, sizeof(path), "%s/named", t->state) >= (int)sizeof(path) ||
	    !(dir = opendir(path)))
		return false;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "job-", 4))
			return true;
	return false;
}

/* Without slurmctld's answer nothing is known to be over. */
static int sweep_unknown(const struct tool *t, struct error *err)
{
	_cleanup_free_ char *jobs = NULL;
	char user[16];
	size_t len;
	const char *argv[] = {"squeue", "--noheader", "--format=%A", "--user", user, NULL};
	struct run r = {.argv = argv,
			.max = JOBS_MAX,
			.output = &jobs,
			.output_len = &len,
			.timeout = SQUEUE_SECONDS};

	struct known_jobs known;
	int rc;

	if (!has_job_names(t) && !has_pods())
		return 0;
	clock_gettime(CLOCK_REALTIME, &known.asked);
	snprintf(user, sizeof(user), "%u", (unsigned)geteuid());
	if (run_program(&r, err) < 0)
		return -1;
	known.ids = jobs;
	rc = sweep_folder(t, "named", is_unknown_job, &known, err);
	return rc | sweep_pods(is_unknown_pod, &known, err);
}

/* What can't be cleared away now keeps nothing else from it. */
static int run_sweep(struct tool *t, int argc, char *argv[], struct error *err)
{
	struct ended_job job = {t->job, process_own_birth()};
	int rc = 0;

	if (t->job[0]) {
		rc |= kill_processes(strtoul(t->job, NULL, 10), err);
		rc |= sweep_folder(t, "steps", is_step_of, &job, err);
		rc |= sweep_folder(t, "named", is_job, &job, err);
		rc |= sweep_pods(is_pod_of, &job, err);
	} else {
		rc |= sweep_folder(t, "steps", is_crashed, NULL, err);
		rc |= evict_leftovers(t->images, err);
		rc |= sweep_unknown(t, err);
	}
	return rc;
}

const struct command command_sweep = {
	.name = "sweep",
	.arguments = "",
	.summary = "clear away what steps have left on this node",
	.help = "Without --job: the folders of steps that a crash has left, unfinished stagings, "
		"and the named\n"
		"containers of jobs that Slurm doesn't know any more. Slurm's plugin does this "
		"when a job begins\n"
		"and when slurmd starts.\n"
		"  --job=ID   all that this job has left, processes too; it has to be over\n",
	.run = run_sweep,
};
