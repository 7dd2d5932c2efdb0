/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-collect, started by the agent as a job's owner. */
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sync-agent/collect/collect.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/results/collector.h"

#define REQUEST_MAX (1 << 20)
#define NICENESS 10

/* What is collected has time. */
static void be_modest(void)
{
	static const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (setpriority(PRIO_PROCESS, 0, NICENESS) < 0)
		return; /* then it is as it was */
}

int main(void)
{
	_cleanup_(collect_free) struct collect c = { .folder = -1 };
	_cleanup_free_ char *text = NULL;
	struct error err = { 0 };
	size_t len;

	if (getuid() == 0 || geteuid() == 0) {
		fputs("slurm-kube-collect: the agent starts it, as a job's owner\n", stderr);
		return 1;
	}
	be_modest();
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	if (buffer_read_fd(STDIN_FILENO, "request", REQUEST_MAX, &text, &len, &err) < 0 ||
	    !(c.request = json_parse(text, len, &err))) {
		report_error(err.text);
		return 1;
	}
	report_timeout_after((unsigned)json_get_int(c.request, "seconds", 1));
	if (collect_run(&c, &err) < 0)
		report_error(err.text);
	else
		report_done(&c);
	return 0;
}
