/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/namespace.h"

#include <inttypes.h>
#include <string.h>

#include "common/buffer.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/text.h"

struct variable {
	const char *name;
	size_t offset;
};

static const struct variable variables[] = {
	{ "{user}", offsetof(struct job, user) },
	{ "{account}", offsetof(struct job, account) },
	{ "{partition}", offsetof(struct job, partition) },
};

/* What is known of a name while it is made. */
struct making {
	struct buffer name;
	unsigned used;  /* a bit for each variable */
	bool plain;     /* all values are as they were, and no '-' is in them */
	bool parted;    /* between each two of them there is a '-' */
	bool dash;      /* since the last value */
	uint32_t hash;  /* of all values, each with its NUL */
};

static const struct variable *variable_at(const char *template)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (!strncmp(template, variables[i].name, strlen(variables[i].name)))
			return &variables[i];
	return NULL;
}

static void add_value(struct making *m, const struct variable *v, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char label[LABEL_MAX + 1];

	text_dns_label(value[0] ? value : "none", label);
	m->parted &= m->dash || !m->used;
	m->plain &= value[0] && !value[strspn(value, plain)] && !strcmp(value, label);
	m->dash = false;
	m->used |= 1u << (v - variables);
	m->hash = hash32_text(m->hash, value);
	buffer_add(&m->name, label, strlen(label));
}

/* Could other values have given the same name? */
static bool is_ambiguous(const struct making *m)
{
	return (m->used & (m->used - 1)) && !(m->plain && m->parted);
}

char *namespace_of(const char *template, const struct job *job)
{
	struct making m = { .name = BUFFER_INIT(1024), .plain = true, .parted = true,
			    .hash = HASH32_SEED };
	char label[LABEL_MAX + 1];

	while (*template) {
		const struct variable *v = variable_at(template);

		if (v) {
			add_value(&m, v, *(const char *const *)((const char *)job + v->offset));
			template += strlen(v->name);
			continue;
		}
		m.dash |= *template == '-';
		buffer_add(&m.name, template++, 1);
	}
	if (is_ambiguous(&m))
		buffer_printf(&m.name, "-%08" PRIx32, m.hash);
	text_dns_label(m.name.data ? m.name.data : "", label);
	buffer_free(&m.name);
	return strdup(label);
}

bool namespace_is_for(struct json_object *object, const char *user)
{
	struct json_object *value = json_member(json_get(object, "metadata.annotations"),
						NAMESPACE_USER);

	return !value || !strcmp(json_object_get_string(value), user);
}
