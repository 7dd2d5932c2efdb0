/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/container.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "spank/holder/devices.h"
#include "spank/holder/namespace.h"
#include "spank/holder/options.h"
#include "spank/holder/slurm_commands.h"
#include "spank/image/image.h"

/* Where on disk it goes what tasks write, if it isn't memory. */
static int choose_upper(struct container *c, bool save, struct error *err)
{
	if (c->named.folder[0]) {
		c->root.upper = c->named.upper;
		c->root.work = c->named.work;
	}
	if (!save)
		return 0;
	if (step_folder_make(&c->folder, &c->request, &c->keeper, err) < 0 ||
	    save_keep(&c->save, &c->root, &c->folder, &c->keeper, err) < 0)
		return -1;
	if (c->named.folder[0])
		return 0;
	if (step_folder_add(&c->folder, "upper", c->upper, err) < 0 ||
	    step_folder_add(&c->folder, "work", c->work, err) < 0)
		return -1;
	c->root.upper = c->upper;
	c->root.work = c->work;
	return 0;
}

/* Overlayfs won't: who didn't ask to write gets the image as it is, who did a copy of it. */
static int do_without_overlay(struct container *c, bool save, struct error *err)
{
	if (c->named.folder[0])
		return error_set(err, c->root.no_overlay.code,
				 "--container-name needs an overlay over the image, which is not "
				 "possible (%s)",
				 c->root.no_overlay.text);
	if (!save && !container_options_on(&c->request.options, CONTAINER_WRITABLE, false))
		return root_without_overlay(&c->root, NULL, err);
	if (step_folder_make(&c->folder, &c->request, &c->keeper, err) < 0 ||
	    step_folder_add(&c->folder, "copy", c->copy, err) < 0)
		return -1;
	return root_without_overlay(&c->root, c->copy, err);
}

static int build_root(struct container *c, bool save, struct error *err)
{
	c->root.bundle = c->bundle;
	c->root.uid = c->oci.as_root ? 0 : c->request.uid;
	c->root.gid = c->oci.as_root ? 0 : c->request.gid;
	if (root_prepare(&c->root, c->bundle->squashfs ? &c->fuse : NULL, c->request.spool, err) <
	    0)
		return -1;
	return c->root.no_overlay.code ? do_without_overlay(c, save, err) : 0;
}

/* What the bundle and the options mount may be denied by the site, wherever links lead; what
 * devices bring is the site's own. */
static int check_sources(const struct container *c, struct error *err)
{
	const struct bundle *b = c->bundle;

	for (size_t i = 0; i < b->mount_count; i++) {
		const struct bundle_mount *m = &b->mounts[i];
		_cleanup_free_ char *real = m->source ? realpath(m->source, NULL) : NULL;

		if (real && container_policy_check_source(&c->request.policy, real, err) < 0)
			return error_wrap(err, "%s: mount at %s", m->from ? m->from : "config.json",
					  m->destination);
	}
	return 0;
}

static int build(struct container *c, struct error *err)
{
	bool save = false;

	/* What is kept first is ended last: saving needs the image. */
	if (c->bundle->squashfs)
		fuse_keep(&c->fuse, &c->keeper);
	if (options_apply(&c->request, c->bundle, err) < 0 || check_sources(c, err) < 0 ||
	    devices_apply(&c->request, c->bundle, err) < 0 ||
	    slurm_commands_apply(&c->request, c->bundle, err) < 0 ||
	    named_add_mark(&c->named, c->bundle, err) < 0 ||
	    oci_open(&c->oci, &c->request, c->bundle, err) < 0 ||
	    save_open(&c->save, &c->request, &save, err) < 0 || choose_upper(c, save, err) < 0)
		return -1;
	if (namespace_enter_user(oci_needs_root(&c->oci), err) < 0)
		return -1;
	if (c->bundle->squashfs && fuse_start(&c->fuse, c->bundle, err) < 0)
		return -1;
	if (oci_keep(&c->oci, &c->folder, &c->keeper, err) < 0 || namespace_enter_mount(err) < 0)
		return -1;
	image_note_use(c->bundle);
	if (build_root(c, save, err) < 0 ||
	    keeper_start(&c->keeper, c->request.tasks, c->request.count, err) < 0 ||
	    oci_make(&c->oci, &c->root, &c->keeper, err) < 0)
		return -1;
	return named_note_running(&c->named, &c->request, err);
}

static bool differs(const struct container_options *asked, const struct container_options *has,
		    enum container_option i)
{
	return asked->value[i] && (!has->value[i] || strcmp(asked->value[i], has->value[i]));
}

/* What a running container has, later steps can't change. */
static int join_running(struct container *c, struct error *err)
{
	static const enum container_option useless[] = {CONTAINER_MOUNTS, CONTAINER_MOUNT_HOME,
							CONTAINER_WRITABLE, CONTAINER_REMAP_ROOT,
							CONTAINER_DEVICE};

	for (size_t i = 0; i < ARRAY_SIZE(useless); i++)
		if (differs(&c->request.options, &c->named.started, useless[i]))
			dprintf(2,
				"slurm-kube: the container named %s runs already: --container-%s "
				"changes nothing in it\n",
				c->named.name.name, container_option_rows[useless[i]].key);
	if (c->request.options.value[CONTAINER_SAVE])
		return error_set(
			err, EBUSY,
			"the container named %s runs already: --container-save goes with the step "
			"that starts it",
			c->named.name.name);
	if (namespace_join(c->named.inside, err) < 0)
		return -1;
	return oci_join(&c->oci, &c->request, c->bundle, err);
}

static int open_image(struct container *c, struct error *err)
{
	struct image_request q = {
		.image = c->request.image,
		.state = c->request.state,
		.step = c->request.step,
		.site = c->request.images,
		.cache_limit = c->request.cache_limit,
	};

	return image_open(&q, &c->bundle, err);
}

int container_make(struct container *c, struct error *err)
{
	int rc;

	if (named_open(&c->named, &c->request, err) < 0)
		return -1;
	if (c->named.image[0]) {
		c->request.image = c->named.image;
		if (container_policy_check_image(&c->request.policy, c->named.image, NULL, err) < 0)
			return -1;
	}
	if (open_image(c, err) < 0 || named_note_image(&c->named, &c->request, c->bundle, err) < 0)
		return -1;
	if (c->named.inside)
		return join_running(c, err);
	rc = build(c, err);
	if (rc < 0)
		keeper_abandon(&c->keeper);
	return rc;
}

void container_free(struct container *c)
{
	bundle_free(c->bundle);
	root_free(&c->root);
	named_close(&c->named);
	oci_free(&c->oci);
	request_free(&c->request);
}
