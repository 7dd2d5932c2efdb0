/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-pod: texts with $(NAME), and what it takes from its environment. */
#include "unit.h"

#include "common/json.h"
#include "spank/pod/pod.h"

extern char **environ;

static const char *find(void *ctx, const char *name)
{
	return !strcmp(name, "A") ? "alpha" : !strcmp(name, "EMPTY") ? "" : NULL;
}

static void test_expand(void **state)
{
	static const struct {
		const char *text, *becomes;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "$(A)", "alpha" },
		{ "x$(A)y$(EMPTY)z", "xalphayz" },
		{ "$(NONE)", "$(NONE)" },
		{ "$$(A)", "$(A)" },
		{ "$$$(A)", "$alpha" },
		{ "$", "$" },
		{ "$A", "$A" },
		{ "$(A", "$(A" },
		{ "$()", "$()" },
		{ "$($(A))", "$($(A))" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *is = expand_text(rows[i].text, find, NULL, 1000);

		row("%s", rows[i].text);
		assert_string_equal(is, rows[i].becomes);
	}
	assert_null(expand_text("$(A)$(A)", find, NULL, 9));
}

/* The plan comes whole, and nothing of it is left in the environment. */
static void test_plan(void **state)
{
	char plan[] = "KUBE_POD={\"uid\":\"u\",\"containers\":[{\"name\":\"m\",\"image\":\"i\","
		      "\"env\":[{\"name\":\"X\",\"from\":"
		      "\"KUBE_POD_FROM_A0\",\"key\":\"k.y\"},{\"name\":\"LD_PRELOAD\",\"value\":"
		      "\"a,b\\\\$(X)\"},";
	char rest[] = "KUBE_POD_2={\"name\":\"N\",\"from\":\"KUBE_POD_FROM_B0\",\"key\":\"k\","
		      "\"optional\":true}]}]}";
	char source[] = "KUBE_POD_FROM_A0={\"k.y\":\"czNjcmV0\"}", other[] = "OTHER=1";
	char *env[] = { plan, other, rest, source, NULL };
	char **before = environ;
	struct pod p = { 0 };
	struct error err;
	_cleanup_json_ struct json_object *vars = NULL;
	_cleanup_(env_free) char **for_srun = NULL;

	environ = env;
	assert_int_equal(plan_take(&p, &err), 0);
	assert_string_equal(environ[0], "OTHER=1");
	assert_null(environ[1]);
	for (size_t i = 0; i < sizeof(source); i++)
		assert_int_equal(source[i], 0);
	assert_int_equal(p.n, 1);
	vars = env_of(&p, &p.containers[0], &err);
	assert_non_null(vars);
	assert_string_equal(json_get_string(vars, "X"), "s3cret");
	assert_null(json_get(vars, "N"));
	for_srun = env_for_srun(vars, false, &err);
	assert_string_equal(for_srun[0], "OTHER=1");
	assert_string_equal(for_srun[1], "X=s3cret");
	/* srun itself must not take note of it. */
	assert_string_equal(for_srun[2], "SLURM_KUBE_CONTAINER_ENV=X,LD_PRELOAD=a\\,b\\\\s3cret");
	assert_null(for_srun[3]);
	environ = before;
	plan_free(&p);
}

static void test_no_plan(void **state)
{
	static const char *const plans[] = { "KUBE_POD=", "KUBE_POD=[]", "KUBE_POD={}",
					     "KUBE_POD={\"uid\":\"u\",\"containers\":[7]}",
					     "NONE=" };

	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		_cleanup_free_ char *text = strdup(plans[i]);
		char *env[] = { text, NULL }, **before = environ;
		struct pod p = { 0 };
		struct error err = { 0 };

		environ = env;
		assert_int_equal(plan_take(&p, &err), -1);
		row("%s", err.text);
		assert_true(err.text[0]);
		environ = before;
		plan_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_expand),
					    cmocka_unit_test(test_plan),
					    cmocka_unit_test(test_no_plan) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
