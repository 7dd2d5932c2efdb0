# SPDX-License-Identifier: GPL-2.0-or-later
# libjobsubmit: what needs no Slurm, so that it can be tested without.
noinst_LTLIBRARIES += libjobsubmit.la
libjobsubmit_la_SOURCES = \
	jobsubmit/container.c jobsubmit/container.h \
	jobsubmit/recent.c jobsubmit/recent.h

slurmplugin_LTLIBRARIES += job_submit_kube.la
job_submit_kube_la_SOURCES = jobsubmit/job_submit_kube.c
job_submit_kube_la_LIBADD = libjobsubmit.la libcommon.la
job_submit_kube_la_LDFLAGS = $(plugin_link_flags) \
	-Wl,--version-script=$(srcdir)/jobsubmit/job_submit_kube.map
EXTRA_job_submit_kube_la_DEPENDENCIES = jobsubmit/job_submit_kube.map
EXTRA_DIST += jobsubmit/job_submit_kube.map
man_MANS += jobsubmit/job_submit_kube.8
EXTRA_DIST += jobsubmit/job_submit_kube.8
