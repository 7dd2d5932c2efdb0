/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/rendezvous.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static int init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int rc;

	if (pthread_mutexattr_init(&attr))
		return -1;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) ||
	     pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) ||
	     pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return rc ? -1 : 0;
}

struct rendezvous *rendezvous_new(size_t count)
{
	size_t size = sizeof(struct rendezvous) + count * sizeof(pid_t);
	struct rendezvous *r = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	if (init_lock(&r->lock) < 0) {
		munmap(r, size);
		return NULL;
	}
	r->count = count;
	return r;
}

void rendezvous_set_task(struct rendezvous *r, size_t i, pid_t pid)
{
	if (i < r->count)
		r->tasks[i] = pid;
}

int rendezvous_lock(struct rendezvous *r, struct error *err)
{
	int rc = pthread_mutex_lock(&r->lock);

	if (rc == EOWNERDEAD) {
		rc = pthread_mutex_consistent(&r->lock);
		if (r->state != RENDEZVOUS_READY) {
			r->state = RENDEZVOUS_FAILED;
			error_set(&r->error, EOWNERDEAD, "the task that was starting it was killed");
		}
	}
	if (rc)
		return error_set(err, rc, "lock: %s", strerror(rc));
	return 0;
}

void rendezvous_unlock(struct rendezvous *r)
{
	pthread_mutex_unlock(&r->lock);
}

const char *rendezvous_next(const struct rendezvous *r, const char *previous)
{
	const char *next = previous ? previous + strlen(previous) + 1 : r->report;

	return next < r->report + r->report_len ? next : NULL;
}

const char *rendezvous_report(const struct rendezvous *r, const char *key)
{
	size_t n = strlen(key);
	const char *text = rendezvous_next(r, NULL);

	while (text && (text = rendezvous_next(r, text)) && text[0])
		if (!strncmp(text, key, n) && text[n] == '=')
			return text + n + 1;
	return "";
}
