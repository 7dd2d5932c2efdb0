/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Submit COUNT batch jobs, held unless "queued" follows, one after the other, as sbatch does, and print how many that was
 * per second.
 * Held: what is measured is slurmctld's way from the request to the answer, not the scheduler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/slurm_compat.h"

extern char **environ;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static uint32_t submit(bool held)
{
	static char script[] = "#!/bin/sh\ntrue\n", name[] = "bench", folder[] = "/tmp", null[] = "/dev/null";
	submit_response_msg_t *response = NULL;
	job_desc_msg_t desc;
	uint32_t job_id;

	slurm_init_job_desc_msg(&desc);
	desc.name = name;
	desc.script = script;
	desc.work_dir = folder;
	desc.std_out = desc.std_err = desc.std_in = null;
	desc.user_id = geteuid();
	desc.group_id = getegid();
	desc.min_nodes = desc.num_tasks = desc.time_limit = 1;
	if (held)
		desc.priority = 0;
	desc.environment = environ;
	for (desc.env_size = 0; environ[desc.env_size];)
		desc.env_size++;
	if (slurm_submit_batch_job(&desc, &response) != SLURM_SUCCESS) {
		slurm_perror("submit-batch");
		exit(1);
	}
	job_id = response->job_id;
	slurm_free_submit_response_response_msg(response);
	return job_id;
}

int main(int argc, char **argv)
{
	bool queued = argc == 3 && !strcmp(argv[2], "queued");
	int count = argc == 2 + queued ? atoi(argv[1]) : 0;
	double began;

	if (count <= 0) {
		fprintf(stderr, "Usage: submit-batch COUNT [queued]\n");
		return 2;
	}
	slurm_init(NULL);
	submit(!queued);
	began = now();
	for (int i = 0; i < count; i++)
		submit(!queued);
	printf("%.1f\n", count / (now() - began));
	return 0;
}
