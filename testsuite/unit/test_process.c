/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process.h"

static void test_born(void **state)
{
	uint64_t own = process_born(getpid());
	pid_t child = fork();

	assert_true(own > 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(process_born(child) >= own);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(process_born(child), 0);
	assert_int_equal(process_born(0), 0);
}

static void test_own_birth(void **state)
{
	struct timespec born = process_own_birth(), now;

	clock_gettime(CLOCK_REALTIME, &now);
	assert_true(born.tv_sec <= now.tv_sec);
	assert_true(now.tv_sec - born.tv_sec < 60);
	assert_true(born.tv_nsec >= 0 && born.tv_nsec < 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_born),
		cmocka_unit_test(test_own_birth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
