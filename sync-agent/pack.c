/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pack.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/cleanup.h"

#define WINDOW_BITS 12 /* 4 KiB: two specs and the dictionary */
#define MEMORY_LEVEL 5
#define RAW (-1) /* no header and no checksum */

/* What most specs are made of; zlib finds the end of it soonest. */
static const char dictionary[] =
	"\"deletionPolicy\":\"Orphan\",\"ttlSecondsAfterFinished\":\"array\":\"0-\",\"dependency\":"
	"\"afterok:\"container\":{\"image\":\"docker:\\/\\/\"},\"reservation\":\"constraint\":\""
	"\"licenses\":\"excludeNodes\":\"nodeList\":\"memoryPerCpu\":\"tasksPerNode\":\"tresPerNode\":"
	"\"gres\\/gpu:\"tresPerJob\":\"tresPerTask\":\"deadline\":\"begin\":\"20\"comment\":\""
	"\"priority\":\"nice\":\"suspend\":\"mail\"memoryPerNode\":\"000M\","
	"{\"account\":\"cluster\":\"cpusPerTask\":1,\"error\":\"\\/home\\/slurm-%j.err\",\"hold\":true,"
	"\"hold\":false,\"input\":\"\\/dev\\/null\",\"jobName\":\"\",\"nodes\":\"1\",\"output\":"
	"\"\\/dev\\/null\",\"partition\":\"\",\"qos\":\"normal\",\"tasks\":1,\"timeLimit\":\"01:00:00\","
	"\"workingDir\":\"\\/home\\/";

struct packed {
	uint32_t len;    /* of the text */
	uint32_t stored; /* of data; as long as the text: it is the text */
	unsigned char data[];
};

static struct packed *new_packed(const void *data, size_t stored, size_t len)
{
	struct packed *p = malloc(sizeof(*p) + stored);

	if (!p)
		return NULL;
	p->len = (uint32_t)len;
	p->stored = (uint32_t)stored;
	memcpy(p->data, data, stored);
	return p;
}

/* Returns the number of bytes in to, 0 if they would be no fewer. */
static size_t squeeze(const char *text, size_t len, unsigned char *to)
{
	static z_stream stream;
	static bool ready;

	if (!ready && deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW * WINDOW_BITS,
				   MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	ready = true;
	if (deflateReset(&stream) != Z_OK ||
	    deflateSetDictionary(&stream, (const Bytef *)dictionary, sizeof(dictionary) - 1) != Z_OK)
		return 0;
	stream.next_in = (Bytef *)text;
	stream.avail_in = (uInt)len;
	stream.next_out = to;
	stream.avail_out = (uInt)(len - 1);
	return deflate(&stream, Z_FINISH) == Z_STREAM_END ? stream.total_out : 0;
}

void *pack(const char *text, size_t len)
{
	_cleanup_free_ unsigned char *room = len > 1 ? malloc(len) : NULL;
	size_t n = room ? squeeze(text, len, room) : 0;

	return n ? new_packed(room, n, len) : new_packed(text, len, len);
}

void *pack_loosely(const char *text, size_t len)
{
	return new_packed(text, len, len);
}

static int expand(const struct packed *p, char *to)
{
	static z_stream stream;
	static bool ready;

	if (!ready && inflateInit2(&stream, RAW * WINDOW_BITS) != Z_OK)
		return -1;
	ready = true;
	if (inflateReset(&stream) != Z_OK ||
	    inflateSetDictionary(&stream, (const Bytef *)dictionary, sizeof(dictionary) - 1) != Z_OK)
		return -1;
	stream.next_in = (Bytef *)p->data;
	stream.avail_in = p->stored;
	stream.next_out = (Bytef *)to;
	stream.avail_out = p->len;
	return inflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : -1;
}

char *unpack(const void *packed, size_t *ret_len)
{
	const struct packed *p = packed;
	_cleanup_free_ char *text = malloc((size_t)p->len + 1);

	if (!text)
		return NULL;
	if (p->stored == p->len)
		memcpy(text, p->data, p->len);
	else if (expand(p, text) < 0)
		return NULL;
	text[p->len] = '\0';
	*ret_len = p->len;
	return TAKE_PTR(text);
}
