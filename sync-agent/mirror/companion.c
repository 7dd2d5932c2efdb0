/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/companion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/companion_status.h"
#include "sync-agent/mirror/companion_wish.h"
#include "sync-agent/mirror/indexes.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/text.h"

#define IMAGE_NONE "slurm"

/* -- is it wanted? -------------------------------------------------------------------------- */

enum companion_mode companion_mode(const char *word)
{
	return !strcmp(word, "all")	    ? COMPANION_ALL
	       : !strcmp(word, "annotated") ? COMPANION_ANNOTATED
					    : COMPANION_NONE;
}

static const char *annotation(struct json_object *object, const char *key)
{
	return json_member_string(json_get(object, "metadata.annotations"), key);
}

/* Made for a pod: that one is what kubectl logs is asked about. */
static bool has_pod(struct json_object *job)
{
	struct json_object *owners = json_get(job, "metadata.ownerReferences");

	for (size_t i = 0; i < json_length(owners); i++) {
		const char *kind = json_get_string(json_object_array_get_idx(owners, i), "kind");

		if (kind && !strcmp(kind, "Pod"))
			return true;
	}
	return false;
}

bool companion_asked(enum companion_mode mode, int namespace_asks, struct json_object *job)
{
	const char *asked = annotation(job, COMPANION_ASKED);

	if (mode == COMPANION_NONE || has_pod(job) || json_get_int(job, "status.jobId", 0) <= 0)
		return false;
	if (asked)
		return strcmp(asked, "false") != 0;
	if (namespace_asks)
		return namespace_asks > 0;
	return mode == COMPANION_ALL;
}

/* -- containers ----------------------------------------------------------------------------- */

bool companion_container(const char *name, int64_t *task, bool *is_stderr)
{
	char *end;

	*task = -1;
	*is_stderr = !strcmp(name, "stderr");
	if (*is_stderr || !strcmp(name, "stdout"))
		return true;
	if (strncmp(name, "task-", 5) || name[5] < '0' || name[5] > '9' ||
	    (name[5] == '0' && name[6]))
		return false;
	*task = strtoll(name + 5, &end, 10);
	return !*end && *task < UINT32_MAX;
}

/* All indexes of an array, as the four sets of its states. */
static int all_tasks(struct json_object *job, struct indexes *ret)
{
	static const char *const sets[] = { "pendingIndexes", "runningIndexes", "completedIndexes",
					    "failedIndexes" };
	struct json_object *array = json_get(job, "status.array");

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		const char *text = json_get_string(array, sets[i]);

		if (text && indexes_parse(ret, text, NULL) < 0)
			return -1;
	}
	return 0;
}

/* The tasks that are to have a container of their own; the text is the caller's, NULL: none. */
static char *tasks_of(struct json_object *job, const struct companion_wish *wish)
{
	bool by_name = wish->tasks != NULL;
	struct indexes set = { 0 };
	char *text = NULL;
	int rc;

	if (!json_get(job, "status.array"))
		return NULL;
	rc = by_name ? indexes_parse(&set, wish->tasks, NULL) : all_tasks(job, &set);
	if (rc == 0 && indexes_count(&set) <= (by_name ? COMPANION_TASKS_MAX : COMPANION_TASKS_ALL))
		text = indexes_format(&set);
	indexes_free(&set);
	return text;
}

static struct json_object *security(void)
{
	struct json_object *o = json_object_new_object(), *drop = json_object_new_array();
	struct json_object *capabilities = json_object_new_object();

	/* So that namespaces with the Pod Security level "restricted" take it, too. */
	json_set_bool(o, "allowPrivilegeEscalation", false);
	json_object_array_add(drop, json_object_new_string("ALL"));
	json_object_object_add(capabilities, "drop", drop);
	json_object_object_add(o, "capabilities", capabilities);
	return o;
}

static void add_container(struct json_object *list, const char *name, const char *image)
{
	struct json_object *o = json_object_new_object(), *resources = json_object_new_object();
	struct json_object *requests = json_object_new_object();

	json_set_string(o, "name", name);
	json_object_object_add(o, "image", text_json(image, 1024));
	/* Slurm has the job's resources; a LimitRange is not to put in its own. */
	json_set_string(requests, "cpu", "0");
	json_set_string(requests, "memory", "0");
	json_object_object_add(resources, "requests", requests);
	json_object_object_add(o, "resources", resources);
	json_object_object_add(o, "securityContext", security());
	json_object_array_add(list, o);
}

/* Of an array, whose tasks have files of their own, the patterns tell. */
static bool has_stderr(struct json_object *job)
{
	bool array = json_get(job, "status.array") != NULL;
	const char *out = json_get_string(job, array ? "status.current.output" : "status.stdout");
	const char *error = json_get_string(job, array ? "status.current.error" : "status.stderr");

	return error && error[0] && (!out || strcmp(out, error));
}

/* Each task's own, and its stderr where that is another file. */
static void add_tasks(struct json_object *list, const char *tasks, const char *image, bool both)
{
	struct indexes set = { 0 };
	char name[32];

	if (indexes_parse(&set, tasks, NULL) < 0)
		return;
	for (size_t i = 0; i < set.n_words * 64; i++) {
		if (!(set.words[i / 64] >> i % 64 & 1))
			continue;
		snprintf(name, sizeof(name), "task-%zu", i);
		add_container(list, name, image);
		snprintf(name, sizeof(name), "stderr-%zu", i);
		if (both)
			add_container(list, name, image);
	}
	indexes_free(&set);
}

