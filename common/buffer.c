/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

static int grow(struct buffer *b, size_t need)
{
	size_t size = b->size ? b->size : 256;
	char *data;

	while (size < need)
		size *= 2;
	if (size > b->max + 1)
		size = b->max + 1;
	data = realloc(b->data, size);
	if (!data)
		return -1;
	b->data = data;
	b->size = size;
	return 0;
}

int buffer_add(struct buffer *b, const void *bytes, size_t n)
{
	if (n > b->max - b->used ||
	    (b->used + n + 1 > b->size && grow(b, b->used + n + 1) < 0)) {
		b->overflowed = true;
		return -1;
	}
	if (n)
		memcpy(b->data + b->used, bytes, n);
	b->used += n;
	b->data[b->used] = '\0';
	return 0;
}

int buffer_printf(struct buffer *b, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		b->overflowed = true;
		return -1;
	}
	return buffer_add(b, text, n);
}

void buffer_shift(struct buffer *b, size_t n)
{
	if (!n)
		return;
	memmove(b->data, b->data + n, b->used - n);
	b->used -= n;
	b->data[b->used] = '\0';
}

int buffer_read_fd(int fd, const char *name, size_t max, char **ret, size_t *ret_len,
		   struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(max);
	char chunk[16384];

	if (buffer_add(&b, "", 0) < 0)
		return error_set(err, ENOMEM, "%s: out of memory", name);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "%s", name);
		if (n == 0)
			break;
		if (buffer_add(&b, chunk, n) < 0)
			return error_set(err, EFBIG, "%s: larger than %zu bytes, which is the limit",
					 name, max);
	}
	if (ret_len)
		*ret_len = b.used;
	*ret = TAKE_PTR(b.data);
	return 0;
}

int buffer_read_file(const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_errno(err, "%s", path);
	return buffer_read_fd(fd, path, max, ret, ret_len, err);
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	b->data = NULL;
	b->used = b->size = 0;
}
