# SPDX-License-Identifier: GPL-2.0-or-later
# sync-agent/: what needs neither Slurm nor Kubernetes
UNIT_TESTS += \
	testsuite/unit/test_access \
	testsuite/unit/test_amounts \
	testsuite/unit/test_audit \
	testsuite/unit/test_base64 \
	testsuite/unit/test_companion \
	testsuite/unit/test_node \
	testsuite/unit/test_quantity \
	testsuite/unit/test_collect \
	testsuite/unit/test_results \
	testsuite/unit/test_conditions \
	testsuite/unit/test_config \
	testsuite/unit/test_edit \
	testsuite/unit/test_entry \
	testsuite/unit/test_exec \
	testsuite/unit/test_fields \
	testsuite/unit/test_gres \
	testsuite/unit/test_hash \
	testsuite/unit/test_indexes \
	testsuite/unit/test_kube_stats \
	testsuite/unit/test_lease \
	testsuite/unit/test_listener \
	testsuite/unit/test_log_lines \
	testsuite/unit/test_log_marks \
	testsuite/unit/test_log_options \
	testsuite/unit/test_looks \
	testsuite/unit/test_step_files \
	testsuite/unit/test_submit \
	testsuite/unit/test_metrics \
	testsuite/unit/test_minutes \
	testsuite/unit/test_object \
	testsuite/unit/test_output \
	testsuite/unit/test_partition \
	testsuite/unit/test_pods \
	testsuite/unit/test_pod_program \
	testsuite/unit/test_pod_status \
	testsuite/unit/test_reconcile \
	testsuite/unit/test_reconcile_histories \
	testsuite/unit/test_recorder \
	testsuite/unit/test_text \
	testsuite/unit/test_thread \
	testsuite/unit/test_tombs \
	testsuite/unit/test_view \
	testsuite/unit/test_when \
	testsuite/unit/test_details \
	testsuite/unit/test_tres \
	testsuite/unit/test_lane \
	testsuite/unit/test_filter \
	testsuite/unit/test_seen \
	testsuite/unit/test_pack \
	testsuite/unit/test_yaml

testsuite_unit_test_collect_SOURCES = testsuite/unit/test_collect.c testsuite/unit/scratch.h
testsuite_unit_test_collect_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
testsuite_unit_test_collect_LDADD = libcollect.la $(UNIT_LIBS)

testsuite_unit_test_results_SOURCES = testsuite/unit/test_results.c
testsuite_unit_test_results_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_results_LDADD = libagent.la libmirror.la $(UNIT_LIBS)

testsuite_unit_test_pod_program_SOURCES = testsuite/unit/test_pod_program.c
testsuite_unit_test_pod_program_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_pod_program_LDADD = libpod.la libcommon_json.la libcommon.la $(UNIT_LIBS)

testsuite_unit_test_pod_status_SOURCES = testsuite/unit/test_pod_status.c
testsuite_unit_test_pod_status_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_pod_status_LDADD = libpods.la libmirror.la libcommon_json.la libcommon.la $(UNIT_LIBS)

testsuite_unit_test_pods_SOURCES = testsuite/unit/test_pods.c
testsuite_unit_test_pods_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_pods_LDADD = libpods.la libmirror.la libcommon_json.la libcommon.la $(UNIT_LIBS)

testsuite_unit_test_access_SOURCES = testsuite/unit/test_access.c testsuite/unit/scratch.h
testsuite_unit_test_access_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_access_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_amounts_SOURCES = testsuite/unit/test_amounts.c
testsuite_unit_test_amounts_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_amounts_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_audit_SOURCES = testsuite/unit/test_audit.c
testsuite_unit_test_audit_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_audit_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_base64_SOURCES = testsuite/unit/test_base64.c
testsuite_unit_test_base64_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_base64_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_conditions_SOURCES = testsuite/unit/test_conditions.c testsuite/unit/sample_job.h
testsuite_unit_test_conditions_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_conditions_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_config_SOURCES = testsuite/unit/test_config.c testsuite/unit/scratch.h
testsuite_unit_test_config_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_config_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_edit_SOURCES = testsuite/unit/test_edit.c
testsuite_unit_test_edit_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_edit_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_entry_SOURCES = testsuite/unit/test_entry.c testsuite/unit/sample_job.h
testsuite_unit_test_entry_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_entry_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_fields_SOURCES = testsuite/unit/test_fields.c testsuite/unit/sample_job.h
testsuite_unit_test_fields_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_fields_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_gres_SOURCES = testsuite/unit/test_gres.c
testsuite_unit_test_gres_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_gres_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_indexes_SOURCES = testsuite/unit/test_indexes.c
testsuite_unit_test_indexes_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_indexes_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_kube_stats_SOURCES = testsuite/unit/test_kube_stats.c
testsuite_unit_test_kube_stats_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_kube_stats_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_lease_SOURCES = testsuite/unit/test_lease.c
testsuite_unit_test_lease_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_lease_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_recorder_SOURCES = testsuite/unit/test_recorder.c
testsuite_unit_test_recorder_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_recorder_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_exec_SOURCES = testsuite/unit/test_exec.c testsuite/unit/scratch.h
testsuite_unit_test_exec_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_exec_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_listener_SOURCES = testsuite/unit/test_listener.c testsuite/unit/scratch.h
testsuite_unit_test_listener_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_listener_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_submit_SOURCES = testsuite/unit/test_submit.c
testsuite_unit_test_submit_CFLAGS = $(UNIT_CFLAGS) $(JSON_CFLAGS)
testsuite_unit_test_submit_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_log_lines_SOURCES = testsuite/unit/test_log_lines.c
testsuite_unit_test_log_lines_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_log_lines_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_log_options_SOURCES = testsuite/unit/test_log_options.c
testsuite_unit_test_log_options_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_log_options_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_looks_SOURCES = testsuite/unit/test_looks.c
testsuite_unit_test_looks_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
testsuite_unit_test_looks_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_thread_SOURCES = testsuite/unit/test_thread.c sync-agent/slurm/thread.c sync-agent/slurm/accounting.c \
	sync-agent/slurm/accounting_names.c sync-agent/slurm/ask.c sync-agent/slurm/load.c sync-agent/slurm/load_steps.c sync-agent/slurm/names.c \
	sync-agent/slurm/partitions.c
