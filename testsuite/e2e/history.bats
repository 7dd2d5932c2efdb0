#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Jobs that nobody saw, and objects that nobody needs any more. In a lab of this file's own, whose slurmctld forgets jobs
# after two seconds.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export PAST=$LAB_STATE-past
	echo MinJobAge=2 >"$BATS_FILE_TMPDIR/slurm.conf"
	"$LAB" start --state="$PAST" --slurmdbd --nodes=1 --slurm-conf="$BATS_FILE_TMPDIR/slurm.conf" \
		--prefix="$(. "$LAB_STATE/settings" && echo "$PREFIX")"
	"$LAB" user --state="$PAST" alice bob
}

teardown_file() {
	"$LAB" stop --purge --state="$PAST" || :
}

setup() {
	export LAB_STATE=$PAST
	eval "$("$LAB" env)"
	"$LAB" up slurmdbd slurmctld agent
}

# configure LINE...: what the agent's configuration is to have besides; the agent is started anew
configure() {
	printf '%s\n' "$@" >"$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
}

# slurmctld has forgotten these jobs
forgotten() {
	local id
	for id; do
		! scontrol show job "$id" >/dev/null 2>&1 || return 1
	done
}

label_is() {
	has "$1" "$2" '.metadata.labels.slurm-kube\.io/state' "$3"
}

@test "jobs that came and went while the agent was down are there, with their end, usage and steps" {
	"$LAB" down agent
	good=$(submit alice --wrap 'srun true')
	bad=$(submit alice --wrap 'exit 3')
	array=$(submit alice --array=0-3 --wrap 'exit $((SLURM_ARRAY_TASK_ID == 2))')
	cancelled=$(submit bob --hold --wrap true)
	as bob scancel "$cancelled"
	WITHIN=150 eventually forgotten "$good" "$bad" "$array" "$cancelled"
	"$LAB" up agent
	eventually state_is alice "$good" COMPLETED
	has alice "$good" .status.exitCode 0
	has alice "$good" .spec.partition debug
	has alice "$good" .status.qos normal
	[[ $(field alice "$good" .status.tres) = *cpu=1* ]]
	[ -n "$(field alice "$good" .status.endTime)" ]
	eventually has alice "$good" '.status.steps[*].id' "batch 0"
	eventually has alice "$good" '.status.steps[1].state' COMPLETED
	eventually eval '[ -n "$(field alice "$good" .status.usage.elapsedSeconds)" ]'
	label_is alice "$good" COMPLETED
	eventually state_is alice "$bad" FAILED
	has alice "$bad" .status.exitCode 3
	[ "$(condition alice "$bad" Failed message)" = "exit code 3" ]
	eventually state_is alice "$array" FAILED
	has alice "$array" .status.array.completedIndexes 0-1,3
	has alice "$array" .status.array.failedIndexes 2
	eventually state_is bob "$cancelled" CANCELLED
	has bob "$cancelled" .status.cancelledBy bob
	[ "$(kubectl get slurmjobs -A -o name | wc -l)" = 4 ]
	echo "$good $bad" >"$BATS_FILE_TMPDIR/jobs"
}

@test "slurmdbd is down when the agent starts: states don't wait for it; what was deleted does not come back with history" {
	read -r good bad <"$BATS_FILE_TMPDIR/jobs"
	kubectl delete slurmjob -n slurm-alice "lab-$good" --timeout=60s
	"$LAB" down agent
	past=$(submit alice --wrap true)
	WITHIN=150 eventually forgotten "$past"
	# slurmctld has told it by then.
	eventually bash -c "sacct -n -X -j $past -o state | grep COMPLETED"
	"$LAB" down slurmdbd
	"$LAB" up agent
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	no_object alice "$past"
	"$LAB" up slurmdbd
	WITHIN=150 eventually state_is alice "$past" COMPLETED
	no_object alice "$good"
	state_is alice "$bad" FAILED
	scancel "$id"
}

# sql STATEMENT: in slurmdbd's own database
sql() {
	setpriv --reuid=slurm --clear-groups mariadb --no-defaults --socket="$LAB_STATE/run/mariadb/socket" --user=slurm slurm_acct --execute="$1"
}

@test "slurmdbd has heard of a job's end, but of nothing else of it yet" {
	"$LAB" down agent
	id=$(submit alice --wrap true)
	WITHIN=150 eventually forgotten "$id"
	eventually bash -c "sacct -n -X -j $id -o state | grep COMPLETED"
	user=$(id -u alice)
	sql "update lab_job_table set \`partition\`='', id_user=0, time_end=unix_timestamp() where id_job=$id"
	"$LAB" up agent
	other=$(submit alice --hold --wrap true)
	eventually state_is alice "$other" PENDING
	sql "update lab_job_table set \`partition\`='debug', id_user=$user where id_job=$id"
	eventually state_is alice "$id" COMPLETED
	[ "$(kubectl get slurmjobs -A -o name | grep -c "/lab-$id\$")" = 1 ]
	scancel "$other"
}

