/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/node.h"
#include "sync-agent/slurm/job.h"

static char none[] = "", short_name[] = "short";

static struct partition partition(void)
{
	return (struct partition){ .state = "UP",
				   .max_time = JOB_UNLIMITED,
				   .default_time = JOB_NONE,
				   .max_nodes = 4,
				   .max_cpus_per_node = JOB_UNLIMITED,
				   .name = short_name,
				   .node_list = none,
				   .sums = { .nodes_up = 4,
					     .nodes_total = 4,
					     .cpus_total = 32,
					     .cpus_idle = 20,
					     .cpus_allocated = 8,
					     .cpus_other = 4,
					     .memory_total = 16000,
					     .memory_idle = 10000 } };
}

static void free_sums(struct node_sums *s)
{
	tally_free(&s->gres);
	tally_free(&s->gres_up);
	tally_free(&s->features);
}

static struct node_facts facts(const struct partition *p)
{
	return (struct node_facts){ .cluster = "lab",
				    .name = "slurm-lab-short",
				    .partition = "short",
				    .row = p,
				    .sums = &p->sums,
				    .max_jobs = 10000,
				    .slurm_version = "22.05.8",
				    .agent_version = "1",
				    .architecture = "amd64",
				    .address = "10.0.0.1",
				    .port = 10250 };
}

/* The text of a member whose key may hold dots. */
static const char *in(struct json_object *o, const char *path, const char *key)
{
	return json_member_string(json_get(o, path), key) ?: "";
}

static struct json_object *condition(struct json_object *o, const char *type)
{
	struct json_object *list = json_get(o, "status.conditions");

	for (size_t i = 0; i < json_length(list); i++)
		if (!strcmp(json_get_string(json_object_array_get_idx(list, i), "type"), type))
			return json_object_array_get_idx(list, i);
	return NULL;
}

static const char *text_of(struct json_object *o)
{
	return o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE)
		 : "";
}

static void test_names(void **state)
{
	static const char long_name[] = "a-partition-with-a-name-that-is-much-too-long-for-a-label";
	_cleanup_free_ char *a = node_name("tux", "debug", false),
			    *b = node_name("tux", NULL, false);
	_cleanup_free_ char *c = node_name("a-b", "c", true), *d = node_name("a", "b-c", true);
	_cleanup_free_ char *e = node_name("tux", "Big_Mem", false);
	_cleanup_free_ char *f = node_name("tux", long_name, false);
	_cleanup_free_ char *g = node_name("tuy", long_name, false);

	assert_string_equal(a, "slurm-tux-debug");
	assert_string_equal(b, "slurm-tux");
	assert_string_not_equal(c, d);
	assert_int_equal(strncmp(e, "slurm-tux-big-mem-", 18), 0);
	assert_int_equal(strlen(f), NODE_NAME_MAX);
	assert_string_not_equal(f + NODE_NAME_MAX - 8, g + NODE_NAME_MAX - 8);
}

static void test_resources(void **state)
{
	static const struct {
		const char *gres, *resource;
	} rows[] = {
		{ "gpu", "nvidia.com/gpu" },
		{ "gpu:a100", "nvidia.com/gpu" },
		{ "gpu:tesla", "nvidia.com/gpu" },
		{ "gpu:mi250x", "amd.com/gpu" },
		{ "gpu:MI300", "amd.com/gpu" },
		{ "gpu:AMD_x", "amd.com/gpu" },
		{ "gpus", "slurm-kube.io/gpus" },
		{ "shard:a", "slurm-kube.io/shard" },
		{ "fast disk", "slurm-kube.io/fast_disk" },
		{ "/", "slurm-kube.io/x" },
	};
	char name[NODE_RESOURCE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		node_gres_resource(rows[i].gres, name);
		assert_string_equal(name, rows[i].resource);
	}
	node_license_resource("matlab@server", name);
	assert_string_equal(name, "slurm-kube.io/license.matlab_server");
	/* 63 bytes behind the prefix at most. */
	node_license_resource(
		"0123456789012345678901234567890123456789012345678901234567890123456789", name);
	assert_int_equal(strlen(strchr(name, '/') + 1), 63);
}

