/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/details.h"

#define START 1700000000 /* 2023-11-14T22:13:20Z */

static struct step step(uint32_t number)
{
	return (struct step){ .job_id = 7, .het_offset = STEP_NO_HET, .number = number,
			      .exit_status = STEP_NO_STATUS };
}

static struct json_object *nth(struct json_object *details, size_t i)
{
	return json_object_array_get_idx(json_get(details, "steps"), i);
}

static void test_ids(void **state)
{
	static const struct {
		struct step step;
		const char *id;
	} rows[] = {
		{ { .number = 0, .het_offset = STEP_NO_HET }, "0" },
		{ { .number = 0xfffffffb, .het_offset = STEP_NO_HET }, "batch" },
		{ { .number = 0xfffffffc, .het_offset = STEP_NO_HET }, "extern" },
		{ { .number = 0xfffffffa, .het_offset = STEP_NO_HET }, "interactive" },
		{ { .number = 3, .het_offset = 1 }, "3+1" },
		{ { .number = 2, .array_id = 9, .array_task = 7, .het_offset = STEP_NO_HET }, "7.2" },
		{ { .number = 0xfffffffb, .array_id = 9, .array_task = 99999,
		    .het_offset = STEP_NO_HET }, "99999.batch" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char id[STEP_ID_SIZE];

		step_id(&rows[i].step, id);
		assert_string_equal(id, rows[i].id);
	}
}

/* What one source tells stays when another doesn't tell it. */
static void test_sources(void **state)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();
	struct step begin = step(0), list = step(0), end = step(0);

	begin.state = "RUNNING";
	begin.start = START;
	begin.container = "docker://box:1";
	assert_true(details_note_step(details, &begin));
	assert_false(details_note_step(details, &begin));
	list.state = "RUNNING";
	list.name = "sleep";
	list.node_list = "n[1-2]";
	list.tasks = 4;
	list.nodes = 2;
	assert_true(details_note_step(details, &list));
	end.state = "FAILED";
	end.end = START + 10;
	end.exit_status = 3 << 8;
	end.digest = "sha256:00";
	end.startup_us = 1840;
	assert_true(details_note_step(details, &end));
	/* A late source calls it running: no. */
	assert_false(details_note_step(details, &list));
	assert_string_equal(json_object_to_json_string_ext(details, JSON_C_TO_STRING_PLAIN |
									JSON_C_TO_STRING_NOSLASHESCAPE),
			    "{\"steps\":[{\"id\":\"0\",\"state\":\"FAILED\","
			    "\"startTime\":\"2023-11-14T22:13:20Z\","
			    "\"container\":\"docker://box:1\",\"name\":\"sleep\",\"tasks\":4,"
			    "\"nodes\":2,\"nodeList\":\"n[1-2]\","
			    "\"endTime\":\"2023-11-14T22:13:30Z\",\"exitCode\":3,"
			    "\"digest\":\"sha256:00\",\"startupMicroseconds\":1840}]}");
}

static void test_pinned(void **state)
{
	static char image[] = "docker://box:1@sha256:"
			      "0000000000000000000000000000000000000000000000000000000000000000";
	_cleanup_json_ struct json_object *details = json_object_new_object();
	struct step s = step(0);

	s.container = image;
	details_note_step(details, &s);
	assert_string_equal(json_get_string(nth(details, 0), "container"), "docker://box:1");
	assert_string_equal(json_get_string(nth(details, 0), "digest"), strchr(image, '@') + 1);
}

/* After a requeue the numbers begin anew. */
static void test_requeue(void **state)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();
	struct step s = step(0);

	s.state = "CANCELLED";
	s.start = START;
	s.end = START + 10;
	s.exit_status = 15;
	details_note_step(details, &s);
	assert_int_equal(json_get_int(nth(details, 0), "signal", 0), 15);
	s = step(0);
	s.state = "RUNNING";
	s.start = START + 60;
	assert_true(details_note_step(details, &s));
	assert_int_equal(json_length(json_get(details, "steps")), 1);
	assert_null(json_get(nth(details, 0), "signal"));
	assert_string_equal(json_get_string(nth(details, 0), "state"), "RUNNING");
}

