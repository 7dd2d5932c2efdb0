/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/container_options.h"
#include "common/slurm_compat.h"
#include "spank/end.h"
#include "spank/holder/enter.h"
#include "spank/items.h"
#include "spank/join.h"
#include "spank/judge.h"
#include "spank/multi_prog.h"
#include "spank/oci_conf.h"
#include "spank/ring.h"
#include "spank/user_folder.h"

/* One process is one step. */
static struct {
	char *image; /* what --container asked for; NULL if nothing, or if Slurm runs it itself */
	struct container_options wish; /* what the user's options next to it asked for */
	char *options;		       /* the text of them and of what the site adds, or NULL */
	char state[4096];	       /* the user's folder */
	struct error problem; /* what makes every task of it fail; code 0 if nothing does */
	struct rendezvous *rendezvous;
	size_t ended;	 /* tasks that have */
	int exit_status; /* the highest of the tasks'; -1 while none has ended */
} step = {.exit_status = -1};

/* With --container-scope=steps the batch script and salloc's shell stay on the host. */
static bool is_outside_scope(spank_t sp, const struct container_options *options)
{
	const char *scope = options->value[CONTAINER_SCOPE];
	uint32_t id = item_u32(sp, S_JOB_STEPID, 0);

	return scope && !strcmp(scope, "steps") &&
	       (id == SLURM_BATCH_SCRIPT || id == SLURM_INTERACTIVE_STEP);
}

/* What the user said is judged as it is; what the site forces comes to it only then. */
static void add_sites_options(spank_t sp, const char *text)
{
	_cleanup_container_options_ struct container_options options = {0};

	if (container_options_parse(text, &options, &step.problem) < 0 ||
	    judge_apply(&options, &step.problem) < 0)
		return;
	if (is_outside_scope(sp, &options)) {
		free(step.image);
		step.image = NULL;
		return;
	}
	step.options = container_options_format(&options);
	if (!step.options)
		error_set(&step.problem, E2BIG, "its options are too long");
}

/* Which container this step asks for. An empty image is a mistake (--container=$UNSET) unless the
 * container has a name: then what has that name on the node says which image it is. */
static void read_request(spank_t sp, const struct spank_config *config)
{
	_cleanup_free_ char *text = job_variable_dup(sp, CONTAINER_OPTIONS_VARIABLE);
	char partition[256];
	const char *image;

	judge_load(config->policy);
	step.image = job_variable_dup(sp, "SLURM_CONTAINER");
	container_options_parse(text, &step.wish, &step.problem);
	if (!step.image && (step.problem.code || step.wish.value[CONTAINER_NAME]))
		step.image = strdup("");
	if (!step.image) {
		job_variable(sp, "SLURM_JOB_PARTITION", partition, sizeof(partition));
		image = judge_default_image(partition);
		step.image = image ? strdup(image) : NULL;
	}
	if (step.image && !step.problem.code)
		add_sites_options(sp, text);
}

/* Still as root: what the user can't make. */
static void prepare_container(spank_t sp, const struct spank_config *config,
			      const struct error *config_error)
{
	if (step.problem.code)
		return;
	if (config_error->code) {
		step.problem = *config_error;
		error_wrap(&step.problem, "plugstack.conf of this node");
		return;
	}
	user_folder_make(config->state, item_u32(sp, S_JOB_UID, (uid_t)-1),
			 item_u32(sp, S_JOB_GID, (gid_t)-1), step.state, sizeof(step.state),
			 &step.problem);
}

void step_begin(spank_t sp, const struct spank_config *config, const struct error *config_error)
{
	struct ring_step facts = {.kind = DOORBELL_STEP_START, .digest = ""};

	if (item_u32(sp, S_JOB_STEPID, 0) != SLURM_EXTERN_CONT && !slurm_has_oci_conf())
		read_request(sp, config);
	if (step.image)
		prepare_container(sp, config, config_error);
	facts.image = step.image;
	ring_step(sp, config, &facts);
}

void step_ready(spank_t sp)
{
	if (step.image)
		step.rendezvous = rendezvous_new(item_u32(sp, S_JOB_LOCAL_TASK_COUNT, 1));
	if (step.image && !step.rendezvous && !step.problem.code)
		error_set(&step.problem, ENOMEM, "out of memory");
}

/* Before any of them goes on to task_init. */
void step_note_task(spank_t sp)
{
	pid_t pid = 0;
	int task = -1;

	if (step.rendezvous && spank_get_item(sp, S_TASK_ID, &task) == ESPANK_SUCCESS &&
	    spank_get_item(sp, S_TASK_PID, &pid) == ESPANK_SUCCESS && task >= 0)
		rendezvous_set_task(step.rendezvous, task, pid);
}

/* The folder of the batch script, which the caller frees; NULL for other steps. */
static char *spool_folder(spank_t sp)
{
	char **argv = NULL;
	char *slash, *folder;
	int argc = 0;

	if (item_u32(sp, S_JOB_STEPID, 0) != SLURM_BATCH_SCRIPT ||
	    spank_get_item(sp, S_JOB_ARGV, &argc, &argv) != ESPANK_SUCCESS || argc < 1)
		return NULL;
	folder = strdup(argv[0]);
	slash = folder ? strrchr(folder, '/') : NULL;
	if (slash && slash != folder)
		*slash = '\0';
	return folder;
}

