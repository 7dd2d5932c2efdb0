/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "scratch.h"
#include "sync-agent/config.h"

static void test_defaults(void **state)
{
	struct error err = { 0 };
	struct config c;

	assert_int_equal(config_load(scratch_write(*state, "f", "{}\n"), &c, &err), 0);
	assert_null(c.cluster);
	assert_null(c.slurm_conf);
	assert_null(c.kubeconfig);
	assert_string_equal(c.doorbell_unix, "/run/slurm-kube/doorbell");
	assert_null(c.doorbell_udp);
	assert_null(c.munge_socket);
	assert_string_equal(c.namespace, "slurm-{user}");
	assert_true(c.create_namespaces);
	assert_string_equal(c.nodes_create, "none");
	assert_string_equal(c.logs_pods, "none");
	assert_null(c.pods_scheduler);
	assert_int_equal(c.minimum_uid, 1000);
	assert_string_equal(c.state_folder, "/var/lib/slurm-kube");
	assert_int_equal(c.log_level, LOG_LEVEL_INFO);
	config_free(&c);
	config_free(&c);
}

static void test_all(void **state)
{
	static const char text[] =
		"cluster: tux\n"
		"slurmConf: /etc/slurm/slurm.conf\n"
		"kubeconfig: /etc/slurm-kube/kubeconfig\n"
		"doorbell:\n"
		"  unix: /run/bell\n"
		"  udp: '[::1]:7321'\n"
		"  mungeSocket: /run/munge/munge.socket.2\n"
		"namespaces:\n"
		"  template: hpc-{account}-{user}\n"
		"  create: false\n"
		"filter:\n"
		"  partitions: [batch, gpu]\n"
		"finished:\n"
		"  ttl: 2h\n"
		"  most: 500\n"
		"  history: 60\n"
		"operatorActions: [suspend]\n"
		"minimumUid: 500\n"
		"stateFolder: /var/lib/x\n"
		"logLevel: debug\n";
	struct error err = { 0 };
	struct config c;
	int rc = config_load(scratch_write(*state, "f", text), &c, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
	assert_string_equal(c.cluster, "tux");
	assert_string_equal(c.slurm_conf, "/etc/slurm/slurm.conf");
	assert_string_equal(c.kubeconfig, "/etc/slurm-kube/kubeconfig");
	assert_string_equal(c.doorbell_unix, "/run/bell");
	assert_string_equal(c.doorbell_udp, "[::1]:7321");
	assert_string_equal(c.munge_socket, "/run/munge/munge.socket.2");
	assert_string_equal(c.namespace, "hpc-{account}-{user}");
	assert_false(c.create_namespaces);
	assert_int_equal(c.filter_partitions.n, 2);
	assert_string_equal(c.filter_partitions.list[1], "gpu");
	assert_true(words_have(&c.filter_partitions, "batch"));
	assert_false(words_have(&c.filter_users, "batch"));
	assert_int_equal(c.finished_ttl, 7200);
	assert_int_equal(c.finished_most, 500);
	assert_int_equal(c.history, 60);
	assert_true(words_have(&c.operator_actions, "suspend"));
	assert_int_equal(c.minimum_uid, 500);
	assert_string_equal(c.state_folder, "/var/lib/x");
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
	config_free(&c);
}

#define PATH_108 \
	"/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"890123456789012345678"

static void test_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "nodes: {create: some}\n", ":1: nodes.create: it takes none, partition or cluster" },
		{ "logs: {pods: yes}\n", ":1: logs.pods: it takes " },
		{ "logs: {pods: all}\n", ": logs.pods: pods need virtual nodes" },
		{ "results: {volumes: [/export]}\n", ":1: results.volumes: '/export' is none of hostPath:" },
		{ "results: {httpAllow: ['https://a']}\n", ":1: results.httpAllow: 'https://a' is no HOST" },
		{ "results: {maxBytes: much}\n", ":1: results.maxBytes: it takes bytes" },
		{ "results: {maxBytes: 0}\n", ": results.maxBytes: it is from 1" },
		{ "results: {parallel: 65}\n", ": results.parallel: it is from 1 to 64" },
		{ "results: {timeout: 8d}\n", ": results.timeout: it is from 1 to 604800" },
		{ "cluster: 5\n", ":1: cluster: it takes a text" },
		{ "\n\ncluster:\n", ":3: cluster: it takes a text" },
		{ "cluster: ''\n", ":1: cluster: it takes a text" },
		{ "cluster: [a]\n", ":1: cluster: it takes a text" },
		{ "cluster: {a: b}\n", ":1: cluster: it takes a text" },
		{ "cluster: true\n", ":1: cluster: it takes a text" },
		{ "filter: {users: bob}\n", ":1: filter.users: it takes a list of words" },
		{ "filter: {users: [bob, 5]}\n", ":1: filter.users: it takes a list of words" },
		{ "finished: {most: -1}\n", ":1: finished.most: it takes a number from 0" },
		{ "finished: {ttl: -1}\n", ":1: finished.ttl: it takes seconds, or a number with s, m, h or d" },
		{ "finished: {ttl: 9x}\n", ":1: finished.ttl: it takes seconds, or a number with s, m, h or d" },
		{ "finished: {ttl: 99999d}\n", ":1: finished.ttl: it takes seconds, or a number with s, m, h or d" },
		{ "cluster: \"a\\0b\"\n", ":1: cluster: it takes a text" },
		{ "cluster: a\nslurmConf: slurm.conf\n", ":2: slurmConf: it takes an absolute path" },
		{ "kubeconfig: ~/x\n", ":1: kubeconfig: it takes an absolute path" },
		{ "stateFolder: 5\n", ":1: stateFolder: it takes a text" },
		{ "cluster: a\ncluser: b\n", ":2: cluser: there is no such key" },
		{ "cluser:\n", ":1: cluser: there is no such key" },
		{ "x:\n  y: 1\n", ":1: x: there is no such key" },
		{ "doorbell:\n  unix: /a\n  tcp: x\n", ":3: tcp: there is no such key" },
		{ "doorbell.unix: /a\n", ":1: doorbell.unix: there is no such key" },
		{ "unix: /a\n", ":1: unix: there is no such key" },
		{ "doorbell:\n  doorbell: {}\n", ":2: doorbell: there is no such key" },
		{ "doorbell: /a\n", ":1: doorbell: it takes KEY: VALUE lines" },
		{ "doorbell:\n", ":1: doorbell: it takes KEY: VALUE lines" },
		{ "doorbell: []\n", ":1: doorbell: it takes KEY: VALUE lines" },
		{ "doorbell:\n  unix: a\n", ":2: doorbell.unix: it takes an absolute path" },
		{ "doorbell:\n  unix: " PATH_108 "\n", ":2: doorbell.unix: the path of a socket" },
		{ "doorbell:\n  unix: /a\n  udp: 127.0.0.1\n", ":3: doorbell.udp: " },
		{ "doorbell:\n  udp: localhost:1\n", ":2: doorbell.udp: " },
		{ "doorbell:\n  udp: 7321\n", ":2: doorbell.udp: it takes a text" },
		{ "namespaces:\n  template: slurm-{usr}\n", ":2: namespaces.template: it knows {user}" },
		{ "namespaces:\n  template: slurm-{user\n", ":2: namespaces.template: it knows {user}" },
		{ "namespaces:\n  template: slurm-}\n", ":2: namespaces.template: it knows {user}" },
		{ "namespaces:\n  create: 1\n", ":2: namespaces.create: it takes true or false" },
		{ "namespaces:\n  create: yes\n", ":2: namespaces.create: it takes true or false" },
		{ "namespaces:\n  create:\n", ":2: namespaces.create: it takes true or false" },
		{ "minimumUid: 0\n", ":1: minimumUid: it takes a number" },
		{ "minimumUid: -1\n", ":1: minimumUid: it takes a number" },
		{ "minimumUid: 4294967295\n", ":1: minimumUid: it takes a number" },
		{ "minimumUid: '1000'\n", ":1: minimumUid: it takes a number" },
		{ "logLevel: loud\n", ":1: logLevel: it takes error, warning" },
		{ "logLevel:\n", ":1: logLevel: it takes error, warning" },
		{ "logLevel: [info]\n", ":1: logLevel: it takes error, warning" },
		{ "cluster: a\ncluster: b\n", ":2: cluster: this key" },
		{ "- a\n", ": it takes KEY: VALUE lines" },
		{ "hello\n", ": it takes KEY: VALUE lines" },
		{ "a: [\n", ":2: " },
		{ "", ": the file is empty" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = scratch_write(*state, "f", rows[i].text);
		struct config c = { .minimum_uid = 77 };
		struct error err = { 0 };
		int rc = config_load(path, &c, &err);

		if (rc == 0 || !strstr(err.text, rows[i].error))
			row("'%s': %s", rows[i].text, err.text);
		assert_int_equal(rc, -1);
		assert_int_equal(c.minimum_uid, 77);
		assert_memory_equal(err.text, path, strlen(path));
		assert_memory_equal(err.text + strlen(path), rows[i].error, strlen(rows[i].error));
	}
}

static void test_long_key(void **state)
{
	struct error err = { 0 };
	char text[1200];
	struct config c;

	sprintf(text, "%01000d: x\n", 0);
	assert_int_equal(config_load(scratch_write(*state, "f", text), &c, &err), -1);
	assert_non_null(strstr(err.text, "no such key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_all, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_errors, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_long_key, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
