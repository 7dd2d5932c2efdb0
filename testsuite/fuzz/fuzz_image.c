/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image is made of: the first byte chooses between a SIF file, an OCI configuration, an
 * index or manifest, a reference, and what skopeo says when something is wrong. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "spank/image/config.h"
#include "spank/image/layout.h"
#include "spank/image/sif.h"
#include "spank/tool/run.h"

static void try_sif(const uint8_t *data, size_t size)
{
	static int fd = -1;
	uint64_t offset, length;
	struct error err = {0};

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	if (sif_find_root(fd, size, "x86_64", &offset, &length, &err) == 0)
		must(offset <= size && length <= size - offset && length >= 96);
	else
		must(err.code);
}

static void try_config(const char *text, size_t size)
{
	_cleanup_(bundle_freep) struct bundle *b = bundle_new();
	struct error err = {0};
	char user[16];

	must(b);
	if (image_config_parse(b, text, size, &err) < 0)
		must(err.code);
	else
		must(!b->cwd[0] || b->cwd[0] == '/');
	image_config_user(text, size, user, sizeof(user));
}

static void try_manifest(const char *text, size_t size)
{
	struct layout_manifest m = {0};
	struct layout_blob blob;
	struct error err = {0};
	int rc = layout_choose(text, size, &blob, &err);

	must(rc < 0 ? err.code : 1);
	if (rc > 0)
		must(image_digest_is_valid(blob.digest));
	err.code = 0;
	if (layout_manifest_parse(text, size, &m, &err) < 0)
		must(err.code && !m.layers);
	for (size_t i = 0; i < m.count; i++)
		must(image_digest_is_valid(m.layers[i].digest));
	layout_manifest_free(&m);
}

static void try_reference(const char *text)
{
	static struct image_reference r, again;
	static char whole[sizeof(r.name) + 512];
	struct error err = {0};

	if (image_reference_parse(text, &r, &err) < 0) {
		must(err.code);
		return;
	}
	must(image_reference_format(&r, whole, sizeof(whole)) == 0);
	must(image_reference_parse(whole, &again, &err) == 0);
	must(!strcmp(again.name, r.name) && !strcmp(again.tag, r.tag) &&
	     !strcmp(again.digest, r.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char words[64], *text;

	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0]) {
	case 's':
		try_sif(data + 1, size - 1);
		break;
	case 'c':
		try_config(text, size - 1);
		break;
	case 'm':
		try_manifest(text, size - 1);
		break;
	case 'r':
		try_reference(text);
		break;
	case 'w':
		run_last_words(text, words, sizeof(words));
		break;
	}
	free(text);
	return 0;
}
