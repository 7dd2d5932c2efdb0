#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every Slurm job is a SlurmJob, with its true state and reason.
load helpers
load images
bats_require_minimum_version 1.5.0

# The shortest time limit is a minute: it passes while the other tests run.
setup_file() {
	export TIMEOUT_JOB
	TIMEOUT_JOB=$(submit bob --time=1 --wrap 'sleep 300')
}

teardown_file() {
	quiet_slurm
}

@test "a job is pending with its reason, runs, completes" {
	gate
	id=$(submit alice --hold --job-name=mirror --time=30 --comment='a "quoted" comment' --wrap "$UNTIL_OPEN")
	eventually state_is alice "$id" PENDING
	eventually has alice "$id" .status.reason JobHeldUser
	has alice "$id" .status.user alice
	has alice "$id" .status.jobId "$id"
	has alice "$id" .spec.jobName mirror
	has alice "$id" .spec.timeLimit 00:30:00
	has alice "$id" .spec.hold true
	has alice "$id" .spec.comment 'a "quoted" comment'
	[ "$(condition alice "$id" Scheduled status)" = False ]
	as alice scontrol release "$id"
	eventually state_is alice "$id" RUNNING
	[[ $(field alice "$id" .status.nodeList) = node* ]]
	[ "$(condition alice "$id" Running status)" = True ]
	open_gate
	kubectl wait slurmjob -n slurm-alice "lab-$id" --for=condition=Complete --timeout=60s
	has alice "$id" .status.state COMPLETED
	has alice "$id" .status.exitCode 0
	[ -n "$(field alice "$id" .status.startTime)" ]
	[ -n "$(field alice "$id" .status.endTime)" ]
}

@test "a job that only srun or salloc made is there too" {
	id=$(as bob srun printenv SLURM_JOB_ID)
	eventually state_is bob "$id" COMPLETED
}

@test "a failure tells its exit code, in status, condition and an Event" {
	id=$(submit alice --wrap 'exit 3')
	eventually state_is alice "$id" FAILED
	has alice "$id" .status.exitCode 3
	has alice "$id" .status.reason NonZeroExitCode
	[ "$(condition alice "$id" Failed message)" = "exit code 3" ]
	eventually bash -c "kubectl get events -n slurm-alice --field-selector involvedObject.name=lab-$id | grep Failed"
}

@test "a job that is killed by a signal tells which" {
	# shellcheck disable=SC2016 # for the job's shell
	id=$(submit alice --wrap 'kill -SEGV $$')
	eventually state_is alice "$id" FAILED
	has alice "$id" .status.signal 11
}

