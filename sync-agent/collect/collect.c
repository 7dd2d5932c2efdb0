/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/collect/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/owner/plain_file.h"
#include "sync-agent/results/collector.h"

#define MANIFEST_MAX (64 << 20)

static const struct sink *const sinks[] = { &volume_sink, &config_map_sink, &http_sink };

static const struct sink *find_sink(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sinks); i++)
		if (name && !strcmp(sinks[i]->name, name))
			return sinks[i];
	return NULL;
}

/* What the status shows of checksums is short; the list beside the files has all. */
static void note_sum(struct collect *c, const char *name, const char *sum)
{
	struct json_object *o;

	manifest_add(&c->manifest, name, sum);
	c->sums_bytes += strlen(name);
	if (json_length(c->sums) >= COLLECTOR_SUMS || c->sums_bytes > COLLECTOR_SUMS_BYTES)
		return;
	o = json_object_new_object();
	json_object_object_add(o, "path", text_json(name, COLLECTOR_SUMS_BYTES));
	json_set_string(o, "sha256", sum);
	json_object_array_add(c->sums, o);
}

static int add_file(struct collect *c, const struct sink *sink, const struct item *i,
		    struct error *err)
{
	struct stat st;
	_cleanup_close_ int fd = plain_file_open(i->source, &st, err);
	char sum[SUM_SIZE];

	if (fd < 0)
		return error_wrap(err, "%.300s", i->source);
	if (sink->add_file(c, i, fd, &st, sum, err) < 0)
		return -1;
	c->files++;
	note_sum(c, i->target, sum);
	report_progress(c);
	return 0;
}

static int check_manifest_name(const struct collect *c, const char *name, struct error *err)
{
	for (size_t i = 0; i < c->items.n; i++)
		if (!strcmp(c->items.list[i].target, name))
			return error_set(err, EEXIST,
					 "%.300s has the name of the list of checksums: give the "
					 "entry a name, "
					 "which becomes part of it",
					 c->items.list[i].source);
	return 0;
}

static int add_all(struct collect *c, const struct sink *sink, struct error *err)
{
	const char *manifest = json_get_string(c->request, "manifest") ?: "SHA256SUMS";

	if (check_manifest_name(c, manifest, err) < 0 || sink->begin(c, err) < 0)
		return -1;
	for (size_t i = 0; i < c->items.n; i++) {
		const struct item *item = &c->items.list[i];

		if (item->is_folder && sink->add_folder && sink->add_folder(c, item, err) < 0)
			return -1;
		if (!item->is_folder && add_file(c, sink, item, err) < 0)
			return -1;
	}
	return sink->add_manifest(c, manifest, err);
}

static int enter(const char *folder, struct error *err)
{
	if (chdir(folder) == 0)
		return 0;
	return error_errno(
		err,
		"the job's working folder %.200s, on the agent's host (it has to be on a file "
		"system that both have)",
		folder);
}

int collect_run(struct collect *c, struct error *err)
{
	const struct sink *sink = find_sink(json_get_string(c->request, "to"));
	const char *from = json_get_string(c->request, "from");
	struct scan_limits limits = { .files = COLLECTOR_FILES_MAX };

	c->max_bytes = limits.bytes = (uint64_t)json_get_int(c->request, "maxBytes", 0);
	c->manifest = BUFFER_INIT(MANIFEST_MAX);
	c->sums = json_object_new_array();
	c->folder = -1;
	if (!sink || !from)
		return error_set(err, EINVAL, "the agent's request can't be read");
	if (enter(json_get_string(c->request, "folder") ?: "", err) < 0)
		return -1;
	if (scan(from, &limits, &c->items, err) < 0)
		return err->code == ENODATA && json_get_bool(c->request, "optional", false) ? 0
											    : -1;
	return add_all(c, sink, err);
}

void collect_free(struct collect *c)
{
	closep(&c->folder);
	items_free(&c->items);
	buffer_free(&c->manifest);
	json_object_put(c->request);
	json_object_put(c->sums);
	json_object_put(c->data);
	json_object_put(c->binary);
	curl_easy_cleanup(c->http);
}
