/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for a test's files. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <ftw.h>
#include <sys/stat.h>

#include "unit.h"

struct scratch {
	char folder[64];
	char path[256]; /* of the file written last */
};

/* Setup and teardown for cmocka: *state is a struct scratch. */
static inline int scratch_make(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	strcpy(s->folder, "/tmp/slurm-kube-unit-XXXXXX");
	*state = s;
	return mkdtemp(s->folder) ? 0 : -1;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int scratch_remove(void **state)
{
	struct scratch *s = *state;

	nftw(s->folder, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

/* Write a file; returns its path, good until the next one is written. */
static inline const char *scratch_write_bytes(struct scratch *s, const char *name, const char *text,
					      size_t n)
{
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(s->path, sizeof(s->path), "%s/%s", s->folder, name);
	f = fopen(s->path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	return s->path;
}

static inline const char *scratch_write(struct scratch *s, const char *name, const char *text)
{
	return scratch_write_bytes(s, name, text, strlen(text));
}

#endif
