# SPDX-License-Identifier: GPL-2.0-or-later
# libcommon: free of any host, safe inside Slurm's daemons. The others add one library each for those who need it.
noinst_LTLIBRARIES += libcommon.la libcommon_json.la libcommon_seal.la libcommon_yaml.la
libcommon_la_SOURCES = \
	common/buffer.c common/buffer.h \
	common/cleanup.h \
	common/container_check.c common/container_check.h \
	common/container_mount.c common/container_mount.h \
	common/container_name.c common/container_name.h \
	common/container_options.c common/container_options.h \
	common/container_policy.c common/container_policy_read.c common/container_policy.h \
	common/doorbell.c common/doorbell_ring.c common/doorbell.h \
	common/error.c common/error.h \
	common/hash.h \
	common/image_reference.c common/image_reference.h \
	common/process.c common/process.h \
	common/remove_tree.c common/remove_tree.h \
	common/kube_conf.c common/kube_conf.h \
	common/path_text.c common/path_text.h \
	common/pod_path.c common/pod_path.h \
	common/size.c common/size.h \
	common/slurm_compat.h \
	common/stamp.c common/stamp.h

libcommon_json_la_SOURCES = common/doorbell_parse.c common/json.c common/json.h
libcommon_json_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libcommon_json_la_LIBADD = $(JSON_LIBS)

libcommon_seal_la_SOURCES = common/seal.c common/seal.h
libcommon_seal_la_CFLAGS = $(AM_CFLAGS) $(MUNGE_CFLAGS)
libcommon_seal_la_LIBADD = $(MUNGE_LIBS)

libcommon_yaml_la_SOURCES = common/yaml.c common/yaml.h
libcommon_yaml_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(YAML_CFLAGS)
libcommon_yaml_la_LIBADD = $(YAML_LIBS)
