#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults of the API server and of the way to it, made by fault-proxy: nothing lost, nothing twice, and it converges.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	proxy_on
}

setup() {
	"$LAB" up etcd apiserver controller-manager slurmctld fault-proxy agent
	faults
}

teardown() {
	[ -z "${own_pid:-}" ] || kill -KILL "$own_pid" 2>/dev/null || :
}

teardown_file() {
	proxy_off
	quiet_slurm
}

# jobs N: short jobs of alice, every tenth failing; sets $first and $last
jobs() {
	local i
	first=$(submit alice --wrap true)
	last=$first
	for ((i = 1; i < $1; i++)); do
		last=$(submit alice --wrap "exit $((i % 10 == 0))")
	done
}

failures_told() {
	local n
	n=$(kubectl get events -n slurm-alice --field-selector reason=Failed -o json | jq --argjson a "$first" --argjson b "$last" \
		'[.items[].involvedObject.name | ltrimstr("lab-") | tonumber | select(. >= $a and . <= $b)] | unique | length')
	[ "$n" = "$1" ] || { echo "$n are told"; return 1; }
}

@test "errors, 429, slow answers and cut connections while 100 jobs run" {
	faults '* slurmjobs status 500 percent=8' \
		'* slurmjobs status 429 1 percent=2' \
		'* slurmjobs status 503 percent=4' \
		'* slurmjobs cut percent=8' \
		'* slurmjobs drop percent=5' \
		'* slurmjobs cut-after 100 percent=3' \
		'* slurmjobs delay 300 percent=5' \
		'* slurmjobs garbage percent=3' \
		'WATCH slurmjobs cut-after 20000 percent=60' \
		'WATCH slurmjobs garbage percent=20'
	jobs 100
	WITHIN=120 eventually all_mirrored alice "$first" "$last"
	# Each kind has been made.
	for fault in status cut drop cut-after delay garbage; do
		grep -q "^$fault: " "$LAB_STATE/log/fault-proxy.out"
	done
	faults
	eventually all_mirrored alice "$first" "$last"
	# Every failure is told, and none of them twice.
	eventually failures_told 9
	nothing_told_twice alice "$first" "$last"
}

@test "each kind of write whose answer is lost, or that is cut off by kill -9, is done once" {
	for rule in 'POST /slurmjobs' 'PUT /status'; do
		for when in before after; do
			faults "$rule hold-$when"
			id=$(submit alice --wrap 'exit 1')
			first=${first:-$id} last=$id
			eventually holds "${rule% *} .*slurmjobs"
			"$LAB" kill agent
			faults
			"$LAB" up agent
			eventually state_is alice "$id" FAILED
		done
	done
	eventually failures_told 4
	nothing_told_twice alice "$first" "$last"
}

label() {
	field alice "$1" '.metadata.labels.slurm-kube\.io/state'
}

# patches ID: how often anybody has patched labels or spec of that job's object
patches() {
	grep '"verb":"patch"' "$LAB_STATE/log/audit.log" | grep -F "\"name\":\"lab-$1\"" | grep -cv '"subresource"' || :
}

# The label of the state is written after the status, in its own time; with --once at once.
@test "kill -9 between a status and its label: the next agent writes the label, once" {
	# A label of the time before would be written first: the job ends while no agent is there.
	scontrol update partitionname=short state=down
	id=$(submit alice --partition=short --time=1 --wrap true)
	eventually state_is alice "$id" PENDING
	"$LAB" down agent
	before=$(patches "$id")
	scontrol update partitionname=short state=up
	eventually slurm_has "$id" JobState COMPLETED
	for when in before after; do
		[ "$(label "$id")" != COMPLETED ]
		faults "PATCH slurmjobs/lab-$id\\? hold-$when"
		slurm-kube-agent --config="$LAB_STATE/etc/agent.yaml" --once 2>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
		own_pid=$!
		eventually holds "PATCH .*/lab-$id\\?"
		state_is alice "$id" COMPLETED
		kill -KILL "$own_pid"
		wait "$own_pid" || :
		faults
	done
	[ "$(label "$id")" = COMPLETED ]
	slurm-kube-agent --config="$LAB_STATE/etc/agent.yaml" --once
	[ $(($(patches "$id") - before)) = 1 ]
}

# How often an agent has listed all SlurmJobs
lists() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" | grep '"verb":"list"' | grep -c '"resource":"slurmjobs"' || :
}

@test "the API server is away for 20 s, comes back without history (410), and jobs went on meanwhile" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	# What happens now the agent will not see as an event: it is stopped, and etcd forgets it.
	"$LAB" kill agent --signal=STOP
	patch alice "$id" '{"spec":{"timeLimit":"13"}}'
	jobs 20
	kubectl label slurmjob -n slurm-alice "lab-$id" seen=yes
	port=$(sed -n 's/^PORT_ETCD=//p' "$LAB_STATE/ports")
	revision=$(field alice "$id" .metadata.resourceVersion)
	"$LAB" down apiserver
	curl -sf "http://127.0.0.1:$port/v3/kv/compaction" -d "{\"revision\":\"$revision\",\"physical\":true}"
	"$LAB" kill agent --signal=CONT
	sleep 20 # the outage itself; a minute makes no other case, the pauses are 5 s by then
	"$LAB" up apiserver
	eventually slurm_has "$id" TimeLimit 00:13:00
	eventually all_mirrored alice "$first" "$last"
	nothing_told_twice alice "$id" "$last"
	# Whether the watch could go on depends on what had reached the agent's socket before. Told that it can't:
	before=$(lists)
	faults 'WATCH slurmjobs status 410 most=1'
	"$LAB" restart fault-proxy
	patch alice "$id" '{"spec":{"timeLimit":"14"}}'
	eventually slurm_has "$id" TimeLimit 00:14:00
	[ "$(lists)" -gt "$before" ]
	scancel "$id"
}
