/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/tres.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"

#define TEXT_LONGEST 65536
#define NO_AMOUNT (UINT64_MAX - 1) /* Slurm's NO_VAL64; INFINITE64 is one more */

struct item {
	uint32_t id;
	uint64_t amount;
};

/* The item at *p, which moves past it. Returns false at the end, or at what is no item. */
static bool next_item(const char **p, struct item *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	ret->id = (uint32_t)strtoul(*p, &end, 10);
	if (*end != '=' || end[1] < '0' || end[1] > '9')
		return false;
	ret->amount = strtoull(end + 1, &end, 10);
	*p = *end == ',' ? end + 1 : end;
	return true;
}

uint64_t tres_amount(const char *text, uint32_t id)
{
	struct item item;

	while (text && next_item(&text, &item))
		if (item.id == id)
			return item.amount < NO_AMOUNT ? item.amount : 0;
	return 0;
}

static bool is_named(const char *name, const char *what)
{
	return !strcmp(name, what);
}

/* Megabytes, as slurmctld writes them. */
static void print_megabytes(struct buffer *b, const char *name, uint64_t amount)
{
	if (amount && amount % 1024 == 0)
		buffer_printf(b, "%s=%" PRIu64 "G", name, amount / 1024);
	else
		buffer_printf(b, "%s=%" PRIu64 "M", name, amount);
}

static void print_allocated(struct buffer *b, const char *name, uint64_t amount)
{
	if (is_named(name, "mem"))
		print_megabytes(b, name, amount);
	else
		buffer_printf(b, "%s=%" PRIu64, name, amount);
}

static void print_used(struct buffer *b, const char *name, uint64_t amount)
{
	uint64_t seconds = amount / 1000;

	if (is_named(name, "cpu")) /* milliseconds */
		buffer_printf(b, "cpu=%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
			      seconds / 60 % 60, seconds % 60);
	else if (is_named(name, "mem") || is_named(name, "vmem")) /* bytes */
		buffer_printf(b, "%s=%" PRIu64 "K", name, amount / 1024);
	else
		buffer_printf(b, "%s=%" PRIu64, name, amount);
}

static char *format(const char *text, tres_namer *name,
		    void (*print)(struct buffer *, const char *, uint64_t))
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(TEXT_LONGEST);
	struct item item;

	while (text && next_item(&text, &item)) {
		const char *its_name = name(item.id);

		if (!its_name || item.amount >= NO_AMOUNT)
			continue;
		if (b.used)
			buffer_add(&b, ",", 1);
		print(&b, its_name, item.amount);
	}
	return b.overflowed ? NULL : TAKE_PTR(b.data);
}

char *tres_allocated(const char *text, tres_namer *name)
{
	return format(text, name, print_allocated);
}

char *tres_used(const char *text, tres_namer *name)
{
	return format(text, name, print_used);
}

/* The items of both, those of the first with the amounts of the second added. */
static void add_all(struct buffer *b, const char *first, const char *second)
{
	struct item item;

	for (const char *p = first; p && next_item(&p, &item);)
		buffer_printf(b, "%s%" PRIu32 "=%" PRIu64, b->used ? "," : "", item.id,
			      item.amount + tres_amount(second, item.id));
	for (const char *p = second; p && next_item(&p, &item);) {
		char key[16];
		const char *there;

		snprintf(key, sizeof(key), "%" PRIu32 "=", item.id);
		there = first ? strstr(first, key) : NULL;
		while (there && there > first && there[-1] != ',')
			there = strstr(there + 1, key);
		if (!there && item.amount < NO_AMOUNT)
			buffer_printf(b, "%s%s%" PRIu64, b->used ? "," : "", key, item.amount);
	}
}

int tres_sum(char **sum, const char *text)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(TEXT_LONGEST);

	add_all(&b, *sum, text);
	if (b.overflowed)
		return -1;
	if (!b.data)
		return 0;
	free(*sum);
	*sum = TAKE_PTR(b.data);
	return 0;
}
