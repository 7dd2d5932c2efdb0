# SPDX-License-Identifier: GPL-2.0-or-later
# libmirror: what decides, pure; it calls no host. The agent is a shell around it.
noinst_LTLIBRARIES += libmirror.la
libmirror_la_SOURCES = \
	sync-agent/lease.c sync-agent/lease.h \
	sync-agent/mirror/amounts.c sync-agent/mirror/amounts.h \
	sync-agent/mirror/cluster.c sync-agent/mirror/cluster.h \
	sync-agent/mirror/companion.c sync-agent/mirror/companion.h \
	sync-agent/mirror/companion_status.c sync-agent/mirror/companion_status.h \
	sync-agent/mirror/companion_wish.c sync-agent/mirror/companion_wish.h \
	sync-agent/mirror/conditions.c sync-agent/mirror/conditions.h \
	sync-agent/mirror/details.c sync-agent/mirror/details.h \
	sync-agent/mirror/dependency.c sync-agent/mirror/dependency.h \
	sync-agent/mirror/fields.c sync-agent/mirror/fields.h \
	sync-agent/mirror/getters.c sync-agent/mirror/getters.h \
	sync-agent/mirror/image.c sync-agent/mirror/image.h \
	sync-agent/mirror/indexes.c sync-agent/mirror/indexes.h \
	sync-agent/mirror/namespace.c sync-agent/mirror/namespace.h \
	sync-agent/mirror/minutes.c sync-agent/mirror/minutes.h \
	sync-agent/mirror/node.c sync-agent/mirror/node.h \
	sync-agent/mirror/node_amounts.c sync-agent/mirror/node_amounts.h \
	sync-agent/mirror/node_labels.c sync-agent/mirror/node_labels.h \
	sync-agent/mirror/node_patch.c \
	sync-agent/mirror/object.c sync-agent/mirror/object.h \
	sync-agent/mirror/log_marks.c sync-agent/mirror/log_marks.h \
	sync-agent/mirror/output.c sync-agent/mirror/output.h \
	sync-agent/mirror/partition.c sync-agent/mirror/partition.h \
	sync-agent/mirror/quantity.c sync-agent/mirror/quantity.h \
	sync-agent/mirror/reconcile.c sync-agent/mirror/reconcile.h \
	sync-agent/mirror/same.c sync-agent/mirror/same.h \
	sync-agent/mirror/step_files.c sync-agent/mirror/step_files.h \
	sync-agent/mirror/sums.c sync-agent/mirror/sums.h \
	sync-agent/mirror/text.c sync-agent/mirror/text.h \
	sync-agent/mirror/tres.c sync-agent/mirror/tres.h \
	sync-agent/mirror/view.c sync-agent/mirror/view.h \
	sync-agent/mirror/when.c sync-agent/mirror/when.h \
	sync-agent/slurm/gres.c sync-agent/slurm/gres.h \
	sync-agent/slurm/job.h sync-agent/slurm/job.c \
	sync-agent/slurm/partition.c sync-agent/slurm/partition.h \
	sync-agent/slurm/tally.c sync-agent/slurm/tally.h \
	sync-agent/slurm/seen.c sync-agent/slurm/seen.h \
	sync-agent/slurm/srun_line.c sync-agent/slurm/srun_line.h \
	sync-agent/slurm/step.c sync-agent/slurm/step.h
libmirror_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libmirror_la_LIBADD = libcommon_json.la libcommon.la

# libagent: the parts of the agent that need neither Slurm nor Kubernetes, for its program and the unit tests.
noinst_LTLIBRARIES += libagent.la
libagent_la_SOURCES = \
	sync-agent/agent.h \
	sync-agent/audit.c sync-agent/audit.h \
	sync-agent/clock.h \
	sync-agent/config.c sync-agent/config.h sync-agent/config_keys.h sync-agent/config_values.c \
	sync-agent/doorbell/listener.c sync-agent/doorbell/listener.h \
	sync-agent/edit.c sync-agent/edit.h \
	sync-agent/entry.c sync-agent/entry.h sync-agent/entry_object.c \
	sync-agent/fence.c sync-agent/fence.h \
	sync-agent/kube/access.c sync-agent/kube/access.h \
	sync-agent/kube/base64.c sync-agent/kube/base64.h \
	sync-agent/kube/exec.c sync-agent/kube/exec.h sync-agent/kube/exec_credential.c \
	sync-agent/kube/stats.c sync-agent/kube/stats.h \
	sync-agent/kube/window.c sync-agent/kube/window.h \
	sync-agent/kubelet/lines.c sync-agent/kubelet/lines.h \
	sync-agent/kubelet/options.c sync-agent/kubelet/options.h \
	sync-agent/log.c sync-agent/log.h \
	sync-agent/recorder.c sync-agent/recorder.h \
	sync-agent/results/entries.c sync-agent/results/entries.h \
	sync-agent/results/note.c sync-agent/results/note.h \
	sync-agent/results/options.c sync-agent/results/options.h \
	sync-agent/results/url.c sync-agent/results/url.h \
	sync-agent/results/volume.c sync-agent/results/volume.h \
	sync-agent/metrics/census.c sync-agent/metrics/census.h \
	sync-agent/metrics/metrics.c sync-agent/metrics/metrics.h \
	sync-agent/metrics/note.c sync-agent/metrics/note.h \
	sync-agent/metrics/process.c sync-agent/metrics/process.h \
	sync-agent/details.c \
	sync-agent/filter.c sync-agent/filter.h \
	sync-agent/lane.c sync-agent/lane.h \
	sync-agent/looks.c \
	sync-agent/pack.c sync-agent/pack.h \
	sync-agent/submit/mark.c sync-agent/submit/mark.h \
	sync-agent/submit/options.c sync-agent/submit/options.h \
	sync-agent/submit/references.c sync-agent/submit/references.h \
	sync-agent/submit/words.c sync-agent/submit/words.h \
	sync-agent/tombs.c
