/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/remove_tree.h"
#include "spank/holder/host_program.h"

/* Put the node's name in place of %N and %h. Returns whether there was one. */
static bool fill_in_node(const char *text, char *dest, size_t size)
{
	const char *node = getenv("SLURMD_NODENAME");
	bool found = false;
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		if (text[0] == '%' && (text[1] == 'N' || text[1] == 'h')) {
			n += snprintf(dest + n, size - n, "%s", node ? node : "");
			if (n >= size)
				n = size - 1;
			found = true;
			text++;
		} else {
			dest[n++] = *text;
		}
	}
	dest[n] = '\0';
	return found;
}

static int make_absolute(char *path, size_t size, struct error *err)
{
	char cwd[PATH_MAX], copy[PATH_MAX];

	if (path[0] == '/')
		return 0;
	snprintf(copy, sizeof(copy), "%s", path);
	if (!getcwd(cwd, sizeof(cwd)) || (size_t)snprintf(path, size, "%s/%s", cwd, copy) >= size)
		return error_set(err, ENAMETOOLONG, "%s: the path is too long", copy);
	return 0;
}

/* Better now than after hours of work. */
static int check_folder(const char *path, struct error *err)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	if (access(folder, W_OK | X_OK) < 0)
		return error_errno(err, "the folder %s", folder);
	return 0;
}

int save_open(struct save *s, const struct request *r, bool *wanted, struct error *err)
{
	const char *text = r->options.value[CONTAINER_SAVE], *node = getenv("SLURM_NODEID");
	char target[PATH_MAX];
	bool named_by_node;

	*wanted = false;
	if (!text)
		return 0;
	named_by_node = fill_in_node(text, target, sizeof(target));
	if (!named_by_node && node && strcmp(node, "0"))
		return 0;
	*wanted = true;
	if (image_reference_parse(target, &s->target, err) < 0 ||
	    (s->target.kind == IMAGE_DOCKER &&
	     error_set(err, ENOTSUP, "it takes a path or oci:PATH[:TAG]")) ||
	    make_absolute(s->target.name, sizeof(s->target.name), err) < 0 ||
	    check_folder(s->target.name, err) < 0)
		return error_wrap(err, "--container-save=%.200s", text);
	return 0;
}

/* The image with what was written laid over it, without our own layer; and in memory what umoci
 * changes while it reads. */
static int show_merged(const struct save *s, struct error *err)
{
	_cleanup_close_ int upper = -1, image = -1;
	const char *rootfs = s->root->bundle->rootfs;
	char data[256];

	if (s->root->no_overlay.code) {
		if (mount(s->root->copy, s->merged, NULL, MS_BIND, NULL) < 0)
			return error_errno(err, "showing %s", s->root->copy);
		return 0;
	}
	/* Opened anew: the holder's descriptors belong to its own mount namespace. */
	umount2(ROOT_SCRATCH "/root", MNT_DETACH);
	upper = open(s->root->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	image = open(rootfs ? rootfs : ROOT_SCRATCH "/image", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0 || image < 0)
		return error_errno(err, "%s", upper < 0 ? s->root->upper : "its image");
	snprintf(data, sizeof(data),
		 "userxattr,lowerdir=/proc/self/fd/%d:/proc/self/fd/%d,upperdir=%s,workdir=%s",
		 upper, image, ROOT_SCRATCH "/upper", ROOT_SCRATCH "/work");
	if (mount("slurm-kube", s->merged, "overlay", 0, data) < 0)
		return error_errno(err, "overlayfs");
	return 0;
}

static int save_squashfs(const struct save *s, struct error *err)
{
	const char *name = s->target.name, *slash = strrchr(name, '/');
	char partial[PATH_MAX + 16];
	const char *const argv[] = {"mksquashfs", s->merged,	  partial,
				    "-noappend",  "-no-progress", "-quiet",
				    "-all-root",  "-no-xattrs",	  NULL};

	snprintf(partial, sizeof(partial), "%.*s/.%s.partial", (int)(slash - name), name,
		 slash + 1);
	if (host_program_run(argv, err) < 0) {
		unlink(partial);
		return -1;
	}
	return rename(partial, name) < 0 ? error_errno(err, "%s", name) : 0;
}

static int set_configuration(const struct save *s, const char *image, struct error *err)
{
	const struct bundle *b = s->root->bundle;
	_cleanup_free_ const char **argv = calloc(8 + 2 * b->env_count, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return error_set(err, ENOMEM, "out of memory");
	argv[n++] = "umoci";
	argv[n++] = "config";
	argv[n++] = "--image";
	argv[n++] = image;
	if (b->cwd[0]) {
		argv[n++] = "--config.workingdir";
		argv[n++] = b->cwd;
	}
	for (size_t i = 0; i < b->env_count; i++) {
		argv[n++] = "--config.env";
		argv[n++] = b->env[i];
	}
	return host_program_run(argv, err);
}

static int save_layout(const struct save *s, struct error *err)
{
	char image[sizeof(s->target.name) + sizeof(s->target.tag) + 2];
	const char *const init[] = {"umoci", "init", "--layout", s->target.name, NULL};
	const char *const new[] = {"umoci", "new", "--image", image, NULL};
	const char *const insert[] = {"umoci", "insert",  "--rootless", "--image",
				      image,   s->merged, "/",		NULL};
	const char *const forget[] = {"umoci", "remove", "--image", image, NULL};
	struct error ignored;

	snprintf(image, sizeof(image), "%s:%s", s->target.name,
		 s->target.tag[0] ? s->target.tag : "latest");
	if (access(s->target.name, F_OK) < 0 && host_program_run(init, err) < 0)
		return -1;
	host_program_run(forget, &ignored);
	if (host_program_run(new, err) < 0 || host_program_run(insert, err) < 0)
		return -1;
	return set_configuration(s, image, err);
}

/* Bytes, of a layout's folder nothing. */
static double saved_megabytes(const struct save *s)
{
	struct stat st;

	return stat(s->target.name, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size / 1e6 : 0;
}

static int save(void *argument, struct error *err)
{
	const struct save *s = argument;
	time_t began = time(NULL);
	double megabytes;
	int rc = show_merged(s, err);

	dprintf(2, "slurm-kube: saving the container to %s\n", s->target.name);
	if (rc == 0)
		rc = s->target.kind == IMAGE_OCI_LAYOUT ? save_layout(s, err)
							: save_squashfs(s, err);
	umount2(s->merged, MNT_DETACH);
	if (rc < 0)
		return error_wrap(err, "%s", s->target.name);
	megabytes = saved_megabytes(s);
	dprintf(2, "slurm-kube: the container is saved to %s", s->target.name);
	if (megabytes > 0)
		dprintf(2, " (%.1f MB)", megabytes);
	dprintf(2, " in %ld s\n", (long)(time(NULL) - began));
	return 0;
}

int save_keep(struct save *s, const struct root *root, const struct step_folder *folder,
	      struct keeper *k, struct error *err)
{
	if (step_folder_add(folder, "merged", s->merged, err) < 0)
		return -1;
	s->root = root;
	keeper_add(k, "saving the container", save, s, false);
	return 0;
}
