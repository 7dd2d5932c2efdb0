/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "common/doorbell.h"
#include "common/json.h"

static void test_new(void **state)
{
	struct doorbell bell = doorbell_new(DOORBELL_MODIFY);

	assert_int_equal(bell.kind, DOORBELL_MODIFY);
	assert_int_equal(bell.job_id, 0);
	assert_int_equal(bell.step_id, DOORBELL_NO_STEP);
	assert_int_equal(bell.exit_code, -1);
	assert_true(bell.time_us > 1700000000LL * 1000000);
}

static void test_format(void **state)
{
	struct doorbell bell = doorbell_new(DOORBELL_STEP_END);
	char text[DOORBELL_MAX];
	int n;

	bell.time_us = 5;
	n = doorbell_format(&bell, text, sizeof(text));
	assert_int_equal(n, strlen(text));
	assert_string_equal(text, "{\"v\":1,\"kind\":\"step-end\",\"time\":5}");
	strcpy(bell.cluster, "tux");
	bell.job_id = 4294967295U;
	bell.step_id = 0;
	strcpy(bell.user, "alice");
	strcpy(bell.node, "n1");
	strcpy(bell.image, "oci:/i:a");
	strcpy(bell.digest, "sha256:00");
	bell.startup_us = 1500;
	bell.exit_code = 0;
	n = doorbell_format(&bell, text, sizeof(text));
	assert_int_equal(n, strlen(text));
	assert_string_equal(text, "{\"v\":1,\"kind\":\"step-end\",\"cluster\":\"tux\",\"job\":4294967295,"
				  "\"step\":0,\"user\":\"alice\",\"node\":\"n1\",\"time\":5,"
				  "\"image\":\"oci:/i:a\",\"digest\":\"sha256:00\",\"startup\":1500,"
				  "\"exit\":0}");
}

static void test_kind_names(void **state)
{
	for (int k = DOORBELL_LOOK; k <= DOORBELL_STEP_END; k++)
		assert_true(strlen(doorbell_kind_name(k)) > 0);
	assert_string_equal(doorbell_kind_name(99), "look");
	assert_string_equal(doorbell_kind_name(-1), "look");
}

/* Every field there and back, for every kind. */
static void test_round_trip(void **state)
{
	for (int k = DOORBELL_LOOK; k <= DOORBELL_STEP_END; k++) {
		struct doorbell bell = doorbell_new(k), back;
		char text[DOORBELL_MAX];
		struct error err = { 0 };
		int n;

		bell.job_id = 4294967294U;
		bell.step_id = k;
		bell.startup_us = 4294967295U;
		bell.exit_code = 65280;
		strcpy(bell.cluster, "a cluster");
		strcpy(bell.user, "1000");
		strcpy(bell.node, "node\"1\\");
		strcpy(bell.image, "docker://a/b:c@d");
		strcpy(bell.digest, "sha256:0123");
		n = doorbell_format(&bell, text, sizeof(text));
		assert_true(n > 0);
		assert_int_equal(doorbell_parse(text, n, &back, &err), 0);
		assert_int_equal(back.kind, bell.kind);
		assert_int_equal(back.job_id, bell.job_id);
		assert_int_equal(back.step_id, bell.step_id);
		assert_true(back.time_us == bell.time_us);
		assert_int_equal(back.startup_us, bell.startup_us);
		assert_int_equal(back.exit_code, bell.exit_code);
		assert_string_equal(back.cluster, bell.cluster);
		assert_string_equal(back.user, bell.user);
		assert_string_equal(back.node, bell.node);
		assert_string_equal(back.image, bell.image);
		assert_string_equal(back.digest, bell.digest);
	}
}

/* Whatever bytes are in the names, the object is valid JSON and fits. */
static void test_hostile_names(void **state)
{
	for (int c = 1; c < 256; c++) {
		struct doorbell bell = doorbell_new(DOORBELL_STEP_START), back;
		char text[DOORBELL_MAX];
		struct error err = { 0 };
		int n;

		memset(bell.cluster, c, sizeof(bell.cluster) - 1);
		memset(bell.user, c, sizeof(bell.user) - 1);
		memset(bell.node, c, sizeof(bell.node) - 1);
		memset(bell.image, c, sizeof(bell.image) - 1);
		memset(bell.digest, c, sizeof(bell.digest) - 1);
		n = doorbell_format(&bell, text, sizeof(text));
		assert_true(n > 0 && n < DOORBELL_MAX);
		assert_int_equal(n, strlen(text));
		if (doorbell_parse(text, n, &back, &err) < 0)
			row("byte %d: %s", c, err.text);
		assert_int_equal(doorbell_parse(text, n, &back, &err), 0);
		if (c >= 0x20 && c < 0x7f)
			assert_string_equal(back.user, bell.user);
		else
			assert_int_equal(strspn(back.user, "?"), sizeof(back.user) - 1);
	}
}

