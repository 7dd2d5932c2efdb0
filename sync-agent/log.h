/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's log: lines on standard error, with journald's priority prefix when it listens. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);

const char *log_level_name(enum log_level level);

/* The level of that name ("error", "warning", "info", "debug"). Returns 0, or -1. */
int log_level_parse(const char *name, enum log_level *ret);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
