/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/edit.h"

#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/fields.h"

#define EDITORS_MAX 16

static const char *plain(struct json_object *o)
{
	return o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN) : NULL;
}

/* NULL without memory. */
static struct edit *edit_of(struct entry *e)
{
	if (!e->edit)
		e->edit = calloc(1, sizeof(*e->edit));
	return e->edit;
}

void edit_forget(struct entry *e)
{
	if (!e->edit)
		return;
	free(e->edit->marked);
	free(e->edit->tried);
	free(e->edit->unheard);
	free(e->edit->found);
	free(e->edit->accepted);
	free(e->edit->editors);
	free(e->edit->told);
	free(e->edit);
	e->edit = NULL;
}

/* -- who edited ----------------------------------------------------------------------------- */

/* One entry of managedFields: the fields of spec that its manager set; NULL if there are none. Source:
 * Kubernetes, "Server-Side Apply", fieldsV1. */
static struct json_object *editor(struct json_object *managed)
{
	const char *manager = json_get_string(managed, "manager");
	struct json_object *spec = json_get(managed, "fieldsV1.f:spec"), *o, *names;

	if (!manager || !json_object_is_type(spec, json_type_object))
		return NULL;
	o = json_object_new_object();
	names = json_object_new_array();
	json_set_string(o, "manager", manager);
	json_set_string(o, "time", json_get_string(managed, "time"));
	json_object_object_add(o, "fields", names);
	json_object_object_foreach(spec, key, value) {
		(void)value;
		if (!strncmp(key, "f:", 2) && field_find(key + 2))
			json_object_array_add(names, json_object_new_string(key + 2));
	}
	return o;
}

static struct json_object *editors(struct json_object *object)
{
	struct json_object *managed = json_get(object, "metadata.managedFields");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(managed) && json_length(list) < EDITORS_MAX; i++) {
		struct json_object *o = editor(json_object_array_get_idx(managed, i));

		if (o)
			json_object_array_add(list, o);
	}
	return list;
}

static bool is_agent(struct json_object *o)
{
	return !strcmp(json_get_string(o, "manager"), OBJECT_MANAGER);
}

static bool has_field(struct json_object *o, const char *field)
{
	struct json_object *names = json_get(o, "fields");

	for (size_t i = 0; i < json_length(names); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(names, i)), field))
			return true;
	return false;
}

void edit_editor(const struct entry *e, const char *field, char *manager, size_t manager_size,
		 char *when, size_t when_size)
{
	_cleanup_json_ struct json_object *list = e->edit ? json_of_text(e->edit->editors) : NULL;

	manager[0] = when[0] = '\0';
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *at = json_get_string(o, "time");

		/* Of several who share a field, the latest. */
		if (is_agent(o) || !has_field(o, field) || (at && strcmp(at, when) < 0))
			continue;
		snprintf(manager, manager_size, "%s", json_get_string(o, "manager"));
		snprintf(when, when_size, "%s", at ? at : "");
	}
}

void edit_take_object(struct entry *e, struct json_object *object)
{
	struct json_object *sending = json_get(object, "status.sending");
	/* A spec of generation 1 is as it was made. */
	bool open = e->generation != e->observed && e->generation > 1;

	if (!json_object_is_type(sending, json_type_object))
		sending = NULL;
	if ((!sending && !open && !e->edit) || !edit_of(e))
		return;
	entry_set(&e->edit->marked, plain(sending));
	if (open) {
		_cleanup_json_ struct json_object *list = editors(object);

		entry_set(&e->edit->editors, plain(list));
	}
}

/* The fields that the agent has set, or that others have, as the keys of an object. */
static struct json_object *fields_of(struct json_object *list, bool agent)
{
	struct json_object *set = json_object_new_object();

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct json_object *names = json_get(o, "fields");

		for (size_t j = 0; is_agent(o) == agent && j < json_length(names); j++)
			json_object_object_add(
				set, json_object_get_string(json_object_array_get_idx(names, j)),
				json_object_new_boolean(true));
	}
	return set;
}

