# SPDX-License-Identifier: GPL-2.0-or-later
# End-to-end tests, run by contrib/check in a lab.
EXTRA_DIST += testsuite/e2e/setup_suite.bash testsuite/e2e/helpers.bash testsuite/e2e/images.bash
EXTRA_DIST += testsuite/e2e/agent.bats
EXTRA_DIST += testsuite/e2e/cleanup.bats
EXTRA_DIST += testsuite/e2e/coming_from.bats
EXTRA_DIST += testsuite/e2e/container.bats
EXTRA_DIST += testsuite/e2e/container_site.bats
EXTRA_DIST += testsuite/e2e/crd.bats
EXTRA_DIST += testsuite/e2e/demo.bats
EXTRA_DIST += testsuite/e2e/devices.bats
EXTRA_DIST += testsuite/e2e/edits.bats
EXTRA_DIST += testsuite/e2e/effects.bats
EXTRA_DIST += testsuite/e2e/faults_kube.bats
EXTRA_DIST += testsuite/e2e/hostile.bats
EXTRA_DIST += testsuite/e2e/images.bats
EXTRA_DIST += testsuite/e2e/jobsubmit.bats
EXTRA_DIST += testsuite/e2e/lab.bats
EXTRA_DIST += testsuite/e2e/mirror.bats
EXTRA_DIST += testsuite/e2e/mpi.bats
EXTRA_DIST += testsuite/e2e/options.bats
EXTRA_DIST += testsuite/e2e/pin.bats
EXTRA_DIST += testsuite/e2e/entrypoint.bats
EXTRA_DIST += testsuite/e2e/hooks.bats
EXTRA_DIST += testsuite/e2e/policy.bats
EXTRA_DIST += testsuite/e2e/runtimes.bats
EXTRA_DIST += testsuite/e2e/site.bash
