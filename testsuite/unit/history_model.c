/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "history_model.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/same.h"

/* "forbidden" is refused by Slurm, "ignored" taken without an error and without effect. */
const struct model_field model[] = {
	{ "timeLimit",
	  { "60", "\"1:00:00\"", "90", "\"1:30:00\"", "\"UNLIMITED\"", "\"soon\"", "\"59:30\"", "null" },
	  { "\"01:00:00\"", "\"01:30:00\"", "\"00:30:00\"" } },
	{ "comment", { "\"a\"", "\"b\"", "\"\"", "\"ignored\"", "null" }, { "\"a\"", "\"b\"", "null" } },
	{ "constraint", { "\"x\"", "\"x & y\"", "\"x&y\"", "\"\"", "null" },
	  { "\"x\"", "\"x&y\"", "null" } },
	{ "partition", { "\"debug\"", "\"batch\"", "\"forbidden\"", "null" },
	  { "\"debug\"", "\"batch\"" } },
	{ "hold", { "true", "false", "null" }, { "false", "true" } },
	{ "suspend", { "true", "false", "null" }, { "null", "true" } },
	{ "requeueRequestedAt",
	  { "\"2026-01-01T00:00:00Z\"", "\"2026-01-02T00:00:00Z\"", "\"2026-01-03T00:00:00+01:00\"",
	    "\"2026-01-04T00:00:00Z\"", "\"soon\"", "null" },
	  { "null" } },
	{ "priority", { "100", "200", "99", "null" }, { "null" } },
	{ "nice", { "0", "5", "-5", "null" }, { "null", "5", "7" } },
	{ "memoryPerNode", { "1024", "\"1G\"", "\"2G\"", "0", "null" }, { "null", "\"1024M\"" } },
	{ "tasks", { "1", "2", "\"2\"", "null" }, { "1", "2" } },
	{ "array", { "\"0-9\"", "\"0-9%2\"", "\"0,1-9%3\"", "\"0-5\"", "null" },
	  { "\"0-9\"", "\"0-9%2\"" } },
	{ "script", { "\"#!\"", "null" }, { "null" } },
	{ "unheardOf", { "1", "null" }, { "null" } },
};

const size_t n_model = ARRAY_SIZE(model);

/* -- members -------------------------------------------------------------------------------- */

struct json_object *at(struct json_object *o, const char *name)
{
	return json_get(o, name);
}

void put(struct json_object *o, const char *name, struct json_object *value)
{
	json_object_get(value);
	json_object_object_del(o, name);
	if (value)
		json_object_object_add(o, name, value);
}

struct json_object *copy(struct json_object *o)
{
	struct json_object *c = NULL;

	if (o)
		json_object_deep_copy(o, &c, NULL);
	return c;
}

void set(struct json_object **to, struct json_object *value)
{
	json_object_put(*to);
	*to = value;
}

bool same(const char *name, struct json_object *a, struct json_object *b)
{
	const struct field *f = field_find(name);

	return f ? field_same(f, a, b) : json_object_equal(a, b);
}

/* -- chance --------------------------------------------------------------------------------- */

unsigned dice(struct world *w, unsigned n)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(w->random >> 33) % n;
}

struct json_object *any_of(struct world *w, const char *const *texts, size_t max)
{
	const char *text;
	size_t n = 0;

	while (n < max && texts[n])
		n++;
	text = texts[dice(w, n)];
	return strcmp(text, "null") ? json_parse(text, strlen(text), NULL) : NULL;
}

/* -- the API server ------------------------------------------------------------------------- */

static struct json_object *managed(const struct world *w, const char *manager)
{
	struct json_object *o = json_object_new_object(), *owned = json_object_new_object();
	struct json_object *spec = json_object_new_object();
	char key[64];

	json_set_string(o, "manager", manager);
	json_set_string(o, "time", "2026-01-01T00:00:00Z");
	json_object_object_foreach(w->editors, name, who) {
		snprintf(key, sizeof(key), "f:%s", name);
		if (!strcmp(json_object_get_string(who), manager))
			json_object_object_add(spec, key, json_object_new_object());
	}
	json_object_object_add(owned, "f:spec", spec);
	json_object_object_add(o, "fieldsV1", owned);
	return o;
}

struct json_object *world_object(const struct world *w)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *status = json_object_new_object(), *list = json_object_new_array();
	char version[16];

	snprintf(version, sizeof(version), "%d", w->version);
	json_set_string(metadata, "resourceVersion", version);
	json_set_int(metadata, "generation", w->generation);
	json_object_array_add(list, managed(w, OBJECT_MANAGER));
	json_object_array_add(list, managed(w, "kubectl-edit"));
	json_object_object_add(metadata, "managedFields", list);
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "spec", copy(w->spec));
	if (w->current)
		json_object_object_add(status, "current", copy(w->current));
	if (w->sending)
		json_object_object_add(status, "sending", copy(w->sending));
	json_set_int(status, "observedGeneration", w->observed);
	json_object_object_add(o, "status", status);
	return o;
}

