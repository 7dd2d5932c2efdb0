#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl logs --previous: the output of the run before a requeue.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	kubelet_up nodes: '  create: cluster' logs: '  pods: all'
}

teardown_file() {
	kubelet_down
}

setup() {
	OUT=$(mktemp -d /tmp/slurm-kube-previous.XXXXXX)
	chown alice "$OUT"
}

teardown() {
	scancel --quiet -u alice || :
	rm -rf "$OUT"
}

# What each run does: it says which one it is.
RUN='echo run ${SLURM_RESTART_COUNT:-0} begins; echo of run ${SLURM_RESTART_COUNT:-0}; exec sleep 300'

# running SBATCH-ARGUMENT...: alice's job in $OUT, whose id is in $id and whose pod in $pod
running() {
	id=$(as alice sbatch --parsable --requeue --chdir="$OUT" -o out "$@" --wrap "$RUN")
	pod=lab-$id
	eventually state_is alice "$id" RUNNING
	eventually kubectl get pod -n slurm-alice "$pod"
	eventually grep -q "of run 0" "$OUT/out"
}

logs() {
	kubectl logs -n slurm-alice "$pod" "$@"
}

# marked N: the agent knows where the run before the Nth restart ends
marked() {
	[ "$(kubectl get slurmjob -n slurm-alice "$pod" -o jsonpath='{.metadata.annotations.slurm-kube\.io/log-marks}' |
		jq '.[-1].restarts')" = "$1" ]
}

# requeued N: for the Nth time; it waits, and the agent has seen how far its output has come
requeued() {
	scontrol requeue "$id"
	WITHIN=60 eventually marked "$1"
	at=$(date +%s)
}

# Marks are good to a second, as Slurm's times are.
start_now() {
	[ "$(date +%s)" -gt "$at" ] && runs_again "$id"
}

has_restarts() {
	[ "$(kubectl get pod -n slurm-alice "$pod" -o jsonpath='{.status.containerStatuses[0].restartCount} {.status.phase}')" = "$1 Running" ]
}

# again N: it runs for the Nth time after the first
again() {
	WITHIN=60 eventually start_now
	eventually grep -q "of run $1" "$OUT/out"
	eventually has_restarts "$1"
}

# What slurmstepd says at a requeue left out
own() {
	grep -v '^slurmstepd' || :
}

# logs_are OPTION N: the output of run N alone
logs_are() {
	[ "$(logs ${1:+"$1"} | own)" = $'run '"$2"$' begins\nof run '"$2" ]
}

@test "a job that wasn't requeued has no run before" {
	running
	run -1 logs --previous
	[[ "$output" = *BadRequest*"the job was not requeued"* ]]
}

@test "a job that appends: each run by itself" {
	running --open-mode=append
	requeued 1
	# While it waits, all that there is.
	eventually logs_are "" 0
	eventually logs_are --previous 0
	again 1
	[ "$(logs --previous | own)" = $'run 0 begins\nof run 0' ]
	[ "$(logs --previous -f | own)" = $'run 0 begins\nof run 0' ]
	[ "$(logs)" = $'run 1 begins\nof run 1' ]
	[ "$(logs --tail=1)" = 'of run 1' ]
	[ "$(logs --tail=100)" = $'run 1 begins\nof run 1' ]
	[[ "$(logs --previous --tail=1)" = *"CANCELLED AT"*"DUE TO JOB REQUEUE"* ]]
	[ "$(logs --previous --limit-bytes=5)" = "run 0" ]
	requeued 2
	again 2
	[ "$(logs --previous | own)" = $'run 1 begins\nof run 1' ]
	[ "$(logs)" = $'run 2 begins\nof run 2' ]
	# It is nobody's memory but the API server's.
	"$LAB" restart agent
	eventually eval '[ "$(logs --previous | own)" = $'"'run 1 begins\\nof run 1'"' ]'
	scancel "$id"
	eventually state_is alice "$id" CANCELLED
	[ "$(logs --previous | own)" = $'run 1 begins\nof run 1' ]
	[ "$(logs | own)" = $'run 2 begins\nof run 2' ]
}

@test "a job whose file was emptied says so; nothing of the new run is hidden" {
	running
	requeued 1
	eventually logs_are --previous 0
	again 1
	run -1 logs --previous
	[[ "$output" = *"emptied or replaced when the job began anew"*--open-mode=append* ]]
	[ "$(logs)" = $'run 1 begins\nof run 1' ]
}

