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

/* What only some inputs tell. */
static void test_more_inputs(void **state)
{
	static const struct {
		const char *what, *spec, *base, *known, *marked, *accepted, *ours, *theirs, *now;
		bool finished, forgotten;
		const char *send, *patch, *refused;
	} rows[] = {
#define REQUEUE(day) "{\"requeueRequestedAt\":\"2026-01-0" day "T00:00:00Z\"}"
#define PLAIN NULL, NULL, NULL, NULL
		{ "an undo of what was marked", LIMIT("60"), LIMIT("60"), NULL, LIMIT("90"), NULL, NULL, NULL,
		  LIMIT("90"), false, false, LIMIT("60") },
		{ "marked, not yet sent", LIMIT("90"), LIMIT("60"), NULL, LIMIT("90"), NULL, NULL, NULL,
		  LIMIT("60"), false, false, LIMIT("90") },
		{ "marked and done", LIMIT("90"), LIMIT("60"), NULL, LIMIT("90"), NULL, NULL, NULL,
		  LIMIT("90") },
		{ "marked and answered", LIMIT("90"), LIMIT("60"), LIMIT("90"), LIMIT("90"), NULL, NULL,
		  NULL, LIMIT("60"), false, false, "", LIMIT("60") },
		{ "marked and taken out", "{}", LIMIT("60"), NULL, LIMIT("90"), NULL, NULL, NULL, LIMIT("90"),
		  false, false, "", LIMIT("90") },
		{ "taken and ignored", LIMIT("90"), LIMIT("60"), LIMIT("90"), NULL, LIMIT("90"), NULL, NULL,
		  LIMIT("60"), false, false, "", LIMIT("60"), "changed nothing" },
		{ "taken and made another", LIMIT("90"), LIMIT("60"), LIMIT("90"), NULL, LIMIT("90"), NULL,
		  NULL, LIMIT("80"), false, false, "", LIMIT("80") },
		{ "a dependency that is met", "{\"dependency\":\"afterok:1\"}", "{}",
		  "{\"dependency\":\"afterok:1\"}", NULL, "{\"dependency\":\"afterok:1\"}", NULL, NULL, "{}",
		  false, false, "", "{\"dependency\":null}" },
		{ "only the agent's", LIMIT("90"), LIMIT("60"), NULL, NULL, NULL, LIMIT("1"), NULL, LIMIT("80"),
		  false, false, "", LIMIT("80") },
		{ "nobody can tell", LIMIT("60"), LIMIT("60"), NULL, NULL, NULL, NULL, LIMIT("1"), LIMIT("80"),
		  false, false, "", LIMIT("80"), "changed it meanwhile" },
		{ "a throttle", "{\"array\":\"0-9%3\"}", "{\"array\":\"0-9%2\"}", NULL, PLAIN,
		  "{\"array\":\"0-9%2\"}", false, false, "{\"array\":\"0-9%3\"}" },
		{ "a throttle, spelled otherwise", "{\"array\":\"0,1-9%3\"}", "{\"array\":\"0-9%2\"}", NULL,
		  PLAIN, "{\"array\":\"0-9%2\"}", false, false, "{\"array\":\"0,1-9%3\"}" },
		{ "requeue", REQUEUE("2"), "{}", NULL, PLAIN, "{}", false, false, REQUEUE("2") },
		{ "requeue, ended", REQUEUE("2"), REQUEUE("1"), NULL, PLAIN, REQUEUE("1"), true, false,
		  REQUEUE("2") },
		{ "requeue, earlier", REQUEUE("1"), REQUEUE("2"), NULL, PLAIN, REQUEUE("2"), false, false, "",
		  REQUEUE("2"), "a later time" },
		{ "requeue, forgotten", REQUEUE("2"), "{}", NULL, PLAIN, "{}", true, true, "",
		  "{\"requeueRequestedAt\":null}", "Slurm has forgotten it" },
		{ "requeue, no time", "{\"requeueRequestedAt\":\"now\"}", "{}", NULL, PLAIN, "{}", false, false,
		  "", "{\"requeueRequestedAt\":null}", "a point of time" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const texts[] = { rows[i].spec, rows[i].base, rows[i].known, rows[i].marked,
					      rows[i].accepted, rows[i].ours, rows[i].theirs, rows[i].now };
		struct json_object *o[ARRAY_SIZE(texts)];
		_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
		struct reconcile_input in;

		for (size_t j = 0; j < ARRAY_SIZE(texts); j++)
			o[j] = parse(texts[j]);
		in = (struct reconcile_input){ .spec = o[0], .base = o[1], .known = o[2], .marked = o[3],
					       .accepted = o[4], .ours = o[5], .theirs = o[6], .now = o[7],
					       .finished = rows[i].finished,
					       .forgotten = rows[i].forgotten };
		reconcile(&in, &plan);
		if (strcmp(text_of(plan.send), rows[i].send ? rows[i].send : "") ||
		    strcmp(text_of(plan.spec), rows[i].patch ? rows[i].patch : "") ||
		    plan.refused != !!rows[i].refused)
			row("%s: send %s, patch %s, %s", rows[i].what, text_of(plan.send),
			    text_of(plan.spec), plan.refused ? plan.refusal.text : "fine");
		assert_string_equal(text_of(plan.send), rows[i].send ? rows[i].send : "");
		assert_string_equal(text_of(plan.spec), rows[i].patch ? rows[i].patch : "");
		assert_int_equal(plan.refused, !!rows[i].refused);
		assert_true(!rows[i].refused || strstr(plan.refusal.text, rows[i].refused));
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++)
			json_object_put(o[j]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_more_inputs),
		cmocka_unit_test(test_many_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
