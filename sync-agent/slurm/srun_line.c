/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/srun_line.h"

#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define LINE_BYTES 16384
#define WORDS_MAX 1024

/* The + ends options with the first word that is none. */
static const char letters[] =
	"+A:b:D:M:C:S:c:d:Xm:e:x:B:G:hHI::i:J:K::lL:Zk::F:w:N:n:o:Osp:Eq:Qr:T:t:uvVW:";

#define PLAIN(name)                                                                                \
	{                                                                                          \
		name, no_argument, NULL, 0                                                         \
	}
#define VALUE(name)                                                                                \
	{                                                                                          \
		name, required_argument, NULL, 0                                                   \
	}
#define MAYBE(name)                                                                                \
	{                                                                                          \
		name, optional_argument, NULL, 0                                                   \
	}

/* Of those that have the same letter here getopt_long() takes an abbreviation that is of several.
 */
static const struct option words[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "error", required_argument, NULL, 'e' },

	PLAIN("consolidate-segments"),
	PLAIN("contiguous"),
	PLAIN("debugger-test"),
	PLAIN("disable-status"),
	PLAIN("exact"),
	PLAIN("help"),
	PLAIN("hold"),
	PLAIN("interactive"),
	PLAIN("label"),
	PLAIN("multi-prog"),
	PLAIN("no-allocate"),
	PLAIN("overcommit"),
	PLAIN("oversubscribe"),
	PLAIN("preserve-env"),
	PLAIN("quiet"),
	PLAIN("quit-on-interrupt"),
	PLAIN("reboot"),
	PLAIN("spread-job"),
	PLAIN("spread-segments"),
	PLAIN("stepmgr"),
	PLAIN("test-only"),
	PLAIN("unbuffered"),
	PLAIN("usage"),
	PLAIN("use-min-nodes"),
	PLAIN("verbose"),
	PLAIN("version"),
	PLAIN("wait-for-children"),
	PLAIN("whole"),

	MAYBE("bcast"),
	MAYBE("compress"),
	MAYBE("exclusive"),
	MAYBE("external-launcher"),
	MAYBE("immediate"),
	MAYBE("kill-on-bad-exit"),
	MAYBE("nice"),
	MAYBE("no-kill"),
	MAYBE("oom-kill-step"),
	MAYBE("overlap"),
	MAYBE("propagate"),
	MAYBE("pty"),
	MAYBE("resv-ports"),
	MAYBE("send-libs"),
	MAYBE("x11"),

	VALUE("accel-bind"),
	VALUE("account"),
	VALUE("acctg-freq"),
	VALUE("autocomplete"),
	VALUE("bb"),
	VALUE("bbf"),
	VALUE("bcast-exclude"),
	VALUE("begin"),
	VALUE("chdir"),
	VALUE("cluster"),
	VALUE("cluster-constraint"),
	VALUE("clusters"),
	VALUE("comment"),
	VALUE("constraint"),
	VALUE("container"),
	VALUE("container-id"),
	VALUE("context"),
	VALUE("core-spec"),
	VALUE("cores-per-socket"),
	VALUE("cpu-bind"),
	VALUE("cpu-freq"),
	VALUE("cpu_bind"),
	VALUE("cpus-per-gpu"),
	VALUE("cpus-per-task"),
	VALUE("deadline"),
	VALUE("delay-boot"),
	VALUE("dependency"),
	VALUE("distribution"),
	VALUE("epilog"),
	VALUE("exclude"),
	VALUE("export"),
	VALUE("extra"),
	VALUE("extra-node-info"),
	VALUE("gid"),
	VALUE("gpu-bind"),
	VALUE("gpu-freq"),
	VALUE("gpus"),
	VALUE("gpus-per-node"),
	VALUE("gpus-per-socket"),
	VALUE("gpus-per-task"),
	VALUE("gres"),
	VALUE("gres-flags"),
	VALUE("het-group"),
	VALUE("hint"),
	VALUE("input"),
	VALUE("job-name"),
	VALUE("jobid"),
	VALUE("licenses"),
	VALUE("mail-type"),
	VALUE("mail-user"),
	VALUE("mcs-label"),
	VALUE("mem"),
	VALUE("mem-bind"),
	VALUE("mem-per-cpu"),
	VALUE("mem-per-gpu"),
	VALUE("mincpus"),
	VALUE("mpi"),
	VALUE("msg-timeout"),
	VALUE("network"),
	VALUE("nodefile"),
	VALUE("nodelist"),
	VALUE("nodes"),
	VALUE("ntasks"),
	VALUE("ntasks-per-core"),
	VALUE("ntasks-per-gpu"),
	VALUE("ntasks-per-node"),
	VALUE("ntasks-per-socket"),
	VALUE("ntasks-per-tres"),
	VALUE("open-mode"),
	VALUE("pack-group"),
	VALUE("partition"),
	VALUE("power"),
	VALUE("prefer"),
	VALUE("priority"),
	VALUE("profile"),
	VALUE("prolog"),
	VALUE("qos"),
	VALUE("relative"),
	VALUE("reservation"),
	VALUE("resources"),
	VALUE("segment"),
	VALUE("signal"),
	VALUE("slurmd-debug"),
	VALUE("sockets-per-node"),
	VALUE("switches"),
	VALUE("task-epilog"),
	VALUE("task-prolog"),
	VALUE("tasks-per-node"),
	VALUE("thread-spec"),
	VALUE("threads"),
	VALUE("threads-per-core"),
	VALUE("time"),
	VALUE("time-min"),
	VALUE("tmp"),
	VALUE("treewidth"),
	VALUE("tres-bind"),
	VALUE("tres-per-task"),
	VALUE("uid"),
	VALUE("wait"),
	VALUE("wckey"),

	/* slurm-kube's own */
	VALUE("container-device"),
	VALUE("container-env"),
	VALUE("container-image"),
	VALUE("container-mounts"),
	VALUE("container-name"),
	VALUE("container-save"),
	VALUE("container-scope"),
	VALUE("container-workdir"),
	PLAIN("container-entrypoint"),
	PLAIN("container-entrypoint-log"),
	PLAIN("container-mount-home"),
	PLAIN("container-readonly"),
	PLAIN("container-remap-root"),
	PLAIN("container-slurm"),
	PLAIN("container-writable"),
	PLAIN("no-container-entrypoint"),
	PLAIN("no-container-mount-home"),
	PLAIN("no-container-remap-root"),
	PLAIN("no-container-slurm"),

	{ NULL, 0, NULL, 0 },
};

