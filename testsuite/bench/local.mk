# SPDX-License-Identifier: GPL-2.0-or-later
# Made when a benchmark asks for it.
EXTRA_PROGRAMS = testsuite/bench/submit-batch testsuite/bench/submit-call testsuite/bench/replay testsuite/bench/log-followers
testsuite_bench_submit_batch_SOURCES = testsuite/bench/submit-batch.c
testsuite_bench_submit_batch_LDADD = $(SLURM_LIBS)
testsuite_bench_submit_call_SOURCES = testsuite/bench/submit-call.c
testsuite_bench_submit_call_LDFLAGS = -export-dynamic
testsuite_bench_replay_SOURCES = testsuite/bench/replay.c
testsuite_bench_replay_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS)
testsuite_bench_replay_LDADD = $(CURL_LIBS) $(JSON_LIBS)
EXTRA_DIST += testsuite/bench/mirror testsuite/bench/queue.bash testsuite/bench/rest
EXTRA_DIST += testsuite/bench/stage testsuite/bench/step-start testsuite/bench/submit-rate testsuite/bench/latency
EXTRA_DIST += testsuite/bench/exec testsuite/bench/logs testsuite/bench/pod-start
testsuite_bench_log_followers_SOURCES = testsuite/bench/log-followers.c
testsuite_bench_log_followers_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
testsuite_bench_log_followers_LDADD = $(CURL_LIBS) -lpthread
