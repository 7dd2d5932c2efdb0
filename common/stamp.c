/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/stamp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool stamp_is_uid(const char *text)
{
	if (!text || strnlen(text, STAMP_UID_LENGTH + 1) != STAMP_UID_LENGTH)
		return false;
	for (int i = 0; i < STAMP_UID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* The value if entry is "NAME=VALUE", else NULL. */
static const char *value_of(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return entry && !strncmp(entry, name, n) && entry[n] == '=' ? entry + n + 1 : NULL;
}

const char *environment_find(char *const *environment, uint32_t count, const char *name,
			     uint32_t *index)
{
	for (uint32_t i = 0; environment && i < count; i++) {
		const char *value = value_of(environment[i], name);

		if (!value)
			continue;
		if (index)
			*index = i;
		return value;
	}
	return NULL;
}

uint32_t environment_drop(char **environment, uint32_t count, const char *name,
			  void (*release)(char *entry))
{
	uint32_t kept = 0;

	for (uint32_t i = 0; environment && i < count; i++) {
		char *entry = environment[i];

		environment[i] = NULL;
		if (value_of(entry, name))
			release(entry);
		else
			environment[kept++] = entry;
	}
	return kept;
}

const char *stamp_wanted(char *const *environment, uint32_t count)
{
	const char *uid = environment_find(environment, count, STAMP_VARIABLE, NULL);

	return stamp_is_uid(uid) ? uid : NULL;
}

/* One text of several pieces. */
static char *join(const char *const *pieces, size_t count, stamp_alloc *alloc)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < count; i++)
		size += strlen(pieces[i]);
	text = end = alloc(size);
	for (size_t i = 0; text && i < count; i++)
		end = stpcpy(end, pieces[i]);
	return text;
}

#define BEFORE_UID "{\"slurm-kube\":{\"uid\":\""
#define AFTER_UID "\"}}"

char *stamp_text(const char *comment, const char *uid, stamp_alloc *alloc)
{
	bool first = !comment || !comment[0];
	const char *const pieces[] = {
		first ? "" : comment, first ? "" : " ", BEFORE_UID, uid, AFTER_UID,
	};

	return join(pieces, sizeof(pieces) / sizeof(pieces[0]), alloc);
}

bool stamp_read(const char *comment, char uid[STAMP_UID_LENGTH + 1])
{
	const char *p = comment, *found = NULL;

	while ((p = strstr(p, BEFORE_UID))) {
		p += strlen(BEFORE_UID);
		if (strlen(p) >= STAMP_UID_LENGTH + strlen(AFTER_UID) &&
		    !strncmp(p + STAMP_UID_LENGTH, AFTER_UID, strlen(AFTER_UID)))
			found = p;
	}
	if (!found)
		return false;
	memcpy(uid, found, STAMP_UID_LENGTH);
	uid[STAMP_UID_LENGTH] = '\0';
	return stamp_is_uid(uid);
}

char *environment_entry(const char *name, const char *value, stamp_alloc *alloc)
{
	const char *const pieces[] = { name, "=", value };

	return join(pieces, sizeof(pieces) / sizeof(pieces[0]), alloc);
}