@test "an object goes when its ttl has passed, without a cancel, and does not come back" {
	gate
	id=$(submit alice --wrap "$UNTIL_OPEN")
	other=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" RUNNING
	patch alice "$id" '{"spec":{"ttlSecondsAfterFinished":1}}'
	patch alice "$other" '{"spec":{"ttlSecondsAfterFinished":1}}'
	open_gate
	eventually no_object alice "$id"
	! grep "job $id: deleted in Kubernetes" "$LAB_STATE/log/agent.out" || return 1
	eventually eval '[ "$(sacct -n -X -j "$id" -o state%20 | tr -d " ")" = COMPLETED ]'
	restart_agent
	eventually state_is alice "$other" PENDING
	scancel "$other"
	eventually no_object alice "$other"
	no_object alice "$id"
}

@test "above finished.most the oldest go" {
	first=$(submit bob --wrap true)
	eventually state_is bob "$first" COMPLETED
	second=$(submit bob --wrap 'sleep 1')
	third=$(submit bob --wrap 'sleep 2')
	eventually state_is bob "$third" COMPLETED
	eventually state_is bob "$second" COMPLETED
	configure 'finished:' '  most: 2'
	eventually objects_are 2
	state_is bob "$second" COMPLETED
	state_is bob "$third" COMPLETED
}

objects_are() {
	[ "$(kubectl get slurmjobs -A -o name | wc -l)" = "$1" ]
}

@test "jobs that the filter doesn't want have no object; one that has an object keeps it" {
	configure 'filter:' '  partitions: [debug]'
	id=$(submit alice --hold --wrap true)
	other=$(submit alice --hold --partition=short --time=1 --wrap true)
	last=$(submit alice --hold --partition=short,debug --time=1 --wrap true)
	eventually state_is alice "$id" PENDING
	eventually state_is alice "$last" PENDING
	no_object alice "$other"
	scontrol update jobid="$id" partition=short timelimit=1
	eventually has alice "$id" .status.partition short
	"$LAB" restart agent
	scancel "$id"
	eventually state_is alice "$id" CANCELLED
	scancel "$other" "$last"
	eventually state_is alice "$last" CANCELLED
	no_object alice "$other"
	configure ''
}

@test "a job with the id of an older one takes its place" {
	first=$(submit alice --hold --comment=older --wrap true)
	eventually state_is alice "$first" PENDING
	"$LAB" down slurmctld
	rm -rf "$LAB_STATE/spool/slurmctld"
	printf 'MinJobAge=2\nFirstJobId=%s\n' "$first" >"$BATS_FILE_TMPDIR/slurm.conf"
	sed -i '/^FirstJobId/d' "$LAB_STATE/etc/slurm.conf"
	echo "FirstJobId=$first" >>"$LAB_STATE/etc/slurm.conf"
	before=$(field alice "$first" .metadata.uid)
	"$LAB" up slurmctld
	id=$(submit alice --hold --comment=newer --wrap true)
	[ "$id" = "$first" ]
	eventually has alice "$id" .spec.comment newer
	[ "$(field alice "$id" .metadata.uid)" != "$before" ]
	eventually state_is alice "$id" PENDING
	scontrol show job "$id" | grep JobState=PENDING
	scancel "$id"
	eventually state_is alice "$id" CANCELLED
}

@test "a namespace that says it is another user's is not used, which is said once" {
	kubectl create namespace team-alice
	kubectl annotate namespace team-alice slurm-kube.io/user=bob
	LAB_TEMPLATE='team-{user}' "$LAB" restart agent
	first=$(submit alice --hold --wrap true)
	id=$(submit bob --hold --wrap true)
	eventually kubectl get slurmjob -n team-bob "lab-$id"
	[ "$(kubectl get namespace team-bob -o 'jsonpath={.metadata.annotations.slurm-kube\.io/user}')" = bob ]
	eventually grep "namespace team-alice is not alice's" "$LAB_STATE/log/agent.out"
	[ -z "$(kubectl get slurmjobs -n team-alice -o name)" ]
	[ "$(grep -c "namespace team-alice is not alice's" "$LAB_STATE/log/agent.out")" = 1 ]
	kubectl annotate --overwrite namespace team-alice slurm-kube.io/user=alice
	LAB_TEMPLATE='team-{user}' "$LAB" restart agent
	eventually kubectl get slurmjob -n team-alice "lab-$first"
	scancel "$first" "$id"
}
