/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that this node's CDI files describe, and putting them into a container. */
#ifndef SPANK_HOLDER_CDI_H
#define SPANK_HOLDER_CDI_H

#include "spank/holder/bundle.h"

#define CDI_FOLDERS "/etc/cdi:/var/run/cdi"
#define CDI_FILES_MAX 256

struct cdi;

/* Read the files *.json, *.yaml and *.yml of these folders ("FOLDER:FOLDER", NULL: CDI_FOLDERS); a
 * folder that isn't there is empty. What can't be used of them is told only to who asks for a
 * device that isn't there. ret: the caller frees it. Returns 0, or -1 with err filled. */
int cdi_load(const char *folders, struct cdi **ret, struct error *err);

/* Put devices into b. names: "vendor/class=name,..."; "all" as a name stands for each device of the
 * kind, unless one has that very name. What a file says for all its devices is applied once. Of two
 * devices with the same name the one of the later folder counts. Returns 0, or -1 with err filled:
 * which device, and which ones there are. */
int cdi_apply(struct cdi *c, const char *names, struct bundle *b, struct error *err);

/* The one kind there is whose class is "gpu"; NULL if there is none, or several. Borrowed. */
const char *cdi_gpu_kind(const struct cdi *c);

void cdi_free(struct cdi *c);

static inline void cdi_freep(struct cdi **c)
{
	cdi_free(*c);
}

#endif
