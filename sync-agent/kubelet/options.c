/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/mirror/when.h"

#define BAD_REQUEST 400
#define UNPROCESSABLE 422

/* -- values ----------------------------------------------------------------------------------- */

/* As Go's strconv.ParseBool; kubectl sends "true". */
static int parse_bool(const char *text, bool *ret)
{
	static const char *const words[][6] = { { "0", "f", "F", "false", "False", "FALSE" },
						{ "1", "t", "T", "true", "True", "TRUE" } };

	for (size_t value = 0; value < ARRAY_SIZE(words); value++)
		for (size_t i = 0; i < ARRAY_SIZE(words[0]); i++)
			if (!strcmp(text, words[value][i])) {
				*ret = value;
				return 0;
			}
	return -1;
}

static int parse_number(const char *text, int64_t *ret)
{
	const char *digits = text + (text[0] == '-' || text[0] == '+');
	char *end;

	if (digits[0] < '0' || digits[0] > '9')
		return -1;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno || *end ? -1 : 0;
}

/* -- options ---------------------------------------------------------------------------------- */

enum type { BOOL, NUMBER, SECONDS, TIME, TAIL };

static const struct row {
	const char *name;
	enum type type;
	size_t offset;
	int64_t least;
} rows[] = {
	{ "follow", BOOL, offsetof(struct log_options, follow), 0 },
	{ "previous", BOOL, offsetof(struct log_options, previous), 0 },
	{ "timestamps", BOOL, offsetof(struct log_options, timestamps), 0 },
	{ "tailLines", NUMBER, offsetof(struct log_options, tail), 0 },
	{ "tail", TAIL, offsetof(struct log_options, tail), 0 },
	{ "limitBytes", NUMBER, offsetof(struct log_options, limit), 1 },
	{ "sinceSeconds", SECONDS, 0, 1 },
	{ "sinceTime", TIME, 0, 0 },
};

static int set_number(const struct row *row, const char *value, int64_t *to, struct error *err)
{
	if (parse_number(value, to) < 0)
		return error_set(err, BAD_REQUEST, "%s is no number", row->name);
	if (*to < row->least)
		return error_set(err, UNPROCESSABLE, "%s is from %d", row->name, (int)row->least);
	return 0;
}

static int set_seconds(struct log_options *o, const struct row *row, const char *value,
		       struct error *err)
{
	int64_t seconds;

	if (set_number(row, value, &seconds, err) < 0)
		return -1;
	clock_gettime(CLOCK_REALTIME, &o->since);
	/* Older than everything is as good as everything. */
	o->since.tv_sec = seconds < o->since.tv_sec ? o->since.tv_sec - seconds : 0;
	o->has_seconds = true;
	return 0;
}

static int set_time(struct log_options *o, const char *value, struct error *err)
{
	int64_t us = when_parse_stamp(value);

	if (!us)
		return error_set(err, BAD_REQUEST,
				 "sinceTime is a time such as 2026-11-22T23:24:20Z");
	o->since.tv_sec = us / 1000000;
	o->since.tv_nsec = us % 1000000 * 1000;
	o->has_time = true;
	return 0;
}

int log_options_set(struct log_options *o, const char *name, const char *value, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		void *to = (char *)o + rows[i].offset;

		if (strcmp(rows[i].name, name))
			continue;
		switch (rows[i].type) {
		case BOOL:
			if (parse_bool(value, to) < 0)
				return error_set(err, BAD_REQUEST, "%s is true or false", name);
			return 0;
		case TAIL:
			if (!strcmp(value, "all")) {
				o->tail = -1;
				return 0;
			}
			/* fallthrough */
		case NUMBER:
			return set_number(&rows[i], value, to, err);
		case SECONDS:
			return set_seconds(o, &rows[i], value, err);
		case TIME:
			return set_time(o, value, err);
		}
	}
	return 0;
}

int log_options_check(const struct log_options *o, struct error *err)
{
	if (o->has_seconds && o->has_time)
		return error_set(err, UNPROCESSABLE,
				 "at most one of sinceTime or sinceSeconds may be specified");
	return 0;
}