static void test_labels(void **state)
{
	struct partition p = partition();
	struct node_facts f = facts(&p);
	_cleanup_json_ struct json_object *o = NULL;

	tally_add(&p.sums.features, "avx512", 6, 4, 0);
	tally_add(&p.sums.gres, "gpu:a100", 8, 4, 0);
	p.max_memory = PARTITION_PER_CPU | 2000;
	o = node_object(&f);
	assert_string_equal(in(o, "metadata.labels", "kubernetes.io/hostname"), "slurm-lab-short");
	assert_string_equal(in(o, "metadata.labels", "type"), "virtual-kubelet");
	assert_string_equal(in(o, "metadata.labels", "kubernetes.io/os"), "");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/cluster"), "lab");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/partition"), "short");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/max-time-minutes"),
			    "UNLIMITED");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/default-time-minutes"), "");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/max-nodes"), "4");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/max-memory-mb-per-cpu"),
			    "2000");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/max-memory-mb-per-node"), "");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/feature.avx512"), "true");
	assert_string_equal(in(o, "metadata.labels", "slurm-kube.io/gpu.a100"), "true");
	free_sums(&p.sums);
}

static void test_amounts(void **state)
{
	struct partition p = partition();
	struct node_facts f = facts(&p);
	struct tally running = { 0 }, licenses = { 0 };
	_cleanup_json_ struct json_object *o = NULL;

	tally_add(&p.sums.gres, "gpu:a100", 8, 8, 3);
	tally_add(&p.sums.gres, "gpu:v100", 8, 4, 0);
	tally_add(&p.sums.gres_up, "gpu:a100", 8, 6, 3);
	tally_add(&p.sums.gres_up, "gpu:v100", 8, 4, 0);
	tally_add(&licenses, "matlab", 6, 10, 4);
	/* Of what Slurm has allocated, kube-scheduler takes this off by itself. */
	tally_add(&running, "cpu", 3, 2000, 0);
	tally_add(&running, "memory", 6, UINT64_C(1) << 30, 0);
	tally_add(&running, "nvidia.com/gpu", 14, 1, 0);
	f.running = &running;
	f.licenses = &licenses;
	o = node_object(&f);
	assert_string_equal(in(o, "status.capacity", "cpu"), "32");
	assert_string_equal(in(o, "status.capacity", "memory"), "16384000Ki");
	assert_string_equal(in(o, "status.capacity", "pods"), "10000");
	assert_string_equal(in(o, "status.capacity", "nvidia.com/gpu"), "12");
	assert_string_equal(in(o, "status.capacity", "slurm-kube.io/license.matlab"), "10");
	assert_string_equal(in(o, "status.allocatable", "cpu"), "22");
	assert_string_equal(in(o, "status.allocatable", "memory"), "11288576Ki");
	assert_string_equal(in(o, "status.allocatable", "nvidia.com/gpu"), "8");
	assert_string_equal(in(o, "status.allocatable", "slurm-kube.io/license.matlab"), "6");
	free_sums(&p.sums);
	tally_free(&running);
	tally_free(&licenses);
}

static void test_address(void **state)
{
	static const struct {
		const char *address, *addresses;
	} rows[] = {
		{ NULL, "[]" },
		{ "10.0.0.1", "[{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"}]" },
		{ "fd00::1", "[{\"type\":\"InternalIP\",\"address\":\"fd00::1\"}]" },
		{ "login.site", "[{\"type\":\"Hostname\",\"address\":\"login.site\"}]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct partition p = partition();
		struct node_facts f = facts(&p);
		_cleanup_json_ struct json_object *o = NULL;

		f.address = rows[i].address;
		o = node_object(&f);
		assert_string_equal(text_of(json_get(o, "status.addresses")), rows[i].addresses);
		assert_int_equal(json_get_int(o, "status.daemonEndpoints.kubeletEndpoint.Port", 0),
				 10250);
	}
}

