/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time limits, index lists, counts of resources and names: what is read gives itself when written and read again. */
#include "common/cleanup.h"
#include "fuzz.h"
#include "sync-agent/kube/base64.h"
#include "sync-agent/mirror/indexes.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/text.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = fuzz_text(data, size);

	try_minutes(text);
	try_indexes(text);
	try_texts(text);
	try_gres(text);
	return 0;
}
