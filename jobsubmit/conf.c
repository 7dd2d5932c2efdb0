/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobsubmit/conf.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"

#define CONF_MAX 65536

static int set_doorbell(struct conf *conf, const char *value, struct error *err)
{
	return doorbell_target_parse(value, &conf->doorbell, err);
}

/* The settings there are. */
static const struct {
	const char *key;
	int (*set)(struct conf *conf, const char *value, struct error *err);
} settings[] = {
	{ "Doorbell", set_doorbell },
};

struct conf conf_default(void)
{
	struct conf conf = { 0 };

	doorbell_target_parse(DOORBELL_DEFAULT, &conf.doorbell, NULL);
	return conf;
}

/* Cut blanks from both ends of s, in place. */
static char *trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/* A comment begins the line or follows a blank: a path may hold a '#'. */
static void cut_comment(char *line)
{
	for (char *c = line; *c; c++) {
		if (*c == '#' && (c == line || isspace((unsigned char)c[-1]))) {
			*c = '\0';
			return;
		}
	}
}

/* One line "Key=Value". Returns 0, also for an empty one, or -1 with err filled. */
static int parse_line(char *line, struct conf *conf, struct error *err)
{
	char *key, *value;

	cut_comment(line);
	key = trim(line);
	if (!*key)
		return 0;
	value = strchr(key, '=');
	if (!value)
		return error_set(err, EINVAL, "'%s' is not of the form Key=Value", key);
	*value++ = '\0';
	key = trim(key);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcasecmp(key, settings[i].key))
			return settings[i].set(conf, trim(value), err);
	return error_set(err, EINVAL, "there is no setting '%s'", key);
}

struct conf conf_parse(const char *name, const char *text, conf_complain *complain)
{
	struct conf conf = conf_default();
	_cleanup_free_ char *copy = strdup(text);
	char *line, *rest = copy;

	if (!copy) {
		complain("kube.conf: out of memory, the defaults hold");
		return conf;
	}
	for (int number = 1; (line = strsep(&rest, "\n")); number++) {
		struct error err;

		if (parse_line(line, &conf, &err) < 0) {
			error_wrap(&err, "%s:%d: line ignored", name, number);
			complain(err.text);
		}
	}
	return conf;
}

struct conf conf_load(const char *folder, conf_complain *complain)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct error err;

	if (asprintf(&path, "%s/kube.conf", folder) < 0) {
		path = NULL;
		complain("kube.conf: out of memory, the defaults hold");
		return conf_default();
	}
	if (buffer_read_file(path, CONF_MAX, &text, NULL, &err) < 0) {
		if (err.code != ENOENT) {
			error_wrap(&err, "the defaults hold");
			complain(err.text);
		}
		return conf_default();
	}
	return conf_parse(path, text, complain);
}
