/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All values of a configuration: replaced by another's, printed, freed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sync-agent/config_keys.h"

void words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
	*w = (struct words){ 0 };
}

/* -- a new one in place of an old one -------------------------------------------------------- */

static void swap_bytes(void *x, void *y, size_t n)
{
	char *a = x, *b = y;

	for (size_t i = 0; i < n; i++) {
		char c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

static size_t value_size(enum value_type type)
{
	switch (type) {
	case VALUE_BOOL:
		return sizeof(bool);
	case VALUE_UID:
		return sizeof(uint32_t);
	case VALUE_COUNT:
	case VALUE_TIME:
	case VALUE_SIZE:
		return sizeof(int64_t);
	case VALUE_LEVEL:
		return sizeof(enum log_level);
	case VALUE_WORDS:
	case VALUE_ACTIONS:
	case VALUE_VOLUMES:
	case VALUE_HOSTS:
		return sizeof(struct words);
	default:
		return sizeof(char *);
	}
}

static bool same_words(const struct words *a, const struct words *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->list[i], b->list[i]))
			return false;
	return a->n == b->n;
}

static bool same_value(const struct key *key, const struct config *a, const struct config *b)
{
	const void *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;

	if (key->type <= VALUE_TEMPLATE) {
		const char *s = *(char *const *)x, *t = *(char *const *)y;

		return s && t ? !strcmp(s, t) : s == t;
	}
	if (key_has_words(key))
		return same_words(x, y);
	return !memcmp(x, y, value_size(key->type));
}

void config_replace(struct config *c, struct config *new,
		    void (*kept)(void *ctx, const char *name), void *ctx)
{
	for (size_t i = 0; i < n_config_keys; i++) {
		if (!config_keys[i].fixed)
			continue;
		if (!same_value(&config_keys[i], c, new))
			kept(ctx, config_keys[i].name);
		swap_bytes((char *)c + config_keys[i].offset, (char *)new + config_keys[i].offset,
			   value_size(config_keys[i].type));
	}
	swap_bytes(c, new, sizeof(*c));
	config_free(new);
}

/* -- for people ------------------------------------------------------------------------------ */

static void print_value(const struct key *key, const void *value, FILE *to)
{
	const struct words *w = value;

	switch (key->type) {
	case VALUE_BOOL:
		fputs(*(const bool *)value ? "true" : "false", to);
		break;
	case VALUE_UID:
		fprintf(to, "%" PRIu32, *(const uint32_t *)value);
		break;
	case VALUE_COUNT:
	case VALUE_TIME:
	case VALUE_SIZE:
		fprintf(to, "%" PRId64, *(const int64_t *)value);
		break;
	case VALUE_LEVEL:
		fputs(log_level_name(*(const enum log_level *)value), to);
		break;
	case VALUE_WORDS:
	case VALUE_ACTIONS:
	case VALUE_VOLUMES:
	case VALUE_HOSTS:
		for (size_t i = 0; i < w->n; i++)
			fprintf(to, "%s%s", i ? ", " : "[", w->list[i]);
		fputs(w->n ? "]" : "[]", to);
		break;
	default:
		fputs(*(char *const *)value ? *(char *const *)value : "~", to);
	}
}

void config_print(const struct config *c, FILE *to)
{
	for (size_t i = 0; i < n_config_keys; i++) {
		const char *dot = strchr(config_keys[i].name, '.');

		fprintf(to, "%s%s:", dot ? "  " : "", dot ? dot + 1 : config_keys[i].name);
		if (config_keys[i].type != SECTION) {
			fputc(' ', to);
			print_value(&config_keys[i], (const char *)c + config_keys[i].offset, to);
		}
		fputc('\n', to);
	}
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < n_config_keys; i++) {
		void *value = (char *)c + config_keys[i].offset;

		if (config_keys[i].type <= VALUE_TEMPLATE)
			free(*(char **)value);
		else if (key_has_words(&config_keys[i]))
			words_free(value);
	}
	*c = (struct config){ 0 };
}
