/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job_submit/kube: slurmctld's side of slurm-kube, a thin shell over common/kube_conf.c, common/stamp.c,
 * container.c and recent.c.
 *
 * job_submit() and job_modify() run with slurmctld's locks held, several at once since Slurm 23.02: what they share is
 * written in init() only, but for recent.c, which locks; and each makes at most one system call, a sendto() that doesn't wait. Memory is
 * asked for in a way that may fail: slurmctld isn't aborted for want of it. */
#include <slurm/spank.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/doorbell.h"
#include "common/container_options.h"
#include "common/kube_conf.h"
#include "common/slurm_compat.h"
#include "common/stamp.h"
#include "jobsubmit/container.h"
#include "jobsubmit/recent.h"

const char plugin_name[] = "Kubernetes job submit plugin";
const char plugin_type[] = "job_submit/kube";
const uint32_t plugin_version = SLURM_VERSION_NUMBER;

int init(void);
void fini(void);
int job_submit(job_desc_msg_t *desc, uint32_t submit_uid, char **err_msg);
#if SLURM_AT_LEAST(23, 2, 0)
int job_modify(job_desc_msg_t *desc, void *job, uint32_t submit_uid, char **err_msg);
#else
int job_modify(job_desc_msg_t *desc, void *job, uint32_t submit_uid);
#endif

static struct kube_conf conf;
static char cluster[64];
static int doorbell = -1;

static void complain(const char *text)
{
	slurm_error("job_submit/kube: %s", text);
}

/* slurmctld sets SLURM_CONF to the file that it read. */
static struct kube_conf load_conf(void)
{
	char path[4096];

	if (kube_conf_default_path(path, sizeof(path)) == 0)
		return kube_conf_load(path, true, complain);
	return kube_conf_load("kube.conf", false, complain);
}

int init(void)
{
	conf = load_conf();
	if (&slurm_conf && slurm_conf.cluster_name)
		snprintf(cluster, sizeof(cluster), "%s", slurm_conf.cluster_name);
	doorbell = doorbell_socket(&conf.doorbell);
	if (doorbell < 0)
		complain("no socket for the doorbell: the agent sees changes at its next poll");
	return SLURM_SUCCESS;
}

void fini(void)
{
	closep(&doorbell);
	doorbell = -1;
	kube_conf_free(&conf);
}

/* One datagram, whose fate doesn't matter. What crosses the network unsealed carries no fact. */
static void ring(enum doorbell_kind kind, uint32_t job_id, uint32_t uid)
{
	bool local = conf.doorbell.address.ss_family == AF_UNIX;
	struct doorbell bell = doorbell_new(local ? kind : DOORBELL_LOOK);
	char text[DOORBELL_MAX];
	int n;

	if (doorbell < 0)
		return;
	if (local) {
		memcpy(bell.cluster, cluster, sizeof(cluster));
		bell.job_id = job_id;
		/* By number: looking up the name may mean asking a directory server. */
		if (uid != NO_VAL)
			snprintf(bell.user, sizeof(bell.user), "%u", uid);
	}
	n = doorbell_format(&bell, text, sizeof(text));
	if (n > 0)
		doorbell_ring(doorbell, &conf.doorbell, text, n);
}

/* size bytes that Slurm can free, or NULL. */
static char *slurm_alloc(size_t size)
{
	void *text = NULL;

	return slurm_xrecalloc(&text, 1, size, true, true, __FILE__, __LINE__, __func__);
}

static void slurm_release(char *text)
{
	slurm_xfree((void **)&text);
}