/* Where it doesn't fit, the image goes; then it is refused, and never cut in the middle. */
static void test_small_buffers(void **state)
{
	struct doorbell bell = doorbell_new(DOORBELL_STEP_START), back;
	char text[DOORBELL_MAX];
	int whole, without;

	memset(bell.image, '"', sizeof(bell.image) - 1);
	strcpy(bell.user, "alice");
	bell.job_id = 1;
	whole = doorbell_format(&bell, text, sizeof(text));
	without = whole - 2 * (int)(sizeof(bell.image) - 1) - (int)strlen(",\"image\":\"\"");
	for (int size = 0; size <= whole + 1; size++) {
		int n = doorbell_format(&bell, text, size);

		assert_int_equal(n, size > whole ? whole : size > without ? without : -1);
		if (n > 0)
			assert_int_equal(doorbell_parse(text, n, &back, NULL), 0);
	}
}

static void test_fits_when_sealed(void **state)
{
	struct doorbell bell = doorbell_new(DOORBELL_STEP_START);
	char text[DOORBELL_MAX_SEALED];

	memset(bell.cluster, '"', sizeof(bell.cluster) - 1);
	memset(bell.user, '"', sizeof(bell.user) - 1);
	memset(bell.node, '"', sizeof(bell.node) - 1);
	memset(bell.image, '"', sizeof(bell.image) - 1);
	memset(bell.digest, '"', sizeof(bell.digest) - 1);
	bell.time_us = INT64_MIN;
	bell.job_id = bell.startup_us = UINT32_MAX;
	bell.step_id = UINT32_MAX - 1;
	bell.exit_code = INT32_MAX;
	assert_true(doorbell_format(&bell, text, sizeof(text)) > 0);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* NULL: it parses, and is what follows */
		enum doorbell_kind kind;
		uint32_t job_id, step_id;
		int32_t exit_code;
	} rows[] = {
		{ "{\"v\":1}", NULL, DOORBELL_LOOK, 0, DOORBELL_NO_STEP, -1 },
		{ "{\"v\":1,\"kind\":\"submit\",\"more\":{}}", NULL, DOORBELL_SUBMIT, 0,
		  DOORBELL_NO_STEP, -1 },
		{ "{\"v\":1,\"kind\":\"of the future\",\"job\":3}", NULL, DOORBELL_LOOK, 3,
		  DOORBELL_NO_STEP, -1 },
		{ "{\"v\":1,\"kind\":3,\"job\":\"3\",\"step\":{}}", NULL, DOORBELL_LOOK, 0,
		  DOORBELL_NO_STEP, -1 },
		{ "{\"v\":1,\"job\":-1,\"step\":-5,\"exit\":-3}", NULL, DOORBELL_LOOK, 0,
		  DOORBELL_NO_STEP, -1 },
		{ "{\"v\":1,\"job\":4294967296,\"step\":1e99,\"exit\":2147483648}", NULL,
		  DOORBELL_LOOK, 0, DOORBELL_NO_STEP, -1 },
		{ "{\"v\":1,\"job\":1,\"job\":2,\"step\":0,\"exit\":256}", NULL, DOORBELL_LOOK, 2, 0,
		  256 },
		{ "{\"v\":2,\"kind\":\"submit\"}", "version 2", 0, 0, 0, 0 },
		{ "{}", "version 0", 0, 0, 0, 0 },
		{ "[]", "not a JSON object", 0, 0, 0, 0 },
		{ "\"look\"", "not a JSON object", 0, 0, 0, 0 },
		{ "", "doorbell", 0, 0, 0, 0 },
		{ "{\"v\":1", "doorbell", 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct doorbell bell = { .job_id = 77 };
		struct error err = { 0 };
		int rc = doorbell_parse(rows[i].text, strlen(rows[i].text), &bell, &err);

		if (rc != (rows[i].error ? -1 : 0))
			row("%s: %s", rows[i].text, err.text);
		assert_int_equal(rc, rows[i].error ? -1 : 0);
		if (rows[i].error) {
			assert_non_null(strstr(err.text, rows[i].error));
			assert_int_equal(bell.job_id, 77);
			continue;
		}
		assert_int_equal(bell.kind, rows[i].kind);
		assert_int_equal(bell.job_id, rows[i].job_id);
		assert_int_equal(bell.step_id, rows[i].step_id);
		assert_int_equal(bell.exit_code, rows[i].exit_code);
	}
}

static void test_parse_cuts_names(void **state)
{
	struct doorbell bell;
	char text[2000];
	int n;

	n = snprintf(text, sizeof(text), "{\"v\":1,\"user\":\"%01000d\",\"image\":\"%0800d\"}", 0, 0);
	assert_int_equal(doorbell_parse(text, n, &bell, NULL), 0);
	assert_int_equal(strlen(bell.user), sizeof(bell.user) - 1);
	assert_int_equal(strlen(bell.image), sizeof(bell.image) - 1);
}

#define LONGEST_PATH_108 \
	"/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"890123456789012345678"

