/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container_options.h"
#include "spank/client/inherit.h"
#include "spank/client/options.h"
#include "spank/client/pin.h"

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

int client_finish(spank_t sp, const struct spank_config *config)
{
	_cleanup_wish_ struct client_wish asked = client_options_take();
	enum client_tool tool = CLIENT_SRUN;
	struct pin pin = {.enabled = config->pin, .warn = tell_user};
	struct error err;

	if (spank_context() == S_CTX_ALLOCATOR)
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
