#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One SlurmJob becomes one job, whatever is killed when. In a lab of its own, in which slurmctld soon forgets jobs.
load helpers
load submit_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export PLAIN_PATH=$PATH LAB_LEASE=3s ONCE=$LAB_STATE-once
	echo MinJobAge=2 >"$BATS_FILE_TMPDIR/slurm.conf"
	"$LAB" start --state="$ONCE" --slurmdbd --nodes=1 --slurm-conf="$BATS_FILE_TMPDIR/slurm.conf" \
		--prefix="$(. "$LAB_STATE/settings" && echo "$PREFIX")"
	"$LAB" user --state="$ONCE" alice
	LAB_STATE=$ONCE proxy_on
}

teardown_file() {
	"$LAB" stop --purge --state="$ONCE" || :
}

setup() {
	submit_setup
	export LAB_STATE=$ONCE
	eval "$("$LAB" env)"
	"$LAB" up slurmdbd slurmctld fault-proxy agent
	faults
}

# with_sbatch COMMANDS: the agent runs this instead of sbatch; in it \$FLAG is to be made when the agent is to be killed.
with_sbatch() {
	mkdir -p "$OUT/bin"
	rm -f "$OUT/flag" "$OUT/flag.go" "$OUT/flag.late"
	printf '#!/bin/sh\nFLAG=%s\n%s\n' "$OUT/flag" "$1" >"$OUT/bin/sbatch"
	chmod 755 "$OUT/bin" "$OUT/bin/sbatch"
	"$LAB" down agent
	PATH=$OUT/bin:$PLAIN_PATH "$LAB" up agent
}

# An sbatch that says no, when it may.
HELD_SBATCH='touch $FLAG
for i in $(seq 300); do [ ! -e $FLAG.go ] || break; sleep 0.1; done
echo "sbatch: error: no" >&2
exit 1'

flag_is_there() {
	[ -e "$OUT/flag" ]
}

# The agent dies now; another is started, without faults.
kill_and_restart() {
	"$LAB" kill agent
	rm -rf "$OUT/bin"
	faults
	"$LAB" up agent
}

# once NAME: it runs to its end, and it is the only one
once() {
	eventually of alice "$1" '.status.conditions[?(@.type=="Complete")].status' True
	eventually recorded "$1"
	[ "$(jobs_of alice "$1" | wc -l)" = 1 ] || { jobs_of alice "$1"; return 1; }
	of alice "$1" .status.jobId "$(jobs_of alice "$1")"
	[ "$(kubectl get slurmjobs -n slurm-alice -o name | grep -cE "/(lab-)?$1\$|/lab-$(jobs_of alice "$1")\$")" = 1 ]
}

# slurmdbd has it: slurmctld may forget it at any time.
recorded() {
	local uid
	uid=$(the alice "$1" .metadata.uid)
	sacct -n -X -P -S now-1day -o jobidraw,admincomment | grep "$uid"
}

# killed_at NAME RULE...: the agent is killed while a request is held by that rule
killed_at() {
	local name=$1
	shift
	faults "$@"
	make alice "{name: $name}" '{script: "#!/bin/sh\ntrue\n"}'
	eventually holds "slurmjobs/$name"
	kill_and_restart
	once "$name"
}

@test "killed before and after the mark is written" {
	killed_at mark-before 'PATCH slurmjobs/mark-before\? hold-before'
	killed_at mark-after 'PATCH slurmjobs/mark-after\? hold-after'
}

@test "killed before sbatch has reached slurmctld" {
	with_sbatch 'touch $FLAG; sleep 60'
	make alice '{name: in-sbatch}' '{script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	kill_and_restart
	once in-sbatch
}

@test "killed when slurmctld has the job and the agent doesn't know" {
	with_sbatch '/usr/bin/sbatch "$@" >/dev/null; touch $FLAG; sleep 60'
	make alice '{name: after-sbatch}' '{script: "#!/bin/sh\nsleep 8\n"}'
	eventually flag_is_there
	kill_and_restart
	once after-sbatch
}

@test "the request of a killed agent's sbatch comes later than the next agent's" {
	with_sbatch 'exec 3<&0; setsid sh -c "sleep 6; /usr/bin/sbatch \"\$@\"; touch $FLAG.late" x "$@" <&3 & touch $FLAG; sleep 60'
	make alice '{name: late}' '{hold: true, script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	kill_and_restart
	eventually of alice late .status.state PENDING
	# It was refused, or it was the only one.
	eventually test -e "$OUT/flag.late"
	[ "$(jobs_of alice late | wc -l)" = 1 ]
	as alice kubectl patch slurmjob late --type=merge -p '{"spec":{"hold":false}}'
	once late
}

