/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/join.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

/* The first string of the environment follows the empty one. */
const char *join_next_env(const struct rendezvous *r, const char *previous)
{
	if (previous)
		return rendezvous_next(r, previous);
	do
		previous = rendezvous_next(r, previous);
	while (previous && previous[0]);
	return previous ? rendezvous_next(r, previous) : NULL;
}

/* Open one of the holder's namespaces, and make sure that it is the one that was made for this step
 * and not that of a process that got the holder's number since. */
static int open_namespace(pid_t inside, const char *name, const struct namespace_id *id,
			  struct error *err)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)inside, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "process %d, which holds it, is gone (%s)", (int)inside, path);
	if (st.st_dev != id->dev || st.st_ino != id->ino)
		return error_set(err, ESTALE, "process %d, which held it, is gone, and its number "
				 "is another process's", (int)inside);
	return TAKE_FD(fd);
}

/* What an OCI runtime has made belongs to the user namespace above the tasks' own, and can only be
 * joined from there. id: of the tasks' own. */
static int join_namespaces(int user, int mount, const struct namespace_id *id, struct error *err)
{
	_cleanup_close_ int owner = ioctl(mount, NS_GET_USERNS);
	struct stat st;

	if (owner < 0 || fstat(owner, &st) < 0)
		return error_errno(err, "whose its mount namespace is");
	if ((st.st_dev != id->dev || st.st_ino != id->ino) && setns(owner, CLONE_NEWUSER) == 0) {
		if (setns(mount, CLONE_NEWNS) < 0 || setns(user, CLONE_NEWUSER) < 0)
			return error_errno(err, "joining its namespaces");
		return 0;
	}
	if (setns(user, CLONE_NEWUSER) < 0)
		return error_errno(err, "joining its user namespace");
	if (setns(mount, CLONE_NEWNS) < 0)
		return error_errno(err, "joining its mount namespace");
	return 0;
}

static int enter(const struct rendezvous *r, struct error *err)
{
	_cleanup_close_ int user = open_namespace(r->inside, "user", &r->user_ns, err);
	_cleanup_close_ int mount = -1;
	_cleanup_close_ int registration = -1;
	pid_t self = getpid();
	char path[64];

	if (user < 0)
		return -1;
	mount = open_namespace(r->inside, "mnt", &r->mount_ns, err);
	if (mount < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)r->holder, HOLDER_JOIN_FD);
	registration = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (registration < 0)
		return error_errno(err, "its holder, process %d", (int)r->holder);
	/* The descriptors hold the namespaces: the holder may go, which takes it a moment, while we join. */
	if (write(registration, &self, sizeof(self)) != sizeof(self))
		return error_errno(err, "registering with its holder, process %d", (int)r->holder);
	return join_namespaces(user, mount, &r->user_ns, err);
}

/* A bundle says where its tasks start; in a root file system folder it is where the job is, if that
 * exists there too. */
static int change_folder(const struct rendezvous *r, const char *job_cwd, struct error *err)
{
	const char *cwd = rendezvous_report(r, "cwd");

	if (cwd[0]) {
		if (chdir(cwd) < 0)
			return error_errno(err, "its working folder %s", cwd);
		return 0;
	}
	if (job_cwd[0] != '/' || chdir(job_cwd) < 0)
		return chdir("/") < 0 ? error_errno(err, "its root folder") : 0;
	return 0;
}

/* If slurmstepd is killed nobody ends its tasks; in a container they would go on unseen. */
static int finish(const struct rendezvous *r, const char *job_cwd, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_errno(err, "PR_SET_PDEATHSIG");
	if (strchr(rendezvous_report(r, "flags"), HOLDER_FLAG_NO_NEW_PRIVS) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, "no_new_privs");
	return change_folder(r, job_cwd, err);
}

int join_container(struct rendezvous *r, const struct start_request *request, bool *tell,
		   struct error *err)
{
	char job_cwd[PATH_MAX] = "";
	bool first = false;
	int rc;

	*tell = true;
	if (!getcwd(job_cwd, sizeof(job_cwd)))
		job_cwd[0] = '\0';
	if (rendezvous_lock(r, err) < 0)
		return error_wrap(err, "container %.200s", request->image);
	if (r->state == RENDEZVOUS_EMPTY) {
		first = true;
		start_holder(r, request);
	}
	rendezvous_unlock(r);
	if (r->state != RENDEZVOUS_READY) {
		*tell = first;
		*err = r->error;
		return -1;
	}
	rc = enter(r, err);
	if (rc == 0)
		rc = finish(r, job_cwd, err);
	if (rc < 0)
		return error_wrap(err, "container %.200s", request->image);
	if (first)
		start_reap(r->holder);
	return 0;
}
