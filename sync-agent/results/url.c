/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/url.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/cleanup.h"

#define URL_BYTES 2048

static void url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void curl_freep(char **text)
{
	curl_free(*text);
}
#define _cleanup_curl_ _cleanup_(curl_freep)

struct parts {
	char *host, *port, *path;
};

static void parts_free(struct parts *p)
{
	curl_free(p->host);
	curl_free(p->port);
	curl_free(p->path);
}

/* Returns 0, or -1 if text is no URL. */
static int take_apart(const char *text, struct parts *ret)
{
	_cleanup_(url_cleanup) CURLU *u = curl_url();

	if (!u || curl_url_set(u, CURLUPART_URL, text, 0) ||
	    curl_url_get(u, CURLUPART_HOST, &ret->host, 0) ||
	    curl_url_get(u, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT) ||
	    curl_url_get(u, CURLUPART_PATH, &ret->path, 0))
		return -1;
	return 0;
}

static bool has_part(const char *text, CURLUPart what)
{
	_cleanup_(url_cleanup) CURLU *u = curl_url();
	_cleanup_curl_ char *part = NULL;

	return u && !curl_url_set(u, CURLUPART_URL, text, 0) && !curl_url_get(u, what, &part, 0);
}

/* What a server behind may decode once more. */
static bool is_ambiguous(const char *path)
{
	static const char *const codes[] = { "%2e", "%2f", "%5c", "%25" };

	if (strchr(path, '\\') || strstr(path, "//"))
		return true;
	for (; *path; path++)
		for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
			if (!strncasecmp(path, codes[i], strlen(codes[i])))
				return true;
	return false;
}

static int check_bytes(const char *url, struct error *err)
{
	if (strncmp(url, "https://", 8))
		return error_set(err, EINVAL, "it takes an address that begins with https://");
	if (strlen(url) > URL_BYTES)
		return error_set(err, EINVAL, "it is longer than %d bytes", URL_BYTES);
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p == 127)
			return error_set(err, EINVAL, "it holds a space or a control character");
	return 0;
}

int results_url_check(const char *url, struct error *err)
{
	_cleanup_(parts_free) struct parts p = { 0 };

	if (check_bytes(url, err) < 0)
		return -1;
	if (take_apart(url, &p) < 0)
		return error_set(err, EINVAL, "it is no address");
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return error_set(err, EINVAL,
				 "a user or password doesn't belong there: use secretRef");
	if (has_part(url, CURLUPART_FRAGMENT) || strchr(url, '#'))
		return error_set(err, EINVAL, "it takes no '#'");
	if (is_ambiguous(p.path) || strstr(url + 8, "/.."))
		return error_set(err, EINVAL,
				 "it takes a plain path: no '..', '//', '\\' or such in "
				 "another spelling");
	if (has_part(url, CURLUPART_QUERY) && url[strlen(url) - 1] == '/')
		return error_set(err, EINVAL,
				 "what ends in '/' gets the file's name added, and can't "
				 "have a query");
	return 0;
}

/* -- what is allowed -------------------------------------------------------------------------- */

static bool host_is(const char *host, const char *allowed, bool below)
{
	size_t n = strlen(host), m = strlen(allowed);

	if (!below)
		return !strcasecmp(host, allowed);
	return n > m + 1 && host[n - m - 1] == '.' && !strcasecmp(host + n - m, allowed);
}

/* A path that ends in '/' is a folder. */
static bool path_is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (strncmp(path, folder, n))
		return false;
	return folder[n - 1] == '/' || !path[n] || path[n] == '/';
}

static int allowed_parts(const char *word, bool *below, struct parts *ret)
{
	char url[URL_BYTES];

	*below = !strncmp(word, "*.", 2);
	snprintf(url, sizeof(url), "https://%s", word + (*below ? 2 : 0));
	return take_apart(url, ret);
}

bool results_url_is_allowed(const char *url, const struct words *allow)
{
	_cleanup_(parts_free) struct parts p = { 0 };

	if (take_apart(url, &p) < 0)
		return false;
	for (size_t i = 0; allow && i < allow->n; i++) {
		_cleanup_(parts_free) struct parts a = { 0 };
		bool below;

		if (allowed_parts(allow->list[i], &below, &a) == 0 &&
		    host_is(p.host, a.host, below) && !strcmp(p.port, a.port) &&
		    path_is_below(p.path, a.path))
			return true;
	}
	return false;
}

int results_check_host(const char *word, struct error *err)
{
	_cleanup_(parts_free) struct parts p = { 0 };
	bool below;

	if (!strstr(word, "://") && !strstr(word, "..") && !strpbrk(word, "@#? \t") &&
	    strlen(word) < URL_BYTES - 16 && allowed_parts(word, &below, &p) == 0 &&
	    !is_ambiguous(p.path))
		return 0;
	return error_set(err, EINVAL,
			 "'%.100s' is no HOST[:PORT][/PATH]; HOST may begin with \"*.\"", word);
}

char *results_url_below(const char *url, const char *name)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(65536);

	buffer_printf(&b, "%s", url);
	while (*name) {
		size_t n = strcspn(name, "/");
		char *part = n ? curl_easy_escape(NULL, name, (int)n) : NULL;

		if (n && !part)
			return NULL;
		buffer_printf(&b, "%s%s", part ?: "", name[n] ? "/" : "");
		curl_free(part);
		name += n + (name[n] == '/');
	}
	return b.overflowed ? NULL : TAKE_PTR(b.data);
}
