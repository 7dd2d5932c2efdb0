/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-collect: files of a job, read as its owner, to one place. Request and answers:
 * sync-agent/results/collector.h. */
#ifndef COLLECT_COLLECT_H
#define COLLECT_COLLECT_H

#include <curl/curl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/error.h"

#define SUM_SIZE 65 /* SHA-256 as hexadecimal digits */

/* A file or folder. */
struct item {
	char *source; /* as it is opened */
	char *target; /* where it goes, relative; "" is the target itself */
	bool is_folder;
	uint64_t size;
};

struct items {
	struct item *list;
	size_t n, size, files;
	uint64_t bytes;
};

struct scan_limits {
	uint64_t bytes;
	size_t files; /* and folders */
};

/* scan.c: all that a pattern of glob(3) means, folders whole, in the order of their names. Links
 * are followed; a name that is taken twice, and what is neither file nor folder, is an error that
 * names it. Returns 0, or -1 with err filled: ENODATA if nothing matches. ret is freed by
 * items_free() in any case. */
int scan(const char *pattern, const struct scan_limits *limits, struct items *ret,
	 struct error *err);
void items_free(struct items *items);

struct collect {
	struct json_object *request;
	struct items items;
	uint64_t max_bytes;
	/* So far. */
	size_t files;
	uint64_t bytes;
	struct buffer manifest;	  /* as sha256sum(1) writes it */
	struct json_object *sums; /* of the first files */
	size_t sums_bytes;
	/* The sink's own. */
	int folder;
	struct json_object *data, *binary;
	CURL *http;
};

/* Where files go: a table of functions. Each returns 0, or -1 with err filled. */
struct sink {
	const char *name;
	int (*begin)(struct collect *c, struct error *err);
	int (*add_folder)(struct collect *c, const struct item *i,
			  struct error *err); /* NULL: none are made */
	/* fd: open, at its start; sum gets what was sent. */
	int (*add_file)(struct collect *c, const struct item *i, int fd, const struct stat *st,
			char *sum, struct error *err);
	/* The list of checksums; NULL: there is none. */
	int (*add_manifest)(struct collect *c, const char *name, struct error *err);
};

extern const struct sink volume_sink, config_map_sink, http_sink;

/* copy.c: read fd to its end, hash it, and hand all pieces to write (NULL: to nobody), counting
 * bytes against the limit. name is for messages. */
int copy_hashed(struct collect *c, int fd, const char *name,
		int (*write)(void *ctx, const void *bytes, size_t n, struct error *err), void *ctx,
		char sum[SUM_SIZE], struct error *err);
/* Of what is in memory. */
void hash_bytes_hex(const void *bytes, size_t n, char sum[SUM_SIZE]);
/* A line of sha256sum(1). */
void manifest_add(struct buffer *to, const char *name, const char *sum);

/* report.c: lines to the agent. The first at most twice a second. */
void report_progress(const struct collect *c);
void report_done(const struct collect *c);
void report_error(const char *text);
void report_timeout_after(unsigned seconds);

/* config_map.c: a ConfigMap's key for a file: '/' becomes '_'. Returns 0, or -1 with err filled. */
int key_of(const char *target, char *buf, size_t size, struct error *err);

/* http.c: is it an address of this host or its link, or no host's? */
struct sockaddr;
bool address_is_special(const struct sockaddr *address);

/* collect.c: all of it. c has the request only. Returns 0, or -1 with err filled; collect_free() in
 * any case. */
int collect_run(struct collect *c, struct error *err);
void collect_free(struct collect *c);

#endif
