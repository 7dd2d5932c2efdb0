/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/doorbell.h"
#include "common/json.h"

static void copy_string(struct json_object *o, const char *key, char *dest, size_t size)
{
	const char *value = json_get_string(o, key);

	if (value)
		snprintf(dest, size, "%s", value);
}

static int64_t number(struct json_object *o, const char *key, int64_t max, int64_t fallback)
{
	int64_t value = json_get_int(o, key, fallback);

	return value < 0 || value > max ? fallback : value;
}

int doorbell_parse(const char *text, size_t len, struct doorbell *ret, struct error *err)
{
	_cleanup_json_ struct json_object *o = json_parse(text, len, err);
	struct doorbell bell = { 0 };
	const char *kind;
	int k;

	if (!o)
		return error_wrap(err, "doorbell");
	if (!json_object_is_type(o, json_type_object))
		return error_set(err, EBADMSG, "doorbell: not a JSON object");
	if (json_get_int(o, "v", 0) != DOORBELL_VERSION)
		return error_set(err, EPROTO, "doorbell: version %lld, this agent knows %d",
				 (long long)json_get_int(o, "v", 0), DOORBELL_VERSION);
	kind = json_get_string(o, "kind");
	for (k = DOORBELL_LOOK; kind && k <= DOORBELL_STEP_END; k++)
		if (!strcmp(kind, doorbell_kind_name(k)))
			break;
	bell.kind = kind && k <= DOORBELL_STEP_END ? k : DOORBELL_LOOK;
	copy_string(o, "cluster", bell.cluster, sizeof(bell.cluster));
	copy_string(o, "user", bell.user, sizeof(bell.user));
	copy_string(o, "node", bell.node, sizeof(bell.node));
	copy_string(o, "image", bell.image, sizeof(bell.image));
	copy_string(o, "digest", bell.digest, sizeof(bell.digest));
	bell.job_id = number(o, "job", UINT32_MAX, 0);
	bell.step_id = number(o, "step", UINT32_MAX, DOORBELL_NO_STEP);
	bell.time_us = number(o, "time", INT64_MAX, 0);
	bell.startup_us = number(o, "startup", UINT32_MAX, 0);
	bell.exit_code = number(o, "exit", INT32_MAX, -1);
	*ret = bell;
	return 0;
}
