/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/yaml.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>

#include "common/buffer.h"

#define MAX_NODES 100000 /* of the tree: aliases make a small file a large one */
#define MAX_DEPTH 64

struct conversion {
	yaml_document_t *document;
	const char *path;
	int nodes;
	struct error *err;
};

static struct json_object *convert(struct conversion *c, int index, int depth);

/* The JSON of a plain scalar, by YAML's core schema; quoted ones are strings. */
static struct json_object *scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	size_t length = node->data.scalar.length;
	char *end;
	long long number;

	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		if (!length || !strcmp(text, "~") || !strcmp(text, "null"))
			return NULL;
		if (!strcmp(text, "true") || !strcmp(text, "false"))
			return json_object_new_boolean(text[0] == 't');
		errno = 0;
		number = strtoll(text, &end, 10);
		if (!*end && !errno && (length == 1 || text[0] != '0'))
			return json_object_new_int64(number);
	}
	return json_object_new_string_len(text, (int)length);
}

static struct json_object *mapping(struct conversion *c, const yaml_node_t *node, int depth)
{
	struct json_object *o = json_object_new_object();

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(c->document, pair->key);
		struct json_object *value;

		if (!key || key->type != YAML_SCALAR_NODE) {
			error_set(c->err, EINVAL, "%s:%zu: a key has to be a word", c->path,
				  node->start_mark.line + 1);
			break;
		}
		value = convert(c, pair->value, depth + 1);
		if (c->err->code) {
			json_object_put(value);
			break;
		}
		json_object_object_add(o, (const char *)key->data.scalar.value, value);
	}
	return o;
}

static struct json_object *sequence(struct conversion *c, const yaml_node_t *node, int depth)
{
	struct json_object *o = json_object_new_array();

	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top && !c->err->code; item++)
		json_object_array_add(o, convert(c, *item, depth + 1));
	return o;
}

static struct json_object *convert(struct conversion *c, int index, int depth)
{
	yaml_node_t *node = yaml_document_get_node(c->document, index);
	struct json_object *o = NULL;

	if (!node || ++c->nodes > MAX_NODES || depth > MAX_DEPTH) {
		error_set(c->err, E2BIG, "%s: too large or too deep", c->path);
		return NULL;
	}
	switch (node->type) {
	case YAML_SCALAR_NODE:
		o = scalar(node);
		break;
	case YAML_SEQUENCE_NODE:
		o = sequence(c, node, depth);
		break;
	case YAML_MAPPING_NODE:
		o = mapping(c, node, depth);
		break;
	default:
		break;
	}
	if (o)
		json_object_set_userdata(o, (void *)(intptr_t)(node->start_mark.line + 1), NULL);
	return o;
}

int yaml_line(struct json_object *o)
{
	return o ? (int)(intptr_t)json_object_get_userdata(o) : 0;
}

struct json_object *yaml_load(const char *path, struct error *err)
{
	_cleanup_(yaml_parser_delete) yaml_parser_t parser;
	_cleanup_(yaml_document_delete) yaml_document_t document = { 0 };
	_cleanup_free_ char *text = NULL;
	struct conversion c = { .document = &document, .path = path, .err = err };
	struct json_object *o;
	size_t len;

	err->code = 0;
	if (!yaml_parser_initialize(&parser)) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (buffer_read_file(path, YAML_MAX, &text, &len, err) < 0)
		return NULL;
	yaml_parser_set_input_string(&parser, (unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &document)) {
		error_set(err, EINVAL, "%s:%zu: %s", path, parser.problem_mark.line + 1,
			  parser.problem ? parser.problem : "not valid YAML");
		return NULL;
	}
	if (!yaml_document_get_root_node(&document)) {
		error_set(err, EINVAL, "%s: the file is empty", path);
		return NULL;
	}
	o = convert(&c, 1, 0);
	if (err->code || !o) {
		json_object_put(o);
		if (!err->code)
			error_set(err, EINVAL, "%s: the file says nothing", path);
		return NULL;
	}
	return o;
}
