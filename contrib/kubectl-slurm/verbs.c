/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs, and their options. */
#include "contrib/kubectl-slurm/plugin.h"

/* clang-format off */
const struct option submit_options[] = {
	{ 0, "dry-run", "[server]", "print the object and make none; server: let the API server check it", OPT_DRY_RUN, NULL },
	{ 0, "watch", NULL, "print the job's states until it has ended; its exit code is this one's", OPT_WATCH, NULL },
	{ 0 },
};

static const struct option logs_options[] = {
	{ 'f', "follow", NULL, "go on until the job has ended", OPT_FOLLOW, NULL },
	{ 0, "tail", "N", "only the last N lines", OPT_TAIL, NULL },
	{ 0, "since", "TIME", "only what was written since, for example 10m", OPT_SINCE, NULL },
	{ 0, "since-time", "TIME", "the same, a date", OPT_SINCE_TIME, NULL },
	{ 0, "timestamps", NULL, "when it was written, before each line", OPT_TIMESTAMPS, NULL },
	{ 0, "limit-bytes", "N", "no more than that", OPT_LIMIT_BYTES, NULL },
	{ 'p', "previous", NULL, "of the run before the job was requeued", OPT_PREVIOUS, NULL },
	{ 0, "stderr", NULL, "standard error, where that is another file", OPT_STDERR, NULL },
	{ 0, "task", "N", "of that task of an array", OPT_TASK, NULL },
	{ 0, "step", "N", "of that step, where srun was given --output (or with --stderr, --error)", OPT_STEP, NULL },
	{ 'c', "container", "NAME", "the container by name: stdout, stderr, task-7, stderr-7, step-3", OPT_CONTAINER, NULL },
	{ 0 },
};

static const struct option exec_options[] = {
	{ 'i', "stdin", NULL, "standard input is the command's", OPT_STDIN, NULL },
	{ 't', "tty", NULL, "so is this terminal", OPT_TTY, NULL },
	{ 'c', "container", "NAME", "of the pod; JOB_7 is the same as -c task-7", OPT_CONTAINER, NULL },
	{ 0 },
};

#define TARGETS \
	{ 'l', "selector", "LABELS", "the jobs with these labels, for example slurm-kube.io/state=PENDING", OPT_SELECTOR, NULL }, \
	{ 0, "all", NULL, "all jobs of the namespace; only with --yes", OPT_ALL, NULL }, \
	{ 0, "yes", NULL, "yes, all", OPT_YES, NULL }, \
	{ 0, "no-wait", NULL, "don't wait for Slurm's answer", OPT_NO_WAIT, NULL }, \
	{ 0, "timeout", "TIME", "how long to wait for it, 60s by default", OPT_TIMEOUT, NULL }

static const struct option edit_options[] = {
	TARGETS,
	{ 0 },
};

static const struct option requeue_options[] = {
	{ 0, "hold", NULL, "and hold it there", OPT_HOLD, NULL },
	TARGETS,
	{ 0 },
};

static const struct option top_options[] = {
	{ 'A', "all-namespaces", NULL, "the jobs of all namespaces", OPT_ALL_NAMESPACES, NULL },
	{ 0, "by", "WHAT", "count jobs by state, user, account, partition or namespace", OPT_BY, NULL },
	{ 'w', "watch", "[SECONDS]", "again and again, every 5 seconds by default", OPT_WATCH, NULL },
	{ 0 },
};

static const struct option wait_options[] = {
	{ 0, "for", "GOAL", "a state (RUNNING), a condition (Scheduled), or delete", OPT_FOR, NULL },
	{ 0, "timeout", "TIME", "at most that long, for example 1h30m; then the exit code is 124", OPT_TIMEOUT, NULL },
	{ 0 },
};

#define ANSWERED "\nWaits until Slurm has answered. What Slurm refuses is printed in its own words, and the exit code is 1."

