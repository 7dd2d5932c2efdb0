/* SPDX-License-Identifier: GPL-2.0-or-later */
/* srun's command line, and which file a step's output is by it. */
#include "common/cleanup.h"
#include "fuzz.h"
#include "sync-agent/mirror/step_files.h"
#include "sync-agent/slurm/srun_line.h"

static void try_path(const char *path)
{
	must(!path || (path[0] == '/' && strlen(path) < STEP_FILES_PATH));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *line = fuzz_text(data, size);
	const struct step_job job = { .name = "a job", .folder = "/home/alice" };
	struct step step = { .job_id = 7, .number = 3, .tasks = 2, .het_offset = STEP_NO_HET, .user = "alice" };
	struct srun_line read;

	if (srun_line_read(line, &read) < 0) {
		must(!read.output && !read.error);
		return 0;
	}
	free(read.output);
	free(read.error);
	srun_line_note(&step, NULL, NULL, line);
	step_files_settle(&step, &job);
	try_path(step.out);
	try_path(step.err);
	must(!step.out || !step.err || strcmp(step.out, step.err));
	step_free(&step);
	return 0;
}
