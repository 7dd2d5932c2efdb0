/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/names.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

struct name {
	uint32_t id;
	UT_hash_handle hh;
	char text[];
};

static struct name *users, *groups;

static const char *find(struct name **table, uint32_t id)
{
	struct name *n;

	HASH_FIND(hh, *table, &id, sizeof(id), n);
	return n ? n->text : NULL;
}

static const char *keep(struct name **table, uint32_t id, const char *text)
{
	char number[16];
	struct name *n;

	snprintf(number, sizeof(number), "%u", id);
	if (!text)
		text = number;
	n = calloc(1, sizeof(*n) + strlen(text) + 1);
	if (!n)
		return "";
	n->id = id;
	strcpy(n->text, text);
	HASH_ADD(hh, *table, id, sizeof(id), n);
	return n->text;
}

const char *name_of_uid(uint32_t uid)
{
	const char *known = find(&users, uid);
	struct passwd *pw;

	if (known)
		return known;
	pw = getpwuid(uid);
	return keep(&users, uid, pw ? pw->pw_name : NULL);
}

const char *name_of_gid(uint32_t gid)
{
	const char *known = find(&groups, gid);
	struct group *gr;

	if (known)
		return known;
	gr = getgrgid(gid);
	return keep(&groups, gid, gr ? gr->gr_name : NULL);
}
