/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/fence.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

static _Atomic int64_t alone = INT64_MAX;
static _Atomic int64_t *fence = &alone;

int64_t fence_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int fence_init(void)
{
	void *page = mmap(NULL, sizeof(*fence), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	if (page == MAP_FAILED)
		return -1;
	fence = page;
	atomic_init(fence, INT64_MAX);
	return 0;
}

void fence_set(int64_t until)
{
	atomic_store(fence, until);
}

int64_t fence_until(void)
{
	return atomic_load(fence);
}

bool fence_passed(void)
{
	int64_t until = fence_until();

	return until != INT64_MAX && fence_clock() >= until;
}
