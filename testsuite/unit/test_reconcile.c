/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/reconcile.h"

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;

	if (text && strcmp(text, "null")) {
		o = json_parse(text, strlen(text), NULL);
		assert_non_null(o);
	}
	return o;
}

static const char *text_of(struct json_object *o)
{
	return o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE) :
		   "";
}

static void test_table(void **state)
{
	static const struct {
		const char *what, *spec, *base, *known, *now;
		bool finished;
		const char *send, *patch, *refused;
	} rows[] = {
#define LIMIT(text) "{\"timeLimit\":\"" text "\"}"
		{ "in sync", LIMIT("60"), LIMIT("60"), NULL, LIMIT("60") },
		{ "spelled otherwise", LIMIT("60"), LIMIT("01:00:00"), NULL, LIMIT("01:00:00") },
		{ "a number", "{\"timeLimit\":60}", LIMIT("01:00:00"), NULL, LIMIT("01:00:00") },
		{ "edited", LIMIT("90"), LIMIT("60"), NULL, LIMIT("60"), false, LIMIT("90") },
		{ "edited, the author's spelling", "{\"timeLimit\":90}", LIMIT("60"), NULL, LIMIT("60"),
		  false, "{\"timeLimit\":90}" },
		{ "Slurm changed", LIMIT("60"), LIMIT("60"), NULL, LIMIT("30"), false, "", LIMIT("30") },
		{ "both", LIMIT("90"), LIMIT("60"), NULL, LIMIT("30"), false, LIMIT("90") },
		{ "both, alike", LIMIT("90"), LIMIT("60"), NULL, LIMIT("1:30:00") },
		{ "sent and accepted", LIMIT("90"), LIMIT("60"), LIMIT("90"), LIMIT("90") },
		{ "sent and refused", LIMIT("90"), LIMIT("60"), LIMIT("90"), LIMIT("60"), false, "",
		  LIMIT("60") },
		{ "sent and made another", LIMIT("90"), LIMIT("60"), LIMIT("90"), LIMIT("80"), false, "",
		  LIMIT("80") },
		{ "sent, then edited again", LIMIT("95"), LIMIT("60"), LIMIT("90"), LIMIT("90"), false,
		  LIMIT("95") },
		{ "sent, then edited back", LIMIT("60"), LIMIT("60"), LIMIT("90"), LIMIT("90"), false,
		  LIMIT("60") },
		{ "put back, then edited again", LIMIT("90"), LIMIT("60"), LIMIT("30"), LIMIT("30"), false,
		  LIMIT("90") },
		{ "put back, then Slurm changed", LIMIT("30"), LIMIT("60"), LIMIT("30"), LIMIT("20"), false,
		  "", LIMIT("20") },
		{ "taken out", "{}", LIMIT("60"), NULL, LIMIT("60"), false, "", LIMIT("60") },
		{ "taken out as null", "{\"timeLimit\":null}", LIMIT("60"), NULL, LIMIT("60"), false, "",
		  LIMIT("60") },
		{ "new in Slurm", "{}", "{}", NULL, "{\"comment\":\"a\"}", false, "",
		  "{\"comment\":\"a\"}" },
		{ "new in spec", "{\"comment\":\"a\"}", "{}", NULL, "{}", false, "{\"comment\":\"a\"}" },
		{ "gone from Slurm", "{\"comment\":\"a\"}", "{\"comment\":\"a\"}", NULL, "{}", false, "",
		  "{\"comment\":null}" },
		{ "empty is absent", "{\"comment\":\"\"}", "{}", NULL, "{}" },
		{ "emptied", "{\"comment\":\"\"}", "{\"comment\":\"a\"}", NULL, "{\"comment\":\"a\"}", false,
		  "{\"comment\":\"\"}" },
		{ "no base, alike", LIMIT("60"), NULL, NULL, LIMIT("60") },
		{ "no base", LIMIT("90"), NULL, NULL, LIMIT("60"), false, LIMIT("90") },
		{ "no base, as it was made", LIMIT("90"), NULL, LIMIT("90"), LIMIT("60"), false, "",
		  LIMIT("60") },
		{ "hold", "{\"hold\":true}", "{\"hold\":false}", NULL, "{\"hold\":false}", false,
		  "{\"hold\":true}" },
		{ "int-or-string", "{\"nodes\":2}", "{\"nodes\":\"2\"}", NULL, "{\"nodes\":\"2\"}" },
		{ "two", "{\"timeLimit\":\"90\",\"comment\":\"b\",\"qos\":\"x\"}",
		  "{\"timeLimit\":\"60\",\"comment\":\"a\",\"qos\":\"x\"}", NULL,
		  "{\"timeLimit\":\"60\",\"comment\":\"c\",\"qos\":\"y\"}", false,
		  "{\"comment\":\"b\",\"timeLimit\":\"90\"}", "{\"qos\":\"y\"}" },
		{ "tasks", "{\"tasks\":2}", "{\"tasks\":1}", NULL, "{\"tasks\":1}", false, "{\"tasks\":2}" },
		{ "tasks, Slurm changed", "{\"tasks\":1}", "{\"tasks\":1}", NULL,
		  "{\"tasks\":2}", false, "", "{\"tasks\":2}" },
		{ "immutable", "{\"workingDir\":\"/b\"}", "{\"workingDir\":\"/a\"}", NULL,
		  "{\"workingDir\":\"/a\"}", false, "", "{\"workingDir\":\"/a\"}",
		  "spec.workingDir: it can't be changed" },
		{ "an array's throttle changed in Slurm", "{\"array\":\"0-9\"}", "{\"array\":\"0-9\"}", NULL,
		  "{\"array\":\"0-9%2\"}", false, "", "{\"array\":\"0-9%2\"}" },
		{ "an array's indexes edited", "{\"array\":\"0-8\"}", "{\"array\":\"0-9\"}", NULL,
		  "{\"array\":\"0-9\"}", false, "", "{\"array\":\"0-9\"}", "spec.array: only the number" },
		{ "a script", "{\"script\":\"#!/bin/sh\"}", "{}", NULL, "{}", false, "",
		  "{\"script\":null}", "spec.script: it can't" },
		{ "a container", "{\"container\":{\"image\":\"b\"}}", "{}", NULL,
		  "{\"container\":{\"image\":\"a\"}}", false, "", "{\"container\":{\"image\":\"a\"}}",
		  "spec.container: it can't" },
		{ "a container as it is", "{\"container\":{\"image\":\"a\"}}", "{}", NULL,
		  "{\"container\":{\"image\":\"a\"}}" },
		{ "another cluster", "{\"cluster\":\"b\"}", "{}", NULL, "{\"cluster\":\"a\"}", false, "",
		  "{\"cluster\":\"a\"}", "spec.cluster: it can't" },
		{ "unknown", "{\"burstBuffer\":\"x\"}", "{}", NULL, "{}", false, "",
		  "{\"burstBuffer\":null}", "spec.burstBuffer: this version" },
		{ "unknown null", "{\"burstBuffer\":null}", "{}", NULL, "{}" },
		{ "the object's own", "{\"deletionPolicy\":\"Orphan\",\"results\":[]}", "{}", NULL, "{}" },
		{ "ended", LIMIT("90"), LIMIT("60"), NULL, LIMIT("60"), true, "", LIMIT("60"),
		  "spec.timeLimit: the job has ended" },
		{ "ended, Slurm changed", LIMIT("60"), LIMIT("60"), NULL, LIMIT("30"), true, "",
		  LIMIT("30") },
		{ "all reasons", "{\"workingDir\":\"/b\",\"script\":\"x\"}", "{\"workingDir\":\"/a\"}", NULL,
		  "{\"workingDir\":\"/a\"}", false, "", "{\"workingDir\":\"/a\",\"script\":null}",
		  "; spec.script: it can't" },
		{ "hostile spec", "[1]", "{}", NULL, LIMIT("60"), false, "", LIMIT("60") },
		{ "hostile base and known", LIMIT("60"), "[1]", "3", LIMIT("60") },
		{ "hostile values", "{\"timeLimit\":{},\"hold\":[],\"nodes\":{\"a\":1},\"comment\":3}", "{}",
		  NULL, "{}", false, "{\"comment\":3,\"timeLimit\":{},\"hold\":[],\"nodes\":{\"a\":1}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *spec = parse(rows[i].spec);
		_cleanup_json_ struct json_object *base = parse(rows[i].base);
		_cleanup_json_ struct json_object *known = parse(rows[i].known);
		_cleanup_json_ struct json_object *now = parse(rows[i].now);
		struct reconcile_input in = { .spec = spec, .base = base, .known = known, .now = now,
					      .finished = rows[i].finished };
		_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };

		reconcile(&in, &plan);
		if (strcmp(text_of(plan.send), rows[i].send ? rows[i].send : "") ||
		    strcmp(text_of(plan.spec), rows[i].patch ? rows[i].patch : "") ||
		    plan.refused != !!rows[i].refused)
			row("%s: send %s, patch %s, %s", rows[i].what, text_of(plan.send),
			    text_of(plan.spec), plan.refused ? plan.refusal.text : "fine");
		assert_string_equal(text_of(plan.send), rows[i].send ? rows[i].send : "");
		assert_string_equal(text_of(plan.spec), rows[i].patch ? rows[i].patch : "");
		assert_int_equal(plan.refused, !!rows[i].refused);
		if (rows[i].refused)
			assert_non_null(strstr(plan.refusal.text, rows[i].refused));
	}
}