const struct verb verbs[] = {
	{ .name = "submit", .words = "SCRIPT|-", .summary = "make a SlurmJob of a batch script", .run = submit_run,
	  .text = "The script's #SBATCH lines, and sbatch's options here, which win, become fields of a SlurmJob; the script goes with\n"
		  "it. Prints the object's name, which is the job's and something that makes it unique. Of the environment, only\n"
		  "what --export names goes with it; variables SBATCH_* are not read.",
	  .options = submit_options, .own_options = true },
	{ .name = "logs", .words = "JOB", .summary = "print a job's output", .run = logs_run, .options = logs_options,
	  .min_words = 1, .max_words = 1, .offers = "jobs",
	  .text = "Where the job has no pod to read from, one is asked for by the annotation slurm-kube.io/logs as long as this runs." },
	{ .name = "exec", .words = "JOB -- COMMAND...", .summary = "run a command beside a job", .run = exec_run,
	  .options = exec_options, .min_words = 1, .max_words = 1, .rest = true, .offers = "jobs",
	  .text = "As a step of the job, as its owner, in its container if it has one. Of an array name a task: 12_3. The exit code is the command's." },
	{ .name = "hold", .words = "JOB...", .summary = "hold pending jobs", .run = edit_run, .options = edit_options,
	  .max_words = WORDS_ANY, .offers = "jobs", .text = "Slurm doesn't start them until they are released." ANSWERED },
	{ .name = "release", .words = "JOB...", .summary = "release held jobs", .run = edit_run, .options = edit_options,
	  .max_words = WORDS_ANY, .offers = "jobs", .text = "The opposite of hold." ANSWERED },
	{ .name = "suspend", .words = "JOB...", .summary = "suspend running jobs", .run = edit_run, .options = edit_options,
	  .max_words = WORDS_ANY, .offers = "jobs",
	  .text = "Slurm lets only operators do that, unless the site's agent is configured to do it for owners." ANSWERED },
	{ .name = "resume", .words = "JOB...", .summary = "resume suspended jobs", .run = edit_run, .options = edit_options,
	  .max_words = WORDS_ANY, .offers = "jobs", .text = "The opposite of suspend." ANSWERED },
	{ .name = "requeue", .words = "JOB...", .summary = "send jobs back to the queue", .run = edit_run,
	  .options = requeue_options, .max_words = WORDS_ANY, .offers = "jobs",
	  .text = "Jobs that run, or that have ended and slurmctld still knows, begin anew." ANSWERED },
	{ .name = "cancel", .words = "JOB...", .summary = "cancel jobs", .run = cancel_run, .options = edit_options,
	  .max_words = WORDS_ANY, .offers = "jobs",
	  .text = "As scancel. The SlurmJob is deleted, which cancels its job, also where deletionPolicy is Orphan; Slurm's accounting\n"
		  "keeps it. Objects of jobs that have ended stay: kubectl delete slurmjob removes them." ANSWERED },
	{ .name = "top", .words = "[jobs|partitions]", .summary = "show partitions and the queue", .run = top_run,
	  .options = top_options, .max_words = 1, .offers = "jobs partitions",
	  .text = "Partitions as sinfo shows them, and jobs that wait or run as squeue does. A/I/O/T: allocated, idle, other, total." },
	{ .name = "steps", .words = "JOB", .summary = "show a job's steps", .run = steps_run, .min_words = 1, .max_words = 1,
	  .offers = "jobs", .text = "The latest 32 steps, with their exit codes (CODE:SIGNAL) and containers." },
	{ .name = "wait", .words = "JOB", .summary = "wait for a job's end", .run = wait_run, .options = wait_options,
	  .min_words = 1, .max_words = 1, .offers = "jobs",
	  .text = "Prints how it ended. The exit code is the job's: 128 and the number of the signal that ended it, 1 if Slurm has neither\n"
		  "(CANCELLED, TIMEOUT); with --for 0 when that is so, 1 when it can't come any more." },
	{ .name = "completion", .words = "bash|zsh", .summary = "print a script for the shell's completion", .run = completion_run,
	  .min_words = 1, .max_words = 1, .offers = "bash zsh",
	  .text = "For example in ~/.bashrc, behind that of kubectl: source <(kubectl slurm completion bash)" },
	{ 0 },
};
/* clang-format on */
