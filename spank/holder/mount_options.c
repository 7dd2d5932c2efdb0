/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/mount_options.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "spank/holder/mount_api.h"

enum effect { IGNORE, BIND, RBIND, SET, RSET, ATIME, PROPAGATION };

/* Source: OCI runtime-spec 1.1, config.md, "Linux mount options". */
static const struct {
	const char *name;
	enum effect effect;
	uint64_t value;
} table[] = {
	{ "bind", BIND, 0 },
	{ "rbind", RBIND, 0 },
	{ "defaults", IGNORE, 0 },
	{ "ro", SET, MOUNT_ATTR_RDONLY },
	{ "rro", RSET, MOUNT_ATTR_RDONLY },
	{ "rw", IGNORE, 0 },
	{ "rrw", IGNORE, 0 },
	{ "nosuid", SET, MOUNT_ATTR_NOSUID },
	{ "rnosuid", RSET, MOUNT_ATTR_NOSUID },
	{ "suid", IGNORE, 0 },
	{ "rsuid", IGNORE, 0 },
	{ "nodev", SET, MOUNT_ATTR_NODEV },
	{ "rnodev", RSET, MOUNT_ATTR_NODEV },
	{ "dev", IGNORE, 0 },
	{ "rdev", IGNORE, 0 },
	{ "noexec", SET, MOUNT_ATTR_NOEXEC },
	{ "rnoexec", RSET, MOUNT_ATTR_NOEXEC },
	{ "exec", IGNORE, 0 },
	{ "rexec", IGNORE, 0 },
	{ "nodiratime", SET, MOUNT_ATTR_NODIRATIME },
	{ "rnodiratime", RSET, MOUNT_ATTR_NODIRATIME },
	{ "diratime", IGNORE, 0 },
	{ "rdiratime", IGNORE, 0 },
	{ "noatime", ATIME, MOUNT_ATTR_NOATIME },
	{ "rnoatime", ATIME, MOUNT_ATTR_NOATIME },
	{ "relatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "rrelatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "strictatime", ATIME, MOUNT_ATTR_STRICTATIME },
	{ "rstrictatime", ATIME, MOUNT_ATTR_STRICTATIME },
	{ "atime", IGNORE, 0 },
	{ "ratime", IGNORE, 0 },
	{ "norelatime", IGNORE, 0 },
	{ "rnorelatime", IGNORE, 0 },
	{ "nostrictatime", IGNORE, 0 },
	{ "rnostrictatime", IGNORE, 0 },
	{ "sync", IGNORE, 0 },
	{ "async", IGNORE, 0 },
	{ "dirsync", IGNORE, 0 },
	{ "iversion", IGNORE, 0 },
	{ "noiversion", IGNORE, 0 },
	{ "lazytime", IGNORE, 0 },
	{ "nolazytime", IGNORE, 0 },
	{ "mand", IGNORE, 0 },
	{ "nomand", IGNORE, 0 },
	{ "silent", IGNORE, 0 },
	{ "loud", IGNORE, 0 },
	{ "nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "rnosymfollow", RSET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "symfollow", IGNORE, 0 },
	{ "rsymfollow", IGNORE, 0 },
	{ "private", PROPAGATION, MS_PRIVATE },
	{ "rprivate", PROPAGATION, MS_PRIVATE | MS_REC },
	{ "slave", PROPAGATION, MS_SLAVE },
	{ "rslave", PROPAGATION, MS_SLAVE | MS_REC },
	{ "shared", PROPAGATION, MS_SHARED },
	{ "rshared", PROPAGATION, MS_SHARED | MS_REC },
	{ "unbindable", PROPAGATION, MS_UNBINDABLE },
	{ "runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC },
};

static const char *const tmpfs_keys[] = { "size=", "nr_blocks=", "nr_inodes=", "mode=" };

static int add_data(struct mount_options *o, const char *option, struct error *err)
{
	size_t used = strlen(o->data), n = strlen(option);

	if (strchr(option, ','))
		return error_set(err, EINVAL, "the option '%s' holds a comma", option);
	if (used + n + 2 > sizeof(o->data))
		return error_set(err, E2BIG, "too many options");
	if (used)
		o->data[used++] = ',';
	memcpy(o->data + used, option, n + 1);
	return 0;
}

static void apply(struct mount_options *o, enum effect effect, uint64_t value)
{
	switch (effect) {
	case IGNORE:
		break;
	case BIND:
		o->bind = true;
		break;
	case RBIND:
		o->bind = o->recursive = true;
		break;
	case RSET:
		o->recursive = true;
		o->set |= value;
		break;
	case SET:
		o->set |= value;
		break;
	case ATIME:
		o->atime = value;
		o->has_atime = true;
		break;
	case PROPAGATION:
		o->propagation = value;
		break;
	}
}

int mount_options_add(struct mount_options *o, const char *option, bool tmpfs, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!strcmp(option, table[i].name)) {
			apply(o, table[i].effect, table[i].value);
			return 0;
		}
	}
	/* The owner is always the user: there is nobody else in the user namespace. */
	if (tmpfs && (!strncmp(option, "uid=", 4) || !strncmp(option, "gid=", 4)))
		return 0;
	for (size_t i = 0; tmpfs && i < ARRAY_SIZE(tmpfs_keys); i++)
		if (!strncmp(option, tmpfs_keys[i], strlen(tmpfs_keys[i])))
			return add_data(o, option, err);
	return error_set(err, EINVAL, "the option '%s' is not known", option);
}
