/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobsubmit/container.h"

#include "common/cleanup.h"
#include "common/image_reference.h"

static const char *none_if_empty(const char *text)
{
	return text && text[0] ? text : NULL;
}

const char *container_resolve(const struct container_words *words)
{
	const char *field = none_if_empty(words->field);

	if (!field && none_if_empty(words->environment))
		return words->environment;
	if (!field)
		return none_if_empty(words->control);
	if (image_reference_is_pinned_form(words->environment, field))
		return words->environment;
	if (image_reference_is_pinned_form(words->control, field))
		return words->control;
	return field;
}

int container_judge(const struct container_policy *policy, const char *image, const char *options,
		    const char *cwd, struct error *err)
{
	_cleanup_container_options_ struct container_options o = {0};

	if ((!image && !none_if_empty(options)) || container_policy_is_empty(policy))
		return 0;
	if (container_options_parse(options, &o, err) < 0)
		return -1;
	if (!image && !o.value[CONTAINER_NAME])
		return 0;
	return container_policy_check(policy, image, &o, cwd, err);
}
