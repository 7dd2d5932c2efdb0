/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec.results and where it leads: the list, a claim and its volume, as three members of an object.
 * What is found to be fine leads nowhere that isn't allowed. */
#include <limits.h>

#include "common/json.h"
#include "fuzz.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/results/note.h"
#include "sync-agent/results/url.h"
#include "sync-agent/results/volume.h"

static char *hosts[] = { "files.example.org", "*.example.net:8443/in/", "127.0.0.1" };
static char *folders[] = { "hostPath:/export", "local:/=/mnt/all",
			   "nfs:files:/export=/mnt/export" };
static const struct words allow = { hosts, 3 }, volumes = { folders, 3 };

static void try_entry(struct json_object *entry)
{
	static const struct output_names job = { .job_id = 1, .job_name = "a", .user = "b" };
	static const struct output_names array = {
		.job_id = 1, .array_id = 1, .job_name = "a", .user = "b"
	};
	const char *path = json_get_string(entry, "to.persistentVolumeClaim.path");
	const char *url = json_get_string(entry, "to.httpPut.url");
	char manifest[80];

	free(result_pattern(json_get_string(entry, "from"), &job));
	free(result_pattern(json_get_string(entry, "from"), &array));
	result_manifest(entry, manifest, sizeof(manifest));
	must(!path || (path[0] != '/' && strcmp(path, "..") && strncmp(path, "../", 3) &&
		       !strstr(path, "/../")));
	must(!url || (!strncmp(url, "https://", 8) && results_url_is_allowed(url, &allow)));
	if (url)
		free(results_url_below(url, json_get_string(entry, "from")));
}

static void try_results(struct json_object *list)
{
	struct results_note *note = NULL;
	struct error err;
	bool first;

	results_note_take(&note, list);
	results_note_take(&note, NULL);
	if (!list || results_check(list, &allow, &err) < 0)
		return;
	must(json_length(list) <= RESULTS_MAX);
	for (size_t i = 0; i < json_length(list); i++) {
		result_config_map(list, i, &first);
		try_entry(json_object_array_get_idx(list, i));
	}
}

static void try_volume(struct json_object *claim, struct json_object *volume)
{
	char folder[PATH_MAX];
	struct error err;

	result_volume_of(claim, &err);
	if (result_volume_folder(claim, volume, &volumes, folder, sizeof(folder), &err) < 0)
		return;
	must(!strncmp(folder, "/export", 7) || !strncmp(folder, "/mnt/all", 8) ||
	     !strncmp(folder, "/mnt/export", 11));
	must(!strstr(folder, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *o = json_parse((const char *)data, size, NULL);
	char *text = fuzz_text(data, size);
	struct error err;

	if (results_check_volume(text, &err) == 0)
		must(!strstr(text, "/../"));
	results_check_host(text, &err);
	if (results_url_check(text, &err) == 0)
		results_url_is_allowed(text, &allow);
	free(text);
	try_results(json_get(o, "results"));
	try_volume(json_get(o, "claim"), json_get(o, "volume"));
	results_note_take_status(NULL, o);
	return 0;
}