@test "suspended and resumed" {
	id=$(submit alice --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	scontrol suspend "$id"
	eventually state_is alice "$id" SUSPENDED
	[ "$(condition alice "$id" Running status)" = False ]
	scontrol resume "$id"
	eventually state_is alice "$id" RUNNING
	scancel "$id"
	eventually state_is alice "$id" CANCELLED
}

@test "cancelled, and by whom" {
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	as alice scancel "$id"
	eventually state_is alice "$id" CANCELLED
	eventually has alice "$id" .status.cancelledBy alice
	id=$(submit alice --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	scancel "$id"
	eventually state_is alice "$id" CANCELLED
	eventually has alice "$id" .status.cancelledBy root
}

@test "completing, while a node takes its time to end it" {
	id=$(submit alice --nodelist=node3 --wrap 'sleep 300')
	eventually state_is alice "$id" RUNNING
	"$LAB" kill slurmd-node3 --signal=STOP
	scancel "$id"
	eventually state_is alice "$id" COMPLETING || { "$LAB" kill slurmd-node3 --signal=CONT; return 1; }
	"$LAB" kill slurmd-node3 --signal=CONT
	eventually state_is alice "$id" CANCELLED
}

@test "requeued: pending again, restarts counted" {
	id=$(submit alice --requeue --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	scontrol requeue "$id"
	eventually has alice "$id" .status.restarts 1
	scancel "$id"
	eventually state_is alice "$id" CANCELLED
}

@test "a node fails" {
	id=$(submit alice --no-requeue -w node4 --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	scontrol update nodename=node4 state=down reason=test
	eventually state_is alice "$id" NODE_FAIL
	scontrol update nodename=node4 state=resume || : # it may have come back by itself
	[ "$(condition alice "$id" Failed reason)" = NODE_FAIL ]
}

@test "an array is one object with compact indexes" {
	# shellcheck disable=SC2016
	id=$(submit bob --array=0-9%4 --wrap 'sleep 0.3; exit $((SLURM_ARRAY_TASK_ID == 7))')
	eventually has bob "$id" .status.array.total 10
	eventually state_is bob "$id" FAILED
	has bob "$id" .status.array.completedIndexes 0-6,8-9
	has bob "$id" .status.array.failedIndexes 7
	[ "$(kubectl get slurmjobs -n slurm-bob -l "slurm-kube.io/job-id=$id" -o name | wc -l)" = 1 ]
}

@test "labels select" {
	id=$(submit alice --hold --partition=short --wrap true)
	eventually state_is alice "$id" PENDING
	kubectl get slurmjobs -A -l slurm-kube.io/partition=short,slurm-kube.io/user=alice -o name | grep "lab-$id"
	scancel "$id"
	echo "$id" >"$BATS_FILE_TMPDIR/label"
}

@test "odd bytes in a job's name are told as valid UTF-8" {
	id=$(submit alice --hold --job-name=$'a\xffb\xc3\xa9\tc' --wrap true)
	eventually state_is alice "$id" PENDING
	has alice "$id" .spec.jobName $'a?b\xc3\xa9\tc'
	scancel "$id"
}

@test "a heterogeneous job is one object with components" {
	id=$(submit alice --hold -n1 : -n2 --wrap true)
	eventually state_is alice "$id" PENDING
	[ "$(field alice "$id" '.status.components[*].offset')" = "0 1" ]
	scancel "$id"
}

@test "dependency and deadline are told as they were asked for" {
	first=$(submit alice --hold --wrap true)
	id=$(submit alice --dependency="afterok:$first" --deadline=now+2hours --time=10 --wrap true)
	eventually has alice "$id" .status.reason Dependency
	has alice "$id" .spec.dependency "afterok:$first"
	[[ $(field alice "$id" .spec.deadline) = 20??-??-??T??:??:?? ]]
	scancel "$first" "$id"
}

@test "the container is told" {
	id=$(submit alice --hold --container=/some/bundle --wrap true)
	eventually has alice "$id" .status.container /some/bundle
	has alice "$id" .spec.container.image /some/bundle
	scancel "$id"
}

# step USER ID STEP FIELD
step() {
	field "$1" "$2" ".status.steps[?(@.id==\"$3\")].$4"
}

step_is() {
	[ "$(step "$1" "$2" "$3" "$4")" = "$5" ]
}

# Both come after the job's end, in their own time.
usage_is_told() {
	[ -n "$(sacct -nXP -j "$2" -o end | grep -v Unknown)" ]
	has "$1" "$2" .status.usage.cpuSeconds "$(sacct -nXP -j "$2" -o cputimeraw)"
}

@test "steps are told while they run, with how they ended, and what the job used" {
	id=$(submit alice --wrap 'srun --job-name=first sh -c "exit 3"; srun --job-name=second sleep 300')
	eventually step_is alice "$id" 1 name second
	eventually step_is alice "$id" 1 state RUNNING
	eventually step_is alice "$id" 1 tasks 1
	[[ $(step alice "$id" 1 nodeList) = node* ]]
	eventually step_is alice "$id" 0 state FAILED
	eventually step_is alice "$id" 0 exitCode 3
	eventually step_is alice "$id" batch state RUNNING
	# The object remembers them.
	"$LAB" restart agent
	as alice scancel "$id"
	eventually state_is alice "$id" CANCELLED
	step_is alice "$id" 0 exitCode 3
	eventually usage_is_told alice "$id"
	eventually step_is alice "$id" 1 state CANCELLED
	step_is alice "$id" 0 name first
}

@test "a step in a container tells its image and how long that took to be there" {
	image_bundle "$BATS_TEST_TMPDIR/bundle"
	chmod -R a+rX "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	id=$(submit alice --wrap "srun --container=$BATS_TEST_TMPDIR/bundle true")
	eventually step_is alice "$id" 0 container "$BATS_TEST_TMPDIR/bundle"
	eventually step_is alice "$id" 0 state COMPLETED
	[ "$(step alice "$id" 0 startupMicroseconds)" -gt 0 ]
}

@test "a pinned image is told as it was asked for, and its digest" {
	digest=sha256:$(printf '%064d' 7)
	id=$(submit alice --hold --container="docker://r.example/box:tag@$digest" --wrap true)
	eventually has alice "$id" .status.containerDigest "$digest"
	has alice "$id" .status.container docker://r.example/box:tag
	has alice "$id" .spec.container.image docker://r.example/box:tag
	# It stays so.
	patch alice "$id" '{"spec":{"comment":"x"}}'
	eventually slurm_has "$id" Comment x
	has alice "$id" .spec.container.image docker://r.example/box:tag
	slurm_has "$id" Container "docker://r.example/box:tag@$digest"
	as alice scancel "$id"
}

# A state has to last for half a minute: that was a while ago.
@test "the label of the state follows" {
	WITHIN=120 eventually has alice "$(cat "$BATS_FILE_TMPDIR/label")" '.metadata.labels.slurm-kube\.io/state' CANCELLED
}

@test "a time limit passes" {
	WITHIN=240 eventually state_is bob "$TIMEOUT_JOB" TIMEOUT
	[ "$(condition bob "$TIMEOUT_JOB" Failed reason)" = TIMEOUT ]
}
