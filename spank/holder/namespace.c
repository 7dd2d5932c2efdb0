/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
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
		return "AppArmor restricts user namespaces on this node: give slurm-kube-holder a profile "
		       "that allows userns";
	if (code == ENOSPC)
		return "this user has reached sysctl user.max_user_namespaces or max_mnt_namespaces";
	return "does a security module forbid it?";
}

int namespace_enter(struct error *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		int code = errno;

		return error_set(err, code, "user namespaces can't be used (%s): %s", strerror(code),
				 remedy(code));
	}
	/* Without privilege a gid map can be written only once setgroups() is out of reach. */
	if (write_file("/proc/self/setgroups", "deny", err) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	if (write_file("/proc/self/uid_map", map, err) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	if (write_file("/proc/self/gid_map", map, err) < 0)
		return -1;
	/* What the host mounts later (automounter) still shows up; what we mount stays here. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(err, "mount propagation of /");
	return 0;
}
