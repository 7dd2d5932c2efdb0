/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

#define NSEC 1000000000LL

uint64_t process_born(pid_t pid)
{
	char path[32], text[1024];
	_cleanup_fclose_ FILE *f = NULL;
	const char *p;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	/* The name, the second field, may hold blanks and brackets. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

static long long nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

struct timespec process_own_birth(void)
{
	long long born = process_born(getpid()) * (NSEC / sysconf(_SC_CLK_TCK));
	long long age = nanoseconds(CLOCK_BOOTTIME) - born;
	long long then = nanoseconds(CLOCK_REALTIME) - age;

	return (struct timespec){.tv_sec = then / NSEC, .tv_nsec = then % NSEC};
}
