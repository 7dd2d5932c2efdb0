/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/owner/become.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

int become(const struct passwd *pw, struct error *err)
{
	if (geteuid() == pw->pw_uid)
		return 0;
	if (geteuid() != 0)
		return error_set(err, EPERM,
				 "the agent doesn't run as root and can't act as uid %u",
				 pw->pw_uid);
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return error_errno(err, "becoming user %s", pw->pw_name);
	if (pw->pw_uid != 0 && setuid(0) == 0)
		abort();
	return 0;
}

int become_uid(uid_t uid, struct error *err)
{
	struct passwd *pw = getpwuid(uid);

	if (!pw)
		return error_set(err, ENOENT, "uid %u is no user on the agent's host", uid);
	return become(pw, err);
}
