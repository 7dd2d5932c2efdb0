#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab itself: what the other tests rely on.
load helpers
bats_require_minimum_version 1.5.0

# A second lab, of this file's own.
setup_file() {
	export OTHER=$LAB_STATE-2
}

teardown_file() {
	"$LAB" stop --purge --state="$OTHER" || :
}

processes_of() {
	grep -lzFx "SLURM_KUBE_LAB=$1" /proc/[0-9]*/environ 2>/dev/null
}

@test "a job runs as the user who submits it" {
	run -0 as alice srun -N2 id -un
	[ "$output" = $'alice\nalice' ]
}

@test "a user sees the own namespace and no other" {
	run -0 as alice kubectl auth can-i create configmaps
	run as alice kubectl auth can-i create configmaps --namespace=slurm-bob
	[ "$status" = 1 ]
	run as alice kubectl auth can-i list nodes
	[ "$status" = 1 ]
}

@test "namespaces end, so the controller manager works" {
	kubectl create namespace short-lived
	kubectl delete namespace short-lived --timeout=120s
}

@test "a part that is killed comes up again" {
	pid=$("$LAB" pid slurmd-node2)
	"$LAB" kill slurmd-node2
	run "$LAB" status
	[ "$status" = 1 ]
	"$LAB" up slurmd-node2
	[ "$("$LAB" pid slurmd-node2)" != "$pid" ]
	as alice srun -w node2 true
}

@test "a second lab runs beside this one, and stop ends it after a crash" {
	LAB_STATE='' "$LAB" start --state="$OTHER" --nodes=2 --clusters=2 --no-agent
	before=$("$LAB" status --state="$OTHER")
	LAB_STATE='' "$LAB" start --state="$OTHER" --nodes=2 --clusters=2 --no-agent
	[ "$("$LAB" status --state="$OTHER")" = "$before" ]
	for cluster in lab lab2; do
		(
			eval "$("$LAB" env --state="$OTHER" --cluster=$cluster)"
			[ "$(scontrol show config | sed -n 's/^ClusterName *= //p')" = $cluster ]
			as bob sbatch --output=/dev/null --chdir=/tmp --wrap 'setsid env -i sleep 1234 & sleep 1234'
		)
	done
	eventually eval '[ "$(LAB_STATE=$OTHER lab_pgrep -x -f "sleep 1234" | wc -l)" = 4 ]'
	pids=$(LAB_STATE=$OTHER lab_pgrep -x -f "sleep 1234")
	"$LAB" kill --state="$OTHER" slurmctld slurmd-node1 slurmd-far1 apiserver etcd munged
	"$LAB" stop --state="$OTHER"
	run processes_of "$OTHER"
	[ -z "$output" ]
	for pid in $pids; do
		# A zombie, at most.
		run cat "/proc/$pid/cmdline"
		[[ $output != sleep* ]]
	done
	run grep -F "$OTHER" /proc/self/mountinfo
	[ -z "$output" ]
	"$LAB" status
}
