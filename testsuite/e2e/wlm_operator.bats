#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The jobs of doc/examples/wlm-operator have the outcome that its README promises.
load helpers
load images
load submit_helpers
bats_require_minimum_version 1.5.0

EXAMPLES=$BATS_TEST_DIRNAME/../../doc/examples/wlm-operator

setup_file() {
	quiet_slurm
	export IMAGES VOLUME
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	VOLUME=$(mktemp -d /var/tmp/slurm-kube-volume.XXXXXX)
	chmod 755 "$IMAGES"
	chown alice "$VOLUME"
	image_bundle "$IMAGES/busybox"
	image_bundle "$IMAGES/mpi"
	mpicc.openmpi -rdynamic -o "$IMAGES/ring-openmpi" "$TOP/testsuite/mpi/ring.c"
	image_add_mpi "$IMAGES/mpi/rootfs" "$IMAGES/ring-openmpi"
	kubelet_config 'nodes:' '  create: partition' 'logs:' '  pods: annotated' 'results:' "  volumes: ['hostPath:$VOLUME']"
	LAB_CONTROLLERS=persistentvolume-binder "$LAB" restart agent controller-manager
	example volume.yaml | kubectl create -f -
	eventually bound
	for file in cow lolcow fox; do
		example "$file.yaml" | as alice kubectl create -f -
	done
}

teardown_file() {
	kubectl delete slurmjobs -n slurm-alice cow lolcow fox --ignore-not-found --timeout=60s
	quiet_slurm
	kubectl delete -n slurm-alice pvc/job-results --wait=false
	kubectl patch -n slurm-alice pvc/job-results --type=merge -p '{"metadata":{"finalizers":null}}' || :
	kubectl delete pv/job-results --wait=false
	kubectl patch pv/job-results --type=merge -p '{"metadata":{"finalizers":null}}' || :
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent controller-manager
	kubectl delete nodes --all || :
	rm -rf "$IMAGES" "$VOLUME"
}

# The paths are what differs from place to place.
example() {
	sed "s|/srv/images|$IMAGES|; s|/srv/job-results|$VOLUME|" "$EXAMPLES/$1"
}

bound() {
	[ "$(kubectl get pvc -n slurm-alice job-results -o 'jsonpath={.status.phase}')" = Bound ]
}

completes() {
	kubectl wait -n slurm-alice "slurmjob/$1" --for=condition=Complete --timeout=120s
}

pod_succeeded() {
	[ "$(kubectl get pod -n slurm-alice "$1" -o 'jsonpath={.status.phase}')" = Succeeded ]
}

collected() {
	kubectl wait -n slurm-alice "slurmjob/$1" --for=condition=ResultsCollected --timeout=60s
}

@test "cow: a pod that completes, its log, and the file in the volume" {
	completes cow
	eventually pod_succeeded cow
	run -0 as alice kubectl logs cow
	[[ "$output" = *'< moo! >'* ]]
	collected cow
	id=$(the alice cow .status.jobId)
	[ "$(cat "$VOLUME/cow/cow-$id.out")" = "$output" ]
	(cd "$VOLUME/cow" && sha256sum --check --quiet SHA256SUMS-cow)
	[ "$(stat -c %U "$VOLUME/cow/cow-$id.out")" = alice ]
}

@test "lolcow: an image with options" {
	completes lolcow
	eventually pod_succeeded lolcow
	[ "$(as alice kubectl logs lolcow)" = 'moo, says alice in /work' ]
}

@test "fox: eight ranks on two nodes, and their words in a ConfigMap" {
	completes fox
	[ "$(as alice kubectl logs fox)" = 8 ]
	[ "$(the alice fox .status.nodes)" = 2 ]
	collected fox
	run -0 as alice kubectl get configmap fox -o 'jsonpath={.data.ranks}'
	[ "$(grep -c '^rank [0-7] of 8 ' <<<"$output")" = 8 ]
	[ "$(awk '{ print $2 }' <<<"$output" | sort -u | wc -l)" = 8 ]
}
