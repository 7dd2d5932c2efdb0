/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "common/buffer.h"

#define MAX_NODES 100000 /* of the tree: aliases make a small file a large one */
#define MAX_DEPTH 64
#define MAX_BRACKETS 10000 /* libyaml's time grows with the square of their depth */

struct conversion {
	yaml_document_t *document;
	const char *path;
	int nodes;
	size_t bytes; /* of all texts */
	struct error *err;
};

static struct json_object *convert(struct conversion *c, int index, int depth);

static int64_t line_of(const struct conversion *c, int index)
{
	return (int64_t)yaml_document_get_node(c->document, index)->start_mark.line + 1;
}

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

static void free_lines(struct json_object *o, void *lines)
{
	json_object_put(lines);
}

/* The text of a key that is not yet in o; NULL with the error filled. */
static const char *new_key(struct conversion *c, struct json_object *o, const yaml_node_t *in,
			   int index)
{
	yaml_node_t *key = yaml_document_get_node(c->document, index);
	const char *text;

	if (!key || key->type != YAML_SCALAR_NODE) {
		error_set(c->err, EINVAL, "%s:%zu: a key has to be a word", c->path,
			  in->start_mark.line + 1);
		return NULL;
	}
	text = (const char *)key->data.scalar.value;
	c->bytes += key->data.scalar.length;
	if (strlen(text) != key->data.scalar.length ||
	    json_object_object_get_ex(o, text, NULL)) {
		error_set(c->err, EINVAL, "%s:%zu: %.100s: this key is there twice, or holds a NUL",
			  c->path, key->start_mark.line + 1, text);
		return NULL;
	}
	return text;
}

static struct json_object *mapping(struct conversion *c, const yaml_node_t *node, int depth)
{
	struct json_object *o = json_object_new_object(), *lines = json_object_new_object();

	json_object_set_userdata(o, lines, free_lines);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const char *key = new_key(c, o, node, pair->key);

		if (!key)
			break;
		json_object_object_add(o, key, convert(c, pair->value, depth + 1));
		json_object_object_add(lines, key, json_object_new_int64(line_of(c, pair->key)));
		if (c->err->code)
			break;
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

	if (node && node->type == YAML_SCALAR_NODE)
		c->bytes += node->data.scalar.length;
	if (!node || ++c->nodes > MAX_NODES || c->bytes > YAML_MAX || depth > MAX_DEPTH) {
		error_set(c->err, E2BIG, "%s: too large or too deep", c->path);
		return NULL;
	}
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return scalar(node);
	case YAML_SEQUENCE_NODE:
		return sequence(c, node, depth);
	case YAML_MAPPING_NODE:
		return mapping(c, node, depth);
	default:
		return NULL;
	}
}

int yaml_line(struct json_object *o, const char *key)
{
	struct json_object *line = NULL;

	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(json_object_get_userdata(o), key, &line);
	return json_object_get_int(line);
}

static bool has_too_many_brackets(const char *text)
{
	size_t n = 0;

	while ((text = strpbrk(text, "[{")) && n <= MAX_BRACKETS) {
		text++;
		n++;
	}
	return n > MAX_BRACKETS;
}

struct json_object *yaml_parse(const char *text, size_t len, const char *name, struct error *err)
{
	_cleanup_(yaml_parser_delete) yaml_parser_t parser;
	_cleanup_(yaml_document_delete) yaml_document_t document = { 0 };
	struct error ignored;
	struct conversion c = { .document = &document, .path = name, .err = err ? err : &ignored };
	struct json_object *o;

	err = c.err;
	err->code = 0;
	if (!yaml_parser_initialize(&parser)) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (strlen(text) != len || has_too_many_brackets(text)) {
		error_set(err, E2BIG, "%s: too deep, or no text", name);
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &document)) {
		error_set(err, EINVAL, "%s:%zu: %s", name, parser.problem_mark.line + 1,
			  parser.problem ? parser.problem : "not valid YAML");
		return NULL;
	}
	if (!yaml_document_get_root_node(&document)) {
		error_set(err, EINVAL, "%s: the file is empty", name);
		return NULL;
	}
	o = convert(&c, 1, 0);
	if (err->code || !o) {
		json_object_put(o);
		if (!err->code)
			error_set(err, EINVAL, "%s: the file says nothing", name);
		return NULL;
	}
	return o;
}

struct json_object *yaml_load(const char *path, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (buffer_read_file(path, YAML_MAX, &text, &len, err) < 0)
		return NULL;
	return yaml_parse(text, len, path, err);
}