/* What spec and Slurm agreed on before the first status. A spec of generation 1 is as it was made: it
 * holds no edit. Of one that was made with kubectl all that isn't Slurm's was asked for. */
static struct json_object *first_base(const struct entry *e, struct json_object *spec,
				      struct json_object *now)
{
	if (e->generation == 1)
		return spec;
	return e->born_here ? now : NULL;
}

/* Edits that are marked in the object or should be. */
static struct json_object *marked_of(const struct entry *e)
{
	struct json_object *marked = e->edit ? json_of_text(e->edit->marked) : NULL;
	_cleanup_json_ struct json_object *unheard = e->edit ? json_of_text(e->edit->unheard) : NULL;

	if (!unheard)
		return marked;
	if (!marked)
		marked = json_object_new_object();
	json_object_object_foreach(unheard, name, value) {
		json_object_object_del(marked, name);
		json_object_object_add(marked, name, json_object_get(value));
	}
	return marked;
}

void edit_plan(const struct entry *e, struct json_object *spec, struct json_object *now,
	       bool finished, struct reconcile_plan *ret)
{
	_cleanup_json_ struct json_object *base = entry_current(e), *known = json_of_text(e->known);
	_cleanup_json_ struct json_object *marked = marked_of(e);
	_cleanup_json_ struct json_object *accepted = e->edit ? json_of_text(e->edit->accepted) : NULL;
	/* Once all has agreed under this agent's eyes it knows better. */
	_cleanup_json_ struct json_object *list =
		e->edit && !e->settled ? json_of_text(e->edit->editors) : NULL;
	_cleanup_json_ struct json_object *ours = fields_of(list, true);
	_cleanup_json_ struct json_object *theirs = fields_of(list, false);
	struct reconcile_input in = {
		.base = base ? base : first_base(e, spec, now),
		.spec = spec, .now = now, .known = known, .marked = marked, .accepted = accepted,
		.ours = ours, .theirs = theirs, .finished = finished,
	};

	json_object_object_foreach(theirs, name, unused) {
		(void)unused;
		json_object_object_del(ours, name);
	}
	reconcile(&in, ret);
}

/* -- marks ---------------------------------------------------------------------------------- */

/* Set a member of a JSON text. */
static void text_add(char **text, const char *name, struct json_object *value)
{
	_cleanup_json_ struct json_object *o = json_of_text(*text);

	if (!o)
		o = json_object_new_object();
	json_object_object_del(o, name);
	json_object_object_add(o, name, json_object_get(value));
	entry_set(text, plain(o));
}

bool edit_waits_for_mark(struct json_object *send)
{
	return json_get(send, "requeueRequestedAt") != NULL;
}

/* A requeue can't be seen in what Slurm says, except that the job has begun anew since. */
static void settle_requeue(struct entry *e, uint64_t restarts)
{
	static const char name[] = "requeueRequestedAt";
	_cleanup_json_ struct json_object *marked = json_of_text(e->edit->marked);
	_cleanup_json_ struct json_object *value = json_object_get(json_get(marked, name));
	_cleanup_json_ struct json_object *known = NULL;
	_cleanup_json_ struct json_object *accepted = json_of_text(e->edit->accepted);

	if (!value || json_object_equal(json_get(accepted, name), value) ||
	    (uint64_t)json_get_int(marked, "restarts", INT64_MAX) >= restarts)
		return;
	edit_accept(e, name, value);
	text_add(&e->edit->found, name, value);
	known = json_object_new_object();
	json_object_object_add(known, name, json_object_get(value));
	entry_know(e, known);
}

struct json_object *edit_kept(struct entry *e, uint64_t restarts)
{
	_cleanup_json_ struct json_object *current = entry_current(e), *accepted = NULL;

	if (e->edit && e->edit->marked)
		settle_requeue(e, restarts);
	accepted = e->edit ? json_of_text(e->edit->accepted) : NULL;
	return fields_kept(current, accepted);
}