const struct model_field *world_user_edits(struct world *w, struct json_object **value)
{
	const struct model_field *m = &model[dice(w, n_model)];
	_cleanup_json_ struct json_object *wish = any_of(w, m->edits, 8);
	struct json_object *old = at(w->spec, m->name);

	/* The server gives a field to who changes it; a write of what is there changes nothing. */
	if (old != wish && !(old && wish && json_object_equal(old, wish))) {
		put(w->spec, m->name, wish);
		json_set_string(w->editors, m->name, "kubectl-edit");
		if (!wish)
			json_object_object_del(w->editors, m->name);
		w->version++;
		w->generation++;
	}
	*value = at(w->spec, m->name);
	return m;
}

/* -- Slurm ---------------------------------------------------------------------------------- */

void world_slurm_changes(struct world *w)
{
	const struct model_field *m = &model[dice(w, n_model)];
	_cleanup_json_ struct json_object *value = any_of(w, m->values, 4);

	if (!strcmp(m->name, "priority"))
		w->priority = 1000 + dice(w, 1000);
	else if (!w->ended)
		put(w->truth, m->name, value);
}

static const char *requeue(struct world *w, const char *stamp)
{
	if (dice(w, 3) == 0)
		return "Job is pending execution";
	if (same_stamp(stamp, w->requeued)) {
		row("HISTORY_SEED=%llu: requeued twice for %s", (unsigned long long)w->seed, stamp);
		fail();
	}
	snprintf(w->requeued, sizeof(w->requeued), "%s", stamp);
	w->restarts++;
	w->ended = false;
	return NULL;
}

/* Put a value as Slurm spells it. */
static const char *update(struct world *w, const char *name, const char *text,
			  struct json_object *value)
{
	char spelled[64] = "";
	uint64_t minutes;
	size_t n = 0;

	if (!strcmp(name, "timeLimit")) {
		if (minutes_parse(text, &minutes) < 0 || minutes > 100)
			return "Requested time limit is invalid";
		minutes_format(minutes, spelled, sizeof(spelled));
	} else if (!strcmp(name, "array")) {
		snprintf(spelled, sizeof(spelled), array_throttle(text) ? "0-9%%%lu" : "0-9",
			 array_throttle(text));
	} else if (!strcmp(name, "memoryPerNode")) {
		if (!field_same(field_find(name), value, NULL))
			snprintf(spelled, sizeof(spelled), "%s", text[0] == '2' ? "2048M" : "1024M");
	} else {
		for (; *text; text++)
			if (*text != ' ')
				spelled[n++] = *text;
	}
	json_object_object_del(w->truth, name);
	if (spelled[0])
		json_set_string(w->truth, name, spelled);
	return NULL;
}

const char *world_slurm_asked(struct world *w, const char *name, struct json_object *value)
{
	const char *text = json_object_get_string(value);

	if (!strcmp(name, "requeueRequestedAt"))
		return requeue(w, text);
	if (w->ended || !strcmp(text, "forbidden"))
		return "Access/permission denied";
	if (!strcmp(text, "ignored"))
		return NULL;
	if (!strcmp(name, "priority")) {
		if (json_object_get_int64(value) == 99)
			return "Access/permission denied";
		w->priority = json_object_get_int64(value);
		return NULL;
	}
	if (json_object_is_type(value, json_type_boolean) || !strcmp(name, "nice")) {
		put(w->truth, name, field_same(field_find(name), value, NULL) ? NULL : value);
		return NULL;
	}
	return update(w, name, text, value);
}

/* -- begin and end -------------------------------------------------------------------------- */

void world_begin(struct world *w, uint64_t seed)
{
	*w = (struct world){ .seed = seed, .random = seed, .version = 1, .generation = 1,
			     .priority = 1000 };
	w->truth = json_object_new_object();
	w->editors = json_object_new_object();
	for (size_t i = 0; i < n_model; i++) {
		const char *text = model[i].values[0];
		_cleanup_json_ struct json_object *value =
			strcmp(text, "null") ? json_parse(text, strlen(text), NULL) : NULL;

		put(w->truth, model[i].name, value);
		if (value)
			json_set_string(w->editors, model[i].name, OBJECT_MANAGER);
	}
	w->spec = copy(w->truth);
}

void world_end(struct world *w)
{
	struct json_object **all[] = { &w->spec, &w->current, &w->sending, &w->editors, &w->truth };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		set(all[i], NULL);
}