/* So many refusals that their text is full. */
static void test_many_refusals(void **state)
{
	_cleanup_json_ struct json_object *spec = json_object_new_object();
	_cleanup_json_ struct json_object *now = json_object_new_object();
	struct reconcile_input in = { .spec = spec, .now = now };
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
	char name[300];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%0200d%d", 0, i);
		json_set_string(spec, name, "x");
	}
	reconcile(&in, &plan);
	assert_true(plan.refused);
	assert_int_equal(json_object_object_length(plan.spec), 100);
	assert_int_equal(strlen(plan.refusal.text), sizeof(plan.refusal.text) - 1);
}

/* -- histories ------------------------------------------------------------------------------ */

/* A field, what users write into spec (null: they take it out), what happens to it in Slurm. */
static const struct model_field {
	const char *name;
	const char *edits[8];
	const char *values[4];
} model[] = {
	{ "timeLimit",
	  { "60", "\"1:00:00\"", "90", "\"1:30:00\"", "\"UNLIMITED\"", "\"soon\"", "\"59:30\"", "null" },
	  { "\"01:00:00\"", "\"01:30:00\"", "\"00:30:00\"" } },
	{ "comment", { "\"a\"", "\"b\"", "\"\"", "null" }, { "\"a\"", "\"b\"", "null" } },
	{ "constraint", { "\"x\"", "\"x & y\"", "\"x&y\"", "\"\"", "null" },
	  { "\"x\"", "\"x&y\"", "null" } },
	{ "partition", { "\"debug\"", "\"batch\"", "\"forbidden\"", "null" },
	  { "\"debug\"", "\"batch\"" } },
	{ "hold", { "true", "false", "null" }, { "false", "true" } },
	{ "tasks", { "1", "2", "\"2\"", "null" }, { "1", "2" } },
	{ "array", { "\"0-9\"", "\"0-5\"", "null" }, { "\"0-9\"", "\"0-9%2\"" } },
	{ "script", { "\"#!\"", "null" }, { "null" } },
	{ "unheardOf", { "1", "null" }, { "null" } },
};

