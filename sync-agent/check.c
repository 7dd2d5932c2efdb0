/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "sync-agent/kube/access.h"

/* Returns 1, after telling. */
static unsigned problem(const char *path, const char *key, const char *what)
{
	printf("%s: %s: %s\n", path, key, what);
	return 1;
}

static unsigned check_kubeconfig(const char *path, const struct config *c)
{
	struct kube_access access = { 0 };
	struct error err;
	int rc = c->kubeconfig ? kube_access_from_file(c->kubeconfig, &access, &err)
			       : kube_access_in_cluster(&access, &err);

	if (rc < 0)
		return problem(path, "kubeconfig", err.text);
	kube_access_free(&access);
	return 0;
}

static unsigned check_readable(const char *path, const char *key, const char *file)
{
	char text[512];

	if (!file || access(file, R_OK) == 0)
		return 0;
	snprintf(text, sizeof(text), "%.400s: %s", file, strerror(errno));
	return problem(path, key, text);
}

/* A folder that is there and can be written to, or whose parent can. */
static unsigned check_folder(const char *path, const char *key, const char *folder)
{
	_cleanup_free_ char *parent = strdup(folder);
	char text[512];
	struct stat st;
	char *slash;

	if (!parent)
		return problem(path, key, "out of memory");
	if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode)) {
		snprintf(text, sizeof(text), "%.400s is no folder", folder);
		return problem(path, key, text);
	}
	if (access(folder, W_OK | X_OK) == 0)
		return 0;
	slash = strrchr(parent, '/');
	if (errno == ENOENT && slash) {
		slash[slash == parent] = '\0';
		if (access(parent, W_OK | X_OK) == 0)
			return 0; /* it will be made */
	}
	snprintf(text, sizeof(text), "%.400s can't be written to: %s", folder, strerror(errno));
	return problem(path, key, text);
}

static unsigned check_doorbell(const char *path, const struct config *c)
{
	_cleanup_free_ char *folder = strdup(c->doorbell_unix);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!slash)
		return problem(path, "doorbell.unix", "out of memory");
	slash[slash == folder] = '\0';
	return check_folder(path, "doorbell.unix", folder);
}

unsigned check_config(const char *path, const struct config *c)
{
	unsigned n = 0;

	config_print(c, stdout);
	n += check_readable(path, "slurmConf", c->slurm_conf);
	n += check_kubeconfig(path, c);
	n += check_doorbell(path, c);
	n += check_folder(path, "stateFolder", c->state_folder);
	if (geteuid() != 0)
		n += problem(path, "user", "it has to run as root to act as the jobs' owners");
	return n;
}
