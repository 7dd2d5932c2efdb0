/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"

#define PAGE 100             /* objects of a list's page: bounds the memory a list takes */
#define WATCH_SECONDS 240    /* the server ends it then: shorter than the client's patience */
#define PAUSE_FIRST 200000   /* microseconds before the first new try */
#define PAUSE_LAST 5000000
#define SHORT 1000000        /* a watch that ended sooner ... */
#define PAUSE_SHORT 250000   /* ... is asked for again after that */

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = text && text[0] ? strdup(text) : NULL;
}

static void pause_after_trouble(struct watch *w, const struct kube_answer *answer)
{
	w->pause_us = w->pause_us ? w->pause_us * 2 : PAUSE_FIRST;
	if (w->pause_us > PAUSE_LAST)
		w->pause_us = PAUSE_LAST;
	w->not_before = clock_us() + (answer->retry_us > w->pause_us ? answer->retry_us : w->pause_us);
	if (w->said_down)
		return;
	w->said_down = true;
	if (answer->status == 404)
		log_warning("Kubernetes has no %s: install the custom resources (kubectl apply -k crd/); "
			    "waiting for them",
			    w->path);
	else
		log_warning("Kubernetes: %s: %s; trying again until it answers", w->path,
			    answer->problem[0] ? answer->problem : "no answer");
}

static void note_success(struct watch *w)
{
	if (w->said_down)
		log_info("Kubernetes: %s answers again", w->path);
	w->said_down = false;
	w->pause_us = 0;
	w->not_before = 0;
}

static void start_over(struct watch *w)
{
	w->list_again = true;
	w->listing = false;
	set_text(&w->next_page, NULL);
	set_text(&w->version, NULL);
}

/* -- list ----------------------------------------------------------------------------------- */

static void on_page(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *page = NULL;
	struct watch *w = ctx;
	struct error err = { 0 };
	struct json_object *items;

	w->busy = false;
	if (answer->status == 200 && !(page = json_parse(answer->body, answer->len, &err))) {
		log_error("Kubernetes: %s: %s", w->path, err.text);
		start_over(w);
		pause_after_trouble(w, answer);
		return;
	}
	if (answer->status != 200) {
		start_over(w);
		if (answer->status != 410) /* the list took too long: begin anew at once */
			pause_after_trouble(w, answer);
		return;
	}
	note_success(w);
	if (!w->listing) {
		w->listing = true;
		w->on_event(w->ctx, WATCH_LIST_BEGINS, NULL);
	}
	items = json_get(page, "items");
	for (size_t i = 0; i < json_length(items); i++)
		w->on_event(w->ctx, WATCH_LISTED, json_object_array_get_idx(items, i));
	set_text(&w->next_page, json_get_string(page, "metadata.continue"));
	if (w->next_page)
		return;
	set_text(&w->version, json_get_string(page, "metadata.resourceVersion"));
	if (!w->version) {
		log_error("Kubernetes: %s: a list without resourceVersion", w->path);
		start_over(w);
		pause_after_trouble(w, answer);
		return;
	}
	w->listing = w->list_again = false;
	w->on_event(w->ctx, WATCH_LIST_ENDS, NULL);
}

/* -- watch ---------------------------------------------------------------------------------- */

void watch_know(struct watch *w, const char *version)
{
	uint64_t number = version ? strtoull(version, NULL, 10) : 0;

	if (number)
		w->known[w->known_next++ % WATCH_KNOWN] = number;
}

uint64_t watch_version_of(const char *text, const char **after)
{
	static const char key[] = "\"resourceVersion\":\"";
	const char *at = strstr(text, key);
	unsigned long long number;
	char *end;

	if (!at)
		return 0;
	number = strtoull(at + strlen(key), &end, 10);
	*after = end;
	return *end == '"' && end - at < 40 ? number : 0;
}

