/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/oci.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spank/holder/bundle_edit.h"
#include "spank/holder/enter.h"
#include "spank/holder/namespace.h"
#include "spank/holder/oci_config.h"

/* It is installed next to this program. */
static int find_enter(struct oci *o, struct error *err)
{
	ssize_t n = readlink("/proc/self/exe", o->enter, sizeof(o->enter) - 32);
	char *slash;

	o->enter[n < 0 ? 0 : n] = '\0';
	slash = strrchr(o->enter, '/');
	if (!slash)
		return error_errno(err, "/proc/self/exe");
	strcpy(slash + 1, "slurm-kube-enter");
	if (access(o->enter, X_OK) < 0)
		return error_errno(err, "%s (is slurm-kube whole on this node?)", o->enter);
	return 0;
}

static int mount_enter(struct oci *o, struct bundle *b, struct error *err)
{
	struct mount_options options = {.bind = true};

	if (find_enter(o, err) < 0 || mount_options_add(&options, "ro", false, err) < 0 ||
	    bundle_add_mount(b, o->enter, ENTER_INSIDE, &options, err) < 0)
		return -1;
	b->mounts[b->mount_count - 1].from = "slurm-kube's own";
	return 0;
}

/* What of the image itself is run: its entry point before the program, or all that it has. */
static int find_words(struct oci *o, const struct request *r, const struct bundle *b,
		      struct error *err)
{
	const char *wish = r->options.value[CONTAINER_ENTRYPOINT];

	o->command = wish && !strcmp(wish, CONTAINER_COMMAND);
	if (o->command && !(b->entrypoint && b->entrypoint[0]) && !(b->command && b->command[0]))
		return error_set(err, ENOENT,
				 "the image has neither an entry point nor a command: say what to "
				 "run");
	o->entrypoint = o->command ||
			(b->entrypoint && b->entrypoint[0] &&
			 container_options_on(&r->options, CONTAINER_ENTRYPOINT, false));
	return 0;
}

int oci_join(struct oci *o, const struct request *r, const struct bundle *b, struct error *err)
{
	o->bundle = b;
	o->request = r;
	if (find_words(o, r, b, err) < 0)
		return -1;
	if (o->entrypoint && access(ENTER_INSIDE, X_OK) < 0)
		return error_set(
			err, EBUSY,
			"it runs already, without --container-entrypoint, so that can't be "
			"had now");
	return 0;
}

int oci_open(struct oci *o, const struct request *r, struct bundle *b, struct error *err)
{
	o->bundle = b;
	o->request = r;
	o->as_root = container_options_on(&r->options, CONTAINER_REMAP_ROOT, false);
	if (find_words(o, r, b, err) < 0 ||
	    runtime_parse(r->runtime, r->runtime_join, &o->runtime, err) < 0)
		return -1;
	if (runtime_is_other(&o->runtime) && r->options.value[CONTAINER_NAME])
		return error_set(err, ENOTSUP,
				 "--container-name needs the builtin runtime, and this node has "
				 "runtime=%s",
				 o->runtime.words[0]);
	snprintf(o->runtime.id, sizeof(o->runtime.id), "slurm-%.50s", r->step);
	if (o->entrypoint || runtime_is_other(&o->runtime))
		return mount_enter(o, b, err);
	return 0;
}

bool oci_needs_root(const struct oci *o)
{
	return o->as_root || runtime_is_other(&o->runtime);
}

static bool needs_folder(const struct oci *o)
{
	return runtime_is_other(&o->runtime) || o->bundle->hooks.count;
}

static int run_poststop(void *argument, struct error *err)
{
	struct oci *o = argument;

	o->state.pid = 0;
	return hooks_run_all(&o->bundle->hooks, HOOK_POSTSTOP, &o->state, err);
}

static int run_poststart(void *argument, struct error *err)
{
	struct oci *o = argument;

	for (size_t i = 0; i < o->request->count; i++)
		if (o->request->tasks[i] > 0) {
			o->state.pid = o->request->tasks[i];
			break;
		}
	return hooks_run_all(&o->bundle->hooks, HOOK_POSTSTART, &o->state, err);
}

int oci_keep(struct oci *o, struct step_folder *f, struct keeper *k, struct error *err)
{
	if (!needs_folder(o))
		return 0;
	if (step_folder_make(f, o->request, k, err) < 0 ||
	    step_folder_add(f, "bundle", o->folder, err) < 0 ||
	    step_folder_add(f, "bundle/rootfs", o->rootfs, err) < 0)
		return -1;
	o->state = (struct hook_state){.id = o->runtime.id,
				       .bundle = o->folder,
				       .image = o->request->image,
				       .pid = getpid()};
	if (!runtime_is_other(&o->runtime)) {
		keeper_add(k, "poststop hooks", run_poststop, o, true);
		keeper_at_go(k, "poststart hooks", run_poststart, o);
		return 0;
	}
	if (step_folder_add(f, "runtime", o->runtime.state, err) < 0)
		return -1;
	strcpy(o->runtime.folder, o->folder);
	keeper_add(k, "ending the container", runtime_delete, &o->runtime, true);
	return 0;
}

