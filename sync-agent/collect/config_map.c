/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into a ConfigMap: the content goes to the agent, which writes it. */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "sync-agent/collect/collect.h"
#include "common/json.h"
#include "sync-agent/kube/base64.h"
#include "sync-agent/results/collector.h"

int key_of(const char *target, char *buf, size_t size, struct error *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	if (strlen(target) > 253 || !strncmp(target, "..", 2))
		return error_set(err, EINVAL,
				 "%.300s: it can't be the key of a ConfigMap; rename it, or give "
				 "to.configMap.key",
				 target);
	snprintf(buf, size, "%s", target);
	for (char *p = buf; *p; p++) {
		if (*p == '/')
			*p = '_';
		else if (!strchr(allowed, *p))
			return error_set(err, EINVAL,
					 "%.300s: a ConfigMap's keys have only letters, digits, "
					 "'-', '_' and '.': "
					 "rename it, or give to.configMap.key",
					 target);
	}
	return 0;
}

static int begin(struct collect *c, struct error *err)
{
	c->data = json_object_new_object();
	c->binary = json_object_new_object();
	if (json_get_string(c->request, "key") && c->items.files != 1)
		return error_set(err, EINVAL,
				 "%zu files match, and to.configMap.key is for one: leave it out",
				 c->items.files);
	if (c->items.bytes > COLLECTOR_MAP_MAX)
		return error_set(
			err, EFBIG,
			"%llu bytes: a ConfigMap holds at most %d; use a volume or httpPut",
			(unsigned long long)c->items.bytes, COLLECTOR_MAP_MAX);
	return 0;
}

/* UTF-8 without NUL bytes. bytes: a NUL follows. */
static bool is_text(const char *bytes, size_t n)
{
	/* The other categories stay as they are. */
	return !memchr(bytes, '\0', n) && setlocale(LC_CTYPE, "C.UTF-8") &&
	       mbstowcs(NULL, bytes, 0) != (size_t)-1;
}

static int add(struct collect *c, const char *key, const char *bytes, size_t n, struct error *err)
{
	_cleanup_free_ char *text = NULL;

	if (json_member(c->data, key) || json_member(c->binary, key))
		return error_set(err, EEXIST, "two files would have the key %.253s: use a volume",
				 key);
	if (is_text(bytes, n)) {
		json_object_object_add(c->data, key, json_object_new_string_len(bytes, (int)n));
		return 0;
	}
	text = base64_encode(bytes, n);
	if (!text)
		return error_set(err, ENOMEM, "out of memory");
	json_set_string(c->binary, key, text);
	return 0;
}

static int keep(void *ctx, const void *bytes, size_t n, struct error *err)
{
	if (buffer_add(ctx, bytes, n) < 0)
		return error_set(err, EFBIG,
				 "more than %d bytes, which is all that a ConfigMap holds: use a "
				 "volume or httpPut",
				 COLLECTOR_MAP_MAX);
	return 0;
}

static int add_file(struct collect *c, const struct item *i, int fd, const struct stat *st,
		    char *sum, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(COLLECTOR_MAP_MAX);
	const char *given = json_get_string(c->request, "key");
	char key[256];

	if (!given && key_of(i->target, key, sizeof(key), err) < 0)
		return -1;
	if (copy_hashed(c, fd, i->source, keep, &b, sum, err) < 0)
		return error_wrap(err, "%.200s", i->source);
	return add(c, given ?: key, b.data ?: "", b.used, err);
}

static int add_manifest(struct collect *c, const char *name, struct error *err)
{
	/* Of one file under a key of its own the checksum is in the status. */
	if (json_get_string(c->request, "key"))
		return 0;
	return add(c, name, c->manifest.data ?: "", c->manifest.used, err);
}

const struct sink config_map_sink = { "configMap", begin, NULL, add_file, add_manifest };
