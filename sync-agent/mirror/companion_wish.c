/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/companion_wish.h"

#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "sync-agent/mirror/step_files.h"

#define TEXT_BYTES 65536

static void add_step(struct companion_wish *wish, const char *name)
{
	for (size_t i = 0; i < wish->n_steps; i++)
		if (!strcmp(wish->steps[i], name))
			return;
	if (wish->n_steps < COMPANION_STEPS_MAX)
		snprintf(wish->steps[wish->n_steps++], COMPANION_STEP_NAME, "%s", name);
}

static void add_word(struct buffer *b, const char *word)
{
	buffer_printf(b, "%s%s", b->used ? "," : "", word);
}

void companion_wish_read(const char *text, struct companion_wish *ret)
{
	_cleanup_buffer_ struct buffer tasks = BUFFER_INIT(TEXT_BYTES);
	_cleanup_free_ char *copy = text ? strndup(text, TEXT_BYTES) : NULL;
	char *rest = copy, *word;

	*ret = (struct companion_wish){ 0 };
	while (rest && (word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		word[strcspn(word, " ")] = '\0';
		if (step_files_container(word, NULL, NULL))
			add_step(ret, word);
		else
			add_word(&tasks, word);
	}
	if (tasks.data && !tasks.overflowed && tasks.data[0] >= '0' && tasks.data[0] <= '9')
		ret->tasks = TAKE_PTR(tasks.data);
}

char *companion_wish_format(const struct companion_wish *wish, const char *tasks)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(TEXT_BYTES * 2);

	if (tasks)
		add_word(&b, tasks);
	for (size_t i = 0; i < wish->n_steps; i++)
		add_word(&b, wish->steps[i]);
	return b.overflowed ? NULL : TAKE_PTR(b.data);
}

void companion_wish_free(struct companion_wish *wish)
{
	free(wish->tasks);
	wish->tasks = NULL;
}