#define N_MODEL ARRAY_SIZE(model)

struct world {
	uint64_t random;
	/* Kubernetes */
	struct json_object *spec, *current;
	int version, generation;
	/* Slurm */
	struct json_object *slurm;
	bool ended;
	/* the agent's memory */
	struct json_object *seen_spec, *seen_current, *known, *now;
	int seen_version, seen_generation;
	bool seen_ended;
	/* the judge: what each field's edit or write was dealt with last, what a user still waits for */
	struct json_object *dealt, *waiting;
	uint64_t seed;
	bool forgetful; /* since its memory was complete, the agent has crashed or lost an answer */
};

static unsigned dice(struct world *w, unsigned n)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(w->random >> 33) % n;
}

static struct json_object *copy(struct json_object *o)
{
	struct json_object *c = NULL;

	if (o)
		json_object_deep_copy(o, &c, NULL);
	return c;
}

static void set(struct json_object **to, struct json_object *value)
{
	json_object_put(*to);
	*to = value;
}

static bool same(const char *name, struct json_object *a, struct json_object *b)
{
	const struct field *f = field_find(name);

	return f ? field_same(f, a, b) : json_object_equal(a, b);
}

static struct json_object *at(struct json_object *o, const char *name)
{
	return json_get(o, name);
}

/* Set a field; NULL takes it out. value stays the caller's. */
static void put(struct json_object *o, const char *name, struct json_object *value)
{
	json_object_object_del(o, name);
	if (value)
		json_object_object_add(o, name, json_object_get(value));
}

