/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To a server, each file by one PUT.
 * Source: RFC 9110, 9.3.4 (PUT); RFC 9530 (Content-Digest). */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "sync-agent/collect/collect.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/kube/base64.h"
#include "sync-agent/results/url.h"

#define CONNECT_SECONDS 30L
#define SILENCE_SECONDS 60L

struct put {
	struct collect *collect;
	int fd;		   /* of the file, or: */
	const char *bytes; /* what is in memory, n of it */
	size_t n;
	uint64_t size;
	char sum[SUM_SIZE];
	bool refused_address;
	char problem[CURL_ERROR_SIZE];
};

/* -- addresses -------------------------------------------------------------------------------- */

static bool is_special4(uint32_t address)
{
	static const struct {
		uint32_t network, mask;
	} rows[] = {
		{ 0x00000000, 0xff000000 }, /* 0.0.0.0/8 */
		{ 0x7f000000, 0xff000000 }, /* 127.0.0.0/8 */
		{ 0xa9fe0000, 0xffff0000 }, /* 169.254.0.0/16 */
		{ 0xe0000000, 0xe0000000 }, /* 224.0.0.0/3: many hosts, or none */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((address & rows[i].mask) == rows[i].network)
			return true;
	return false;
}

bool address_is_special(const struct sockaddr *address)
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
	uint32_t v4;

	if (address->sa_family == AF_INET)
		return is_special4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
	if (address->sa_family != AF_INET6)
		return true;
	memcpy(&v4, v6->s6_addr + 12, sizeof(v4));
	if (IN6_IS_ADDR_V4MAPPED(v6))
		return is_special4(ntohl(v4));
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       IN6_IS_ADDR_LINKLOCAL(v6) || IN6_IS_ADDR_MULTICAST(v6);
}

/* Is the host of the URL an address itself? Then results.httpAllow names it. */
static bool names_address(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL;
	struct in_addr v4;
	bool is = false;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0))
		is = host[0] == '[' || inet_pton(AF_INET, host, &v4) == 1;
	curl_free(host);
	curl_url_cleanup(u);
	return is;
}

/* A name may mean any address: whoever may choose what it means must not reach this host by it. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct put *p = ctx;

	if (!names_address(json_get_string(p->collect->request, "url")) &&
	    address_is_special(&address->addr)) {
		p->refused_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* -- one PUT ---------------------------------------------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t n, void *ctx)
{
	struct put *p = ctx;
	size_t room = size * n;
	ssize_t got;

	report_progress(p->collect);
	if (p->fd >= 0) {
		got = read(p->fd, to, room);
		return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
	}
	if (room > p->n)
		room = p->n;
	memcpy(to, p->bytes, room);
	p->bytes += room;
	p->n -= room;
	return room;
}

/* What the server has to say isn't kept. */
static size_t on_write(char *from, size_t size, size_t n, void *ctx)
{
	return size * n;
}

static int add_header(struct curl_slist **list, const char *name, const char *value)
{
	_cleanup_free_ char *text = NULL;
	struct curl_slist *more;

	if (asprintf(&text, "%s: %s", name, value) < 0)
		return -1;
	more = curl_slist_append(*list, text);
	if (!more)
		return -1;
	*list = more;
	return 0;
}

static int set_headers(const struct put *p, struct curl_slist **list)
{
	const char *authorization = json_get_string(p->collect->request, "authorization");
	_cleanup_free_ char *digest = NULL, *value = NULL;
	unsigned char bytes[SUM_SIZE / 2];

	for (size_t i = 0; i < sizeof(bytes); i++)
		sscanf(p->sum + 2 * i, "%2hhx", &bytes[i]);
	digest = base64_encode(bytes, sizeof(bytes));
	if (!digest || asprintf(&value, "sha-256=:%s:", digest) < 0)
		return -1;
	if (authorization && add_header(list, "Authorization", authorization) < 0)
		return -1;
	return add_header(list, "Content-Digest", value) < 0 ||
			       add_header(list, "Content-Type", "application/octet-stream") < 0 ||
			       add_header(list, "Expect", "") < 0
		       ? -1
		       : 0;
}

