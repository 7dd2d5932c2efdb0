/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spank_kube.so: Slurm's side of the containers and doorbells, and nothing else. Each callback only
 * translates between SPANK and the modules next to this file.
 *
 * A callback never fails for a user's mistake: an error from slurm_spank_init or job_prolog drains
 * the node, and one from user_init ends srun with exit code 0. What went wrong is remembered, and
 * the task that wanted a container fails in task_init. */
#include <errno.h>
#include <slurm/spank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/container_options.h"
#include "common/slurm_compat.h"
#include "spank/bell.h"
#include "spank/client/inherit.h"
#include "spank/client/options.h"
#include "spank/client/pin.h"
#include "spank/config.h"
#include "spank/end.h"
#include "spank/holder/enter.h"
#include "spank/join.h"
#include "spank/judge.h"
#include "spank/multi_prog.h"
#include "spank/sweep.h"
#include "spank/user_folder.h"

SPANK_PLUGIN(spank_kube, 1)

/* One process is one step (or one srun, or one prolog), so there is one of each. */
static struct spank_config config;
static struct error config_error;
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

/* Slurm runs containers itself where the site has configured that. */
static bool slurm_has_oci_conf(void)
{
	const char *conf = getenv("SLURM_CONF");
	char path[4096];
	struct stat st;
	const char *slash = conf ? strrchr(conf, '/') : NULL;

	if (slash)
		snprintf(path, sizeof(path), "%.*s/oci.conf", (int)(slash - conf), conf);
	else
		snprintf(path, sizeof(path), "/etc/slurm/oci.conf");
	return stat(path, &st) == 0;
}

static uint32_t item_u32(spank_t sp, spank_item_t item, uint32_t fallback)
{
	uint32_t value = fallback;

	return spank_get_item(sp, item, &value) == ESPANK_SUCCESS ? value : fallback;
}

static void job_variable(spank_t sp, const char *name, char *dest, size_t size)
{
	if (spank_getenv(sp, name, dest, (int)size) != ESPANK_SUCCESS)
		dest[0] = '\0';
}

/* The value of a variable of any length; the caller frees it. NULL if it isn't set. */
static char *job_variable_dup(spank_t sp, const char *name)
{
	char **env = NULL;
	size_t n = strlen(name);

	if (spank_get_item(sp, S_JOB_ENV, &env) != ESPANK_SUCCESS || !env)
		return NULL;
	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return strdup(*env + n + 1);
	return NULL;
}

/* The node's own name isn't in the environment yet when a step starts; but this is its first one.
 */
static void first_node(spank_t sp, char *dest, size_t size)
{
	char list[1024];

	job_variable(sp, "SLURMD_NODENAME", dest, size);
	if (dest[0])
		return;
	job_variable(sp, "SLURM_STEP_NODELIST", list, sizeof(list));
	if (!list[0])
		job_variable(sp, "SLURM_JOB_NODELIST", list, sizeof(list));
	bell_name_first_node(list, dest, size);
}

static void ring_step(spank_t sp, enum doorbell_kind kind)
{
	struct doorbell bell = doorbell_new(kind);

	bell.job_id = item_u32(sp, S_JOB_ID, 0);
	bell.step_id = item_u32(sp, S_JOB_STEPID, DOORBELL_NO_STEP);
	if (item_u32(sp, S_JOB_NODEID, 0) != 0 || bell.step_id == SLURM_EXTERN_CONT)
		return;
	snprintf(bell.cluster, sizeof(bell.cluster), "%s", config.cluster);
	if (!bell.cluster[0])
		job_variable(sp, "SLURM_CLUSTER_NAME", bell.cluster, sizeof(bell.cluster));
	job_variable(sp, "SLURM_JOB_USER", bell.user, sizeof(bell.user));
	if (!bell.user[0])
		snprintf(bell.user, sizeof(bell.user), "%u", item_u32(sp, S_JOB_UID, 0));
	first_node(sp, bell.node, sizeof(bell.node));
	if (step.image)
		snprintf(bell.image, sizeof(bell.image), "%s", step.image);
	if (kind == DOORBELL_STEP_END) {
		bell.exit_code = step.exit_status;
		bell.startup_us = step.rendezvous ? step.rendezvous->startup_us : 0;
	}
	bell_ring(&config, &bell);
}

