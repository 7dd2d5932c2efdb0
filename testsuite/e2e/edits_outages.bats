#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Edits while the agent, Slurm or the API server is away, and while Slurm changes the same field: none is lost
# without a word, none is made twice.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	proxy_on
}

setup() {
	"$LAB" up etcd apiserver slurmctld fault-proxy agent
	faults
}

teardown() {
	[ -z "${helper:-}" ] || kill -CONT "$helper" 2>/dev/null || :
}

teardown_file() {
	proxy_off
	quiet_slurm
}

# tells ID REASON N: so many Events
tells() {
	[ "$(told alice "$1" "$2")" = "$3" ]
}

waiting() {
	id=$(submit alice --begin=now+1day --time=60 "$@" --wrap true)
	eventually state_is alice "$id" PENDING
	eventually settled alice "$id"
}

@test "edits while the agent is down: done or refused when it is back" {
	waiting
	"$LAB" kill agent
	patch alice "$id" '{"spec":{"timeLimit":30,"nice":4}}'
	patch alice "$id" '{"spec":{"comment":"late","workingDir":"/x"}}'
	"$LAB" up agent
	eventually settled alice "$id"
	slurm_has "$id" TimeLimit 00:30:00
	slurm_has "$id" Nice 4
	slurm_has "$id" Comment late
	[[ $(synced alice "$id") = *workingDir* ]]
	eventually told_times alice "$id" EditRefused 1
	scancel "$id"
}

@test "both sides change one field: the edit goes to Slurm" {
	waiting
	"$LAB" kill agent
	as alice scontrol update jobid="$id" timelimit=20 comment=slurm
	patch alice "$id" '{"spec":{"timeLimit":30}}'
	"$LAB" up agent
	eventually settled alice "$id"
	slurm_has "$id" TimeLimit 00:30:00
	has alice "$id" .spec.comment slurm
	scancel "$id"
}

@test "the agent dies after Slurm's yes, and the edit is undone meanwhile: the undo counts" {
	waiting
	faults "PUT slurmjobs/lab-$id/status hold-before"
	patch alice "$id" '{"spec":{"timeLimit":30}}'
	eventually slurm_has "$id" TimeLimit 00:30:00
	eventually holds "PUT .*lab-$id/status"
	"$LAB" kill agent
	patch alice "$id" '{"spec":{"timeLimit":"01:00:00"}}'
	faults
	"$LAB" up agent
	eventually slurm_has "$id" TimeLimit 01:00:00
	eventually settled alice "$id"
	has alice "$id" .spec.timeLimit 01:00:00
	has alice "$id" .status.sending ''
	scancel "$id"
}

# have_comment NUMBER: so many of alice's jobs do
have_comment() {
	[ "$(squeue -h -u alice -o %k | grep -c '^xxxx')" = "$1" ]
}

@test "the owner helper does nothing for a while: all else goes on, and no edit is lost" {
	first=$(submit alice --begin=now+1day --wrap true)
	as alice bash -c 'for i in {1..120}; do sbatch -Q -D /tmp -o /dev/null --begin=now+1day --wrap true; done'
	last=$(squeue -h -u alice -o %A | sort -n | tail -n 1)
	eventually state_is alice "$last" PENDING
	helper=$(pgrep -P "$("$LAB" pid agent)" -x slurm-kube-own)
	kill -STOP "$helper"
	# More than the way to it holds.
	mapfile -t objects < <(seq -f 'slurmjob/lab-%.0f' "$first" "$last")
	kubectl patch -n slurm-alice "${objects[@]}" --type=merge -p "{\"spec\":{\"comment\":\"$(printf 'x%.0s' {1..1000})\"}}"
	id=$(submit bob --hold --wrap true)
	eventually state_is bob "$id" PENDING
	have_comment 0
	kill -CONT "$helper"
	eventually have_comment $((last - first + 1))
	scancel "$id"
	scancel -u alice
}

@test "the agent dies after a requeue: it is not made twice" {
	id=$(submit alice --time=10 --wrap 'sleep 100')
	eventually state_is alice "$id" RUNNING
	eventually settled alice "$id"
	faults "PUT slurmjobs/lab-$id/status hold-before"
	patch alice "$id" '{"spec":{"requeueRequestedAt":"2030-01-01T00:00:00Z"}}'
	eventually bash -c "scontrol show job $id | grep -q Restarts=1"
	eventually holds "PUT .*lab-$id/status"
	"$LAB" kill agent
	faults
	"$LAB" up agent
	eventually has alice "$id" .status.current.requeueRequestedAt 2030-01-01T00:00:00Z
	eventually settled alice "$id"
	scontrol show job "$id" | grep -q Restarts=1
	scancel "$id"
}

