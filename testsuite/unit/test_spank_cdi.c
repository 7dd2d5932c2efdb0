/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "common/json.h"
#include "scratch.h"
#include "spank/holder/cdi.h"
#include "spank/holder/cdi_edits.h"
#include "spank/holder/cdi_spec.h"
#include "spank/holder/devices.h"
#include "spank/holder/own_dev.h"

#define HEAD "{\"cdiVersion\":\"0.6.0\",\"kind\":\"a.b/gpu\","

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{"nvidia.com/gpu=0", true},
		{"nvidia.com/gpu=0:1", true},
		{"a/b=c", true},
		{"foo.bar.baz/foo-bar123.B_az=x.y", true},
		{"", false},
		{"=", false},
		{"a/b=", false},
		{"a/=c", false},
		{"/b=c", false},
		{"a/b/c=d", false},
		{"a=b", false},
		{"-a/b=c", false},
		{"a/b=-c", false},
		{"a/b=c d", false},
		{"a/b=c,d", false},
		{"../b=c", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (cdi_is_name(rows[i].name) != rows[i].good)
			fail_msg("%s", rows[i].name);
}

static void test_files(void **state)
{
	static const struct {
		const char *file, *text, *problem; /* NULL: it is good */
	} rows[] = {
		{"f.json", HEAD "\"devices\":[{\"name\":\"0\",\"containerEdits\":{}}]}", NULL},
		{"f.yaml",
		 "cdiVersion: \"0.8.0\"\nkind: a/b\ndevices: [{name: x, containerEdits: {}}]\n",
		 NULL},
		{"f.yaml", HEAD "\"devices\":[{\"name\":\"0\",\"containerEdits\":{}}]}", NULL},
		{"f.json", HEAD "\"devices\":[{\"name\":\"0\",\"containerEdits\":{}},]}", "JSON"},
		{"f.json", "[]", "cdiVersion"},
		{"f.json", "{\"cdiVersion\":\"9\"}", "not known"},
		{"f.yaml", "cdiVersion: 0.5\n", "vendor/class"},
		{"f.json", "{\"cdiVersion\":\"0.5\",\"kind\":\"gpu\"}", "vendor/class"},
		{"f.json", HEAD "\"devices\":[]}", "no devices"},
		{"f.json", HEAD "\"devices\":{}}", "no devices"},
		{"f.json", HEAD "\"devices\":[1]}", "devices[0]"},
		{"f.json", HEAD "\"devices\":[{\"name\":\"a b\",\"containerEdits\":{}}]}", "a b"},
		{"f.json", HEAD "\"devices\":[{\"name\":\"a\"}]}", "no containerEdits"},
		{"f.json", HEAD "\"devices\":[{\"name\":\"a\",\"containerEdits\":[]}]}",
		 "no containerEdits"},
		{"f.json",
		 HEAD
		 "\"devices\":[{\"name\":\"a\",\"containerEdits\":{}},"
		 "{\"name\":\"b\",\"containerEdits\":{}},{\"name\":\"a\",\"containerEdits\":{}}]}",
		 "twice"},
		{"f.json",
		 HEAD "\"containerEdits\":3,\"devices\":[{\"name\":\"0\",\"containerEdits\":{}}]}",
		 "not an object"},
		{"f.yaml", "a: [", "f.yaml:"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		_cleanup_json_ struct json_object *o =
			cdi_spec_parse(rows[i].text, strlen(rows[i].text), rows[i].file, &err);

		if (rows[i].problem ? o || !strstr(err.text, rows[i].problem) : !o)
			fail_msg("row %zu: %s", i, err.text);
		if (rows[i].problem && !strstr(err.text, rows[i].file))
			fail_msg("row %zu doesn't name the file: %s", i, err.text);
	}
}

/* Apply edits to an empty bundle. */
static struct bundle *edit(const char *text, struct error *err)
{
	struct bundle *b = bundle_new();
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), err);

	assert_non_null(b);
	assert_non_null(o);
	if (cdi_edits_apply(o, b, err) == 0)
		return b;
	bundle_free(b);
	return NULL;
}

