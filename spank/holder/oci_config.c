/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/oci_config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"

/* The host's own are in the root already. A runtime that isn't told so would put devices of its own
 * into the host's /dev. */
static const char *const from_host[] = {"/dev", "/proc", "/sys"};

/* The container holds nobody but the user, so these are capabilities over what is the user's. */
static const char *const capabilities[] = {
	"CAP_CHOWN",	 "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER",  "CAP_FSETID",
	"CAP_KILL",	 "CAP_SETGID",	     "CAP_SETUID",	    "CAP_SETPCAP", "CAP_SYS_CHROOT",
	"CAP_SYS_ADMIN", "CAP_SYS_PTRACE",   "CAP_SETFCAP",
};

static struct json_object *strings(const char *const *items, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n && items[i]; i++)
		json_object_array_add(array, json_object_new_string(items[i]));
	return array;
}

static struct json_object *words(const char *one)
{
	return strings(&one, 1);
}

static struct json_object *process(const struct oci_config *c)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	struct json_object *o = json_object_new_object(), *user = json_object_new_object();
	struct json_object *caps = json_object_new_object();

	json_set_int(user, "uid", 0);
	json_set_int(user, "gid", 0);
	json_object_object_add(o, "user", user);
	json_object_object_add(o, "args", strings(c->args, 64));
	json_object_object_add(o, "env",
			       strings((const char *const *)c->bundle->env, c->bundle->env_count));
	/* Where the tasks begin is their own affair: it may be missing here. */
	json_set_string(o, "cwd", "/");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		json_object_object_add(caps, sets[i],
				       strings(capabilities, ARRAY_SIZE(capabilities)));
	json_object_object_add(o, "capabilities", caps);
	return o;
}

static struct json_object *mounts(const struct oci_config *c)
{
	struct json_object *array = json_object_new_array();
	char source[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(from_host); i++) {
		struct json_object *m = json_object_new_object();

		snprintf(source, sizeof(source), "%s%s", c->root, from_host[i]);
		json_set_string(m, "destination", from_host[i]);
		json_set_string(m, "type", "bind");
		json_set_string(m, "source", source);
		json_object_object_add(m, "options", words("rbind"));
		json_object_array_add(array, m);
	}
	return array;
}

static struct json_object *linux_section(void)
{
	struct json_object *o = json_object_new_object(), *namespaces = json_object_new_array();
	struct json_object *mount = json_object_new_object();

	json_set_string(mount, "type", "mount");
	json_object_array_add(namespaces, mount);
	json_object_object_add(o, "namespaces", namespaces);
	return o;
}

struct json_object *oci_config(const struct oci_config *c)
{
	struct json_object *o = json_object_new_object(), *root = json_object_new_object();
	struct json_object *hooks = c->with_hooks ? hooks_to_json(&c->bundle->hooks) : NULL;

	json_set_string(o, "ociVersion", "1.0.2");
	json_set_string(root, "path", c->root);
	json_set_bool(root, "readonly", c->bundle->read_only);
	json_object_object_add(o, "root", root);
	json_object_object_add(o, "process", process(c));
	json_object_object_add(o, "mounts", mounts(c));
	json_object_object_add(o, "linux", linux_section());
	if (hooks)
		json_object_object_add(o, "hooks", hooks);
	return o;
}

int oci_config_write(const struct oci_config *c, const char *folder, struct error *err)
{
	_cleanup_json_ struct json_object *o = oci_config(c);
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY);
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	size_t n = strlen(text);

	if ((size_t)snprintf(path, sizeof(path), "%s/config.json", folder) >= sizeof(path))
		return error_set(err, ENAMETOOLONG, "%s: the path is too long", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return error_errno(err, "%s", path);
	return 0;
}