static void ring_job(enum doorbell_kind kind, spank_t sp)
{
	struct doorbell bell = doorbell_new(kind);
	char first[sizeof(bell.node)];
	const char *node = getenv("SLURMD_NODENAME"), *user = getenv("SLURM_JOB_USER");
	const char *cluster = config.cluster[0] ? config.cluster : getenv("SLURM_CLUSTER_NAME");

	/* Not known (older Slurm): one doorbell too many costs less than one too few. */
	bell_name_first_node(getenv("SLURM_NODELIST"), first, sizeof(first));
	if (first[0] && node && strcmp(first, node))
		return;
	bell.job_id = item_u32(sp, S_JOB_ID, 0);
	snprintf(bell.cluster, sizeof(bell.cluster), "%s", cluster ? cluster : "");
	snprintf(bell.user, sizeof(bell.user), "%s", user ? user : "");
	snprintf(bell.node, sizeof(bell.node), "%s", node ? node : "");
	bell_ring(&config, &bell);
}

int slurm_spank_init(spank_t sp, int ac, char *av[])
{
	spank_context_t context = spank_context();

	if (spank_config_parse(ac, av, &config, &config_error) < 0 &&
	    (context == S_CTX_SLURMD || context == S_CTX_REMOTE))
		slurm_error("spank_kube: plugstack.conf: %s", config_error.text);
	if (context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR || context == S_CTX_REMOTE)
		client_options_register(sp, context != S_CTX_REMOTE);
	if (context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR)
		inherit_before_options();
	if (context == S_CTX_SLURMD)
		sweep_all(&config);
	if (context == S_CTX_SLURMD && slurm_has_oci_conf())
		slurm_info("spank_kube: there is an oci.conf, so Slurm runs containers itself");
	return 0;
}

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
static void read_request(spank_t sp)
{
	_cleanup_free_ char *text = job_variable_dup(sp, CONTAINER_OPTIONS_VARIABLE);
	char partition[256];
	const char *image;

	judge_load(config.policy);
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
static void prepare_container(spank_t sp)
{
	if (step.problem.code)
		return;
	if (config_error.code) {
		step.problem = config_error;
		error_wrap(&step.problem, "plugstack.conf of this node");
		return;
	}
	user_folder_make(config.state, item_u32(sp, S_JOB_UID, (uid_t)-1),
			 item_u32(sp, S_JOB_GID, (gid_t)-1), step.state, sizeof(step.state),
			 &step.problem);
}

/* Tell job_submit_kube, which doesn't see the environment of srun and salloc. */
static void set_control(spank_t sp, const char *name, const char *value)
{
	if (value)
		spank_job_control_setenv(sp, name, value, 1);
	else
		spank_job_control_unsetenv(sp, name);
}

static void tell_user(const char *text)
{
	slurm_info("%s", text);
}

/* In srun, sbatch and salloc: what is asked for is known by now. */
static int finish_request(spank_t sp, spank_context_t context)
{
	_cleanup_wish_ struct client_wish asked = client_options_take();
	enum client_tool tool = CLIENT_SRUN;
	struct pin pin = {.enabled = config.pin, .warn = tell_user};
	struct error err;

	if (context == S_CTX_ALLOCATOR)
		tool = strcmp(program_invocation_short_name, "salloc") ? CLIENT_SBATCH
								       : CLIENT_SALLOC;
	if (inherit_after_options(tool, &asked, pin_image, &pin, &err) < 0) {
		slurm_error("%s", err.text);
		/* Should Slurm go on all the same ("optional"), then no node runs this. */
		setenv("SLURM_CONTAINER", "", 1);
		return -1;
	}
	set_control(sp, CONTAINER_CONTROL_IMAGE, getenv("SLURM_CONTAINER"));
	set_control(sp, CONTAINER_CONTROL_OPTIONS, getenv(CONTAINER_OPTIONS_VARIABLE));
	return 0;
}

int slurm_spank_init_post_opt(spank_t sp, int ac, char *av[])
{
	spank_context_t context = spank_context();

	if (context == S_CTX_REMOTE) {
		if (item_u32(sp, S_JOB_STEPID, 0) != SLURM_EXTERN_CONT && !slurm_has_oci_conf())
			read_request(sp);
		if (step.image)
			prepare_container(sp);
		ring_step(sp, DOORBELL_STEP_START);
	} else if (context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR) {
		return finish_request(sp, context);
	}
	return 0;
}

int slurm_spank_user_init(spank_t sp, int ac, char *av[])
{
	if (step.image)
		step.rendezvous = rendezvous_new(item_u32(sp, S_JOB_LOCAL_TASK_COUNT, 1));
	if (step.image && !step.rendezvous && !step.problem.code)
		error_set(&step.problem, ENOMEM, "out of memory");
	return 0;
}

/* In slurmstepd, for each task, before any of them goes on to task_init. */
int slurm_spank_task_post_fork(spank_t sp, int ac, char *av[])
{
	pid_t pid = 0;
	int task = -1;

	if (step.rendezvous && spank_get_item(sp, S_TASK_ID, &task) == ESPANK_SUCCESS &&
	    spank_get_item(sp, S_TASK_PID, &pid) == ESPANK_SUCCESS && task >= 0)
		rendezvous_set_task(step.rendezvous, task, pid);
	return 0;
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
		return error_set(err, ENOTSUP, "srun --multi-prog works neither with "
				 "--container-entrypoint nor with a runtime that is joined by exec");
	if (argv[0][0] && argv[0][strlen(argv[0]) - 1] == '/')
		return error_set(err, ENOTSUP, "srun --bcast to a folder works neither with "
				 "--container-entrypoint nor with a runtime that is joined by exec");
	if (spank_setenv(sp, ENTER_PROGRAM, argv[0], 1) != ESPANK_SUCCESS)
		return error_set(err, ENOMEM, "out of memory");
	argv[0] = slurm_xstrdup(enter);
	return 0;
}

int slurm_spank_task_init(spank_t sp, int ac, char *av[])
{
	_cleanup_free_ char *spool = NULL;
	struct start_request request = {
		.holder = config.holder,
		.image = step.image,
		.options = step.options ? step.options : "",
		.state = step.state,
		.cdi = config.cdi[0] ? config.cdi : NULL,
		.gpu = config.gpu[0] ? config.gpu : NULL,
		.policy = judge_file(),
		.images = config.images[0] ? config.images : NULL,
		.slurm = config.slurm[0] ? config.slurm : NULL,
		.cache_limit = config.cache_limit[0] ? config.cache_limit : NULL,
		.runtime = config.runtime[0] ? config.runtime : NULL,
		.runtime_join = config.runtime_join[0] ? config.runtime_join : NULL,
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

int slurm_spank_task_exit(spank_t sp, int ac, char *av[])
{
	int status = -1;

	if (spank_get_item(sp, S_TASK_EXIT_STATUS, &status) == ESPANK_SUCCESS &&
	    status > step.exit_status)
		step.exit_status = status;
	if (step.rendezvous && ++step.ended == step.rendezvous->count)
		end_keeper(step.rendezvous);
	return 0;
}

int slurm_spank_exit(spank_t sp, int ac, char *av[])
{
	if (spank_context() == S_CTX_REMOTE)
		ring_step(sp, DOORBELL_STEP_END);
	free(step.image);
	free(step.options);
	step.image = step.options = NULL;
	container_options_free(&step.wish);
	return 0;
}

/* Prolog and epilog are processes of their own, where slurm_spank_init isn't called. Their
 * environment is slurmd's, none of it the user's. */
int slurm_spank_job_prolog(spank_t sp, int ac, char *av[])
{
	spank_config_parse(ac, av, &config, NULL);
	ring_job(DOORBELL_JOB_START, sp);
	sweep_user(&config, item_u32(sp, S_JOB_UID, 0), 0);
	return 0;
}

int slurm_spank_job_epilog(spank_t sp, int ac, char *av[])
{
	spank_config_parse(ac, av, &config, NULL);
	ring_job(DOORBELL_JOB_END, sp);
	sweep_user(&config, item_u32(sp, S_JOB_UID, 0), item_u32(sp, S_JOB_ID, 0));
	return 0;
}

/* Does nothing, but without it slurmd doesn't call slurm_spank_init. */
int slurm_spank_slurmd_exit(spank_t sp, int ac, char *av[])
{
	return 0;
}
