/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a submission is made of: sbatch's options, its words, the mark, dependencies by name. */
#include "unit.h"

#include <errno.h>

#include "common/json.h"
#include "sync-agent/mirror/dependency.h"
#include "sync-agent/submit/mark.h"
#include "sync-agent/submit/options.h"
#include "sync-agent/submit/words.h"

#define SCRIPT "\"script\":\"#!/bin/sh\\n\""

static struct json_object *parse(const char *text)
{
	struct json_object *o = json_parse(text, strlen(text), NULL);

	if (!o)
		row("%s", text);
	assert_non_null(o);
	return o;
}

static const struct submit_references none;

/* Whole objects: keys in base64, only those that are asked for, in pieces that the kernel takes. */
static void test_whole_objects(void **state)
{
	static const struct {
		const char *ref, *first; /* the first variable, or what the error begins with */
		size_t n;
	} rows[] = {
		{ "{\"secretRef\":{\"name\":\"s\"}}", "V={\"a.b\":\"eA==\",\"c\":\"eQ==\"}", 1 },
		{ "{\"secretRef\":{\"name\":\"s\",\"keys\":[{\"key\":\"c\"}]}}", "V={\"c\":\"eQ==\"}", 1 },
		{ "{\"secretRef\":{\"name\":\"s\",\"keys\":[{\"key\":\"d\",\"optional\":true}]}}", "V={}", 1 },
		{ "{\"secretRef\":{\"name\":\"s\",\"keys\":[{\"key\":\"d\"}]}}", "spec.environment[0]: the Secret 's' has no key", 0 },
		{ "{\"configMapRef\":{\"name\":\"m\"}}", "V={\"k\":\"dg==\",\"bin\":\"AAE=\"}", 1 },
		{ "{\"configMapRef\":{\"name\":\"none\"}}", "spec.environment[0]: there is no ConfigMap 'none'", 0 },
		{ "{\"configMapRef\":{\"name\":\"none\",\"optional\":true}}", NULL, 0 },
	};
	_cleanup_json_ struct json_object *secrets =
		parse("{\"s\":{\"data\":{\"a.b\":\"eA==\",\"c\":\"eQ==\"}}}");
	_cleanup_json_ struct json_object *maps =
		parse("{\"m\":{\"data\":{\"k\":\"v\"},\"binaryData\":{\"bin\":\"AAE=\"}},\"none\":true}");
	const struct submit_references refs = { maps, secrets };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *spec = NULL, *o = NULL;
		struct json_object *list;
		struct error err = { 0 };
		char text[400];

		snprintf(text, sizeof(text), "{\"environment\":[{\"name\":\"V\",\"valueFrom\":%s}]," SCRIPT "}",
			 rows[i].ref);
		spec = parse(text);
		o = submit_options("x", spec, NULL, &refs, &err);
		list = json_get(o, "environment");
		row("%s: %s", rows[i].ref, o ? json_object_get_string(list) : err.text);
		assert_int_equal(json_length(list), rows[i].n);
		if (rows[i].n)
			assert_string_equal(json_object_get_string(json_object_array_get_idx(list, 0)),
					    rows[i].first);
		else if (rows[i].first)
			assert_true(!strncmp(err.text, rows[i].first, strlen(rows[i].first)));
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *spec, *options;
	} rows[] = {
		{ "{" SCRIPT "}", "[\"--job-name=x\"]" },
		{ "{\"jobName\":\"a b\"," SCRIPT "}", "[\"--job-name=a b\"]" },
		{ "{\"hold\":true," SCRIPT "}", "[\"--job-name=x\",\"--hold\"]" },
		{ "{\"hold\":false,\"account\":\"\"," SCRIPT "}", "[\"--job-name=x\"]" },
		{ "{\"nodes\":2,\"timeLimit\":\"1:30:00\"," SCRIPT "}",
		  "[\"--job-name=x\",\"--nodes=2\",\"--time=1:30:00\"]" },
		{ "{\"nice\":-5,\"comment\":\"--uid=0\\nx\"," SCRIPT "}",
		  "[\"--job-name=x\",\"--nice=-5\",\"--comment=--uid=0\\nx\"]" },
		{ "{\"tresPerNode\":\"gres:gpu:a100:2,gres/nvme:1\"," SCRIPT "}",
		  "[\"--job-name=x\",\"--gpus-per-node=a100:2\",\"--gres=nvme:1\"]" },
		{ "{\"openMode\":\"Append\"," SCRIPT "}", "[\"--job-name=x\",\"--open-mode=append\"]" },
		{ "{\"dependency\":\"afterok:a\"," SCRIPT "}",
		  "[\"--job-name=x\",\"--dependency=afterok:7\"]" },
		{ "{\"container\":{\"image\":\"docker://a\",\"mounts\":[{\"target\":\"/a\"},{\"source\":"
		  "\"/b\",\"target\":\"/c\",\"options\":\"ro,nosuid\"}],\"env\":[{\"name\":\"E\","
		  "\"value\":\"secret\"}],\"writable\":false,\"entrypoint\":true,\"devices\":[\"v/c=0\"]}," SCRIPT "}",
		  "[\"--job-name=x\",\"--container=docker://a\",\"--container-mounts=/a:/a,/b:/c:ro+nosuid\","
		  "\"--container-env=E\",\"--container-readonly\",\"--container-entrypoint\"]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *spec = parse(rows[i].spec);
		struct error err = { 0 };
		_cleanup_json_ struct json_object *o =
			submit_options("x", spec, "afterok:7", &none, &err);
		const char *text;

		assert_string_equal(err.text, "");
		text = json_object_to_json_string_ext(json_get(o, "options"),
						      JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
		/* A device's name holds "=", which is no name of a variable. */
		if (strstr(rows[i].spec, "devices")) {
			assert_non_null(strstr(text, "--container-device=v/c=0"));
			continue;
		}
		assert_string_equal(text, rows[i].options);
	}
}

static void test_environment(void **state)
{
	_cleanup_json_ struct json_object *spec = parse(
		"{\"environment\":[{\"name\":\"A\",\"value\":\"a,b=\\\"c\"},{\"name\":\"B\"},"
		"{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}},"
		"{\"name\":\"N\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"no\",\"optional\":true}}}],"
		"\"container\":{\"env\":[{\"name\":\"C\",\"value\":\"c\"}]},"
		"\"scriptFrom\":{\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"run\"}}}");
	_cleanup_json_ struct json_object *maps = parse("{\"m\":{\"data\":{\"run\":\"#!/bin/sh\"}}}");
	_cleanup_json_ struct json_object *secrets = parse("{\"s\":{\"data\":{\"k\":\"aGlkZGVu\"}}}");
	struct submit_references refs = { maps, secrets };
	_cleanup_json_ struct json_object *wanted = submit_references_of(spec);
	struct error err = { 0 };
	_cleanup_json_ struct json_object *o = submit_options("x", spec, NULL, &refs, &err);

	assert_string_equal(err.text, "");
	assert_string_equal(json_object_to_json_string_ext(json_get(o, "environment"),
							   JSON_C_TO_STRING_PLAIN),
			    "[\"A=a,b=\\\"c\",\"B=\",\"S=hidden\",\"C=c\"]");
	assert_string_equal(json_get_string(o, "script"), "#!/bin/sh");
	assert_true(json_get_bool(wanted, "secrets.s", false));
	assert_true(json_get_bool(wanted, "configmaps.m", false));
}

static void test_refused(void **state)
{
	static const struct {
		const char *spec, *error;
		int code;
	} rows[] = {
		{ "{}", "spec.script: ", EINVAL },
		{ "{\"script\":\"\"}", "spec.script: ", EINVAL },
		{ "{\"script\":\"a\\u0000b\"}", "spec.script: it holds a NUL byte", EINVAL },
		{ "{\"tresPerJob\":\"gres:nvme:1\"," SCRIPT "}", "spec.tresPerJob: ", EINVAL },
		{ "{\"environment\":[{\"name\":\"A=B\"}]," SCRIPT "}", "spec.environment[0].name: ", EINVAL },
		{ "{\"environment\":[{\"name\":\"SLURM_KUBE_UID\"}]," SCRIPT "}",
		  "spec.environment[0].name: ", EINVAL },
		{ "{\"environment\":[{\"name\":\"A\",\"valueFrom\":{}}]," SCRIPT "}",
		  "spec.environment[0]: it names neither", EINVAL },
		{ "{\"environment\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"m\",\"key\":"
		  "\"k\"}}}]," SCRIPT "}",
		  "spec.environment[0]: there is no ConfigMap 'm' with the key 'k'", ENOENT },
		{ "{\"scriptFrom\":{\"secretKeyRef\":{\"name\":\"m\",\"key\":\"k\"}}}",
		  "spec.scriptFrom: there is no Secret", ENOENT },
		{ "{\"container\":{\"image\":\"a\",\"mounts\":[{\"target\":\"/a:/etc\"}]}," SCRIPT "}",
		  "spec.container.mounts[0]: ", EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *spec = parse(rows[i].spec);
		struct error err = { 0 };

		assert_null(submit_options("x", spec, NULL, &none, &err));
		if (strncmp(err.text, rows[i].error, strlen(rows[i].error)) || err.code != rows[i].code)
			row("%s: %s", rows[i].spec, err.text);
		assert_memory_equal(err.text, rows[i].error, strlen(rows[i].error));
		assert_int_equal(err.code, rows[i].code);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *said, *spec, *words;
		enum words_meaning meaning;
	} rows[] = {
		{ "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: "
		  "Invalid partition name specified\n",
		  "{\"partition\":\"x\"}",
		  "spec.partition: Slurm says: invalid partition specified: x; Batch job submission failed: "
		  "Invalid partition name specified",
		  WORDS_REFUSED },
		{ "sbatch: error: Batch job submission failed: Invalid account or account/partition "
		  "combination specified",
		  "{\"partition\":\"x\"}",
		  "spec.partition: Slurm says: Batch job submission failed: Invalid account or "
		  "account/partition combination specified",
		  WORDS_REFUSED },
		{ "sbatch: error: odd\n", "{}", "Slurm says: odd", WORDS_REFUSED },
		{ "", "{}", "Slurm says: sbatch failed and said nothing", WORDS_REFUSED },
		{ "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect "
		  "failure)",
		  "{}",
		  "Slurm says: Batch job submission failed: Unable to contact slurm controller (connect "
		  "failure)",
		  WORDS_LOST },
		{ "sbatch: error: slurm-kube: this SlurmJob has just been submitted", "{}",
		  "Slurm says: slurm-kube: this SlurmJob has just been submitted", WORDS_TWICE },
	};
	char buf[1200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *spec = parse(rows[i].spec);

		assert_int_equal(words_read(rows[i].said, spec, buf, sizeof(buf)), rows[i].meaning);
		assert_string_equal(buf, rows[i].words);
	}
}

static void test_mark(void **state)
{
	static const char *const no_marks[] = { NULL, "", "x", "0 2026-11-22T20:00:00Z", "-1 x", "5" };
	struct mark mark = { 7, 1795377600 }, read;
	char text[MARK_SIZE];

	mark_format(&mark, text);
	read = mark_parse(text);
	assert_int_equal(read.generation, 7);
	assert_int_equal(read.when, mark.when);
	for (size_t i = 0; i < ARRAY_SIZE(no_marks); i++)
		assert_int_equal(mark_parse(no_marks[i]).generation, 0);
}

static uint32_t find(void *ctx, const char *name)
{
	return !strcmp(name, "prep") ? 12 : !strcmp(name, "a.b-c") ? 13 : 0;
}

static void test_dependency(void **state)
{
	static const struct {
		const char *text, *resolved;
	} rows[] = {
		{ "", "" },
		{ "singleton", "singleton" },
		{ "afterok:prep", "afterok:12" },
		{ "afterok:7:prep:8_3,afterany:a.b-c?singleton", "afterok:7:12:8_3,afterany:13?singleton" },
		{ "after:prep+5", "after:12+5" },
		{ "after:7+5", "after:7+5" },
		{ "aftercorr:9_*", "aftercorr:9_*" },
		{ "afterok:", "afterok:" },
		{ ":", ":" },
		{ "afterok:none", NULL },
		{ "afterok:7,afterok:none", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		_cleanup_free_ char *text = dependency_resolve(rows[i].text, find, NULL, &err);

		if (rows[i].resolved) {
			assert_non_null(text);
			assert_string_equal(text, rows[i].resolved);
		} else {
			assert_null(text);
			assert_int_equal(err.code, ENOENT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_whole_objects),	 cmocka_unit_test(test_environment),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_words),
		cmocka_unit_test(test_mark),	 cmocka_unit_test(test_dependency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
