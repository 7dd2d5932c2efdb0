# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += doc/agent.md doc/coming-from.md doc/containers.md doc/doorbell.md doc/images.md doc/jobsubmit.md doc/kubectl-slurm.md doc/lab.md doc/logs.md doc/metrics.md doc/mpi.md doc/nodes.md doc/partitions.md doc/pods.md doc/policy.md doc/results.md doc/runtimes.md doc/security.md doc/slurmjob.md doc/submission.md
EXTRA_DIST += doc/examples/array.yaml doc/examples/container.yaml doc/examples/generate-name.yaml doc/examples/held.yaml \
	doc/examples/hello.yaml doc/examples/heterogeneous.yaml doc/examples/pipeline.yaml doc/examples/resources.yaml doc/examples/results.yaml \
	doc/examples/secret.yaml
EXTRA_DIST += doc/examples/pod.yaml doc/examples/pod-job.yaml doc/examples/pod-settings.yaml doc/examples/pod-indexed.yaml
EXTRA_DIST += doc/examples/wlm-operator/README.md doc/examples/wlm-operator/cow.yaml doc/examples/wlm-operator/fox.yaml \
	doc/examples/wlm-operator/lolcow.yaml doc/examples/wlm-operator/volume.yaml
