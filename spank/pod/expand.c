/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/buffer.h"
#include "spank/pod/pod.h"

/* "(NAME)" after a dollar. Returns what follows, or NULL if that is none. */
static const char *read_name(const char *text, char name[512])
{
	const char *end = text[0] == '(' ? strchr(text, ')') : NULL;

	if (!end || end - text - 1 >= 512)
		return NULL;
	memcpy(name, text + 1, end - text - 1);
	name[end - text - 1] = '\0';
	return end + 1;
}

char *expand_text(const char *text, const char *(*find)(void *ctx, const char *name), void *ctx,
		  size_t max)
{
	struct buffer b = BUFFER_INIT(max);

	buffer_add(&b, "", 0);
	while (*text) {
		size_t plain = strcspn(text, "$");
		char name[512];
		const char *value, *next;

		buffer_add(&b, text, plain);
		text += plain;
		if (!*text)
			break;
		next = read_name(text + 1, name);
		value = next ? find(ctx, name) : NULL;
		if (text[1] == '$') {
			buffer_add(&b, "$", 1);
			text += 2;
		} else if (value) {
			buffer_add(&b, value, strlen(value));
			text = next;
		} else if (next) {
			/* All of it stays, whatever the name is made of. */
			buffer_add(&b, text, next - text);
			text = next;
		} else {
			buffer_add(&b, "$", 1);
			text++;
		}
	}
	if (b.overflowed) {
		buffer_free(&b);
		return NULL;
	}
	return b.data ? b.data : strdup("");
}
