/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/note.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/object.h"

uint64_t results_hash(struct json_object *list)
{
	uint64_t hash;

	if (!json_length(list))
		return 0;
	hash = hash_text(HASH_SEED, json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));
	return hash ? hash : 1;
}

uint64_t results_key(uint64_t hash, int64_t started)
{
	uint64_t key = hash_number(hash, (uint64_t)started);

	return key ? key : 1;
}

void results_key_text(uint64_t key, char buf[RESULTS_KEY_SIZE])
{
	snprintf(buf, RESULTS_KEY_SIZE, "%016" PRIx64, key);
}

void results_note_take(struct results_note **note, struct json_object *list)
{
	uint64_t asked = results_hash(list);

	if (!asked) {
		free(*note);
		*note = NULL;
		return;
	}
	if (!*note)
		*note = calloc(1, sizeof(**note));
	if (*note)
		(*note)->asked = asked;
}

struct json_object *results_condition(struct json_object *status)
{
	return json_find(json_get(status, "conditions"), "type", OBJECT_RESULTS_CONDITION);
}

void results_note_take_status(struct results_note *note, struct json_object *status)
{
	const char *told = json_get_string(status, "resultsHash");
	const char *reason = json_get_string(results_condition(status), "reason");

	if (!note)
		return;
	note->told = told ? strtoull(told, NULL, 16) : 0;
	note->final = reason && strcmp(reason, RESULTS_UNDER_WAY);
}
