#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Edits of jobs in each state, of arrays and heterogeneous jobs; what a site lets the agent do as operator; audit.
load helpers
bats_require_minimum_version 1.5.0

teardown_file() {
	"$LAB" restart agent
	quiet_slurm
}

running() {
	id=$(submit alice --time=10 "$@" --wrap 'sleep 100')
	eventually state_is alice "$id" RUNNING
}

now() {
	date -u +%Y-%m-%dT%H:%M:%SZ
}

restarts() {
	scontrol show job "$id" | grep -q "Restarts=$1 "
}

# audited WORD...: the agent's log has a line of audit for job $id with all of them
audited() {
	local lines word
	lines=$(grep " audit: .* job=$id " "$LAB_STATE/log/agent.out")
	for word in "$@"; do
		lines=$(grep -F -- "$word" <<<"$lines") || { echo "no line with $word"; return 1; }
	done
}

@test "requeue a running job, once for each wish" {
	running
	first=$(now)
	edit alice "$id" '{"requeueRequestedAt":"'"$first"'"}'
	eventually restarts 1
	has alice "$id" .spec.requeueRequestedAt "$first"
	has alice "$id" .status.current.requeueRequestedAt "$first"
	# Nothing is asked for by what is there already, by an older wish, or by none.
	edit alice "$id" '{"requeueRequestedAt":"2020-01-01T00:00:00Z"}'
	[[ $(synced alice "$id") = *requeueRequestedAt*"later time"* ]]
	has alice "$id" .spec.requeueRequestedAt "$first"
	edit alice "$id" '{"requeueRequestedAt":null, "comment":"x"}'
	eventually has alice "$id" .spec.requeueRequestedAt "$first"
	restarts 1
	audited action=requeue field=requeueRequestedAt result=done as=owner uid=1001 manager=kubectl-patch
	scancel "$id"
}

@test "requeue and hold in one edit are requeuehold" {
	running
	edit alice "$id" '{"requeueRequestedAt":"'"$(now)"'", "hold":true}'
	eventually bash -c "scontrol show job $id | grep -qE 'job_requeued_in_held_state|JobHeldUser'"
	eventually has alice "$id" .status.current.hold true
	edit alice "$id" '{"hold":false}'
	condition_is alice "$id" Synced True
	scancel "$id"
}

@test "a finished job: it can be requeued, and nothing else" {
	id=$(submit alice --time=10 --wrap true)
	eventually state_is alice "$id" COMPLETED
	edit alice "$id" '{"comment":"late", "nodes":2, "suspend":true, "hold":true}'
	for field in comment nodes suspend hold; do
		[[ $(synced alice "$id") = *"spec.$field: the job has ended"* ]]
	done
	has alice "$id" .spec.comment ''
	eventually told_times alice "$id" EditRefused 1
	edit alice "$id" '{"requeueRequestedAt":"'"$(now)"'"}'
	eventually restarts 1
}

@test "a running job: what it keeps is refused in Slurm's words" {
	running
	edit alice "$id" '{"partition":"shared", "nodes":3, "tasks":3, "memoryPerNode":"1G", "hold":true, "comment":"done"}'
	for field in partition tasks memoryPerNode; do
		[[ $(synced alice "$id") = *"spec.$field "*"Slurm says: Job is no longer pending execution"* ]]
	done
	[[ $(synced alice "$id") = *spec.nodes* ]]
	slurm_has "$id" Comment done
	has alice "$id" .spec.partition debug
	eventually has alice "$id" .spec.hold false
	scancel "$id"
}

@test "suspend is for operators: refused in Slurm's words" {
	running
	edit alice "$id" '{"suspend":true}'
	[[ $(synced alice "$id") = *spec.suspend*"Slurm says: Access/permission denied"* ]]
	has alice "$id" .spec.suspend ''
	slurm_has "$id" JobState RUNNING
	audited action=suspend result=refused as=owner 'reason="Slurm says: Access/permission denied"'
	scancel "$id"
}

