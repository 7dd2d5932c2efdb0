/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spank_kube.so: Slurm's side of the containers and doorbells, and nothing else. Each callback only
 * translates between SPANK and the modules next to this file.
 *
 * A callback never fails for a user's mistake: an error from slurm_spank_init or job_prolog drains
 * the node, and one from user_init ends srun with exit code 0. What went wrong is remembered, and
 * the task that wanted a container fails in task_init. */
#include <slurm/spank.h>

#include "spank/client/client.h"
#include "spank/client/inherit.h"
#include "spank/client/options.h"
#include "spank/config.h"
#include "spank/items.h"
#include "spank/oci_conf.h"
#include "spank/ring.h"
#include "spank/step.h"
#include "spank/sweep.h"

SPANK_PLUGIN(spank_kube, 1)

/* One process is one step (or one srun, or one prolog), so there is one of each. */
static struct spank_config config;
static struct error config_error;

static bool is_client(void)
{
	return spank_context() == S_CTX_LOCAL || spank_context() == S_CTX_ALLOCATOR;
}

int slurm_spank_init(spank_t sp, int ac, char *av[])
{
	spank_context_t context = spank_context();

	if (spank_config_parse(ac, av, &config, &config_error) < 0 &&
	    (context == S_CTX_SLURMD || context == S_CTX_REMOTE))
		slurm_error("spank_kube: plugstack.conf: %s", config_error.text);
	if (is_client() || context == S_CTX_REMOTE)
		client_options_register(sp, context != S_CTX_REMOTE);
	if (is_client())
		inherit_before_options();
	if (context == S_CTX_SLURMD)
		sweep_all(&config);
	if (context == S_CTX_SLURMD && slurm_has_oci_conf())
		slurm_info("spank_kube: there is an oci.conf, so Slurm runs containers itself");
	return 0;
}

int slurm_spank_init_post_opt(spank_t sp, int ac, char *av[])
{
	if (spank_context() == S_CTX_REMOTE)
		step_begin(sp, &config, &config_error);
	return is_client() ? client_finish(sp, &config) : 0;
}

int slurm_spank_user_init(spank_t sp, int ac, char *av[])
{
	step_ready(sp);
	return 0;
}

int slurm_spank_task_post_fork(spank_t sp, int ac, char *av[])
{
	step_note_task(sp);
	return 0;
}

int slurm_spank_task_init(spank_t sp, int ac, char *av[])
{
	return step_enter(sp, &config);
}

int slurm_spank_task_exit(spank_t sp, int ac, char *av[])
{
	step_leave(sp);
	return 0;
}

int slurm_spank_exit(spank_t sp, int ac, char *av[])
{
	if (spank_context() == S_CTX_REMOTE)
		step_end(sp, &config);
	return 0;
}

/* Prolog and epilog are processes of their own, where slurm_spank_init isn't called. Their
 * environment is slurmd's, none of it the user's. */
int slurm_spank_job_prolog(spank_t sp, int ac, char *av[])
{
	spank_config_parse(ac, av, &config, NULL);
	ring_job(sp, &config, DOORBELL_JOB_START);
	sweep_user(&config, item_u32(sp, S_JOB_UID, 0), 0);
	return 0;
}

int slurm_spank_job_epilog(spank_t sp, int ac, char *av[])
{
	spank_config_parse(ac, av, &config, NULL);
	ring_job(sp, &config, DOORBELL_JOB_END);
	sweep_user(&config, item_u32(sp, S_JOB_UID, 0), item_u32(sp, S_JOB_ID, 0));
	return 0;
}

/* Does nothing, but without it slurmd doesn't call slurm_spank_init. */
int slurm_spank_slurmd_exit(spank_t sp, int ac, char *av[])
{
	return 0;
}
