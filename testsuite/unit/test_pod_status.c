/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pod shows of its Slurm job. */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/pods/status.h"

static struct json_object *parse(const char *text)
{
	struct json_object *o = json_parse(text, strlen(text), NULL);

	if (!o)
		row("%s", text);
	assert_non_null(o);
	return o;
}

#define POD(more)                                                                                  \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"creationTimestamp\":"   \
	"\"2026-01-01T00:00:00Z\"},"                                                               \
	"\"spec\":{\"restartPolicy\":\"Never\",\"initContainers\":[{\"name\":\"i\",\"image\":"     \
	"\"a\"}],"                                                                                 \
	"\"containers\":[{\"name\":\"main\",\"image\":\"b\"}]" more "}}"
#define ALWAYS ",\"restartPolicy\":\"Always\""

#define JOB(state, conditions, more)                                                               \
	"{\"metadata\":{\"name\":\"p-pu\"},\"status\":{\"jobId\":7,\"state\":\"" state             \
	"\",\"conditions\":[" conditions "]" more "}}"
#define ACCEPTED                                                                                   \
	"{\"type\":\"Accepted\",\"status\":\"True\",\"reason\":\"Submitted\",\"message\":\"x\"}"
#define SCHEDULED                                                                                  \
	ACCEPTED ",{\"type\":\"Scheduled\",\"status\":\"True\",\"reason\":\"Allocated\","          \
		 "\"message\":\"node1\"}"
#define WAITS                                                                                      \
	ACCEPTED ",{\"type\":\"Scheduled\",\"status\":\"False\",\"reason\":\"Resources\","         \
		 "\"message\":\"Resources\"}"
#define FAILED(words)                                                                              \
	SCHEDULED                                                                                  \
		",{\"type\":\"Failed\",\"status\":\"True\",\"reason\":\"x\",\"message\":\"" words  \
		"\"}"
#define COMPLETE                                                                                   \
	SCHEDULED ",{\"type\":\"Complete\",\"status\":\"True\",\"reason\":\"x\",\"message\":"      \
		  "\"x\"}"
#define STARTED ",\"startTime\":\"2026-01-01T00:01:00Z\""
#define ENDED STARTED ",\"endTime\":\"2026-01-01T00:02:00Z\""
#define STEP(name, state, more)                                                                    \
	"{\"id\":\"0\",\"name\":\"" name "\",\"state\":\"" state                                   \
	"\",\"startTime\":\"2026-01-01T00:01:00Z\"" more "}"
#define DONE(code) ",\"exitCode\":" code ",\"endTime\":\"2026-01-01T00:01:30Z\""
#define STEPS(list) ",\"steps\":[" list "]"
#define BATCH STEP("batch", "RUNNING", "")

struct test_row {
	const char *pod, *job, *report;
	bool bound;
	const char *holds[4]; /* PATH=VALUE */
};

static const char *find(struct json_object *o, const char *path)
{
	char copy[200], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", path);
	while (o && (word = strsep(&rest, "/"))) {
		if (json_object_is_type(o, json_type_array) && word[0] >= '0' && word[0] <= '9') {
			o = json_object_array_get_idx(o, atoi(word));
		} else if (json_object_is_type(o, json_type_array)) {
			struct json_object *found = NULL;

			for (size_t i = 0; i < json_length(o); i++)
				if (!strcmp(json_get_string(json_object_array_get_idx(o, i), "type")
						    ?: "",
					    word))
					found = json_object_array_get_idx(o, i);
			o = found;
		} else {
			o = json_member(o, word);
		}
	}
	return o ? json_object_get_string(o) : "null";
}

