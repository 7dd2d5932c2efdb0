/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job_submit/kube: slurmctld's side of slurm-kube, a thin shell over conf.c and stamp.c.
 *
 * job_submit() and job_modify() run with slurmctld's locks held, several at once since Slurm 23.02: what they share is
 * written in init() only, and each makes at most one system call, a sendto() that doesn't wait. Memory is
 * asked for in a way that may fail: slurmctld isn't aborted for want of it. */
#include <slurm/spank.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/doorbell.h"
#include "common/slurm_compat.h"
#include "jobsubmit/conf.h"
#include "jobsubmit/stamp.h"

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

#define FOLDER_DEFAULT "/etc/slurm"

static struct conf conf;
static char cluster[64];
static int doorbell = -1;

static void complain(const char *text)
{
	slurm_error("job_submit/kube: %s", text);
}

/* The folder of slurm.conf; slurmctld sets SLURM_CONF to the file that it read. */
static struct conf load_conf(void)
{
	const char *file = getenv("SLURM_CONF");
	const char *slash = file ? strrchr(file, '/') : NULL;
	char folder[4096];

	if (!slash || (size_t)(slash - file) >= sizeof(folder))
		return conf_load(FOLDER_DEFAULT, complain);
	memcpy(folder, file, slash - file);
	folder[slash - file] = '\0';
	return conf_load(folder, complain);
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
	return 0;
}

/* spank_kube knows the container by SLURM_CONTAINER. Jobs from slurmrestd come without it, and one that
 * was submitted from inside another container carries that one's: such a job would run on the host,
 * or in the wrong image. */
static int name_container(job_desc_msg_t *desc)
{
	const char *value;
	uint32_t i = desc->env_size;
	char *entry;

	if (!desc->container || !desc->container[0] || !desc->script || !desc->environment)
		return 0;
	value = environment_find(desc->environment, desc->env_size, "SLURM_CONTAINER", &i);
	if (value && !strcmp(value, desc->container))
		return 0;
	entry = environment_entry("SLURM_CONTAINER", desc->container, slurm_alloc);
	if (!entry)
		return -1;
	if (value) {
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

int job_submit(job_desc_msg_t *desc, uint32_t submit_uid, char **err_msg)
{
	if (stamp(desc) < 0 || name_container(desc) < 0) {
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
