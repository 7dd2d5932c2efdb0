/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/entries.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "common/path_text.h"
#include "sync-agent/results/url.h"

#define PATH_BYTES 4096
#define NAME_BYTES 253

/* What is being checked. */
struct check {
	struct json_object *list;
	size_t at;
	const struct words *http_allow;
	struct error *err;
};

struct member {
	const char *name; /* dots are those of "to" */
	enum json_type type;
	/* Is the value fine? Returns 0, or -1 with err filled. */
	int (*check)(struct check *c, const char *path, struct json_object *value);
};

static int wrong(const struct check *c, const char *path, const char *what)
{
	return error_set(c->err, EINVAL, "spec.results[%zu]%s%s: %s", c->at, path[0] ? "." : "",
			 path, what);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

/* -- values ----------------------------------------------------------------------------------- */

static int check_name(struct check *c, const char *path, struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!n || text[n] || n > 63 || text[0] == '-' || text[n - 1] == '-')
		return wrong(c, path, "it takes lower case letters, digits and '-', at most 63");
	for (size_t i = 0; i < c->at; i++) {
		const char *other = json_get_string(json_object_array_get_idx(c->list, i), "name");

		if (other && !strcmp(other, text))
			return wrong(c, path, "another entry has that name");
	}
	return 0;
}

static int check_from(struct check *c, const char *path, struct json_object *value)
{
	size_t n = (size_t)json_object_get_string_len(value);

	return n && n <= PATH_BYTES ? 0 : wrong(c, path, "it takes a path of at most 4096 bytes");
}

/* The name of an object, which becomes part of a request's path. */
static int check_object_name(struct check *c, const char *path, struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	if (n && n <= NAME_BYTES && !text[n] && strcmp(text, ".") && strcmp(text, ".."))
		return 0;
	return wrong(c, path, "it takes the name of an object of the same namespace");
}

static int check_key(struct check *c, const char *path, struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t n =
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

	if (n && n <= NAME_BYTES && !text[n] && strcmp(text, ".") && strncmp(text, "..", 2))
		return 0;
	return wrong(c, path, "a key has letters, digits, '-', '_' and '.', at most 253");
}

static int check_volume_path(struct check *c, const char *path, struct json_object *value)
{
	const char *text = json_object_get_string(value);

	if (text[0] == '/' || path_text_has_parent(text))
		return wrong(c, path,
			     "it takes a folder in the volume, without '..' and without a "
			     "'/' at the start");
	if (strlen(text) > PATH_BYTES || has_control(text))
		return wrong(c, path, "it takes at most 4096 bytes, without control characters");
	return 0;
}

static int check_url(struct check *c, const char *path, struct json_object *value)
{
	const char *text = json_object_get_string(value);
	struct error err;

	if (results_url_check(text, &err) < 0)
		return wrong(c, path, err.text);
	if (results_url_is_allowed(text, c->http_allow))
		return 0;
	return wrong(c, path,
		     "the agent sends nothing there: an administrator adds the host to "
		     "results.httpAllow of its configuration");
}

static int check_when(struct check *c, const char *path, struct json_object *value)
{
	const char *text = json_object_get_string(value);

	return !strcmp(text, "Always") || !strcmp(text, "OnSuccess")
		       ? 0
		       : wrong(c, path, "it takes Always or OnSuccess");
}

/* -- members ---------------------------------------------------------------------------------- */

static const struct member members[] = {
	{ "name", json_type_string, check_name },
	{ "from", json_type_string, check_from },
	{ "to", json_type_object, NULL },
	{ "to.persistentVolumeClaim", json_type_object, NULL },
	{ "to.persistentVolumeClaim.claimName", json_type_string, check_object_name },
	{ "to.persistentVolumeClaim.path", json_type_string, check_volume_path },
	{ "to.configMap", json_type_object, NULL },
	{ "to.configMap.name", json_type_string, check_object_name },
	{ "to.configMap.key", json_type_string, check_key },
	{ "to.httpPut", json_type_object, NULL },
	{ "to.httpPut.url", json_type_string, check_url },
	{ "to.httpPut.secretRef", json_type_object, NULL },
	{ "to.httpPut.secretRef.name", json_type_string, check_object_name },
	{ "to.httpPut.secretRef.key", json_type_string, check_key },
	{ "optional", json_type_boolean, NULL },
	{ "when", json_type_string, check_when },
};

/* What has to be there if its parent is. */
static const char *const needed[][2] = {
	{ "", "from" },
	{ "", "to" },
	{ "to.persistentVolumeClaim", "to.persistentVolumeClaim.claimName" },
	{ "to.configMap", "to.configMap.name" },
	{ "to.httpPut", "to.httpPut.url" },
	{ "to.httpPut.secretRef", "to.httpPut.secretRef.name" },
	{ "to.httpPut.secretRef", "to.httpPut.secretRef.key" },
};

static const struct member *find_member(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!strcmp(members[i].name, path))
			return &members[i];
	return NULL;
}

static int check_object(struct check *c, const char *prefix, struct json_object *o);

