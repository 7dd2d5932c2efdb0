/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SquashFS files, and those in SIF files, where they can't be mounted. */
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "spank/tool/run.h"
#include "spank/tool/staging.h"

void staging_tell_read(struct progress *p, pid_t pid, uint64_t total)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	unsigned long long bytes;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	if (buffer_read_file(path, 4096, &text, NULL, NULL) == 0 &&
	    sscanf(text, "rchar: %llu", &bytes) == 1)
		progress_tell(p, bytes, total);
}

static void tell(void *arg, pid_t pid)
{
	struct staging *s = arg;

	staging_tell_read(&s->progress, pid, s->source.length);
}

/* As a user it makes no device nodes, which is no failure; what can't be written is one. */
int staging_squashfs(struct staging *s, struct error *err)
{
	char offset[32];
	const char *argv[] = {"unsquashfs",    "-no-progress", "-quiet", "-no-xattrs",
			      "-no-exit-code", "-dest",	       "rootfs", "-offset",
			      offset,	       s->source.path, NULL};
	struct run r = {.argv = argv, .folder = s->partial, .tick = tell, .arg = s};

	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)s->source.offset);
	progress_step(&s->progress, "unpacking, since it can't be mounted here");
	return run_program(&r, err);
}
