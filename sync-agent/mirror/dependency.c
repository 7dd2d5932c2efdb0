/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/dependency.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/buffer.h"

#define DEPENDENCY_MAX 131072
#define NAME_MAX_BYTES 253 /* of an object's name */

/* "17", "17_3", "17_*", "17+60": a job's id, an array task, a delay in minutes. */
static bool is_id(const char *job, size_t n)
{
	return n && isdigit((unsigned char)job[0]) &&
	       strspn(job, "0123456789_*+[]-%") >= n;
}

static int add_job(struct buffer *b, const char *job, size_t n, dependency_find *find, void *ctx,
		   struct error *err)
{
	const char *plus = memchr(job, '+', n); /* "NAME+MINUTES" */
	size_t len = plus ? (size_t)(plus - job) : n;
	char name[NAME_MAX_BYTES + 1];
	uint32_t id;

	if (!n || is_id(job, n) || len > NAME_MAX_BYTES)
		return buffer_add(b, job, n);
	snprintf(name, sizeof(name), "%.*s", (int)len, job);
	id = find(ctx, name);
	if (!id)
		return error_set(err, ENOENT,
				 "spec.dependency: there is no SlurmJob '%s' in this namespace that "
				 "has a job",
				 name);
	buffer_printf(b, "%u", id);
	return buffer_add(b, job + len, n - len);
}

char *dependency_resolve(const char *text, dependency_find *find, void *ctx, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(DEPENDENCY_MAX);
	bool first = true; /* of a list: the type comes first */

	while (*text) {
		size_t n = strcspn(text, ":,?");

		if (first)
			buffer_add(&b, text, n); /* "afterok", or "singleton" */
		else if (add_job(&b, text, n, find, ctx, err) < 0)
			return NULL;
		text += n;
		first = *text != ':';
		if (*text)
			buffer_add(&b, text++, 1);
	}
	if (b.overflowed) {
		error_set(err, E2BIG, "spec.dependency: it is too long");
		return NULL;
	}
	return b.data ? TAKE_PTR(b.data) : strdup("");
}
