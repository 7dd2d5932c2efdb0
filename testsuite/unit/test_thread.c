/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that ask slurmctld, with calls to libslurm that this test answers. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

#include "sync-agent/slurm/thread.h"

#define PATIENCE_MS 20000

static sem_t queue_asked, queue_may_answer;

int slurm_load_jobs(time_t since, job_info_msg_t **ret, uint16_t flags)
{
	sem_post(&queue_asked);
	sem_wait(&queue_may_answer);
	errno = SLURM_NO_CHANGE_IN_DATA;
	return SLURM_ERROR;
}

int slurm_load_job(job_info_msg_t **ret, uint32_t id, uint16_t flags)
{
	errno = ESLURM_INVALID_JOB_ID;
	return SLURM_ERROR;
}

/* The next answer; the caller frees it. */
static struct slurm_result *answer(struct slurm_thread *t)
{
	struct slurm_result *r;

	while (!(r = slurm_thread_next(t))) {
		struct pollfd fd = { .fd = slurm_thread_fd(t), .events = POLLIN };

		assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	}
	return r;
}

/* A job is known while the whole queue is still on its way, and it is seen which was asked first. */
static void test_overtaking(void **state)
{
	struct slurm_thread *t = slurm_thread_start(NULL);
	struct slurm_result *job, *queue;

	assert_non_null(t);
	slurm_thread_ask(t, ASK_QUEUE, 0, false);
	sem_wait(&queue_asked);
	slurm_thread_ask(t, ASK_JOB, 7, true);
	job = answer(t);
	assert_int_equal(job->ask, ASK_JOB);
	assert_int_equal(job->job_id, 7);
	assert_true(job->gone);
	assert_null(slurm_thread_next(t));
	assert_false(slurm_thread_idle(t));
	sem_post(&queue_may_answer);
	queue = answer(t);
	assert_int_equal(queue->ask, ASK_QUEUE);
	assert_true(queue->unchanged);
	assert_true(queue->asked_us <= job->asked_us);
	slurm_result_free(job);
	slurm_result_free(queue);
	slurm_thread_stop(t);
}

/* It can be ended with questions in the line. */
static void test_stop(void **state)
{
	struct slurm_thread *t = slurm_thread_start(NULL);

	assert_non_null(t);
	slurm_thread_ask(t, ASK_QUEUE, 0, false);
	sem_wait(&queue_asked);
	for (uint32_t id = 1; id < 100; id++)
		slurm_thread_ask(t, ASK_JOB, id, false);
	slurm_thread_ask(t, ASK_QUEUE, 0, false);
	sem_post(&queue_may_answer);
	sem_post(&queue_may_answer);
	slurm_thread_stop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overtaking),
		cmocka_unit_test(test_stop),
	};

	sem_init(&queue_asked, 0, 0);
	sem_init(&queue_may_answer, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
