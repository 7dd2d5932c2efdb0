/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/slurm_commands.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "spank/holder/bundle_edit.h"

static const char *const commands[] = {
	"sacct",   "sacctmgr", "salloc", "sattach", "sbatch",	"sbcast",
	"scancel", "scontrol", "sdiag",	 "sinfo",   "sprio",	"squeue",
	"sreport", "srun",     "sshare", "sstat",   "strigger",
};

/* What the commands read, where the site says nothing else (plugstack.conf, slurm=). */
static const char default_paths[] =
	"/etc/slurm:/etc/slurm-llnl:/run/munge:/run/slurm:/usr/lib/x86_64-linux-gnu/slurm-wlm:/usr/"
	"lib/aarch64-linux-gnu/slurm-wlm:"
	"/usr/lib64/slurm:/usr/lib/slurm";

/* The loader that the program at path asks for. Returns 0, or -1 with err filled. */
static int read_loader(const char *path, char *dest, size_t size, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ElfW(Ehdr) head;
	ElfW(Phdr) part;

	if (fd < 0)
		return error_errno(err, "%s", path);
	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG))
		return error_set(err, ENOEXEC, "%s is not a program", path);
	for (unsigned i = 0; i < head.e_phnum; i++) {
		ssize_t n;

		if (pread(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)) != sizeof(part))
			break;
		if (part.p_type != PT_INTERP || part.p_filesz >= size)
			continue;
		n = pread(fd, dest, part.p_filesz, part.p_offset);
		dest[n > 0 ? n : 0] = '\0';
		return 0;
	}
	return error_set(err, ENOEXEC, "%s names no loader", path);
}

static int find_loader(struct bundle *b, struct error *err)
{
	char loader[PATH_MAX], *real;

	if (read_loader("/usr/bin/srun", loader, sizeof(loader), err) < 0)
		return -1;
	real = realpath(loader, NULL);
	if (!real || strncmp(real, "/usr/", 5)) {
		free(real);
		return error_set(err, ENOTSUP, "the node's loader %s is not below /usr", loader);
	}
	free(b->slurm_loader);
	if (asprintf(&b->slurm_loader, SLURM_COMMANDS "%s", real) < 0)
		b->slurm_loader = NULL;
	free(real);
	return b->slurm_loader ? 0 : error_set(err, ENOMEM, "out of memory");
}

static int add_mount(struct bundle *b, const char *source, const char *destination,
		     struct error *err)
{
	struct mount_options options = {.bind = true, .recursive = true};

	if (mount_options_add(&options, "ro", false, err) < 0)
		return -1;
	return bundle_add_mount(b, source, destination, &options, err);
}

/* Our program is next to the holder. */
static int add_program(struct bundle *b, struct error *err)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return error_errno(err, "/proc/self/exe");
	strcpy(slash + 1, "slurm-kube-command");
	return add_mount(b, path, SLURM_COMMANDS_PROGRAM, err);
}

static int add_paths(struct bundle *b, const char *list, struct error *err)
{
	_cleanup_free_ char *copy = strdup(list);
	char *save = NULL;

	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	for (char *path = strtok_r(copy, ":", &save); path; path = strtok_r(NULL, ":", &save))
		if (access(path, F_OK) == 0 && add_mount(b, path, path, err) < 0)
			return error_wrap(err, "%s", path);
	return 0;
}

/* The folder of slurm.conf, if it is elsewhere. */
static int add_conf(struct bundle *b, struct error *err)
{
	const char *conf = getenv("SLURM_CONF"), *slash = conf ? strrchr(conf, '/') : NULL;
	char folder[PATH_MAX];

	if (!slash || slash == conf ||
	    (size_t)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - conf), conf) >=
		    sizeof(folder))
		return 0;
	return add_paths(b, folder, err);
}

static int add_to_path(struct bundle *b, struct error *err)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *assignment = NULL;

	for (size_t i = 0; i < b->env_count; i++)
		if (!strncmp(b->env[i], "PATH=", 5))
			path = b->env[i] + 5;
	if (asprintf(&assignment, "PATH=%s:" SLURM_COMMANDS_BIN, path ? path : "/usr/bin:/bin") < 0)
		return error_set(err, ENOMEM, "out of memory");
	return bundle_add_env(b, assignment, err);
}

int slurm_commands_apply(const struct request *r, struct bundle *b, struct error *err)
{
	if (!container_options_on(&r->options, CONTAINER_SLURM, false))
		return 0;
	if (find_loader(b, err) < 0 || add_mount(b, "/usr", SLURM_COMMANDS_USR, err) < 0 ||
	    add_program(b, err) < 0 || add_paths(b, r->slurm ? r->slurm : default_paths, err) < 0 ||
	    add_conf(b, err) < 0 || add_to_path(b, err) < 0)
		return error_wrap(err, "--container-slurm");
	return 0;
}

int slurm_commands_link(const struct skeleton *s, const struct bundle *b, struct error *err)
{
	char path[PATH_MAX];

	if (!b->slurm_loader)
		return 0;
	if (skeleton_link(s, SLURM_COMMANDS_LOADER, b->slurm_loader, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		snprintf(path, sizeof(path), SLURM_COMMANDS_BIN "/%s", commands[i]);
		if (skeleton_link(s, path, SLURM_COMMANDS_PROGRAM, err) < 0)
			return -1;
	}
	return 0;
}
