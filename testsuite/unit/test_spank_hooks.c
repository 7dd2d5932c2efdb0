/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks, the configuration for OCI runtimes, and what plugstack.conf says about them. */
#include "unit.h"

#include <sys/stat.h>

#include "common/buffer.h"
#include "common/json.h"
#include "scratch.h"
#include "spank/holder/hooks_run.h"
#include "spank/holder/oci_config.h"
#include "spank/holder/runtime.h"
#include "spank/multi_prog.h"

static int parse(struct hooks *h, const char *text, struct error *err)
{
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), err);

	assert_non_null(o);
	return hooks_parse(h, o, err);
}

static void test_parse(void **state)
{
	_cleanup_(hooks_free) struct hooks h = {0};
	_cleanup_json_ struct json_object *back = NULL;
	struct error err = {0};

	assert_int_equal(hooks_parse(&h, NULL, &err), 0);
	assert_null(hooks_to_json(&h));
	assert_int_equal(parse(&h,
			       "{\"poststop\":[{\"path\":\"/p\"}],\"unknown\":3,"
			       "\"createRuntime\":[{\"path\":\"/a\",\"args\":[\"a\",\"b\"],"
			       "\"env\":[\"X=1\"],\"timeout\":7},{\"path\":\"/b\"}]}",
			       &err),
			 0);
	assert_int_equal(h.count, 3);
	assert_true(hooks_have(&h, HOOK_POSTSTOP));
	assert_false(hooks_have(&h, HOOK_PRESTART));
	assert_string_equal(h.items[0].args[1], "b");
	assert_int_equal(h.items[0].timeout, 7);
	/* Without arguments a program still has its name. */
	assert_string_equal(h.items[1].args[0], "/b");
	assert_null(h.items[1].args[1]);
	assert_null(h.items[1].env[0]);
	assert_int_equal(h.items[1].timeout, HOOK_TIMEOUT);
	back = hooks_to_json(&h);
	assert_int_equal(json_length(json_get(back, "createRuntime")), 2);
	assert_int_equal(json_length(json_get(back, "poststop")), 1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"[]", "not an object"},
		{"{\"poststop\":{}}", "hooks.poststop is not an array"},
		{"{\"poststop\":[1]}", "path"},
		{"{\"poststop\":[{\"path\":\"p\"}]}", "not absolute"},
		{"{\"poststop\":[{\"path\":\"/p\",\"args\":\"a\"}]}", "args is not an array"},
		{"{\"poststop\":[{\"path\":\"/p\",\"env\":[1]}]}", "env[0]"},
		{"{\"poststop\":[{\"path\":\"/p\",\"timeout\":-1}]}", "timeout"},
		{"{\"poststop\":[{\"path\":\"/p\",\"timeout\":\"1\"}]}", "timeout"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(hooks_free) struct hooks h = {0};
		struct error err = {0};

		if (parse(&h, rows[i].text, &err) == 0 || !strstr(err.text, rows[i].problem))
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void test_state(void **state)
{
	struct hook_state s = {.id = "slurm-7.0", .bundle = "/b", .image = "i\"", .pid = 42};
	_cleanup_free_ char *text = hooks_state_text(&s, HOOK_CREATE_RUNTIME);
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), NULL);
	_cleanup_json_ struct json_object *end = NULL;

	assert_string_equal(json_get_string(o, "ociVersion"), "1.0.2");
	assert_string_equal(json_get_string(o, "id"), "slurm-7.0");
	assert_string_equal(json_get_string(o, "status"), "creating");
	assert_string_equal(json_get_string(o, "bundle"), "/b");
	assert_int_equal(json_get_int(o, "pid", 0), 42);
	free(TAKE_PTR(text));
	s.pid = 0;
	text = hooks_state_text(&s, HOOK_POSTSTOP);
	end = json_parse(text, strlen(text), NULL);
	assert_string_equal(json_get_string(end, "status"), "stopped");
	assert_null(json_get(end, "pid"));
}

/* Run one hook, a shell's. */
static int run(struct scratch *s, enum hook_stage stage, const char *script, int timeout,
	       struct error *err)
{
	_cleanup_(hooks_free) struct hooks h = {0};
	struct hook_state state = {.id = "i", .bundle = s->folder, .image = "x", .pid = 1};
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *args = json_object_new_array();
	const char *const words[] = {"sh", "-c", script, s->folder};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		json_object_array_add(args, json_object_new_string(words[i]));
	json_set_string(o, "path", "/bin/sh");
	json_object_object_add(o, "args", args);
	json_set_int(o, "timeout", timeout);
	assert_int_equal(hooks_add(&h, stage, o, err), 0);
	return hooks_run(&h, stage, &state, err);
}

