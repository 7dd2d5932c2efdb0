/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <sys/socket.h>

#include "spank/bell.h"
#include "spank/config.h"
#include "spank/client/inherit.h"

static void test_config(void **state)
{
	static const struct {
		char *argv[4];
		const char *problem; /* NULL if there is none */
		int family;
		bool has_uid;
		const char *cluster, *holder;
	} rows[] = {
		{ { NULL }, NULL, AF_UNIX, false, "", SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		{ { "doorbell=unix:/d", "cluster=c", "holder=/h" }, NULL, AF_UNIX, false, "c", "/h" },
		{ { "doorbell=udp:127.0.0.1:9", "agent_uid=0" }, NULL, AF_INET, true, "",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		{ { "doorbell=udp:127.0.0.1:9" }, "add agent_uid=", AF_INET, false, "",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		/* What is wrong with one spoils no other. */
		{ { "holder=h", "cluster=c", "agent_uid=-1" }, "holder=h", AF_UNIX, false, "c",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		{ { "agent_uid=", "holder=/h" }, "agent_uid=", AF_UNIX, false, "", "/h" },
		{ { "agent_uid=4294967295" }, "agent_uid=", AF_UNIX, false, "",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		{ { "agent_uid=12x" }, "agent_uid=", AF_UNIX, false, "",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		{ { "colour=blue", "doorbell=nowhere" }, "'colour=blue'", AF_UNIX, false, "",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
		{ { "" }, "unknown argument ''", AF_UNIX, false, "",
		  SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spank_config c;
		struct error err = { 0 };
		int argc = 0;

		row("%zu", i);
		while (argc < 4 && rows[i].argv[argc])
			argc++;
		assert_int_equal(spank_config_parse(argc, rows[i].argv, &c, &err),
				 rows[i].problem ? -1 : 0);
		if (rows[i].problem)
			assert_non_null(strstr(err.text, rows[i].problem));
		assert_int_equal(c.doorbell.address.ss_family, rows[i].family);
		assert_int_equal(c.has_agent_uid, rows[i].has_uid);
		assert_string_equal(c.cluster, rows[i].cluster);
		assert_string_equal(c.holder, rows[i].holder);
	}
}

static void test_config_lengths(void **state)
{
	char text[8192] = "cluster=";
	char *argv[] = { text };
	struct spank_config c;
	struct error err;

	memset(text + strlen(text), 'x', 64);
	assert_int_equal(spank_config_parse(1, argv, &c, &err), -1);
	strcpy(text, "holder=/");
	memset(text + strlen(text), 'x', 5000);
	assert_int_equal(spank_config_parse(1, argv, &c, &err), -1);
}

static void test_first_node(void **state)
{
	static const struct {
		const char *list, *name;
	} rows[] = {
		{ NULL, "" },
		{ "", "" },
		{ "n1", "n1" },
		{ "n1,n2", "n1" },
		{ "n[1-4]", "n1" },
		{ "n[3,7-9]", "n3" },
		{ "n[001-100],m2", "n001" },
		{ "r[1-2]n[5,9]x", "r1n5x" },
		{ "n[7", "n7" },
		{ "[", "" },
		{ ",n1", "" },
		{ "a-very-long-name-that-does-not-fit", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[16];

		row("%s", rows[i].list ? rows[i].list : "NULL");
		bell_name_first_node(rows[i].list, name, sizeof(name));
		assert_string_equal(name, rows[i].name);
	}
}

#define ARGS(text) (text), sizeof(text)

static void test_other_container(void **state)
{
	static const struct {
		const char *cmdline;
		size_t len;
		const char *chosen, *other;
	} rows[] = {
		{ ARGS("srun\0--container=A\0x"), "A", NULL },
		{ ARGS("srun\0--container=A\0x\0:\0x"), "A", NULL },
		{ ARGS("srun\0--container=A\0x\0:\0--container=A\0x"), "A", NULL },
		{ ARGS("srun\0--container=A\0x\0:\0--container=B\0x"), "A", "B" },
		{ ARGS("srun\0--container=A\0x\0:\0--container\0B\0x"), "A", "B" },
		{ ARGS("srun\0x\0:\0--container=B\0x"), NULL, "B" },
		{ ARGS("srun\0--container=A\0x\0:\0--contiguous\0--constraint=x\0x"), "A", NULL },
		{ ARGS("srun\0--container=A\0x\0:\0--container-id=x\0x"), "A", NULL },
		{ ARGS("srun\0x\0:\0--container"), "A", "" },
		{ "", 0, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *other = inherit_other_container(rows[i].cmdline, rows[i].len, rows[i].chosen);

		row("%zu", i);
		if (rows[i].other)
			assert_string_equal(other, rows[i].other);
		else
			assert_null(other);
	}
}

/* What the client does with --container. */
static void client_option(const char *value)
{
	if (value)
		setenv("SLURM_CONTAINER", value, 0);
}

static int after_options(bool is_srun, struct error *err)
{
	static const struct client_wish nothing;

	return inherit_after_options(is_srun ? CLIENT_SRUN : CLIENT_SBATCH, &nothing, NULL, NULL,
				     err);
}

static void test_inherit(void **state)
{
	static const struct {
		bool srun;
		const char *before, *option, *after;
	} rows[] = {
		{ true, NULL, NULL, NULL }, { true, "A", NULL, "A" },	 { true, NULL, "B", "B" },
		{ true, "A", "B", "B" },    { true, "A", "A", "A" },	 { false, NULL, NULL, NULL },
		{ false, "A", NULL, NULL }, { false, "A", "B", "B" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *after;
		struct error err;

		row("%zu", i);
		unsetenv("SLURM_CONTAINER");
		client_option(rows[i].before);
		inherit_before_options();
		client_option(rows[i].option);
		assert_int_equal(after_options(rows[i].srun, &err), 0);
		after = getenv("SLURM_CONTAINER");
		if (rows[i].after)
			assert_string_equal(after, rows[i].after);
		else
			assert_null(after);
	}
	unsetenv("SLURM_CONTAINER");
}

static void test_components(void **state)
{
	struct error err;

	/* sbatch: the first component decides. */
	inherit_before_options();
	assert_int_equal(after_options(false, &err), 0);
	client_option("B");
	assert_int_equal(after_options(false, &err), 0);
	assert_null(getenv("SLURM_CONTAINER"));
	/* srun: the second may not have one if the first has none. */
	inherit_before_options();
	assert_int_equal(after_options(true, &err), 0);
	client_option("B");
	assert_int_equal(after_options(true, &err), -1);
	unsetenv("SLURM_CONTAINER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),	    cmocka_unit_test(test_config_lengths),
		cmocka_unit_test(test_first_node),   cmocka_unit_test(test_other_container),
		cmocka_unit_test(test_inherit),	    cmocka_unit_test(test_components),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
