/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/container_check.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container_mount.h"
#include "common/container_name.h"
#include "common/image_reference.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* How much of a user's text a message shows. */
static int shown(size_t n)
{
	return n > 80 ? 80 : (int)n;
}

/* Copy up to an unescaped ','. Returns where it ended, or NULL if it doesn't fit. */
static const char *copy_value(const char *p, char *dest, size_t size)
{
	size_t n = 0;

	for (; *p && *p != ','; p++) {
		if (*p == '\\' && (p[1] == ',' || p[1] == '\\'))
			p++;
		if (n + 1 >= size)
			return NULL;
		dest[n++] = *p;
	}
	dest[n] = '\0';
	return p;
}

int container_env_next(const char **rest, struct container_env *ret, struct error *err)
{
	const char *item = *rest + strspn(*rest, ","), *p;
	size_t n = strcspn(item, ",=");

	*rest = item;
	if (!*item)
		return 0;
	if (n == 0 || n >= sizeof(ret->name) || isdigit((unsigned char)item[0]) ||
	    strspn(item, LETTERS DIGITS "_") < n)
		return error_set(err, EINVAL,
				 "'%.*s' is no name of a variable; write NAME or NAME=VALUE, with "
				 "a \\ before a comma in a value",
				 shown(n), item);
	memcpy(ret->name, item, n);
	ret->name[n] = '\0';
	ret->has_value = item[n] == '=';
	ret->value[0] = '\0';
	p = item + n;
	if (ret->has_value)
		p = copy_value(p + 1, ret->value, sizeof(ret->value));
	if (!p)
		return error_set(err, E2BIG, "the value of %s is longer than %zu bytes", ret->name,
				 sizeof(ret->value) - 1);
	*rest = p;
	return 1;
}

/* Copy n bytes of text if they are of these characters and begin and end with a letter or digit. */
static bool take_word(const char *text, size_t n, const char *allowed, char *dest, size_t size)
{
	if (n == 0 || n >= size || strspn(text, allowed) < n || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[n - 1]))
		return false;
	memcpy(dest, text, n);
	dest[n] = '\0';
	return true;
}

static bool take_device(const char *item, size_t n, struct container_device *r)
{
	char word[sizeof(r->kind)];
	const char *slash = memchr(item, '/', n), *equals = memchr(item, '=', n);

	if (!slash || !equals || slash > equals)
		return false;
	if (!take_word(item, slash - item, LETTERS DIGITS "_.-", word, sizeof(word)) ||
	    !take_word(slash + 1, equals - slash - 1, LETTERS DIGITS "_-", word, sizeof(word)) ||
	    !take_word(equals + 1, item + n - equals - 1, LETTERS DIGITS "_.:-", r->name,
		       sizeof(r->name)) ||
	    (size_t)(equals - item) >= sizeof(r->kind))
		return false;
	memcpy(r->kind, item, equals - item);
	r->kind[equals - item] = '\0';
	return true;
}

int container_device_next(const char **rest, struct container_device *ret, struct error *err)
{
	const char *item = *rest + strspn(*rest, ",");
	size_t n = strcspn(item, ",");

	*rest = item;
	if (!*item)
		return 0;
	if (!take_device(item, n, ret))
		return error_set(err, EINVAL,
				 "'%.*s' is no CDI device; write VENDOR/CLASS=NAME, such as "
				 "nvidia.com/gpu=all",
				 shown(n), item);
	*rest = item + n;
	return 1;
}

static int check_mounts(const char *value, struct error *err)
{
	struct container_mount mount;
	int rc;

	while ((rc = container_mount_next(&value, &mount, err)) > 0)
		;
	return rc;
}

static int check_env(const char *value, struct error *err)
{
	struct container_env item;
	int rc;

	while ((rc = container_env_next(&value, &item, err)) > 0)
		;
	return rc;
}

static int check_device(const char *value, struct error *err)
{
	struct container_device device;
	int rc;

	while ((rc = container_device_next(&value, &device, err)) > 0)
		;
	return rc;
}

static int check_name(const char *value, struct error *err)
{
	struct container_name name;

	return container_name_parse(value, &name, err);
}

static int check_save(const char *value, struct error *err)
{
	struct image_reference image;

	if (image_reference_parse(value, &image, err) < 0)
		return -1;
	if (image.kind == IMAGE_DOCKER || image.digest[0])
		return error_set(err, EINVAL,
				 "'%.*s' is no file to save to; write a path for a SquashFS file, "
				 "or oci:PATH[:TAG]",
				 shown(strlen(value)), value);
	return 0;
}

static int (*const checks[CONTAINER_OPTION_COUNT])(const char *value, struct error *err) = {
	[CONTAINER_MOUNTS] = check_mounts, [CONTAINER_ENV] = check_env,
	[CONTAINER_NAME] = check_name,	   [CONTAINER_SAVE] = check_save,
	[CONTAINER_DEVICE] = check_device,
};

int container_option_check(enum container_option option, const char *value, struct error *err)
{
	_cleanup_container_options_ struct container_options scratch = {0};

	if (container_options_set(&scratch, option, value, err) < 0)
		return -1;
	return checks[option] ? checks[option](value, err) : 0;
}

int container_options_check(const struct container_options *o, struct error *err)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (o->value[i] && container_option_check(i, o->value[i], err) < 0)
			return error_wrap(err, "--container-%s", container_option_rows[i].key);
	return 0;
}
