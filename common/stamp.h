/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mark that tells which SlurmJob a job was submitted for: the agent puts it into the job's
 * environment, job_submit_kube writes it on the job, the agent reads it there. Described in
 * doc/jobsubmit.md. Nothing here knows Slurm: memory comes from the caller's allocator. */
#ifndef COMMON_STAMP_H
#define COMMON_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_VARIABLE "SLURM_KUBE_UID"
/* Which of the object's submissions it is: the generation of its spec. The same uid and generation
 * are taken only once; the second is refused with these words. */
#define STAMP_GENERATION_VARIABLE "SLURM_KUBE_GENERATION"
#define STAMP_TWICE "slurm-kube: this SlurmJob has just been submitted"
#define STAMP_UID_LENGTH 36

/* size bytes, or NULL. */
typedef char *stamp_alloc(size_t size);

/* Whether it is a UUID as Kubernetes writes them: 8-4-4-4-12 hexadecimal digits. NULL is none. */
bool stamp_is_uid(const char *text);

/* The value of a variable among count "NAME=VALUE" strings (some may be NULL), the first if there
 * are several, as getenv() has it. Borrowed; NULL if there is none. index: where, may be NULL. */
const char *environment_find(char *const *environment, uint32_t count, const char *name,
			     uint32_t *index);

/* Take every NAME=... out, giving each to release. Returns how many entries are left; the NULL that
 * may follow the last one moves along. */
uint32_t environment_drop(char **environment, uint32_t count, const char *name,
			  void (*release)(char *entry));

/* The uid that the job is to be stamped with, borrowed from its environment; NULL if there is none
 * or it isn't a UUID. */
const char *stamp_wanted(char *const *environment, uint32_t count);

/* The admin_comment that carries uid: {"slurm-kube":{"uid":"..."}}, after what a site's own plugin
 * wrote there (comment, may be NULL) and a blank. Returns it, or NULL if alloc did. */
char *stamp_text(const char *comment, const char *uid, stamp_alloc *alloc);

/* The uid in an admin_comment, by its last stamp, into uid. Returns false if there is none. */
bool stamp_read(const char *comment, char uid[STAMP_UID_LENGTH + 1]);

/* "NAME=VALUE". Returns it, or NULL if alloc did. */
char *environment_entry(const char *name, const char *value, stamp_alloc *alloc);

#endif
