/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

static int write_file(const char *path, const char *text, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_errno(err, "%s", path);
	return 0;
}

static int read_number(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	int value = -1;

	if (!f || fscanf(f, "%d", &value) != 1)
		return -1;
	return value;
}

/* Which setting forbids user namespaces here? */
static const char *remedy(int code)
{
	if (read_number("/proc/sys/user/max_user_namespaces") == 0)
		return "sysctl user.max_user_namespaces is 0 on this node";
	if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return "sysctl kernel.unprivileged_userns_clone is 0 on this node";
	if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		return "AppArmor restricts user namespaces on this node: give slurm-kube-holder a "
		       "profile "
		       "that allows userns";
	if (code == ENOSPC)
		return "this user has reached sysctl user.max_user_namespaces or "
		       "max_mnt_namespaces";
	return "does a security module forbid it?";
}

static int unshare_or_explain(int flags, struct error *err)
{
	int code;

	if (unshare(flags) == 0)
		return 0;
	code = errno;
	return error_set(err, code, "user namespaces can't be used (%s): %s", strerror(code),
			 remedy(code));
}

int namespace_enter_user(bool as_root, struct error *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare_or_explain(CLONE_NEWUSER, err) < 0)
		return -1;
	/* Without privilege a gid map can be written only once setgroups() is out of reach. */
	if (write_file("/proc/self/setgroups", "deny", err) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1\n", as_root ? 0 : uid, uid);
	if (write_file("/proc/self/uid_map", map, err) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1\n", as_root ? 0 : gid, gid);
	return write_file("/proc/self/gid_map", map, err);
}

int namespace_nest_user(uid_t uid, gid_t gid, struct error *err)
{
	char map[64];

	if (unshare_or_explain(CLONE_NEWUSER, err) < 0 ||
	    write_file("/proc/self/setgroups", "deny", err) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u 0 1\n", uid);
	if (write_file("/proc/self/uid_map", map, err) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u 0 1\n", gid);
	return write_file("/proc/self/gid_map", map, err);
}

int namespace_enter_mount(struct error *err)
{
	if (unshare_or_explain(CLONE_NEWNS, err) < 0)
		return -1;
	/* What the host mounts later (automounter) still shows up; what we mount stays here. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(err, "mount propagation of /");
	return 0;
}

int namespace_join(pid_t pid, struct error *err)
{
	_cleanup_close_ int fd = syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 || setns(fd, CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return error_errno(err, "joining the namespaces of process %d", (int)pid);
	return 0;
}

static ino_t number(const char *pid, const char *type)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/%s", pid, type);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

struct namespace_ids namespace_ids(const char *pid)
{
	return (struct namespace_ids){.mount = number(pid, "mnt"), .user = number(pid, "user")};
}

static bool sees(const char *pid, const char *path, const struct stat *mark)
{
	char inside[PATH_MAX];
	struct stat st;

	snprintf(inside, sizeof(inside), "/proc/%.20s/root%s", pid, path);
	return stat(inside, &st) == 0 && st.st_dev == mark->st_dev && st.st_ino == mark->st_ino;
}

pid_t namespace_find(struct namespace_ids ids, const char *path, const struct stat *mark)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (ids.mount && proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    number(entry->d_name, "mnt") == ids.mount &&
		    number(entry->d_name, "user") == ids.user && sees(entry->d_name, path, mark))
			return atoi(entry->d_name);
	return 0;
}
