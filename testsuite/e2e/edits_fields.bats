#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every field of spec that can be edited, and every way to edit one.
load helpers
bats_require_minimum_version 1.5.0

teardown_file() {
	quiet_slurm
	scontrol delete reservationname=tests >/dev/null 2>&1 || :
}

# One job that waits is enough for several edits.
waiting() {
	id=$(submit alice --begin=now+1day --time=60 "$@" --wrap true)
	eventually state_is alice "$id" PENDING
}

# all_true FIELD=VALUE...: scontrol shows each of them for job $id
all_true() {
	local pair
	for pair in "$@"; do
		slurm_has "$id" "${pair%%=*}" "${pair#*=}" || { echo "not $pair"; return 1; }
	done
}

@test "what an owner may change of a pending job, all at once" {
	waiting
	other=$(submit alice --hold --wrap true)
	edit alice "$id" '{"nice":5, "nodes":"2-4", "tasks":4, "cpusPerTask":2, "memoryPerNode":"1G", "nodeList":"node1",
		"excludeNodes":"node4", "output":"/tmp/out-%j", "jobName":"renamed", "comment":"mine", "partition":"shared",
		"timeLimit":30, "dependency":"afterok:'"$other"'"}'
	all_true Nice=5 NumNodes=2-4 NumTasks=4 CPUs/Task=2 MinMemoryNode=1G ReqNodeList=node1 ExcNodeList=node4 \
		"StdOut=/tmp/out-$id" JobName=renamed Comment=mine Partition=shared TimeLimit=00:30:00 \
		"Dependency=afterok:$other(unfulfilled)"
	[ "$(condition alice "$id" Synced status)" = True ]
	# As their author spelled them.
	has alice "$id" .spec.memoryPerNode 1G
	has alice "$id" .status.current.memoryPerNode 1024M
	has alice "$id" .spec.timeLimit 30
	has alice "$id" .spec.nodes 2-4
	# And back again: "" takes away, memory per CPU takes the place of memory per node.
	edit alice "$id" '{"nice":0, "nodes":1, "tasks":1, "memoryPerCpu":"100M", "nodeList":"", "excludeNodes":"", "dependency":""}'
	all_true Nice=0 NumNodes=1-1 NumTasks=1 MinMemoryCPU=100M "ReqNodeList=(null)" "ExcNodeList=(null)" "Dependency=(null)"
	has alice "$id" .spec.memoryPerNode ''
	[ "$(told alice "$id" EditRefused)" = 0 ]
	scancel "$id" "$other"
}

@test "begin: as sbatch takes it, told as the point of time it means" {
	waiting
	eventually has alice "$id" .spec.begin "$(scontrol show job "$id" | sed -n 's/.*EligibleTime=\([^ ]*\).*/\1/p')"
	edit alice "$id" '{"begin":"2035-06-01T10:00"}'
	all_true EligibleTime=2035-06-01T10:00:00
	has alice "$id" .spec.begin 2035-06-01T10:00
	edit alice "$id" '{"begin":"now+2hours"}'
	[[ $(field alice "$id" .spec.begin) = 20*T*:*:* ]]
	as alice scontrol update jobid="$id" starttime=2036-01-01T00:00:00
	eventually has alice "$id" .spec.begin 2036-01-01T00:00:00
	edit alice "$id" '{"begin":"some day"}'
	[[ $(synced alice "$id") = *begin*"not a value that Slurm knows"* ]]
	has alice "$id" .spec.begin 2036-01-01T00:00:00
	edit alice "$id" '{"begin":""}'
	eventually bash -c "scontrol show job $id | grep -qE 'JobState=(RUNNING|COMPLET)'"
}

@test "reservation, qos and account" {
	scontrol create reservationname=tests starttime=now duration=60 users=alice nodes=node4 >/dev/null
	waiting
	edit alice "$id" '{"reservation":"tests"}'
	all_true Reservation=tests
	edit alice "$id" '{"reservation":""}'
	! scontrol show job "$id" | grep -q Reservation=
	edit alice "$id" '{"reservation":"other", "qos":"other"}'
	[[ $(synced alice "$id") = *spec.reservation*Slurm\ says:* ]]
	[[ $(synced alice "$id") = *"spec.qos: Slurm took the edit without an error, but changed nothing"* ]]
	scancel "$id"
}

