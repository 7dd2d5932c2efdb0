#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults of Slurm and of the agent's machine: nothing lost, nothing twice, no storm of writes.
load helpers
bats_require_minimum_version 1.5.0

setup() {
	"$LAB" up etcd apiserver controller-manager slurmdbd slurmctld agent
}

teardown() {
	[ -z "${own_pid:-}" ] || kill "$own_pid" 2>/dev/null || :
	[ -z "${own_pid:-}" ] || wait "$own_pid" || :
	! mountpoint -q "$LAB_STATE/full" || umount -l "$LAB_STATE/full"
}

teardown_file() {
	"$LAB" up etcd apiserver controller-manager slurmdbd slurmctld agent
	quiet_slurm
}

# start_own [ENVIRONMENT...]: an agent of the test's own in place of the lab's, with $BATS_TEST_TMPDIR/agent.yaml
start_own() {
	"$LAB" down agent
	env "$@" slurm-kube-agent --config="$BATS_TEST_TMPDIR/agent.yaml" 2>>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
	own_pid=$!
	eventually log_says 'SlurmJobs of cluster lab are there'
}

log_says() {
	grep -qE "$1" "$BATS_TEST_TMPDIR/agent.log" || { tail -5 "$BATS_TEST_TMPDIR/agent.log"; return 1; }
}

metric() {
	curl --silent --max-time 10 "$AGENT_HTTP/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}

# agrees FIRST-ID LAST-ID: each of these jobs has one object, with the state that Slurm tells
agrees() {
	local truth seen
	truth=$({
		squeue -h -t all -o '%A %T'
		sacct -n -P -X -a -S now-1days -o jobid,state | sed 's/ by .*//; s/|/ /'
	} | awk -v a="$1" -v b="$2" '$1 >= a && $1 <= b && !seen[$1]++' | sort)
	seen=$(kubectl get slurmjobs -A -o json | jq -r --argjson a "$1" --argjson b "$2" \
		'.items[].status | select(.jobId >= $a and .jobId <= $b) | "\(.jobId) \(.state)"' | sort)
	[ "$(wc -l <<<"$truth")" = $(($2 - $1 + 1)) ] || { echo "Slurm knows $(wc -l <<<"$truth")"; return 1; }
	diff <(echo "$truth") <(echo "$seen") | head
	[ "$truth" = "$seen" ]
}

# No job is left that will change by itself
all_ended() {
	! squeue -h -o '%A' | awk -v a="$1" -v b="$2" '$1 >= a && $1 <= b' | grep .
}

@test "kill -9, four times while 100 jobs go through" {
	first=$(submit bob --wrap true)
	for i in $(seq 99); do
		last=$(submit bob --wrap "exit $((i % 10 == 0))")
		[ $((i % 25)) != 0 ] || { "$LAB" kill agent && "$LAB" up agent; }
	done
	WITHIN=120 eventually all_ended "$first" "$last"
	WITHIN=120 eventually agrees "$first" "$last"
	nothing_told_twice bob "$first" "$last"
}

# writes_to ID...: the agent's writes to these objects so far, from the API server's audit log
writes_to() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" |
		grep -cE '"verb":"(create|update|patch|delete)".*"name":"lab-('"$(IFS='|'; echo "$*")"')"' || :
}

@test "slurmctld is away for 30 s: what was asked for meanwhile is done afterwards, and nothing is written in vain" {
	running=$(submit alice --wrap 'sleep 300')
	edited=$(submit alice --hold --time=60 --wrap true)
	deleted=$(submit alice --hold --wrap true)
	eventually state_is alice "$running" RUNNING
	eventually state_is alice "$edited" PENDING
	eventually state_is alice "$deleted" PENDING
	"$LAB" down slurmctld
	patch alice "$edited" '{"spec":{"timeLimit":"7"}}'
	kubectl delete slurmjob -n slurm-alice "lab-$deleted" --wait=false
	before=$(writes_to "$running" "$edited" "$deleted")
	sleep 30
	state_is alice "$running" RUNNING
	after=$(writes_to "$running" "$edited" "$deleted")
	echo "$((after - before)) writes"
	# Marks of what is to be sent, one per try.
	[ $((after - before)) -le 20 ]
	"$LAB" up slurmctld
	WITHIN=120 eventually slurm_has "$edited" TimeLimit 00:07:00
	WITHIN=120 eventually slurm_has "$deleted" JobState CANCELLED
	eventually no_object alice "$deleted"
	state_is alice "$running" RUNNING
	eventually has alice "$edited" .status.current.timeLimit 00:07:00
	scancel "$running" "$edited"
	eventually state_is alice "$running" CANCELLED
}

