/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/wishes.h"

#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/companion.h"

#define NAMESPACES_PATH "/api/v1/namespaces"
#define JOBS_PATH "/apis/" OBJECT_API_VERSION "/namespaces/%s/slurmjobs?limit=100"
#define AGAIN 2000000 /* microseconds */

struct wish
{
	char name[64];
	int wish;
	bool listed;  /* in the list that is being read */
	bool changed; /* its SlurmJobs have to be looked at */
	UT_hash_handle hh;
};

struct wishes {
	struct agent *agent;
	struct watch watch;
	struct wish *table; /* of those that say something, or have */
	bool busy;		 /* SlurmJobs are being read */
	char reading[64];	 /* of that namespace */
	char *next_page;
	int64_t not_before;
};

int wishes_of(const struct agent *a, const char *namespace)
{
	struct wish *n = NULL;

	if (a->pods.wishes)
		HASH_FIND_STR(a->pods.wishes->table, namespace, n);
	return n ? n->wish : 0;
}

/* -- namespaces ----------------------------------------------------------------------------- */

static void set(struct wishes *w, const char *name, int wish)
{
	struct wish *n;

	HASH_FIND_STR(w->table, name, n);
	if (!n && !wish)
		return;
	if (!n) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return;
		snprintf(n->name, sizeof(n->name), "%s", name);
		HASH_ADD_STR(w->table, name, n);
	}
	n->changed |= n->wish != wish;
	n->wish = wish;
	n->listed = true;
}

static void on_event(void *ctx, enum watch_event event, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	const char *text =
		json_member_string(json_get(object, "metadata.annotations"), COMPANION_ASKED);
	struct wishes *w = ctx;

	switch (event) {
	case WATCH_LIST_BEGINS:
		for (struct wish *n = w->table; n; n = n->hh.next)
			n->listed = false;
		break;
	case WATCH_LISTED:
	case WATCH_CHANGED:
		if (name)
			set(w, name,
			    !text		     ? 0
			    : !strcmp(text, "true")  ? 1
			    : !strcmp(text, "false") ? -1
						     : 0);
		break;
	case WATCH_LIST_ENDS:
		for (struct wish *n = w->table; n; n = n->hh.next)
			if (!n->listed)
				set(w, n->name, 0);
		break;
	case WATCH_DELETED:
		if (name)
			set(w, name, 0);
		break;
	}
}

/* -- their SlurmJobs ------------------------------------------------------------------------ */

/* One that is older than what is known of it was looked at since, with the wish as it is now. */
static void take_job(struct agent *a, struct json_object *job)
{
	const char *name = json_get_string(job, "metadata.name");
	const char *namespace = json_get_string(job, "metadata.namespace");
	const char *version = json_get_string(job, "metadata.resourceVersion");
	struct entry *e = name && namespace ? entry_find_name(&a->entries, namespace, name) : NULL;

	if (!e || !e->exists || !e->version || !version ||
	    strtoull(version, NULL, 10) < strtoull(e->version, NULL, 10))
		return;
	pods_job(a, e, job);
}

static void set_page(struct wishes *w, const char *token)
{
	free(w->next_page);
	w->next_page = token && token[0] ? strdup(token) : NULL;
}

static void again(struct wishes *w)
{
	struct wish *n;

	HASH_FIND_STR(w->table, w->reading, n);
	if (n)
		n->changed = true;
	set_page(w, NULL);
	w->not_before = clock_us() + AGAIN;
}

static void on_jobs(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *page = NULL;
	struct wishes *w = ctx;
	struct json_object *items;

	w->busy = false;
	page = answer->status == 200 ? json_parse(answer->body, answer->len, NULL) : NULL;
	if (!page) {
		again(w);
		return;
	}
	items = json_get(page, "items");
	for (size_t i = 0; i < json_length(items); i++)
		take_job(w->agent, json_object_array_get_idx(items, i));
	set_page(w, json_get_string(page, "metadata.continue"));
}

static void read_jobs(struct wishes *w)
{
	_cleanup_buffer_ struct buffer path = BUFFER_INIT(16384);
	char *token = w->next_page ? curl_easy_escape(NULL, w->next_page, 0) : NULL;
	struct kube_request r = { .method = "GET", .done = on_jobs, .ctx = w };
	struct error err;

	buffer_printf(&path, JOBS_PATH "%s%s", w->reading, token ? "&continue=" : "",
		      token ? token : "");
	curl_free(token);
	r.path = path.data;
	if (path.overflowed || kube_send(w->agent->kube, &r, &err) < 0)
		again(w);
	else
		w->busy = true;
}

/* Go on with one that has more pages, else with the next that has changed. */
static void next_jobs(struct wishes *w)
{
	struct wish *n, *tmp;

	if (w->next_page) {
		read_jobs(w);
		return;
	}
	HASH_ITER (hh, w->table, n, tmp) {
		if (n->changed) {
			n->changed = false;
			snprintf(w->reading, sizeof(w->reading), "%s", n->name);
			read_jobs(w);
			return;
		}
		if (!n->wish) {
			HASH_DEL(w->table, n);
			free(n);
		}
	}
}

/* -- the run -------------------------------------------------------------------------------- */

int64_t wishes_run(struct agent *a)
{
	struct wishes *w = a->pods.wishes;
	int64_t now = clock_us(), next;

	if (companion_mode(a->config.logs_pods) == COMPANION_NONE)
		return INT64_MAX;
	if (!w) {
		w = a->pods.wishes = calloc(1, sizeof(*w));
		if (!w)
			return now + AGAIN;
		w->agent = a;
		w->watch = (struct watch){
			.kube = a->kube, .path = NAMESPACES_PATH, .on_event = on_event, .ctx = w
		};
	}
	next = watch_step(&w->watch);
	if (!a->listed || w->busy)
		return next;
	if (now < w->not_before)
		return w->not_before < next ? w->not_before : next;
	if (kube_has_room(a->kube))
		next_jobs(w);
	return next;
}

void wishes_free(struct agent *a)
{
	struct wishes *w = a->pods.wishes;
	struct wish *n, *tmp;

	if (!w)
		return;
	watch_free(&w->watch);
	free(w->next_page);
	HASH_ITER (hh, w->table, n, tmp) {
		HASH_DEL(w->table, n);
		free(n);
	}
	free(w);
	a->pods.wishes = NULL;
}
