/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/cdi_spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/json.h"
#include "common/yaml.h"

/* Letters and digits, with some others in between. */
static bool is_word(const char *text, size_t n, const char *between)
{
	if (n == 0 || !isalnum((unsigned char)text[0]) || !isalnum((unsigned char)text[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(between, text[i]))
			return false;
	return strnlen(text, n) == n;
}

static bool is_kind(const char *text, size_t n)
{
	const char *slash = memchr(text, '/', n);
	size_t vendor = slash ? (size_t)(slash - text) : 0;

	return slash && vendor <= 253 && n - vendor - 1 <= 63 && is_word(text, vendor, "_-.") &&
	       is_word(slash + 1, n - vendor - 1, "_-.");
}

bool cdi_is_kind(const char *kind)
{
	return is_kind(kind, strlen(kind));
}

bool cdi_is_name(const char *name)
{
	size_t n = strcspn(name, "=");

	return name[n] && is_kind(name, n) && is_word(name + n + 1, strlen(name + n + 1), "_-.:");
}

static int check_device(struct json_object *devices, size_t i, struct error *err)
{
	struct json_object *device = json_object_array_get_idx(devices, i);
	const char *name = json_get_string(device, "name");

	if (!name || strlen(name) > 255 || !is_word(name, strlen(name), "_-.:"))
		return error_set(err, EINVAL,
				 "devices[%zu]: its name '%.100s' is not letters, "
				 "digits and _-.: between them",
				 i, name ? name : "");
	if (!json_object_is_type(json_get(device, "containerEdits"), json_type_object))
		return error_set(err, EINVAL, "device %s has no containerEdits", name);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_twice(struct json_object *devices, struct error *err)
{
	size_t n = json_length(devices);
	_cleanup_free_ const char **names = calloc(n, sizeof(*names));

	if (!names)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		names[i] = json_get_string(json_object_array_get_idx(devices, i), "name");
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(names[i - 1], names[i]))
			return error_set(err, EINVAL, "device %s is there twice", names[i]);
	return 0;
}

static int check(struct json_object *o, struct error *err)
{
	const char *version = json_get_string(o, "cdiVersion"), *kind = json_get_string(o, "kind");
	struct json_object *devices = json_get(o, "devices"),
			   *edits = json_get(o, "containerEdits");
	size_t n = json_length(devices);

	if (!version)
		return error_set(err, EINVAL, "it has no cdiVersion (a string)");
	if (strncmp(version, "0.", 2) && strncmp(version, "1.", 2))
		return error_set(err, ENOTSUP, "its cdiVersion %.20s is not known", version);
	if (!kind || !cdi_is_kind(kind))
		return error_set(err, EINVAL, "its kind '%.100s' is not of the form vendor/class",
				 kind ? kind : "");
	if (n == 0)
		return error_set(err, EINVAL, "it has no devices");
	if (n > CDI_DEVICES_MAX)
		return error_set(err, E2BIG, "%zu devices, %d is the limit", n, CDI_DEVICES_MAX);
	if (edits && !json_object_is_type(edits, json_type_object))
		return error_set(err, EINVAL, "its containerEdits is not an object");
	for (size_t i = 0; i < n; i++)
		if (check_device(devices, i, err) < 0)
			return -1;
	return check_twice(devices, err);
}

struct json_object *cdi_spec_parse(const char *text, size_t len, const char *file,
				   struct error *err)
{
	const char *end = strrchr(file, '.');
	_cleanup_json_ struct json_object *o = NULL;

	if (!end || strcmp(end, ".json")) {
		o = yaml_parse(text, len, file, err); /* it names the file */
		if (!o)
			return NULL;
	} else {
		o = json_parse(text, len, err);
	}
	if (!o || check(o, err) < 0) {
		error_wrap(err, "%s", file);
		return NULL;
	}
	return TAKE_PTR(o);
}

struct json_object *cdi_spec_load(const char *file, struct error *err)
{
	/* Whatever has been put there, a FIFO must not make us hang. */
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(err, "%s", file);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(err, EINVAL, "%s: it is not a file", file);
		return NULL;
	}
	if (buffer_read_fd(fd, file, CDI_FILE_MAX, &text, &len, err) < 0)
		return NULL;
	return cdi_spec_parse(text, len, file, err);
}
