/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/cluster.h"
#include "sync-agent/mirror/partition.h"
#include "sync-agent/slurm/job.h"

static struct partition sample(void)
{
	static char name[] = "gpu", nodes[] = "n[1-2]", tres[] = "cpu=8", none[] = "",
		    all[] = "ALL";

	return (struct partition){
		.state = "UP",
		.preempt_mode = "OFF",
		.is_default = true,
		.max_time = JOB_UNLIMITED,
		.default_time = JOB_NONE,
		.max_nodes = JOB_UNLIMITED,
		.max_cpus_per_node = JOB_UNLIMITED,
		.over_time_limit = JOB_NONE,
		.share = 1,
		.name = name,
		.node_list = nodes,
		.tres = tres,
		.qos = none,
		.alternate = none,
		.allow_accounts = all,
		.deny_accounts = none,
		.allow_groups = none,
		.allow_qos = all,
		.deny_qos = none,
		.allow_nodes = all,
		.sums = { .nodes_allocated = 1,
			  .nodes_other = 1,
			  .nodes_total = 2,
			  .cpus_allocated = 3,
			  .cpus_idle = 1,
			  .cpus_other = 4,
			  .cpus_total = 8 },
	};
}

/* The text at a path of a status. */
static const char *at(struct json_object *o, const char *path)
{
	struct json_object *value = json_get(o, path);

	return value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "";
}

static void test_names(void **state)
{
	_cleanup_free_ char *a = partition_object_name("tux", "debug", false);
	_cleanup_free_ char *b = partition_object_name("tux", "Big_Mem", false);
	_cleanup_free_ char *c = partition_object_name("a-b", "c", true);
	_cleanup_free_ char *d = partition_object_name("a", "b-c", true);
	_cleanup_free_ char *e = partition_object_name("Lab", "x", false);
	_cleanup_free_ char *f = partition_object_name("lab", "x", false);

	assert_string_equal(a, "tux-debug");
	assert_int_equal(strncmp(b, "tux-big-mem-", 12), 0);
	assert_int_equal(strncmp(c, "a-b-c-", 6), 0);
	assert_int_equal(strncmp(d, "a-b-c-", 6), 0);
	assert_string_not_equal(c, d);
	assert_string_not_equal(e, f);
}

static void test_status(void **state)
{
	struct partition p = sample();
	_cleanup_json_ struct json_object *o = NULL;

	tally_add(&p.sums.gres, "gpu:a100", 8, 4, 3);
	tally_add(&p.sums.states, "MIXED", 5, 1, 0);
	o = partition_status(&p);
	assert_string_equal(json_get_string(o, "nodes.summary"), "1/0/1/2");
	assert_string_equal(json_get_string(o, "cpus.summary"), "3/1/4/8");
	assert_string_equal(at(o, "nodes.byState"), "{\"MIXED\":1}");
	assert_string_equal(at(o, "gres"), "[{\"name\":\"gpu:a100\",\"total\":4,\"used\":3}]");
	assert_string_equal(at(o, "limits"), "{\"maxTime\":\"UNLIMITED\"}");
	assert_string_equal(at(o, "default"), "true");
	assert_string_equal(at(o, "overSubscribe"), "\"NO\"");
	assert_string_equal(at(o, "allowed"), "");
	assert_string_equal(at(o, "features"), "");
	assert_string_equal(at(o, "qos"), "");
	tally_free(&p.sums.gres);
	tally_free(&p.sums.states);
}

static void test_limits(void **state)
{
	static char accounts[] = "physics,bio", evil[] = "a,\xff,\x1b[2J,,";
	struct partition p = sample();
	_cleanup_json_ struct json_object *o = NULL;

	p.max_time = 2160;
	p.default_time = 60;
	p.min_nodes = 2;
	p.max_nodes = 4;
	p.default_memory = 512 | PARTITION_PER_CPU;
	p.max_memory = 4096;
	p.grace_time = 30;
	p.share = 4;
	p.share_forced = true;
	p.root_only = true;
	p.allow_accounts = accounts;
	p.deny_qos = evil;
	o = partition_status(&p);
	assert_string_equal(at(o, "limits"),
			    "{\"maxTime\":\"1-12:00:00\",\"defaultTime\":\"01:00:00\","
			    "\"minNodes\":2,\"maxNodes\":4,\"defaultMemoryPerCpu\":512,"
			    "\"maxMemoryPerNode\":4096,\"graceSeconds\":30}");
	assert_string_equal(at(o, "allowed"),
			    "{\"accounts\":[\"physics\",\"bio\"],"
			    "\"deniedQos\":[\"a\",\"?\",\"?[2J\"],\"rootOnly\":true}");
	assert_string_equal(at(o, "overSubscribe"), "\"FORCE:4\"");
}