static void test_bounds(void **state)
{
	struct partition p = partition();
	struct node_facts f = facts(&p);
	struct tally running = { 0 };
	_cleanup_json_ struct json_object *o = NULL;

	tally_add(&running, "cpu", 3, 900000, 0);
	f.running = &running;
	f.max_jobs = 0;
	o = node_object(&f);
	assert_string_equal(in(o, "status.allocatable", "cpu"), "32");
	assert_string_equal(in(o, "status.capacity", "pods"), "1000");
	tally_free(&running);
}

static void test_states(void **state)
{
	static const struct {
		const char *state;
		uint64_t up, allocated;
		time_t silent;
		bool gone;
		const char *ready, *partition_up, *reason;
		bool cordoned;
	} rows[] = {
		{ "UP", 4, 0, 0, false, "True", "True", "UP", false },
		{ "DRAIN", 4, 0, 0, false, "True", "False", "DRAIN", true },
		{ "DOWN", 4, 1, 0, false, "True", "False", "DOWN", true },
		{ "INACTIVE", 4, 0, 0, false, "True", "False", "INACTIVE", true },
		{ "UP", 0, 0, 0, false, "False", "True", "UP", false },
		{ "UP", 0, 1, 0, false, "True", "True", "UP", false },
		{ "UP", 4, 0, 1, false, "True", "Unknown", "SlurmctldUnreachable", true },
		{ "UP", 0, 0, 0, true, "True", "False", "GONE", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct partition p = partition();
		struct node_facts f = facts(&p);
		_cleanup_json_ struct json_object *o = NULL;

		p.state = rows[i].state;
		p.sums.nodes_up = rows[i].up;
		p.sums.nodes_allocated = rows[i].allocated;
		f.silent_since = rows[i].silent;
		f.gone = rows[i].gone;
		f.row = rows[i].gone ? NULL : &p;
		o = node_object(&f);
		assert_string_equal(json_get_string(condition(o, "Ready"), "status"),
				    rows[i].ready);
		assert_string_equal(json_get_string(condition(o, "PartitionUp"), "status"),
				    rows[i].partition_up);
		assert_string_equal(json_get_string(condition(o, "PartitionUp"), "reason"),
				    rows[i].reason);
		assert_int_equal(json_get_bool(o, "spec.unschedulable", false), rows[i].cordoned);
	}
}

static struct json_object *parse(const char *text)
{
	struct json_object *o = json_of_text(text);

	assert_non_null(o);
	return o;
}

static void test_patch(void **state)
{
	static const char wanted[] = "{\"metadata\":{\"labels\":{\"type\":\"v\",\"slurm-kube.io/"
				     "a\":\"1\"},\"annotations\":{}},"
				     "\"spec\":{\"taints\":[{\"key\":\"slurm-kube.io/"
				     "virtual-node\",\"effect\":\"NoSchedule\"}]}}";
	static const struct {
		const char *is, *patch;
	} rows[] = {
		/* As it is to be, and more of others. */
		{ "{\"metadata\":{\"labels\":{\"slurm-kube.io/"
		  "a\":\"1\",\"type\":\"v\",\"x\":\"y\"},\"annotations\":{\"b\":\"c\"}},"
		  "\"spec\":{\"unschedulable\":true,\"taints\":[{\"key\":\"t\"},"
		  "{\"effect\":\"NoSchedule\",\"key\":\"slurm-kube.io/virtual-node\"}]}}",
		  "" },
		/* A limit that is no more, a label that somebody changed. */
		{ "{\"metadata\":{\"labels\":{\"slurm-kube.io/b\":\"1\",\"slurm-kube.io/"
		  "a\":\"2\",\"type\":\"v\"}},"
		  "\"spec\":{\"taints\":[{\"effect\":\"NoSchedule\",\"key\":\"slurm-kube.io/"
		  "virtual-node\"}]}}",
		  "{\"metadata\":{\"labels\":{\"slurm-kube.io/a\":\"1\",\"slurm-kube.io/"
		  "b\":null}}}" },
		/* The taint is gone; others' stay. */
		{ "{\"metadata\":{\"labels\":{\"slurm-kube.io/"
		  "a\":\"1\",\"type\":\"v\"}},\"spec\":{\"taints\":[{\"key\":\"t\"}]}}",
		  "{\"spec\":{\"taints\":[{\"key\":\"t\"},{\"key\":\"slurm-kube.io/"
		  "virtual-node\",\"effect\":\"NoSchedule\"}]}}" },
		/* Our cordon goes with its reason, somebody else's doesn't. */
		{ "{\"metadata\":{\"labels\":{\"slurm-kube.io/"
		  "a\":\"1\",\"type\":\"v\"},\"annotations\":{\"slurm-kube.io/"
		  "cordoned\":\"DOWN\"}},"
		  "\"spec\":{\"unschedulable\":true,\"taints\":[{\"effect\":\"NoSchedule\",\"key\":"
		  "\"slurm-kube.io/virtual-node\"}]}}",
		  "{\"metadata\":{\"annotations\":{\"slurm-kube.io/"
		  "cordoned\":null}},\"spec\":{\"unschedulable\":null}}" },
	};
	_cleanup_json_ struct json_object *o = parse(wanted);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *is = parse(rows[i].is);
		_cleanup_json_ struct json_object *patch = node_patch(is, o);

		assert_string_equal(text_of(patch), rows[i].patch);
	}
}

