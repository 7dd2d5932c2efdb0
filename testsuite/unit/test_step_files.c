/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are a step's own: srun's command line, its patterns, the containers of a pod. */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/companion_wish.h"
#include "sync-agent/mirror/step_files.h"
#include "sync-agent/slurm/srun_line.h"

/* -- srun's line ---------------------------------------------------------------------------- */

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		int rc;
		const char *output, *error;
	} rows[] = {
		{ "srun -o out prog", 0, "out", NULL },
		{ "/usr/bin/srun -oout prog", 0, "out", NULL },
		{ "srun --output out --error=err prog", 0, "out", "err" },
		{ "srun --out=out --er err prog", 0, "out", "err" },
		{ "srun -vlo out prog", 0, "out", NULL },
		{ "srun -o a -o b prog", 0, "b", NULL },
		{ "srun -n 2 --mem 3G -c2 -o=x prog", 0, "=x", NULL },
		{ "srun prog -o out", 0, NULL, NULL },
		{ "srun -- prog -o out", 0, NULL, NULL },
		{ "srun -o out", 0, "out", NULL },
		{ "srun -N 1 prog --error=e", 0, NULL, NULL },
		{ "srun -K -k -I -o out prog", 0, "out", NULL },
		{ "srun --overlap --exclusive --kill-on-bad-exit=0 -e err prog", 0, NULL, "err" },
		{ "srun --container-image=docker://a --container-writable -o o prog", 0, "o",
		  NULL },
		{ "srun --container-image docker://a -o o prog", 0, "o", NULL },
		/* abbreviations of several that are the same to us, and of what only some versions
		   have */
		{ "srun --ntasks-per 2 -o o prog", 0, "o", NULL },
		{ "srun --cpus 2 -o o prog", 0, "o", NULL },
		/* not known: with its value in the same word, or certainly without one */
		{ "srun --site=x -o o prog", 0, "o", NULL },
		{ "srun --site -o o prog", 0, "o", NULL },
		{ "srun --site x -o o prog", -1, NULL, NULL },
		{ "srun -o o --site x prog", -1, NULL, NULL },
		{ "srun --site", -1, NULL, NULL },
		{ "srun --label -j5 -o o prog", -1, NULL, NULL },
		{ "srun --o out prog", -1, NULL, NULL },
		{ "srun --output", -1, NULL, NULL },
		{ "srun -o", -1, NULL, NULL },
		/* a blank within a word */
		{ "srun --comment=two words -o o prog", 0, NULL, NULL },
		{ "srun -o my file prog", 0, "my", NULL },
		{ "srun  -o o prog", 0, NULL, NULL },
		/* others */
		{ "mpirun -o out prog", -1, NULL, NULL },
		{ "xsrun -o out", -1, NULL, NULL },
		{ "", -1, NULL, NULL },
		{ "   ", -1, NULL, NULL },
		{ "srun", 0, NULL, NULL },
		{ "srun ", 0, NULL, NULL },
		{ "srun -", 0, NULL, NULL },
		{ "srun --", 0, NULL, NULL },
		{ "srun ---", -1, NULL, NULL },
		{ "srun --=x -o o p", 0, "o", NULL },
		{ "srun -o \xff\xfe\n prog", 0, "\xff\xfe\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct srun_line read;
		int rc = srun_line_read(rows[i].line, &read);

		if (rc != rows[i].rc || strcmp(read.output ?: "", rows[i].output ?: "") ||
		    strcmp(read.error ?: "", rows[i].error ?: ""))
			row("%s: %d %s %s", rows[i].line, rc, read.output ?: "-",
			    read.error ?: "-");
		assert_int_equal(rc, rows[i].rc);
		assert_string_equal(read.output ?: "", rows[i].output ?: "");
		assert_string_equal(read.error ?: "", rows[i].error ?: "");
		free(read.output);
		free(read.error);
	}
}

/* A long line counts as far as srun's own options go. */
static void test_long_lines(void **state)
{
	static char line[200000];
	struct srun_line read;
	int n = snprintf(line, sizeof(line), "srun -o out prog");

	memset(line + n, ' ', sizeof(line) - 1 - (size_t)n);
	assert_int_equal(srun_line_read(line, &read), 0);
	assert_string_equal(read.output, "out");
	free(read.output);
	memset(line + n, 'x', sizeof(line) - 1 - (size_t)n);
	assert_int_equal(srun_line_read(line, &read), 0);
	assert_string_equal(read.output, "out");
	free(read.output);
	n -= 4;
	for (size_t i = (size_t)n; i + 1 < sizeof(line); i++)
		line[i] = "-v "[(i - (size_t)n) % 3];
	assert_int_equal(srun_line_read(line, &read), -1);
	assert_null(read.output);
	memset(line + 7, 'x', sizeof(line) - 8);
	assert_int_equal(srun_line_read(line, &read), -1);
	assert_null(read.output);
}

