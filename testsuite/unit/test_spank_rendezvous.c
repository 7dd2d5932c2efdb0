/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spank/join.h"
#include "spank/rendezvous.h"
#include "spank/start.h"

static void set_report(struct rendezvous *r, const char *report, size_t len)
{
	memcpy(r->report, report, len);
	r->report_len = len;
}

static void test_strings(void **state)
{
	struct rendezvous *r = rendezvous_new(1);
	const char *s;

	assert_non_null(r);
	assert_null(rendezvous_next(r, NULL));
	set_report(r, "ready\0cwd=/c\0flags=p\0\0A=1\0B=2",
		   sizeof("ready\0cwd=/c\0flags=p\0\0A=1\0B=2"));
	assert_string_equal(rendezvous_report(r, "cwd"), "/c");
	assert_string_equal(rendezvous_report(r, "flags"), "p");
	assert_string_equal(rendezvous_report(r, "pid"), "");
	assert_string_equal(rendezvous_report(r, "A"), "");
	s = join_next_env(r, NULL);
	assert_string_equal(s, "A=1");
	s = join_next_env(r, s);
	assert_string_equal(s, "B=2");
	assert_null(join_next_env(r, s));
	/* No environment at all. */
	set_report(r, "ready\0cwd=/c\0", sizeof("ready\0cwd=/c\0"));
	assert_null(join_next_env(r, NULL));
}

static void test_tasks(void **state)
{
	struct rendezvous *r = rendezvous_new(2);

	rendezvous_set_task(r, 0, 10);
	rendezvous_set_task(r, 1, 11);
	rendezvous_set_task(r, 2, 12);
	rendezvous_set_task(r, (size_t)-1, 13);
	assert_int_equal(r->tasks[0], 10);
	assert_int_equal(r->tasks[1], 11);
}

/* A task takes the lock and is killed with it. */
static void die_with_lock(struct rendezvous *r)
{
	pid_t pid = fork();

	if (pid == 0) {
		rendezvous_lock(r, NULL);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
}

static void test_owner_dies(void **state)
{
	struct rendezvous *r = rendezvous_new(2);
	struct error err = { 0 };

	die_with_lock(r);
	assert_int_equal(rendezvous_lock(r, &err), 0);
	assert_int_equal(r->state, RENDEZVOUS_FAILED);
	assert_non_null(strstr(r->error.text, "killed"));
	rendezvous_unlock(r);
	assert_int_equal(rendezvous_lock(r, &err), 0);
	rendezvous_unlock(r);
	/* Once the container is there it doesn't matter. */
	r->state = RENDEZVOUS_READY;
	die_with_lock(r);
	assert_int_equal(rendezvous_lock(r, &err), 0);
	assert_int_equal(r->state, RENDEZVOUS_READY);
	rendezvous_unlock(r);
}

/* A holder made of shell. */
static void write_holder(const char *path, const char *script)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path, 0755);
}

static void test_start(void **state)
{
	static const struct {
		const char *script;
		enum rendezvous_state state;
		const char *text; /* in the error */
	} rows[] = {
		{ "printf 'ready\\0cwd=/cwd\\0\\0' >&3; exec 3>&-; sleep 100", RENDEZVOUS_READY, NULL },
		{ "printf 'error\\0bad luck\\0' >&3", RENDEZVOUS_FAILED, "container img: bad luck" },
		{ "printf 'error' >&3", RENDEZVOUS_FAILED, "without a report" },
		{ "printf 'other\\0' >&3", RENDEZVOUS_FAILED, "another version" },
		{ "exit 0", RENDEZVOUS_FAILED, "without a report" },
		{ "head -c 300000 /dev/zero | tr '\\0' x >&3", RENDEZVOUS_FAILED, "without a report" },
		{ "[ \"$*\" = '--image=img --state=/s/1 --step=1.2 --spool=/s 0 17' ] && [ $X$SLURM_KUBE_OPTIONS = 1workdir=/w ] && printf 'error\\0as asked\\0' >&3",
		  RENDEZVOUS_FAILED, "as asked" },
	};
	char path[] = "/tmp/test_spank_rendezvous.XXXXXX";
	char *env[] = { "X=1", "PATH=/usr/bin:/bin", NULL };
	struct start_request q = { .holder = path, .image = "img", .options = "workdir=/w", .state = "/s/1",
				   .step = "1.2", .spool = "/s", .env = env };

	close(mkstemp(path));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rendezvous *r = rendezvous_new(2);

		row("%s", rows[i].script);
		rendezvous_set_task(r, 1, 17);
		write_holder(path, rows[i].script);
		start_holder(r, &q);
		assert_int_equal(r->state, rows[i].state);
		if (rows[i].text)
			assert_non_null(strstr(r->error.text, rows[i].text));
		if (r->state == RENDEZVOUS_READY) {
			assert_string_equal(rendezvous_report(r, "cwd"), "/cwd");
			assert_true(r->startup_us > 0);
			kill(r->holder, SIGKILL);
			start_reap(r->holder);
		}
		/* Whatever happened, no child is left. */
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
	unlink(path);
}

static void test_no_holder(void **state)
{
	struct rendezvous *r = rendezvous_new(1);
	char *env[] = { NULL };
	struct start_request q = { .holder = "/nonexistent", .image = "img", .env = env };

	start_holder(r, &q);
	assert_int_equal(r->state, RENDEZVOUS_FAILED);
	assert_int_equal(r->error.code, ENOENT);
	assert_non_null(strstr(r->error.text, "/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),	   cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_owner_dies), cmocka_unit_test(test_start),
		cmocka_unit_test(test_no_holder),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
