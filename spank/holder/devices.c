/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "spank/holder/cdi.h"

#define BATCH_STEP ".batch"
#define INTERACTIVE_STEP ".interactive"

const char *devices_gpus(const char *step)
{
	const char *dot = strchr(step, '.');
	const char *gpus;

	if (dot && (!strcmp(dot, BATCH_STEP) || !strcmp(dot, INTERACTIVE_STEP)))
		gpus = getenv("SLURM_JOB_GPUS");
	else
		gpus = getenv("SLURM_STEP_GPUS");
	return gpus && gpus[0] ? gpus : NULL;
}

char *devices_gpu_names(const char *kind, const char *gpus, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(64 * 1024);
	int rc = 0;

	while (*gpus && rc == 0) {
		size_t n = strcspn(gpus, ",");

		if (n == 0 || n > 10 || strspn(gpus, "0123456789") != n) {
			error_set(err, EINVAL, "the step's GPUs '%.50s' are not numbers", gpus);
			return NULL;
		}
		rc = buffer_printf(&b, "%s%s%s%.*s", b.used ? "," : "", kind,
				   strchr(kind, '=') ? "" : "=", (int)n, gpus);
		gpus += n + (gpus[n] == ',');
	}
	if (rc < 0) {
		error_set(err, E2BIG, "too many GPUs");
		return NULL;
	}
	return TAKE_PTR(b.data);
}

static int apply_gpus(struct cdi *c, const struct request *r, const char *gpus, struct bundle *b,
		      struct error *err)
{
	const char *kind = r->gpu ? r->gpu : cdi_gpu_kind(c);
	_cleanup_free_ char *names = NULL;

	/* No CDI files for GPUs: they are in the host's /dev, and the image has what it needs. */
	if (!kind || !strcmp(kind, "none"))
		return 0;
	names = devices_gpu_names(kind, gpus, err);
	if (!names || cdi_apply(c, names, b, err) < 0)
		return error_wrap(err, "the GPUs that Slurm gave to the step");
	return 0;
}

int devices_apply(const struct request *r, struct bundle *b, struct error *err)
{
	const char *wanted = r->options.value[CONTAINER_DEVICE];
	const char *gpus = devices_gpus(r->step);
	_cleanup_(cdi_freep) struct cdi *c = NULL;

	if (!wanted && !gpus)
		return 0;
	if (cdi_load(r->cdi, &c, err) < 0)
		return -1;
	if (gpus && apply_gpus(c, r, gpus, b, err) < 0)
		return -1;
	if (wanted && cdi_apply(c, wanted, b, err) < 0)
		return error_wrap(err, "--container-device");
	return 0;
}
