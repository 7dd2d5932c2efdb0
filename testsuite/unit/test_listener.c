/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <netinet/in.h>
#include <sys/wait.h>

#include "scratch.h"
#include "sync-agent/doorbell/listener.h"

/* The tests may run as root or not: whoever we are is Slurm's user, so we may ring. */
static void open_listener(struct scratch *s, struct listener *l, uid_t slurm_user)
{
	struct error err = { 0 };
	struct listener_config config = { .unix_path = s->path, .udp = "127.0.0.1:0", .cluster = "tux",
					  .munge_socket = "/nonexistent/munge",
					  .slurm_user = slurm_user };
	struct sockaddr_in bound;
	socklen_t n = sizeof(bound);

	snprintf(s->path, sizeof(s->path), "%s/sub/bell", s->folder);
	/* Port 0 is no port to the listener: one that is free, then. */
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static char udp[32];

	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &n), 0);
	close(fd);
	fd = -1;
	snprintf(udp, sizeof(udp), "127.0.0.1:%d", ntohs(bound.sin_port));
	config.udp = udp;
	if (listener_open(l, &config, &err) < 0)
		row("%s", err.text);
	assert_true(l->unix_fd >= 0 && l->udp_fd >= 0);
}

static void ring(const char *kind, const char *where, const void *data, size_t n)
{
	struct doorbell_target target;
	_cleanup_close_ int fd = -1;
	char text[300];

	snprintf(text, sizeof(text), "%s:%s", kind, where);
	assert_int_equal(doorbell_target_parse(text, &target, NULL), 0);
	fd = doorbell_socket(&target);
	assert_int_equal(doorbell_ring(fd, &target, data, n), 0);
}

static void test_unix(void **state)
{
	static char large[3000];
	char now[400], other[400], old[400], future[400];
	const struct {
		const char *text;
		size_t n; /* 0: strlen(text) */
		int taken;
		size_t counter; /* which one it raises */
	} rows[] = {
#define COUNTER(name) offsetof(struct listener, count.name)
		{ now, 0, 1, COUNTER(taken) },
		{ "{\"v\":1,\"kind\":\"job-end\",\"job\":42}", 0, 1, COUNTER(taken) },
		{ other, 0, 0, COUNTER(other_cluster) },
		{ old, 0, 0, COUNTER(old) },
		{ future, 0, 0, COUNTER(old) },
		{ "{\"v\":1,\"time\":9223372036854775807}", 0, 0, COUNTER(old) },
		{ "{\"v\":1,\"time\":1}", 0, 0, COUNTER(old) },
		{ "{\"v\":2}", 0, 0, COUNTER(malformed) },
		{ "{\"v\":1", 0, 0, COUNTER(malformed) },
		{ "hello", 0, 0, COUNTER(malformed) },
		{ "{\"v\":1}\0{}", 10, 0, COUNTER(malformed) },
		{ "\0", 1, 0, COUNTER(malformed) },
		{ "\xff\xfe{", 0, 0, COUNTER(malformed) },
		{ large, 1400, 0, COUNTER(malformed) },
		{ large, 1401, 0, COUNTER(malformed) },
		{ large, sizeof(large), 0, COUNTER(malformed) },
		{ "{\"v\":1}", 0, 1, COUNTER(taken) },
	};
	struct scratch *s = *state;
	struct listener l;
	struct doorbell bell = doorbell_new(DOORBELL_JOB_END), got;

	open_listener(s, &l, getuid());
	memset(large, '{', sizeof(large));
	bell.job_id = 42;
	strcpy(bell.cluster, "tux");
	doorbell_format(&bell, now, sizeof(now));
	strcpy(bell.cluster, "Tux");
	doorbell_format(&bell, other, sizeof(other));
	strcpy(bell.cluster, "tux");
	bell.time_us -= 600 * 1000000LL;
	doorbell_format(&bell, old, sizeof(old));
	bell.time_us += 1200 * 1000000LL;
	doorbell_format(&bell, future, sizeof(future));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned long before, after;

		memcpy(&before, (char *)&l + rows[i].counter, sizeof(before));
		ring("unix", s->path, rows[i].text, rows[i].n ? rows[i].n : strlen(rows[i].text));
		got = (struct doorbell){ 0 };
		if (listener_take(&l, l.unix_fd, &got) != rows[i].taken)
			row("%zu: %s", i, rows[i].text);
		memcpy(&after, (char *)&l + rows[i].counter, sizeof(after));
		assert_int_equal(after, before + 1);
		if (i < 2) {
			assert_int_equal(got.kind, DOORBELL_JOB_END);
			assert_int_equal(got.job_id, 42);
		}
		assert_int_equal(listener_take(&l, l.unix_fd, &got), 0);
	}
	/* What is dropped is passed over. */
	ring("unix", s->path, "x", 1);
	ring("unix", s->path, other, strlen(other));
	ring("unix", s->path, now, strlen(now));
	assert_int_equal(listener_take(&l, l.unix_fd, &got), 1);
	assert_int_equal(listener_take(&l, l.unix_fd, &got), 0);
	listener_close(&l);
	assert_int_equal(access(s->path, F_OK), -1);
	listener_close(&l);
}

