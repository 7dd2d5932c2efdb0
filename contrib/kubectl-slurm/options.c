/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

struct place {
	const struct parser *p;
	char *const *words;
	size_t n, at;
	struct error *err;
};

static const struct option *find_letter(const struct parser *p, char letter)
{
	for (size_t t = 0; p->tables[t]; t++)
		for (const struct option *o = p->tables[t]; o->name; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

/* Returns NULL if there is none; *several is set if it could be short for more than one. */
static const struct option *find_name(const struct parser *p, const char *name, size_t len,
				      bool *several)
{
	const struct option *found = NULL;

	*several = false;
	for (size_t t = 0; p->tables[t]; t++)
		for (const struct option *o = p->tables[t]; o->name; o++) {
			if (strncmp(o->name, name, len) != 0)
				continue;
			if (!o->name[len]) {
				*several = false;
				return o;
			}
			*several |= found != NULL;
			found = o;
		}
	return *several ? NULL : found;
}

static bool may_have_value(const struct option *o)
{
	return o->value && o->value[0] == '[';
}

static int unknown(struct place *s, const char *word)
{
	if (!s->p->unknown)
		return error_set(s->err, EINVAL, "there is no option '%.60s'; --help lists them",
				 word);
	/* Its value, if that is a word of its own: nobody here knows whether it is one. */
	if (s->p->unknown(s->p->ctx, word, s->at, s->err) < 0)
		return -1;
	if (!strchr(word, '=') && s->at + 1 < s->n && s->words[s->at + 1][0] != '-')
		s->at++;
	return 0;
}

static int needs_value(struct place *s, const struct option *o)
{
	return error_set(s->err, EINVAL, "--%s needs a value: --%s=%s", o->name, o->name, o->value);
}

static int parse_long(struct place *s, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	const char *value = equals ? equals + 1 : NULL;
	size_t at = s->at;
	bool several;
	const struct option *o =
		find_name(s->p, name, equals ? (size_t)(equals - name) : strlen(name), &several);

	if (several)
		return error_set(s->err, EINVAL,
				 "'%.60s' is short for several options: write it out", word);
	if (!o)
		return unknown(s, word);
	if (value && !o->value)
		return error_set(s->err, EINVAL, "--%s takes no value", o->name);
	if (!value && o->value && !may_have_value(o)) {
		if (s->at + 1 >= s->n)
			return needs_value(s, o);
		value = s->words[++s->at];
	}
	return s->p->option(s->p->ctx, o, value, at, s->err);
}

/* -xyzVALUE, -xyz VALUE */
static int parse_letters(struct place *s, const char *word)
{
	size_t at = s->at;

	for (const char *p = word + 1; *p; p++) {
		const struct option *o = find_letter(s->p, *p);
		const char *value = NULL;

		if (!o)
			return unknown(s, word);
		if (o->value && p[1])
			value = p + 1 + (p[1] == '=');
		else if (o->value && !may_have_value(o)) {
			if (s->at + 1 >= s->n)
				return error_set(s->err, EINVAL, "-%c needs a value: -%c %s",
						 o->letter, o->letter, o->value);
			value = s->words[++s->at];
		}
		if (s->p->option(s->p->ctx, o, value, at, s->err) < 0)
			return -1;
		if (value)
			return 0;
	}
	return 0;
}

int options_parse(const struct parser *p, char *const *words, size_t n, struct error *err)
{
	struct place s = { .p = p, .words = words, .n = n, .err = err };

	for (; s.at < n; s.at++) {
		const char *word = words[s.at];
		int rc;

		if (!strcmp(word, "--"))
			return (int)s.at + 1;
		if (word[0] != '-' || !word[1]) {
			if (p->stop_at_word)
				return (int)s.at;
			rc = p->word(p->ctx, word, s.at, err);
		} else {
			rc = word[1] == '-' ? parse_long(&s, word) : parse_letters(&s, word);
		}
		if (rc < 0)
			return -1;
	}
	return (int)n;
}

void options_print(const struct option *table, char taken)
{
	for (const struct option *o = table; o->name; o++) {
		const char *value = o->value ? o->value : "";
		char left[64], letter[8] = "    ";

		if (!o->help)
			continue;
		if (o->letter && o->letter != taken)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		if (may_have_value(o))
			snprintf(left, sizeof(left), "%s--%s[=%s", letter, o->name, value + 1);
		else
			snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
				 value[0] ? "=" : "", value);
		printf("  %-30s %s\n", left, o->help);
	}
}
