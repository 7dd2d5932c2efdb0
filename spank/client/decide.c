/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/client/decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container_check.h"
#include "common/container_name.h"
#include "common/image_reference.h"
#include "spank/client/alias.h"

void client_wish_free(struct client_wish *wish)
{
	free(wish->image);
	wish->image = NULL;
	container_options_free(&wish->options);
}

void client_decision_free(struct client_decision *decision)
{
	client_wish_free(&decision->wish);
	client_wish_free(&decision->input);
}

bool client_wish_is_container(const struct client_wish *wish)
{
	return wish->image || wish->options.value[CONTAINER_NAME];
}

bool client_wish_is_empty(const struct client_wish *wish)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (wish->options.value[i])
			return false;
	return !wish->image;
}

static bool equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static int out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

/* The input variables. What is wrong with one is not yet an error: nobody may need it. Then problem
 * is filled, with the first. */
static void read_variables(const struct client_inputs *in, struct client_wish *ret,
			   struct error *problem)
{
	const char *image = in->variable(CLIENT_IMAGE_VARIABLE);
	struct error err;

	*problem = (struct error){0};
	if (image && image[0] && !(ret->image = alias_image(image)))
		out_of_memory(problem);
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++) {
		const char *name = container_option_rows[i].variable;
		const char *value = in->variable(name);

		if (!value || !value[0])
			continue;
		if ((container_option_check(i, value, &err) < 0 ||
		     container_options_set(&ret->options, i, value, &err) < 0) &&
		    !problem->code) {
			error_wrap(&err, "the variable %s", name);
			*problem = err;
		}
	}
}

/* The image that was named for this job or step; NULL if none was. */
static int find_image(const struct client_inputs *in, const struct client_wish *variables,
		      const char **ret, struct error *err)
{
	const char *alias = in->asked->image;

	*ret = in->container;
	if (alias && (!in->container || in->container_by_variable))
		*ret = alias;
	else if (alias && strcmp(alias, in->container))
		return error_set(err, EINVAL,
				 "--container=%.100s and --container-image=%.100s are two images: "
				 "leave one out",
				 in->container, alias);
	if (!*ret && variables->image &&
	    !equal(in->variable(CLIENT_IMAGE_VARIABLE), in->job_input_image))
		*ret = variables->image;
	if (*ret && !(*ret)[0])
		return error_set(
			err, EINVAL,
			"--container: the name is empty (is it a variable that isn't set?)");
	return 0;
}

/* Put what over has over base. but: values that are the same there are left out; may be NULL. */
static int lay_over(struct container_options *base, const struct container_options *over,
		    const struct container_options *but, struct error *err)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (over->value[i] && !(but && equal(over->value[i], but->value[i])) &&
		    container_options_set(base, i, over->value[i], err) < 0)
			return error_wrap(err, "--container-%s", container_option_rows[i].key);
	return 0;
}

/* The job's options, as far as a step of it inherits them. */
static int inherit(const char *text, struct container_options *ret, struct error *err)
{
	char inherited[CONTAINER_NAME_TEXT_MAX];
	struct container_name name;

	if (container_options_parse(text, ret, err) < 0)
		return -1;
	free(ret->value[CONTAINER_SAVE]);
	ret->value[CONTAINER_SAVE] = NULL;
	if (!ret->value[CONTAINER_NAME])
		return 0;
	if (container_name_parse(ret->value[CONTAINER_NAME], &name, err) < 0)
		return error_wrap(err, CONTAINER_OPTIONS_VARIABLE);
	container_name_format_inherited(&name, inherited);
	return container_options_set(ret, CONTAINER_NAME, inherited, err);
}

/* A step of a containerised job, in that job's container. */
static int decide_inherited(const struct client_inputs *in, struct client_decision *d,
			    struct error *err)
{
	_cleanup_container_options_ struct container_options then = {0};