bool edit_is_marked(const struct entry *e, struct json_object *send)
{
	_cleanup_json_ struct json_object *marked = e->edit ? json_of_text(e->edit->marked) : NULL;

	/* A server that doesn't know status.sending leaves it out. */
	if (e->edit && e->edit->tried && !strcmp(e->edit->tried, plain(send)))
		return true;
	json_object_object_foreach(send, name, value) {
		if (!json_object_object_get_ex(marked, name, NULL) ||
		    !json_object_equal(json_member(marked, name), value))
			return false;
	}
	return true;
}

struct json_object *edit_mark_patch(const struct entry *e, struct json_object *send, uint64_t restarts)
{
	struct json_object *patch = json_object_new_object();

	json_object_object_foreach(send, name, value) {
		json_object_object_add(patch, name, json_object_get(value));
	}
	if (json_get(send, "requeueRequestedAt"))
		json_set_int(patch, "restarts", (int64_t)restarts);
	json_set_int(patch, "generation", e->generation);
	return patch;
}

void edit_mark_tried(struct entry *e, struct json_object *send)
{
	if (edit_of(e))
		entry_set(&e->edit->tried, plain(send));
}

/* -- outcomes ------------------------------------------------------------------------------- */

void edit_sent(struct entry *e, struct json_object *send)
{
	if (edit_of(e))
		e->edit->asked = e->generation;
	entry_know(e, send);
}

struct json_object *edit_take_found(struct entry *e, const struct reconcile_plan *plan)
{
	struct json_object *found = e->edit ? json_of_text(e->edit->found) : NULL;

	if (e->edit)
		entry_set(&e->edit->found, NULL);
	/* The status tells of this spec already: it holds no edit. */
	if (!plan->found || e->generation == e->observed)
		return found;
	entry_know(e, plan->found);
	if (!found)
		found = json_object_new_object();
	json_object_object_foreach(plan->found, name, value) {
		json_object_object_del(found, name);
		json_object_object_add(found, name, json_object_get(value));
	}
	return found;
}

uint64_t edit_occasion(const struct entry *e, const char *text)
{
	_cleanup_json_ struct json_object *marked = e->edit ? json_of_text(e->edit->marked) : NULL;
	int64_t asked = e->edit ? e->edit->asked : 0;

	/* One who was asked by an agent before says so. */
	if (!asked)
		asked = json_get_int(marked, "generation", e->generation);
	return hash_number(hash_text(HASH_SEED, text), (uint64_t)asked);
}

void edit_unheard(struct entry *e, struct json_object *sent)
{
	entry_unknow(e, sent);
	if (!json_object_is_type(sent, json_type_object) || !edit_of(e))
		return;
	json_object_object_foreach(sent, name, value) {
		text_add(&e->edit->unheard, name, value);
	}
}

void edit_accept(struct entry *e, const char *field, struct json_object *value)
{
	if (edit_of(e))
		text_add(&e->edit->accepted, field, value);
}

void edit_set_in_sync(struct entry *e)
{
	entry_set_in_sync(e);
	if (edit_of(e))
		e->edit->in_sync = true;
}

bool edit_may_tell(struct entry *e, const char *text)
{
	if (!edit_of(e))
		return true;
	if (e->edit->told && !strcmp(e->edit->told, text))
		return false;
	entry_set(&e->edit->told, text);
	return true;
}

void edit_taken_back(struct entry *e)
{
	if (e->edit)
		entry_set(&e->edit->told, NULL);
}

void edit_set_refused(struct entry *e, const char *text)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(4096);

	if (e->synced && e->edit && e->edit->refused == e->generation)
		buffer_printf(&b, "%s; ", e->synced->message);
	buffer_printf(&b, "%s", text);
	entry_set_refused(e, "Refused", b.data ? b.data : text);
	if (edit_of(e))
		e->edit->refused = e->generation;
}
