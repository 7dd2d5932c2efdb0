/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#include "common/cleanup.h"

static const struct {
	const char *name;
	int priority; /* sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static enum log_level highest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	highest = level;
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

int log_level_parse(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!strcmp(levels[i].name, name)) {
			*ret = i;
			return 0;
		}
	}
	return -1;
}

/* Is standard error the journal's? Whoever is started from a service inherits the variable, too.
 * Source: systemd.exec(5), $JOURNAL_STREAM. */
static bool to_journal(void)
{
	static int known = -1;
	unsigned long long device, inode;
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;

	if (known < 0)
		known = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
			fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
			st.st_ino == inode;
	return known;
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[2048], stamp[48] = "";
	va_list ap;

	if (level > highest)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (to_journal()) {
		fprintf(stderr, "<%d>%s\n", levels[level].priority, text);
	} else {
		struct timeval now;
		struct tm tm;
		size_t n;

		gettimeofday(&now, NULL);
		localtime_r(&now.tv_sec, &tm);
		n = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(stamp + n, sizeof(stamp) - n, ".%03d", (int)(now.tv_usec / 1000));
		fprintf(stderr, "%s %s: %s\n", stamp, levels[level].name, text);
	}
}
