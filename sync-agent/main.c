/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-agent: the one loop (loop.c) owns all state; the Slurm thread and the owner helper talk to
 * it through descriptors. doc/agent.md tells how it works inside. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "common/cleanup.h"
#include "common/slurm_compat.h"
#include "sync-agent/agent.h"
#include "sync-agent/check.h"
#include "sync-agent/command_line.h"
#include "sync-agent/log.h"
#include "sync-agent/loop.h"
#include "sync-agent/notify.h"

static int check(const char *path)
{
	struct config c = { 0 };
	struct error err;
	unsigned problems;

	if (config_load(path, &c, &err) < 0) {
		log_error("%s", err.text);
		return EXIT_FAILURE;
	}
	problems = check_config(path, &c);
	config_free(&c);
	if (!problems)
		printf("%s: fine\n", path);
	return problems ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int block_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int load_access(const struct config *c, struct kube_access *access, struct error *err)
{
	return c->kubeconfig ? kube_access_from_file(c->kubeconfig, access, err) :
			       kube_access_in_cluster(access, err);
}

/* Three threads allocate and free in one heap, and long answers and lists go back to the system at once: what
 * a long queue took for a moment isn't kept. */
static void tune_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 256 << 10);
}

static void set_surroundings(const struct config *c)
{
	log_set_level(c->log_level);
	if (c->slurm_conf)
		setenv("SLURM_CONF", c->slurm_conf, 1);
	/* A line is to be seen at once, also in a pipe. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Else libslurm cuts the list of an array's pending tasks after 64 bytes. */
	setenv("SLURM_BITSTR_LEN", "0", 1);
}

static int begin_anew(char **argv)
{
	execvp(argv[0], argv);
	execv("/proc/self/exe", argv);
	log_error("beginning anew: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options = { .config = DEFAULT_CONFIG };
	_cleanup_(kube_access_free) struct kube_access access = { 0 };
	struct agent a = { 0 };
	struct error err;
	int rc = command_line_parse(argc, argv, &options), signals;

	if (rc)
		return rc - 1;
	tune_memory();
	if (options.check_only)
		return check(options.config);
	a.config_path = options.config;
	a.once = options.once;
	a.dry_run = options.dry_run;
	if (config_load(options.config, &a.config, &err) < 0 ||
	    load_access(&a.config, &access, &err) < 0) {
		log_error("%s", err.text);
		return EXIT_FAILURE;
	}
	set_surroundings(&a.config);
	slurm_init(NULL);
	signals = block_signals();
	if (signals < 0 || agent_start(&a, &access, signals, &err) < 0) {
		log_error("%s", signals < 0 ? strerror(errno) : err.text);
		return EXIT_FAILURE;
	}
	if (!a.stop) {
		log_info("slurm-kube-agent " PACKAGE_VERSION ": cluster %s, Kubernetes at %s",
			 a.cluster, kube_server(a.kube));
		agent_loop(&a, signals);
	}
	if (!a.anew)
		notify_stopping();
	log_info(a.anew ? "another agent has led: beginning anew" : "ending");
	if (!a.anew && a.kube)
		agent_wind_down(&a);
	rc = a.failed ? EXIT_FAILURE : EXIT_SUCCESS;
	history_stop(&a);
	agent_stop(&a);
	slurm_fini();
	return a.anew ? begin_anew(argv) : rc;
}
