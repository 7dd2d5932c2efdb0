# SPDX-License-Identifier: GPL-2.0-or-later
include testsuite/lab/local.mk
include testsuite/fuzz/local.mk
include testsuite/e2e/local.mk
include testsuite/bench/local.mk
include testsuite/mpi/local.mk

# Unit tests: testsuite/unit/NAME.c, one program each, no Slurm and no Kubernetes needed.
if HAVE_CMOCKA
UNIT_TESTS =
# A row of a table may leave out what it has none of.
UNIT_CFLAGS = $(AM_CFLAGS) -Wno-missing-field-initializers $(CMOCKA_CFLAGS) $(JSON_CFLAGS)
UNIT_LIBS = libcommon_json.la libcommon.la $(CMOCKA_LIBS)

include testsuite/unit/common.mk
include testsuite/unit/spank.mk
include testsuite/unit/agent.mk

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