static void test_edits(void **state)
{
	struct error err = {0};
	_cleanup_(bundle_freep) struct bundle *b =
		edit("{\"env\":[\"A=1\",\"B=2\",\"A=3\"],"
		     "\"deviceNodes\":[{\"path\":\"/dev/null\"},"
		     "{\"path\":\"/opt/n\",\"hostPath\":\"/dev/null\",\"permissions\":\"rwm\"},"
		     "{\"path\":\"/dev/zero\",\"hostPath\":\"/dev/null\"},"
		     "{\"path\":\"/dev/no-such\",\"hostPath\":\"/dev/null\"}],"
		     "\"mounts\":[{\"hostPath\":\"/etc\",\"containerPath\":\"/e\","
		     "\"options\":[\"ro\",\"rbind\"]},"
		     "{\"hostPath\":\"x\",\"containerPath\":\"/t\",\"type\":\"tmpfs\","
		     "\"options\":[\"size=1m\"]}],"
		     "\"hooks\":[{\"hookName\":\"createContainer\",\"path\":\"/bin/h\","
		     "\"args\":[\"h\",\"x\"],\"env\":[\"E=1\"],\"timeout\":5}],"
		     "\"additionalGids\":[0],\"unknown\":[1]}",
		     &err);

	if (!b)
		fail_msg("%s", err.text);
	assert_int_equal(b->env_count, 2);
	assert_string_equal(b->env[0], "A=3");
	assert_int_equal(b->mount_count, 5);
	assert_true(own_dev_needed(b));
	assert_string_equal(b->mounts[0].source, "/dev/null");
	assert_string_equal(b->mounts[0].destination, "/opt/n");
	assert_string_equal(b->mounts[1].destination, "/dev/zero");
	assert_true(b->mounts[3].options.recursive);
	assert_null(b->mounts[4].source);
	assert_string_equal(b->mounts[4].options.data, "size=1m");
	assert_int_equal(b->hooks.count, 1);
	assert_int_equal(b->hooks.items[0].stage, HOOK_CREATE_CONTAINER);
	assert_string_equal(b->hooks.items[0].args[1], "x");
	assert_int_equal(b->hooks.items[0].timeout, 5);
}

