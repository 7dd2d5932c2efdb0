#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl logs of a job's steps: those that srun gave files of their own.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	kubelet_up nodes: '  create: cluster' logs: '  pods: all'
}

teardown_file() {
	kubelet_down
}

setup() {
	OUT=$(mktemp -d /tmp/slurm-kube-steps.XXXXXX)
	chown alice "$OUT"
}

teardown() {
	scancel --quiet -u alice || :
	rm -rf "$OUT"
}

# A step with files of its own; one without; both until their file go.* is there. Then the job's end.
script() {
	cat >"$OUT/job.sh" <<-'END'
	#!/bin/bash
	srun -n1 -J first -o 'own-%j.%s.%x.%3s' --err=errors sh -c 'echo of step 0; echo wrong >&2
		until [ -e go.0 ]; do sleep 0.2; done; echo end of step 0'
	srun -n1 sh -c 'echo of step 1; until [ -e go.1 ]; do sleep 0.2; done'
	until [ -e go.job ]; do sleep 0.2; done
	END
}

# job SBATCH-ARGUMENT...: alice's, of that script; sets id and pod
job() {
	script
	id=$(as alice sbatch --parsable --chdir="$OUT" -o out -J named "$@" "$OUT/job.sh")
	pod=lab-$id
	eventually kubectl get pod -n slurm-alice "$pod"
}

ask_for() {
	kubectl annotate slurmjob -n slurm-alice "$pod" --overwrite "slurm-kube.io/logs=$1"
}

containers_are() {
	[ "$(kubectl get pod -n slurm-alice "$pod" -o jsonpath='{.spec.containers[*].name}')" = "$*" ]
}

logs() {
	kubectl logs -n slurm-alice "$pod" "$@"
}

# says TEXT LOGS-ARGUMENT...: kubectl logs fails and says that
says() {
	local text=$1

	shift
	run logs "$@"
	[ "$status" -ne 0 ] && [[ $output == *"$text"* ]]
}

step_field() {
	kubectl get slurmjob -n slurm-alice "$pod" -o json | jq -re ".status.steps[] | select(.id == \"$1\") | .$2"
}

@test "a step's own files are read while it runs and after; of another step the message says where its output is" {
	job
	ask_for step-0,step-0-stderr,step-1
	eventually containers_are stdout step-0 step-0-stderr step-1
	eventually grep -q "of step 0" "$OUT/own-$id.0.named.000"
	eventually logs -c step-0
	[ "$(logs -c step-0)" = "of step 0" ]
	eventually eval '[ "$(logs -c step-0-stderr)" = wrong ]'
	says "step 1 has not begun" -c step-1

	# With -f, up to the step's end, not the job's.
	logs -f -c step-0 >"$OUT/followed" &
	eventually grep -q "of step 0" "$OUT/followed"
	touch "$OUT/go.0"
	wait $!
	[ "$(cat "$OUT/followed")" = $'of step 0\nend of step 0' ]
	state_is alice "$id" RUNNING

	eventually eval 'says "is in container stdout" -c step-1'
	eventually eval 'logs -c stdout | grep -q "of step 1"'
	says "no run before" -c step-0 --previous

	touch "$OUT/go.1" "$OUT/go.job"
	eventually state_is alice "$id" COMPLETED
	eventually eval '[ "$(step_field 0 stdout)" = "$OUT/own-$id.0.named.000" ]'
	[ "$(step_field 0 stderr)" = "$OUT/errors" ]
	run ! step_field 1 stdout
	[ "$(logs -c step-0)" = $'of step 0\nend of step 0' ]
}

@test "a step that the pod doesn't list is read through its node; the owner's rights count" {
	local node path

	job
	eventually grep -q "of step 0" "$OUT/own-$id.0.named.000"
	containers_are stdout
	node=$(kubectl get pod -n slurm-alice "$pod" -o jsonpath='{.spec.nodeName}')
	path=/api/v1/nodes/$node/proxy/containerLogs/slurm-alice/$pod
	eventually kubectl get --raw "$path/step-0"
	[ "$(kubectl get --raw "$path/step-0")" = "of step 0" ]
	chown root "$OUT/own-$id.0.named.000"
	chmod 600 "$OUT/own-$id.0.named.000"
	run kubectl get --raw "$path/step-0"
	[ "$status" -ne 0 ]
	[[ $output != *"of step 0"* ]]
}

@test "kubectl slurm logs --step asks for what it needs, and takes it back" {
	job
	eventually step_field 0 stdout
	run -0 kubectl-slurm -n slurm-alice logs --step 0 "$pod"
	[ "$output" = "of step 0" ]
	run -0 kubectl-slurm -n slurm-alice logs --step=0 --stderr "$pod"
	[ "$output" = wrong ]
	[ -z "$(kubectl get slurmjob -n slurm-alice "$pod" -o jsonpath='{.metadata.annotations.slurm-kube\.io/logs}')" ]
	run -2 kubectl-slurm -n slurm-alice logs --step x "$pod"
	[[ $output == *"--step=x: it is a number"* ]]
	run -2 kubectl-slurm -n slurm-alice logs --step 0 -c stdout "$pod"
	touch "$OUT/go.0"
	eventually step_field 1 startTime
	run -1 kubectl-slurm -n slurm-alice logs --step 1 "$pod"
	[[ $output == *"is in container stdout"* ]]
}

@test "a task's steps, and a file for each task of a step" {
	cat >"$OUT/job.sh" <<-'END'
	#!/bin/bash
	srun -n2 -o 'a%a-%t-%N' sh -c 'echo task $SLURM_PROCID of $SLURM_ARRAY_TASK_ID; until [ -e go ]; do sleep 0.2; done'
	END
	id=$(as alice sbatch --parsable --chdir="$OUT" -o out -a 3 -n2 "$OUT/job.sh")
	pod=lab-$id
	eventually kubectl get pod -n slurm-alice "$pod"
	ask_for 3,step-3-0
	eventually containers_are stdout task-3 step-3-0
	eventually eval '[ "$(logs -c step-3-0)" = "task 0 of 3" ]'
	eventually eval '[ "$(step_field 3.0 stdout)" = "$OUT/a3-%t-%N" ]'
	touch "$OUT/go"
}
