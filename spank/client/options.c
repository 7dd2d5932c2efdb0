/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/client/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container_check.h"
#include "spank/client/alias.h"

/* In the rows' place of an option: --container-image, and one that has nothing to change. */
#define IMAGE CONTAINER_OPTION_COUNT
#define NOTHING (CONTAINER_OPTION_COUNT + 1)

/* value: what an option without an argument stands for. */
static const struct {
	char *name, *form, *usage;
	int option;
	const char *value;
} rows[] = {
	{"container-image", "IMAGE",
	 "as --container, but a name without docker:// or a path's '/' or './' is one in a "
	 "registry, "
	 "also as REGISTRY#NAME[:TAG] (default: no container)",
	 IMAGE, NULL},
	{"container-mounts", "SRC:DST[:FLAG+FLAG],...",
	 "mount host paths in the container; also SRC alone, and tmpfs:DST; flags ro, rw, nosuid, "
	 "nodev, noexec, rbind, ... (default: none)",
	 CONTAINER_MOUNTS, NULL},
	{"container-workdir", "PATH",
	 "working folder in the container (default: the image's, else the job's)",
	 CONTAINER_WORKDIR, NULL},
	{"container-env", "NAME[=VALUE],...",
	 "keep the job's NAME, or set it, where the image has one (default: the image's wins)",
	 CONTAINER_ENV, NULL},
	{"container-writable", NULL,
	 "let the container's file system be written to; this stays in the step (default, unless "
	 "the image says read-only)",
	 CONTAINER_WRITABLE, "yes"},
	{"container-readonly", NULL, "make the container's file system read-only",
	 CONTAINER_WRITABLE, "no"},
	{"container-mount-home", NULL, "mount the home folder (default: the site's, else no)",
	 CONTAINER_MOUNT_HOME, "yes"},
	{"no-container-mount-home", NULL, "don't mount the home folder", CONTAINER_MOUNT_HOME,
	 "no"},
	{"container-remap-root", NULL, "be root in the container, without any right of root's",
	 CONTAINER_REMAP_ROOT, "yes"},
	{"no-container-remap-root", NULL, "be oneself in the container (default)",
	 CONTAINER_REMAP_ROOT, "no"},
	{"container-entrypoint", NULL, "run the image's entry point with the program as arguments",
	 CONTAINER_ENTRYPOINT, "yes"},
	{"no-container-entrypoint", NULL,
	 "run the program without the image's entry point (default, unless the site's is another)",
	 CONTAINER_ENTRYPOINT, "no"},
	{"container-entrypoint-log", NULL,
	 "nothing: what an entry point writes is always shown, as the program's output is", NOTHING,
	 ""},
	{"container-name", "NAME[:FLAG]",
	 "keep the container on the node by this name, for later steps; flags auto (default), "
	 "create, exec, no_exec, and global (for later jobs, too)",
	 CONTAINER_NAME, NULL},
	{"container-save", "PATH",
	 "save the container when the step ends: PATH for a SquashFS file, oci:PATH[:TAG] for a "
	 "layout (default: not)",
	 CONTAINER_SAVE, NULL},
	{"container-device", "VENDOR/CLASS=NAME,...",
	 "CDI devices to have in the container (default: those of the step's GPUs)",
	 CONTAINER_DEVICE, NULL},
	{"container-scope", "all|steps",
	 "all: the batch script, too, runs in the container; steps: only what srun starts "
	 "(default: all)",
	 CONTAINER_SCOPE, NULL},
	{"container-slurm", NULL, "have Slurm's own commands in the container", CONTAINER_SLURM,
	 "yes"},
	{"no-container-slurm", NULL, "have no commands of Slurm's in the container (default)",
	 CONTAINER_SLURM, "no"},
};

/* A client process reads its options once, so there is one of it. */
static struct client_wish given;

static int set_image(const char *value, struct error *err)
{
	char *copy = alias_image(value);

	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	free(given.image);
	given.image = copy;
	return 0;
}

static int set(int i, const char *value, struct error *err)
{
	/* scrontab never asks us for the result. */
	if (!strcmp(program_invocation_short_name, "scrontab"))
		return error_set(err, ENOTSUP,
				 "scrontab can't hand this on: give it to an srun in the script");
	if (rows[i].option == NOTHING)
		return 0;
	if (rows[i].option == IMAGE)
		return set_image(value, err);
	if (container_option_check(rows[i].option, value, err) < 0)
		return -1;
	return container_options_set(&given.options, rows[i].option, value, err);
}

static int take(int i, const char *argument, int remote)
{
	struct error err;

	if (remote)
		return 0;
	if (set(i, rows[i].value ? rows[i].value : argument ? argument : "", &err) < 0) {
		slurm_error("--%s: %s", rows[i].name, err.text);
		return -1;
	}
	return 0;
}

/* Slurm hands a job's options to what runs in it by such variables, and takes them for options that
 * were given to a step. What a step inherits is ours to say. */
static void forget_jobs_option(const char *name)
{
	char variable[128];
	int n = snprintf(variable, sizeof(variable), "SLURM_SPANK__SLURM_SPANK_OPTION_%s_%s",
			 "spank_kube", name);

	if (n < 0 || (size_t)n >= sizeof(variable))
		return;
	for (char *c = variable; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
	unsetenv(variable);
}

int client_options_register(spank_t sp, bool client)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spank_option option = {
			.name = rows[i].name,
			.arginfo = rows[i].form,
			.usage = rows[i].usage,
			.has_arg = rows[i].form ? 1 : 0,
			.val = (int)i,
			.cb = take,
		};

		if (client)
			forget_jobs_option(rows[i].name);
		if (spank_option_register(sp, &option) != ESPANK_SUCCESS)
			return -1;
	}
	return 0;
}

struct client_wish client_options_take(void)
{
	struct client_wish taken = given;

	given = (struct client_wish){0};
	return taken;
}
