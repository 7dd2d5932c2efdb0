/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/cdi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "spank/holder/cdi_edits.h"
#include "spank/holder/cdi_spec.h"

struct spec {
	struct json_object *json;
	size_t folder; /* which one of those given, from 0 */
	char *path;
	bool applied; /* what it says for all its devices */
};

struct cdi {
	struct spec specs[CDI_FILES_MAX];
	size_t count;
	struct error problem; /* of the first file that can't be used; code 0 if all can */
	struct buffer done;   /* the devices applied: ",vendor/class=name,..." */
};

static bool is_spec_file(const struct dirent *entry)
{
	static const char *const ends[] = {".json", ".yaml", ".yml"};
	const char *end = strrchr(entry->d_name, '.');

	for (size_t i = 0; end && end != entry->d_name && i < ARRAY_SIZE(ends); i++)
		if (!strcmp(end, ends[i]))
			return true;
	return false;
}

static int filter(const struct dirent *entry)
{
	return is_spec_file(entry);
}

static void load_file(struct cdi *c, const char *folder, size_t number, const char *name)
{
	struct spec *s = &c->specs[c->count];
	struct error err = {0}, *problem = c->problem.code ? &err : &c->problem;

	if (c->count == CDI_FILES_MAX) {
		error_set(problem, E2BIG, "there are more than %d CDI files", CDI_FILES_MAX);
		return;
	}
	if (asprintf(&s->path, "%s/%s", folder, name) < 0) {
		error_set(problem, ENOMEM, "out of memory");
		return;
	}
	s->json = cdi_spec_load(s->path, problem);
	if (!s->json) {
		free(s->path);
		return;
	}
	s->folder = number;
	c->count++;
}

