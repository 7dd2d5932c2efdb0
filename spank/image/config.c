/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"

/* Copy an array of strings. ret: ends in NULL; NULL if there is no such array or it is empty. */
static int take_strings(struct json_object *config, const char *path, char ***ret, size_t *count,
			struct error *err)
{
	struct json_object *list = json_get(config, path);
	size_t n = json_length(list);

	if (list && !json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "%s is not an array", path);
	if (!n)
		return 0;
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return error_set(err, ENOMEM, "out of memory");
	for (*count = 0; *count < n; ++*count) {
		struct json_object *item = json_object_array_get_idx(list, *count);

		if (!json_object_is_type(item, json_type_string))
			return error_set(err, EINVAL, "%s[%zu] is not a string", path, *count);
		(*ret)[*count] = strdup(json_object_get_string(item));
		if (!(*ret)[*count])
			return error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int take_folder(struct bundle *b, const char *folder, struct error *err)
{
	if (!folder || !folder[0])
		b->cwd = strdup("");
	else if (asprintf(&b->cwd, "%s%s", folder[0] == '/' ? "" : "/", folder) < 0)
		b->cwd = NULL;
	if (!b->cwd)
		return error_set(err, ENOMEM, "out of memory");
	if (strlen(b->cwd) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "config.WorkingDir is longer than %d bytes",
				 PATH_MAX);
	return 0;
}

int image_config_parse(struct bundle *b, const char *text, size_t len, struct error *err)
{
	_cleanup_json_ struct json_object *config = json_parse(text, len, err);
	size_t words = 0, command_words = 0;

	if (!config)
		return error_wrap(err, "the image's configuration");
	if (!json_object_is_type(config, json_type_object))
		return error_set(err, EINVAL, "the image's configuration is not a JSON object");
	if (take_folder(b, json_get_string(config, "config.WorkingDir"), err) < 0 ||
	    take_strings(config, "config.Env", &b->env, &b->env_count, err) < 0 ||
	    take_strings(config, "config.Entrypoint", &b->entrypoint, &words, err) < 0 ||
	    take_strings(config, "config.Cmd", &b->command, &command_words, err) < 0)
		return error_wrap(err, "the image's configuration");
	return 0;
}

void image_config_user(const char *text, size_t len, char *dest, size_t size)
{
	_cleanup_json_ struct json_object *config = json_parse(text, len, NULL);
	const char *user = config ? json_get_string(config, "config.User") : NULL;
	size_t n;

	if (!user)
		user = "";
	n = strcspn(user, ":");
	if ((n == 4 && !memcmp(user, "root", 4)) || (n == 1 && user[0] == '0'))
		n = 0;
	snprintf(dest, size, "%.*s", (int)n, user);
}
