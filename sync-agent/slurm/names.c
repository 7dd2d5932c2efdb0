/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/names.h"

#include <grp.h>
#include <pthread.h>
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
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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

static const char *user_name(uint32_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return pw ? pw->pw_name : NULL;
}

static const char *group_name(uint32_t gid)
{
	struct group *gr = getgrgid(gid);

	return gr ? gr->gr_name : NULL;
}

static const char *name_of(struct name **table, uint32_t id, const char *(*ask)(uint32_t))
{
	const char *name;

	pthread_mutex_lock(&lock);
	name = find(table, id);
	if (!name)
		name = keep(table, id, ask(id));
	pthread_mutex_unlock(&lock);
	return name;
}

const char *name_of_uid(uint32_t uid)
{
	return name_of(&users, uid, user_name);
}

const char *name_of_gid(uint32_t gid)
{
	return name_of(&groups, gid, group_name);
}
