/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hooks of a bundle or of a device: programs to run at certain points of a container's life.
 * Source: OCI runtime-spec 1.1, config.md, "POSIX-platform Hooks". */
#ifndef SPANK_HOLDER_HOOKS_H
#define SPANK_HOLDER_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct json_object;

#define HOOKS_MAX 256
#define HOOK_TIMEOUT 30 /* seconds, where a hook names none */

/* In the order in which a container lives. */
enum hook_stage {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_STAGES
};

/* What config.json calls a stage: "prestart", "createRuntime", ... */
const char *hook_stage_name(enum hook_stage stage);

struct hook {
	enum hook_stage stage;
	char *path;  /* absolute */
	char **args; /* with argv[0]; ends in NULL */
	char **env;  /* all that it gets; ends in NULL */
	int timeout; /* seconds */
};

struct hooks {
	struct hook *items;
	size_t count;
};

/* Add one that is described by {path, args, env, timeout}. Returns 0, or -1 with err filled. */
int hooks_add(struct hooks *h, enum hook_stage stage, struct json_object *description,
	      struct error *err);

/* Add one of a stage that is given by name. */
int hooks_add_named(struct hooks *h, const char *stage, struct json_object *description,
		    struct error *err);

/* Add those of a config.json's "hooks" object, which may be NULL. Returns 0, or -1 with err filled.
 */
int hooks_parse(struct hooks *h, struct json_object *object, struct error *err);

/* Is there one for this stage? */
bool hooks_have(const struct hooks *h, enum hook_stage stage);

/* The "hooks" object of a config.json, which the caller puts; NULL if there are none. */
struct json_object *hooks_to_json(const struct hooks *h);

void hooks_free(struct hooks *h);

#endif
