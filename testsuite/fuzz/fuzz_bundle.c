/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OCI bundle's config.json, and the options of a mount. */
#include "common/cleanup.h"
#include "fuzz.h"
#include "spank/holder/bundle.h"

static void try_options(const char *text)
{
	struct mount_options options = {0};

	mount_options_add(&options, text, true, NULL);
	must(strlen(options.data) < sizeof(options.data));
	mount_options_add(&options, text, false, NULL);
}

static void try_config(const char *text, size_t size)
{
	_cleanup_(bundle_freep) struct bundle *b = bundle_new();
	struct error err = {0};

	must(b && (b->path = strdup("/bundle")));
	if (bundle_parse(b, text, size, &err) < 0) {
		must(err.code && err.text[0]);
		return;
	}
	must(b->rootfs && b->rootfs[0] == '/' && b->cwd && b->cwd[0] == '/');
	must(b->mount_count <= BUNDLE_MOUNTS_MAX);
	for (size_t i = 0; i < b->mount_count; i++) {
		must(b->mounts[i].destination[0] == '/');
		must(!b->mounts[i].source || b->mounts[i].source[0] == '/');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = fuzz_text(data, size);

	try_options(text);
	try_config(text, size);
	return 0;
}
