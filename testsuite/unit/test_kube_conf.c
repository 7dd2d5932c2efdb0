/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <sys/stat.h>

#include "common/kube_conf.h"

#define DEFAULT_PATH "/run/slurm-kube/doorbell"

static int complaints;
static char last[1024];

static void complain(const char *text)
{
	complaints++;
	snprintf(last, sizeof(last), "%s", text);
}

static const char *path_of(const struct kube_conf *conf)
{
	const struct sockaddr_un *un = (const void *)&conf->doorbell.address;

	return conf->doorbell.address.ss_family == AF_UNIX ? un->sun_path : "not unix";
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *path;
		int complaints;
		const char *last;
	} rows[] = {
		{ "", DEFAULT_PATH, 0, "" },
		{ "\n\n  \t\n", DEFAULT_PATH, 0, "" },
		{ "# Doorbell=unix:/x\n", DEFAULT_PATH, 0, "" },
		{ "Doorbell=unix:/x", "/x", 0, "" },
		{ "Doorbell=unix:/x\n", "/x", 0, "" },
		{ "  doorbell = unix:/x  \r\n", "/x", 0, "" },
		{ "DOORBELL=unix:/x # the agent's\n", "/x", 0, "" },
		{ "Doorbell=unix:/x#1\n", "/x#1", 0, "" },
		{ "Doorbell=unix:/a=b\n", "/a=b", 0, "" },
		{ "Doorbell=unix:/x\nDoorbell=unix:/y\n", "/y", 0, "" },
		{ "Doorbell=udp:10.0.0.1:7321\n", "not unix", 0, "" },
		{ "Doorbell=\n", DEFAULT_PATH, 1, "FILE:1: line ignored: doorbell ''" },
		{ "\nDoorbell=x\nDoorbell=unix:/y\n", "/y", 1, "FILE:2: line ignored: doorbell 'x'" },
		{ "Doorbell\n", DEFAULT_PATH, 1, "FILE:1: line ignored, and no container can run: 'Doorbell' is not" },
		{ "=unix:/x\n", DEFAULT_PATH, 1, "FILE:1: line ignored, and no container can run: there is no setting ''" },
		{ "#\nDorbell=unix:/x\n", DEFAULT_PATH, 1,
		  "FILE:2: line ignored, and no container can run: there is no setting 'Dorbell'" },
		{ "%s%n=%s%n\n", DEFAULT_PATH, 1, "no setting '%s%n'" },
		{ "a\nb\nc\n", DEFAULT_PATH, 3, "FILE:3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kube_conf conf;

		complaints = 0;
		last[0] = '\0';
		conf = kube_conf_parse("FILE", rows[i].text, complain);
		if (strcmp(path_of(&conf), rows[i].path) || complaints != rows[i].complaints ||
		    !strstr(last, rows[i].last))
			row("%s: %s; %d complaints, %s", rows[i].text, path_of(&conf), complaints, last);
		assert_string_equal(path_of(&conf), rows[i].path);
		assert_int_equal(complaints, rows[i].complaints);
		assert_non_null(strstr(last, rows[i].last));
	}
}

/* No line is too long for the complaint about it. */
static void test_parse_long_line(void **state)
{
	_cleanup_free_ char *text = malloc(60001);

	memset(text, 'k', 60000);
	text[60000] = '\0';
	complaints = 0;
	kube_conf_parse("FILE", text, complain);
	assert_int_equal(complaints, 1);
	assert_non_null(strstr(last, "FILE:1: line ignored, and"));
}

static void test_load(void **state)
{
	char folder[] = "/tmp/slurm-kube-unit-XXXXXX", path[64];
	struct kube_conf conf;
	FILE *f;

	complaints = 0;
	conf = kube_conf_load("/nonexistent", true, complain);
	assert_string_equal(path_of(&conf), DEFAULT_PATH);
	assert_int_equal(complaints, 0);

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/kube.conf", folder);
	f = fopen(path, "w");
	fputs("Doorbell=unix:/z\nWhat\n", f);
	fclose(f);
	conf = kube_conf_load(path, true, complain);
	assert_string_equal(path_of(&conf), "/z");
	assert_int_equal(complaints, 1);
	assert_non_null(strstr(last, path));
	assert_non_null(strstr(last, "kube.conf:2:"));

	assert_int_equal(truncate(path, 100 << 20), 0);
	conf = kube_conf_load(path, true, complain);
	assert_string_equal(path_of(&conf), DEFAULT_PATH);
	assert_int_equal(complaints, 2);
	assert_non_null(strstr(last, "larger than"));

	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	conf = kube_conf_load(path, true, complain);
	assert_string_equal(path_of(&conf), DEFAULT_PATH);
	assert_int_equal(complaints, 3);
	assert_non_null(strstr(last, "the defaults hold"));
	rmdir(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_long_line),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
