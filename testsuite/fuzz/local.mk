# SPDX-License-Identifier: GPL-2.0-or-later
# libFuzzer targets: ./configure CC=clang --enable-fuzzers && make && testsuite/fuzz/run SECONDS. Not part of make check.
dist_noinst_SCRIPTS += testsuite/fuzz/run
EXTRA_DIST += testsuite/fuzz/json.dict testsuite/fuzz/yaml.dict
if ENABLE_FUZZERS
noinst_PROGRAMS += \
	testsuite/fuzz/fuzz_bundle \
	testsuite/fuzz/fuzz_cdi \
	testsuite/fuzz/fuzz_doorbell \
	testsuite/fuzz/fuzz_entry \
	testsuite/fuzz/fuzz_image \
	testsuite/fuzz/fuzz_lists \
	testsuite/fuzz/fuzz_options \
	testsuite/fuzz/fuzz_pod \
	testsuite/fuzz/fuzz_results \
	testsuite/fuzz/fuzz_srun_line \
	testsuite/fuzz/fuzz_watch \
	testsuite/fuzz/fuzz_yaml

testsuite_fuzz_fuzz_bundle_SOURCES = testsuite/fuzz/fuzz_bundle.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_bundle_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_bundle_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_bundle_LDADD = libholder.la libcommon_yaml.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_cdi_SOURCES = testsuite/fuzz/fuzz_cdi.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_cdi_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_cdi_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_cdi_LDADD = libholder.la libcommon_yaml.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_doorbell_SOURCES = testsuite/fuzz/fuzz_doorbell.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_doorbell_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_doorbell_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_doorbell_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_entry_SOURCES = testsuite/fuzz/fuzz_entry.c testsuite/fuzz/fuzz.h testsuite/unit/sample_job.h
testsuite_fuzz_fuzz_entry_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_entry_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_entry_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_image_SOURCES = testsuite/fuzz/fuzz_image.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_image_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_image_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_image_LDADD = libcontainer_tool.la libholder.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_lists_SOURCES = testsuite/fuzz/fuzz_lists.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_lists_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_lists_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_lists_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_options_SOURCES = testsuite/fuzz/fuzz_options.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_options_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_options_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_options_LDADD = libspank.la libcommon_seal.la libcommon.la

testsuite_fuzz_fuzz_pod_SOURCES = testsuite/fuzz/fuzz_pod.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_pod_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_pod_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_pod_LDADD = libpods.la libmirror.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_results_SOURCES = testsuite/fuzz/fuzz_results.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_results_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_results_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_results_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(CURL_LIBS) $(JSON_LIBS)

testsuite_fuzz_fuzz_srun_line_SOURCES = testsuite/fuzz/fuzz_srun_line.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_srun_line_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_srun_line_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_srun_line_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(JSON_LIBS)

testsuite_fuzz_fuzz_watch_SOURCES = testsuite/fuzz/fuzz_watch.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_watch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_watch_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_watch_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(CURL_LIBS) $(JSON_LIBS)

testsuite_fuzz_fuzz_yaml_SOURCES = testsuite/fuzz/fuzz_yaml.c testsuite/fuzz/fuzz.h
testsuite_fuzz_fuzz_yaml_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
testsuite_fuzz_fuzz_yaml_LDFLAGS = $(FUZZ_LDFLAGS)
testsuite_fuzz_fuzz_yaml_LDADD = libagent.la libmirror.la libcommon_json.la libcommon.la $(JSON_LIBS)
endif