libagent_la_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS) $(SYSTEMD_CFLAGS) $(YAML_CFLAGS)
libagent_la_LIBADD = $(ZLIB_LIBS) $(CURL_LIBS) libmirror.la libcommon_seal.la libcommon_yaml.la libcommon_json.la libcommon.la $(SYSTEMD_LIBS)

# libpods: pods as SlurmJobs, pure.
noinst_LTLIBRARIES += libpods.la
libpods_la_SOURCES = \
	sync-agent/pods/container_status.c sync-agent/pods/container_status.h \
	sync-agent/pods/slim.c \
	sync-agent/pods/status.c sync-agent/pods/status.h \
	sync-agent/pods/rows.c \
	sync-agent/pods/tolerations.c sync-agent/pods/tolerations.h \
	sync-agent/pods/translate.c sync-agent/pods/translate.h \
	sync-agent/pods/translate_annotations.c \
	sync-agent/pods/translate_container.c \
	sync-agent/pods/translate_env.c \
	sync-agent/pods/translate_files.c \
	sync-agent/pods/translate_pod.c \
	sync-agent/pods/translate_resources.c \
	sync-agent/pods/translate_volume.c \
	sync-agent/pods/translation.h
libpods_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libpods_la_LIBADD = libmirror.la libcommon_json.la libcommon.la

