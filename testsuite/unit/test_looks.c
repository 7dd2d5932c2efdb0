/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/pods/job_pod.h"

/* What was asked since the last look here. */
static struct {
	unsigned queue, job, past;
	uint32_t last_id;
	bool whole;
} asked;

void slurm_thread_ask(struct slurm_thread *t, enum slurm_ask ask, uint32_t job_id, bool force)
{
	asked.queue += ask == ASK_QUEUE;
	asked.job += ask == ASK_JOB;
	asked.past += ask == ASK_PAST;
	asked.last_id = ask == ASK_QUEUE ? asked.last_id : job_id;
	asked.whole = ask == ASK_QUEUE ? force : asked.whole;
}

void kubelet_pod(struct agent *a, const char *namespace, const char *name)
{
}

void job_pod_steps(struct agent *a, const struct entry *e)
{
}

/* Run what is due, waiting at most wait_us for it. Returns the number of questions. */
static unsigned run(struct agent *a, int64_t wait_us)
{
	int64_t end = clock_us() + wait_us;

	memset(&asked, 0, sizeof(asked));
	do
		look_run(a);
	while (!asked.queue && !asked.job && !asked.past && clock_us() < end);
	return asked.queue + asked.job + asked.past;
}

static void polled(struct agent *a, int64_t spent_us, bool failed)
{
	struct slurm_result r = { .ask = ASK_QUEUE, .asked_us = clock_us(), .spent_us = spent_us,
				  .failed = failed, .n_groups = 1 };

	look_polled(a, &r);
}

static void polled_in_vain(struct agent *a, int64_t spent_us)
{
	struct slurm_result r = { .ask = ASK_QUEUE, .asked_us = clock_us(), .spent_us = spent_us };

	look_polled(a, &r);
}

static void answered(struct agent *a, uint32_t id, bool gone, bool ended)
{
	struct slurm_result r = { .ask = ASK_JOB, .job_id = id, .gone = gone };

	look_answered(a, &r, ended);
}

static void ring(struct agent *a, enum doorbell_kind kind, uint32_t id)
{
	struct doorbell bell = { .kind = kind, .job_id = id };

	look_doorbell(a, &bell);
}

/* An agent that has just looked at the whole queue, which takes so long that it won't do so again. */
static struct agent quiet_agent(void)
{
	struct agent a = { .listed = true, .look_credit_at = clock_us() - 10000000 };

	assert_int_equal(run(&a, 0), 1);
	assert_int_equal(asked.queue, 1);
	polled(&a, 10000000, false);
	return a;
}

static void test_nothing_before_the_list(void **state)
{
	struct agent a = { 0 };

	ring(&a, DOORBELL_JOB_START, 5);
	assert_int_equal(run(&a, 0), 0);
	looks_free(&a);
	details_free(&a);
}

static void test_polls(void **state)
{
	struct agent a = { .listed = true, .poll_whole = true, .look_credit_at = clock_us() };
	int64_t before;

	assert_int_equal(run(&a, 0), 1);
	assert_true(asked.queue && asked.whole);
	/* One at a time. */
	a.poll_next = 0;
	assert_int_equal(run(&a, 0), 0);
	/* No oftener than 20 times its duration, whoever rings. */
	before = clock_us();
	polled(&a, 50000, false);
	ring(&a, DOORBELL_LOOK, 0);
	assert_int_equal(run(&a, 0), 0);
	assert_in_range(a.poll_not_before - before, 1000000, 1100000);
	/* Connecting anew may take seconds; that is no reason to wait for 20 times as long. */
	before = clock_us();
	polled(&a, 3000000, false);
	assert_in_range(a.poll_not_before - before, 1000000, 5100000);
	polled(&a, 3000000, false);
	polled(&a, 3000000, false);
	before = clock_us();
	polled(&a, 3000000, false);
	assert_in_range(a.poll_not_before - before, 29000000, 31000000);
	/* Looks in vain come more rarely, down to a fifth as often. */
	a.poll_cost = 0;
	for (int i = 0; i < 20; i++)
		polled_in_vain(&a, 50000);
	assert_in_range(a.poll_next - clock_us(), 4000000, 5000000);
	/* A doorbell is not kept waiting for that. */
	ring(&a, DOORBELL_JOB_START, 5);
	assert_in_range(a.poll_not_before - clock_us(), 0, 1000000);
	assert_true(a.poll_next <= a.poll_not_before);
	polled_in_vain(&a, 50000);
	assert_in_range(a.poll_next - clock_us(), 1000000, 1500000);
	polled(&a, 50000, false);
	assert_true(a.poll_next == a.poll_not_before);
	/* After a failure the whole queue has to be told. */
	a.poll_not_before = a.poll_next = 0;
	assert_int_equal(run(&a, 0), 1);
	assert_false(asked.whole);
	polled(&a, 10, true);
	a.poll_not_before = a.poll_next = 0;
	assert_int_equal(run(&a, 0), 1);
	assert_true(asked.whole);
	looks_free(&a);
	details_free(&a);
}

