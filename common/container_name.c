/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/container_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

#define ALLOWED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static const struct {
	const char *word;
	enum container_name_mode mode;
} modes[] = {
	{"auto", CONTAINER_NAME_AUTO},
	{"create", CONTAINER_NAME_CREATE},
	{"exec", CONTAINER_NAME_EXEC},
	{"no_exec", CONTAINER_NAME_NO_EXEC},
};

/* How much of a user's text a message shows. */
static int shown(size_t n)
{
	return n > 80 ? 80 : (int)n;
}

static int take_name(const char *text, size_t n, struct container_name *r, struct error *err)
{
	if (n == 0 || n >= sizeof(r->name) || strspn(text, ALLOWED) < n || strchr(".-", text[0]))
		return error_set(err, EINVAL,
				 "'%.*s' is no name: it takes 1 to 64 letters, digits, '_', '.' "
				 "and '-', the first one no '.' or '-'",
				 shown(n), text);
	memcpy(r->name, text, n);
	r->name[n] = '\0';
	return 0;
}

/* given: whether a mode was named before this flag. */
static int take_flag(const char *flag, size_t n, struct container_name *r, bool *given,
		     struct error *err)
{
	if (n == strlen("global") && !memcmp(flag, "global", n)) {
		r->global = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (n != strlen(modes[i].word) || memcmp(flag, modes[i].word, n))
			continue;
		if (*given && r->mode != modes[i].mode)
			return error_set(err, EINVAL, "'%.*s' contradicts the flag before it",
					 shown(n), flag);
		r->mode = modes[i].mode;
		*given = true;
		return 0;
	}
	return error_set(err, EINVAL,
			 "'%.*s' is no flag: there are auto, create, exec, no_exec and global",
			 shown(n), flag);
}

int container_name_parse(const char *text, struct container_name *ret, struct error *err)
{
	struct container_name r = {.mode = CONTAINER_NAME_AUTO};
	size_t n = strcspn(text, ":");
	bool given = false;

	if (take_name(text, n, &r, err) < 0)
		return -1;
	for (text += n; *text == ':'; text += n) {
		text++;
		n = strcspn(text, ":");
		if (take_flag(text, n, &r, &given, err) < 0)
			return -1;
	}
	*ret = r;
	return 0;
}

void container_name_format_inherited(const struct container_name *name, char *dest)
{
	snprintf(dest, CONTAINER_NAME_TEXT_MAX, "%s%s", name->name, name->global ? ":global" : "");
}
