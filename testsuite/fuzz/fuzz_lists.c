/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time limits, index lists, amounts, points of time, counts of resources and names: what is read gives itself when written and read again. */
#include "common/cleanup.h"
#include "fuzz.h"
#include "sync-agent/kube/base64.h"
#include "sync-agent/mirror/amounts.h"
#include "sync-agent/mirror/indexes.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/same.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/mirror/when.h"
#include "sync-agent/slurm/gres.h"

static void try_minutes(const char *text)
{
	uint64_t minutes, back;
	char written[64];

	if (minutes_parse(text, &minutes) < 0)
		return;
	minutes_format(minutes, written, sizeof(written));
	/* Days may pass what a number may be. */
	if (minutes_parse(written, &back) == 0)
		must(back == minutes);
	else
		must(minutes > UINT32_MAX);
}

static void try_indexes(const char *text)
{
	_cleanup_(indexes_free) struct indexes set = { 0 }, back = { 0 };
	_cleanup_free_ char *written = NULL, *again = NULL;

	if (indexes_parse(&set, text, NULL) < 0) {
		must(indexes_count(&set) == 0);
		return;
	}
	written = indexes_format(&set);
	if (!written)
		return; /* longer than the longest text */
	must(indexes_parse(&back, written, NULL) == 0);
	again = indexes_format(&back);
	must(again && !strcmp(written, again));
	must(indexes_count(&set) == indexes_count(&back));
}

static void try_texts(const char *text)
{
	char label[LABEL_MAX + 1], when[TIME_SIZE];
	_cleanup_free_ char *bytes = NULL;

	json_object_put(text_json(text, 100));
	text_label(text, label);
	must(strlen(label) <= LABEL_MAX);
	text_dns_label(text, label);
	must(strlen(label) >= 1 && strlen(label) <= LABEL_MAX);
	text_time(text_time_parse(text), when);
	object_name_id("tux", text);
	bytes = base64_decode(text, NULL);
	must(!bytes || strlen(bytes) <= strlen(text));
}

static void try_gres(const char *text)
{
	struct tally t = { 0 };

	gres_count(&t, text, false);
	gres_count(&t, text, true);
	must(t.n <= TALLY_MOST);
	for (size_t i = 0; i < t.n; i++) {
		must(t.rows[i].name[0]);
		must(t.rows[i].total == t.rows[i].used);
	}
	tally_free(&t);
}

/* Each comparison of two halves of the text is the same both ways. */
static void try_same(const char *text)
{
	static bool (*const same[])(const char *a, const char *b) = {
		same_minutes, same_memory,     same_node_count, same_when, same_stamp,
		same_array,   same_dependency, same_tres,
	};
	_cleanup_free_ char *a = strdup(text);
	char *b = a + strlen(a) / 2;
	uint64_t megabytes;
	uint32_t min, max;

	if (node_count_parse(text, &min, &max) == 0)
		must(min <= max && max < UINT32_MAX - 1);
	if (memory_parse(text, &megabytes) == 0)
		must(same_memory(text, text));
	must(when_parse(text) >= 0 && when_parse_stamp(text) >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		must(same[i](text, b) == same[i](b, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = fuzz_text(data, size);

	try_minutes(text);
	try_indexes(text);
	try_texts(text);
	try_gres(text);
	try_same(text);
	return 0;
}
