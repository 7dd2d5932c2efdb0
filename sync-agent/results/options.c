/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/options.h"

#include <errno.h>

#include "common/size.h"

int results_parse_size(const char *text, int64_t *ret)
{
	uint64_t size;

	if (size_parse(text, &size, NULL) < 0)
		return -1;
	*ret = size > INT64_MAX ? INT64_MAX : (int64_t)size;
	return 0;
}

int results_check_config(const struct config *c, struct error *err)
{
	const struct {
		const char *key;
		int64_t value, least, most;
	} rows[] = {
		{ "results.maxBytes", c->results_max_bytes, 1, INT64_MAX },
		{ "results.timeout", c->results_timeout, 1, RESULTS_TIMEOUT_MAX },
		{ "results.parallel", c->results_parallel, 1, RESULTS_PARALLEL_MAX },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value < rows[i].least || rows[i].value > rows[i].most)
			return error_set(err, EINVAL, "%s: it is from %lld to %lld", rows[i].key,
					 (long long)rows[i].least, (long long)rows[i].most);
	return 0;
}