@test "the agent dies before its note of an edit is stored: done once, and quiet" {
	waiting
	faults "PATCH slurmjobs/lab-$id/status hold-before"
	patch alice "$id" '{"spec":{"timeLimit":30,"hold":true}}'
	eventually slurm_has "$id" TimeLimit 00:30:00
	eventually holds "PATCH .*lab-$id/status"
	eventually tells "$id" Edited 1
	"$LAB" kill agent
	has alice "$id" .status.sending ''
	faults
	"$LAB" up agent
	eventually settled alice "$id"
	slurm_has "$id" TimeLimit 00:30:00
	slurm_has "$id" Reason JobHeldUser
	has alice "$id" .status.current.timeLimit 00:30:00
	[ "$(told alice "$id" EditRefused)" = 0 ]
	# Events are written in their order: the first edit was not told again before this one.
	edit alice "$id" '{"comment":"more"}'
	eventually tells "$id" Edited 2
	scancel "$id"
}

@test "the agent dies before it has told of an edit: the next one does" {
	waiting
	faults "PUT slurmjobs/lab-$id/status hold-before" "POST /events hold-before"
	patch alice "$id" '{"spec":{"timeLimit":30}}'
	eventually slurm_has "$id" TimeLimit 00:30:00
	eventually holds "PUT .*lab-$id/status"
	"$LAB" kill agent
	tells "$id" Edited 0
	faults
	"$LAB" up agent
	eventually settled alice "$id"
	eventually tells "$id" Edited 1
	scancel "$id"
}

@test "the agent dies before its note is stored, and the edit is undone meanwhile: not without a word" {
	waiting
	faults "PATCH slurmjobs/lab-$id/status hold-before"
	patch alice "$id" '{"spec":{"timeLimit":30}}'
	eventually slurm_has "$id" TimeLimit 00:30:00
	eventually holds "PATCH .*lab-$id/status"
	"$LAB" kill agent
	faults
	patch alice "$id" '{"spec":{"timeLimit":"01:00:00"}}'
	"$LAB" up agent
	eventually settled alice "$id"
	has alice "$id" .spec.timeLimit 00:30:00
	[[ $(synced alice "$id") = *timeLimit*meanwhile* ]]
	eventually told_times alice "$id" EditRefused 1
	scancel "$id"
}

@test "the agent dies before it sends a requeue: the next one does, once" {
	id=$(submit alice --time=10 --wrap 'sleep 100')
	eventually state_is alice "$id" RUNNING
	eventually settled alice "$id"
	faults "PATCH slurmjobs/lab-$id/status hold-after"
	patch alice "$id" '{"spec":{"requeueRequestedAt":"2030-01-01T00:00:00Z"}}'
	eventually holds "PATCH .*lab-$id/status"
	"$LAB" kill agent
	scontrol show job "$id" | grep -q Restarts=0
	faults
	"$LAB" up agent
	eventually has alice "$id" .status.current.requeueRequestedAt 2030-01-01T00:00:00Z
	eventually settled alice "$id"
	scontrol show job "$id" | grep -q Restarts=1
	scancel "$id"
}

@test "writes that conflict: a refusal is told once" {
	waiting
	faults "PATCH slurmjobs/lab-$id\\? status 409 most=3"
	patch alice "$id" '{"spec":{"workingDir":"/elsewhere"}}'
	eventually has alice "$id" .spec.workingDir /tmp
	eventually settled alice "$id"
	[ "$(grep -c "^status: PATCH .*lab-$id" "$LAB_STATE/log/fault-proxy.out")" -ge 2 ]
	eventually told_times alice "$id" EditRefused 1
	scancel "$id"
}

@test "slurmctld is away: the edit waits for it" {
	waiting
	log_mark
	"$LAB" down slurmctld
	patch alice "$id" '{"spec":{"timeLimit":30}}'
	eventually logged 'objects keep their last state'
	"$LAB" up slurmctld
	WITHIN=120 eventually slurm_has "$id" TimeLimit 00:30:00
	eventually settled alice "$id"
	[ "$(told alice "$id" EditRefused)" = 0 ]
	[ "$(condition alice "$id" Synced status)" = True ]
	scancel "$id"
}

@test "a job that slurmctld has forgotten: an edit is refused, the status stays" {
	id=$(submit alice --time=10 --wrap true)
	eventually state_is alice "$id" COMPLETED
	eventually settled alice "$id"
	"$LAB" kill agent
	# As after MinJobAge; but ids go on from here.
	"$LAB" down slurmctld
	rm -rf "$LAB_STATE"/spool/slurmctld/job_state*
	echo "FirstJobId=$((id + 1))" >>"$LAB_STATE/etc/slurm.conf"
	"$LAB" up slurmctld
	sed -i '/^FirstJobId=/d' "$LAB_STATE/etc/slurm.conf"
	scancel "$(submit bob --hold --wrap true)"
	"$LAB" up agent
	patch alice "$id" '{"spec":{"comment":"late","requeueRequestedAt":"2030-01-01T00:00:00Z"}}'
	eventually settled alice "$id"
	has alice "$id" .spec.comment ''
	has alice "$id" .spec.requeueRequestedAt ''
	state_is alice "$id" COMPLETED
	[ "$(condition alice "$id" Synced status)" = False ]
	[[ $(synced alice "$id") = *comment*"has ended"*forgotten* ]]
	eventually told_times alice "$id" EditRefused 1
}
