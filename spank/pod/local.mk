# SPDX-License-Identifier: GPL-2.0-or-later
# slurm-kube-pod: the batch script of a job that is a pod.
noinst_LTLIBRARIES += libpod.la
libpod_la_SOURCES = \
	spank/pod/env.c \
	spank/pod/expand.c \
	spank/pod/folders.c \
	spank/pod/mounts.c \
	spank/pod/plan.c \
	spank/pod/pod.h \
	spank/pod/report.c \
	spank/pod/run.c \
	spank/pod/step.c \
	spank/pod/volumes.c \
	sync-agent/kube/base64.c sync-agent/kube/base64.h
libpod_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)

pkglibexec_PROGRAMS += slurm-kube-pod
slurm_kube_pod_SOURCES = spank/pod/main.c
slurm_kube_pod_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
slurm_kube_pod_LDADD = libpod.la libcommon_json.la libcommon.la