sbin_PROGRAMS += sync-agent/slurm-kube-agent
sync_agent_slurm_kube_agent_SOURCES = \
	sync-agent/act.c \
	sync-agent/catalog.c sync-agent/catalog.h \
	sync-agent/catalog_write.c sync-agent/catalog_card.h \
	sync-agent/edits.c \
	sync-agent/check.c sync-agent/check.h \
	sync-agent/command_line.c sync-agent/command_line.h \
	sync-agent/dry.c \
	sync-agent/events.c \
	sync-agent/finished.c \
	sync-agent/history.c \
	sync-agent/http/listen.c sync-agent/http/listen.h \
	sync-agent/http/server.c sync-agent/http/server.h \
	sync-agent/inbound_kube.c \
	sync-agent/inbound_slurm.c \
	sync-agent/kube/call.c sync-agent/kube/call.h \
	sync-agent/kube/client.c sync-agent/kube/client.h \
	sync-agent/kube/credentials.c sync-agent/kube/credentials.h \
	sync-agent/kube/watch.c sync-agent/kube/watch.h \
	sync-agent/kubelet/answers.c sync-agent/kubelet/asked.h \
	sync-agent/kubelet/attach.c sync-agent/kubelet/attach.h \
	sync-agent/kubelet/channels.c sync-agent/kubelet/channels.h \
	sync-agent/kubelet/enter.c \
	sync-agent/kubelet/exec_request.c sync-agent/kubelet/exec_request.h \
	sync-agent/kubelet/children.c \
	sync-agent/kubelet/keeper.c sync-agent/kubelet/keeper.h \
	sync-agent/kubelet/keeper_own.h \
	sync-agent/kubelet/kubelet.c sync-agent/kubelet/kubelet.h \
	sync-agent/kubelet/link.c sync-agent/kubelet/link.h \
	sync-agent/kubelet/measure.c sync-agent/kubelet/measure.h \
	sync-agent/kubelet/open_file.c sync-agent/kubelet/open_file.h \
	sync-agent/kubelet/newcomers.c sync-agent/kubelet/newcomers.h \
	sync-agent/kubelet/papers.c sync-agent/kubelet/papers.h \
	sync-agent/kubelet/process.c sync-agent/kubelet/process.h \
	sync-agent/kubelet/processes.c \
	sync-agent/kubelet/requests.c sync-agent/kubelet/requests.h \
	sync-agent/kubelet/pass_fds.c sync-agent/kubelet/pass_fds.h \
	sync-agent/kubelet/protocol.h \
	sync-agent/kubelet/run_command.c sync-agent/kubelet/run_command.h \
	sync-agent/kubelet/stream.c sync-agent/kubelet/stream.h \
	sync-agent/kubelet/who.c sync-agent/kubelet/who.h \
	sync-agent/leader.c sync-agent/leader.h \
	sync-agent/loop.c sync-agent/loop.h \
	sync-agent/main.c \
	sync-agent/metrics/report.c sync-agent/metrics/report.h \
	sync-agent/namespaces.c \
	sync-agent/nodes.c sync-agent/nodes.h \
	sync-agent/nodes_clear.c sync-agent/nodes_write.c sync-agent/nodes_card.h \
	sync-agent/notify.c sync-agent/notify.h \
	sync-agent/once.c \
	sync-agent/owner/become.c sync-agent/owner/become.h \
	sync-agent/owner/child.c sync-agent/owner/child.h \
	sync-agent/owner/helper.c sync-agent/owner/protocol.h \
	sync-agent/owner/owner.c sync-agent/owner/owner.h \
	sync-agent/owner/plain_file.c sync-agent/owner/plain_file.h \
	sync-agent/owner/steps.c sync-agent/owner/steps.h \
	sync-agent/owner/sbatch.c sync-agent/owner/sbatch.h \
	sync-agent/partitions.c \
	sync-agent/pods/companion.c sync-agent/pods/companion.h \
	sync-agent/pods/job_pod.c sync-agent/pods/job_pod.h sync-agent/pods/job_pod_own.h \
	sync-agent/pods/job_pod_end.c \
	sync-agent/pods/job_pod_output.c \
	sync-agent/pods/job_pod_report.c \
	sync-agent/pods/job_pod_tell.c \
	sync-agent/pods/job_pod_tolerate.c \
	sync-agent/pods/pods.c sync-agent/pods/pods.h \
	sync-agent/pods/source.c sync-agent/pods/source.h \
	sync-agent/pods/stranger.c \
	sync-agent/pods/wishes.c sync-agent/pods/wishes.h \
	sync-agent/pods/write.c \
	sync-agent/reload.c \
	sync-agent/results/collection.h \
	sync-agent/results/collector.c sync-agent/results/collector.h \
	sync-agent/results/gather.c \
	sync-agent/results/results.c sync-agent/results/results.h \
	sync-agent/results/run.c \
	sync-agent/results/store.c \
	sync-agent/results/tell.c \
	sync-agent/transitions.c \
	sync-agent/slurm/accounting.c sync-agent/slurm/accounting.h \
	sync-agent/slurm/accounting_names.c sync-agent/slurm/accounting_names.h \
	sync-agent/slurm/ask.c sync-agent/slurm/ask.h \
	sync-agent/slurm/load.c sync-agent/slurm/load.h \
	sync-agent/slurm/load_steps.c sync-agent/slurm/load_steps.h \
	sync-agent/slurm/names.c sync-agent/slurm/names.h \
	sync-agent/slurm/partitions.c sync-agent/slurm/partitions.h \
	sync-agent/slurm/thread.c sync-agent/slurm/thread.h \
	sync-agent/submit/claim.c \
	sync-agent/submit/gather.c \
	sync-agent/submit/steps.h \
	sync-agent/submit/submit.c sync-agent/submit/submit.h \
	sync-agent/submit/tell.c \
	sync-agent/start.c \
	sync-agent/sync.c \
	sync-agent/verbs/cancel.c \
	sync-agent/verbs/hold.c \
	sync-agent/verbs/requeue.c \
	sync-agent/verbs/setters.c sync-agent/verbs/setters.h \
	sync-agent/verbs/suspend.c \
	sync-agent/verbs/update.c sync-agent/verbs/update.h \
	sync-agent/verbs/verbs.c sync-agent/verbs/verbs.h \
	sync-agent/write.c sync-agent/write.h \
	sync-agent/write_lane.c \
	sync-agent/write_edit.c
sync_agent_slurm_kube_agent_CPPFLAGS = $(AM_CPPFLAGS)
sync_agent_slurm_kube_agent_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS) $(YAML_CFLAGS) \
	$(MICROHTTPD_CFLAGS) $(GNUTLS_CFLAGS) $(SYSTEMD_CFLAGS)
sync_agent_slurm_kube_agent_LDADD = libpods.la libagent.la libmirror.la libcommon_seal.la libcommon_json.la libcommon.la \
	$(SLURM_LIBS) $(CURL_LIBS) $(JSON_LIBS) $(YAML_LIBS) \
	$(MICROHTTPD_LIBS) $(GNUTLS_LIBS) $(WSLAY_LIBS) $(SYSTEMD_LIBS) -lpthread
man_MANS += sync-agent/slurm-kube-agent.8
EXTRA_DIST += sync-agent/slurm-kube-agent.8
