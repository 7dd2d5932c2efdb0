# SPDX-License-Identifier: GPL-2.0-or-later
# slurm-kube-pod: the batch script of a job that is a pod.
noinst_LTLIBRARIES += libpod.la
libpod_la_SOURCES = \
	pod/env.c \
	pod/expand.c \
	pod/folders.c \
	pod/mounts.c \
	pod/plan.c \
	pod/pod.h \
	pod/report.c \
	pod/run.c \
	pod/step.c \
	pod/volumes.c \
	sync-agent/kube/base64.c sync-agent/kube/base64.h
libpod_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)

pkglibexec_PROGRAMS += slurm-kube-pod
slurm_kube_pod_SOURCES = pod/main.c
slurm_kube_pod_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
slurm_kube_pod_LDADD = libpod.la libcommon_json.la libcommon.la