@test "output that is the same in each run is not taken for kept, nor hidden" {
	id=$(as alice sbatch --parsable --requeue --chdir="$OUT" -o out -e err --wrap 'echo the same; sleep 300')
	pod=lab-$id
	eventually state_is alice "$id" RUNNING
	eventually grep -q same "$OUT/out"
	requeued 1
	rm "$OUT/err"
	WITHIN=60 eventually start_now
	eventually test -e "$OUT/err"
	eventually grep -q same "$OUT/out"
	eventually state_is alice "$id" RUNNING
	[ "$(logs -c stdout)" = 'the same' ]
}

@test "standard error apart" {
	id=$(as alice sbatch --parsable --requeue --chdir="$OUT" -o out -e err --open-mode=append \
		--wrap 'echo out ${SLURM_RESTART_COUNT:-0}; echo err ${SLURM_RESTART_COUNT:-0} >&2; sleep 300')
	pod=lab-$id
	eventually state_is alice "$id" RUNNING
	eventually grep -q "err 0" "$OUT/err"
	requeued 1
	WITHIN=60 eventually start_now
	eventually grep -q "err 1" "$OUT/err"
	eventually state_is alice "$id" RUNNING
	[ "$(logs -c stderr --previous | own)" = 'err 0' ]
	[ "$(logs -c stdout --previous)" = 'out 0' ]
}

@test "a requeue that the agent didn't see" {
	running --open-mode=append
	"$LAB" down agent
	scontrol requeue "$id"
	WITHIN=60 eventually slurm_has "$id" Reason BeginTime
	at=$(date +%s)
	WITHIN=60 eventually start_now
	eventually grep -q "of run 1" "$OUT/out"
	"$LAB" up agent
	eventually has_restarts 1
	eventually eval 'logs | grep "of run 0"'
	run -1 logs --previous
	[[ "$output" = *"the agent didn't see the job wait"* ]]
}

@test "an array has no run before" {
	id=$(as alice sbatch --parsable --array=1-2 --chdir="$OUT" -o out-%a --wrap 'sleep 300')
	pod=lab-$id
	eventually kubectl get pod -n slurm-alice "$pod"
	run -1 logs -c task-1 --previous
	[[ "$output" = *"of an array's tasks"* ]]
}

@test "spec.openMode" {
	kubectl apply -n slurm-alice -f - --validate=false <<-END
	apiVersion: slurm-kube.io/v1alpha1
	kind: SlurmJob
	metadata:
	  name: appends
	spec:
	  openMode: Append
	  output: $OUT/out
	  error: $OUT/err
	  script: |
	    #!/bin/sh
	    #SBATCH --requeue
	    echo of run \${SLURM_RESTART_COUNT:-0}
	    sleep 300
	END
	pod=appends
	eventually eval '[ "$(kubectl get slurmjob -n slurm-alice appends -o jsonpath="{.status.state}")" = RUNNING ]'
	id=$(kubectl get slurmjob -n slurm-alice appends -o jsonpath='{.status.jobId}')
	eventually grep -q "of run 0" "$OUT/out"
	requeued 1
	again 1
	# Known to append, it needs no dated line.
	[ "$(logs -c stdout --previous)" = 'of run 0' ]
	[ "$(logs -c stdout)" = 'of run 1' ]
	kubectl patch slurmjob -n slurm-alice appends --type=merge -p '{"spec":{"openMode":"Truncate"}}' || :
	eventually eval '[ "$(kubectl get slurmjob -n slurm-alice appends -o jsonpath="{.spec.openMode}")" = Append ]'
	kubectl delete slurmjob -n slurm-alice appends
}

@test "marks that somebody has written show nothing else, and end nobody" {
	running --open-mode=append
	requeued 1
	again 1
	for marks in '"' '[' '{}' '[1]' '[{"restarts":1}]' '[{"restarts":1,"at":1,"stdout":{"bytes":-5,"inode":1,"tail":"x"}}]' \
			'[{"restarts":1,"at":1,"stdout":{"bytes":9223372036854775807,"inode":1,"tail":"x"}}]' \
			'[{"restarts":1,"at":1,"stdout":"x","stderr":[]}]' "$(head -c 9000 /dev/zero | tr '\0' '[')"; do
		kubectl annotate slurmjob -n slurm-alice "$pod" --overwrite slurm-kube.io/log-marks="$marks" >/dev/null
		run -1 logs --previous
		[[ "$output" = *BadRequest* ]]
		logs | grep "of run 1"
	done
}