static const struct test_row rows[] = {
	{ POD(""),
	  JOB("", "", ""),
	  NULL,
	  false,
	  { "phase=Pending", "conditions/PodScheduled/reason=Submitting",
	    "conditions/slurm-kube.io/SlurmJob=null",
	    "containerStatuses/0/state/waiting/reason=PodInitializing" } },
	{ POD(""),
	  JOB("PENDING", WAITS, ""),
	  NULL,
	  false,
	  { "phase=Pending", "conditions/PodScheduled/status=False",
	    "conditions/PodScheduled/reason=Resources",
	    "conditions/PodScheduled/message=Slurm job 7 waits: Resources" } },
	{ POD(""),
	  JOB("",
	      "{\"type\":\"Accepted\",\"status\":\"False\",\"reason\":\"Refused\",\"message\":"
	      "\"spec.qos: no\"}",
	      ""),
	  NULL,
	  false,
	  { "phase=Pending", "conditions/PodScheduled/reason=Refused", "startTime=null" } },
	{ POD(""),
	  JOB("RUNNING", SCHEDULED, STARTED),
	  NULL,
	  true,
	  { "phase=Pending", "conditions/PodScheduled/status=True",
	    "startTime=2026-01-01T00:01:00Z",
	    "initContainerStatuses/0/state/waiting/reason=PodInitializing" } },
	{ POD(""),
	  JOB("RUNNING", SCHEDULED, STARTED STEPS(BATCH "," STEP("i", "RUNNING", ""))),
	  NULL,
	  true,
	  { "phase=Running", "initContainerStatuses/0/state/running/startedAt=2026-01-01T00:01:00Z",
	    "containerStatuses/0/state/waiting/reason=PodInitializing",
	    "conditions/Ready/status=False" } },
	{ POD(""),
	  JOB("RUNNING", SCHEDULED,
	      STARTED STEPS(STEP("i", "COMPLETED", DONE("0")) "," STEP("main", "RUNNING", ""))),
	  NULL,
	  true,
	  { "phase=Running", "initContainerStatuses/0/state/terminated/reason=Completed",
	    "containerStatuses/0/ready=true", "conditions/Ready/status=True" } },
	{ POD(""),
	  JOB("COMPLETED", COMPLETE,
	      ENDED STEPS(
		      STEP("i", "COMPLETED", DONE("0")) "," STEP("main", "COMPLETED", DONE("0")))),
	  NULL,
	  true,
	  { "phase=Succeeded", "containerStatuses/0/state/terminated/exitCode=0", "reason=null",
	    "conditions/Ready/reason=PodCompleted" } },
	{ POD(""),
	  JOB("FAILED", FAILED("exit code 4"),
	      ENDED ",\"exitCode\":4" STEPS(
		      STEP("i", "COMPLETED", DONE("0")) "," STEP("main", "FAILED", DONE("4")))),
	  NULL,
	  true,
	  { "phase=Failed", "containerStatuses/0/state/terminated/exitCode=4",
	    "containerStatuses/0/state/terminated/reason=Error", "reason=null" } },
	/* Restarts: by the steps' names. */
	{ POD(ALWAYS),
	  JOB("RUNNING", SCHEDULED,
	      STARTED STEPS(STEP("main", "FAILED", DONE("3")) "," STEP("main.1", "RUNNING", ""))),
	  NULL,
	  true,
	  { "containerStatuses/0/restartCount=1",
	    "containerStatuses/0/state/running/startedAt=2026-01-01T00:01:00Z",
	    "containerStatuses/0/lastState/terminated/exitCode=3", "phase=Running" } },
	{ POD(ALWAYS),
	  JOB("RUNNING", SCHEDULED, STARTED STEPS(STEP("main", "FAILED", DONE("3")))),
	  NULL,
	  true,
	  { "containerStatuses/0/state/waiting/reason=CrashLoopBackOff",
	    "containerStatuses/0/lastState/terminated/exitCode=3",
	    "containerStatuses/0/ready=false" } },
	{ POD(""),
	  JOB("OUT_OF_MEMORY", FAILED("killed"),
	      ENDED STEPS(STEP("main", "OUT_OF_MEMORY", DONE("137")))),
	  "{\"containers\":[{\"name\":\"main\",\"state\":{\"startedAt\":1767225660,\"finishedAt\":"
	  "1767225690,\"exitCode\":137,"
	  "\"reason\":\"Error\"}}]}",
	  true,
	  { "reason=OutOfMemory", "containerStatuses/0/state/terminated/reason=OOMKilled" } },
	/* From outside. */
	{ POD(""),
	  JOB("CANCELLED", FAILED("CANCELLED"),
	      ENDED ",\"cancelledBy\":\"bob\"" STEPS(STEP("main", "RUNNING", ""))),
	  NULL,
	  true,
	  { "phase=Failed", "reason=Cancelled", "message=Slurm job 7: CANCELLED by bob",
	    "containerStatuses/0/state/terminated/reason=Cancelled" } },
	{ POD(""),
	  JOB("NODE_FAIL", FAILED("node1 is down"), ENDED),
	  NULL,
	  true,
	  { "reason=NodeFail", "message=Slurm job 7: NODE_FAIL: node1 is down" } },
	{ POD(""), JOB("TIMEOUT", FAILED("x"), ENDED), NULL, true, { "reason=Timeout" } },
	{ POD(",\"activeDeadlineSeconds\":60"),
	  JOB("TIMEOUT", FAILED("x"), ENDED),
	  NULL,
	  true,
	  { "reason=DeadlineExceeded" } },
	{ POD(",\"activeDeadlineSeconds\":60"),
	  JOB("FAILED", FAILED("x"), ENDED ",\"exitCode\":124"),
	  NULL,
	  true,
	  { "reason=DeadlineExceeded" } },
	/* Nothing of it ran. */
	{ POD(""),
	  JOB("FAILED", FAILED("exit code 127"), ENDED ",\"exitCode\":127"),
	  NULL,
	  true,
	  { "reason=Failed", "message=Slurm job 7: FAILED: exit code 127" } },
	/* The report: messages, and why the whole failed. */
	{ POD(""),
	  JOB("FAILED", FAILED("exit code 4"),
	      ENDED STEPS(STEP("main", "FAILED", DONE("4")) "," BATCH)),
	  "{\"containers\":[{\"name\":\"main\",\"restartCount\":0,\"state\":{\"startedAt\":"
	  "1767225660,\"finishedAt\":"
	  "1767225690,\"exitCode\":4,\"reason\":\"Error\",\"message\":\"sorry\"}}]}",
	  true,
	  { "containerStatuses/0/state/terminated/message=sorry", "reason=null" } },
	{ POD(""),
	  JOB("FAILED", FAILED("exit code 125"), ENDED),
	  "{\"reason\":\"CreateContainerConfigError\",\"message\":\"no key\",\"containers\":[]}",
	  true,
	  { "reason=CreateContainerConfigError", "message=no key" } },
	/* What anybody may have written there. */
	{ POD(""),
	  JOB("FAILED", FAILED("exit code 4"),
	      ENDED STEPS(STEP("main", "FAILED", DONE("4")) "," BATCH)),
	  "{\"reason\":7,\"containers\":{\"name\":\"main\"}}",
	  true,
	  { "phase=Failed", "containerStatuses/0/state/terminated/exitCode=4" } },
	{ POD(""),
	  JOB("COMPLETED", COMPLETE, ENDED),
	  "{\"containers\":[{\"name\":\"main\",\"restartCount\":-5,\"state\":{\"startedAt\":"
	  "9223372036854775807,\"finishedAt\":1,"
	  "\"exitCode\":99999,\"message\":{}}}]}",
	  true,
	  { "phase=Succeeded", "containerStatuses/0/restartCount=0" } },
};

