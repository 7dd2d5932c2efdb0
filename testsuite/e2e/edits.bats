#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An edit in Kubernetes becomes the Slurm action that the job's owner could have typed.
load helpers
bats_require_minimum_version 1.5.0

teardown_file() {
	quiet_slurm
}

@test "hold and release" {
	id=$(submit alice --begin=now+1hour --wrap true)
	eventually state_is alice "$id" PENDING
	as alice kubectl patch slurmjob "lab-$id" --type=merge -p '{"spec":{"hold":true}}'
	eventually slurm_has "$id" Reason JobHeldUser
	eventually has alice "$id" .status.current.hold true
	as alice kubectl patch slurmjob "lab-$id" --type=merge -p '{"spec":{"hold":false}}'
	eventually slurm_has "$id" Reason BeginTime
	eventually has alice "$id" .status.current.hold false
	eventually condition_is alice "$id" Synced True
	eventually told_times alice "$id" Edited 2
}

@test "a time limit is lowered, and stays as its author spelled it" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	patch alice "$id" '{"spec":{"timeLimit":30}}'
	eventually slurm_has "$id" TimeLimit 00:30:00
	eventually has alice "$id" .status.current.timeLimit 00:30:00
	eventually settled alice "$id"
	has alice "$id" .spec.timeLimit 30
	scancel "$id"
}

@test "the owner may not raise the limit of a running job: refused in Slurm's words, spec restored" {
	id=$(submit alice --time=10 --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	as alice kubectl patch slurmjob "lab-$id" --type=merge -p '{"spec":{"timeLimit":"2:00:00"}}'
	eventually has alice "$id" .spec.timeLimit 00:10:00
	slurm_has "$id" TimeLimit 00:10:00
	eventually settled alice "$id"
	[ "$(condition alice "$id" Synced status)" = False ]
	[[ $(condition alice "$id" Synced message) = *timeLimit*"Access/permission denied"* ]]
	eventually bash -c "kubectl get events -n slurm-alice --field-selector involvedObject.name=lab-$id,reason=EditRefused | grep 'Access/permission denied'"
	# A later edit that Slurm likes clears it.
	patch alice "$id" '{"spec":{"timeLimit":"5"}}'
	eventually slurm_has "$id" TimeLimit 00:05:00
	eventually condition_is alice "$id" Synced True
	scancel "$id"
}

@test "a value that Slurm doesn't know is refused" {
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	patch alice "$id" '{"spec":{"partition":"nowhere"}}'
	eventually has alice "$id" .spec.partition debug
	eventually settled alice "$id"
	[[ $(condition alice "$id" Synced message) = *partition*"nvalid partition"* ]]
	scancel "$id"
}

@test "what can't be changed is refused and restored" {
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	patch alice "$id" '{"spec":{"workingDir":"/elsewhere"}}'
	eventually has alice "$id" .spec.workingDir /tmp
	eventually settled alice "$id"
	[[ $(condition alice "$id" Synced message) = *workingDir* ]]
	scancel "$id"
}

@test "a change by scontrol shows in spec and status" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually has alice "$id" .spec.timeLimit 01:00:00
	as alice scontrol update jobid="$id" timelimit=20 jobname=renamed
	eventually has alice "$id" .spec.timeLimit 00:20:00
	eventually has alice "$id" .spec.jobName renamed
	eventually has alice "$id" .status.current.jobName renamed
	eventually settled alice "$id"
	scancel "$id"
}

@test "a field taken out of spec is filled in again" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	patch alice "$id" '{"spec":{"timeLimit":null}}'
	eventually has alice "$id" .spec.timeLimit 01:00:00
	slurm_has "$id" TimeLimit 01:00:00
	scancel "$id"
}

@test "an edit of a finished job is refused" {
	id=$(submit alice --time=10 --wrap true)
	eventually state_is alice "$id" COMPLETED
	patch alice "$id" '{"spec":{"timeLimit":"5"}}'
	eventually has alice "$id" .spec.timeLimit 00:10:00
	eventually settled alice "$id"
	[[ $(condition alice "$id" Synced message) = *"has ended"* ]]
}

@test "kubectl delete cancels, and the object does not come back" {
	id=$(submit alice --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	as alice kubectl delete slurmjob "lab-$id" --timeout=60s
	slurm_has "$id" JobState CANCELLED
	"$LAB" restart agent
	id2=$(submit alice --hold --wrap true)
	eventually state_is alice "$id2" PENDING
	no_object alice "$id"
	scancel "$id2"
}

@test "deletionPolicy Orphan: only the object goes" {
	id=$(submit alice --wrap 'sleep 60')
	eventually state_is alice "$id" RUNNING
	patch alice "$id" '{"spec":{"deletionPolicy":"Orphan"}}'
	kubectl delete slurmjob -n slurm-alice "lab-$id" --timeout=60s
	slurm_has "$id" JobState RUNNING
	scancel "$id"
}

@test "an array is held, limited and deleted as one" {
	id=$(submit bob --array=1-5 --begin=now+1hour --time=60 --wrap true)
	eventually has bob "$id" .status.array.pending 5
	patch bob "$id" '{"spec":{"hold":true,"timeLimit":"15"}}'
	eventually bash -c "scontrol show job $id | grep -q Reason=JobHeldUser"
	eventually has bob "$id" .status.current.timeLimit 00:15:00
	kubectl delete slurmjob -n slurm-bob "lab-$id" --timeout=60s
	eventually no_jobs_of bob
}

no_jobs_of() {
	[ -z "$(squeue -h -u "$1")" ]
}

@test "root's jobs are mirrored but not acted on" {
	id=$(sbatch --parsable --chdir=/tmp --output=/dev/null --hold --wrap true)
	eventually state_is root "$id" PENDING
	patch root "$id" '{"spec":{"hold":false}}'
	eventually has root "$id" .spec.hold true
	eventually settled root "$id"
	[[ $(condition root "$id" Synced message) = *minimumUid* ]]
	slurm_has "$id" Reason JobHeldUser
	kubectl delete slurmjob -n slurm-root "lab-$id" --wait=false
	slurm_has "$id" JobState PENDING
	scancel "$id"
	eventually no_object root "$id"
}