static void test_edits_refused(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"{\"env\":\"A=1\"}", "env is not an array"},
		{"{\"env\":[\"A\"]}", "env[0]"},
		{"{\"env\":[\"=A\"]}", "env[0]"},
		{"{\"env\":[1]}", "env[0]"},
		{"{\"deviceNodes\":[{}]}", "deviceNodes[0]"},
		{"{\"deviceNodes\":[{\"path\":\"dev/null\"}]}", "absolute"},
		{"{\"deviceNodes\":[{\"path\":\"/dev/no-such\"}]}", "/dev/no-such"},
		{"{\"deviceNodes\":[{\"path\":\"/etc/passwd\"}]}", "not a device node"},
		{"{\"mounts\":[{\"hostPath\":\"/etc\"}]}", "containerPath"},
		{"{\"mounts\":[{\"containerPath\":\"/e\"}]}", "hostPath"},
		{"{\"mounts\":[{\"hostPath\":\"/no-such\",\"containerPath\":\"/e\"}]}", "/no-such"},
		{"{\"mounts\":[{\"hostPath\":\"/etc\",\"containerPath\":\"e\"}]}", "absolute"},
		{"{\"mounts\":[{\"hostPath\":\"/etc\",\"containerPath\":\"/"
		 "e\",\"type\":\"proc\"}]}",
		 "proc"},
		{"{\"mounts\":[{\"hostPath\":\"/etc\",\"containerPath\":\"/"
		 "e\",\"options\":[\"x\"]}]}",
		 "'x'"},
		{"{\"hooks\":[{\"hookName\":\"nonsense\",\"path\":\"/bin/h\"}]}", "nonsense"},
		{"{\"hooks\":[{\"path\":\"/bin/h\"}]}", "hook"},
		{"{\"hooks\":[{\"hookName\":\"poststop\",\"path\":\"h\"}]}", "absolute"},
		{"{\"hooks\":[{\"hookName\":\"poststop\",\"path\":\"/h\",\"timeout\":0}]}",
		 "timeout"},
		{"{\"hooks\":[{\"hookName\":\"poststop\",\"path\":\"/h\",\"args\":[1]}]}",
		 "args[0]"},
		{"{\"netDevices\":[{}]}", "network"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		_cleanup_(bundle_freep) struct bundle *b = edit(rows[i].text, &err);

		if (b || !strstr(err.text, rows[i].problem))
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void write_spec(struct scratch *s, const char *name, const char *kind, const char *device,
		       const char *env)
{
	_cleanup_free_ char *text = NULL;

	assert_true(
		asprintf(&text,
			 "{\"cdiVersion\":\"0.5.0\",\"kind\":\"%s\","
			 "\"containerEdits\":{\"mounts\":[{\"hostPath\":\"/etc\","
			 "\"containerPath\":\"/e\",\"options\":[\"bind\"]}]},"
			 "\"devices\":[{\"name\":\"%s\",\"containerEdits\":{\"env\":[\"%s=1\"]}},"
			 "{\"name\":\"other\",\"containerEdits\":{\"env\":[\"OTHER=1\"]}}]}",
			 kind, device, env) > 0);
	scratch_write(s, name, text);
}

static void test_selection(void **state)
{
	struct scratch *s = *state;
	_cleanup_(bundle_freep) struct bundle *b = bundle_new();
	_cleanup_(cdi_freep) struct cdi *c = NULL;
	struct error err = {0};
	char folders[256];

	write_spec(s, "a.json", "a.b/gpu", "0", "ZERO");
	write_spec(s, "b.json", "a.b/fpga", "0", "FPGA");
	scratch_write(s, "not-a-spec", "x");
	scratch_write(s, ".json", "x");
	snprintf(folders, sizeof(folders), "/no-such:%s", s->folder);
	assert_int_equal(cdi_load(folders, &c, &err), 0);
	assert_string_equal(cdi_gpu_kind(c), "a.b/gpu");
	assert_int_equal(cdi_apply(c, "a.b/gpu=all,a.b/gpu=0", b, &err), 0);
	/* What the file says for all of its devices is there once. */
	assert_int_equal(b->mount_count, 1);
	assert_int_equal(b->env_count, 2);
	assert_int_equal(cdi_apply(c, "a.b/fpga=0", b, &err), 0);
	assert_int_equal(b->env_count, 3);
	assert_int_equal(cdi_apply(c, "a.b/gpu=1", b, &err), -1);
	assert_non_null(strstr(err.text, "a.b/gpu=0, a.b/gpu=other, a.b/fpga=0"));
	assert_int_equal(cdi_apply(c, "b/c=all", b, &err), -1);
	assert_int_equal(cdi_apply(c, "nonsense", b, &err), -1);
	write_spec(s, "c.json", "c.d/gpu", "0", "C");
	cdi_free(TAKE_PTR(c));
	assert_int_equal(cdi_load(folders, &c, &err), 0);
	assert_null(cdi_gpu_kind(c));
}

static void test_large_file(void **state)
{
	struct scratch *s = *state;
	_cleanup_free_ char *text = calloc(1, CDI_FILE_MAX + 2);
	struct error err = {0};

	memset(text, ' ', CDI_FILE_MAX + 1);
	assert_null(cdi_spec_load(scratch_write(s, "large.json", text), &err));
	assert_non_null(strstr(err.text, "large.json"));
	assert_null(cdi_spec_load("/dev/zero", &err));
	snprintf(s->path, sizeof(s->path), "%s/fifo.json", s->folder);
	assert_int_equal(mkfifo(s->path, 0600), 0);
	assert_null(cdi_spec_load(s->path, &err));
}

static void test_gpus(void **state)
{
	_cleanup_free_ char *names = devices_gpu_names("a/gpu", "0,3", NULL);
	_cleanup_free_ char *cards = devices_gpu_names("i/gpu=card", "12", NULL);
	struct error err = {0};

	assert_string_equal(names, "a/gpu=0,a/gpu=3");
	assert_string_equal(cards, "i/gpu=card12");
	assert_null(devices_gpu_names("a/gpu", "0,x", &err));
	assert_null(devices_gpu_names("a/gpu", ",1", &err));
	setenv("SLURM_JOB_GPUS", "0,1", 1);
	unsetenv("SLURM_STEP_GPUS");
	assert_null(devices_gpus("7.0"));
	assert_string_equal(devices_gpus("7.batch"), "0,1");
	setenv("SLURM_STEP_GPUS", "1", 1);
	assert_string_equal(devices_gpus("7.0"), "1");
	setenv("SLURM_STEP_GPUS", "", 1);
	assert_null(devices_gpus("7.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_edits_refused),
		cmocka_unit_test_setup_teardown(test_selection, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_large_file, scratch_make, scratch_remove),
		cmocka_unit_test(test_gpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
