/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A datagram: what is read can be written, and read again as the same. */
#include "common/cleanup.h"
#include "common/doorbell.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size);
	char written[DOORBELL_MAX], again[DOORBELL_MAX];
	struct doorbell bell, back;
	struct error err;
	int n;

	if (size)
		memcpy(text, data, size);
	if (doorbell_parse(text, size, &bell, &err) < 0) {
		must(err.code && memchr(err.text, 0, sizeof(err.text)));
		return 0;
	}
	n = doorbell_format(&bell, written, sizeof(written));
	must(n > 0 && n < DOORBELL_MAX);
	must(doorbell_parse(written, n, &back, &err) == 0);
	must(doorbell_format(&back, again, sizeof(again)) == n);
	must(!memcmp(written, again, n));
	return 0;
}
