# SPDX-License-Identifier: GPL-2.0-or-later
# slurm-kube-collect: collects what spec.results asks for, as the job's owner.
noinst_LTLIBRARIES += libcollect.la
libcollect_la_SOURCES = \
	sync-agent/collect/collect.c sync-agent/collect/collect.h \
	sync-agent/collect/config_map.c \
	sync-agent/collect/copy.c \
	sync-agent/collect/http.c \
	sync-agent/collect/report.c \
	sync-agent/collect/scan.c \
	sync-agent/collect/volume.c \
	sync-agent/kube/base64.c sync-agent/kube/base64.h \
	sync-agent/owner/plain_file.c sync-agent/owner/plain_file.h \
	sync-agent/results/collector.h \
	sync-agent/results/url.c sync-agent/results/url.h
libcollect_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(GNUTLS_CFLAGS) $(JSON_CFLAGS)
libcollect_la_LIBADD = libmirror.la libcommon_json.la libcommon.la $(CURL_LIBS) $(GNUTLS_LIBS)

pkglibexec_PROGRAMS += slurm-kube-collect
slurm_kube_collect_SOURCES = sync-agent/collect/main.c
slurm_kube_collect_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(GNUTLS_CFLAGS) $(JSON_CFLAGS)
slurm_kube_collect_LDADD = libcollect.la