/* A copy that Slurm can free, or NULL. */
static char *slurm_copy(const char *text)
{
	char *copy = slurm_alloc(strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

/* Mark a job that the agent submits with the object it is made for. That mark is how the agent knows
 * that it has submitted it: without it there may be no job. The variable goes no further, or a job
 * that this job submits would be taken for the same. */
static int stamp(job_desc_msg_t *desc)
{
	const char *uid = stamp_wanted(desc->environment, desc->env_size);
	char *text;

	if (uid) {
		text = stamp_text(desc->admin_comment, uid, slurm_alloc);
		if (!text)
			return -1;
		slurm_xfree((void **)&desc->admin_comment);
		desc->admin_comment = text;
	}
	desc->env_size = environment_drop(desc->environment, desc->env_size, STAMP_VARIABLE,
					  slurm_release);
	desc->env_size = environment_drop(desc->environment, desc->env_size,
					  STAMP_GENERATION_VARIABLE, slurm_release);
	return 0;
}

/* A submission whose answer got lost is made again by the agent: it becomes one job all the same. */
static int refuse_twice(const job_desc_msg_t *desc, uint32_t submit_uid, char **err_msg)
{
	const char *uid = stamp_wanted(desc->environment, desc->env_size);
	const char *generation = environment_find(desc->environment, desc->env_size,
						  STAMP_GENERATION_VARIABLE, NULL);

	/* Of a heterogeneous job's components the first has the script. */
	if (!uid || !generation || !desc->script || recent_add(submit_uid, uid, generation))
		return SLURM_SUCCESS;
	if (err_msg)
		*err_msg = slurm_copy(STAMP_TWICE);
	return ESLURM_ACCESS_DENIED;
}

/* Set a variable of a batch job's environment. */
static int set_variable(job_desc_msg_t *desc, const char *name, const char *value)
{
	uint32_t i = desc->env_size;
	const char *old = environment_find(desc->environment, desc->env_size, name, &i);
	char *entry;

	if (old && !strcmp(old, value))
		return 0;
	entry = environment_entry(name, value, slurm_alloc);
	if (!entry)
		return -1;
	if (old) {
		slurm_release(desc->environment[i]);
	} else if (!slurm_xrecalloc((void **)&desc->environment, desc->env_size + 2, sizeof(char *),
				    true, true, __FILE__, __LINE__, __func__)) {
		slurm_release(entry);
		return -1;
	} else {
		desc->environment[++desc->env_size] = NULL;
	}
	desc->environment[i] = entry;
	return 0;
}

/* What the job says of its container. Borrowed. */
struct container_wish {
	const char *image, *options; /* NULL: none */
	bool batch;
};

static struct container_wish read_wish(const job_desc_msg_t *desc)
{
	const char *options = environment_find(desc->environment, desc->env_size,
					       CONTAINER_OPTIONS_VARIABLE, NULL);
	const struct container_words words = {
		.field = desc->container,
		.environment = environment_find(desc->environment, desc->env_size,
						"SLURM_CONTAINER", NULL),
		.control = environment_find(desc->spank_job_env, desc->spank_job_env_size,
					    CONTAINER_CONTROL_IMAGE, NULL),
	};
	struct container_wish wish = {
		.image = container_resolve(&words),
		.options = options ? options
				   : environment_find(desc->spank_job_env, desc->spank_job_env_size,
						      CONTAINER_CONTROL_OPTIONS, NULL),
		.batch = desc->script && desc->environment,
	};

	if (!wish.image && wish.batch && !wish.options)
		wish.image = container_policy_default_image(&conf.policy, desc->partition);
	return wish;
}

/* spank_kube on the nodes knows the container by SLURM_CONTAINER. Jobs from slurmrestd come without
 * it, one that was submitted from inside another container may carry that one's, and with sbatch
 * --export-file nothing of what the client set is there: such a job would run on the host, or in the
 * wrong image. The other way round, what scontrol shows as the container has the digest. */
static int name_container(job_desc_msg_t *desc, const struct container_wish *wish)
{
	_cleanup_free_ char *image = wish->image ? strdup(wish->image) : NULL;
	char *field;

	if (!image)
		return wish->image ? -1 : 0;
	if (!desc->container || strcmp(desc->container, image)) {
		field = slurm_copy(image);
		if (!field)
			return -1;
		slurm_xfree((void **)&desc->container);
		desc->container = field;
	}
	return wish->batch ? set_variable(desc, "SLURM_CONTAINER", image) : 0;
}

static int name_options(job_desc_msg_t *desc, const struct container_wish *wish)
{
	if (!wish->batch || !wish->options)
		return 0;
	return set_variable(desc, CONTAINER_OPTIONS_VARIABLE, wish->options);
}

/* Returns 0, or a Slurm error with *err_msg set. */
static int judge_container(const job_desc_msg_t *desc, const struct container_wish *wish,
			   char **err_msg)
{
	struct error err;

	if (container_judge(&conf.policy, wish->image, wish->options, desc->work_dir, &err) == 0)
		return SLURM_SUCCESS;
	if (err_msg)
		*err_msg = slurm_copy(err.text);
	return ESLURM_ACCESS_DENIED;
}

int job_submit(job_desc_msg_t *desc, uint32_t submit_uid, char **err_msg)
{
	struct container_wish wish = read_wish(desc);
	int rc = judge_container(desc, &wish, err_msg);

	if (rc == SLURM_SUCCESS)
		rc = refuse_twice(desc, submit_uid, err_msg);
	if (rc != SLURM_SUCCESS)
		return rc;
	/* Options first: the wish's texts may be in the environment. */
	if (name_options(desc, &wish) < 0 || name_container(desc, &wish) < 0 || stamp(desc) < 0) {
		complain("out of memory, a job was refused");
		return ENOMEM;
	}
	ring(DOORBELL_SUBMIT, 0, desc->user_id == NO_VAL ? submit_uid : desc->user_id);
	return SLURM_SUCCESS;
}

#if SLURM_AT_LEAST(23, 2, 0)
int job_modify(job_desc_msg_t *desc, void *job, uint32_t submit_uid, char **err_msg)
#else
int job_modify(job_desc_msg_t *desc, void *job, uint32_t submit_uid)
#endif
{
	/* Who asks isn't who owns the job, and only slurmctld can look into the job. */
	ring(DOORBELL_MODIFY, compat_desc_job_id(desc), NO_VAL);
	return SLURM_SUCCESS;
}
