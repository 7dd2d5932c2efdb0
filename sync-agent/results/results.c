/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/results.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/log.h"
#include "sync-agent/results/collection.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/results/note.h"

#define HEAR_AT_ONCE 16

/* -- collections ------------------------------------------------------------------------------ */

struct entry *collection_entry(const struct collection *c)
{
	struct entry *e = entry_find_name(&c->agent->entries, c->namespace, c->name);

	return e && e->exists && !strcmp(e->uid, c->uid) ? e : NULL;
}

struct json_object *collection_spec(const struct collection *c)
{
	return json_object_array_get_idx(c->list, c->at);
}

struct json_object *collection_result(const struct collection *c)
{
	return json_object_array_get_idx(c->results, c->at);
}

static struct collection *find(const struct agent *a, const char *uid)
{
	struct collection *c;

	HASH_FIND_STR(a->results.all, uid, c);
	return c;
}

void collection_reset(struct collection *c)
{
	collection_close(c);
	for (size_t i = 0; i < OBJECTS; i++) {
		json_object_put(c->objects[i]);
		c->objects[i] = NULL;
		c->missing[i] = false;
	}
	json_object_put(c->answer);
	c->answer = NULL;
}

void collection_free(struct collection *c)
{
	free(c->namespace);
	free(c->name);
	free(c->invalid);
	json_object_put(c->list);
	json_object_put(c->object);
	json_object_put(c->results);
	free(c);
}

/* Answers that are still to come find it gone. */
void collection_forget(struct collection *c)
{
	struct results *r = &c->agent->results;

	collection_reset(c);
	HASH_DEL(r->all, c);
	if (c->active)
		DL_DELETE(r->active, c);
	else
		DL_DELETE(r->waiting, c);
	r->n_active -= c->active;
	c->gone = true;
	if (!c->requests)
		collection_free(c);
}

static struct collection *make(struct agent *a, const struct entry *e, uint64_t key)
{
	struct collection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->agent = a;
	c->fd = -1;
	c->key = key;
	snprintf(c->uid, sizeof(c->uid), "%s", e->uid);
	c->namespace = strdup(e->namespace);
	c->name = strdup(e->name);
	if (!c->namespace || !c->name) {
		collection_free(c);
		return NULL;
	}
	HASH_ADD_STR(a->results.all, uid, c);
	DL_APPEND(a->results.waiting, c);
	return c;
}

/* -- what has to be done ---------------------------------------------------------------------- */

/* Why what is asked for can't be; NULL if it can. The caller frees it. */
static char *problem_of(const struct agent *a, const struct entry *e)
{
	_cleanup_json_ struct json_object *spec = entry_spec(e);
	struct error err;

	return results_check(json_get(spec, "results"), &a->config.results_http_allow, &err) < 0
		       ? strdup(err.text)
		       : NULL;
}

static uint64_t key_of_entry(const struct entry *e)
{
	return results_key(e->results->asked, e->ended ? e->started : 0);
}

static bool is_told(const struct entry *e, uint64_t key)
{
	return e->results->told == key && e->results->final;
}

/* Before the job's end it is only looked at whether it makes sense. Returns true if there is
 * something to tell: that it doesn't, or that what was told before is over. */
static bool look(struct agent *a, const struct entry *e, char **problem)
{
	if (e->results->checked == e->results->asked && !e->results->told)
		return false;
	*problem = problem_of(a, e);
	if (!*problem)
		e->results->checked = e->results->asked;
	return *problem || e->results->told;
}

void results_taken(struct agent *a, struct entry *e)
{
	struct collection *c = e->results || a->results.all ? find(a, e->uid) : NULL;
	uint64_t key = e->results && e->exists ? key_of_entry(e) : 0;
	char *problem = NULL;

	/* The job runs again, or something else is asked for. */
	if (c && c->key != key) {
		collection_forget(c);
		c = NULL;
	}
	if (c || !key || !e->id || !e->state[0] || is_told(e, key))
		return;
	/* What was thrown away before it was begun isn't collected. */
	if (e->deleting && e->results->told != key)
		return;
	if (!e->ended && !look(a, e, &problem))
		return;
	c = make(a, e, key);
	if (!c) {
		free(problem);
		return;
	}
	c->invalid = problem;
	c->clear = !e->ended && !problem;
}

bool results_are_wrong(const struct entry *e)
{
	return e->results && is_told(e, results_key(e->results->asked, 0));
}

bool results_hold(const struct agent *a, const struct entry *e)
{
	const struct collection *c = e->results ? find(a, e->uid) : NULL;

	if (!c || !e->ended || a->dry_run)
		return false;
	return c->active || c->begun || !e->deleting || e->results->told == c->key;
}

/* -- steps ------------------------------------------------------------------------------------ */

void collection_go(struct collection *c, enum collection_step step)
{
	c->step = step;
	c->not_before = 0;
}

void collection_wait(struct collection *c, int64_t us)
{
	c->not_before = clock_us() + us;
}

static void end_entry(struct collection *c, const char *state, const char *text,
		      enum metric_counter counter)
{
	struct json_object *result = collection_result(c);

	json_set_string(result, "state", state);
	if (text)
		json_object_object_add(result, "message", text_json(text, TEXT_MAX));
	else
		json_object_object_del(result, "message");
	metrics_count(&c->agent->metrics, counter);
	c->changes++;
	c->tries = 0;
	collection_reset(c);
	collection_go(c, COLLECT_ENTRY);
}