static void test_run(void **state)
{
	struct scratch *s = *state;
	struct error err = {0};

	setenv("SECRET", "of the job", 1);
	assert_int_equal(run(s, HOOK_CREATE_CONTAINER,
			     "read state; case $state in *'\"creating\"'*) test -z \"$SECRET\";; "
			     "*) exit 9;; esac",
			     5, &err),
			 0);
	assert_int_equal(run(s, HOOK_CREATE_CONTAINER, "exit 4", 5, &err), -1);
	assert_string_equal(err.text, "createContainer hook /bin/sh: it failed with exit code 4");
	assert_int_equal(run(s, HOOK_CREATE_CONTAINER, "kill -TERM $$", 5, &err), -1);
	assert_non_null(strstr(err.text, "ended by signal 15"));
	assert_int_equal(run(s, HOOK_CREATE_CONTAINER, "sleep 60 & wait", 1, &err), -1);
	assert_non_null(strstr(err.text, "longer than 1 s"));
}

static void test_runtime_argument(void **state)
{
	struct error err = {0};
	struct runtime rt = {0};

	assert_int_equal(runtime_parse(NULL, NULL, &rt, &err), 0);
	assert_false(runtime_is_other(&rt));
	assert_int_equal(runtime_parse("builtin", "exec", &rt, &err), 0);
	assert_false(runtime_is_other(&rt));
	assert_int_equal(runtime_parse("/usr/bin/crun,--a=b,--c", NULL, &rt, &err), 0);
	assert_true(runtime_is_other(&rt));
	assert_string_equal(rt.words[0], "/usr/bin/crun");
	assert_string_equal(rt.words[2], "--c");
	assert_null(rt.words[3]);
	assert_false(rt.exec);
	runtime_free(&rt);
	assert_int_equal(runtime_parse("/r", "exec", &rt, &err), 0);
	assert_true(rt.exec);
	runtime_free(&rt);
	assert_int_equal(runtime_parse("crun", NULL, &rt, &err), -1);
	runtime_free(&rt);
	assert_int_equal(runtime_parse(",", NULL, &rt, &err), -1);
	runtime_free(&rt);
	assert_int_equal(runtime_parse("/r,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,"
				       "22,23,24,25,26,27,28,29,30,31,32,33",
				       NULL, &rt, &err),
			 -1);
	runtime_free(&rt);
}

static void test_config(void **state)
{
	struct scratch *s = *state;
	_cleanup_(bundle_freep) struct bundle *b = bundle_new();
	static const char *const args[] = {"/run/slurm-kube/enter", "--pause", NULL};
	struct oci_config c = {.bundle = b, .root = "/s/rootfs", .args = args, .with_hooks = true};
	_cleanup_json_ struct json_object *o = NULL, *read = NULL;
	_cleanup_free_ char *text = NULL;
	struct json_object *namespaces, *mount;
	struct error err = {0};
	size_t len;

	b->read_only = true;
	assert_int_equal(parse(&b->hooks, "{\"poststop\":[{\"path\":\"/p\"}]}", &err), 0);
	o = oci_config(&c);
	assert_string_equal(json_get_string(o, "root.path"), "/s/rootfs");
	assert_true(json_get_bool(o, "root.readonly", false));
	assert_int_equal(json_length(json_get(o, "hooks.poststop")), 1);
	assert_int_equal(json_length(json_get(o, "process.args")), 2);
	/* The host's PID, network and IPC namespaces: none but the mount namespace is its own. */
	namespaces = json_get(o, "linux.namespaces");
	assert_int_equal(json_length(namespaces), 1);
	assert_string_equal(json_get_string(json_object_array_get_idx(namespaces, 0), "type"),
			    "mount");
	mount = json_object_array_get_idx(json_get(o, "mounts"), 0);
	assert_string_equal(json_get_string(mount, "destination"), "/dev");
	assert_string_equal(json_get_string(mount, "source"), "/s/rootfs/dev");
	assert_int_equal(oci_config_write(&c, s->folder, &err), 0);
	/* Never through what somebody else put there. */
	assert_int_equal(oci_config_write(&c, s->folder, &err), -1);
	snprintf(s->path, sizeof(s->path), "%s/config.json", s->folder);
	assert_int_equal(buffer_read_file(s->path, 65536, &text, &len, &err), 0);
	read = json_parse(text, len, &err);
	assert_true(json_object_equal(o, read));
}

static void test_multi_prog(void **state)
{
	static const struct {
		const char *second;
		bool is;
	} rows[] = {
		{"0 true\n1-3,5 false %t\n", true},
		{"# tasks\n\n* hostname\n", true},
		{"0 true", false},
		{"\n\n", false},
		{"a b\n0 c\n", false},
		{"0\n", false},
		{"print(1)\nprint(2)\n", false},
		{NULL, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *argv[] = {"f", (char *)rows[i].second, NULL};

		if (multi_prog_is(rows[i].second ? 2 : 1, argv) != rows[i].is)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_state),
		cmocka_unit_test_setup_teardown(test_run, scratch_make, scratch_remove),
		cmocka_unit_test(test_runtime_argument),
		cmocka_unit_test_setup_teardown(test_config, scratch_make, scratch_remove),
		cmocka_unit_test(test_multi_prog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
