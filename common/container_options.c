/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/container_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"

#define ROW(key, name, type)                                                                       \
	{                                                                                          \
		key, "SLURM_KUBE_CONTAINER_" name, type                                            \
	}

const struct container_option_row container_option_rows[CONTAINER_OPTION_COUNT] = {
	[CONTAINER_MOUNTS] = ROW("mounts", "MOUNTS", OPTION_LIST),
	[CONTAINER_WORKDIR] = ROW("workdir", "WORKDIR", OPTION_PATH),
	[CONTAINER_ENV] = ROW("env", "ENV", OPTION_LIST),
	[CONTAINER_WRITABLE] = ROW("writable", "WRITABLE", OPTION_TOGGLE),
	[CONTAINER_MOUNT_HOME] = ROW("mount-home", "MOUNT_HOME", OPTION_TOGGLE),
	[CONTAINER_REMAP_ROOT] = ROW("remap-root", "REMAP_ROOT", OPTION_TOGGLE),
	[CONTAINER_ENTRYPOINT] = ROW("entrypoint", "ENTRYPOINT", OPTION_ENTRYPOINT),
	[CONTAINER_NAME] = ROW("name", "NAME", OPTION_TEXT),
	[CONTAINER_SAVE] = ROW("save", "SAVE", OPTION_TEXT),
	[CONTAINER_DEVICE] = ROW("device", "DEVICE", OPTION_LIST),
	[CONTAINER_SCOPE] = ROW("scope", "SCOPE", OPTION_SCOPE),
	[CONTAINER_SLURM] = ROW("slurm", "SLURM", OPTION_TOGGLE),
};

/* Fill *ret with a copy of what value stands for. */
static int normalize(enum container_option_type type, const char *value, char **ret,
		     struct error *err)
{
	static const struct {
		const char *word, *meaning;
	} toggles[] = {
		{"yes", "yes"}, {"1", "yes"}, {"true", "yes"}, {"on", "yes"},
		{"no", "no"},	{"0", "no"},  {"false", "no"}, {"off", "no"},
	};

	if (!value[0])
		return error_set(err, EINVAL, "it is empty");
	if (type == OPTION_PATH && value[0] != '/')
		return error_set(err, EINVAL, "'%s' is not an absolute path", value);
	if (type == OPTION_SCOPE && strcmp(value, "all") && strcmp(value, "steps"))
		return error_set(err, EINVAL, "'%s' is not one of: all, steps", value);
	if (type == OPTION_ENTRYPOINT && !strcmp(value, CONTAINER_COMMAND))
		type = OPTION_TEXT;
	if (type == OPTION_TOGGLE || type == OPTION_ENTRYPOINT) {
		size_t i = 0;

		while (i < ARRAY_SIZE(toggles) && strcasecmp(value, toggles[i].word))
			i++;
		if (i == ARRAY_SIZE(toggles))
			return error_set(err, EINVAL, "'%s' is not one of: yes, no", value);
		value = toggles[i].meaning;
	}
	*ret = strdup(value);
	return *ret ? 0 : error_set(err, ENOMEM, "out of memory");
}

int container_options_set(struct container_options *o, enum container_option option,
			  const char *value, struct error *err)
{
	enum container_option_type type = container_option_rows[option].type;
	char **slot = &o->value[option];
	_cleanup_free_ char *normal = NULL;
	char *longer;

	if (normalize(type, value, &normal, err) < 0)
		return -1;
	if (type == OPTION_LIST && *slot) {
		if (asprintf(&longer, "%s,%s", *slot, normal) < 0)
			return error_set(err, ENOMEM, "out of memory");
		free(normal);
		normal = longer;
	}
	free(*slot);
	*slot = TAKE_PTR(normal);
	return 0;
}

bool container_options_on(const struct container_options *o, enum container_option option,
			  bool fallback)
{
	const char *value = o->value[option];

	return value ? !strcmp(value, "yes") : fallback;
}

static int hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Take %XX back, in place. Returns 0, or -1 for a broken one. */
static int unescape(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		int high, low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = hex(from[1]);
		low = high < 0 ? -1 : hex(from[2]);
		if (low < 0 || (high == 0 && low == 0))
			return -1;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return 0;
}

static int parse_item(char *item, struct container_options *o, struct error *err)
{
	char *value = strchr(item, '=');

	if (!value)
		return error_set(err, EINVAL, "'%s' has no value", item);
	*value++ = '\0';
	if (unescape(value) < 0)
		return error_set(err, EINVAL, "'%s' has a broken %%XX", item);
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++) {
		if (strcmp(item, container_option_rows[i].key))
			continue;
		if (container_options_set(o, i, value, err) < 0)
			return error_wrap(err, "%s", item);
		return 0;
	}
	return error_set(err, EINVAL,
			 "there is no option '%s' here: is this node's slurm-kube older than the "
			 "one that submitted the job?",
			 item);
}

int container_options_parse(const char *text, struct container_options *ret, struct error *err)
{
	_cleanup_free_ char *copy = NULL;
	char *save = NULL;

	if (!text || !text[0])
		return 0;
	if (strnlen(text, CONTAINER_OPTIONS_MAX + 1) > CONTAINER_OPTIONS_MAX)
		return error_set(err, E2BIG, CONTAINER_OPTIONS_VARIABLE " is longer than %d bytes",
				 CONTAINER_OPTIONS_MAX);
	copy = strdup(text);
	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	for (char *item = strtok_r(copy, "&", &save); item; item = strtok_r(NULL, "&", &save)) {
		if (parse_item(item, ret, err) < 0) {
			container_options_free(ret);
			return error_wrap(err, CONTAINER_OPTIONS_VARIABLE);
		}
	}
	return 0;
}

static int add_escaped(struct buffer *b, const char *value)
{
	for (; *value; value++) {
		unsigned char c = *value;
		int rc = c == '%' || c == '&' || c < 0x20 || c == 0x7f
				 ? buffer_printf(b, "%%%02X", c)
				 : buffer_add(b, value, 1);

		if (rc < 0)
			return -1;
	}
	return 0;
}

char *container_options_format(const struct container_options *o)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(CONTAINER_OPTIONS_MAX);

	if (buffer_add(&b, "", 0) < 0)
		return NULL;
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++) {
		if (!o->value[i])
			continue;
		if (buffer_printf(&b, "%s%s=", b.used ? "&" : "", container_option_rows[i].key) <
			    0 ||
		    add_escaped(&b, o->value[i]) < 0)
			return NULL;
	}
	return b.data ? TAKE_PTR(b.data) : strdup("");
}

void container_options_free(struct container_options *o)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++) {
		free(o->value[i]);
		o->value[i] = NULL;
	}
}