static void test_doorbells(void **state)
{
	static const enum doorbell_kind kinds[] = { DOORBELL_MODIFY, DOORBELL_JOB_START,
						    DOORBELL_JOB_END, DOORBELL_STEP_START,
						    DOORBELL_STEP_END };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct agent a = quiet_agent();

		ring(&a, kinds[i], 0); /* names no job */
		assert_int_equal(run(&a, 0), 0);
		ring(&a, kinds[i], 5);
		ring(&a, kinds[i], 5);
		assert_int_equal(run(&a, 0), 1);
		assert_int_equal(asked.last_id, 5);
		/* One that rings meanwhile is answered by another look. */
		assert_int_equal(run(&a, 0), 0);
		ring(&a, kinds[i], 5);
		assert_int_equal(run(&a, 0), 0);
		answered(&a, 5, false, true);
		assert_int_equal(run(&a, 0), 1);
		answered(&a, 5, false, true);
		assert_int_equal(run(&a, 5000), 0);
		assert_null(a.looks);
		details_free(&a);
	}
}

/* Until its end is there, or patience is at its end. */
static void test_until_ended(void **state)
{
	struct agent a = quiet_agent();
	int looks = 0;

	ring(&a, DOORBELL_JOB_END, 5);
	while (a.looks) {
		assert_int_equal(run(&a, 2000000), 1);
		answered(&a, 5, false, false);
		looks++;
	}
	assert_int_equal(looks, 7);
	looks_free(&a);
	details_free(&a);
}

static void test_submits(void **state)
{
	struct agent a = quiet_agent();

	a.highest_id = 10;
	ring(&a, DOORBELL_SUBMIT, 0);
	ring(&a, DOORBELL_SUBMIT, 0);
	assert_int_equal(run(&a, 100000), 1);
	assert_int_equal(asked.last_id, 11);
	/* Not there yet; then it is, and the next one is tried. */
	answered(&a, 11, true, true);
	assert_int_equal(run(&a, 100000), 1);
	a.highest_id = 11;
	answered(&a, 11, false, false);
	assert_int_equal(run(&a, 100000), 1);
	assert_int_equal(asked.last_id, 12);
	/* That one was refused by Slurm: it is given up. */
	for (int i = 0; i < 20 && a.looks; i++) {
		answered(&a, 12, true, true);
		run(&a, 200000);
	}
	assert_null(a.looks);
	assert_int_equal(a.submits, 0);
	looks_free(&a);
	details_free(&a);
}

/* An answer that could not be had is not the job. */
static void test_submit_while_slurm_is_down(void **state)
{
	struct slurm_result r = { .ask = ASK_JOB, .job_id = 11, .failed = true };
	struct agent a = quiet_agent();

	a.highest_id = 10;
	ring(&a, DOORBELL_SUBMIT, 0);
	ring(&a, DOORBELL_SUBMIT, 0);
	assert_int_equal(run(&a, 100000), 1);
	look_answered(&a, &r, false);
	assert_int_equal(a.submits, 2);
	looks_free(&a);
	details_free(&a);
}

/* With the credit used up, the whole queue is looked at instead. */
static void test_credit(void **state)
{
	struct agent a = quiet_agent();

	a.look_credit = -1000000;
	a.poll_not_before = 0;
	ring(&a, DOORBELL_JOB_START, 5);
	assert_int_equal(run(&a, 0), 1);
	assert_int_equal(asked.queue, 1);
	assert_int_equal(run(&a, 0), 0);
	polled(&a, 10, false);
	assert_null(a.looks);
	assert_int_equal(run(&a, 0), 0);
	looks_free(&a);
	details_free(&a);
}

/* On a machine that is so busy that each look takes long, doorbells are still answered. */
static void test_slow_looks(void **state)
{
	struct agent a = quiet_agent();
	struct slurm_result r = { .ask = ASK_JOB, .spent_us = 2000000 };

	for (r.job_id = 1; r.job_id <= 20; r.job_id++) {
		ring(&a, DOORBELL_JOB_START, r.job_id);
		assert_int_equal(run(&a, 0), 1);
		look_answered(&a, &r, false);
	}
	assert_null(a.looks);
	looks_free(&a);
	details_free(&a);
}

/* Answers that nobody waits for. */
static void test_stray_answers(void **state)
{
	struct agent a = quiet_agent();

	answered(&a, 5, false, false);
	answered(&a, 5, true, true);
	assert_null(a.looks);
	ring(&a, 99, 5);
	ring(&a, DOORBELL_JOB_END, UINT32_MAX);
	looks_free(&a);
	details_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_before_the_list),
		cmocka_unit_test(test_polls),
		cmocka_unit_test(test_doorbells),
		cmocka_unit_test(test_until_ended),
		cmocka_unit_test(test_submits),
		cmocka_unit_test(test_submit_while_slurm_is_down),
		cmocka_unit_test(test_credit),
		cmocka_unit_test(test_slow_looks),
		cmocka_unit_test(test_stray_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
