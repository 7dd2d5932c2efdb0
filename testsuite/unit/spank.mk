# SPDX-License-Identifier: GPL-2.0-or-later
# spank/ and spank/holder/
UNIT_TESTS += \
	testsuite/unit/test_image \
	testsuite/unit/test_tool \
	testsuite/unit/test_spank_bundle \
	testsuite/unit/test_spank_cdi \
	testsuite/unit/test_spank_client \
	testsuite/unit/test_spank_env_rule \
	testsuite/unit/test_spank_etc_files \
	testsuite/unit/test_spank_hooks \
	testsuite/unit/test_spank_lifetime \
	testsuite/unit/test_spank_path \
	testsuite/unit/test_spank_rendezvous

HOLDER_UNIT_LIBS = libholder.la libcommon_yaml.la $(UNIT_LIBS)
SPANK_UNIT_LIBS = libspank.la libcommon_seal.la $(UNIT_LIBS)

testsuite_unit_test_spank_bundle_SOURCES = testsuite/unit/test_spank_bundle.c
testsuite_unit_test_spank_bundle_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_bundle_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_cdi_SOURCES = testsuite/unit/test_spank_cdi.c testsuite/unit/scratch.h
testsuite_unit_test_spank_cdi_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_cdi_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_client_SOURCES = testsuite/unit/test_spank_client.c
testsuite_unit_test_spank_client_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_client_LDADD = $(SPANK_UNIT_LIBS)

testsuite_unit_test_spank_env_rule_SOURCES = testsuite/unit/test_spank_env_rule.c
testsuite_unit_test_spank_env_rule_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_env_rule_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_etc_files_SOURCES = testsuite/unit/test_spank_etc_files.c
testsuite_unit_test_spank_etc_files_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_etc_files_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_hooks_SOURCES = testsuite/unit/test_spank_hooks.c testsuite/unit/scratch.h
testsuite_unit_test_spank_hooks_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_hooks_LDADD = libspank.la $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_lifetime_SOURCES = testsuite/unit/test_spank_lifetime.c
testsuite_unit_test_spank_lifetime_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_lifetime_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_path_SOURCES = testsuite/unit/test_spank_path.c
testsuite_unit_test_spank_path_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_path_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_spank_rendezvous_SOURCES = testsuite/unit/test_spank_rendezvous.c
testsuite_unit_test_spank_rendezvous_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_spank_rendezvous_LDADD = $(SPANK_UNIT_LIBS)

testsuite_unit_test_image_SOURCES = testsuite/unit/test_image.c testsuite/unit/scratch.h
testsuite_unit_test_image_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_image_LDADD = $(HOLDER_UNIT_LIBS)

testsuite_unit_test_tool_SOURCES = testsuite/unit/test_tool.c testsuite/unit/scratch.h
testsuite_unit_test_tool_CFLAGS = $(UNIT_CFLAGS)
testsuite_unit_test_tool_LDADD = libcontainer_tool.la $(HOLDER_UNIT_LIBS)
