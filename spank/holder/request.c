/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

int request_parse(int argc, char *argv[], struct request *ret, struct error *err)
{
	struct request r = {.tasks = calloc(argc + 1, sizeof(*r.tasks))};
	const char *options = NULL;
	const struct {
		const char *name;
		const char **value;
	} arguments[] = {
		{"--image=", &r.image}, {"--options=", &options}, {"--state=", &r.state},
		{"--step=", &r.step},	{"--spool=", &r.spool},	{"--cdi=", &r.cdi},
		{"--gpu=", &r.gpu},
	};

	if (!r.tasks)
		return error_set(err, ENOMEM, "out of memory");
	for (int i = 1; i < argc; i++) {
		size_t n = 0;

		while (n < ARRAY_SIZE(arguments) &&
		       strncmp(argv[i], arguments[n].name, strlen(arguments[n].name)))
			n++;
		if (n < ARRAY_SIZE(arguments))
			*arguments[n].value = argv[i] + strlen(arguments[n].name);
		else
			r.tasks[r.count++] = atoi(argv[i]);
	}
	if (!r.image || !r.state || !r.step)
		error_set(err, EINVAL, "it needs --image, --state and --step");
	else if (container_options_parse(options, &r.options, err) == 0) {
		*ret = r;
		return 0;
	}
	free(r.tasks);
	return -1;
}

void request_free(struct request *r)
{
	container_options_free(&r->options);
	free(r->tasks);
	*r = (struct request){0};
}
