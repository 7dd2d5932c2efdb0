/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "common/json.h"
#include "common/remove_tree.h"
#include "spank/pod/pod.h"

#define KEEP_SECONDS (7 * 24 * 3600) /* output of pods of earlier jobs */

/* -- who -------------------------------------------------------------------------------------- */

static bool in_group(gid_t gid)
{
	gid_t groups[1024];
	int n = getgroups((int)ARRAY_SIZE(groups), groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return gid == getegid();
}

/* A container that wants to be somebody else can't be. */
static int check_user(struct json_object *o, const char *what, struct error *err)
{
	int64_t uid = json_get_int(o, "runAsUser", -1), gid = json_get_int(o, "runAsGroup", -1);

	if (uid >= 0 && uid != geteuid())
		return error_set(err, EPERM,
				 "%s: securityContext.runAsUser: %lld isn't the uid of the "
				 "namespace's Unix user, %u",
				 what, (long long)uid, geteuid());
	if (gid >= 0 && !in_group((gid_t)gid))
		return error_set(err, EPERM,
				 "%s: securityContext.runAsGroup: %lld is no group of the "
				 "namespace's Unix user",
				 what, (long long)gid);
	return 0;
}

static int check_users(const struct pod *p, struct error *err)
{
	if (check_user(p->plan, "spec", err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		if (check_user(p->containers[i].plan, p->containers[i].name, err) < 0)
			return -1;
	return 0;
}

/* -- the folder ------------------------------------------------------------------------------- */

static int make_folder(struct pod *p, struct error *err)
{
	char workdir[PATH_MAX];

	if (!getcwd(workdir, sizeof(workdir)))
		return error_errno(err, "the working folder");
	if (pod_folder(workdir, p->uid, p->folder, sizeof(p->folder)) < 0)
		return error_set(err, EINVAL, "the pod's uid is none, or %.100s is too long",
				 workdir);
	for (char *slash = p->folder + strlen(workdir) + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		mkdir(p->folder, 0700);
		*slash = '/';
	}
	if (mkdir(p->folder, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "%.200s", p->folder);
	return 0;
}

/* What this program says, and what srun says of it, is beside the containers' output. */
static void open_log(const struct pod *p)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;

	/* No container is called so: a name has no dot. */
	snprintf(path, sizeof(path), "%.3000s/pod.log.txt", p->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		dup2(fd, 2);
}

/* Those of pods that are long gone; one that runs writes its report each hour. */
static void remove_old(const struct pod *p)
{
	char parent[PATH_MAX], report[PATH_MAX];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;

	snprintf(parent, sizeof(parent), "%.4000s/..", p->folder);
	dir = opendir(parent);
	while (dir && (entry = readdir(dir))) {
		snprintf(report, sizeof(report), "%s/" POD_STATUS_FILE, entry->d_name);
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, p->uid) &&
		    fstatat(dirfd(dir), report, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    time(NULL) - st.st_mtime > KEEP_SECONDS)
			remove_tree(dirfd(dir), entry->d_name, NULL);
	}
}

/* -- all -------------------------------------------------------------------------------------- */

static bool on_several(const struct pod *p)
{
	return json_get_int(p->plan, "nodes", 1) > 1;
}

static int fail(struct pod *p, const struct error *err)
{
	p->reason = "CreateContainerConfigError";
	snprintf(p->message, sizeof(p->message), "%s", err->text);
	fprintf(stderr, "slurm-kube-pod: %s\n", err->text);
	return POD_EXIT_SETUP;
}

static int run_pod(struct pod *p)
{
	struct error err = { 0 };
	int rc;

	if (make_folder(p, &err) < 0)
		return fail(p, &err);
	open_log(p);
	remove_old(p);
	if (check_users(p, &err) < 0 ||
	    (on_several(p) ? step_everywhere(p, "--volumes", &err) : volumes_make(p, &err)) < 0 ||
	    folders_hold(p, &err) < 0)
		rc = fail(p, &err);
	else
		rc = run(p);
	if (on_several(p))
		step_everywhere(p, "--clear", NULL);
	folders_remove(p, NULL);
	report(p, true);
	return rc;
}

/* A step of this program, on each node of a job with several. */
static int run_option(struct pod *p, const char *option)
{
	struct error err = { 0 };
	bool make = !strcmp(option, "--volumes");

	if (!make && strcmp(option, "--clear")) {
		fprintf(stderr, "slurm-kube-pod: what is '%s'?\n", option);
		return 2;
	}
	if ((make ? volumes_make(p, &err) : folders_remove(p, &err)) == 0)
		return 0;
	fprintf(stderr, "slurm-kube-pod: %s: %s\n", getenv("SLURMD_NODENAME") ?: "", err.text);
	return 1;
}

/* What sbatch was asked for, and srun would ask for again beside --gres. */
static void forget_wishes(void)
{
	static const char *const names[] = { "SLURM_GPUS", "SLURM_GPUS_PER_NODE",
					     "SLURM_GPUS_PER_SOCKET", "SLURM_GPUS_PER_TASK" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
}

int main(int argc, char *argv[])
{
	struct pod p = { 0 };
	struct error err = { 0 };
	int rc;

	/* What it has been handed may be secret: no core, and no other process of the same user may
	 * look. */
	prctl(PR_SET_DUMPABLE, 0);
	umask(022);
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("slurm-kube-pod " PACKAGE_VERSION);
		return 0;
	}
	forget_wishes();
	if (plan_take(&p, &err) < 0 || folders_name(&p, &err) < 0) {
		fprintf(stderr, "slurm-kube-pod: %s\n", err.text);
		rc = POD_EXIT_SETUP;
	} else {
		rc = argc > 1 ? run_option(&p, argv[1]) : run_pod(&p);
	}
	plan_free(&p);
	return rc;
}
