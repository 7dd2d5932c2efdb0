#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl exec: a command beside a job, as a step of it.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	kubelet_up nodes: '  create: cluster' logs: '  pods: all'
}

teardown_file() {
	kubelet_down
}

setup() {
	id=$(submit alice --wrap 'sleep 600')
	eventually kubectl get pod -n slurm-alice "lab-$id"
	eventually state_is alice "$id" RUNNING
}

teardown() {
	scancel --quiet -u alice || :
}

enter() {
	timeout 60 kubectl exec -n slurm-alice "lab-$id" -c stdout "$@"
}

no_steps() {
	[ -z "$(squeue -h -s -j "$id" -o %i | grep -vE 'batch|extern')" ]
}

@test "a command runs as a step of the job, as its owner" {
	needs_websocket
	run -0 --separate-stderr as alice kubectl exec "lab-$id" -c stdout -- sh -c 'id -un; echo $SLURM_JOB_ID; pwd; echo bad >&2'
	[ "$output" = $'alice\n'"$id"$'\n/tmp' ]
	[ "$stderr" = bad ]
}

@test "another user may not" {
	run -1 as bob kubectl exec -n slurm-alice "lab-$id" -c stdout -- true
	[[ "$output" = *[Ff]orbidden* ]]
}

@test "exit codes" {
	needs_websocket
	run -7 enter -- sh -c 'exit 7'
	run enter -- /no/such/command
	[ "$status" != 0 ]
	run -0 enter -- true
}

@test "standard input, of any bytes and length" {
	needs_websocket
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	enter -i -- cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	# One that reads later than all could be sent.
	head -c 12000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	enter -i -- sh -c 'sleep 3; cat' <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "a terminal" {
	needs_websocket
	run -0 script -qec "kubectl exec -n slurm-alice lab-$id -c stdout -it -- sh -c 'test -t 0 && echo is one; stty size'" /dev/null </dev/null
	[[ "$output" = *"is one"* ]]
}

@test "a client that goes away ends the command" {
	needs_websocket
	kubectl exec -n slurm-alice "lab-$id" -c stdout -- sleep 500 &
	client=$!
	eventually eval '! no_steps'
	kill -KILL $client
	eventually no_steps
	state_is alice "$id" RUNNING
}

@test "a job that doesn't run can't be entered" {
	needs_websocket
	held=$(submit alice --hold --wrap true)
	eventually kubectl get pod -n slurm-alice "lab-$held"
	run -1 kubectl exec -n slurm-alice "lab-$held" -c stdout -- true
	[[ "$output" = *"isn't running, it is PENDING"* ]]
}

@test "a task of an array" {
	needs_websocket
	array=$(submit alice --array=1-3 --wrap '[ $SLURM_ARRAY_TASK_ID = 1 ] || sleep 600')
	eventually kubectl get pod -n slurm-alice "lab-$array"
	eventually eval '[ "$(kubectl get slurmjob -n slurm-alice "lab-$array" -o jsonpath="{.status.array.runningIndexes}")" = 2-3 ]'
	for task in 2 3; do
		raw=$(squeue -h -j "${array}_$task" -o %A)
		run -0 timeout 60 kubectl exec -n slurm-alice "lab-$array" -c task-$task -- sh -c 'id -un; echo $SLURM_JOB_ID'
		[ "$output" = $'alice\n'"$raw" ]
	done
	run -1 kubectl exec -n slurm-alice "lab-$array" -c task-1 -- true
	[[ "$output" = *"task 1 of the array isn't running"* ]]
	run -1 kubectl exec -n slurm-alice "lab-$array" -c stdout -- true
	[[ "$output" = *"name one of its tasks"* ]]
}

@test "what isn't there is refused with a word that helps" {
	run -1 env KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl exec -n slurm-alice "lab-$id" -c stdout -- true
	[[ "$output" = *"kubectl slurm exec"* ]]
}