/* What the server makes of a Node: amounts in its own spelling, an empty port. */
static void test_status_patch(void **state)
{
	struct partition p = partition();
	struct node_facts f = facts(&p);
	_cleanup_json_ struct json_object *is = node_object(&f), *wanted = NULL, *patch = NULL,
					  *more = NULL;
	struct json_object *c = json_object_new_object(),
			   *capacity = json_get(is, "status.capacity");
	bool urgent = false;

	json_set_string(json_get(is, "status.capacity"), "memory", "16000Mi");
	json_set_string(json_get(is, "status.capacity"), "pods", "10k");
	json_set_string(condition(is, "Ready"), "lastTransitionTime", "2020-01-01T00:00:00Z");
	json_set_string(c, "type", "Others");
	json_object_array_add(json_get(is, "status.conditions"), c);
	/* An API server that doesn't know them hasn't kept them. */
	json_object_object_del(json_get(is, "status"), "declaredFeatures");
	wanted = node_object(&f);
	assert_null(node_status_patch(is, wanted, &urgent));
	assert_false(urgent);

	json_object_put(wanted);
	json_set_string(capacity, "nvidia.com/gpu", "2");
	p.sums.cpus_idle = 19;
	wanted = node_object(&f);
	patch = node_status_patch(is, wanted, &urgent);
	assert_false(urgent);
	assert_string_equal(text_of(json_get(patch, "status.allocatable")), "{\"cpu\":\"19\"}");
	assert_string_equal(text_of(json_get(patch, "status.capacity")),
			    "{\"nvidia.com/gpu\":null}");
	assert_string_equal(text_of(json_get(patch, "status.declaredFeatures")),
			    "[\"ExtendWebSocketsToKubelet\"]");
	assert_non_null(condition(patch, "Others"));
	assert_string_equal(json_get_string(condition(patch, "Ready"), "lastTransitionTime"),
			    "2020-01-01T00:00:00Z");

	json_object_put(wanted);
	p.state = "DOWN";
	wanted = node_object(&f);
	more = node_status_patch(is, wanted, &urgent);
	assert_true(urgent);
	assert_string_equal(json_get_string(condition(more, "PartitionUp"), "status"), "False");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_resources),
		cmocka_unit_test(test_labels),	     cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_bounds),	     cmocka_unit_test(test_address),
		cmocka_unit_test(test_states),	     cmocka_unit_test(test_patch),
		cmocka_unit_test(test_status_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
