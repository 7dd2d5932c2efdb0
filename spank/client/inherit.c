/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/client/inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"

#define VARIABLE "SLURM_CONTAINER"
/* What the input variables were when the job or step was made. */
#define INPUT_VARIABLE "SLURM_KUBE_INPUT"
#define INPUT_IMAGE_VARIABLE "SLURM_KUBE_INPUT_IMAGE"
#define CMDLINE_MAX (4 * 1024 * 1024)

/* A client process reads its options once, so there is one of each. */
static struct {
	char *image, *options, *input, *input_image; /* NULL: not set */
} before;					     /* what was set before the options were read */
static char *chosen; /* the first component's image as it was named, or inherited; NULL if none */
static char *chosen_options;
static int components;

static char *copy(const char *value)
{
	return value ? strdup(value) : NULL;
}

/* Put what a variable holds in place of *dest. */
static void keep(char **dest, const char *name)
{
	free(*dest);
	*dest = copy(getenv(name));
}

void inherit_before_options(void)
{
	keep(&before.image, VARIABLE);
	keep(&before.options, CONTAINER_OPTIONS_VARIABLE);
	keep(&before.input, INPUT_VARIABLE);
	keep(&before.input_image, INPUT_IMAGE_VARIABLE);
	free(chosen);
	free(chosen_options);
	chosen = chosen_options = NULL;
	components = 0;
	unsetenv(VARIABLE);
}

static const char *option_value(const char *argument, const char *next)
{
	static const char option[] = "--container";
	size_t n = strcspn(argument, "=");

	if (n != strlen(option) || strncmp(argument, option, n))
		return NULL;
	return argument[n] ? argument + n + 1 : next;
}

const char *inherit_other_container(const char *cmdline, size_t len, const char *wanted)
{
	const char *end = cmdline + len;
	bool later = false;

	for (const char *p = cmdline; p < end; p += strlen(p) + 1) {
		const char *next = p + strlen(p) + 1;
		const char *value = option_value(p, next < end ? next : "");

		if (!strcmp(p, ":"))
			later = true;
		if (later && value && (!wanted || strcmp(value, wanted)))
			return value;
	}
	return NULL;
}

static const char *input_variable(const char *name)
{
	return getenv(name);
}

static bool container_by_variable(enum client_tool tool, const char *container)
{
	static const char *const names[] = {
		[CLIENT_SRUN] = "SRUN_CONTAINER",
		[CLIENT_SBATCH] = "SBATCH_CONTAINER",
		[CLIENT_SALLOC] = "SALLOC_CONTAINER",
	};
	const char *value = getenv(names[tool]);

	return value && container && !strcmp(value, container);
}

/* container: what --container became. */
static int decide(enum client_tool tool, const struct client_wish *asked, const char *container,
		  struct client_decision *ret, struct error *err)
{
	const struct client_inputs in = {
		.tool = tool,
		.asked = asked,
		.container = container,
		.container_by_variable = container_by_variable(tool, container),
		.job_image = before.image,
		.job_options = before.options,
		.job_input = before.input,
		.job_input_image = before.input_image,
		.variable = input_variable,
	};

	return client_decide(&in, ret, err);
}

static int set(const char *name, const char *value, struct error *err)
{
	if ((value ? setenv(name, value, 1) : unsetenv(name)) < 0)
		return error_errno(err, "%s", name);
	return 0;
}

static int set_options(const char *name, const struct container_options *options, char **ret,
		       struct error *err)
{
	_cleanup_free_ char *text = container_options_format(options);

	if (!text)
		return error_set(err, ENOMEM, "out of memory");
	if (set(name, text[0] ? text : NULL, err) < 0)
		return -1;
	if (ret)
		*ret = TAKE_PTR(text);
	return 0;
}

static int first_component(enum client_tool tool, const struct client_wish *asked, inherit_pin *pin,
			   void *arg, struct error *err)
{
	_cleanup_decision_ struct client_decision d = {0};

	if (decide(tool, asked, getenv(VARIABLE), &d, err) < 0)
		return -1;
	chosen = copy(d.wish.image);
	if (pin && d.wish.image && !d.inherited && pin(&d.wish.image, arg, err) < 0)
		return -1;
	if (!client_wish_is_container(&d.wish))
		client_wish_free(&d.input);
	if (set(VARIABLE, d.wish.image, err) < 0 ||
	    set(INPUT_IMAGE_VARIABLE, d.input.image ? getenv(CLIENT_IMAGE_VARIABLE) : NULL, err) <
		    0)
		return -1;
	if (set_options(CONTAINER_OPTIONS_VARIABLE, &d.wish.options, &chosen_options, err) < 0)
		return -1;
	return set_options(INPUT_VARIABLE, &d.input.options, NULL, err);
}

static int refuse(const char *other, struct error *err)
{
	return error_set(err, ENOTSUP,
			 "the components of one srun can't run in different containers "
			 "(%.200s and %.200s): start them with an srun each",
			 chosen ? chosen : "none", other);
}

/* From srun's second component on, all that can be seen of --container is the command line: the
 * variable is set by now, so Slurm leaves it alone. */
static int check_command_line(struct error *err)
{
	_cleanup_free_ char *cmdline = NULL;
	const char *now = getenv(VARIABLE), *other = NULL;
	size_t len = 0;

	if (now && !chosen)
		other = now;
	else if (now &&
		 buffer_read_file("/proc/self/cmdline", CMDLINE_MAX, &cmdline, &len, err) == 0)
		other = inherit_other_container(cmdline, len, chosen);
	return other ? refuse(other, err) : 0;
}

/* What a later component asks for by our own options has to come to the same. */
static int check_asked(enum client_tool tool, const struct client_wish *asked, struct error *err)
{
	_cleanup_decision_ struct client_decision d = {0};
	_cleanup_free_ char *text = NULL;

	if (client_wish_is_empty(asked))
		return 0;
	if (asked->image && (!chosen || strcmp(asked->image, chosen)))
		return refuse(asked->image, err);
	if (decide(tool, asked, chosen, &d, err) < 0)
		return -1;
	text = container_options_format(&d.wish.options);
	if (!text || strcmp(text, chosen_options ? chosen_options : ""))
		return error_set(err, ENOTSUP,
				 "the components of one %s share one container: give --container-* "
				 "options to the first one, and the same or none to the others",
				 tool == CLIENT_SRUN ? "srun" : "job");
	return 0;
}

static int later_component(enum client_tool tool, const struct client_wish *asked,
			   struct error *err)
{
	if (tool == CLIENT_SRUN && check_command_line(err) < 0)
		return -1;
	if (!chosen && set(VARIABLE, NULL, err) < 0)
		return -1;
	return check_asked(tool, asked, err);
}

int inherit_after_options(enum client_tool tool, const struct client_wish *asked, inherit_pin *pin,
			  void *arg, struct error *err)
{
	return components++ == 0 ? first_component(tool, asked, pin, arg, err)
				 : later_component(tool, asked, err);
}