@test "an array: its throttle, its tasks in all states at once, what can't be changed" {
	id=$(submit alice --array=0-5%2 --time=60 --wrap 'sleep 100')
	eventually has alice "$id" .status.array.running 2
	edit alice "$id" '{"array":"0-5%1", "timeLimit":30, "nice":3}'
	eventually bash -c "scontrol show job $id | grep -q 'ArrayTaskThrottle=1'"
	[ "$(scontrol show job "$id" | grep -c TimeLimit=00:30:00)" -ge 3 ]
	eventually has alice "$id" .spec.array 0-5%1
	[ "$(condition alice "$id" Synced status)" = True ]
	edit alice "$id" '{"array":"0-6%1"}'
	[[ $(synced alice "$id") = *"only the number after %"* ]]
	has alice "$id" .spec.array 0-5%1
	edit alice "$id" '{"timeLimit":40}'
	[[ $(synced alice "$id") = *timeLimit*"${id}_"*"Access/permission denied"* ]]
	edit alice "$id" '{"array":"0-5"}'
	eventually has alice "$id" .status.current.array 0-5
	scancel "$id"
}

@test "a heterogeneous job: each component" {
	id=$(as alice sbatch --parsable --chdir=/tmp --output=/dev/null --begin=now+1day --time=60 -n1 : -n1 --wrap true)
	eventually state_is alice "$id" PENDING
	edit alice "$id" '{"timeLimit":20, "comment":"both"}'
	[ "$(scontrol show job "$id" | grep -c 'TimeLimit=00:20:00')" = 2 ]
	[ "$(scontrol show job "$id" | grep -c 'Comment=both')" = 2 ]
	edit alice "$id" '{"hold":true}'
	eventually slurm_has "$id" Reason JobHeldUser
	scancel "$id"
}

@test "what the site lists is done as the user that the agent runs as, the rest as the owner" {
	LAB_OPERATOR_ACTIONS='suspend, resume, priority, nice, deadline' "$LAB" restart agent
	running
	edit alice "$id" '{"suspend":true}'
	eventually state_is alice "$id" SUSPENDED
	has alice "$id" .status.current.suspend true
	audited action=suspend result=done as=operator uid=1001 asked=20
	edit alice "$id" '{"suspend":false, "timeLimit":600}'
	eventually state_is alice "$id" RUNNING
	eventually has alice "$id" .spec.timeLimit 00:10:00
	[[ $(synced alice "$id") = *timeLimit*"Access/permission denied"* ]]
	[[ $(synced alice "$id") != *suspend* ]]
	audited action=edit field=timeLimit result=refused as=owner
	scancel "$id"
	id=$(submit alice --begin=now+1day --wrap true)
	eventually state_is alice "$id" PENDING
	edit alice "$id" '{"priority":4711, "deadline":"2035-01-01T00:00:00"}'
	slurm_has "$id" Priority 4711
	has alice "$id" .spec.priority 4711
	slurm_has "$id" Deadline 2035-01-01T00:00:00
	# A priority that somebody else has set since is not the one that was asked for here.
	scontrol update jobid="$id" priority=815
	edit alice "$id" '{"comment":"look"}'
	eventually has alice "$id" .spec.priority ''
	edit alice "$id" '{"nice":-7}'
	edit alice "$id" '{"deadline":""}'
	[[ $(synced alice "$id") = *"can't take a deadline off"* ]]
	scancel "$id"
}

@test "a list of actions that names none is refused at the start" {
	sed 's/^operatorActions:.*/operatorActions: [suspend, sudo]/' "$LAB_STATE/etc/agent.yaml" >"$BATS_TEST_TMPDIR/agent.yaml"
	run "$(. "$LAB_STATE/settings" && echo "$PREFIX")/sbin/slurm-kube-agent" --config="$BATS_TEST_TMPDIR/agent.yaml" --check-config
	[ "$status" != 0 ]
	[[ $output = *operatorActions*"no action 'sudo'"* ]]
}