static void set_options(CURL *curl, struct put *p, const char *url, struct curl_slist *headers)
{
	const char *ca = json_get_string(p->collect->request, "ca");

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)p->size);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, p);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, p);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, p->problem);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	if (ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
}

static int judge(CURL *curl, CURLcode rc, const struct put *p, const char *url, struct error *err)
{
	long status = 0;

	if (p->refused_address)
		return error_set(err, EPERM,
				 "%.300s: its name stands for an address of this host or its link; "
				 "the agent "
				 "sends nothing there, unless results.httpAllow and the url give "
				 "the address",
				 url);
	if (rc)
		return error_set(err, EIO, "PUT %.300s: %.150s", url,
				 p->problem[0] ? p->problem : curl_easy_strerror(rc));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 300 && status < 400)
		return error_set(err, EIO, "PUT %.300s: status %ld: redirects are not followed",
				 url, status);
	if (status < 200 || status >= 300)
		return error_set(err, EIO, "PUT %.300s: the server answered with status %ld", url,
				 status);
	return 0;
}

static int put(struct put *p, const char *name, struct error *err)
{
	struct collect *c = p->collect;
	const char *url = json_get_string(c->request, "url");
	_cleanup_free_ char *whole =
		url[strlen(url) - 1] == '/' ? results_url_below(url, name) : strdup(url);
	struct curl_slist *headers = NULL;
	int rc;

	if (!whole || set_headers(p, &headers) < 0) {
		curl_slist_free_all(headers);
		return error_set(err, ENOMEM, "out of memory");
	}
	/* One handle for all: its connection stays open. */
	curl_easy_reset(c->http);
	set_options(c->http, p, whole, headers);
	rc = judge(c->http, curl_easy_perform(c->http), p, whole, err);
	curl_slist_free_all(headers);
	return rc;
}

/* -- the sink --------------------------------------------------------------------------------- */

static int begin(struct collect *c, struct error *err)
{
	const char *url = json_get_string(c->request, "url");

	if (!url || results_url_check(url, err) < 0)
		return error_wrap(err, "to.httpPut.url");
	if (url[strlen(url) - 1] != '/' && (c->items.files != 1 || c->items.n != 1))
		return error_set(
			err, EINVAL,
			"%zu files match, and to.httpPut.url is for one: let it end in '/'",
			c->items.files);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(c->http = curl_easy_init()))
		return error_set(err, ENOMEM, "libcurl can't be initialised");
	return 0;
}

/* Read twice: the checksum goes first. What changes in between is not sent as if it were whole. */
static int add_file(struct collect *c, const struct item *i, int fd, const struct stat *st,
		    char *sum, struct error *err)
{
	struct put p = { .collect = c, .fd = fd };
	uint64_t before = c->bytes;
	struct stat now;

	if (copy_hashed(c, fd, i->source, NULL, NULL, sum, err) < 0)
		return -1;
	p.size = c->bytes - before;
	memcpy(p.sum, sum, sizeof(p.sum));
	if (lseek(fd, 0, SEEK_SET) < 0 || put(&p, i->target, err) < 0)
		return error_wrap(err, "%.100s", i->source);
	if (fstat(fd, &now) == 0 && (uint64_t)now.st_size == p.size &&
	    now.st_mtim.tv_sec == st->st_mtim.tv_sec && now.st_mtim.tv_nsec == st->st_mtim.tv_nsec)
		return 0;
	return error_set(err, EAGAIN, "%.300s: it has changed while it was collected", i->source);
}

static int add_manifest(struct collect *c, const char *name, struct error *err)
{
	const char *url = json_get_string(c->request, "url");
	struct put p = { .collect = c,
			 .fd = -1,
			 .bytes = c->manifest.data ?: "",
			 .n = c->manifest.used,
			 .size = c->manifest.used };

	if (url[strlen(url) - 1] != '/')
		return 0;
	hash_bytes_hex(p.bytes, p.n, p.sum);
	return put(&p, name, err);
}

const struct sink http_sink = { "http", begin, NULL, add_file, add_manifest };
