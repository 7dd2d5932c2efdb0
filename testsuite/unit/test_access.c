/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "scratch.h"
#include "sync-agent/kube/access.h"

#define CONTEXT \
	"current-context: c\n" \
	"contexts:\n- name: other\n  context: {cluster: x, user: x}\n" \
	"- name: c\n  context: {cluster: k, user: u}\n"
#define CLUSTER "clusters:\n- name: k\n  cluster: {server: 'https://h:6443'}\n"
#define CLUSTER_OF(text) "clusters:\n- name: k\n  cluster: {" text "}\n"
#define USER_OF(text) "users:\n- name: u\n  user: {" text "}\n"
#define USER USER_OF("token: abc")
#define EXEC "exec: {apiVersion: client.authentication.k8s.io/v1, command: x"

static void assert_text(const char *text, const char *expected)
{
	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		struct kube_access access; /* token_file: its name in the folder, or absolute */
	} rows[] = {
		{ CONTEXT CLUSTER USER, { .server = "https://h:6443", .token = "abc" } },
		{ CONTEXT CLUSTER_OF("server: 'https://h:6443///'") USER,
		  { .server = "https://h:6443", .token = "abc" } },
		{ CONTEXT CLUSTER_OF("server: 'http://h', insecure-skip-tls-verify: true") USER,
		  { .server = "http://h", .token = "abc", .insecure = true } },
		{ CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority-data: Q0E=")
		  USER_OF("client-certificate-data: Q0VSVA==, client-key-data: S0VZ"),
		  { .server = "https://h", .ca = "CA", .certificate = "CERT", .key = "KEY" } },
		{ CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority: ca.pem")
		  USER_OF("client-certificate: sub/cert.pem, client-key: sub/../key.pem"),
		  { .server = "https://h", .ca = "ca file", .certificate = "cert file",
		    .key = "key file" } },
		{ CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority: none.pem, "
				     "certificate-authority-data: Q0E=") USER,
		  { .server = "https://h", .ca = "CA", .token = "abc" } },
		{ CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority: ca.pem, "
				     "certificate-authority-data: ''") USER,
		  { .server = "https://h", .ca = "ca file", .token = "abc" } },
		{ CONTEXT CLUSTER USER_OF("tokenFile: t"), { .server = "https://h:6443", .token_file = "t" } },
		{ CONTEXT CLUSTER USER_OF("tokenFile: /run/t, token: ''"),
		  { .server = "https://h:6443", .token_file = "/run/t" } },
		{ "# an entry without content before the one that counts\nusers:\n- name: u\n- name: u\n"
		  "  user: {token: abc}\n" CONTEXT CLUSTER, { .server = "https://h:6443", .token = "abc" } },
	};
	struct scratch *s = *state;
	char sub[100], token_file[100];

	snprintf(sub, sizeof(sub), "%s/sub", s->folder);
	mkdir(sub, 0700);
	scratch_write(s, "ca.pem", "ca file");
	scratch_write(s, "sub/cert.pem", "cert file");
	scratch_write(s, "key.pem", "key file");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct kube_access *expected = &rows[i].access;
		struct error err = { 0 };
		struct kube_access a;
		int rc = kube_access_from_file(scratch_write(s, "config", rows[i].text), &a, &err);

		if (rc < 0)
			row("%zu: %s", i, err.text);
		assert_int_equal(rc, 0);
		assert_text(a.server, expected->server);
		assert_text(a.ca, expected->ca);
		assert_text(a.certificate, expected->certificate);
		assert_text(a.key, expected->key);
		assert_text(a.token, expected->token);
		assert_int_equal(a.insecure, expected->insecure);
		if (expected->token_file && expected->token_file[0] != '/') {
			snprintf(token_file, sizeof(token_file), "%s/%s", s->folder,
				 expected->token_file);
			assert_text(a.token_file, token_file);
		} else {
			assert_text(a.token_file, expected->token_file);
		}
		kube_access_free(&a);
		kube_access_free(&a);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "empty" },
		{ "a: [", ":2: " },
		{ "hello", "no context named ''" },
		{ CLUSTER USER, "no context named ''" },
		{ "current-context: ''\n" CLUSTER USER, "no context named ''" },
		{ "current-context: 5\n" CLUSTER USER, "no context named ''" },
		{ "current-context: d\n" CLUSTER USER, "no context named 'd'" },
		{ "current-context: c\ncontexts: 5\n" CLUSTER USER, "no context named 'c'" },
		{ "current-context: c\ncontexts: {a: 1}\n" CLUSTER USER, "no context named 'c'" },
		{ "current-context: c\ncontexts: [5, [], ~, {name: c}]\n" CLUSTER USER,
		  "no context named 'c'" },
		{ "current-context: c\ncontexts: [{name: c, context: 5}]\n" CLUSTER USER,
		  "no cluster named ''" },
		{ CONTEXT USER, "no cluster named 'k'" },
		{ CONTEXT CLUSTER, "no user named 'u'" },
		{ CONTEXT CLUSTER "users:\n- name: u\n", "no user named 'u'" },
		{ CONTEXT CLUSTER "users:\n- name: u\n  user: x\n", "neither certificate nor token" },
		{ CONTEXT CLUSTER USER_OF(""), "neither certificate nor token" },
		{ CONTEXT CLUSTER USER_OF("token: ''"), "neither certificate nor token" },
		{ CONTEXT CLUSTER USER_OF("token: 5"), "neither certificate nor token" },
		{ CONTEXT CLUSTER USER_OF("username: a, password: b"), "neither certificate nor token" },
		{ CONTEXT CLUSTER USER_OF("token: \"a\\r\\nX: y\""), "the token is not one word" },
		{ CONTEXT CLUSTER USER_OF("exec: {command: x}"), "exec.apiVersion: ''" },
		{ CONTEXT CLUSTER USER_OF("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, "
					  "command: x}"), "v1alpha1' is not known" },
		{ CONTEXT CLUSTER USER_OF("exec: {apiVersion: client.authentication.k8s.io/v1}"),
		  "no command" },
		{ CONTEXT CLUSTER USER_OF(EXEC ", interactiveMode: Always}"), "no terminal" },
		{ CONTEXT CLUSTER USER_OF(EXEC ", args: [1]}"), "exec.args" },
		{ CONTEXT CLUSTER USER_OF(EXEC ", env: [{name: 'A=B', value: x}]}"), "exec.env" },
		{ CONTEXT CLUSTER USER_OF(EXEC ", env: [{name: A}]}"), "exec.env" },
		{ CONTEXT CLUSTER USER_OF("auth-provider: {name: x}"), "auth-provider is not supported" },
		{ CONTEXT CLUSTER USER_OF("token: abc, as: bob"), "'as': impersonation" },
		{ CONTEXT CLUSTER_OF("server: 'https://h', tls-server-name: 'a b'") USER,
		  "tls-server-name" },
		{ CONTEXT CLUSTER USER_OF("client-certificate-data: Q0E="), "needs its client key" },
		{ CONTEXT CLUSTER USER_OF("client-key-data: Q0E=, token: abc"), "needs its client key" },
		{ CONTEXT CLUSTER USER_OF("client-certificate-data: '!', client-key-data: Q0E="),
		  "client-certificate-data is not base64" },
		{ CONTEXT CLUSTER USER_OF("client-certificate: none.pem, client-key: none.pem"), "none.pem" },
		{ CONTEXT CLUSTER_OF("") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: ''") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: 5") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: 'h:6443'") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: 'file:///etc/passwd'") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: 'https://'") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: 'https:////'") USER, "no server" },
		{ CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority: none.pem") USER, "none.pem" },
		{ CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority-data: Q") USER,
		  "certificate-authority-data is not base64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = scratch_write(*state, "config", rows[i].text);
		struct kube_access a = { .insecure = true };
		struct error err = { 0 };
		int rc = kube_access_from_file(path, &a, &err);

		if (rc == 0 || !strstr(err.text, rows[i].error))
			row("%zu '%s': %s", i, rows[i].text, err.text);
		assert_int_equal(rc, -1);
		assert_non_null(strstr(err.text, rows[i].error));
		assert_true(a.insecure);
		assert_int_equal(kube_access_from_file(path, &a, NULL), -1);
	}
}

