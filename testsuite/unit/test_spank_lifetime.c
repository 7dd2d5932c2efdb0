/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spank/holder/lifetime.h"
#include "spank/holder/protocol.h"

/* Keep descriptor 3 busy, as in the holder, so that the pipe's ends come where they do there. */
static int open_pipe(void)
{
	if (fcntl(HOLDER_REPORT_FD, F_GETFD) < 0)
		dup2(STDERR_FILENO, HOLDER_REPORT_FD);
	close(HOLDER_JOIN_FD);
	return lifetime_open();
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void sign_in(pid_t pid)
{
	assert_int_equal(write(HOLDER_JOIN_FD, &pid, sizeof(pid)), sizeof(pid));
}

static void test_pipe(void **state)
{
	int reading = open_pipe();
	char c;

	assert_true(reading >= 0 && reading != HOLDER_JOIN_FD);
	assert_int_equal(write(HOLDER_JOIN_FD, "x", 1), 1);
	assert_int_equal(read(reading, &c, 1), 1);
	assert_true(fcntl(reading, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(HOLDER_JOIN_FD, F_GETFD) & FD_CLOEXEC);
	close(reading);
}

static void test_all_register(void **state)
{
	pid_t tasks[] = { sleeper(), sleeper(), sleeper() };
	int reading = open_pipe();

	/* In any order, also twice. */
	sign_in(tasks[2]);
	sign_in(tasks[2]);
	sign_in(tasks[0]);
	sign_in(tasks[1]);
	lifetime_wait(reading, tasks, 3);
	for (int i = 0; i < 3; i++)
		reap(tasks[i]);
	close(reading);
}

static void test_some_end(void **state)
{
	pid_t tasks[] = { sleeper(), sleeper(), sleeper() };
	int reading = open_pipe();

	sign_in(tasks[1]);
	kill(tasks[0], SIGKILL); /* a zombie */
	reap(tasks[2]);          /* not even that */
	lifetime_wait(reading, tasks, 3);
	reap(tasks[0]);
	reap(tasks[1]);
	close(reading);
}

static void test_unknown(void **state)
{
	pid_t tasks[] = { 0, sleeper(), 0 };
	int reading = open_pipe();

	sign_in(12345);
	sign_in(tasks[1]);
	sign_in(12346);
	lifetime_wait(reading, tasks, 3);
	reap(tasks[1]);
	lifetime_wait(reading, tasks, 0);
	close(reading);
}

static void test_waits(void **state)
{
	pid_t tasks[] = { sleeper(), sleeper() };
	int reading = open_pipe();
	pid_t waiter = fork();

	if (waiter == 0) {
		lifetime_wait(reading, tasks, 2);
		_exit(7);
	}
	sign_in(tasks[0]);
	usleep(20000);
	assert_int_equal(waitpid(waiter, NULL, WNOHANG), 0);
	sign_in(tasks[1]);
	assert_int_equal(waitpid(waiter, NULL, 0), waiter);
	reap(tasks[0]);
	reap(tasks[1]);
	close(reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),	 cmocka_unit_test(test_all_register),
		cmocka_unit_test(test_some_end), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_waits),
	};

	/* Nothing here may hang the build. */
	alarm(30);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
