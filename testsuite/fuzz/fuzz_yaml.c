/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that is taken as YAML, as the agent's configuration and as a kubeconfig. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "fuzz.h"
#include "sync-agent/config.h"
#include "sync-agent/kube/access.h"
#include "common/yaml.h"

/* The input as a file; its path. */
static const char *file_of(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(fd >= 0 && ftruncate(fd, 0) == 0);
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = file_of(data, size);
	struct kube_access access;
	struct config config;
	struct error err = { 0 };
	struct json_object *o = yaml_load(path, &err);

	must(!o == !!err.code);
	json_object_put(o);
	err.code = 0;
	if (config_load(path, &config, &err) == 0)
		config_free(&config);
	else
		must(err.code);
	err.code = 0;
	if (kube_access_from_file(path, &access, &err) == 0)
		kube_access_free(&access);
	else
		must(err.code);
	return 0;
}