static struct json_object *containers(struct json_object *job, const char *tasks,
				      const struct companion_wish *wish)
{
	struct json_object *list = json_object_new_array();
	const char *image = json_get_string(job, "status.container") ?: IMAGE_NONE;
	bool both = has_stderr(job);

	if (image[0] == ' ' || !image[0])
		image = IMAGE_NONE;
	add_container(list, "stdout", image);
	if (both)
		add_container(list, "stderr", image);
	if (tasks)
		add_tasks(list, tasks, image, both);
	for (size_t i = 0; i < wish->n_steps; i++)
		add_container(list, wish->steps[i], image);
	return list;
}

/* -- the pod -------------------------------------------------------------------------------- */

static void set_label(struct json_object *labels, const char *name, const char *value)
{
	char key[96], label[LABEL_MAX + 1];

	if (!value)
		return;
	snprintf(key, sizeof(key), OBJECT_GROUP "/%s", name);
	text_label(value, label);
	json_set_string(labels, key, label);
}

static struct json_object *labels(struct json_object *job, const char *cluster)
{
	struct json_object *o = json_object_new_object();
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, json_get_int(job, "status.jobId", 0));
	set_label(o, "cluster", cluster);
	set_label(o, "job-id", id);
	set_label(o, "user", json_get_string(job, "status.user"));
	set_label(o, "account", json_get_string(job, "status.account"));
	set_label(o, "partition", json_get_string(job, "status.partition"));
	return o;
}

static struct json_object *owner(struct json_object *job)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();

	json_set_string(o, "apiVersion", OBJECT_API_VERSION);
	json_set_string(o, "kind", "SlurmJob");
	json_set_string(o, "name", json_get_string(job, "metadata.name"));
	json_set_string(o, "uid", json_get_string(job, "metadata.uid"));
	json_set_bool(o, "controller", true);
	json_object_array_add(list, o);
	return list;
}

static struct json_object *metadata(struct json_object *job, const char *cluster, const char *named)
{
	struct json_object *o = json_object_new_object(), *annotations = json_object_new_object();

	json_set_string(o, "name", json_get_string(job, "metadata.name"));
	json_set_string(o, "namespace", json_get_string(job, "metadata.namespace"));
	json_object_object_add(o, "labels", labels(job, cluster));
	/* What kubectl logs shows where no container is named: two spellings, of old and new ones.
	 */
	json_set_string(annotations, "kubectl.kubernetes.io/default-container", "stdout");
	json_set_string(annotations, "kubectl.kubernetes.io/default-logs-container", "stdout");
	json_set_string(annotations, COMPANION_TASKS, named);
	json_object_object_add(o, "annotations", annotations);
	json_object_object_add(o, "ownerReferences", owner(job));
	return o;
}

static struct json_object *pod_security(void)
{
	struct json_object *o = json_object_new_object(), *seccomp = json_object_new_object();

	json_set_bool(o, "runAsNonRoot", true);
	json_set_string(seccomp, "type", "RuntimeDefault");
	json_object_object_add(o, "seccompProfile", seccomp);
	return o;
}

static struct json_object *spec(struct json_object *job, const char *node, const char *tasks,
				const struct companion_wish *wish)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct json_object *everything = json_object_new_object();

	json_set_string(o, "nodeName", node);
	json_set_string(o, "restartPolicy", "Never");
	json_set_bool(o, "automountServiceAccountToken", false);
	json_set_bool(o, "enableServiceLinks", false);
	json_set_string(o, "dnsPolicy", "Default");
	/* Nothing has to be waited for when it goes. */
	json_set_int(o, "terminationGracePeriodSeconds", 0);
	json_set_string(everything, "operator", "Exists");
	json_object_array_add(list, everything);
	json_object_object_add(o, "tolerations", list);
	json_object_object_add(o, "securityContext", pod_security());
	json_object_object_add(o, "containers", containers(job, tasks, wish));
	return o;
}

struct json_object *companion_pod(struct json_object *job, const char *cluster, const char *node)
{
	_cleanup_(companion_wish_free) struct companion_wish wish;
	_cleanup_free_ char *tasks = NULL, *named = NULL;
	struct json_object *o = json_object_new_object();

	companion_wish_read(annotation(job, COMPANION_ASKED), &wish);
	tasks = tasks_of(job, &wish);
	named = companion_wish_format(&wish, tasks);

	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Pod");
	json_object_object_add(o, "metadata", metadata(job, cluster, named));
	json_object_object_add(o, "spec", spec(job, node, tasks, &wish));
	json_object_object_add(o, "status", companion_status(job, json_get(o, "spec.containers")));
	return o;
}

bool companion_is(struct json_object *pod, const char *cluster)
{
	const char *label =
		json_member_string(json_get(pod, "metadata.labels"), OBJECT_GROUP "/cluster");
	char ours[LABEL_MAX + 1];

	text_label(cluster, ours);
	return label && !strcmp(label, ours) && companion_owner(pod);
}

const char *companion_owner(struct json_object *pod)
{
	struct json_object *owners = json_get(pod, "metadata.ownerReferences");

	for (size_t i = 0; i < json_length(owners); i++) {
		struct json_object *o = json_object_array_get_idx(owners, i);
		const char *kind = json_get_string(o, "kind"),
			   *version = json_get_string(o, "apiVersion");

		if (kind && version && !strcmp(kind, "SlurmJob") &&
		    !strncmp(version, OBJECT_GROUP "/", strlen(OBJECT_GROUP "/")))
			return json_get_string(o, "uid");
	}
	return NULL;
}
