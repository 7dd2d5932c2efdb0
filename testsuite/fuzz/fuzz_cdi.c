/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CDI file, as JSON and as YAML, and what its devices change in a container. */
#include "common/json.h"
#include "fuzz.h"
#include "spank/holder/cdi_edits.h"
#include "spank/holder/cdi_spec.h"

static void apply(struct json_object *edits)
{
	struct bundle *b = bundle_new();
	struct error err = {0};

	must(b);
	if (cdi_edits_apply(edits, b, &err) < 0)
		must(err.code);
	bundle_free(b);
}

static void try(const char *text, size_t size, const char *file)
{
	struct error err = {0};
	struct json_object *o = cdi_spec_parse(text, size, file, &err);
	struct json_object *devices = json_get(o, "devices");

	must(!o == !!err.code);
	if (o)
		apply(json_get(o, "containerEdits"));
	for (size_t i = 0; i < json_length(devices); i++)
		apply(json_get(json_object_array_get_idx(devices, i), "containerEdits"));
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	try(text, size, "f.json");
	try(text, size, "f.yaml");
	free(text);
	return 0;
}