/* The latest are kept; those that run go last. */
static void test_bound(void **state)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();

	for (uint32_t i = 0; i < 1000; i++) {
		struct step s = step(i);

		s.start = START + i;
		s.end = i == 5 ? 0 : START + i + 1;
		details_note_step(details, &s);
	}
	assert_int_equal(json_length(json_get(details, "steps")), DETAILS_STEPS);
	assert_string_equal(json_get_string(nth(details, 0), "id"), "5");
	assert_string_equal(json_get_string(nth(details, 1), "id"), "969");
	assert_string_equal(json_get_string(nth(details, DETAILS_STEPS - 1), "id"), "999");
}

/* slurmdbd tells of steps that are long off the list: they don't come back. */
static void test_old_ones(void **state)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 40; i++) {
			struct step s = step(i);

			s.start = START + i;
			s.end = START + 100;
			assert_int_equal(details_note_step(details, &s), round == 0);
		}
	}
	assert_string_equal(json_get_string(nth(details, 0), "id"), "8");
}

static void test_running(void **state)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();
	struct step two[] = { step(0), step(1) };
	struct step_list both = { 2, two }, last = { 1, two + 1 }, none = { 0 };

	two[0].start = two[1].start = START;
	two[0].state = two[1].state = "RUNNING";
	assert_true(details_note_running(details, &both, START + 1));
	assert_false(details_note_running(details, &both, START + 60));
	/* Too young for a list that was made a moment ago. */
	assert_false(details_note_running(details, &last, START + 3));
	assert_true(details_note_running(details, &last, START + 60));
	assert_string_equal(json_get_string(nth(details, 0), "state"), "UNKNOWN");
	assert_non_null(json_get(nth(details, 0), "endTime"));
	assert_null(json_get(nth(details, 1), "endTime"));
	assert_false(details_note_running(details, &last, START + 90));
	assert_true(details_note_ended(details, START + 90));
	assert_false(details_note_ended(details, START + 91));
	assert_false(details_note_running(details, &none, START + 91));
}

static void test_usage(void **state)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();
	_cleanup_json_ struct json_object *status = json_object_new_object(), *back = NULL;
	struct usage u = { .elapsed = 60, .cpu_seconds = 240, .user_us = 1999999,
			   .system_us = 1000000, .max_memory = 4096, .tres = "cpu=00:00:02" };

	assert_false(details_have_usage(details));
	assert_true(details_note_usage(details, &u));
	assert_false(details_note_usage(details, &u));
	assert_true(details_have_usage(details));
	details_add(status, details);
	assert_string_equal(json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN),
			    "{\"usage\":{\"elapsedSeconds\":60,\"cpuSeconds\":240,"
			    "\"userSeconds\":1,\"systemSeconds\":1,\"maxMemoryBytes\":4096,"
			    "\"tres\":\"cpu=00:00:02\"}}");
	back = details_of(status);
	assert_true(details_same(back, details));
	assert_false(details_same(back, NULL));
	assert_true(details_same(NULL, NULL));
}

/* What others wrote there: each is as good as absent, and can be written over. */
static void test_hostile(void **state)
{
	static const char *const statuses[] = {
		"{}", "{\"steps\":5,\"usage\":[]}", "{\"steps\":[null,3,\"x\",[],{}],\"usage\":{}}",
		"{\"steps\":[{\"id\":5},{\"id\":\"0\",\"startTime\":3,\"endTime\":[],\"state\":{}}]}",
		"{\"steps\":{\"id\":\"0\"}}", "[]", "{\"steps\":[{\"id\":\"0\",\"endTime\":\"never\"}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		_cleanup_json_ struct json_object *status = json_tokener_parse(statuses[i]);
		_cleanup_json_ struct json_object *details = details_of(status);
		struct step s = step(0);
		struct step_list list = { 1, &s };
		struct usage u = { 0 };

		if (!details)
			details = json_object_new_object();
		s.state = "RUNNING";
		s.start = START;
		details_note_step(details, &s);
		details_note_running(details, &list, START + 100);
		details_note_usage(details, &u);
		details_note_ended(details, START + 200);
		assert_true(details_have_usage(details));
	}
	assert_null(details_of(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),	cmocka_unit_test(test_sources),
		cmocka_unit_test(test_pinned),	cmocka_unit_test(test_requeue),
		cmocka_unit_test(test_bound),	cmocka_unit_test(test_old_ones),
		cmocka_unit_test(test_running), cmocka_unit_test(test_usage),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
