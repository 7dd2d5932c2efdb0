/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the configuration file, for those who read, compare and print all of them. */
#ifndef AGENT_CONFIG_KEYS_H
#define AGENT_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "sync-agent/config.h"

enum value_type {
	VALUE_TEXT,
	VALUE_PATH,
	VALUE_SOCKET,	/* a path that fits in a socket's address */
	VALUE_ADDRESS,	/* ADDRESS:PORT */
	VALUE_CHOICE,	/* one of a few words: choices[] */
	VALUE_TEMPLATE, /* a namespace's name, with {user} and the like in it; the last text */
	VALUE_WORDS,	/* a list of words: struct words */
	VALUE_ACTIONS,	/* the same, each the name of an action */
	VALUE_VOLUMES,	/* the same, each as results_check_volume() takes it */
	VALUE_HOSTS,	/* the same, each as results_check_host() takes it */
	VALUE_BOOL,
	VALUE_UID,
	VALUE_COUNT, /* an int64_t, from 0 */
	VALUE_SIZE,  /* an int64_t of bytes, as size_parse() takes it */
	VALUE_TIME,  /* an int64_t of seconds, written "90", "90s", "10m", "2h" or "7d" */
	VALUE_LEVEL,
	SECTION,
};

/* One row per key. */
struct key {
	const char *name;
	enum value_type type;
	size_t offset;
	const char *fallback;
	bool fixed; /* it can't change while the agent runs */
};

extern const struct key config_keys[];
extern const size_t n_config_keys;

static inline bool key_has_words(const struct key *key)
{
	return key->type >= VALUE_WORDS && key->type <= VALUE_HOSTS;
}

void words_free(struct words *w);

#endif