static int check_member(struct check *c, const char *path, struct json_object *value)
{
	const struct member *m = find_member(path);

	if (!m)
		return wrong(c, path, "there is no such field");
	if (!json_object_is_type(value, m->type))
		return wrong(c, path,
			     m->type == json_type_string    ? "it takes a text"
			     : m->type == json_type_boolean ? "it takes true or false"
							    : "it takes an object");
	if (m->type == json_type_string &&
	    strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return wrong(c, path, "it holds a NUL byte");
	if (m->check && m->check(c, path, value) < 0)
		return -1;
	return m->type == json_type_object ? check_object(c, path, value) : 0;
}

static int check_object(struct check *c, const char *prefix, struct json_object *o)
{
	json_object_object_foreach (o, name, value) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s%.100s", prefix, prefix[0] ? "." : "", name);
		if (strchr(name, '.'))
			return wrong(c, path, "there is no such field");
		if (value && check_member(c, path, value) < 0)
			return -1;
	}
	return 0;
}

static int check_needed(struct check *c, struct json_object *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		bool wanted = !needed[i][0][0] || json_get(entry, needed[i][0]);

		if (wanted && !json_get(entry, needed[i][1]))
			return wrong(c, needed[i][1], "it is missing");
	}
	if (json_object_object_length(json_get(entry, "to")) == 1)
		return 0;
	return wrong(c, "to", "give exactly one of persistentVolumeClaim, configMap and httpPut");
}

/* Where the list of checksums goes, as a text that is the same for the same place; "" if there is
 * none. */
static void manifest_place(struct json_object *entry, char *buf, size_t size)
{
	const char *claim = json_get_string(entry, "to.persistentVolumeClaim.claimName");
	const char *map = json_get_string(entry, "to.configMap.name");
	const char *url = json_get_string(entry, "to.httpPut.url");
	char name[80];

	buf[0] = '\0';
	result_manifest(entry, name, sizeof(name));
	if (claim)
		snprintf(buf, size, "claim %s %s %s", claim,
			 json_get_string(entry, "to.persistentVolumeClaim.path") ?: "", name);
	else if (map)
		snprintf(buf, size, "map %s %s", map,
			 json_get_string(entry, "to.configMap.key") ?: name);
	else if (url)
		snprintf(buf, size, "url %s %s", url, url[strlen(url) - 1] == '/' ? name : "");
}

static int check_places(struct check *c, struct json_object *entry)
{
	char place[PATH_BYTES * 2], other[PATH_BYTES * 2];

	manifest_place(entry, place, sizeof(place));
	for (size_t i = 0; i < c->at; i++) {
		manifest_place(json_object_array_get_idx(c->list, i), other, sizeof(other));
		if (!strcmp(place, other))
			return wrong(c, "to",
				     "an entry before it goes to the same place: give both "
				     "a name, or another place");
	}
	return 0;
}

int results_check(struct json_object *list, const struct words *http_allow, struct error *err)
{
	struct check c = { .list = list, .http_allow = http_allow, .err = err };

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "spec.results: it takes a list");
	if (json_length(list) > RESULTS_MAX)
		return error_set(err, E2BIG, "spec.results: it has more than %d entries",
				 RESULTS_MAX);
	for (c.at = 0; c.at < json_length(list); c.at++) {
		struct json_object *entry = json_object_array_get_idx(list, c.at);

		if (!json_object_is_type(entry, json_type_object))
			return wrong(&c, "", "it takes an object");
		if (check_object(&c, "", entry) < 0 || check_needed(&c, entry) < 0 ||
		    check_places(&c, entry) < 0)
			return -1;
	}
	return 0;
}

/* -- of checked ones -------------------------------------------------------------------------- */

enum result_target result_target(struct json_object *entry)
{
	return json_get(entry, "to.persistentVolumeClaim") ? RESULT_VOLUME
	       : json_get(entry, "to.configMap")	   ? RESULT_CONFIG_MAP
							   : RESULT_HTTP;
}

const char *result_config_map(struct json_object *list, size_t at, bool *first)
{
	const char *name =
		json_get_string(json_object_array_get_idx(list, at), "to.configMap.name");

	*first = true;
	for (size_t i = 0; name && i < at; i++) {
		const char *other =
			json_get_string(json_object_array_get_idx(list, i), "to.configMap.name");

		if (other && !strcmp(other, name))
			*first = false;
	}
	return name;
}

void result_manifest(struct json_object *entry, char *buf, size_t size)
{
	const char *name = json_get_string(entry, "name");

	snprintf(buf, size, "SHA256SUMS%s%.63s", name ? "-" : "", name ?: "");
}

/* Of "%5a" and the like the whole is one "*". Returns what follows, or NULL if p is no such
 * pattern. */
static const char *task_pattern(const char *p)
{
	const char *end = p + 1 + strspn(p + 1, "0123456789");

	return p[0] == '%' && *end && strchr("ajJ", *end) ? end + 1 : NULL;
}

char *result_pattern(const char *from, const struct output_names *names)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(PATH_BYTES);

	if (strchr(from, '\\'))
		return strdup(from);
	for (const char *p = from; *p;) {
		const char *after = names->array_id ? task_pattern(p) : NULL;

		if (after) {
			buffer_add(&b, "*", 1);
			p = after;
			continue;
		}
		/* "%%a" is no pattern. */
		if (p[0] == '%' && p[1] == '%')
			buffer_add(&b, p++, 1);
		buffer_add(&b, p++, 1);
	}
	return b.data && !b.overflowed ? output_expand(b.data, names) : NULL;
}