	if (in->job_image && !(d->wish.image = strdup(in->job_image)))
		return out_of_memory(err);
	d->inherited = true;
	/* What it can't read (someone else's variable) is no reason to leave anything out. */
	container_options_parse(in->job_input, &then, NULL);
	if (inherit(in->job_options, &d->wish.options, err) < 0 ||
	    lay_over(&d->wish.options, &d->input.options, &then, err) < 0)
		return -1;
	return lay_over(&d->wish.options, &in->asked->options, NULL, err);
}

static int decide_new(const struct client_inputs *in, const char *image, struct client_decision *d,
		      struct error *err)
{
	if (image && !(d->wish.image = strdup(image)))
		return out_of_memory(err);
	if (lay_over(&d->wish.options, &d->input.options, NULL, err) < 0)
		return -1;
	return lay_over(&d->wish.options, &in->asked->options, NULL, err);
}

/* Whether a step without an image of its own has its job's container. */
static bool job_is_contained(const struct client_inputs *in)
{
	_cleanup_container_options_ struct container_options options = {0};

	if (in->tool != CLIENT_SRUN)
		return false;
	if (in->job_image)
		return true;
	return container_options_parse(in->job_options, &options, NULL) == 0 &&
	       options.value[CONTAINER_NAME];
}

/* Options without a container are a mistake on the command line, but not in a variable: a profile
 * may set that for all jobs. */
static int check_purpose(const struct client_inputs *in, struct error *err)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (in->asked->options.value[i])
			return error_set(err, EINVAL,
					 "--container-%s is there but no container: add "
					 "--container=IMAGE",
					 container_option_rows[i].key);
	return 0;
}

static int check_result(const struct client_inputs *in, const struct client_wish *wish,
			struct error *err)
{
	_cleanup_free_ char *text = NULL;
	struct image_reference image;
	const struct container_options *o = &wish->options;

	if (wish->image && image_reference_parse(wish->image, &image, err) < 0)
		return error_wrap(err, "container %.200s", wish->image);
	if (container_options_check(o, err) < 0)
		return -1;
	if (o->value[CONTAINER_SAVE] && in->tool == CLIENT_SALLOC)
		return error_set(err, EINVAL,
				 "--container-save is for sbatch and srun: give it to the srun "
				 "whose container is to be saved");
	if (o->value[CONTAINER_SAVE] && in->tool == CLIENT_SBATCH &&
	    equal(o->value[CONTAINER_SCOPE], "steps"))
		return error_set(err, EINVAL,
				 "--container-save with --container-scope=steps: the batch script "
				 "has no container to save; give --container-save to an srun");
	text = container_options_format(o);
	if (!text)
		return error_set(err, E2BIG, "the --container-* options are longer than %d bytes",
				 CONTAINER_OPTIONS_MAX);
	return 0;
}

static int decide(const struct client_inputs *in, struct client_decision *d, struct error *err)
{
	struct error problem;
	const char *image;
	int rc;

	read_variables(in, &d->input, &problem);
	if (find_image(in, &d->input, &image, err) < 0)
		return -1;
	if (job_is_contained(in) && (!image || equal(in->job_image, image) ||
				     image_reference_is_pinned_form(in->job_image, image)))
		rc = decide_inherited(in, d, err);
	else
		rc = decide_new(in, image, d, err);
	if (rc < 0)
		return -1;
	if (!client_wish_is_container(&d->wish)) {
		client_wish_free(&d->wish);
		return check_purpose(in, err);
	}
	if (problem.code) {
		if (err)
			*err = problem;
		return -1;
	}
	return check_result(in, &d->wish, err);
}

int client_decide(const struct client_inputs *in, struct client_decision *ret, struct error *err)
{
	_cleanup_decision_ struct client_decision d = {0};

	if (decide(in, &d, err) < 0)
		return -1;
	*ret = d;
	d = (struct client_decision){0};
	return 0;
}
