#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Pods that ask for GPUs, from the virtual node's capacity to the device in the container. There is no GPU here: as in
# devices.bats the lab's GPUs are device nodes that every machine has, described by a CDI file, with cgroups that constrain devices.
load helpers
load images
load submit_helpers
load pods_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export OWN=$LAB_STATE-gpus CDI
	CDI=$(mktemp -d /var/tmp/slurm-kube-cdi.XXXXXX)
	chmod 755 "$CDI"
	"$LAB" start --state="$OWN" --nodes=1 --cgroup --gpus --kubelet --spank="cdi=$CDI" --prefix="$(. "$LAB_STATE/settings" && echo "$PREFIX")"
	"$LAB" user --state="$OWN" alice
	LAB_STATE=$OWN
	eval "$("$LAB" env)"
	cat >"$CDI/pretend.yaml" <<-END
	cdiVersion: "0.6.0"
	kind: pretend.example/gpu
	devices:
	- {name: "0", containerEdits: {env: [PRETEND_GPU_0=yes], deviceNodes: [{path: /pretend/gpu0, hostPath: $OWN/dev/gpu0}]}}
	- {name: "1", containerEdits: {env: [PRETEND_GPU_1=yes], deviceNodes: [{path: /pretend/gpu1, hostPath: $OWN/dev/gpu1}]}}
	END
	pods_up
}

teardown_file() {
	[ -z "${IMAGES:-}" ] || rm -rf "$IMAGES"
	"$LAB" stop --purge --state="$OWN" || :
	rm -rf "$CDI"
}

setup() {
	export LAB_STATE=$OWN
	eval "$("$LAB" env)"
}

# gpus WHAT NUMBER: of the virtual node, WHAT is capacity or allocatable
gpus() {
	local n
	n=$(kubectl get node slurm-lab-debug -o "jsonpath={.status.$1.nvidia\.com/gpu}")
	[ "$n" = "$2" ] || { echo "$1: $n"; return 1; }
}

@test "the virtual node has the GPUs of its partition, and those of jobs are not to be had" {
	eventually gpus capacity 2
	eventually gpus allocatable 2
	id=$(submit alice --gres=gpu:1 --wrap 'sleep 600')
	WITHIN=30 eventually gpus allocatable 1
	gpus capacity 2
	scancel "$id"
	WITHIN=30 eventually gpus allocatable 2
}

@test "limits nvidia.com/gpu: 1 is tresPerNode gres:gpu:1; the container has that device, and the one beside it has none" {
	pod one 'containers: [
		{name: with, image: IMAGE, command: [sh, -c, "ls /pretend; env | grep PRETEND_GPU_; head -c1 /pretend/gpu* | wc -c"], resources: {limits: {nvidia.com/gpu: "1"}}},
		{name: without, image: IMAGE, command: [sh, -c, "ls -d /pretend || echo none"]}]'
	WITHIN=60 eventually phase one Succeeded
	[ "$(kubectl get slurmjob -n slurm-alice "$(job_name one)" -o 'jsonpath={.spec.tresPerNode}')" = gres:gpu:1 ]
	scontrol show job "$(job_id one)" | grep -E 'TresPerNode=gres:gpu:1'
	[ "$(output one with)" = $'gpu0\nPRETEND_GPU_0=yes\n1' ]
	[ "$(output one without | tail -n1)" = none ]
}

@test "what can't be had is refused: GPUs for two containers, more than a node has" {
	pod two 'containers: [
		{name: a, image: IMAGE, command: [sh, -c, "true"], resources: {limits: {nvidia.com/gpu: "1"}}},
		{name: b, image: IMAGE, command: [sh, -c, "ls /pretend; sleep 3"], resources: {limits: {nvidia.com/gpu: "1"}}}]'
	eventually pod_told_like two Refused 'spec.containers: 2 of them ask for GPUs'
	pod three 'containers: [{name: main, image: IMAGE, command: ["true"], resources: {limits: {nvidia.com/gpu: "3"}}}]'
	eventually pod_told_like three Refused 'Requested node configuration is not available'
	phase three Pending
}