@test "spec is edited while sbatch is at work: its refusal is about the spec before" {
	with_sbatch "$HELD_SBATCH"
	make alice '{name: meanwhile}' '{comment: one, script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	rm -rf "$OUT/bin"
	as alice kubectl patch slurmjob meanwhile --type=merge -p '{"spec":{"comment":"two"}}'
	touch "$OUT/flag.go"
	once meanwhile
	of alice meanwhile .spec.comment two
}

@test "an object is deleted by force while sbatch is at work, and made again" {
	with_sbatch "$HELD_SBATCH"
	make alice '{name: again}' '{script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	rm -rf "$OUT/bin"
	kubectl patch slurmjob -n slurm-alice again --type=merge -p '{"metadata":{"finalizers":null}}'
	kubectl delete slurmjob -n slurm-alice again
	make alice '{name: again}' '{script: "#!/bin/sh\ntrue\n"}'
	# The new one waits for nothing of the old one's.
	once again
	touch "$OUT/flag.go"
}

# Its children have the same name.
helper() {
	pgrep -P "$("$LAB" pid agent)" -x slurm-kube-own
}

# The agent has noticed, and nothing goes on without it.
all_has_ended() {
	[ -z "$("$LAB" pid agent)" ] && ! lab_pgrep -x slurm-kube-own
}

@test "the owner helper is killed while sbatch is at work" {
	with_sbatch 'echo $$ >$FLAG.pid; touch $FLAG; exec sleep 60'
	make alice '{name: no-helper}' '{script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	kill -KILL "$(helper)"
	eventually all_has_ended
	! kill -0 "$(cat "$OUT/flag.pid")"
	tail -n 5 "$LAB_STATE/log/agent.out" | grep 'the owner helper is gone'
	rm -rf "$OUT/bin"
	"$LAB" up agent
	once no-helper
}

@test "the owner helper is killed while an edit waits for it" {
	make alice '{name: requeued}' '{script: "#!/bin/sh\nsleep 300\n"}'
	eventually of alice requeued .status.state RUNNING
	helper=$(helper)
	kill -STOP "$helper"
	as alice kubectl patch slurmjob requeued --type=merge -p '{"spec":{"requeueRequestedAt":"2030-01-01T00:00:00Z"}}'
	eventually is_sent requeued
	kill -KILL "$helper"
	eventually all_has_ended
	"$LAB" up agent
	eventually of alice requeued .status.current.requeueRequestedAt 2030-01-01T00:00:00Z
	of alice requeued .status.restarts 1
	slurm_has "$(the alice requeued .status.jobId)" Restarts 1
	kubectl delete slurmjob -n slurm-alice requeued
}

is_sent() {
	[ -n "$(the alice "$1" .status.sending)" ]
}

@test "the job has ended and slurmctld has forgotten it while no agent was there" {
	with_sbatch '/usr/bin/sbatch "$@" >/dev/null; touch $FLAG; sleep 60'
	make alice '{name: forgotten}' '{script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	"$LAB" kill agent
	rm -rf "$OUT/bin"
	eventually recorded forgotten
	id=$(jobs_of alice forgotten)
	WITHIN=150 eventually slurmctld_forgot "$id"
	"$LAB" up agent
	once forgotten
}

slurmctld_forgot() {
	! scontrol show job "$1" >/dev/null 2>&1
}

@test "killed before and after the first status and the first spec are written" {
	killed_at status-before 'PUT slurmjobs/status-before/status hold-before'
	killed_at status-after 'PUT slurmjobs/status-after/status hold-after'
	killed_at spec-before 'PATCH slurmjobs/spec-before\? hold-before skip=1'
	killed_at spec-after 'PATCH slurmjobs/spec-after\? hold-after skip=1'
}

@test "slurmctld is ended and started while objects are submitted" {
	for i in 1 2 3 4 5 6; do
		make alice "{name: restart-$i}" '{script: "#!/bin/sh\ntrue\n"}'
		[ "$i" != 3 ] || "$LAB" down slurmctld
	done
	"$LAB" up slurmctld
	for i in 1 2 3 4 5 6; do
		once "restart-$i"
	done
}

@test "the answer to a write is lost" {
	faults 'PATCH slurmjobs/cut\? cut most=2' 'PUT slurmjobs/cut/status cut most=2'
	make alice '{name: cut}' '{script: "#!/bin/sh\ntrue\n"}'
	once cut
}

@test "leader and standby: the standby goes on with what the leader had begun" {
	with_sbatch '/usr/bin/sbatch "$@" >/dev/null; touch $FLAG; sleep 60'
	"$LAB" up standby
	make alice '{name: handed-over}' '{script: "#!/bin/sh\ntrue\n"}'
	make alice '{name: second}' '{script: "#!/bin/sh\ntrue\n"}'
	eventually flag_is_there
	"$LAB" kill agent
	once handed-over
	once second
	"$LAB" down standby
}
