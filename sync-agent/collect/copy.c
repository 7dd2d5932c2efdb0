/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

#include "sync-agent/collect/collect.h"
#include "common/cleanup.h"

#define PIECE (128 << 10)
#define SUM_BYTES 32

static void to_hex(const unsigned char *bytes, char *sum)
{
	for (size_t i = 0; i < SUM_BYTES; i++)
		snprintf(sum + 2 * i, 3, "%02x", bytes[i]);
}

void hash_bytes_hex(const void *bytes, size_t n, char sum[SUM_SIZE])
{
	unsigned char digest[SUM_BYTES] = { 0 };

	gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, n, digest);
	to_hex(digest, sum);
}

static int copy_pieces(struct collect *c, int fd, const char *name, gnutls_hash_hd_t hash,
		       int (*write)(void *ctx, const void *bytes, size_t n, struct error *err),
		       void *ctx, struct error *err)
{
	_cleanup_free_ char *piece = malloc(PIECE);
	ssize_t n;

	if (!piece)
		return error_set(err, ENOMEM, "out of memory");
	while ((n = read(fd, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "%.300s", name);
		c->bytes += (uint64_t)n;
		if (c->bytes > c->max_bytes)
			return error_set(
				err, EFBIG,
				"%.300s: with it there are more than %llu bytes, which is the "
				"limit (results.maxBytes)",
				name, (unsigned long long)c->max_bytes);
		gnutls_hash(hash, piece, (size_t)n);
		if (write && write(ctx, piece, (size_t)n, err) < 0)
			return -1;
		report_progress(c);
	}
	return 0;
}

int copy_hashed(struct collect *c, int fd, const char *name,
		int (*write)(void *ctx, const void *bytes, size_t n, struct error *err), void *ctx,
		char sum[SUM_SIZE], struct error *err)
{
	unsigned char digest[SUM_BYTES];
	gnutls_hash_hd_t hash;
	int rc;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return error_set(err, ENOMEM, "out of memory");
	rc = copy_pieces(c, fd, name, hash, write, ctx, err);
	gnutls_hash_deinit(hash, digest);
	to_hex(digest, sum);
	return rc;
}

/* A name with a line end or a backslash is escaped, and the line begins with a backslash. */
void manifest_add(struct buffer *to, const char *name, const char *sum)
{
	bool escape = strpbrk(name, "\\\n\r") != NULL;

	buffer_printf(to, "%s%s  ", escape ? "\\" : "", sum);
	for (; *name; name++) {
		if (*name == '\\' || *name == '\n' || *name == '\r')
			buffer_printf(to, "\\%c", *name == '\n' ? 'n' : *name == '\r' ? 'r' : '\\');
		else
			buffer_add(to, name, 1);
	}
	buffer_add(to, "\n", 1);
}