static const char *any(struct world *w, const char *const *texts, size_t max)
{
	size_t n = 0;

	while (n < max && texts[n])
		n++;
	return texts[dice(w, n)];
}

static void user_edits(struct world *w)
{
	const struct model_field *m = &model[dice(w, N_MODEL)];
	_cleanup_json_ struct json_object *value = parse(any(w, m->edits, 8));
	struct json_object *old = at(w->spec, m->name);
	/* What is taken out asks for nothing: it is another thing than "". */
	bool news = !old || !value || !same(m->name, old, value);

	put(w->spec, m->name, value);
	w->version++;
	w->generation++;
	if (news)
		put(w->waiting, m->name, value);
}

static void slurm_changes(struct world *w)
{
	const struct model_field *m = &model[dice(w, N_MODEL)];
	_cleanup_json_ struct json_object *value = parse(any(w, m->values, 4));

	if (!w->ended)
		put(w->slurm, m->name, value);
}

/* scontrol update of one field. */
static void slurm_is_asked(struct world *w, const char *name, struct json_object *value)
{
	const char *text = value ? json_object_get_string(value) : "";
	_cleanup_json_ struct json_object *truth = NULL;
	char limit[32], squeezed[64];
	uint64_t minutes;
	size_t n = 0;

	if (w->ended || !strcmp(text, "forbidden"))
		return;
	if (!strcmp(name, "timeLimit")) {
		if (minutes_parse(text, &minutes) < 0 || minutes > 100)
			return;
		minutes_format(minutes, limit, sizeof(limit));
		text = limit;
	} else if (!strcmp(name, "constraint")) {
		for (; *text; text++)
			if (*text != ' ')
				squeezed[n++] = *text;
		squeezed[n] = '\0';
		text = squeezed;
	}
	if (!strcmp(name, "hold"))
		truth = json_object_get(value);
	else
		truth = text[0] ? json_object_new_string(text) : NULL;
	put(w->slurm, name, truth);
}

static void agent_lists(struct world *w)
{
	set(&w->seen_spec, copy(w->spec));
	set(&w->seen_current, copy(w->current));
	w->seen_version = w->version;
	w->seen_generation = w->generation;
}

static void agent_looks(struct world *w)
{
	set(&w->now, copy(w->slurm));
	w->seen_ended = w->ended;
}

static void know(struct json_object **known, struct json_object *values)
{
	if (!*known)
		*known = json_object_new_object();
	json_object_object_foreach(values, name, value) {
		json_object_object_del(*known, name);
		json_object_object_add(*known, name, json_object_get(value));
	}
}

static void judge(const struct world *w, const char *name, bool fine)
{
	if (!fine)
		row("seed %llu: %s: spec %s, status %s, known %s, Slurm %s; waiting %s, dealt %s%s",
		    (unsigned long long)w->seed, name, text_of(at(w->spec, name)),
		    text_of(at(w->current, name)), text_of(at(w->known, name)),
		    text_of(at(w->slurm, name)), text_of(at(w->waiting, name)),
		    text_of(at(w->dealt, name)), w->forgetful ? ", forgetful" : "");
	assert_true(fine);
}

static void agent_sends(struct world *w, struct json_object *send)
{
	bool lost = dice(w, 8) == 0, reached = dice(w, 2);
	bool excused = w->forgetful && (w->seen_current || w->seen_generation > 1);

	know(&w->known, send);
	json_object_object_foreach(send, name, value) {
		/* Nobody's edit: it would take back what happened in Slurm. */
		judge(w, name, excused || !same(name, value, at(w->dealt, name)));
		if (!lost || reached)
			slurm_is_asked(w, name, value);
		put(w->dealt, name, value);
		if (same(name, value, at(w->waiting, name)))
			put(w->waiting, name, NULL);
		if (lost)
			json_object_object_del(w->known, name);
	}
	w->forgetful |= lost;
	set(&w->now, NULL);
}

static void agent_patches(struct world *w, const struct reconcile_plan *plan)
{
	if (w->seen_version != w->version)
		return; /* 409 */
	json_object_object_foreach(plan->spec, name, value) {
		struct json_object *wish = at(w->waiting, name);
		char mark[64];

		snprintf(mark, sizeof(mark), "spec.%s:", name);
		if (plan->refused && strstr(plan->refusal.text, mark))
			judge(w, name, w->forgetful || wish);
		else if (wish && same(name, wish, at(w->spec, name)))
			/* The edit would be gone and nobody was told. */
			judge(w, name,same(name, wish, at(w->dealt, name)) ||
				    (w->forgetful && same(name, wish, at(w->current, name))));
		put(w->spec, name, value);
		put(w->dealt, name, value);
		put(w->waiting, name, NULL);
	}
	w->version++;
	w->generation++;
	know(&w->known, plan->spec);
	agent_lists(w);
}