@test "a restart of slurmctld while jobs run" {
	first=$(submit alice --wrap 'sleep 2')
	for _ in $(seq 9); do
		last=$(submit alice --wrap 'sleep 2')
	done
	"$LAB" restart slurmctld
	WITHIN=120 eventually all_ended "$first" "$last"
	eventually agrees "$first" "$last"
}

@test "slurmdbd is away: jobs are mirrored, also by an agent that is started meanwhile" {
	"$LAB" down slurmdbd
	first=$(submit alice --wrap true)
	eventually state_is alice "$first" COMPLETED
	"$LAB" restart agent
	last=$(submit alice --wrap 'exit 3')
	eventually state_is alice "$last" FAILED
	"$LAB" up slurmdbd
	WITHIN=120 eventually agrees "$first" "$last"
}

@test "all doorbells are lost: looking alone tells everything" {
	sed 's,^\(  unix: \).*,\1/proc/nothing/doorbell,' "$LAB_STATE/etc/agent.yaml" >"$BATS_TEST_TMPDIR/agent.yaml"
	start_own
	eventually log_says 'doorbell: .*polling alone tells of changes'
	first=$(submit alice --wrap true)
	second=$(submit alice --hold --wrap true)
	last=$(submit alice --wrap 'exit 1')
	eventually state_is alice "$second" PENDING
	patch alice "$second" '{"spec":{"hold":false}}'
	eventually all_ended "$first" "$last"
	eventually agrees "$first" "$last"
	[ "$(metric 'slurm_kube_doorbells_total{result="taken"}')" = 0 ]
}

@test "the agent's clock is set back and forward by an hour" {
	[ -z "${SANITIZER_LOG:-}" ] || skip "AddressSanitizer and libfaketime both want to come first"
	clock=$BATS_TEST_TMPDIR/clock
	echo +0 >"$clock"
	cp "$LAB_STATE/etc/agent.yaml" "$BATS_TEST_TMPDIR/agent.yaml"
	start_own LD_PRELOAD="$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)" FAKETIME_TIMESTAMP_FILE="$clock" FAKETIME_NO_CACHE=1 \
		DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1
	held=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$held" PENDING
	limit=50
	for step in -3600 +3600 +0; do
		echo "$step" >"$clock"
		id=$(submit alice --wrap true)
		eventually state_is alice "$id" COMPLETED
		limit=$((limit - 1))
		patch alice "$held" "{\"spec\":{\"timeLimit\":\"$limit\"}}"
		eventually slurm_has "$held" TimeLimit "00:$limit:00"
	done
	grep -q -- "$(date +%Y)" "$BATS_TEST_TMPDIR/agent.log"
	eventually agrees "$held" "$id"
	kill -0 "$own_pid"
	scancel "$held"
}

@test "the disk for the agent's files is full" {
	mkdir -p "$LAB_STATE/full"
	mount -t tmpfs -o size=64k none "$LAB_STATE/full"
	sed "s,^stateFolder: .*,stateFolder: $LAB_STATE/full," "$LAB_STATE/etc/agent.yaml" >"$BATS_TEST_TMPDIR/agent.yaml"
	start_own
	dd if=/dev/zero of="$LAB_STATE/full/fill" bs=1k count=1000 2>/dev/null || :
	deleted=$(submit alice --hold --wrap true)
	eventually state_is alice "$deleted" PENDING
	kubectl delete slurmjob -n slurm-alice "lab-$deleted" --wait=false
	eventually no_object alice "$deleted"
	eventually slurm_has "$deleted" JobState CANCELLED
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	no_object alice "$deleted"
	log_says 'after a restart the object of job .* may appear again'
	# Also a start with a full disk.
	kill "$own_pid"
	wait "$own_pid"
	: >"$BATS_TEST_TMPDIR/agent.log"
	start_own
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
}

@test "1,000 jobs while the API server is away" {
	"$LAB" down apiserver
	make_submit_batch
	as alice env -C /tmp SLURM_CONF="$SLURM_CONF" "$LAB_STATE/submit-batch" 999
	last=$(squeue -h -u alice -o %A | sort -n | tail -1)
	first=$((last - 999))
	scancel "$first" "$((first + 500))" "$last"
	eventually slurm_has "$last" JobState CANCELLED
	"$LAB" up apiserver
	WITHIN=180 eventually agrees "$first" "$last"
	scancel -u alice
}

make_submit_batch() {
	gcc -std=gnu11 -D_GNU_SOURCE -I"$TOP" -o "$LAB_STATE/submit-batch" "$TOP/testsuite/bench/submit-batch.c" -lslurm
	chmod 755 "$LAB_STATE/submit-batch"
}
