/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that mean the same to Slurm although they are spelled otherwise. */
#ifndef AGENT_MIRROR_SAME_H
#define AGENT_MIRROR_SAME_H

#include <stdbool.h>

/* "60" and "1:00:00"; "4G" and "4096M"; "2-2" and "2". */
bool same_minutes(const char *a, const char *b);
bool same_memory(const char *a, const char *b);
bool same_node_count(const char *a, const char *b);

/* The same point of time: in Slurm's form, in Kubernetes'. */
bool same_when(const char *a, const char *b);
bool same_stamp(const char *a, const char *b);

/* "0-2%4" and "0,1,2%4"; and without a look at what follows "%". */
bool same_array(const char *a, const char *b);
bool same_indexes(const char *a, const char *b);
/* The number after "%", 0 if there is none. */
unsigned long array_throttle(const char *array);

/* "afterok:7:8" and "afterok:7,afterok:8". */
bool same_dependency(const char *a, const char *b);

/* "gpu", "gres:gpu:1" and "gres/gpu:1". */
bool same_tres(const char *a, const char *b);

#endif