/* "/usr/bin/srun" */
static bool is_srun(const char *program)
{
	const char *slash = strrchr(program, '/');

	return !strcmp(slash ? slash + 1 : program, "srun");
}

/* An option that isn't known was met: is the next word certainly not its value? Of letters, which
 * are told in optopt, nobody knows. */
static bool stands_alone(char *const *argv)
{
	return !optopt &&
	       (strchr(argv[optind - 1], '=') || (argv[optind] && argv[optind][0] == '-'));
}

/* getopt_long() keeps where it is in variables of the whole process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Returns false if the options can't be told from what comes after them. ret's texts are argv's. */
static bool read_options(int argc, char **argv, struct srun_line *ret)
{
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, letters, words, NULL)) != -1) {
		if (c == 'o')
			ret->output = optarg;
		else if (c == 'e')
			ret->error = optarg;
		else if (c == '?' && !stands_alone(argv))
			return false;
	}
	return true;
}

static int split(char *text, char **argv)
{
	int n = 0;
	char *word;

	while (n < WORDS_MAX && (word = strsep(&text, " ")))
		argv[n++] = word;
	argv[n] = NULL;
	return n;
}

int srun_line_read(const char *line, struct srun_line *ret)
{
	_cleanup_free_ char **argv = calloc(WORDS_MAX + 1, sizeof(*argv));
	_cleanup_free_ char *text = strndup(line, LINE_BYTES);
	struct srun_line found = { 0 };
	bool whole = strnlen(line, LINE_BYTES) < LINE_BYTES, read = false;
	int argc;

	*ret = (struct srun_line){ 0 };
	if (!argv || !text)
		return -1;
	argc = split(text, argv);
	if (argc < 1 || !is_srun(argv[0]))
		return -1;
	pthread_mutex_lock(&lock);
	/* What was cut off is of no use if the options had ended before. */
	read = read_options(argc, argv, &found) &&
	       (optind < argc || (whole && argc < WORDS_MAX));
	pthread_mutex_unlock(&lock);
	if (!read)
		return -1;
	ret->output = found.output ? strdup(found.output) : NULL;
	ret->error = found.error ? strdup(found.error) : NULL;
	return 0;
}

void srun_line_note(struct step *step, const char *output, const char *error, const char *line)
{
	struct srun_line read = { 0 };

	if (output || error) {
		read.output = output ? strdup(output) : NULL;
		read.error = error ? strdup(error) : NULL;
	} else if (line) {
		srun_line_read(line, &read);
	}
	free(step->out);
	free(step->err);
	step->out = read.output;
	step->err = read.error;
}
