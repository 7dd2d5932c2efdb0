/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/doorbell.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const kind_names[] = {
	[DOORBELL_LOOK] = "look",
	[DOORBELL_SUBMIT] = "submit",
	[DOORBELL_MODIFY] = "modify",
	[DOORBELL_JOB_START] = "job-start",
	[DOORBELL_JOB_END] = "job-end",
	[DOORBELL_STEP_START] = "step-start",
	[DOORBELL_STEP_END] = "step-end",
};

const char *doorbell_kind_name(enum doorbell_kind kind)
{
	if ((size_t)kind >= sizeof(kind_names) / sizeof(kind_names[0]))
		return kind_names[DOORBELL_LOOK];
	return kind_names[kind];
}

struct doorbell doorbell_new(enum doorbell_kind kind)
{
	struct doorbell bell = { .kind = kind, .step_id = DOORBELL_NO_STEP, .exit_code = -1 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	bell.time_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	return bell;
}

/* Text being written into a fixed buffer; once something did not fit, full stays set. */
struct text {
	char *data;
	size_t size;
	size_t used;
	int full;
};

static void put_raw(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->full || t->used + n >= t->size) {
		t->full = 1;
		return;
	}
	memcpy(t->data + t->used, s, n + 1);
	t->used += n;
}

/* A JSON string; control characters and bytes over 0x7e become '?', so it is always valid UTF-8. */
static void put_string(struct text *t, const char *key, const char *value)
{
	if (!value[0])
		return;
	put_raw(t, ",\"");
	put_raw(t, key);
	put_raw(t, "\":\"");
	for (; *value; value++) {
		char c[3] = { *value, '\0', '\0' };

		if (*value == '"' || *value == '\\') {
			c[0] = '\\';
			c[1] = *value;
		} else if ((unsigned char)*value < 0x20 || (unsigned char)*value > 0x7e) {
			c[0] = '?';
		}
		put_raw(t, c);
	}
	put_raw(t, "\"");
}

static void put_number(struct text *t, const char *key, long long value)
{
	char s[96];

	snprintf(s, sizeof(s), ",\"%s\":%lld", key, value);
	put_raw(t, s);
}

static int format(const struct doorbell *bell, const char *image, char *buf, size_t size)
{
	struct text t = { .data = buf, .size = size };
	char head[32];

	snprintf(head, sizeof(head), "{\"v\":%d", DOORBELL_VERSION);
	put_raw(&t, head);
	put_string(&t, "kind", doorbell_kind_name(bell->kind));
	put_string(&t, "cluster", bell->cluster);
	if (bell->job_id)
		put_number(&t, "job", bell->job_id);
	if (bell->step_id != DOORBELL_NO_STEP)
		put_number(&t, "step", bell->step_id);
	put_string(&t, "user", bell->user);
	put_string(&t, "node", bell->node);
	put_number(&t, "time", bell->time_us);
	put_string(&t, "image", image);
	put_string(&t, "digest", bell->digest);
	if (bell->startup_us)
		put_number(&t, "startup", bell->startup_us);
	if (bell->exit_code >= 0)
		put_number(&t, "exit", bell->exit_code);
	put_raw(&t, "}");
	return t.full ? -1 : (int)t.used;
}

int doorbell_format(const struct doorbell *bell, char *buf, size_t size)
{
	int n = format(bell, bell->image, buf, size);

	return n >= 0 ? n : format(bell, "", buf, size);
}
