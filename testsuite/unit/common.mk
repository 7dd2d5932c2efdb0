# SPDX-License-Identifier: GPL-2.0-or-later
# common/ and jobsubmit/
UNIT_TESTS += \
	testsuite/unit/test_buffer \
	testsuite/unit/test_container_client \
	testsuite/unit/test_container_policy \
	testsuite/unit/test_doorbell \
	testsuite/unit/test_error \
	testsuite/unit/test_json \
	testsuite/unit/test_process \
	testsuite/unit/test_recent \
	testsuite/unit/test_remove_tree \
	testsuite/unit/test_kube_conf \
	testsuite/unit/test_stamp

testsuite_unit_test_buffer_SOURCES = testsuite/unit/test_buffer.c testsuite/unit/unit.h
testsuite_unit_test_buffer_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_buffer_LDADD = $(UNIT_LIBS)

testsuite_unit_test_container_client_SOURCES = testsuite/unit/test_container_client.c
testsuite_unit_test_container_client_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_container_client_LDADD = libspank.la libcommon_seal.la $(UNIT_LIBS)

testsuite_unit_test_container_policy_SOURCES = testsuite/unit/test_container_policy.c
testsuite_unit_test_container_policy_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_container_policy_LDADD = libjobsubmit.la $(UNIT_LIBS)

testsuite_unit_test_doorbell_SOURCES = testsuite/unit/test_doorbell.c
testsuite_unit_test_doorbell_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_doorbell_LDADD = $(UNIT_LIBS)

testsuite_unit_test_error_SOURCES = testsuite/unit/test_error.c
testsuite_unit_test_error_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_error_LDADD = $(UNIT_LIBS)

testsuite_unit_test_json_SOURCES = testsuite/unit/test_json.c
testsuite_unit_test_json_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_json_LDADD = $(UNIT_LIBS)

testsuite_unit_test_kube_conf_SOURCES = testsuite/unit/test_kube_conf.c
testsuite_unit_test_kube_conf_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_kube_conf_LDADD = $(UNIT_LIBS)

testsuite_unit_test_stamp_SOURCES = testsuite/unit/test_stamp.c
testsuite_unit_test_stamp_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_stamp_LDADD = $(UNIT_LIBS)

testsuite_unit_test_recent_SOURCES = testsuite/unit/test_recent.c
testsuite_unit_test_recent_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_recent_LDADD = libjobsubmit.la $(UNIT_LIBS)

testsuite_unit_test_remove_tree_SOURCES = testsuite/unit/test_remove_tree.c testsuite/unit/scratch.h
testsuite_unit_test_remove_tree_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_remove_tree_LDADD = $(UNIT_LIBS)

testsuite_unit_test_process_SOURCES = testsuite/unit/test_process.c
testsuite_unit_test_process_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_process_LDADD = $(UNIT_LIBS)
