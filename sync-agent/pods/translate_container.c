/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One container: the fields of it that are no list of their own. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/pods/translation.h"

#define WORDS_MAX 120000 /* bytes of one word of a command */

static const char no_probes[] = "nobody probes a container of a Slurm job: restartPolicy and "
				"activeDeadlineSeconds are what restarts and ends it";

/* -- words ------------------------------------------------------------------------------------ */

static int take_word(struct translation *t, const char *path, struct json_object *element)
{
	return pod_check_text(t, path, element, WORDS_MAX);
}

static int take_words(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	return pod_each(t, path, value, take_word) < 0 ? -1 : pod_copy(t, row, path, value);
}

static int take_text(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	return pod_check_text(t, path, value, 4096) < 0 ? -1 : pod_copy(t, row, path, value);
}

static int take_name(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	const char *name = json_object_get_string(value);

	if (pod_check_text(t, path, value, 63) < 0)
		return -1;
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] || name[0] == '-')
		return pod_wrong(t, path, "'%.60s' is no DNS label", name);
	return pod_copy(t, row, path, value);
}

/* What Slurm takes for an option or a list is no image's name either. */
static int take_image(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	const char *image = json_object_get_string(value);

	if (pod_check_text(t, path, value, 1024) < 0)
		return -1;
	if (image[0] == '-' || strpbrk(image, " \t\n"))
		return pod_wrong(t, path, "'%.100s' is no image", image);
	return pod_copy(t, row, path, value);
}

static int take_folder(struct translation *t, const struct pod_row *row, const char *path,
		       struct json_object *value)
{
	if (json_object_get_string(value)[0] != '/')
		return pod_wrong(t, path, "it has to be an absolute path");
	return take_text(t, row, path, value);
}

static int take_message_policy(struct translation *t, const struct pod_row *row, const char *path,
			       struct json_object *value)
{
	if (pod_refuse_unless(t, row, path, value) < 0)
		return -1;
	json_set_bool(t->container, "messageFromLog",
		      strcmp(json_object_get_string(value), "File") != 0);
	return 0;
}

/* -- ports: the network is the node's --------------------------------------------------------- */

static int take_port(struct translation *t, const char *path, struct json_object *port)
{
	int64_t own = json_get_int(port, "containerPort", 0);
	int64_t host = json_get_int(port, "hostPort", own);

	if (host && host != own)
		return pod_wrong(t, path,
				 "hostPort %lld isn't containerPort %lld: the network is the "
				 "node's, so they "
				 "are one",
				 (long long)host, (long long)own);
	return 0;
}

static int take_ports(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	return pod_each(t, path, value, take_port);
}

/* -- securityContext -------------------------------------------------------------------------- */

int pod_take_user(struct translation *t, const struct pod_row *row, const char *path,
		  struct json_object *value)
{
	int64_t id = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || id <= 0)
		return pod_wrong(t, path,
				 "'%.20s' can't be had: containers run as the namespace's Unix "
				 "user, so it has "
				 "to be that one's number or not be there",
				 json_object_get_string(value));
	return pod_copy(t, row, path, value);
}

static const struct pod_row profile_rows[] = {
	{ "type", pod_refuse_unless, "RuntimeDefault|Unconfined" },
	{ "localhostProfile", pod_refuse, NULL },
};

int pod_take_profile(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	return TAKE_ROWS(t, profile_rows, path, value);
}

static const struct pod_row capability_rows[] = {
	{ "add", pod_refuse, "containers have no capabilities" },
	{ "drop", NULL, NULL },
};

static int take_capabilities(struct translation *t, const struct pod_row *row, const char *path,
			     struct json_object *value)
{
	return TAKE_ROWS(t, capability_rows, path, value);
}

static const struct pod_row security_rows[] = {
	{ "allowPrivilegeEscalation", NULL, NULL }, /* there is none */
	{ "appArmorProfile", pod_take_profile, NULL },
	{ "capabilities", take_capabilities, NULL },
	{ "privileged", pod_refuse_true, "containers of Slurm jobs have no privileges" },
	{ "procMount", pod_refuse_unless, "Default" },
	{ "readOnlyRootFilesystem", pod_copy, "readOnly" },
	{ "runAsGroup", pod_take_user, NULL },
	{ "runAsNonRoot", NULL, NULL }, /* they never are */
	{ "runAsUser", pod_take_user, NULL },
	{ "seLinuxOptions", pod_refuse, NULL },
	{ "seccompProfile", pod_take_profile, NULL },
	{ "windowsOptions", pod_refuse, NULL },
};

static int take_security(struct translation *t, const struct pod_row *row, const char *path,
			 struct json_object *value)
{
	return TAKE_ROWS(t, security_rows, path, value);
}

/* -- the container ---------------------------------------------------------------------------- */

static const struct pod_row rows[] = {
	{ "name", take_name, NULL },
	{ "image", take_image, NULL },
	{ "command", take_words, NULL },
	{ "args", take_words, NULL },
	{ "workingDir", take_folder, NULL },
	{ "env", pod_take_env, NULL },
	{ "envFrom", pod_take_env_from, NULL },
	{ "resources", pod_take_resources, NULL },
	{ "volumeMounts", pod_take_mounts, NULL },
	{ "securityContext", take_security, NULL },
	{ "terminationMessagePath", take_folder, "messagePath" },
	{ "terminationMessagePolicy", take_message_policy, "File|FallbackToLogsOnError" },
	{ "ports", take_ports, NULL },
	{ "imagePullPolicy", NULL, NULL }, /* images are kept by their digests */
	{ "resizePolicy", NULL, NULL },
	{ "stdinOnce", NULL, NULL },
	{ "stdin", pod_refuse_true, "a container of a Slurm job has no input" },
	{ "tty", pod_refuse_true, "a container of a Slurm job has no terminal" },
	{ "livenessProbe", pod_refuse, no_probes },
	{ "readinessProbe", pod_refuse, no_probes },
	{ "startupProbe", pod_refuse, no_probes },
	{ "lifecycle", pod_refuse,
	  "there are no hooks: use an init container, or a command that traps SIGTERM" },
	{ "restartPolicy", pod_refuse,
	  "side containers can't be had: containers end when the pod's work ends" },
	{ "restartPolicyRules", pod_refuse, NULL },
	{ "volumeDevices", pod_refuse, NULL },
};

int pod_take_container(struct translation *t, const char *path, struct json_object *container,
		       bool init)
{
	struct json_object *o = json_object_new_object();

	json_object_array_add(json_get(t->plan, "containers"), o);
	json_set_bool(o, "init", init);
	t->container = o;
	t->source = container;
	if (TAKE_ROWS(t, rows, path, container) < 0)
		return -1;
	t->container = NULL;
	if (!json_get_string(o, "name") || !json_get_string(o, "image"))
		return pod_wrong(t, path, "it has no name, or no image");
	return 0;
}
