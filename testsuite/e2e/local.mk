# SPDX-License-Identifier: GPL-2.0-or-later
# End-to-end tests, run by contrib/check in a lab.
EXTRA_DIST += testsuite/e2e/setup_suite.bash testsuite/e2e/helpers.bash testsuite/e2e/images.bash \
	testsuite/e2e/agent.bats testsuite/e2e/cleanup.bats testsuite/e2e/container.bats testsuite/e2e/container_site.bats \
	testsuite/e2e/crd.bats testsuite/e2e/demo.bats testsuite/e2e/devices.bats testsuite/e2e/edits.bats testsuite/e2e/effects.bats \
	testsuite/e2e/jobsubmit.bats testsuite/e2e/lab.bats testsuite/e2e/mirror.bats \
	testsuite/e2e/options.bats
