/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the root file system is in a SIF file (Singularity, Apptainer).
 * Source: the layout that github.com/sylabs/sif documents in pkg/sif, SIF version 01. */
#ifndef SPANK_IMAGE_SIF_H
#define SPANK_IMAGE_SIF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

#define SIF_HEADER_SIZE 128

/* Whether a file that begins with these SIF_HEADER_SIZE bytes is a SIF file. */
bool sif_is(const unsigned char *header);

/* Find the primary system partition. fd: the file, opened for reading; size: of the whole file.
 * machine: as uname(2) names it, which the partition has to be for. offset, length: where it is,
 * inside the file; it begins with a SquashFS. Returns 0, or -1 with err filled: no such partition,
 * one that is encrypted or of another file system, another architecture, or a file that was cut. */
int sif_find_root(int fd, uint64_t size, const char *machine, uint64_t *offset, uint64_t *length,
		  struct error *err);

#endif
