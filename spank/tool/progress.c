/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/tool/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/size.h"

#define QUIET_SECONDS 1.0
#define LINE_SECONDS 2.0
#define DIGEST_SHOWN (8 + 12) /* "@sha256:" and so many digits */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void progress_begin(struct progress *p, const char *name)
{
	const char *at = strstr(name, "@sha256:");
	int n = at ? (int)(at - name) + DIGEST_SHOWN : (int)strlen(name);

	*p = (struct progress){.began = now()};
	snprintf(p->name, sizeof(p->name), "%.*s", n, name);
}

void progress_step(struct progress *p, const char *doing)
{
	p->doing = doing;
	p->step_began = now();
}

/* Whether a line is due, and if so it was. */
static bool due(struct progress *p)
{
	double t = now();

	if (t - p->began < QUIET_SECONDS || (p->said && t - p->said_at < LINE_SECONDS))
		return false;
	p->said = true;
	p->said_at = t;
	return true;
}

/* One write, so that lines of several tasks don't mix. */
void progress_tell(struct progress *p, uint64_t done, uint64_t total)
{
	char a[SIZE_TEXT_MAX], b[SIZE_TEXT_MAX + 4] = "", r[SIZE_TEXT_MAX], layers[64] = "";
	double elapsed;

	if (!due(p))
		return;
	elapsed = p->said_at - p->step_began;
	if (total && done > total)
		done = total;
	if (total) {
		char text[SIZE_TEXT_MAX];

		snprintf(b, sizeof(b), " of %s", size_format(total, text));
	}
	if (p->layers)
		snprintf(layers, sizeof(layers), ", %zu of %zu layers", p->layers_done, p->layers);
	fprintf(stderr, "kube-container: %s: %s, %s%s%s, %s/s\n", p->name, p->doing,
		size_format(done, a), b, layers,
		size_format(elapsed > 0.1 ? done / elapsed : done, r));
}

void progress_wait(struct progress *p)
{
	if (!p->said && due(p))
		fprintf(stderr,
			"kube-container: %s: it is being staged already on this node, waiting for "
			"that\n",
			p->name);
}

void progress_end(struct progress *p, uint64_t bytes)
{
	char text[SIZE_TEXT_MAX];
	double seconds = now() - p->began;

	if (p->said || seconds >= QUIET_SECONDS)
		fprintf(stderr, "kube-container: %s: ready, %s in %.1f s\n", p->name,
			size_format(bytes, text), seconds);
}
