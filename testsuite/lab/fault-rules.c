/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault-rules.h"

#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RULES_MAX 64

const char *const action_names[] = {
	[STATUS] = "status",	   [DELAY] = "delay",	      [DROP] = "drop",
	[CUT] = "cut",		   [CUT_AFTER] = "cut-after", [GARBAGE] = "garbage",
	[HOLD_BEFORE] = "hold-before", [HOLD_LATE] = "hold-late", [HOLD_AFTER] = "hold-after",
};

struct rule {
	char line[512];
	char method[16];
	regex_t path;
	enum action action;
	long arguments[2];
	int percent, skip, most;
	int seen, done;
	bool kept;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule *rules[RULES_MAX];
static size_t n_rules;
static struct timespec rules_time;
static ino_t rules_inode;

static struct rule *rule_find(const char *line)
{
	for (size_t i = 0; i < n_rules; i++)
		if (!strcmp(rules[i]->line, line))
			return rules[i];
	return NULL;
}

static void rule_word(struct rule *r, const char *word, int *n_arguments)
{
	if (sscanf(word, "percent=%d", &r->percent) == 1 || sscanf(word, "skip=%d", &r->skip) == 1 ||
	    sscanf(word, "most=%d", &r->most) == 1)
		return;
	if (*n_arguments < 2)
		r->arguments[(*n_arguments)++] = atol(word);
}

static struct rule *rule_parse(const char *line)
{
	struct rule *r = calloc(1, sizeof(*r));
	char copy[512], *rest = copy, *method, *path, *action, *word;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	snprintf(r->line, sizeof(r->line), "%s", line);
	r->percent = 100;
	r->most = -1;
	method = strsep(&rest, " ");
	path = strsep(&rest, " ");
	action = strsep(&rest, " ");
	for (size_t i = 1; action && i < sizeof(action_names) / sizeof(action_names[0]); i++)
		if (!strcmp(action_names[i], action))
			r->action = i;
	if (!r->action || regcomp(&r->path, path, REG_EXTENDED | REG_NOSUB)) {
		fprintf(stderr, "fault-proxy: not a rule: %s\n", line);
		free(r);
		return NULL;
	}
	snprintf(r->method, sizeof(r->method), "%s", method);
	while ((word = strsep(&rest, " ")))
		rule_word(r, word, &n);
	return r;
}

static void rules_read(FILE *f)
{
	struct rule *kept[RULES_MAX];
	size_t n = 0;
	char line[512];

	for (size_t i = 0; i < n_rules; i++)
		rules[i]->kept = false;
	while (f && n < RULES_MAX && fgets(line, sizeof(line), f)) {
		struct rule *r;

		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		r = rule_find(line); /* it goes on counting */
		if (!r)
			r = rule_parse(line);
		if (!r)
			continue;
		r->kept = true;
		kept[n++] = r;
	}
	for (size_t i = 0; i < n_rules; i++) {
		if (rules[i]->kept)
			continue;
		regfree(&rules[i]->path);
		free(rules[i]);
	}
	memcpy(rules, kept, n * sizeof(kept[0]));
	n_rules = n;
}

/* With the lock held. */
static void rules_refresh(const char *control)
{
	struct stat st = { 0 };
	FILE *f;

	if (stat(control, &st) == 0 && st.st_ino == rules_inode &&
	    st.st_mtim.tv_sec == rules_time.tv_sec && st.st_mtim.tv_nsec == rules_time.tv_nsec)
		return;
	rules_inode = st.st_ino;
	rules_time = st.st_mtim;
	f = fopen(control, "re");
	rules_read(f);
	if (f)
		fclose(f);
}

static bool rule_takes(struct rule *r, const char *method, const char *uri)
{
	if (strcmp(r->method, "*") ? strcmp(r->method, method) : !strcmp(method, "WATCH"))
		return false;
	if (regexec(&r->path, uri, 0, NULL, 0))
		return false;
	if (r->seen++ < r->skip || (r->most >= 0 && r->done >= r->most))
		return false;
	if (rand() % 100 >= r->percent)
		return false;
	r->done++;
	return true;
}

void rules_choose(const char *control, const char *method, const char *uri, struct fault *ret)
{
	*ret = (struct fault){ 0 };
	pthread_mutex_lock(&lock);
	rules_refresh(control);
	for (size_t i = 0; i < n_rules && !ret->action; i++) {
		if (!rule_takes(rules[i], method, uri))
			continue;
		ret->action = rules[i]->action;
		memcpy(ret->arguments, rules[i]->arguments, sizeof(ret->arguments));
		memcpy(ret->line, rules[i]->line, sizeof(ret->line));
	}
	pthread_mutex_unlock(&lock);
}

bool rules_have(const char *control, const char *line)
{
	bool there;

	pthread_mutex_lock(&lock);
	rules_refresh(control);
	there = rule_find(line) != NULL;
	pthread_mutex_unlock(&lock);
	return there;
}