/* Anybody's datagram arrives; only root's and SlurmUser's counts. */
static void test_sender(void **state)
{
	static const struct {
		uid_t sender, slurm_user;
		bool allowed;
	} rows[] = {
		{ 0, 4242, true }, { 4242, 4242, true }, { 4243, 4242, false },
	};
	struct scratch *s = *state;
	struct doorbell got;
	struct listener l;

	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(s->folder, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int status;
		pid_t pid;

		open_listener(s, &l, rows[i].slurm_user);
		pid = fork();
		if (pid == 0) {
			struct doorbell_target target;
			char text[300];
			int fd;

			snprintf(text, sizeof(text), "unix:%s", s->path);
			if (setuid(rows[i].sender) < 0 || doorbell_target_parse(text, &target, NULL) < 0)
				_exit(1);
			fd = doorbell_socket(&target);
			_exit(doorbell_ring(fd, &target, "{\"v\":1}", 7) < 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(listener_take(&l, l.unix_fd, &got), rows[i].allowed);
		assert_int_equal(l.count.not_allowed, !rows[i].allowed);
		listener_close(&l);
	}
}

/* A file descriptor sent along is not kept. */
static void test_descriptors(void **state)
{
	struct scratch *s = *state;
	struct listener l;
	struct doorbell got;
	struct doorbell_target target;
	char text[300];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (char *)"{\"v\":1}", .iov_len = 7 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int before, after, zero = 0;
	_cleanup_close_ int fd = -1;

	open_listener(s, &l, getuid());
	snprintf(text, sizeof(text), "unix:%s", s->path);
	assert_int_equal(doorbell_target_parse(text, &target, NULL), 0);
	fd = doorbell_socket(&target);
	msg.msg_name = &target.address;
	msg.msg_namelen = target.length;
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			       .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(c), &zero, sizeof(zero));
	before = dup(0);
	close(before);
	assert_int_equal(sendmsg(fd, &msg, 0), 7);
	assert_int_equal(listener_take(&l, l.unix_fd, &got), 1);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
	listener_close(&l);
}

/* Over UDP a bare object is a look, whatever it says; the rest has to be sealed. */
static void test_udp(void **state)
{
	static const struct {
		const char *text;
		bool taken;
	} rows[] = {
		{ "{\"v\":1,\"kind\":\"job-end\",\"job\":42}", true }, { "{", true }, { "", false },
		{ "hello", false }, { "MUNGE:AwQFAAC", false }, { "[]", false },
	};
	struct scratch *s = *state;
	struct listener l;
	struct doorbell got;

	open_listener(s, &l, getuid());
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ring("udp", l.config.udp, rows[i].text, strlen(rows[i].text));
		got = (struct doorbell){ .job_id = 1 };
		assert_int_equal(listener_take(&l, l.udp_fd, &got), rows[i].taken);
		if (rows[i].taken) {
			assert_int_equal(got.kind, DOORBELL_LOOK);
			assert_int_equal(got.job_id, 0);
		}
	}
	assert_int_equal(l.count.bare, 2);
	assert_int_equal(l.count.not_opened, 4);
	assert_int_equal(l.count.taken, 0);
	listener_close(&l);
}

/* Whoever rings without end gets no hold of the loop. */
static void test_flood(void **state)
{
	struct scratch *s = *state;
	struct listener l;
	struct doorbell got;
	int rung = 0;

	open_listener(s, &l, getuid());
	for (; rung < 1000; rung++)
		ring("udp", l.config.udp, "x", 1);
	assert_int_equal(listener_take(&l, l.udp_fd, &got), 0);
	assert_true(l.count.not_opened < 1000);
	while (l.count.not_opened < 1000) {
		unsigned long before = l.count.not_opened;

		assert_int_equal(listener_take(&l, l.udp_fd, &got), 0);
		if (l.count.not_opened == before)
			break; /* the kernel may drop some */
	}
	listener_close(&l);
}

static void test_open_errors(void **state)
{
	struct scratch *s = *state;
	char long_path[300], file[256], deep[200], folder_as_path[200];
	const struct {
		const char *path, *udp, *error;
	} rows[] = {
		{ long_path, NULL, "107 bytes" },
		{ file, NULL, "is no socket" },
		{ folder_as_path, NULL, "is no socket" },
		{ deep, NULL, "No such file" },
		{ "relative", NULL, "absolute" },
		{ NULL, "nonsense", "ADDRESS:PORT" },
		{ NULL, "192.0.2.1:7321", "Cannot assign" },
	};

	memset(long_path, 0, sizeof(long_path));
	snprintf(long_path, sizeof(long_path), "%s/%0150d", s->folder, 0);
	snprintf(file, sizeof(file), "%s", scratch_write(s, "file", "precious"));
	snprintf(folder_as_path, sizeof(folder_as_path), "%s", s->folder);
	snprintf(deep, sizeof(deep), "%s/a/b/bell", s->folder);
	snprintf(s->path, sizeof(s->path), "%s/bell", s->folder);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listener_config config = { .unix_path = rows[i].path ? rows[i].path : s->path,
						  .udp = rows[i].udp, .cluster = "tux" };
		struct error err = { 0 };
		struct listener l;

		assert_int_equal(listener_open(&l, &config, &err), -1);
		if (!strstr(err.text, rows[i].error))
			row("%zu: %s", i, err.text);
		assert_non_null(strstr(err.text, rows[i].error));
		assert_true(l.unix_fd == -1 && l.udp_fd == -1);
	}
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(access(s->path, F_OK), -1);
}

/* The socket of an agent that was killed is in nobody's way. */
static void test_stale_socket(void **state)
{
	struct listener a, b;
	struct doorbell got;

	open_listener(*state, &a, getuid());
	open_listener(*state, &b, getuid());
	ring("unix", b.config.unix_path, "{\"v\":1}", 7);
	assert_int_equal(listener_take(&a, a.unix_fd, &got), 0);
	assert_int_equal(listener_take(&b, b.unix_fd, &got), 1);
	listener_close(&b);
	listener_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unix, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_sender, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_descriptors, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_udp, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_flood, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_open_errors, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_stale_socket, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
