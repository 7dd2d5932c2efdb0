# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += contrib/packages contrib/build contrib/demo contrib/check contrib/slurm-kube-agent.service

# The kubectl plugin: one program, to be copied wherever kubectl is.
bin_PROGRAMS += kubectl-slurm
kubectl_slurm_SOURCES = \
	contrib/kubectl-slurm/cancel.c \
	contrib/kubectl-slurm/channel.c contrib/kubectl-slurm/channel.h \
	contrib/kubectl-slurm/completion.c \
	contrib/kubectl-slurm/edit.c \
	contrib/kubectl-slurm/exec.c \
	contrib/kubectl-slurm/job.c contrib/kubectl-slurm/job.h \
	contrib/kubectl-slurm/kubectl.c contrib/kubectl-slurm/kubectl.h \
	contrib/kubectl-slurm/logs.c \
	contrib/kubectl-slurm/main.c \
	contrib/kubectl-slurm/options.c contrib/kubectl-slurm/options.h \
	contrib/kubectl-slurm/plugin.h \
	contrib/kubectl-slurm/pod.c contrib/kubectl-slurm/pod.h \
	contrib/kubectl-slurm/proxy.c contrib/kubectl-slurm/proxy.h \
	contrib/kubectl-slurm/sbatch.c contrib/kubectl-slurm/sbatch.h \
	contrib/kubectl-slurm/script.c \
	contrib/kubectl-slurm/steps.c \
	contrib/kubectl-slurm/submit.c \
	contrib/kubectl-slurm/table.c contrib/kubectl-slurm/table.h \
	contrib/kubectl-slurm/targets.c contrib/kubectl-slurm/targets.h \
	contrib/kubectl-slurm/top.c \
	contrib/kubectl-slurm/verbs.c \
	contrib/kubectl-slurm/wait.c
kubectl_slurm_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
kubectl_slurm_LDADD = libcommon_json.la libcommon.la $(WSLAY_LIBS)
man_MANS += contrib/kubectl-slurm/kubectl-slurm.1
EXTRA_DIST += contrib/kubectl-slurm/kubectl-slurm.1

# By this name kubectl asks it for completions.
install-exec-hook:
	cd "$(DESTDIR)$(bindir)" && $(LN_S) -f kubectl-slurm kubectl_complete-slurm