static void test_status(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *whole = parse(rows[i].pod),
						  *pod = pod_slim(whole);
		_cleanup_json_ struct json_object *all = parse(rows[i].job),
						  *job = pod_slim_job(all);
		_cleanup_json_ struct json_object *report =
			rows[i].report ? parse(rows[i].report) : NULL;
		_cleanup_json_ struct json_object *is = pod_status(pod, job, report, rows[i].bound);
		_cleanup_json_ struct json_object *again =
			pod_status(pod, job, report, rows[i].bound);

		row("%zu: %s", i, json_object_to_json_string_ext(is, JSON_C_TO_STRING_PLAIN));
		assert_true(json_object_equal(is, again));
		assert_true(pod_status_has(is, again));
		for (size_t k = 0; k < ARRAY_SIZE(rows[i].holds) && rows[i].holds[k]; k++) {
			const char *equals = strchr(rows[i].holds[k], '=');
			char path[200];

			snprintf(path, sizeof(path), "%.*s", (int)(equals - rows[i].holds[k]),
				 rows[i].holds[k]);
			assert_string_equal(find(is, path), equals + 1);
		}
	}
}

static void test_has(void **state)
{
	static const struct {
		const char *is, *wanted;
		bool has;
	} has_rows[] = {
		{ "{\"a\":1,\"b\":2}", "{\"a\":1}", true },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
		{ "{\"a\":1}", "{\"b\":null}", true },
		{ "{\"a\":1}", "{\"a\":null}", false },
		{ "{\"l\":[{\"x\":1,\"y\":null}]}", "{\"l\":[{\"x\":1}]}", true },
		{ "{\"l\":[{\"x\":1},{}]}", "{\"l\":[{\"x\":1}]}", false },
		{ "{\"l\":[]}", "{\"l\":{}}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(has_rows); i++) {
		_cleanup_json_ struct json_object *is = parse(has_rows[i].is),
						  *wanted = parse(has_rows[i].wanted);

		row("%s %s", has_rows[i].is, has_rows[i].wanted);
		assert_int_equal(pod_status_has(is, wanted), has_rows[i].has);
	}
}

static void test_refused(void **state)
{
	_cleanup_json_ struct json_object *pod = parse(POD(""));
	_cleanup_json_ struct json_object *waits =
		pod_status_refused(pod, "Refused", "spec.x: no", false);
	_cleanup_json_ struct json_object *fails =
		pod_status_refused(pod, "Refused", "spec.x: no", true);

	assert_string_equal(find(waits, "phase"), "Pending");
	assert_string_equal(find(waits, "conditions/PodScheduled/message"), "spec.x: no");
	assert_string_equal(find(fails, "phase"), "Failed");
	assert_string_equal(find(fails, "reason"), "Refused");
	assert_false(pod_status_had_job(pod));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_status),
					    cmocka_unit_test(test_has),
					    cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
