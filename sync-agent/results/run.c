/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that collects an entry, and what it says. It runs as the job's owner, who can make it
 * say anything. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kube/base64.h"
#include "sync-agent/results/collection.h"
#include "sync-agent/results/collector.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/results/volume.h"

#define AGAIN 1000000 /* microseconds */
#define TRIES 3
#define PIECES 16 /* that are read at once */
#define GRACE 20000000

void collection_close(struct collection *c)
{
	/* Not by being closed alone: another process may have it open for a moment. */
	if (c->fd >= 0)
		epoll_ctl(c->agent->results.epoll, EPOLL_CTL_DEL, c->fd, NULL);
	closep(&c->fd);
	c->fd = -1;
	buffer_free(&c->in);
}

/* -- the request ------------------------------------------------------------------------------ */

static uint64_t bytes_so_far(const struct collection *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < json_length(c->results); i++)
		if (i != c->at)
			sum += (uint64_t)json_get_int(json_object_array_get_idx(c->results, i),
						      "bytes", 0);
	return sum;
}

static char *pattern_of(const struct collection *c)
{
	struct json_object *status = json_get(c->object, "status");
	uint32_t id = (uint32_t)json_get_int(status, "jobId", 0);
	struct output_names names = {
		.job_id = id,
		.array_id = json_get(status, "array") ? id : 0,
		.job_name = json_get_string(status, "current.jobName") ?: "",
		.user = json_get_string(status, "user") ?: "",
	};

	return result_pattern(json_get_string(collection_spec(c), "from"), &names);
}

static int add_volume(const struct collection *c, struct json_object *o, struct error *err)
{
	const char *path = json_get_string(collection_spec(c), "to.persistentVolumeClaim.path");
	char root[PATH_MAX];

	if (result_volume_folder(c->objects[OBJECT_CLAIM], c->objects[OBJECT_VOLUME],
				 &c->agent->config.results_volumes, root, sizeof(root), err) < 0)
		return -1;
	json_set_string(o, "to", "volume");
	json_set_string(o, "root", root);
	json_set_string(o, "path", path ?: c->name);
	return 0;
}

static int add_map(const struct collection *c, struct json_object *o, struct error *err)
{
	json_set_string(o, "to", "configMap");
	json_set_string(o, "key", json_get_string(collection_spec(c), "to.configMap.key"));
	return 0;
}

/* The Secret's value is the header's, on one line. */
static int add_authorization(const struct collection *c, struct json_object *o, const char *key,
			     struct error *err)
{
	const char *encoded = json_member_string(json_get(c->objects[OBJECT_SECRET], "data"), key);
	size_t n;
	_cleanup_free_ char *value = encoded ? base64_decode(encoded, &n) : NULL;

	if (!value)
		return error_set(err, ENOENT, "the Secret has no key %.253s", key);
	while (n && (value[n - 1] == '\n' || value[n - 1] == '\r'))
		value[--n] = '\0';
	if (!n || strlen(value) != n || strpbrk(value, "\r\n"))
		return error_set(err, EINVAL,
				 "the Secret's key %.253s is no value of an Authorization header",
				 key);
	json_set_string(o, "authorization", value);
	return 0;
}

static int add_http(const struct collection *c, struct json_object *o, struct error *err)
{
	const char *key = json_get_string(collection_spec(c), "to.httpPut.secretRef.key");

	json_set_string(o, "to", "http");
	json_set_string(o, "url", json_get_string(collection_spec(c), "to.httpPut.url"));
	json_set_string(o, "ca", c->agent->config.results_http_ca);
	return key ? add_authorization(c, o, key, err) : 0;
}

static struct json_object *make_request(const struct collection *c, struct error *err)
{
	static int (*const add[])(const struct collection *c, struct json_object *o,
				  struct error *err) = { [RESULT_VOLUME] = add_volume,
							 [RESULT_CONFIG_MAP] = add_map,
							 [RESULT_HTTP] = add_http };
	const char *folder = json_get_string(c->object, "status.current.workingDir");
	_cleanup_free_ char *from = pattern_of(c);
	_cleanup_json_ struct json_object *o = json_object_new_object();
	int64_t most = c->agent->config.results_max_bytes, so_far = (int64_t)bytes_so_far(c);
	char manifest[80];

	if (!folder || !from) {
		error_set(err, EINVAL,
			  folder ? "from: it is too long"
				 : "Slurm doesn't tell the job's working folder");
		return NULL;
	}
	result_manifest(collection_spec(c), manifest, sizeof(manifest));
	json_set_string(o, "folder", folder);
	json_set_string(o, "from", from);
	json_set_string(o, "manifest", manifest);
	json_set_bool(o, "optional", json_get_bool(collection_spec(c), "optional", false));
	json_set_int(o, "maxBytes", so_far < most ? most - so_far : 0);
	json_set_int(o, "seconds", c->agent->config.results_timeout);
	return add[result_target(collection_spec(c))](c, o, err) < 0 ? NULL : TAKE_PTR(o);
}