static int make_by_runtime(struct oci *o, struct error *err)
{
	if (runtime_create(&o->runtime, o->bundle, err) < 0)
		return -1;
	if (o->runtime.exec)
		return 0;
	if (runtime_enter(&o->runtime, err) < 0)
		return -1;
	return o->as_root ? 0 : namespace_nest_user(o->request->uid, o->request->gid, err);
}

static int make_with_hooks(struct oci *o, struct root *root, struct error *err)
{
	static const enum hook_stage before[] = {HOOK_PRESTART, HOOK_CREATE_RUNTIME,
						 HOOK_CREATE_CONTAINER};
	static const char *const nothing[] = {"true", NULL};
	struct oci_config config = {
		.bundle = o->bundle, .root = o->rootfs, .args = nothing, .with_hooks = true};

	if (oci_config_write(&config, o->folder, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (hooks_run(&o->bundle->hooks, before[i], &o->state, err) < 0)
			return -1;
	if (root_enter(root, err) < 0)
		return -1;
	return hooks_run(&o->bundle->hooks, HOOK_START_CONTAINER, &o->state, err);
}

int oci_make(struct oci *o, struct root *root, const struct keeper *k, struct error *err)
{
	if (!o->folder[0])
		return root_enter(root, err);
	if (root_move(root, o->rootfs, err) < 0)
		return -1;
	/* Who kills the keeper ends the container. In a sandbox there is no looking at it. */
	o->runtime.keeper = o->runtime.exec ? 0 : k->pid;
	return runtime_is_other(&o->runtime) ? make_by_runtime(o, err)
					     : make_with_hooks(o, root, err);
}

/* "NAME=value", or of a numbered name. */
static int add(struct oci_report *r, size_t *n, const char *name, int number, const char *value,
	       struct error *err)
{
	char digits[16] = "";

	if (*n == ENTER_WORDS_MAX)
		return error_set(err, E2BIG, "its entry point has more than %d words",
				 ENTER_WORDS_MAX - 16);
	if (number >= 0)
		snprintf(digits, sizeof(digits), "%d", number);
	if (asprintf(&r->env[*n], "%s%s=%s", name, digits, value) < 0) {
		r->env[*n] = NULL;
		return error_set(err, ENOMEM, "out of memory");
	}
	(*n)++;
	return 0;
}

static int add_runtime(const struct oci *o, struct oci_report *r, size_t *n, struct error *err)
{
	const char *const last[] = {"--root", o->runtime.state, "exec"};
	char user[64];
	int i = 0;

	/* In a sandbox it is the user; where root is all that there is, root. */
	snprintf(user, sizeof(user), "%u:%u", o->as_root ? 0 : o->request->uid,
		 o->as_root ? 0 : o->request->gid);
	for (; o->runtime.words[i]; i++)
		if (add(r, n, ENTER_RUNTIME, i, o->runtime.words[i], err) < 0)
			return -1;
	for (size_t w = 0; w < ARRAY_SIZE(last); w++)
		if (add(r, n, ENTER_RUNTIME, i++, last[w], err) < 0)
			return -1;
	if (o->bundle->cwd[0] && add(r, n, ENTER_CWD, -1, o->bundle->cwd, err) < 0)
		return -1;
	if (add(r, n, ENTER_ID, -1, o->runtime.id, err) < 0 ||
	    add(r, n, ENTER_ROOT, -1, o->rootfs, err) < 0)
		return -1;
	return add(r, n, ENTER_USER, -1, user, err);
}

static int add_image_words(const struct oci *o, struct oci_report *r, size_t *n, struct error *err)
{
	char *const *const lists[] = {o->bundle->entrypoint, o->command ? o->bundle->command : NULL};
	int i = 0;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (char *const *word = lists[k]; word && *word; word++)
			if (add(r, n, ENTER_ENTRYPOINT, i++, *word, err) < 0)
				return -1;
	return o->command ? add(r, n, ENTER_ALONE, -1, "yes", err) : 0;
}

int oci_report(const struct oci *o, struct oci_report *ret, struct error *err)
{
	struct oci_report r = {.enter = "", .env = calloc(ENTER_WORDS_MAX + 1, sizeof(char *))};
	bool exec = runtime_is_other(&o->runtime) && o->runtime.exec;
	size_t n = 0;
	int rc = 0;

	if (!r.env)
		return error_set(err, ENOMEM, "out of memory");
	if (exec) {
		r.enter = o->enter;
		r.no_cwd = true;
		rc = add_runtime(o, &r, &n, err);
	} else if (o->entrypoint) {
		r.enter = ENTER_INSIDE;
	}
	if (rc == 0 && o->entrypoint)
		rc = add_image_words(o, &r, &n, err);
	*ret = r;
	return rc;
}

void oci_report_free(struct oci_report *r)
{
	for (char **e = r->env; e && *e; e++)
		free(*e);
	free(r->env);
	*r = (struct oci_report){0};
}

void oci_free(struct oci *o)
{
	runtime_free(&o->runtime);
}
