/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "spank/pod/pod.h"
#include "sync-agent/kube/base64.h"

#define VALUE_MAX (4 << 20)

extern char **environ;

static bool is_ours(const char *assignment)
{
	size_t n = strlen(POD_PLAN_VARIABLE);

	return !strncmp(assignment, POD_PLAN_VARIABLE, n) &&
	       (assignment[n] == '=' || assignment[n] == '_');
}

/* Copy what is ours, and leave nothing of it where /proc/PID/environ shows it. */
static struct json_object *take_variables(void)
{
	struct json_object *kept = json_object_new_array();
	size_t to = 0;

	for (size_t i = 0; environ[i]; i++) {
		if (!is_ours(environ[i])) {
			environ[to++] = environ[i];
			continue;
		}
		json_object_array_add(kept, json_object_new_string(environ[i]));
		explicit_bzero(environ[i], strlen(environ[i]));
	}
	environ[to] = NULL;
	return kept;
}

static const char *find(struct json_object *kept, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < json_length(kept); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(kept, i));

		if (!strncmp(text, name, n) && text[n] == '=')
			return text + n + 1;
	}
	return NULL;
}

/* The JSON in NAME, NAME_2 ... NULL with err filled, or without if there is no such variable. */
static struct json_object *read_json(struct json_object *kept, const char *name, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(VALUE_MAX);
	const char *piece = find(kept, name);

	if (!piece)
		return NULL;
	for (unsigned i = 2; piece; i++) {
		char next[80];

		buffer_add(&b, piece, strlen(piece));
		snprintf(next, sizeof(next), "%.60s_%u", name, i);
		piece = find(kept, next);
	}
	if (b.overflowed) {
		error_set(err, E2BIG, "%s is too long", name);
		return NULL;
	}
	return json_parse(b.data, b.used, err);
}

/* Each variable that the plan names by a member "from", wherever that is. */
static int read_sources(struct pod *p, struct json_object *o, struct error *err)
{
	struct json_object *found;
	const char *name;

	for (size_t i = 0; i < json_length(o); i++)
		if (read_sources(p, json_object_array_get_idx(o, i), err) < 0)
			return -1;
	if (!json_object_is_type(o, json_type_object))
		return 0;
	name = json_get_string(o, "from");
	if (name && !json_object_object_get_ex(p->sources, name, &found)) {
		*err = (struct error){ 0 };
		found = read_json(p->kept, name, err);
		if (!found && err->code)
			return -1;
		json_object_object_add(p->sources, name, found);
	}
	json_object_object_foreach (o, key, value) {
		(void)key;
		if (read_sources(p, value, err) < 0)
			return -1;
	}
	return 0;
}

static int take_containers(struct pod *p, struct error *err)
{
	struct json_object *list = json_get(p->plan, "containers");

	p->n = json_length(list);
	p->containers = calloc(p->n ? p->n : 1, sizeof(*p->containers));
	if (!p->containers)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->n; i++) {
		struct container *c = &p->containers[i];

		c->plan = json_object_array_get_idx(list, i);
		c->name = json_get_string(c->plan, "name");
		c->init = json_get_bool(c->plan, "init", false);
		if (!c->name || !json_get_string(c->plan, "image"))
			return error_set(err, EINVAL,
					 "the plan has a container without name or image");
	}
	return 0;
}

int plan_take(struct pod *p, struct error *err)
{
	*err = (struct error){ 0 };
	p->kept = take_variables();
	p->sources = json_object_new_object();
	p->plan = read_json(p->kept, POD_PLAN_VARIABLE, err);
	if (!p->plan)
		return err->code
			       ? error_wrap(err, "the plan")
			       : error_set(err, ENOENT,
					   "there is no " POD_PLAN_VARIABLE " in the environment: "
					   "only slurm-kube-agent makes jobs that run this");
	p->uid = json_get_string(p->plan, "uid");
	if (!p->uid)
		return error_set(err, EINVAL, "the plan has no uid");
	return take_containers(p, err) < 0 ? -1 : read_sources(p, p->plan, err);
}

const char *plan_variable(const struct pod *p, const char *name)
{
	return find(p->kept, name);
}

char *plan_value(const struct pod *p, const char *variable, const char *key, size_t *ret_len)
{
	struct json_object *source = NULL, *value = NULL;

	if (!variable || !key || !json_object_object_get_ex(p->sources, variable, &source) ||
	    !json_object_object_get_ex(source, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return base64_decode(json_object_get_string(value), ret_len);
}

void plan_free(struct pod *p)
{
	json_object_put(p->plan);
	json_object_put(p->sources);
	json_object_put(p->kept);
	free(p->containers);
}
