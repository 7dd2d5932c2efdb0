/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/sif.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

/* All numbers are little endian, and nothing is aligned. */
enum {
	MAGIC_AT = 32,
	VERSION_AT = 42,
	TOTAL_AT = 88,	    /* int64: descriptors there is room for */
	DESCRIPTORS_AT = 96 /* int64: where the first one is */
};
enum {
	DESCRIPTOR_SIZE = 585,
	DESCRIPTORS_MAX = 4096,
	TYPE_AT = 0, /* int32 */
	USED_AT = 4, /* one byte */
	OFFSET_AT = 17,
	LENGTH_AT = 25,
	EXTRA_AT = 201, /* of a partition: int32 file system, int32 kind, architecture */
	TYPE_PARTITION = 0x4004,
	PARTITION_PRIMARY = 2
};

static const char *const file_systems[] = {"unknown",	 "SquashFS", "ext3",
					   "an archive", "raw data", "encrypted SquashFS"};
#define FILE_SYSTEM_SQUASHFS 1
#define FILE_SYSTEM_ENCRYPTED 5

static const struct {
	const char *code, *machine;
} architectures[] = {
	{"01", "i686"},	  {"02", "x86_64"},  {"03", "armv7l"}, {"04", "aarch64"},
	{"05", "ppc64"},  {"06", "ppc64le"}, {"07", "mips"},   {"08", "mips"},
	{"09", "mips64"}, {"10", "mips64"},  {"11", "s390x"},  {"12", "riscv64"},
};

static uint64_t number(const unsigned char *p, int bytes)
{
	uint64_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | p[bytes];
	return n;
}

static int read_at(int fd, uint64_t offset, unsigned char *dest, size_t size, struct error *err)
{
	ssize_t n = pread(fd, dest, size, (off_t)offset);

	if (n < 0)
		return error_errno(err, "reading it");
	if ((size_t)n < size)
		return error_set(err, EBADMSG, "this SIF file was cut off, or is damaged");
	return 0;
}

bool sif_is(const unsigned char *header)
{
	return !memcmp(header + MAGIC_AT, "SIF_MAGIC", 10);
}

/* Partitions that don't say are taken to be for this machine. */
static int check_architecture(const unsigned char *code, const char *machine, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		if (memcmp(code, architectures[i].code, 2))
			continue;
		if (strcmp(architectures[i].machine, machine))
			return error_set(err, ENOEXEC, "it is for %s, and this node is %s",
					 architectures[i].machine, machine);
		return 0;
	}
	return 0;
}

static int check_partition(const unsigned char *d, uint64_t size, const char *machine,
			   struct error *err)
{
	const unsigned char *extra = d + EXTRA_AT;
	uint64_t file_system = number(extra, 4);
	uint64_t offset = number(d + OFFSET_AT, 8), length = number(d + LENGTH_AT, 8);

	if (file_system == FILE_SYSTEM_ENCRYPTED)
		return error_set(err, ENOTSUP,
				 "its root file system is encrypted, which is not supported");
	if (file_system != FILE_SYSTEM_SQUASHFS)
		return error_set(
			err, ENOTSUP,
			"its root file system is %s, and only SquashFS is supported: build "
			"it anew with a current Singularity or Apptainer",
			file_system < ARRAY_SIZE(file_systems) ? file_systems[file_system]
							       : file_systems[0]);
	if (offset > size || length > size - offset || length < 96)
		return error_set(err, EBADMSG,
				 "its root file system ends beyond the file, which was cut off");
	return check_architecture(extra + 8, machine, err);
}

/* Returns 1 if d is the one, 0 if not. */
static int is_root(const unsigned char *d)
{
	return d[USED_AT] && number(d + TYPE_AT, 4) == TYPE_PARTITION &&
	       number(d + EXTRA_AT + 4, 4) == PARTITION_PRIMARY;
}

int sif_find_root(int fd, uint64_t size, const char *machine, uint64_t *offset, uint64_t *length,
		  struct error *err)
{
	unsigned char header[SIF_HEADER_SIZE], d[DESCRIPTOR_SIZE], magic[4];
	uint64_t total, at;

	if (read_at(fd, 0, header, sizeof(header), err) < 0)
		return -1;
	if (!sif_is(header) || memcmp(header + VERSION_AT, "01", 2))
		return error_set(err, ENOTSUP, "it is a SIF file of a version other than 01");
	total = number(header + TOTAL_AT, 8);
	at = number(header + DESCRIPTORS_AT, 8);
	if (total > DESCRIPTORS_MAX || at > size)
		return error_set(err, EBADMSG, "its SIF header is damaged");
	for (uint64_t i = 0; i < total; i++) {
		if (read_at(fd, at + i * DESCRIPTOR_SIZE, d, sizeof(d), err) < 0)
			return -1;
		if (!is_root(d))
			continue;
		if (check_partition(d, size, machine, err) < 0 ||
		    read_at(fd, number(d + OFFSET_AT, 8), magic, sizeof(magic), err) < 0)
			return -1;
		if (memcmp(magic, "hsqs", 4))
			return error_set(err, EBADMSG, "what it says is a SquashFS is none");
		*offset = number(d + OFFSET_AT, 8);
		*length = number(d + LENGTH_AT, 8);
		return 0;
	}
	return error_set(err, EINVAL, "there is no root file system in this SIF file");
}
