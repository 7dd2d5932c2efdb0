/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of translate*.c. */
#ifndef AGENT_PODS_TRANSLATION_H
#define AGENT_PODS_TRANSLATION_H

#include <json-c/json.h>
#include <stdbool.h>

#include "common/error.h"
#include "sync-agent/pods/translate.h"

#define POD_PATH_SIZE 256 /* of a field's path: "spec.containers[0].env[1].name" */
#define POD_CONTAINERS_MAX 64
#define POD_GRACE_DEFAULT 30 /* seconds */
#define POD_LIST_MAX 1024 /* variables, mounts, items ... of one list */

enum pod_resource { POD_CPU, POD_MEMORY, POD_GPU, POD_LEFT_OUT, POD_RESOURCES };

/* A translation under way. What is added up is for a node. */
struct translation {
	struct json_object *pod;
	const struct pod_policy *policy;
	struct json_object *spec; /* the SlurmJob's */
	struct json_object *plan;
	struct json_object
		*references; /* {"secretRef/NAME": {"variable", "optional", "keys": {KEY: true}}} */
	struct json_object
		*volumes; /* names of those that are there: name: true, false if left out */
	struct json_object *slurms;    /* other GRES and licenses: {NAME: number} */
	struct json_object *container; /* of the plan: the one that is being filled */
	struct json_object *source;    /* the container that it is made from */
	int64_t sum[POD_RESOURCES], most[POD_RESOURCES]; /* of containers, of any init container */
	int64_t requests[POD_RESOURCES], limits[POD_RESOURCES]; /* of the container at hand */
	struct error *err;
};

/* A field of some object. */
struct pod_row {
	const char *name;
	/* Take a value that isn't null; path is the field's. NULL: it changes nothing here, and is
	 * left out. */
	int (*take)(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value);
	const char *text; /* what take needs: why it is refused, what it may be, ... */
};

/* Take all fields of an object in the order of the rows, then refuse those that have none. */
int pod_rows_take(struct translation *t, const struct pod_row *rows, size_t n, const char *path,
		  struct json_object *object);
#define TAKE_ROWS(t, rows, path, object) pod_rows_take(t, rows, ARRAY_SIZE(rows), path, object)

/* Each element of a list by itself; path becomes PATH[i]. Bounded by POD_LIST_MAX. */
int pod_each(struct translation *t, const char *path, struct json_object *list,
	     int (*take)(struct translation *t, const char *path, struct json_object *element));

/* For rows. Refuse, with the row's text; refuse true; refuse what is not empty; refuse what is not
 * one of the words of the row's text, "a|b". */
int pod_refuse(struct translation *t, const struct pod_row *row, const char *path,
	       struct json_object *value);
int pod_refuse_true(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value);
int pod_refuse_unless(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value);
/* Copy to the plan's container under the same name, or under that of the row's text. */
int pod_copy(struct translation *t, const struct pod_row *row, const char *path,
	     struct json_object *value);

/* err gets "PATH: text". Returns -1. */
int pod_wrong(struct translation *t, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Is it a string of a sensible size without NUL bytes? Else -1 with err filled. */
int pod_check_text(struct translation *t, const char *path, struct json_object *value, size_t max);

/* The variable that will hold what a Secret (secretRef) or ConfigMap (configMapRef) of that name
 * has under key, or all of it if key is NULL. required: it, or the key, has to be there. Borrowed;
 * NULL with err filled. */
const char *pod_reference(struct translation *t, const char *path, const char *kind,
			  const char *name, const char *key, bool required);

/* "Secret 'x'", for messages */
struct json_object *pod_reference_title(const char *kind, const char *name);

/* translate_pod.c */
int pod_take_spec(struct translation *t, const char *path, struct json_object *spec);
/* translate_container.c */
int pod_take_container(struct translation *t, const char *path, struct json_object *container,
		       bool init);
/* translate_env.c */
int pod_take_env(struct translation *t, const struct pod_row *row, const char *path,
		 struct json_object *value);
int pod_take_env_from(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value);
/* The value of a fieldRef, a new string; or NULL with *runtime the word for what only the node
 * knows; or -1. */
int pod_field_ref(struct translation *t, const char *path, struct json_object *ref, char **ret,
		  const char **runtime);
int pod_resource_ref(struct translation *t, const char *path, struct json_object *ref, char **ret);
/* translate_volume.c */
int pod_take_volumes(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value);
int pod_take_mounts(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value);
/* translate_files.c */
int pod_take_files(struct translation *t, const struct pod_row *row, const char *path,
		   struct json_object *value);
int pod_take_downward(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value);
int pod_take_projected(struct translation *t, const struct pod_row *row, const char *path,
		       struct json_object *value);
/* A relative path that doesn't leave its volume. */
int pod_take_path(struct translation *t, const struct pod_row *row, const char *path,
		  struct json_object *value);
/* translate_resources.c: requests and limits of a container, to t's container and sums. */
int pod_take_resources(struct translation *t, const struct pod_row *row, const char *path,
		       struct json_object *value);
int pod_finish_resources(struct translation *t);
/* translate_annotations.c */
int pod_take_annotations(struct translation *t, struct json_object *annotations);
/* Of a security context, the pod's or a container's. */
int pod_take_user(struct translation *t, const struct pod_row *row, const char *path,
		  struct json_object *value);
int pod_take_profile(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value);

#endif
