/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes from the API server and from credential plugins, in any form: lines of a watch ('w'), a page
 * of a list ('p'), a Lease ('l'), what a plugin prints ('e'). */
#include <errno.h>

#include "fuzz.h"
#include "sync-agent/kube/exec.h"
#include "sync-agent/kube/watch.c"
#include "sync-agent/lease.h"

int kube_send(struct kube *k, const struct kube_request *request, struct error *err)
{
	return error_set(err, EIO, "nothing is sent here");
}

static void on_event(void *ctx, enum watch_event event, struct json_object *object)
{
	bool has_object = event != WATCH_LIST_BEGINS && event != WATCH_LIST_ENDS;

	must(has_object || !object);
}

static void give_lines(struct watch *w, char *text)
{
	for (char *line; (line = strsep(&text, "\n"));)
		if (line[0])
			on_line(w, line, strlen(line));
}

static void give_page(struct watch *w, const char *text, size_t len)
{
	struct kube_answer answer = { .status = 200, .body = text, .len = len, .problem = "" };

	on_page(w, &answer);
	/* It asks for the next page, lists again, or watches. */
	must(w->next_page || w->version || w->list_again || w->not_before);
}

static void give_lease(const char *text, size_t len)
{
	_cleanup_json_ struct json_object *o = json_parse(text, len, NULL);
	struct timespec now = { .tv_sec = 1700000000 };
	struct lease l = { 0 };

	lease_take(&l, o, 1000);
	must(lease_free_at(&l, "me") <= 1000 + 3600 * 1000000LL);
	json_object_put(lease_spec(&l, "me", 15000000, now));
}

static void give_plugin(const char *text, size_t len)
{
	struct exec_credential c = { 0 };
	struct error err = { 0 };

	if (exec_credential_parse(text, len, "client.authentication.k8s.io/v1", &c, &err) < 0)
		must(err.code);
	else
		must(c.token || (c.certificate && c.key));
	exec_credential_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch w = { .path = "/x", .on_event = on_event };
	_cleanup_free_ char *text = size ? strndup((const char *)data + 1, size - 1) : NULL;

	if (!text)
		return 0;
	log_set_level(LOG_LEVEL_ERROR);
	switch (data[0]) {
	case 'w':
		give_lines(&w, text);
		break;
	case 'p':
		give_page(&w, text, strlen(text));
		break;
	case 'l':
		give_lease(text, strlen(text));
		break;
	case 'e':
		give_plugin(text, strlen(text));
		break;
	}
	watch_free(&w);
	return 0;
}
