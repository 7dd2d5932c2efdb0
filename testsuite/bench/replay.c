/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plain load generator: make the objects in FILE (JSON, one a line) in another namespace and
 * write their status, as fast as the API server takes it: one HTTP/2 connection, a window of
 * requests in flight, nothing else.
 * Prints writes, seconds, writes per second, microseconds of processor time for a write. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define VERSION_MARK "@VERSION@"
#define URL_BYTES 1024

/* One object: its creation, then its status. */
struct item {
	char *name, *create,
		*status; /* status: with VERSION_MARK for what the creation's answer says */
};

struct call {
	CURL *curl;
	struct item *item;
	bool created;
	char *body; /* of the status */
	char answer[65536];
	size_t used;
};

static const char *server, *ca, *cert, *key, *path;
static struct curl_slist *headers;
static unsigned long failed;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct item *read_items(const char *file, size_t *n)
{
	FILE *f = fopen(file, "re");
	struct item *items = NULL;
	char *line = NULL;
	size_t size = 0;

	if (!f)
		die(file);
	for (*n = 0; getline(&line, &size, f) > 0; (*n)++) {
		struct json_object *o = json_tokener_parse(line), *metadata, *status = NULL, *name;

		items = reallocarray(items, *n + 1, sizeof(*items));
		if (!o || !items || !json_object_object_get_ex(o, "metadata", &metadata) ||
		    !json_object_object_get_ex(metadata, "name", &name))
			die("a line that is no object");
		json_object_object_get_ex(o, "status", &status);
		json_object_get(status);
		json_object_object_del(o, "status");
		items[*n].name = strdup(json_object_get_string(name));
		items[*n].create =
			strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
		json_object_object_del(o, "spec");
		json_object_object_add(metadata, "resourceVersion",
				       json_object_new_string(VERSION_MARK));
		json_object_object_add(o, "status", status);
		items[*n].status =
			strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
		json_object_put(o);
	}
	free(line);
	fclose(f);
	return items;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct call *call = arg;
	size_t room = sizeof(call->answer) - 1 - call->used,
	       take = size * n < room ? size * n : room;

	memcpy(call->answer + call->used, data, take);
	call->used += take;
	call->answer[call->used] = '\0';
	return size * n;
}

/* The status with the version that the creation's answer tells. */
static char *status_body(struct call *call)
{
	static const char field[] = "\"resourceVersion\":\"";
	const char *version = strstr(call->answer, field);
	const char *mark = strstr(call->item->status, VERSION_MARK);
	char *body = NULL;

	if (!version)
		return NULL;
	version += strlen(field);
	if (asprintf(&body, "%.*s%.*s%s", (int)(mark - call->item->status), call->item->status,
		     (int)strcspn(version, "\""), version, mark + strlen(VERSION_MARK)) < 0)
		die("asprintf");
	return body;
}

static void send_call(CURLM *multi, struct call *call)
{
	const char *body = call->created ? call->body : call->item->create;
	char url[URL_BYTES];

	if (call->created)
		snprintf(url, sizeof(url), "%s%s/%s/status", server, path, call->item->name);
	else
		snprintf(url, sizeof(url), "%s%s", server, path);
	if (!call->curl)
		call->curl = curl_easy_init();
	curl_easy_setopt(call->curl, CURLOPT_URL, url);
	curl_easy_setopt(call->curl, CURLOPT_CUSTOMREQUEST, call->created ? "PUT" : "POST");
	curl_easy_setopt(call->curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(call->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(call->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(call->curl, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(call->curl, CURLOPT_CAINFO, ca);
	curl_easy_setopt(call->curl, CURLOPT_SSLCERT, cert);
	curl_easy_setopt(call->curl, CURLOPT_SSLKEY, key);
	curl_easy_setopt(call->curl, CURLOPT_PRIVATE, call);
	curl_easy_setopt(call->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(call->curl, CURLOPT_WRITEDATA, call);
	call->used = 0;
	curl_multi_add_handle(multi, call->curl);
}

/* An answer has come: the next request of the same object. Returns false if that was its last. */
static bool go_on(struct call *call, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK || status < 200 || status > 299) {
		if (failed++ == 0)
			fprintf(stderr, "replay: %s: %s (status %ld) %.300s\n", call->item->name,
				curl_easy_strerror(code), status, call->answer);
		return false;
	}
	if (call->created)
		return false;
	call->body = status_body(call);
	call->created = call->body != NULL;
	return call->created;
}

static unsigned long run(struct item *items, size_t n, unsigned window)
{
	CURLM *multi = curl_multi_init();
	struct call *calls = calloc(window, sizeof(*calls));
	unsigned long writes = 0;
	size_t next = 0, busy = 0;

	if (!multi || !calls)
		die("memory");
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	for (; busy < window && next < n; busy++) {
		calls[busy].item = &items[next++];
		send_call(multi, &calls[busy]);
	}
	while (busy) {
		struct CURLMsg *msg;
		int running, left;

		curl_multi_perform(multi, &running);
		while ((msg = curl_multi_info_read(multi, &left))) {
			struct call *call;
			bool more;

			curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
			curl_multi_remove_handle(multi, call->curl);
			more = go_on(call, msg->data.result);
			writes++;
			if (!more) {
				free(call->body);
				call->body = NULL;
				call->created = false;
				call->item = next < n ? &items[next++] : NULL;
			}
			if (call->item)
				send_call(multi, call);
			else
				busy--;
		}
		if (busy)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	return writes - failed;
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: replay --server=URL --ca=FILE --cert=FILE --key=FILE --path=COLLECTION "
		    "[--window=32] FILE\n");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "server", required_argument, NULL, 's' },
		{ "ca", required_argument, NULL, 'a' },
		{ "cert", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "path", required_argument, NULL, 'p' },
		{ "window", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	unsigned window = 32;
	struct item *items;
	unsigned long writes;
	double began, seconds, used;
	size_t n;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			server = optarg;
			break;
		case 'a':
			ca = optarg;
			break;
		case 'c':
			cert = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'p':
			path = optarg;
			break;
		case 'w':
			window = (unsigned)atoi(optarg);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!server || !ca || !cert || !key || !path || !window || window > 1000 ||
	    optind != argc - 1) {
		usage(stderr);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	items = read_items(argv[optind], &n);
	began = now();
	used = cpu();
	writes = run(items, n, window);
	seconds = now() - began;
	used = cpu() - used;
	printf("%lu %.3f %.1f %.1f\n", writes, seconds, writes / seconds, used / writes * 1e6);
	return failed ? 1 : 0;
}
