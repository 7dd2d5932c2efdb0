/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SPANK tells of a job or step. */
#ifndef SPANK_ITEMS_H
#define SPANK_ITEMS_H

#include <slurm/spank.h>
#include <stddef.h>
#include <stdint.h>

/* A number; fallback where there is none. */
uint32_t item_u32(spank_t sp, spank_item_t item, uint32_t fallback);

/* A variable of the job's environment, cut to size; "" if it isn't set. */
void job_variable(spank_t sp, const char *name, char *dest, size_t size);

/* One of any length, which the caller frees; NULL if it isn't set. */
char *job_variable_dup(spank_t sp, const char *name);

#endif
