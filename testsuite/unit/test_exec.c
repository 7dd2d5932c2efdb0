/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "scratch.h"
#include "sync-agent/clock.h"
#include "sync-agent/kube/exec.h"

#define V1 "client.authentication.k8s.io/v1"
#define CREDENTIAL(status)                                                                         \
	"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{" status "}}"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *token, *certificate, *error;
		time_t expires;
	} rows[] = {
		{ CREDENTIAL("\"token\":\"abc\""), "abc" },
		{ CREDENTIAL("\"token\":\"abc\",\"expirationTimestamp\":\"2023-11-14T22:13:20Z\""),
		  "abc", .expires = 1700000000 },
		{ CREDENTIAL("\"token\":\"abc\",\"expirationTimestamp\":\"2023-11-15T00:13:20.123+"
			     "02:00\""),
		  "abc", .expires = 1700000000 },
		{ CREDENTIAL("\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\""),
		  .certificate = "c" },
		{ CREDENTIAL("\"token\":\"t\",\"clientCertificateData\":\"c\",\"clientKeyData\":"
			     "\"k\""),
		  "t", "c" },
		{ "", .error = "no JSON" },
		{ "null", .error = "no JSON" },
		{ "{}", .error = "no ExecCredential" },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/"
		  "v1beta1\"}",
		  .error = "no ExecCredential of " V1 },
		{ CREDENTIAL(""), .error = "neither" },
		{ CREDENTIAL("\"token\":5"), .error = "neither" },
		{ CREDENTIAL("\"token\":\"\""), .error = "not one word" },
		{ CREDENTIAL("\"token\":\"a\\r\\nX: y\""), .error = "not one word" },
		{ CREDENTIAL("\"token\":\"a\",\"clientKeyData\":\"k\""), .error = "only one" },
		{ CREDENTIAL("\"token\":\"a\",\"expirationTimestamp\":\"tomorrow\""),
		  .error = "no time" },
		{ CREDENTIAL("\"token\":\"a\",\"expirationTimestamp\":\"2023-11-14T22:13:20\""),
		  .error = "no time" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exec_credential c = { 0 };
		struct error err = { 0 };
		int rc = exec_credential_parse(rows[i].text, strlen(rows[i].text), V1, &c, &err);

		if ((rc < 0) != (rows[i].error != NULL))
			fail_msg("%zu: %d %s", i, rc, err.text);
		if (rows[i].error) {
			assert_non_null(strstr(err.text, rows[i].error));
			continue;
		}
		assert_string_equal(c.token ? c.token : "", rows[i].token ? rows[i].token : "");
		assert_string_equal(c.certificate ? c.certificate : "",
				    rows[i].certificate ? rows[i].certificate : "");
		assert_int_equal(c.expires, rows[i].expires);
		exec_credential_free(&c);
	}
}

/* Run a shell script as plugin until it has come to something. */
static int run(struct exec_plugin *p, const char *script)
{
	char *args[] = { "sh", "-c", (char *)script, NULL }, *env[] = { "WORD=abc", NULL };
	struct kube_exec config = { .command = "sh",
				    .args = args,
				    .env = env,
				    .version = V1,
				    .hint = "install it",
				    .info = "{}" };
	int64_t until = clock_us() + 30000000;
	int rc = 0;

	while (!rc && clock_us() < until) {
		int64_t when = INT64_MAX;

		rc = exec_step(p, &config, &when);
		if (!rc)
			usleep(1000);
	}
	return rc;
}

static void test_run(void **state)
{
	static const struct {
		const char *script, *token, *error;
	} rows[] = {
		{ "echo '" CREDENTIAL("\"token\":\"'$WORD'\"") "'", "abc" },
		{ "printf '%s' \"$KUBERNETES_EXEC_INFO\" | grep -qx '{}' && echo '" CREDENTIAL(
			  "\"token\":\"t\"") "'",
		  "t" },
		/* It closes its output before it ends. */
		{ "echo '" CREDENTIAL("\"token\":\"t\"") "'; exec >&-; sleep 0.1", "t" },
		{ "exit 3", .error = "exit code 3; install it" },
		{ "kill -9 $$", .error = "signal 9" },
		{ "echo nonsense", .error = "no JSON" },
		{ "cat /dev/zero", .error = "printed more than" },
		{ "echo '" CREDENTIAL(
			  "\"token\":\"t\",\"expirationTimestamp\":\"2000-01-01T00:00:00Z\"") "'",
		  .error = "expired already" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exec_plugin p = { .out_fd = -1 };
		int rc = run(&p, rows[i].script);

		if (rc != (rows[i].error ? -1 : 1))
			fail_msg("%zu: %d %s", i, rc, p.problem.text);
		assert_int_equal(exec_ready(&p), rc == 1);
		if (rows[i].error) {
			if (!strstr(p.problem.text, rows[i].error))
				fail_msg("%zu: %s", i, p.problem.text);
			assert_true(p.not_before > clock_us());
		} else {
			assert_string_equal(p.credential.token, rows[i].token);
		}
		exec_free_plugin(&p);
	}
}

static void test_refused(void **state)
{
	struct exec_plugin p = { .out_fd = -1 };

	assert_int_equal(run(&p, "echo '" CREDENTIAL("\"token\":\"one\"") "'"), 1);
	exec_refuse(&p);
	assert_false(exec_ready(&p));
	assert_int_equal(run(&p, "echo '" CREDENTIAL("\"token\":\"two\"") "'"), 1);
	assert_string_equal(p.credential.token, "two");
	exec_free_plugin(&p);
}

static void test_no_such_command(void **state)
{
	char *args[] = { "/none", NULL }, *env[] = { NULL };
	struct kube_exec config = {
		.command = "/none", .args = args, .env = env, .version = V1, .info = "{}"
	};
	struct exec_plugin p = { .out_fd = -1 };
	int64_t when = INT64_MAX;

	assert_int_equal(exec_step(&p, &config, &when), -1);
	assert_non_null(strstr(p.problem.text, "credential plugin /none: it can't be started"));
	exec_free_plugin(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_such_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
