# SPDX-License-Identifier: GPL-2.0-or-later
# spank_kube.so, and the holder that it starts for a container.
noinst_LTLIBRARIES += libspank.la libholder.la libimage.la
libspank_la_SOURCES = \
	spank/bell.c spank/bell.h \
	spank/client/alias.c spank/client/alias.h \
	spank/client/decide.c spank/client/decide.h \
	spank/client/inherit.c spank/client/inherit.h \
	spank/client/pin.c spank/client/pin.h \
	spank/config.c spank/config.h \
	spank/end.c spank/end.h \
	spank/join.c spank/join.h \
	spank/multi_prog.c spank/multi_prog.h \
	spank/rendezvous.c spank/rendezvous.h \
	spank/start.c spank/start.h \
	spank/sweep.c spank/sweep.h \
	spank/user_folder.c spank/user_folder.h \
	spank/image/find_program.c \
	spank/tool/last_words.c \
	spank/tool/run.c spank/tool/run.h

slurmplugin_LTLIBRARIES += spank_kube.la
spank_kube_la_SOURCES = \
	spank/spank_kube.c \
	spank/client/client.c spank/client/client.h \
	spank/client/options.c spank/client/options.h \
	spank/items.c spank/items.h \
	spank/judge.c spank/judge.h \
	spank/oci_conf.c spank/oci_conf.h \
	spank/ring.c spank/ring.h \
	spank/step.c spank/step.h
spank_kube_la_LDFLAGS = $(plugin_link_flags) -Wl,--version-script=$(srcdir)/spank/spank_kube.map
spank_kube_la_LIBADD = libspank.la libcommon_seal.la libcommon.la
spank_kube_la_DEPENDENCIES = libspank.la libcommon_seal.la libcommon.la spank/spank_kube.map

libholder_la_SOURCES = \
	spank/holder/bundle.c spank/holder/bundle_open.c spank/holder/bundle.h \
	spank/holder/container.c spank/holder/container.h \
	spank/holder/env_rule.c spank/holder/env_rule.h \
	spank/holder/bundle_edit.c spank/holder/bundle_edit.h \
	spank/holder/child_wait.c spank/holder/child_wait.h \
	spank/holder/cdi.c spank/holder/cdi.h \
	spank/holder/cdi_edits.c spank/holder/cdi_edits.h \
	spank/holder/cdi_spec.c spank/holder/cdi_spec.h \
	spank/holder/devices.c spank/holder/devices.h \
	spank/holder/enter.h \
	spank/holder/etc_files.c spank/holder/etc_files.h \
	spank/holder/hooks.c spank/holder/hooks.h \
	spank/holder/hooks_run.c spank/holder/hooks_run.h \
	spank/holder/fuse.c spank/holder/fuse.h \
	spank/holder/keeper.c spank/holder/keeper.h \
	spank/holder/lifetime.c spank/holder/lifetime.h \
	spank/holder/mount_api.h \
	spank/holder/mount_options.c spank/holder/mount_options.h \
	spank/holder/mounts.c spank/holder/mounts.h \
	spank/holder/named.c spank/holder/named.h \
	spank/holder/namespace.c spank/holder/namespace.h \
	spank/holder/options.c spank/holder/options.h \
	spank/holder/oci.c spank/holder/oci.h \
	spank/holder/oci_config.c spank/holder/oci_config.h \
	spank/holder/own_dev.c spank/holder/own_dev.h \
	spank/holder/path.c spank/holder/path.h \
	spank/holder/protocol.h \
	spank/holder/report.c spank/holder/report.h \
	spank/holder/request.c spank/holder/request.h \
	spank/holder/runtime.c spank/holder/runtime.h \
	spank/holder/root.c spank/holder/root.h \
	spank/holder/host_program.c spank/holder/host_program.h \
	spank/holder/save.c spank/holder/save.h \
	spank/holder/skeleton.c spank/holder/skeleton.h \
	spank/holder/slurm_commands.c spank/holder/slurm_commands.h \
	spank/holder/step_folder.c spank/holder/step_folder.h
libholder_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libholder_la_LIBADD = libimage.la

# Images of all kinds: for the holder, and for kube-container, which stages them.
libimage_la_SOURCES = \
	spank/image/cache.c spank/image/cache.h \
	spank/image/config.c spank/image/config.h \
	spank/image/find_program.c \
	spank/image/image.c spank/image/image.h \
	spank/image/layout.c spank/image/layout.h \
	spank/image/sif.c spank/image/sif.h \
	spank/image/source.c spank/image/source.h \
	spank/image/start_stage.c spank/image/start_stage.h \
	spank/image/use.c spank/image/use.h
libimage_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)

noinst_LTLIBRARIES += libcontainer_tool.la
libcontainer_tool_la_SOURCES = \
	spank/tool/about.c spank/tool/about.h \
	spank/tool/evict.c spank/tool/evict.h \
	spank/tool/images.c \
	spank/tool/last_words.c \
	spank/tool/names.c \
	spank/tool/processes.c spank/tool/processes.h \
	spank/tool/progress.c spank/tool/progress.h \
	spank/tool/prune.c \
	spank/tool/run.c spank/tool/run.h \
	spank/tool/setuid.c \
	spank/tool/stage.c \
	spank/tool/stage_oci.c \
	spank/tool/stage_squashfs.c \
	spank/tool/staging.h \
	spank/tool/enter.c \
	spank/tool/steps.c \
	spank/tool/sweep.c \
	spank/tool/tool.h
libcontainer_tool_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)

bin_PROGRAMS += kube-container
kube_container_SOURCES = spank/tool/main.c
kube_container_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
kube_container_LDADD = libcontainer_tool.la libholder.la libcommon_json.la libcommon.la

# Static where it can be: it starts in half the time and needs nothing of the node but the kernel.
pkglibexec_PROGRAMS += slurm-kube-holder
slurm_kube_holder_SOURCES = spank/holder/main.c
slurm_kube_holder_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
slurm_kube_holder_LDFLAGS = $(HOLDER_LDFLAGS)
slurm_kube_holder_LDADD = libholder.la libcommon_yaml.la libcommon_json.la libcommon.la

# In containers of images that may have no dynamic linker.
pkglibexec_PROGRAMS += slurm-kube-enter
slurm_kube_enter_SOURCES = spank/enter/main.c
slurm_kube_enter_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
slurm_kube_enter_LDFLAGS = $(HOLDER_LDFLAGS)
slurm_kube_enter_LDADD = libcommon_json.la libcommon.la

EXTRA_DIST += spank/spank_kube.map spank/spank_kube.8 spank/tool/kube-container.1
man_MANS += spank/spank_kube.8 spank/tool/kube-container.1

# In containers, under the names of Slurm's commands.
pkglibexec_PROGRAMS += slurm-kube-command
slurm_kube_command_SOURCES = spank/command/main.c
slurm_kube_command_LDFLAGS = $(HOLDER_LDFLAGS)
