/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kubelet process: its start as nobody, libmicrohttpd's threads, and its end. */
#include "sync-agent/kubelet/process.h"

#include <errno.h>
#include <grp.h>
#include <microhttpd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sync-agent/kubelet/link.h"
#include "sync-agent/kubelet/requests.h"
#include "sync-agent/log.h"

#define STACK (256 << 10)
#define FILES_MAX 16384 /* descriptors */
#define NOBODY 65534

struct server {
	const struct process_config *config;
	struct MHD_Daemon *daemon;
	struct requests requests;
};

/* It needs no rights, and hears from everybody: files are opened by others. */
static int become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0
		       ? -1
		       : 0;
}

static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	if (files.rlim_cur < FILES_MAX)
		files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void start_daemon(struct server *s)
{
	const struct papers *p = s->config->papers;
	struct MHD_OptionItem trust[] = {
		{ MHD_OPTION_HTTPS_MEM_TRUST, 0, p->client_ca },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!p->client_ca)
		trust[0].option = MHD_OPTION_END;
	s->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_TLS | MHD_USE_ITC,
		0, NULL, NULL, requests_take, &s->requests, MHD_OPTION_LISTEN_SOCKET,
		s->config->listener, MHD_OPTION_HTTPS_MEM_CERT, p->certificate,
		MHD_OPTION_HTTPS_MEM_KEY, p->key, MHD_OPTION_HTTPS_PRIORITIES,
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_ARRAY, trust,
		MHD_OPTION_CONNECTION_LIMIT, s->config->streams_max + s->requests.newcomers.max + NEWCOMERS_LEAST,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)NEWCOMER_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_POOL,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_NOTIFY_CONNECTION,
		newcomers_notified, &s->requests.newcomers, MHD_OPTION_END);
}

static void drain(struct server *s)
{
	const union MHD_DaemonInfo *n;

	MHD_quiesce_daemon(s->daemon);
	do {
		sleep(1);
		n = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	} while (n && n->num_connections);
}

void process_run(const struct process_config *c)
{
	struct server s = {
		.config = c,
		.requests = { .who = { c->names, c->papers->client_ca != NULL },
			      .newcomers = NEWCOMERS_INIT(c->streams_max),
			      .streams_max = c->streams_max },
	};

	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	if (!c->papers->certificate)
		_exit(1); /* the keeper has said why */
	if (become_nobody() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    link_start(c->number, c->keeper, c->watches) < 0) {
		log_error("kubelet process: %s", strerror(errno));
		_exit(1);
	}
	/* The change of user has cleared it meanwhile. */
	if (getppid() == 1)
		_exit(1);
	start_daemon(&s);
	if (!s.daemon) {
		log_error("kubelet.listen: libmicrohttpd can't be started");
		_exit(1);
	}
	if (link_wait_drain())
		drain(&s);
	_exit(0);
}