static void test_target(void **state)
{
	static const struct {
		const char *text;
		int family; /* 0: refused */
		const char *address;
		int port;
	} rows[] = {
		{ DOORBELL_DEFAULT, AF_UNIX, "/run/slurm-kube/doorbell", 0 },
		{ "unix:/a b", AF_UNIX, "/a b", 0 },
		{ "udp:127.0.0.1:7321", AF_INET, "127.0.0.1", 7321 },
		{ "udp:[::1]:65535", AF_INET6, "::1", 65535 },
		{ "udp:fe80::1:1", AF_INET6, "fe80::1", 1 },
		{ "unix:relative", 0, "absolute", 0 },
		{ "unix:", 0, "absolute", 0 },
		{ "unix:" LONGEST_PATH_108, 0, "107 bytes", 0 },
		{ "udp:", 0, "ADDRESS:PORT", 0 },
		{ "udp:127.0.0.1", 0, "ADDRESS:PORT", 0 },
		{ "udp::99", 0, "ADDRESS:PORT", 0 },
		{ "udp:127.0.0.1:", 0, "not a port", 0 },
		{ "udp:127.0.0.1:0", 0, "not a port", 0 },
		{ "udp:127.0.0.1:65536", 0, "not a port", 0 },
		{ "udp:127.0.0.1:99999999999999999999", 0, "not a port", 0 },
		{ "udp:127.0.0.1:-18446744073709551615", 0, "not a port", 0 },
		{ "udp:127.0.0.1:+80", 0, "not a port", 0 },
		{ "udp:127.0.0.1: 80", 0, "not a port", 0 },
		{ "udp:127.0.0.1:80x", 0, "not a port", 0 },
		{ "udp:localhost:80", 0, "not a numeric address", 0 },
		{ "udp:[]:80", 0, "not a numeric address", 0 },
		{ "udp:[:80", 0, "not a numeric address", 0 },
		{ "udp:0123456789012345678901234567890123456789012345678901234567890123:80", 0,
		  "ADDRESS:PORT", 0 },
		{ "tcp:127.0.0.1:80", 0, "unix:/PATH or udp:", 0 },
		{ "/run/doorbell", 0, "unix:/PATH or udp:", 0 },
		{ "", 0, "unix:/PATH or udp:", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct doorbell_target target = { .length = 1 };
		struct error err = { 0 };
		char address[INET6_ADDRSTRLEN];
		int rc = doorbell_target_parse(rows[i].text, &target, &err);

		if (rc != (rows[i].family ? 0 : -1) ||
		    (rc < 0 && !strstr(err.text, rows[i].address)))
			row("%s: %s", rows[i].text, err.text);
		if (!rows[i].family) {
			assert_int_equal(rc, -1);
			assert_int_equal(target.length, 1);
			assert_non_null(strstr(err.text, rows[i].address));
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(target.address.ss_family, rows[i].family);
		if (rows[i].family == AF_UNIX) {
			struct sockaddr_un *un = (void *)&target.address;

			assert_string_equal(un->sun_path, rows[i].address);
		} else if (rows[i].family == AF_INET) {
			struct sockaddr_in *in = (void *)&target.address;

			inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
			assert_string_equal(address, rows[i].address);
			assert_int_equal(ntohs(in->sin_port), rows[i].port);
		} else {
			struct sockaddr_in6 *in6 = (void *)&target.address;

			inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof(address));
			assert_string_equal(address, rows[i].address);
			assert_int_equal(ntohs(in6->sin6_port), rows[i].port);
		}
	}
}

/* A socket at path, and the target to ring it. */
static int listen_at(const char *path, struct doorbell_target *target)
{
	char text[128];
	int fd;

	snprintf(text, sizeof(text), "unix:%s", path);
	assert_int_equal(doorbell_target_parse(text, target, NULL), 0);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&target->address, target->length), 0);
	return fd;
}

static void test_ring(void **state)
{
	char folder[] = "/tmp/slurm-kube-unit-XXXXXX", path[64], got[DOORBELL_MAX];
	_cleanup_close_ int listener = -1, fd = -1;
	struct doorbell_target target;
	int rung = 0;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/doorbell", folder);
	listener = listen_at(path, &target);
	fd = doorbell_socket(&target);
	assert_true(fd >= 0);
	assert_int_equal(doorbell_ring(fd, &target, "ding", 4), 0);
	assert_int_equal(recv(listener, got, sizeof(got), 0), 4);
	assert_memory_equal(got, "ding", 4);
	/* Nobody reads: it comes back at once, always. */
	while (rung < 100000 && doorbell_ring(fd, &target, "ding", 4) == 0)
		rung++;
	assert_in_range(rung, 1, 99999);
	/* Nobody is there, or nothing. */
	close(listener);
	listener = -1;
	assert_int_equal(doorbell_ring(fd, &target, "ding", 4), -1);
	unlink(path);
	assert_int_equal(doorbell_ring(fd, &target, "ding", 4), -1);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),           cmocka_unit_test(test_format),
		cmocka_unit_test(test_kind_names),    cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_small_buffers),
		cmocka_unit_test(test_fits_when_sealed), cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_cuts_names), cmocka_unit_test(test_target),
		cmocka_unit_test(test_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