static void set_image_env(spank_t sp)
{
	const char *assignment = NULL, *value;
	char name[1024];

	while ((assignment = join_next_env(step.rendezvous, assignment))) {
		value = strchr(assignment, '=');
		if (!value || (size_t)(value - assignment) >= sizeof(name))
			continue;
		memcpy(name, assignment, value - assignment);
		name[value - assignment] = '\0';
		spank_setenv(sp, name, value + 1, 1);
	}
}

/* Whether the step can't have its container. The node's first task says why. */
static bool refuse(spank_t sp)
{
	struct error err = step.problem;

	if (err.code || !step.rendezvous)
		error_wrap(&err, "container %.200s", step.image);
	else if (judge(step.image, &step.wish, &err) == 0)
		return false;
	if (item_u32(sp, S_TASK_ID, 0) == 0)
		slurm_error("%s", err.text);
	return true;
}

/* "17.0", "17.batch", "17.interactive" */
static void name_step(spank_t sp, char *dest, size_t size)
{
	uint32_t job = item_u32(sp, S_JOB_ID, 0), id = item_u32(sp, S_JOB_STEPID, 0);

	if (id == SLURM_BATCH_SCRIPT || id == SLURM_INTERACTIVE_STEP)
		snprintf(dest, size, "%u.%s", job,
			 id == SLURM_BATCH_SCRIPT ? "batch" : "interactive");
	else
		snprintf(dest, size, "%u.%u", job, id);
}

/* The task becomes another program, which runs the one that was asked for: see holder/enter.h. This
 * is the task's own process, so nobody else's argv changes. */
static int replace_program(spank_t sp, const char *enter, struct error *err)
{
	char **argv = NULL;
	int argc = 0;

	if (!enter[0])
		return 0;
	if (spank_get_item(sp, S_JOB_ARGV, &argc, &argv) != ESPANK_SUCCESS || argc < 1 || !argv)
		return error_set(err, EINVAL, "Slurm doesn't say which program it is to run");
	if (multi_prog_is(argc, argv))
		return error_set(
			err, ENOTSUP,
			"srun --multi-prog works neither with "
			"--container-entrypoint nor with a runtime that is joined by exec");
	if (argv[0][0] && argv[0][strlen(argv[0]) - 1] == '/')
		return error_set(
			err, ENOTSUP,
			"srun --bcast to a folder works neither with "
			"--container-entrypoint nor with a runtime that is joined by exec");
	if (spank_setenv(sp, ENTER_PROGRAM, argv[0], 1) != ESPANK_SUCCESS)
		return error_set(err, ENOMEM, "out of memory");
	argv[0] = slurm_xstrdup(enter);
	return 0;
}

int step_enter(spank_t sp, const struct spank_config *config)
{
	_cleanup_free_ char *spool = NULL;
	struct start_request request = {
		.holder = config->holder,
		.image = step.image,
		.options = step.options ? step.options : "",
		.state = step.state,
		.cdi = config->cdi[0] ? config->cdi : NULL,
		.gpu = config->gpu[0] ? config->gpu : NULL,
		.policy = judge_file(),
		.images = config->images[0] ? config->images : NULL,
		.slurm = config->slurm[0] ? config->slurm : NULL,
		.cache_limit = config->cache_limit[0] ? config->cache_limit : NULL,
		.runtime = config->runtime[0] ? config->runtime : NULL,
		.runtime_join = config->runtime_join[0] ? config->runtime_join : NULL,
	};
	char id[32];
	struct error err;
	bool tell;

	if (!step.image)
		return 0;
	if (refuse(sp))
		return -1;
	name_step(sp, id, sizeof(id));
	request.step = id;
	request.spool = spool = spool_folder(sp);
	if (spank_get_item(sp, S_JOB_ENV, &request.env) != ESPANK_SUCCESS)
		request.env = NULL;
	if (join_container(step.rendezvous, &request, &tell, &err) < 0) {
		if (tell)
			slurm_error("%s", err.text);
		return -1;
	}
	set_image_env(sp);
	if (replace_program(sp, rendezvous_report(step.rendezvous, "enter"), &err) < 0) {
		slurm_error("container %.200s: %s", step.image, err.text);
		return -1;
	}
	return 0;
}

void step_leave(spank_t sp)
{
	int status = -1;

	if (spank_get_item(sp, S_TASK_EXIT_STATUS, &status) == ESPANK_SUCCESS &&
	    status > step.exit_status)
		step.exit_status = status;
	if (step.rendezvous && ++step.ended == step.rendezvous->count)
		end_keeper(step.rendezvous);
}

void step_end(spank_t sp, const struct spank_config *config)
{
	const struct rendezvous *r = step.rendezvous;
	struct ring_step facts = {
		.kind = DOORBELL_STEP_END,
		.image = step.image,
		.digest = r ? rendezvous_report(r, "digest") : "",
		.exit_code = step.exit_status,
		.startup_us = r ? r->startup_us : 0,
	};

	ring_step(sp, config, &facts);
	free(step.image);
	free(step.options);
	step.image = step.options = NULL;
	container_options_free(&step.wish);
}
