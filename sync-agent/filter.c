/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/filter.h"

#include <string.h>

/* Is one of the names in text, which commas part, in the list? An empty list is all. */
static bool takes(const struct words *list, const char *text)
{
	bool found = list->n == 0;

	while (!found) {
		size_t n = strcspn(text, ",");

		for (size_t i = 0; i < list->n && !found; i++)
			found = strlen(list->list[i]) == n && !memcmp(list->list[i], text, n);
		if (!text[n])
			break;
		text += n + 1;
	}
	return found;
}

bool filter_takes(const struct config *c, const struct job *job)
{
	/* No other name has a comma in it. */
	return takes(&c->filter_partitions, job->partition) &&
	       takes(&c->filter_accounts, job->account) && takes(&c->filter_users, job->user);
}
