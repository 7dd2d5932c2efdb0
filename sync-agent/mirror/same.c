/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/same.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "sync-agent/mirror/amounts.h"
#include "sync-agent/mirror/indexes.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/when.h"

#define TEXT_BYTES_MAX 262144

bool same_minutes(const char *a, const char *b)
{
	uint64_t x, y;

	return minutes_parse(a, &x) == 0 && minutes_parse(b, &y) == 0 && x == y;
}

bool same_memory(const char *a, const char *b)
{
	uint64_t x, y;

	return memory_parse(a, &x) == 0 && memory_parse(b, &y) == 0 && x == y;
}

bool same_node_count(const char *a, const char *b)
{
	uint32_t min_a, max_a, min_b, max_b;

	return node_count_parse(a, &min_a, &max_a) == 0 &&
	       node_count_parse(b, &min_b, &max_b) == 0 && min_a == min_b && max_a == max_b;
}

bool same_when(const char *a, const char *b)
{
	time_t x = when_parse(a);

	return x && x == when_parse(b);
}

bool same_stamp(const char *a, const char *b)
{
	int64_t x = when_parse_stamp(a);

	return x && x == when_parse_stamp(b);
}

/* -- arrays --------------------------------------------------------------------------------- */

unsigned long array_throttle(const char *array)
{
	const char *percent = strchr(array, '%');

	return percent ? strtoul(percent + 1, NULL, 10) : 0;
}

bool same_indexes(const char *a, const char *b)
{
	struct indexes x = { 0 }, y = { 0 };
	bool same = indexes_parse(&x, a, NULL) == 0 && indexes_parse(&y, b, NULL) == 0 &&
		    indexes_count(&x) == indexes_count(&y);

	if (same)
		indexes_remove(&x, &y);
	same = same && indexes_count(&x) == 0;
	indexes_free(&x);
	indexes_free(&y);
	return same;
}

bool same_array(const char *a, const char *b)
{
	return array_throttle(a) == array_throttle(b) && same_indexes(a, b);
}

/* -- lists of dependencies and of resources ------------------------------------------------- */

/* One dependency, with its type before each of its jobs. */
static void add_dependency(struct buffer *b, const char *text, size_t n, char separator)
{
	const char *colon = memchr(text, ':', n), *end = text + n;
	size_t type = colon ? (size_t)(colon - text) : n;

	if (!colon) {
		buffer_add(b, text, n);
		return;
	}
	while (colon && colon < end) {
		const char *next = memchr(colon + 1, ':', (size_t)(end - colon - 1));

		buffer_add(b, text, type);
		buffer_add(b, colon, (size_t)((next ? next : end) - colon));
		if (next)
			buffer_add(b, &separator, 1);
		colon = next;
	}
}

/* One resource without "gres:", with its number. */
static void add_tres(struct buffer *b, const char *text, size_t n, char separator)
{
	size_t last = n;

	if (n > 5 && (!strncmp(text, "gres:", 5) || !strncmp(text, "gres/", 5))) {
		text += 5;
		n -= 5;
	}
	buffer_add(b, text, n);
	for (last = n; last && text[last - 1] != ':' && text[last - 1] != '='; last--)
		;
	if (n && !(last && last < n && isdigit((unsigned char)text[last])))
		buffer_add(b, ":1", 2);
}

typedef void add_element(struct buffer *b, const char *text, size_t n, char separator);

/* The list in one form, whatever the author's: each element as add() has it. */
static void add_list(struct buffer *b, const char *text, add_element *add)
{
	char separator = ',';

	while (*text) {
		size_t n = strcspn(text, ",?");

		separator = text[n] ? text[n] : separator;
		add(b, text, n, separator);
		if (text[n])
			buffer_add(b, text + n, 1);
		text += n + (text[n] ? 1 : 0);
	}
}

static bool same_list(const char *a, const char *b, add_element *add)
{
	_cleanup_buffer_ struct buffer x = BUFFER_INIT(TEXT_BYTES_MAX);
	_cleanup_buffer_ struct buffer y = BUFFER_INIT(TEXT_BYTES_MAX);

	add_list(&x, a, add);
	add_list(&y, b, add);
	return !x.overflowed && !y.overflowed && x.used && x.used == y.used &&
	       !memcmp(x.data, y.data, x.used);
}

bool same_dependency(const char *a, const char *b)
{
	return same_list(a, b, add_dependency);
}

bool same_tres(const char *a, const char *b)
{
	return same_list(a, b, add_tres);
}
