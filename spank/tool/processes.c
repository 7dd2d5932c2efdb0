/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/tool/processes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"

#define ENVIRONMENT_MAX (4 * 1024 * 1024)

static ino_t namespace_number(const char *pid, const char *type)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/%s", pid, type);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static const char *find_variable(const char *environment, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = environment; p < environment + len; p += strlen(p) + 1)
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	return NULL;
}

static void read_environment(const char *pid, struct container_process *ret)
{
	_cleanup_free_ char *text = NULL;
	const char *job, *step, *image;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
	if (buffer_read_file(path, ENVIRONMENT_MAX, &text, &len, NULL) < 0)
		return;
	job = find_variable(text, len, "SLURM_JOB_ID");
	step = find_variable(text, len, "SLURM_STEP_ID");
	image = find_variable(text, len, "SLURM_CONTAINER");
	ret->job = job ? strtoul(job, NULL, 10) : 0;
	snprintf(ret->step, sizeof(ret->step), "%.10s.%s", job ? job : "?",
		 !step			       ? "batch"
		 : !strcmp(step, "4294967291") ? "batch"
		 : !strcmp(step, "4294967290") ? "interactive"
					       : step);
	snprintf(ret->image, sizeof(ret->image), "%s", image ? image : "");
}

static void read_command(const char *pid, struct container_process *ret)
{
	_cleanup_free_ char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	if (buffer_read_file(path, sizeof(ret->command) - 1, &text, NULL, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret->command, sizeof(ret->command), "%s", text);
}

static int add(struct container_processes *p, const char *pid, ino_t mount_ns)
{
	struct container_process *items = realloc(p->items, (p->count + 1) * sizeof(*items));

	if (!items)
		return -1;
	p->items = items;
	items += p->count++;
	*items = (struct container_process){.pid = atoi(pid), .mount_ns = mount_ns};
	read_environment(pid, items);
	read_command(pid, items);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct container_process *x = a, *y = b;

	if (x->mount_ns != y->mount_ns)
		return x->mount_ns < y->mount_ns ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int container_processes_find(struct container_processes *ret, struct error *err)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	ino_t own = namespace_number("self", "user");
	struct container_processes found = {0};
	struct dirent *entry;

	if (!proc || !own)
		return error_errno(err, "/proc");
	while ((entry = readdir(proc))) {
		ino_t user = 0, mount = 0;

		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			user = namespace_number(entry->d_name, "user");
		if (user && user != own)
			mount = namespace_number(entry->d_name, "mnt");
		/* One that has just ended has no mount namespace. */
		if (mount && add(&found, entry->d_name, mount) < 0) {
			container_processes_free(&found);
			return error_set(err, ENOMEM, "out of memory");
		}
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), compare);
	*ret = found;
	return 0;
}

void container_processes_free(struct container_processes *p)
{
	free(p->items);
	*p = (struct container_processes){0};
}