/* -- its start -------------------------------------------------------------------------------- */

static int body_of(struct json_object *request)
{
	size_t len;
	const char *text = json_object_to_json_string_length(request, JSON_C_TO_STRING_PLAIN, &len);
	_cleanup_close_ int fd = memfd_create("collection", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int start(struct collection *c, struct json_object *request, struct error *err)
{
	int64_t uid = json_get_int(c->object, "status.uid", 0),
		seconds = c->agent->config.results_timeout;
	_cleanup_close_ int body = body_of(request);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int pair[2], rc;

	if (body < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, EAGAIN, "%s", strerror(errno));
	rc = owner_collect(c->agent->owner, (uint32_t)uid, seconds, body, pair[1], err);
	close(pair[1]);
	if (rc == 0 && epoll_ctl(c->agent->results.epoll, EPOLL_CTL_ADD, pair[0], &event) < 0)
		rc = error_set(err, EAGAIN, "%s", strerror(errno));
	if (rc < 0) {
		close(pair[0]);
		return -1;
	}
	c->fd = pair[0];
	c->in = BUFFER_INIT(COLLECTOR_LINE_MAX);
	c->deadline = clock_us() + seconds * 1000000 + GRACE;
	return 0;
}

static void mark_collecting(struct collection *c)
{
	struct json_object *result = collection_result(c);

	json_set_string(result, "state", "Collecting");
	json_object_object_del(result, "message");
	c->changes++;
}

/* Returns false while it runs. */
bool collect_run_program(struct collection *c)
{
	_cleanup_json_ struct json_object *request = NULL;
	struct error err;

	if (c->fd >= 0 && clock_us() < c->deadline)
		return false;
	if (c->fd >= 0) {
		collection_failed(
			c, "the process that collects doesn't end: does a file system hang?");
		return true;
	}
	request = make_request(c, &err);
	if (!request) {
		collection_failed(c, err.text);
		return true;
	}
	if (start(c, request, &err) == 0) {
		mark_collecting(c);
	} else if (err.code == EPERM || err.code == EMSGSIZE) {
		collection_failed(c, err.text);
		return true;
	} else {
		collection_wait(c, AGAIN);
	}
	return false;
}

/* -- what it says ----------------------------------------------------------------------------- */

static bool is_sum(struct json_object *o)
{
	const char *path = json_get_string(o, "path"), *sum = json_get_string(o, "sha256");

	return path && strlen(path) <= PATH_MAX && sum && strlen(sum) == 64 &&
	       strspn(sum, "0123456789abcdef") == 64;
}

static void take_sums(struct json_object *result, struct json_object *list)
{
	size_t n = json_length(list);
	bool fine = n && n <= COLLECTOR_SUMS;

	for (size_t i = 0; i < n && fine; i++)
		fine = is_sum(json_object_array_get_idx(list, i));
	json_object_object_del(result, "sha256");
	if (fine)
		json_object_object_add(result, "sha256", json_object_get(list));
}

static void take_numbers(struct collection *c, struct json_object *line)
{
	static const char *const names[] = { "files", "bytes", "totalBytes" };
	struct json_object *result = collection_result(c);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int64_t n = json_get_int(line, names[i], 0);

		json_set_int(result, names[i], n > 0 ? n : 0);
	}
	c->changes++;
}

static void take_line(struct collection *c, const char *text, size_t len)
{
	_cleanup_json_ struct json_object *line = json_parse(text, len, NULL);
	const char *problem = json_get_string(line, "error");

	if (!json_object_is_type(line, json_type_object))
		return;
	if (problem) {
		collection_failed(c, problem);
		return;
	}
	take_numbers(c, line);
	if (!json_get_bool(line, "done", false))
		return;
	take_sums(collection_result(c), json_get(line, "sha256"));
	collection_close(c);
	c->answer = json_object_get(line);
	collection_go(c, COLLECT_STORE);
}

/* It ended without a word: something ended it. */
static void ended(struct collection *c)
{
	collection_close(c);
	if (++c->tries >= TRIES)
		collection_failed(
			c, "the process that collects was ended from outside, more than once");
	else
		collection_wait(c, AGAIN * c->tries);
}

static void take_lines(struct collection *c)
{
	char *end;

	while (c->fd >= 0 && c->in.used && (end = memchr(c->in.data, '\n', c->in.used))) {
		size_t n = (size_t)(end - c->in.data);

		take_line(c, c->in.data, n);
		if (c->fd >= 0)
			buffer_shift(&c->in, n + 1);
	}
}

void collection_hear(struct collection *c)
{
	char piece[65536];

	for (int i = 0; i < PIECES && c->fd >= 0; i++) {
		ssize_t n = recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			ended(c);
			return;
		}
		if (buffer_add(&c->in, piece, (size_t)n) < 0) {
			collection_failed(c, "the process that collects says too much");
			return;
		}
		if (memchr(piece, '\n', (size_t)n))
			take_lines(c);
	}
}
