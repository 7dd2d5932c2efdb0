/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/source.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/log.h"
#include "sync-agent/pods/wishes.h"

#define PODS_PATH "/api/v1/pods"

struct source {
	struct source *next;
	struct agent *agent;
	char node[254]; /* "": those of our scheduler */
	char *query;
	struct watch watch;
	bool listed; /* once */
	bool dead;   /* to be freed when its last request has ended */
};

/* In a record's listed: by which kind of source. A pod has one node at most. */
enum { BY_NODE = 1, BY_SCHEDULER = 2 };

static unsigned char bit_of(const struct source *s)
{
	return s->node[0] ? BY_NODE : BY_SCHEDULER;
}

/* Would the API server tell of that pod by this source? */
static bool has(const struct source *s, const struct pod *p)
{
	return p->exists && (s->node[0] ? !strcmp(s->node, p->node) : p->scheduled_by_us);
}

static void list_begins(struct source *s)
{
	for (struct pod *p = s->agent->pods.table; p; p = p->hh.next)
		if (has(s, p))
			p->listed &= (unsigned char)~bit_of(s);
}

static void list_ends(struct source *s)
{
	struct agent *a = s->agent;
	struct source *other;

	for (struct pod *p = a->pods.table; p; p = p->hh.next)
		if (has(s, p) && !(p->listed & bit_of(s)) && !p->in_flight)
			pods_forget(a, p, NULL);
	s->listed = true;
	a->pods.settled = true;
	LL_FOREACH (a->pods.sources, other)
		a->pods.settled &= other->listed || other->dead;
}

static void on_event(void *ctx, enum watch_event event, struct json_object *object)
{
	struct source *s = ctx;
	struct pod *p;

	if (s->dead)
		return;
	switch (event) {
	case WATCH_LIST_BEGINS:
		list_begins(s);
		break;
	case WATCH_LISTED:
	case WATCH_CHANGED:
		pods_take(s->agent, object);
		p = pods_find(&s->agent->pods, json_get_string(object, "metadata.namespace") ?: "",
			      json_get_string(object, "metadata.name") ?: "");
		if (p)
			p->listed |= bit_of(s);
		break;
	case WATCH_LIST_ENDS:
		list_ends(s);
		break;
	case WATCH_DELETED:
		pods_deleted(s->agent, object);
		break;
	}
}

/* node: "" for our scheduler's. */
static void add(struct agent *a, const char *node)
{
	struct source *s = calloc(1, sizeof(*s));
	int len;

	if (!s)
		return;
	s->agent = a;
	snprintf(s->node, sizeof(s->node), "%s", node);
	len = node[0] ? asprintf(&s->query, "fieldSelector=spec.nodeName%%3D%s", node)
		      : asprintf(&s->query, "fieldSelector=spec.schedulerName%%3D%s",
				 a->config.pods_scheduler);
	if (len < 0) {
		free(s);
		return;
	}
	s->watch = (struct watch){ .kube = a->kube,
				   .path = PODS_PATH,
				   .query = s->query,
				   .on_event = on_event,
				   .ctx = s };
	a->pods.settled = false;
	LL_PREPEND(a->pods.sources, s);
}

static struct source *find(const struct agent *a, const char *node)
{
	struct source *s;

	LL_FOREACH (a->pods.sources, s)
		if (!s->dead && !strcmp(s->node, node))
			return s;
	return NULL;
}

void sources_want_node(struct agent *a, const char *node, bool wanted)
{
	struct source *s = find(a, node);

	if (wanted && !s)
		add(a, node);
	if (!wanted && s)
		s->dead = true;
}

static void free_source(struct source *s)
{
	watch_free(&s->watch);
	free(s->query);
	free(s);
}

int64_t pods_watch(struct agent *a)
{
	struct source *s, *tmp;
	int64_t next;

	if (!pods_wanted(a))
		return INT64_MAX;
	next = wishes_run(a);
	if (a->config.pods_scheduler && !find(a, ""))
		add(a, "");
	LL_FOREACH_SAFE (a->pods.sources, s, tmp) {
		int64_t due;

		if (s->dead && !s->watch.busy) {
			LL_DELETE(a->pods.sources, s);
			free_source(s);
			continue;
		}
		due = s->dead ? INT64_MAX : watch_step(&s->watch);
		next = due < next ? due : next;
	}
	return next;
}

void sources_free(struct agent *a)
{
	struct source *s, *tmp;

	LL_FOREACH_SAFE (a->pods.sources, s, tmp)
		free_source(s);
	a->pods.sources = NULL;
}