/* -- patterns ------------------------------------------------------------------------------- */

static struct step make_step(const char *out, const char *err)
{
	return (struct step){ .job_id = 45,
			      .number = 3,
			      .het_offset = STEP_NO_HET,
			      .tasks = 4,
			      .user = "alice",
			      .out = out ? strdup(out) : NULL,
			      .err = err ? strdup(err) : NULL };
}

static void test_patterns(void **state)
{
	static const struct step_job job = { "my job", "/home/a" };
	/* What srun 22.05 made of them. */
	static const struct {
		const char *out, *err, *path, *err_path;
	} rows[] = {
		{ "o", NULL, "/home/a/o", NULL },
		{ "/t/o", "e", "/t/o", "/home/a/e" },
		{ "o", "o", "/home/a/o", NULL },
		{ NULL, "e", NULL, "/home/a/e" },
		{ "/%j.%J.%s.%5s.%3j", NULL, "/45.45.3.3.00003.045", NULL },
		{ "/%A_%a", NULL, "/45_4294967294", NULL },
		{ "/%x-%u-%%j-%q", NULL, "/my job-alice-%j-%q", NULL },
		{ "/a\\%j\\\\b", NULL, "/a%jb", NULL },
		{ "/%t-%3n-%N", NULL, "/%t-%3n-%N", NULL },
		{ "none", NULL, "/dev/null", NULL },
		{ "NONE", "e", "/dev/null", "/home/a/e" },
		{ "all", "-", NULL, NULL },
		{ "ALLofit", NULL, NULL, NULL },
		{ "3", NULL, NULL, NULL },
		{ "4", NULL, "/home/a/4", NULL },
		{ "", "", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct step s = make_step(rows[i].out, rows[i].err);

		step_files_settle(&s, &job);
		if (strcmp(s.out ?: "", rows[i].path ?: "") ||
		    strcmp(s.err ?: "", rows[i].err_path ?: ""))
			row("%s: %s %s", rows[i].out ?: "-", s.out ?: "-", s.err ?: "-");
		assert_string_equal(s.out ?: "", rows[i].path ?: "");
		assert_string_equal(s.err ?: "", rows[i].err_path ?: "");
		step_free(&s);
	}
}

static void test_folders(void **state)
{
	struct step task = make_step("%A_%a", NULL), own = make_step("o", NULL),
		    unknown = make_step("o", NULL), many = make_step("/o", "/e"), big;
	static char pattern[5000];

	task.array_id = 42;
	task.array_task = 7;
	step_files_settle(&task, &(struct step_job){ NULL, "/w" });
	assert_string_equal(task.out, "/w/42_7");
	own.folder = strdup("/own");
	step_files_settle(&own, &(struct step_job){ NULL, "/w" });
	assert_string_equal(own.out, "/own/o");
	step_files_settle(&unknown, &(struct step_job){ NULL, NULL });
	assert_null(unknown.out);
	many.het_offset = 1;
	step_files_settle(&many, &(struct step_job){ NULL, "/w" });
	assert_null(many.out);
	assert_null(many.err);
	memset(pattern, 'x', sizeof(pattern) - 1);
	for (int i = 0; i < 2; i++) {
		big = make_step(pattern, pattern);
		step_files_settle(&big, &(struct step_job){ NULL, "/w" });
		assert_null(big.out);
		assert_null(big.err);
		pattern[7] = '\\';
	}
	step_free(&task);
	step_free(&own);
}

/* -- containers ----------------------------------------------------------------------------- */

static void test_names(void **state)
{
	static const struct {
		const char *name, *id;
		bool is_stderr;
	} rows[] = {
		{ "step-0", "0", false },
		{ "step-12-stderr", "12", true },
		{ "step-7-0", "7.0", false },
		{ "step-7-12-stderr", "7.12", true },
		{ "step-4294967295", "4294967295", false },
		{ "step-", NULL, false },
		{ "step-01", NULL, false },
		{ "step--1", NULL, false },
		{ "step-1-", NULL, false },
		{ "step-1-stdout", NULL, false },
		{ "step-1-2-3", NULL, false },
		{ "step-12345678901", NULL, false },
		{ "step-batch", NULL, false },
		{ "steps-1", NULL, false },
		{ "stdout", NULL, false },
		{ "", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char id[STEP_ID_SIZE] = "";
		bool is_stderr = false;

		assert_int_equal(step_files_container(rows[i].name, id, &is_stderr),
				 rows[i].id != NULL);
		assert_string_equal(id, rows[i].id ?: "");
		assert_int_equal(is_stderr, rows[i].is_stderr);
	}
}

static const char running[] =
	"{\"status\":{\"jobId\":42,\"uid\":1001,\"state\":\"RUNNING\",\"startTime\":\"2026-01-"
	"01T12:00:00Z\",\"steps\":["
	"{\"id\":\"batch\"},"
	"{\"id\":\"0\",\"stdout\":\"/a/o\",\"startTime\":\"2026-01-01T12:00:01Z\"},"
	"{\"id\":\"1\",\"stdout\":\"/a/o\",\"stderr\":\"/a/"
	"e\",\"endTime\":\"2026-01-01T12:00:09Z\"},"
	"{\"id\":\"2\"},"
	"{\"id\":\"3\",\"stdout\":\"/a/%t.%4n.%N.%j\",\"nodeList\":\"n[07-12,20],x\"},"
	"{\"id\":\"4\",\"stdout\":\"/dev/null\"},"
	"{\"id\":\"7.5\",\"stdout\":\"/a/7\"},"
	"{\"id\":\"8\",\"stdout\":\"relative\"}]}}";

static void test_find(void **state)
{
	static const struct {
		const char *container, *path;
		int code;
		enum output_state is;
		const char *says;
	} rows[] = {
		{ "step-0", "/a/o", 0, OUTPUT_RUNNING, NULL },
		{ "step-0-stderr", NULL, 400, 0, "without -stderr" },
		{ "step-1", "/a/o", 0, OUTPUT_ENDED, NULL },
		{ "step-1-stderr", "/a/e", 0, OUTPUT_ENDED, NULL },
		{ "step-2", NULL, 400, 0, "container stdout" },
		{ "step-2-stderr", NULL, 400, 0, "container stderr, or stdout" },
		{ "step-3", "/a/0.0000.n07.%j", 0, OUTPUT_RUNNING, NULL },
		{ "step-4", NULL, 404, 0, "throw away" },
		{ "step-7-5", "/a/7", 0, OUTPUT_RUNNING, NULL },
		{ "step-8", NULL, 400, 0, "no file of its own" },
		{ "step-9", NULL, 400, 0, "has not begun" },
	};
	_cleanup_json_ struct json_object *job = json_of_text(running);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct output o;
		struct error err = { 0 };
		int rc = output_find(job, rows[i].container, &o, &err);

		assert_int_equal(rc, rows[i].path ? 0 : -1);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(o.path ?: "", rows[i].path ?: "");
		assert_int_equal(o.state, rows[i].is);
		if (rows[i].says)
			assert_non_null(strstr(err.text, rows[i].says));
		else
			assert_true(o.is_step && o.uid == 1001);
		output_free(&o);
	}
}

static void test_ended(void **state)
{
	_cleanup_json_ struct json_object *job = json_of_text(running);
	struct json_object *steps = json_get(job, "status.steps");

	assert_false(step_files_ended(steps, "step-0"));
	assert_true(step_files_ended(steps, "step-1"));
	assert_true(step_files_ended(steps, "step-1-stderr"));
	assert_false(step_files_ended(steps, "step-9"));
	assert_false(step_files_ended(NULL, "step-0"));
	assert_false(step_files_ended(steps, "stdout"));
}

static void test_wishes(void **state)
{
	static const struct {
		const char *text, *tasks, *formatted;
		size_t steps;
	} rows[] = {
		{ NULL, NULL, NULL, 0 },
		{ "true", NULL, NULL, 0 },
		{ "false", NULL, NULL, 0 },
		{ "7,9-12", "7,9-12", "7,9-12", 0 },
		{ "step-3", NULL, "step-3", 1 },
		{ "7, step-3 ,9,step-3,step-3-stderr", "7,9", "7,9,step-3,step-3-stderr", 2 },
		{ "true,step-0", NULL, "step-0", 1 },
		{ ",,,", NULL, NULL, 0 },
		{ "step-,step-x", NULL, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct companion_wish wish;
		char *text;

		companion_wish_read(rows[i].text, &wish);
		text = companion_wish_format(&wish, wish.tasks);
		assert_string_equal(wish.tasks ?: "", rows[i].tasks ?: "");
		assert_string_equal(text ?: "", rows[i].formatted ?: "");
		assert_int_equal(wish.n_steps, rows[i].steps);
		free(text);
		companion_wish_free(&wish);
	}
}

static void test_many_wishes(void **state)
{
	static char text[300000];
	struct companion_wish wish;
	size_t n = 0;

	for (int i = 0; n < sizeof(text) - 32; i++)
		n += (size_t)snprintf(text + n, 32, "%sstep-%d", n ? "," : "", i);
	companion_wish_read(text, &wish);
	assert_int_equal(wish.n_steps, COMPANION_STEPS_MAX);
	assert_string_equal(wish.steps[31], "step-31");
	companion_wish_free(&wish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	    cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_patterns),    cmocka_unit_test(test_folders),
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_find),
		cmocka_unit_test(test_ended),	    cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_many_wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
