/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/kube_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"

#define CONF_MAX 65536

struct kube_conf kube_conf_default(void)
{
	struct kube_conf conf = {0};

	doorbell_target_parse(DOORBELL_DEFAULT, &conf.doorbell, NULL);
	return conf;
}

void kube_conf_free(struct kube_conf *conf)
{
	container_policy_free(&conf->policy);
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

static int set_one(struct kube_conf *conf, const char *key, const char *value, bool *policy,
		   struct error *err)
{
	*policy = strcasecmp(key, "Doorbell") != 0;
	if (!*policy)
		return doorbell_target_parse(value, &conf->doorbell, err);
	for (const struct container_policy_setting *s = container_policy_settings; s->key; s++)
		if (!strcasecmp(key, s->key))
			return s->set(&conf->policy, value, err) < 0 ? error_wrap(err, "%s", s->key)
								     : 0;
	return error_set(err, EINVAL, "there is no setting '%s'", key);
}

/* One line "Key=Value". policy: whether it is, or may have been meant as, one about containers.
 * Returns 0, also for an empty one, or -1 with err filled. */
static int parse_line(char *line, struct kube_conf *conf, bool *policy, struct error *err)
{
	char *key, *value;

	*policy = true;
	cut_comment(line);
	key = trim(line);
	if (!*key)
		return 0;
	value = strchr(key, '=');
	if (!value)
		return error_set(err, EINVAL, "'%s' is not of the form Key=Value", key);
	*value++ = '\0';
	return set_one(conf, trim(key), trim(value), policy, err);
}

/* From here on no container is allowed: what can't be read may have forbidden it. */
static void break_policy(struct kube_conf *conf, const struct error *why, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void break_policy(struct kube_conf *conf, const struct error *why, const char *format, ...)
{
	char where[sizeof(why->text)];
	va_list ap;

	if (conf->policy.broken.code)
		return;
	va_start(ap, format);
	vsnprintf(where, sizeof(where), format, ap);
	va_end(ap);
	conf->policy.broken = *why;
	error_wrap(&conf->policy.broken, "no container can run: %s", where);
}

struct kube_conf kube_conf_parse(const char *name, const char *text, kube_conf_complain *complain)
{
	struct kube_conf conf = kube_conf_default();
	_cleanup_free_ char *copy = strdup(text);
	char *line, *rest = copy;
	struct error err = {0};
	bool policy;

	if (!copy) {
		error_set(&err, ENOMEM, "out of memory");
		break_policy(&conf, &err, "the site's kube.conf");
		complain(conf.policy.broken.text);
		return conf;
	}
	for (int number = 1; (line = strsep(&rest, "\n")); number++) {
		if (parse_line(line, &conf, &policy, &err) == 0)
			continue;
		if (policy)
			break_policy(&conf, &err, "the site's kube.conf, line %d", number);
		error_wrap(&err, "%s:%d: line ignored%s", name, number,
			   policy ? ", and no container can run" : "");
		complain(err.text);
	}
	return conf;
}

struct kube_conf kube_conf_load(const char *path, bool optional, kube_conf_complain *complain)
{
	struct kube_conf conf = kube_conf_default();
	_cleanup_free_ char *text = NULL;
	struct error err;

	if (buffer_read_file(path, CONF_MAX, &text, NULL, &err) == 0)
		return kube_conf_parse(path, text, complain);
	if (err.code == ENOENT && optional)
		return conf;
	break_policy(&conf, &err, "the site's kube.conf");
	error_wrap(&err, "the defaults hold, and no container can run");
	complain(err.text);
	return conf;
}

int kube_conf_default_path(char *path, size_t size)
{
	const char *file = getenv("SLURM_CONF");
	const char *slash = file ? strrchr(file, '/') : NULL;
	int n = slash ? snprintf(path, size, "%.*s/kube.conf", (int)(slash - file), file)
		      : snprintf(path, size, "/etc/slurm/kube.conf");

	return n < 0 || (size_t)n >= size ? -1 : 0;
}