@test "what Slurm keeps for operators, or can't do: each refused by name, the rest of the edit is done" {
	waiting
	patch alice "$id" '{"spec":{"comment":"done", "priority":100000, "nice":-5, "deadline":"2035-01-01T00:00:00", "tasksPerNode":2,
		"gres":"none:1", "error":"/tmp/e", "licenses":"none", "constraint":"none", "requeueRequestedAt":"2026-01-01T00:00:00Z"}}'
	eventually settled alice "$id"
	all_true Comment=done
	message=$(synced alice "$id")
	for field in priority nice deadline tasksPerNode gres error licenses constraint requeueRequestedAt; do
		[[ $message = *"spec.$field "* ]] || { echo "no word of $field: $message"; false; }
		[[ $field = nice ]] || has alice "$id" ".spec.$field" ''
	done
	[[ $message = *"Access/permission denied"*"Job is pending execution"* || $message = *"Job is pending execution"*"Access/permission denied"* ]]
	[[ $message != *comment* ]]
	eventually told_times alice "$id" EditRefused 1
	eventually told_times alice "$id" Edited 1
	[ "$(scontrol show job "$id" | grep -c Nice=0)" = 1 ]
	scancel "$id"
}

@test "what a job keeps for ever" {
	waiting
	edit alice "$id" '{"workingDir":"/elsewhere", "script":"#!/bin/sh", "container":{"image":"/x"}, "environment":[{"name":"A","value":"1"}]}'
	for field in workingDir script container environment; do
		[[ $(synced alice "$id") = *"spec.$field: it can't be changed"* ]]
	done
	has alice "$id" .spec.workingDir /tmp
	has alice "$id" .spec.script ''
	has alice "$id" .spec.environment ''
	scancel "$id"
}

@test "by kubectl edit" {
	waiting
	as alice env KUBE_EDITOR='sed -i s/01:00:00/00:20:00/' kubectl edit slurmjob "lab-$id"
	eventually slurm_has "$id" TimeLimit 00:20:00
	scancel "$id"
}

@test "by a JSON patch" {
	waiting
	as alice kubectl patch slurmjob "lab-$id" --type=json \
		-p '[{"op":"test","path":"/spec/timeLimit","value":"01:00:00"},{"op":"replace","path":"/spec/timeLimit","value":15},{"op":"add","path":"/spec/nice","value":7}]'
	eventually all_true TimeLimit=00:15:00 Nice=7
	scancel "$id"
}

@test "by apply, on the client's side" {
	waiting
	manifest() {
		printf 'apiVersion: slurm-kube.io/v1alpha1\nkind: SlurmJob\nmetadata:\n  name: lab-%s\nspec:\n  timeLimit: %s\n' "$id" "$1"
	}
	manifest 25 | as alice kubectl apply --validate=false -f -
	eventually slurm_has "$id" TimeLimit 00:25:00
	eventually settled alice "$id"
	manifest 20 | as alice kubectl apply --validate=false -f -
	eventually slurm_has "$id" TimeLimit 00:20:00
	eventually settled alice "$id"
	# No drift: the same again changes nothing.
	manifest 20 | as alice kubectl apply --validate=false -f - | grep unchanged
	scancel "$id"
}

@test "by apply, on the server's side" {
	waiting
	manifest() {
		printf 'apiVersion: slurm-kube.io/v1alpha1\nkind: SlurmJob\nmetadata:\n  name: lab-%s\nspec:\n  timeLimit: %s\n' "$id" "$1"
	}
	manifest 25 | as alice kubectl apply --server-side --force-conflicts --validate=false -f -
	eventually slurm_has "$id" TimeLimit 00:25:00
	eventually settled alice "$id"
	has alice "$id" .spec.timeLimit 25
	manifest 22 | as alice kubectl apply --server-side --validate=false -f -
	eventually slurm_has "$id" TimeLimit 00:22:00
	scancel "$id"
}

# replaced JQ-FILTER: somebody who lost a race with the agent's write reads the object again
replaced() {
	as alice kubectl get slurmjob "lab-$id" -o json | jq "del(.metadata.managedFields) | $1" |
		as alice kubectl replace --validate=false -f -
}

@test "by replace" {
	waiting
	eventually replaced '.spec.timeLimit = 12 | .spec.comment = "new"'
	eventually all_true TimeLimit=00:12:00 Comment=new
	# One that leaves all fields out asks for nothing, and gets the truth.
	eventually replaced '.spec = {}'
	eventually has alice "$id" .spec.comment new
	has alice "$id" .spec.timeLimit 00:12:00
	all_true TimeLimit=00:12:00 Comment=new
	scancel "$id"
}