static void load_folder(struct cdi *c, const char *folder, size_t number)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, filter, alphasort);

	if (n < 0 && errno != ENOENT && !c->problem.code)
		error_errno(&c->problem, "CDI folder %s", folder);
	for (int i = 0; i < n; i++) {
		load_file(c, folder, number, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

int cdi_load(const char *folders, struct cdi **ret, struct error *err)
{
	_cleanup_free_ char *copy = strdup(folders ? folders : CDI_FOLDERS);
	struct cdi *c = calloc(1, sizeof(*c));
	char *save = NULL;
	size_t number = 0;

	if (!copy || !c) {
		free(c);
		return error_set(err, ENOMEM, "out of memory");
	}
	for (char *f = strtok_r(copy, ":", &save); f; f = strtok_r(NULL, ":", &save))
		load_folder(c, f, number++);
	c->done = BUFFER_INIT(1024 * 1024);
	*ret = c;
	return 0;
}

static struct json_object *device_of(const struct spec *s, const char *name)
{
	struct json_object *devices = json_get(s->json, "devices");

	for (size_t i = 0; i < json_length(devices); i++) {
		struct json_object *device = json_object_array_get_idx(devices, i);

		if (!strcmp(json_get_string(device, "name"), name))
			return device;
	}
	return NULL;
}

static bool has_kind(const struct spec *s, const char *kind, size_t n)
{
	const char *own = json_get_string(s->json, "kind");

	return strlen(own) == n && !memcmp(own, kind, n);
}

/* Every device that there is, up to what fits into an error's text. */
static void list_devices(const struct cdi *c, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (size_t i = 0; i < c->count; i++) {
		struct json_object *devices = json_get(c->specs[i].json, "devices");

		for (size_t d = 0; d < json_length(devices); d++) {
			int n = snprintf(
				text + used, size - used, "%s%s=%s", used ? ", " : "",
				json_get_string(c->specs[i].json, "kind"),
				json_get_string(json_object_array_get_idx(devices, d), "name"));

			if ((size_t)n >= size - used) {
				snprintf(text + used, size - used, " ...");
				return;
			}
			used += n;
		}
	}
}

static int unknown(const struct cdi *c, const char *name, struct error *err)
{
	char known[200];

	list_devices(c, known, sizeof(known));
	if (c->problem.code)
		return error_set(err, ENODEV,
				 "device %.100s is not known on this node; there are: "
				 "%s; and %.150s",
				 name, known, c->problem.text);
	return error_set(err, ENODEV, "device %.100s is not known on this node; there are: %s",
			 name, known);
}

/* The file that describes a device: that of the last folder. *twice: it is in two of that folder.
 */
static struct spec *find(struct cdi *c, const char *name, bool *twice)
{
	const char *equals = strchr(name, '=');
	struct spec *found = NULL;

	*twice = false;
	for (size_t i = 0; i < c->count; i++) {
		struct spec *s = &c->specs[i];

		if (!has_kind(s, name, equals - name) || !device_of(s, equals + 1))
			continue;
		*twice = found && found->folder == s->folder;
		found = s;
	}
	return found;
}

static int apply_one(struct cdi *c, const char *name, struct bundle *b, struct error *err)
{
	bool twice;
	struct spec *s = find(c, name, &twice);
	struct json_object *device;

	if (!s)
		return unknown(c, name, err);
	if (twice)
		return error_set(err, EEXIST, "device %s is described twice, the last time in %s",
				 name, s->path);
	device = device_of(s, strchr(name, '=') + 1);
	if (cdi_edits_apply(json_get(device, "containerEdits"), b, err) < 0)
		return error_wrap(err, "device %s (%s)", name, s->path);
	if (s->applied)
		return 0;
	s->applied = true;
	if (cdi_edits_apply(json_get(s->json, "containerEdits"), b, err) < 0)
		return error_wrap(err, "device %s (%s)", name, s->path);
	return 0;
}

static int apply_once(struct cdi *c, const char *name, struct bundle *b, struct error *err)
{
	_cleanup_free_ char *wanted = NULL;

	if (asprintf(&wanted, ",%s,", name) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (c->done.used && strstr(c->done.data, wanted))
		return 0;
	if (buffer_printf(&c->done, "%s%s", c->done.used ? "" : ",", wanted + 1) < 0)
		return error_set(err, E2BIG, "too many devices");
	return apply_one(c, name, b, err);
}

static int apply_all_of(struct cdi *c, const char *kind, size_t n, struct bundle *b,
			struct error *err)
{
	bool any = false;

	for (size_t i = 0; i < c->count; i++) {
		struct json_object *devices = json_get(c->specs[i].json, "devices");

		for (size_t d = 0; has_kind(&c->specs[i], kind, n) && d < json_length(devices);
		     d++) {
			_cleanup_free_ char *name = NULL;

			any = true;
			if (asprintf(&name, "%.*s=%s", (int)n, kind,
				     json_get_string(json_object_array_get_idx(devices, d),
						     "name")) < 0)
				return error_set(err, ENOMEM, "out of memory");
			if (apply_once(c, name, b, err) < 0)
				return -1;
		}
	}
	return any ? 0 : unknown(c, kind, err); /* the whole name: it ends in "=all" */
}

int cdi_apply(struct cdi *c, const char *names, struct bundle *b, struct error *err)
{
	_cleanup_free_ char *copy = strdup(names);
	char *save = NULL;
	int rc = 0;

	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	for (char *name = strtok_r(copy, ",", &save); name && rc == 0;
	     name = strtok_r(NULL, ",", &save)) {
		bool twice;

		if (!cdi_is_name(name))
			return error_set(err, EINVAL,
					 "device '%.100s' is not of the form "
					 "vendor/class=name",
					 name);
		if (!strcmp(strchr(name, '='), "=all") && !find(c, name, &twice))
			rc = apply_all_of(c, name, strcspn(name, "="), b, err);
		else
			rc = apply_once(c, name, b, err);
	}
	return rc;
}

const char *cdi_gpu_kind(const struct cdi *c)
{
	const char *found = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const char *kind = json_get_string(c->specs[i].json, "kind");

		if (strcmp(strchr(kind, '/'), "/gpu"))
			continue;
		if (found && strcmp(found, kind))
			return NULL;
		found = kind;
	}
	return found;
}

void cdi_free(struct cdi *c)
{
	for (size_t i = 0; c && i < c->count; i++) {
		json_object_put(c->specs[i].json);
		free(c->specs[i].path);
	}
	if (c)
		buffer_free(&c->done);
	free(c);
}
