/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container_check.h"
#include "common/container_policy.h"
#include "common/image_reference.h"
#include "common/path_text.h"

#define ITEM_MAX 4096

static void free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

void container_policy_free(struct container_policy *policy)
{
	free_list(policy->images_allowed);
	free_list(policy->images_denied);
	free_list(policy->mounts_denied);
	free_list(policy->default_images);
	container_options_free(&policy->forced);
	container_options_free(&policy->defaults);
	*policy = (struct container_policy){0};
}

static int add(char ***list, const char *text, struct error *err)
{
	size_t n = 0;
	char **grown, *copy;

	while (*list && (*list)[n])
		n++;
	copy = strdup(text);
	grown = copy ? realloc(*list, (n + 2) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		return error_set(err, ENOMEM, "out of memory");
	}
	grown[n] = copy;
	grown[n + 1] = NULL;
	*list = grown;
	return 0;
}

typedef int take_item(struct container_policy *policy, char *item, struct error *err);

/* Give each item of a list to take, without the blanks around it. One item at least: an empty list
 * would be taken for no rule. */
static int each_item(struct container_policy *policy, const char *value, const char *separator,
		     take_item *take, struct error *err)
{
	_cleanup_free_ char *copy = strdup(value);
	char *save = NULL;
	int count = 0;

	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	for (char *item = strtok_r(copy, separator, &save); item;
	     item = strtok_r(NULL, separator, &save)) {
		size_t n;

		item += strspn(item, " \t");
		for (n = strlen(item); n && isspace((unsigned char)item[n - 1]); n--)
			item[n - 1] = '\0';
		if (!item[0] || n >= ITEM_MAX)
			return error_set(err, EINVAL, "there is an empty or a very long item");
		if (take(policy, item, err) < 0)
			return -1;
		count++;
	}
	return count ? 0 : error_set(err, EINVAL, "it is empty");
}

static int take_allowed(struct container_policy *policy, char *item, struct error *err)
{
	return add(&policy->images_allowed, item, err);
}

static int take_denied(struct container_policy *policy, char *item, struct error *err)
{
	return add(&policy->images_denied, item, err);
}

static int take_mount(struct container_policy *policy, char *item, struct error *err)
{
	char path[ITEM_MAX];

	if (path_text_join(NULL, item, path, sizeof(path)) < 0)
		return error_set(err, EINVAL, "'%.200s' is not an absolute path", item);
	return add(&policy->mounts_denied, path, err);
}

/* Which option a word is, or -1 with err filled. */
static int find_option(const char *word, struct error *err)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (!strcmp(word, container_option_rows[i].key))
			return i;
	return error_set(err, EINVAL, "there is no option '%.80s'; write it without --container-",
			 word);
}

static int take_forced(struct container_policy *policy, char *item, struct error *err)
{
	char *value = strchr(item, '=');
	int option;

	if (!value)
		return error_set(err, EINVAL, "'%.200s' is not of the form OPTION=VALUE", item);
	*value++ = '\0';
	option = find_option(item, err);
	if (option < 0)
		return -1;
	if (container_option_check(option, value, err) < 0 ||
	    container_options_set(&policy->forced, option, value, err) < 0)
		return error_wrap(err, "%s", item);
	return 0;
}

static int take_forbidden(struct container_policy *policy, char *item, struct error *err)
{
	int option = find_option(item, err);

	if (option < 0)
		return -1;
	policy->forbidden[option] = true;
	return 0;
}

static int take_default_image(struct container_policy *policy, char *item, struct error *err)
{
	struct image_reference image;
	char *name = strchr(item, '=');

	if (!name || name == item)
		return error_set(err, EINVAL, "'%.200s' is not of the form PARTITION=IMAGE", item);
	if (image_reference_parse(name + 1, &image, err) < 0)
		return error_wrap(err, "image '%.200s'", name + 1);
	if (image.kind != IMAGE_DOCKER && image.name[0] != '/')
		return error_set(err, EINVAL, "image '%.200s' is not an absolute path", name + 1);
	return add(&policy->default_images, item, err);
}

static int set_images_allowed(struct container_policy *p, const char *value, struct error *err)
{
	return each_item(p, value, ",", take_allowed, err);
}

static int set_images_denied(struct container_policy *p, const char *value, struct error *err)
{
	return each_item(p, value, ",", take_denied, err);
}

static int set_mounts_denied(struct container_policy *p, const char *value, struct error *err)
{
	return each_item(p, value, ",", take_mount, err);
}

static int set_options_forced(struct container_policy *p, const char *value, struct error *err)
{
	return each_item(p, value, ",", take_forced, err);
}

static int set_options_forbidden(struct container_policy *p, const char *value, struct error *err)
{
	return each_item(p, value, ",", take_forbidden, err);
}

static int set_default_image(struct container_policy *p, const char *value, struct error *err)
{
	return each_item(p, value, ";", take_default_image, err);
}

static int set_mount_home(struct container_policy *p, const char *value, struct error *err)
{
	return container_options_set(&p->defaults, CONTAINER_MOUNT_HOME, value, err);
}

static int set_entrypoint(struct container_policy *p, const char *value, struct error *err)
{
	if (!strcmp(value, CONTAINER_COMMAND))
		return error_set(err, EINVAL, "'%s' is not one of: yes, no", value);
	return container_options_set(&p->defaults, CONTAINER_ENTRYPOINT, value, err);
}

const struct container_policy_setting container_policy_settings[] = {
	{"ImagesAllowed", set_images_allowed},
	{"ImagesDenied", set_images_denied},
	{"MountsDenied", set_mounts_denied},
	{"OptionsForced", set_options_forced},
	{"OptionsForbidden", set_options_forbidden},
	{"DefaultImage", set_default_image},
	{"MountHome", set_mount_home},
	{"Entrypoint", set_entrypoint},
	{NULL, NULL},
};
