# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += doc/agent.md doc/coming-from.md doc/containers.md doc/doorbell.md doc/images.md doc/jobsubmit.md doc/lab.md doc/metrics.md doc/mpi.md doc/partitions.md doc/policy.md doc/runtimes.md doc/security.md doc/slurmjob.md
