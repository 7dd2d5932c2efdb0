#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Two agents of one cluster: one leads, the other takes over, and nothing is done twice.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export LAB_LEASE=6s
	"$LAB" restart agent
	"$LAB" up standby
}

# The agent leads, the standby stands by.
setup() {
	"$LAB" up slurmctld apiserver
	"$LAB" kill slurmctld agent standby --signal=CONT || :
	"$LAB" up agent
	"$LAB" down standby
	eventually leads agent
	"$LAB" up standby
}

teardown() {
	# Whatever a test that failed has left.
	[ -z "${helper:-}" ] || kill -CONT "$helper" 2>/dev/null || :
	[ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || :
	[ -z "${pid:-}" ] || wait "$pid" || :
}

teardown_file() {
	unset LAB_LEASE
	[ ! -e "$BATS_FILE_TMPDIR/role.json" ] || kubectl replace -f "$BATS_FILE_TMPDIR/role.json"
	"$LAB" down standby
	"$LAB" restart agent
	quiet_slurm
}

holder() {
	kubectl get lease -n kube-system slurm-kube-agent-lab -o 'jsonpath={.spec.holderIdentity}'
}

# leads PART: the lease is held by that agent (its identity is in its state folder)
leads() {
	local folder=$LAB_STATE/agent
	[ "$1" = agent ] || folder=$LAB_STATE/standby
	[[ $(holder) = *_$(cat "$folder/slurm-kube-agent-lab") ]] && "$LAB" pid "$1"
}

# Events of that reason about a job of alice, by their counts
told() {
	kubectl get events -n slurm-alice --field-selector "involvedObject.name=lab-$1,reason=$2" -o json |
		jq '[.items[].count] | add // 0'
}

told_once() {
	[ "$(told "$1" "$2")" = 1 ]
}

@test "one leads, the other stands by and does nothing" {
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	grep 'standing by: .* leads' "$LAB_STATE/log/standby.out"
	! grep 'SlurmJobs of cluster' "$LAB_STATE/log/standby.out"
}

@test "kill -9 of the leader: the standby takes over, nothing is lost and nothing told twice" {
	edited=$(submit alice --hold --time=60 --wrap true)
	deleted=$(submit alice --wrap 'sleep 300')
	eventually state_is alice "$edited" PENDING
	eventually state_is alice "$deleted" RUNNING
	first=$(submit alice --wrap true)
	for i in $(seq 49); do
		last=$(submit alice --wrap "exit $((i % 10 == 0))")
		[ "$i" != 25 ] || "$LAB" kill agent
	done
	patch alice "$edited" '{"spec":{"timeLimit":"7"}}'
	kubectl delete slurmjob -n slurm-alice "lab-$deleted" --wait=false
	# The lease and a second; but other things run on this machine, too.
	WITHIN=30 eventually leads standby
	eventually all_mirrored alice "$first" "$last"
	eventually slurm_has "$edited" TimeLimit 00:07:00
	eventually told_once "$edited" Edited
	eventually slurm_has "$deleted" JobState CANCELLED
	eventually no_object alice "$deleted"
	nothing_told_twice alice "$edited" "$last"
	# Back again, the first one stands by.
	log_mark
	"$LAB" up agent
	eventually logged 'standing by'
	leads standby
	scancel "$edited"
}

@test "asked to end, the leader gives the lease up: the standby need not wait" {
	# For a lease that lasts longer than this test.
	"$LAB" down standby agent
	export LAB_LEASE=10m
	"$LAB" up agent
	eventually leads agent
	"$LAB" up standby
	"$LAB" down agent
	WITHIN=30 eventually leads standby
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
}

@test "a leader that was stopped acts no more when it wakes up" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	"$LAB" kill agent --signal=STOP
	patch alice "$id" '{"spec":{"timeLimit":"9"}}'
	WITHIN=30 eventually leads standby
	eventually slurm_has "$id" TimeLimit 00:09:00
	eventually told_once "$id" Edited
	log_mark
	"$LAB" kill agent --signal=CONT
	eventually logged 'beginning anew'
	eventually logged 'standing by'
	leads standby
	told_once "$id" Edited
	# The doorbell's socket is still the other's.
	eventually bash -c "ss -xl | grep -F '$LAB_STATE/run/doorbell '"
	new=$(submit alice --wrap true)
	eventually state_is alice "$new" COMPLETED
	nothing_told_twice alice "$id" "$new"
	scancel "$id"
}

# asked HELPER: a request waits in its socket
asked() {
	ss -Hxp | awk -v pid="pid=$1," 'index($0, pid) && $3 > 0 { found = 1 } END { exit !found }'
}

@test "an action asked for under a lease that has ended isn't begun" {
	"$LAB" down standby
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	helper=$(pgrep -P "$("$LAB" pid agent)" slurm-kube-own)
	kill -STOP "$helper"
	patch alice "$id" '{"spec":{"timeLimit":"11"}}'
	eventually asked "$helper"
	"$LAB" kill agent --signal=STOP
	# Two thirds of the lease.
	sleep 5
	kill -CONT "$helper"
	"$LAB" kill agent --signal=CONT
	eventually slurm_has "$id" TimeLimit 00:11:00
	eventually told_once "$id" Edited
	grep "job $id: no answer from Slurm: this agent doesn't lead any more" "$LAB_STATE/log/agent.out"
	scancel "$id"
}

@test "the API server is away for longer than the lease: the leader pauses and goes on" {
	log_mark
	"$LAB" down standby apiserver
	eventually logged 'leading no more'
	id=$(submit alice --wrap true)
	same=$("$LAB" pid agent)
	"$LAB" up apiserver
	eventually state_is alice "$id" COMPLETED
	[ "$("$LAB" pid agent)" = "$same" ]
}

@test "without the right to the lease the agent says what to apply, and does nothing" {
	"$LAB" down standby agent
	kubectl get clusterrole slurm-kube-agent -o json | jq 'del(.metadata.resourceVersion, .metadata.uid)' >"$BATS_FILE_TMPDIR/role.json"
	jq '.rules |= map(select(.resources != ["leases"]))' "$BATS_FILE_TMPDIR/role.json" | kubectl apply -f - || return 1
	# This role has leases, too: those of virtual nodes.
	kubectl delete clusterrolebinding slurm-kube-agent-pods
	kubectl delete lease -n kube-system slurm-kube-agent-lab
	# The server's authorizer learns of it by a watch.
	eventually eval '! kubectl auth can-i --quiet create leases.coordination.k8s.io -n kube-system --as=slurm-kube-agent'
	slurm-kube-agent --config="$LAB_STATE/etc/agent.yaml" 2>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
	pid=$!
	eventually grep -q 'apply crd/rbac.yaml, or set leader.elect: false' "$BATS_TEST_TMPDIR/agent.log"
	kubectl replace -f "$BATS_FILE_TMPDIR/role.json"
	kubectl create clusterrolebinding slurm-kube-agent-pods --clusterrole=slurm-kube-agent-pods --user=slurm-kube-agent
	eventually grep -q 'leading: lease' "$BATS_TEST_TMPDIR/agent.log"
	kill "$pid"
	wait "$pid"
}