static void test_hash(void **state)
{
	struct partition p = sample();
	_cleanup_json_ struct json_object *a = partition_status(&p), *b = NULL, *c = NULL;
	_cleanup_json_ struct json_object *sorted =
		json_tokener_parse(json_object_to_json_string_ext(a, JSON_C_TO_STRING_PLAIN));
	struct json_object *state_word = NULL;

	/* The server returns the members in another order, and the time is of no interest. */
	json_object_object_get_ex(sorted, "state", &state_word);
	json_object_get(state_word);
	json_object_object_del(sorted, "state");
	json_object_object_add(sorted, "state", state_word);
	json_set_string(sorted, "lastSyncTime", "1970-01-01T00:00:00Z");
	json_set_string(sorted, "lastContactTime", "1970-01-01T00:00:00Z");
	assert_true(catalog_status_hash(a) == catalog_status_hash(sorted));
	p.state = "DRAIN";
	b = partition_status(&p);
	assert_true(catalog_status_hash(a) != catalog_status_hash(b));
	p.state = "UP";
	p.sums.nodes_idle = 1;
	c = partition_status(&p);
	assert_true(catalog_status_hash(a) != catalog_status_hash(c));
	assert_true(catalog_status_hash(NULL) != catalog_status_hash(a));
}

static struct json_object *ready(struct json_object *status)
{
	return json_object_array_get_idx(json_get(status, "conditions"), 0);
}

/* Times of conditions and what was known stay, whoever starts anew. */
static void test_cluster(void **state)
{
	struct partition_list list = { .version = (char[]){ "22.05.8" },
				       .controllers = (char[]){ "a,b" } };
	struct cluster_facts facts = {
		.list = &list, .agent_version = "1", .agent_host = "h", .last_contact = 1000
	};
	struct cluster_facts anew = { .agent_version = "1", .agent_host = "h" };
	_cleanup_json_ struct json_object *up = NULL, *down = NULL, *longer = NULL, *again = NULL;
	struct tally jobs = { 0 };

	tally_add(&jobs, "PENDING", 7, 4, 0);
	tally_add(&jobs, "COMPLETED", 9, 2, 0);
	facts.jobs = &jobs;
	up = cluster_status(&facts, NULL);
	assert_string_equal(at(up, "jobs"), "{\"total\":6,\"pending\":4,\"running\":0,"
					    "\"byState\":{\"COMPLETED\":2,\"PENDING\":4}}");
	assert_string_equal(at(up, "controllers"), "[\"a\",\"b\"]");
	assert_string_equal(json_get_string(ready(up), "status"), "True");
	json_set_string(ready(up), "lastTransitionTime", "2001-01-01T00:00:00Z");

	facts.trouble = "Connection refused";
	down = cluster_status(&facts, up);
	assert_string_equal(json_get_string(ready(down), "status"), "False");
	assert_string_equal(json_get_string(ready(down), "message"),
			    "no answer since 1970-01-01T00:16:40Z: Connection refused");
	assert_string_not_equal(json_get_string(ready(down), "lastTransitionTime"),
				"2001-01-01T00:00:00Z");
	assert_true(catalog_status_hash(up) != catalog_status_hash(down));

	json_set_string(ready(down), "lastTransitionTime", "2002-02-02T00:00:00Z");
	anew.trouble = "Connection refused";
	longer = cluster_status(&anew, down);
	assert_true(catalog_status_hash(longer) == catalog_status_hash(down));
	assert_string_equal(json_get_string(ready(longer), "lastTransitionTime"),
			    "2002-02-02T00:00:00Z");
	assert_string_equal(json_get_string(longer, "slurmVersion"), "22.05.8");

	anew.trouble = NULL;
	again = cluster_status(&anew, longer);
	assert_string_equal(json_get_string(ready(again), "status"), "True");
	tally_free(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_status),
		cmocka_unit_test(test_limits),	cmocka_unit_test(test_hash),
		cmocka_unit_test(test_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