void collection_failed(struct collection *c, const char *text)
{
	log_info("%s/%s: results[%zu]: %s", c->namespace, c->name, c->at, text);
	end_entry(c, "Failed", text, COUNT_RESULT_FAILED);
}

void collection_skipped(struct collection *c, const char *text)
{
	end_entry(c, "Skipped", text, COUNT_RESULT_SKIPPED);
}

void collection_collected(struct collection *c)
{
	c->agent->metrics.counters[COUNT_RESULT_BYTES] +=
		(uint64_t)json_get_int(collection_result(c), "bytes", 0);
	end_entry(c, "Collected", NULL, COUNT_RESULT_COLLECTED);
}

static bool is_over(struct json_object *result)
{
	const char *state = json_get_string(result, "state") ?: "";

	return !strcmp(state, "Collected") || !strcmp(state, "Failed") || !strcmp(state, "Skipped");
}

/* The next one that isn't over and needn't wait. Returns false if there is none, with the time
 * until one is to be looked at again; INT64_MAX: never. */
static bool find_entry(struct collection *c, int64_t *next)
{
	int64_t now = clock_us();

	*next = INT64_MAX;
	for (c->at = 0; c->at < json_length(c->results); c->at++) {
		if (is_over(collection_result(c)))
			continue;
		if (c->claims[c->at].next <= now)
			return true;
		*next = clock_earlier(*next, c->claims[c->at].next - now);
	}
	return false;
}

static bool collect_entry(struct collection *c)
{
	const char *when;
	int64_t next;

	if (!find_entry(c, &next)) {
		if (next < INT64_MAX)
			collection_wait(c, next);
		else
			collection_go(c, COLLECT_TELL);
		return next == INT64_MAX;
	}
	when = json_get_string(collection_spec(c), "when");
	if (c->never_ran)
		collection_skipped(c, "the job has never run");
	else if (c->failed && when && !strcmp(when, "OnSuccess"))
		collection_skipped(c, "the job has failed, and when is OnSuccess");
	else
		collection_go(c, COLLECT_TARGET);
	return true;
}

static bool (*const steps[])(struct collection *c) = {
	[COLLECT_OBJECT] = collect_object, [COLLECT_ENTRY] = collect_entry,
	[COLLECT_TARGET] = collect_target, [COLLECT_RUN] = collect_run_program,
	[COLLECT_STORE] = collect_store,   [COLLECT_TELL] = collect_tell,
};

/* -- the run ---------------------------------------------------------------------------------- */

static unsigned active_in(const struct agent *a, const char *namespace)
{
	struct collection *c;
	unsigned n = 0;

	DL_FOREACH (a->results.active, c)
		n += !strcmp(c->namespace, namespace);
	return n;
}

/* Slots for those that may begin; one namespace doesn't get all. */
static int64_t activate(struct agent *a, int64_t now)
{
	unsigned most = (unsigned)a->config.results_parallel, share = (most + 1) / 2;
	int64_t next = INT64_MAX;
	struct collection *c, *tmp;

	DL_FOREACH_SAFE (a->results.waiting, c, tmp) {
		if (a->results.n_active >= most)
			break;
		if (c->not_before > now) {
			next = clock_earlier(next, c->not_before);
			continue;
		}
		if (active_in(a, c->namespace) >= share)
			continue;
		DL_DELETE(a->results.waiting, c);
		DL_APPEND(a->results.active, c);
		a->results.n_active++;
		c->active = true;
	}
	return next;
}

/* What waits for long needs no slot. */
static void deactivate(struct collection *c)
{
	struct results *r = &c->agent->results;

	DL_DELETE(r->active, c);
	DL_APPEND(r->waiting, c);
	r->n_active--;
	c->active = false;
}

static int64_t advance(struct collection *c, int64_t now)
{
	struct entry *e = collection_entry(c);
	int64_t next;

	if (!e) {
		collection_forget(c);
		return INT64_MAX;
	}
	while (c->not_before <= now && !c->requests && steps[c->step](c))
		;
	next = collection_tell(c);
	if (c->not_before > now)
		next = clock_earlier(next, c->not_before);
	if (c->fd >= 0)
		next = clock_earlier(next, c->deadline);
	if (c->step == COLLECT_ENTRY && c->not_before > now)
		deactivate(c);
	return next;
}

int64_t results_run(struct agent *a)
{
	struct collection *c, *tmp;
	int64_t now = clock_us(), next;

	if (!a->results.all || !a->listed || fence_passed() || a->dry_run)
		return INT64_MAX;
	if (now < a->kube_pause_until)
		return a->kube_pause_until;
	next = activate(a, now);
	DL_FOREACH_SAFE (a->results.active, c, tmp)
		next = clock_earlier(next, advance(c, now));
	return next;
}

int results_fd(const struct agent *a)
{
	return a->results.epoll;
}

void results_hear(struct agent *a)
{
	struct epoll_event events[HEAR_AT_ONCE];
	int n = epoll_wait(a->results.epoll, events, HEAR_AT_ONCE, 0);

	for (int i = 0; i < n; i++)
		collection_hear(events[i].data.ptr);
}

bool results_settled(const struct agent *a)
{
	return !a->results.all || a->dry_run;
}

int results_start(struct agent *a, struct error *err)
{
	a->results.epoll = epoll_create1(EPOLL_CLOEXEC);
	return a->results.epoll < 0 ? error_errno(err, "epoll") : 0;
}

void results_free(struct agent *a)
{
	struct collection *c, *tmp;

	HASH_ITER (hh, a->results.all, c, tmp) {
		c->requests = 0; /* the client ends as well */
		collection_forget(c);
	}
	closep(&a->results.epoll);
}