static void test_names_and_proxies(void **state)
{
	static const struct {
		const char *cluster, *url, *connect_to, *proxy;
	} rows[] = {
		{ "server: 'https://h:6443'", NULL, NULL, NULL },
		{ "server: 'https://h:6443', proxy-url: 'http://p:3128'", NULL, NULL, "http://p:3128" },
		{ "server: 'https://h:6443/path/', tls-server-name: name", "https://name:6443/path",
		  "name:6443:h:6443", NULL },
		{ "server: 'https://10.0.0.1', tls-server-name: a.b", "https://a.b:443",
		  "a.b:443:10.0.0.1:443", NULL },
		{ "server: 'https://[::1]:6443', tls-server-name: a.b", "https://a.b:6443",
		  "a.b:6443:[::1]:6443", NULL },
		{ "server: 'https://[::1]', tls-server-name: a.b", "https://a.b:443",
		  "a.b:443:[::1]:443", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		struct kube_access a;
		char text[1000];

		snprintf(text, sizeof(text), CONTEXT CLUSTER_OF("%s") USER, rows[i].cluster);
		if (kube_access_from_file(scratch_write(*state, "config", text), &a, &err) < 0)
			fail_msg("%zu: %s", i, err.text);
		assert_text(a.url, rows[i].url);
		assert_text(a.connect_to, rows[i].connect_to);
		assert_text(a.proxy, rows[i].proxy);
		kube_access_free(&a);
	}
}

static void test_exec(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	struct kube_access a;
	char command[300];

	scratch_write(s, "config",
		      CONTEXT CLUSTER_OF("server: 'https://h', certificate-authority-data: Q0E=, "
					 "tls-server-name: n") USER_OF(
			      "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./get, "
			      "args: [-a, 'b c'], env: [{name: A, value: 'x=y'}], installHint: hint, "
			      "interactiveMode: Never, provideClusterInfo: true}"));
	snprintf(command, sizeof(command), "%s/config", s->folder);
	if (kube_access_from_file(command, &a, &err) < 0)
		fail_msg("%s", err.text);
	snprintf(command, sizeof(command), "%s/./get", s->folder);
	assert_string_equal(a.exec.command, command);
	assert_string_equal(a.exec.args[0], command);
	assert_string_equal(a.exec.args[1], "-a");
	assert_string_equal(a.exec.args[2], "b c");
	assert_null(a.exec.args[3]);
	assert_string_equal(a.exec.env[0], "A=x=y");
	assert_null(a.exec.env[1]);
	assert_string_equal(a.exec.hint, "hint");
	assert_string_equal(a.exec.info,
			    "{\"apiVersion\":\"client.authentication.k8s.io\\/v1beta1\",\"kind\":"
			    "\"ExecCredential\",\"spec\":{\"interactive\":false,\"cluster\":{\"server\":"
			    "\"https:\\/\\/h\",\"tls-server-name\":\"n\","
			    "\"certificate-authority-data\":\"Q0E=\"}}}");
	kube_access_free(&a);
}

/* Certificate and key are read again when they have changed, and only then. */
static void test_refresh(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	struct kube_access a;
	char path[300], key[300];

	scratch_write(s, "cert.pem", "one");
	scratch_write(s, "key.pem", "key one");
	snprintf(key, sizeof(key), "%s/key.pem", s->folder);
	snprintf(path, sizeof(path), "%s",
		 scratch_write(s, "config", CONTEXT CLUSTER USER_OF("client-certificate: cert.pem, "
								    "client-key: key.pem")));
	assert_int_equal(kube_access_from_file(path, &a, &err), 0);
	assert_int_equal(kube_access_refresh(&a, &err), 0);
	unlink(key);
	assert_int_equal(kube_access_refresh(&a, &err), -1);
	assert_string_equal(a.key, "key one");
	scratch_write(s, "cert.pem", "two");
	scratch_write(s, "key.pem", "key two");
	assert_int_equal(kube_access_refresh(&a, &err), 1);
	assert_string_equal(a.certificate, "two");
	assert_string_equal(a.key, "key two");
	assert_int_equal(kube_access_refresh(&a, &err), 0);
	kube_access_free(&a);
}

/* This is no pod. */
static void test_in_cluster(void **state)
{
	struct kube_access a;
	struct error err = { 0 };

	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_int_equal(kube_access_in_cluster(&a, &err), -1);
	assert_non_null(strstr(err.text, "no kubeconfig is configured"));
	setenv("KUBERNETES_SERVICE_HOST", "::1", 1);
	unsetenv("KUBERNETES_SERVICE_PORT");
	assert_int_equal(kube_access_in_cluster(&a, &err), -1);
	assert_non_null(strstr(err.text, "no kubeconfig is configured"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_errors, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_names_and_proxies, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_exec, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_refresh, scratch_make, scratch_remove),
		cmocka_unit_test(test_in_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
