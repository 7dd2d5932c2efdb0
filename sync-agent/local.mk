# SPDX-License-Identifier: GPL-2.0-or-later
# libmirror: what decides, pure; it calls no host. The agent is a shell around it.
noinst_LTLIBRARIES += libmirror.la
libmirror_la_SOURCES = \
	sync-agent/mirror/conditions.c sync-agent/mirror/conditions.h \
	sync-agent/mirror/fields.c sync-agent/mirror/fields.h \
	sync-agent/mirror/indexes.c sync-agent/mirror/indexes.h \
	sync-agent/mirror/minutes.c sync-agent/mirror/minutes.h \
	sync-agent/mirror/object.c sync-agent/mirror/object.h \
	sync-agent/mirror/reconcile.c sync-agent/mirror/reconcile.h \
	sync-agent/mirror/text.c sync-agent/mirror/text.h \
	sync-agent/mirror/view.c sync-agent/mirror/view.h \
	sync-agent/slurm/job.h sync-agent/slurm/job.c
libmirror_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libmirror_la_LIBADD = libcommon_json.la libcommon.la
