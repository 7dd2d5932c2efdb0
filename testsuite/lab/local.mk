# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += testsuite/lab/lab testsuite/lab/as-a-node testsuite/lab/build-apiserver testsuite/lab/process.sh testsuite/lab/ports.sh \
	testsuite/lab/users.sh testsuite/lab/munge.sh testsuite/lab/slurmdbd.sh testsuite/lab/slurm.sh \
	testsuite/lab/pki.sh testsuite/lab/kube.sh testsuite/lab/agent.sh testsuite/lab/registry.sh \
	testsuite/lab/faults.sh testsuite/lab/fault-proxy.c testsuite/lab/fault-rules.c testsuite/lab/fault-rules.h
