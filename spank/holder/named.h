/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named containers (--container-name): what their tasks wrote is kept on the node, in
 *STATE/named/job-ID/NAME until the job ends or in STATE/named/global/NAME until the user removes
 *it, and a step may join one that runs.
 *
 *	image   what it is made of, as --container takes it, the path absolute, the digest added
 *	upper, work   what was written, as overlayfs has it
 *	running       the numbers of the namespaces in which it runs or ran last
 *	options       those with which it was started
 *	lock    held while one is started or joined; the container shows this file at NAMED_MARK,
 *which tells it from others */
#ifndef SPANK_HOLDER_NAMED_H
#define SPANK_HOLDER_NAMED_H

#include <limits.h>

#include "common/container_name.h"
#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/request.h"

#define NAMED_IMAGE_MAX 4608
#define NAMED_MARK "/run/slurm-kube/named"

struct named {
	struct container_name name;
	char folder[PATH_MAX]; /* "" if none was asked for */
	char upper[PATH_MAX], work[PATH_MAX];
	char image[NAMED_IMAGE_MAX]; /* "" if it is new */
	pid_t inside;		     /* a process in it, if it runs and is to be joined; else 0 */
	int dir, lock;		     /* the folder, and the lock in it */
	struct container_options started; /* the options of the running one */
};
#define NAMED_INIT ((struct named){.dir = -1, .lock = -1})

/* Find the container that r names, if it names one, and lock it; nobody else starts or joins it
 * before this process ends. Returns 0, or -1 with err filled (it has to be there and isn't, or the
 * other way round; made of another image). */
int named_open(struct named *n, const struct request *r, struct error *err);

/* Note what it is made of. To be called when the image is known to be there. Returns 0, or -1 with
 * err filled. */
int named_note_image(const struct named *n, const struct request *r, const struct bundle *b,
		     struct error *err);

/* Have the container show its mark. Returns 0, or -1 with err filled. */
int named_add_mark(const struct named *n, struct bundle *b, struct error *err);

/* Note the caller's namespaces as those in which it runs, whatever the caller sees of the node's
 * files by now. Returns 0, or -1 with err filled. */
int named_note_running(const struct named *n, const struct request *r, struct error *err);

void named_close(struct named *n);

#endif