testsuite_unit_test_thread_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_thread_LDADD = libmirror.la $(UNIT_LIBS) $(SLURM_LIBS) -lpthread

testsuite_unit_test_metrics_SOURCES = testsuite/unit/test_metrics.c testsuite/unit/sample_job.h
testsuite_unit_test_metrics_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_metrics_LDADD = libagent.la libmirror.la $(UNIT_LIBS)

testsuite_unit_test_minutes_SOURCES = testsuite/unit/test_minutes.c
testsuite_unit_test_minutes_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_minutes_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_object_SOURCES = testsuite/unit/test_object.c testsuite/unit/sample_job.h
testsuite_unit_test_object_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_object_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_log_marks_SOURCES = testsuite/unit/test_log_marks.c
testsuite_unit_test_log_marks_CFLAGS = $(UNIT_CFLAGS) $(JSON_CFLAGS)
testsuite_unit_test_log_marks_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_output_SOURCES = testsuite/unit/test_output.c
testsuite_unit_test_output_CFLAGS = $(UNIT_CFLAGS) $(JSON_CFLAGS)
testsuite_unit_test_output_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_partition_SOURCES = testsuite/unit/test_partition.c
testsuite_unit_test_partition_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_partition_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_reconcile_SOURCES = testsuite/unit/test_reconcile.c
testsuite_unit_test_reconcile_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_reconcile_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_reconcile_histories_SOURCES = testsuite/unit/test_reconcile_histories.c \
	testsuite/unit/history_model.c testsuite/unit/history_model.h
testsuite_unit_test_reconcile_histories_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_reconcile_histories_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_text_SOURCES = testsuite/unit/test_text.c
testsuite_unit_test_text_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_text_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_tombs_SOURCES = testsuite/unit/test_tombs.c testsuite/unit/scratch.h
testsuite_unit_test_tombs_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
testsuite_unit_test_tombs_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_view_SOURCES = testsuite/unit/test_view.c testsuite/unit/sample_job.h
testsuite_unit_test_view_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_view_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_when_SOURCES = testsuite/unit/test_when.c
testsuite_unit_test_when_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_when_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_yaml_SOURCES = testsuite/unit/test_yaml.c testsuite/unit/scratch.h
testsuite_unit_test_yaml_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_yaml_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_details_SOURCES = testsuite/unit/test_details.c
testsuite_unit_test_details_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_details_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_tres_SOURCES = testsuite/unit/test_tres.c
testsuite_unit_test_tres_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_tres_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_lane_SOURCES = testsuite/unit/test_lane.c
testsuite_unit_test_lane_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_lane_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_filter_SOURCES = testsuite/unit/test_filter.c testsuite/unit/sample_job.h
testsuite_unit_test_filter_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_filter_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_seen_SOURCES = testsuite/unit/test_seen.c
testsuite_unit_test_seen_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_seen_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_pack_SOURCES = testsuite/unit/test_pack.c
testsuite_unit_test_pack_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_pack_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_hash_SOURCES = testsuite/unit/test_hash.c
testsuite_unit_test_hash_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_hash_LDADD = libagent.la $(UNIT_LIBS)

testsuite_unit_test_step_files_SOURCES = testsuite/unit/test_step_files.c
testsuite_unit_test_step_files_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_step_files_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_companion_SOURCES = testsuite/unit/test_companion.c
testsuite_unit_test_companion_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_companion_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_node_SOURCES = testsuite/unit/test_node.c
testsuite_unit_test_node_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_node_LDADD = libmirror.la $(UNIT_LIBS)

testsuite_unit_test_quantity_SOURCES = testsuite/unit/test_quantity.c
testsuite_unit_test_quantity_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_quantity_LDADD = libmirror.la $(UNIT_LIBS)
