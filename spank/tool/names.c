/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container names: the named containers that are kept on this node, and removing one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/container_name.h"
#include "common/remove_tree.h"
#include "spank/holder/named.h"
#include "spank/tool/processes.h"
#include "spank/tool/tool.h"

/* Whether a process sees the container's mark. */
static bool is_running(const char *folder, const struct container_processes *p)
{
	char path[PATH_MAX];
	struct stat mark, st;

	if (snprintf(path, sizeof(path), "%s/lock", folder) >= (int)sizeof(path) ||
	    stat(path, &mark) < 0)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/root" NAMED_MARK, (int)p->items[i].pid);
		if (stat(path, &st) == 0 && st.st_dev == mark.st_dev && st.st_ino == mark.st_ino)
			return true;
	}
	return false;
}

static void print_one(const char *scope, const char *name, const char *folder,
		      const struct container_processes *p)
{
	_cleanup_free_ char *image = NULL;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/image", folder) < (int)sizeof(path))
		buffer_read_file(path, 8192, &image, NULL, NULL);
	printf("%-24s %-16s %-8s %s\n", name, scope, is_running(folder, p) ? "yes" : "no",
	       image ? image : "");
}

static void print_scope(const char *named, const char *scope, const struct container_processes *p)
{
	char folder[PATH_MAX], path[PATH_MAX];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;

	if (snprintf(folder, sizeof(folder), "%s/%s", named, scope) >= (int)sizeof(folder))
		return;
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && snprintf(path, sizeof(path), "%s/%s", folder,
							entry->d_name) < (int)sizeof(path))
			print_one(scope, entry->d_name, path, p);
}

static int run_names(struct tool *t, int argc, char *argv[], struct error *err)
{
	_cleanup_(container_processes_free) struct container_processes p = {0};
	_cleanup_closedir_ DIR *dir = NULL;
	char named[PATH_MAX];
	struct dirent *entry;

	if (container_processes_find(&p, err) < 0)
		return -1;
	if (snprintf(named, sizeof(named), "%s/named", t->state) >= (int)sizeof(named))
		return error_set(err, ENAMETOOLONG, "--state is too long");
	printf("%-24s %-16s %-8s %s\n", "NAME", "SCOPE", "RUNNING", "IMAGE");
	dir = opendir(named);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			print_scope(named, entry->d_name, &p);
	return 0;
}

const struct command command_names = {
	.name = "names",
	.arguments = "",
	.summary = "list the named containers that are kept on this node",
	.help = "SCOPE is global, or the job at whose end the container is removed. Remove a "
		"global one with\n"
		"`kube-container forget NAME`.\n",
	.run = run_names,
};

static int run_forget(struct tool *t, int argc, char *argv[], struct error *err)
{
	_cleanup_(container_processes_free) struct container_processes p = {0};
	struct container_name name;
	char folder[PATH_MAX];

	if (container_name_parse(argv[0], &name, err) < 0 || container_processes_find(&p, err) < 0)
		return -1;
	if (snprintf(folder, sizeof(folder), "%s/named/global/%s", t->state, name.name) >=
	    (int)sizeof(folder))
		return error_set(err, ENAMETOOLONG, "--state is too long");
	if (access(folder, F_OK) < 0)
		return error_set(err, ENOENT, "there is no global container named %s on this node",
				 name.name);
	if (is_running(folder, &p))
		return error_set(err, EBUSY, "the container named %s is running", name.name);
	return remove_tree(AT_FDCWD, folder, err);
}

const struct command command_forget = {
	.name = "forget",
	.arguments = "NAME",
	.summary = "remove a named container that outlives jobs (NAME:global)",
	.help = "What was written in it is lost. One that runs is left alone.\n",
	.min = 1,
	.max = 1,
	.run = run_forget,
};