/* Does the line tell of a version that is known already? It has to be the only one there. */
static uint64_t known_version(const struct watch *w, const char *line)
{
	static const char *const types[] = { "{\"type\":\"MODIFIED\",", "{\"type\":\"ADDED\"," };
	const char *after, *more;
	uint64_t number;

	if (strncmp(line, types[0], strlen(types[0])) && strncmp(line, types[1], strlen(types[1])))
		return 0;
	number = watch_version_of(line, &after);
	for (size_t i = 0; number && i < WATCH_KNOWN; i++)
		if (w->known[i] == number)
			return watch_version_of(after, &more) ? 0 : number;
	return 0;
}

static void on_line(void *ctx, const char *line, size_t len)
{
	_cleanup_json_ struct json_object *event = NULL;
	struct watch *w = ctx;
	uint64_t known = known_version(w, line);
	char version[24];
	struct error err = { 0 };
	struct json_object *object;
	const char *type;

	if (known) {
		snprintf(version, sizeof(version), "%" PRIu64, known);
		note_success(w);
		set_text(&w->version, version);
		return;
	}
	event = json_parse(line, len, &err);
	type = json_get_string(event, "type");
	object = json_get(event, "object");
	if (!type || !object) {
		log_error("Kubernetes: watch of %s: %s", w->path, event ? "no event" : err.text);
		start_over(w);
		return;
	}
	note_success(w);
	if (!strcmp(type, "ERROR")) {
		if (json_get_int(object, "code", 0) != 410)
			log_warning("Kubernetes: watch of %s: %s", w->path,
				    json_get_string(object, "message") ?: "error");
		start_over(w);
		return;
	}
	set_text(&w->version, json_get_string(object, "metadata.resourceVersion"));
	if (!strcmp(type, "DELETED"))
		w->on_event(w->ctx, WATCH_DELETED, object);
	else if (strcmp(type, "BOOKMARK"))
		w->on_event(w->ctx, WATCH_CHANGED, object);
}

static void on_watch_end(void *ctx, const struct kube_answer *answer)
{
	struct watch *w = ctx;

	w->busy = false;
	if (answer->status == 200) {
		/* Its time was over: go on. A busy server ends a watch whose events it can't send fast enough;
		 * from what it keeps it sends them for less. */
		if (clock_us() - w->began < SHORT)
			w->not_before = clock_us() + PAUSE_SHORT;
		return;
	}
	if (answer->status == 410 || answer->status == 404)
		start_over(w);
	if (answer->status != 410)
		pause_after_trouble(w, answer);
}

/* -- steps ---------------------------------------------------------------------------------- */

static void send_request(struct watch *w)
{
	_cleanup_buffer_ struct buffer path = BUFFER_INIT(16384);
	struct kube_request r = { .method = "GET", .ctx = w };
	struct error err;

	buffer_printf(&path, "%s?%s%s", w->path, w->query ? w->query : "", w->query ? "&" : "");
	if (!w->version || w->list_again) {
		char *token = w->next_page ? curl_easy_escape(NULL, w->next_page, 0) : NULL;

		buffer_printf(&path, "limit=%d%s%s", PAGE, token ? "&continue=" : "",
			      token ? token : "");
		curl_free(token);
		r.done = on_page;
	} else {
		buffer_printf(&path,
			      "watch=1&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%d",
			      w->version, WATCH_SECONDS);
		r.done = on_watch_end;
		r.line = on_line;
	}
	r.path = path.data;
	if (path.overflowed || kube_send(w->kube, &r, &err) < 0) {
		w->not_before = clock_us() + PAUSE_LAST;
		return;
	}
	w->busy = true;
	w->began = clock_us();
}

int64_t watch_step(struct watch *w)
{
	if (w->busy)
		return INT64_MAX;
	if (clock_us() < w->not_before)
		return w->not_before;
	send_request(w);
	return w->busy ? INT64_MAX : w->not_before;
}

void watch_free(struct watch *w)
{
	set_text(&w->version, NULL);
	set_text(&w->next_page, NULL);
}