/* As far as the agent can see, everybody has what he asked for. */
static void all_agree(struct world *w)
{
	for (size_t i = 0; i < N_MODEL; i++) {
		const char *name = model[i].name;
		struct json_object *seen = at(w->seen_spec, name);

		put(w->dealt, name, seen);
		if (seen && same(name, seen, at(w->waiting, name)))
			put(w->waiting, name, NULL);
	}
}

/* Returns true if there was something to do. */
static bool agent_round(struct world *w)
{
	struct reconcile_input in = { .spec = w->seen_spec, .now = w->now, .known = w->known,
				      .finished = w->seen_ended };
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
	_cleanup_json_ struct json_object *current = NULL;

	if (!w->now)
		return true;
	in.base = !w->seen_current && w->seen_generation == 1 ? w->seen_spec : w->seen_current;
	reconcile(&in, &plan);
	if (plan.send) {
		agent_sends(w, plan.send);
		return true;
	}
	if (plan.spec) {
		agent_patches(w, &plan);
		return true;
	}
	assert_false(plan.refused);
	current = copy(w->now);
	if (!w->seen_current || !json_object_equal(w->seen_current, current)) {
		if (w->seen_version == w->version) {
			set(&w->current, TAKE_PTR(current));
			w->version++;
			all_agree(w);
			agent_lists(w);
		}
		return true;
	}
	all_agree(w);
	set(&w->known, NULL);
	w->forgetful = false;
	return false;
}

static void agent_crashes(struct world *w)
{
	set(&w->known, NULL);
	set(&w->now, NULL);
	agent_lists(w);
	w->forgetful = true;
}

static void world_begins(struct world *w, uint64_t seed)
{
	*w = (struct world){ .random = seed, .seed = seed, .version = 1, .generation = 1 };
	w->slurm = json_object_new_object();
	w->waiting = json_object_new_object();
	for (size_t i = 0; i < N_MODEL; i++) {
		_cleanup_json_ struct json_object *value = parse(model[i].values[0]);

		put(w->slurm, model[i].name, value);
	}
	w->spec = copy(w->slurm);
	w->dealt = copy(w->slurm);
	know(&w->known, w->spec);
	agent_lists(w);
	agent_looks(w);
}

static void world_ends(struct world *w)
{
	struct json_object **all[] = { &w->spec, &w->current, &w->slurm, &w->seen_spec,
				       &w->seen_current, &w->known, &w->now, &w->dealt, &w->waiting };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		set(all[i], NULL);
}

static void something_happens(struct world *w)
{
	static void (*const often[])(struct world *w) = {
		user_edits, user_edits, slurm_changes, agent_looks, agent_lists,
	};
	unsigned n = dice(w, 11);

	if (n < ARRAY_SIZE(often))
		often[n](w);
	else if (n == 10 && dice(w, 4) == 0)
		agent_crashes(w);
	else if (n == 10 && dice(w, 6) == 0)
		w->ended = true;
	else
		agent_round(w);
}

/* All quiet: the agent gets to the end, and then there is nothing left to do. */
static void check_convergence(struct world *w)
{
	int rounds = 0;

	do {
		agent_lists(w);
		agent_looks(w);
		rounds++;
	} while (agent_round(w) && rounds < 40);
	assert_true(rounds < 40);
	for (size_t i = 0; i < N_MODEL; i++) {
		const char *name = model[i].name;
		struct json_object *wish = at(w->waiting, name);

		judge(w, name, same(name, at(w->spec, name), at(w->slurm, name)));
		judge(w, name, !wish || same(name, wish, at(w->slurm, name)));
	}
	assert_false(agent_round(w));
}

static void test_histories(void **state)
{
	for (uint64_t seed = 1; seed <= 30000; seed++) {
		struct world w;
		unsigned length;

		world_begins(&w, seed * 7919);
		length = 5 + dice(&w, 30);
		for (unsigned i = 0; i < length; i++)
			something_happens(&w);
		check_convergence(&w);
		world_ends(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_many_refusals),
		cmocka_unit_test(test_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
