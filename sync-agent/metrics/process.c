/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source: Prometheus, "Writing client libraries", process metrics; proc(5). */
#include "sync-agent/metrics/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "common/cleanup.h"
#include "sync-agent/metrics/metrics.h"

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void gauge(struct buffer *to, const char *name, const char *help, double value)
{
	metrics_text_family(to, name, "gauge", help);
	metrics_text_sample(to, name, NULL, value);
}

static void memory_and_start(struct buffer *to)
{
	_cleanup_free_ char *text = NULL;
	unsigned long long started, size;
	struct timespec now, up;
	const char *rest;
	long pages;

	if (buffer_read_file("/proc/self/stat", 4096, &text, NULL, NULL) < 0)
		return;
	rest = strrchr(text, ')'); /* a name may hold anything */
	if (!rest || sscanf(rest + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu %llu %ld",
			    &started, &size, &pages) != 3)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	gauge(to, "process_resident_memory_bytes", "Resident memory size in bytes.",
	      (double)pages * (double)sysconf(_SC_PAGESIZE));
	gauge(to, "process_virtual_memory_bytes", "Virtual memory size in bytes.", (double)size);
	gauge(to, "process_start_time_seconds",
	      "Start time of the process since unix epoch in seconds.",
	      (double)(now.tv_sec - up.tv_sec) + (double)started / (double)sysconf(_SC_CLK_TCK));
}

static void descriptors(struct buffer *to)
{
	_cleanup_closedir_ DIR *folder = opendir("/proc/self/fd");
	struct rlimit limit;
	unsigned n = 0;

	if (!folder)
		return;
	while (readdir(folder))
		n++;
	gauge(to, "process_open_fds", "Number of open file descriptors.",
	      n > 3 ? n - 3 : 0); /* ".", ".." and the folder's own */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		gauge(to, "process_max_fds", "Maximum number of open file descriptors.",
		      (double)limit.rlim_cur);
}

void process_text(struct buffer *to)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		metrics_text_family(to, "process_cpu_seconds_total", "counter",
				    "Total user and system CPU time spent in seconds.");
		metrics_text_sample(to, "process_cpu_seconds_total", NULL,
				    seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
	}
	memory_and_start(to);
	descriptors(to);
}
