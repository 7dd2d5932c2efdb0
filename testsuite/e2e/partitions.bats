#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SlurmCluster and SlurmPartition say what sinfo says, and are written only when that changes.
load helpers
bats_require_minimum_version 1.5.0

setup() {
	"$LAB" up slurmctld agent
}

teardown_file() {
	"$LAB" up slurmctld agent
	quiet_slurm
	scontrol update partitionname=debug state=up || :
	scontrol delete partitionname=night || :
	scontrol update nodename=node1 state=resume || :
}

# partition NAME JQ-FILTER
partition() {
	kubectl get slurmpartition "lab-$1" -o json | jq -r "$2"
}

# partition_has NAME JQ-FILTER VALUE
partition_has() {
	local value
	value=$(partition "$1" "$2") || return 1
	[ "$value" = "$3" ] || { echo "$2 is '$value', not '$3'"; return 1; }
}

cluster() {
	kubectl get slurmcluster lab -o json | jq -r "$1"
}

cluster_has() {
	local value
	value=$(cluster "$1") || return 1
	[ "$value" = "$2" ] || { echo "$1 is '$value', not '$2'"; return 1; }
}

# Nodes and CPUs of each partition, as kubectl and as sinfo have them
as_sinfo() {
	diff <(kubectl get slurmpartitions -o json | jq -r '.items[] | select(.spec.cluster == "lab")
			| "\(.spec.partition) \(.status.nodes.summary) \(.status.cpus.summary) \(.status.state | ascii_downcase)"' | sort) \
		<(sinfo -h -o '%R %F %C %a' | sort)
}

# Writes to clusters and partitions by the agents so far
own_writes() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" |
		grep -cE '"verb":"(create|update|patch|delete)".*"resource":"(slurmclusters|slurmpartitions)"' || :
}

@test "kubectl explains clusters and partitions" {
	run -0 kubectl explain slurmpartition.status.limits.maxTime
	[[ "$output" = *UNLIMITED* ]]
	run -0 kubectl explain slurmcluster.status.lastContactTime
	[[ "$output" = *heartbeat* ]]
	for kind in slurmclusters slurmpartitions; do
		run -0 jq -r '[.spec.versions[0].schema.openAPIV3Schema | paths(type == "object" and (.type | type == "string") and
				(has("description") | not)) | map(tostring)
			| select(.[-1] | IN("items", "additionalProperties") | not) | join(".")] - ["properties.metadata"] | .[]' \
			<(kubectl get crd $kind.slurm-kube.io -o json)
		[ -z "$output" ] || { echo "$output"; false; }
	done
}

@test "they say what sinfo says, at rest and with jobs" {
	quiet_slurm
	eventually as_sinfo
	id=$(submit alice -N2 --ntasks-per-node=3 -p shared --wrap 'sleep 300')
	other=$(submit bob --exclusive -w node4 --wrap 'sleep 300')
	eventually state_is alice "$id" RUNNING
	eventually state_is bob "$other" RUNNING
	eventually as_sinfo
	[ "$(partition shared '.status.nodes.summary')" != 0/4/0/4 ]
	eventually cluster_has .status.jobs.running 2
	eventually cluster_has .status.cpus.summary "$(sinfo -h -o %C | head -1)"
	scancel "$id" "$other"
	eventually as_sinfo
	eventually cluster_has .status.jobs.running 0
}

@test "the tables look like sinfo" {
	run -0 kubectl get sp lab-debug
	[[ "${lines[0]}" =~ ^NAME\ +CLUSTER\ +PARTITION\ +DEFAULT\ +AVAIL\ +TIMELIMIT\ +NODES\(A/I/O/T\)\ +CPUS\(A/I/O/T\)$ ]]
	[[ "${lines[1]}" =~ ^lab-debug\ +lab\ +debug\ +true\ +UP\ +UNLIMITED\ +[0-9]+/[0-9]+/0/4\ +[0-9]+/[0-9]+/0/32$ ]]
	run -0 kubectl get scl lab
	[[ "${lines[1]}" =~ ^lab\ +True\ +[0-9.]+\ +[0-9]+/[0-9]+/0/4\  ]]
	run -0 as alice kubectl get slurmpartitions,slurmclusters -o name
	[[ "$output" = *slurmpartition.slurm-kube.io/lab-short* ]]
	for kind in slurmpartitions slurmclusters; do
		run as alice kubectl auth can-i delete $kind
		[ "${lines[-1]}" = no ]
		run as alice kubectl auth can-i update $kind --subresource=status
		[ "${lines[-1]}" = no ]
	done
	kubectl get slurmpartitions -l slurm-kube.io/cluster=lab,slurm-kube.io/partition=short -o name | grep -x slurmpartition.slurm-kube.io/lab-short
}

@test "limits, and who may use it" {
	partition_has short .status.limits.maxTime 00:10:00
	partition_has short .status.limits.defaultTime 00:05:00
	partition_has short .status.default false
	partition_has shared .status.overSubscribe YES:4
	partition_has debug .status.nodeList "$(sinfo -h -p debug -o %N)"
	partition_has debug .status.memory.total 16000
}

@test "a partition changes, comes and goes" {
	scontrol update partitionname=debug state=drain
	eventually partition_has debug .status.state DRAIN
	scontrol update partitionname=debug state=up
	eventually partition_has debug .status.state UP
	scontrol create partitionname=night nodes=node[1-2] maxtime=1-12 maxnodes=1 denyaccounts=none,such prioritytier=3 hidden=yes
	eventually partition_has night .status.limits.maxTime 1-12:00:00
	eventually partition_has night .status.limits.maxNodes 1
	eventually partition_has night .status.allowed.deniedAccounts[1] such
	eventually partition_has night .status.priorityTier 3
	eventually partition_has night .status.hidden true
	eventually partition_has night .status.nodes.total 2
	scontrol delete partitionname=night
	eventually eval '! kubectl get slurmpartition lab-night'
}

@test "a drained node is other, not up" {
	# With a job on it, it would be DRAINING first.
	quiet_slurm
	scontrol update nodename=node1 state=drain reason=test
	eventually cluster_has .status.nodes.up 3
	eventually cluster_has .status.nodes.byState.DRAINED 1
	eventually as_sinfo
	eventually partition_has debug .status.nodes.other 1
	scontrol update nodename=node1 state=resume
	eventually cluster_has .status.nodes.up 4
	eventually as_sinfo
}

@test "jobs are counted by state, tasks of arrays one by one" {
	quiet_slurm
	held=$(submit alice --hold --wrap true)
	array=$(submit alice --hold --array=1-20%3 --wrap true)
	eventually cluster_has .status.jobs.pending 21
	eventually cluster_has .status.jobs.byState.PENDING 21
	scancel "$held" "$array"
	eventually cluster_has .status.jobs.pending 0
}

@test "what somebody deletes or takes over comes back" {
	kubectl delete slurmpartition/lab-short slurmcluster/lab
	eventually partition_has short .status.state UP
	eventually cluster_has '.status.conditions[0].status' True
	kubectl create -f - <<-END
	{"apiVersion": "slurm-kube.io/v1alpha1", "kind": "SlurmPartition", "metadata": {"name": "stray"},
		"spec": {"cluster": "lab", "partition": "gone"}}
	END
	kubectl create -f - <<-END
	{"apiVersion": "slurm-kube.io/v1alpha1", "kind": "SlurmPartition", "metadata": {"name": "second"},
		"spec": {"cluster": "lab", "partition": "short"}}
	END
	eventually eval '! kubectl get slurmpartition stray'
	eventually eval '! kubectl get slurmpartition second'
	partition_has short .status.state UP
}

@test "nothing is written while nothing changes, nor by a restart" {
	quiet_slurm
	eventually as_sinfo
	eventually cluster_has .status.jobs.running 0
	eventually quiet
	before=$(own_writes)
	restart_agent
	# What changes next shows that all has been looked at.
	scontrol update partitionname=debug state=down
	eventually partition_has debug .status.state DOWN
	[ $(($(own_writes) - before)) -le 2 ]
	scontrol update partitionname=debug state=up
	eventually partition_has debug .status.state UP
}

# No write for longer than two may be apart
quiet() {
	local before
	before=$(own_writes)
	sleep 6
	[ "$(own_writes)" = "$before" ]
}

@test "slurmctld goes away: not Ready, with the reason and since when; then Ready again" {
	eventually cluster_has '.status.conditions[0].status' True
	"$LAB" down slurmctld
	eventually cluster_has '.status.conditions[0].status' False
	eventually cluster_has '.status.conditions[0].reason' NoAnswer
	[[ $(cluster '.status.conditions[0].message') = "no answer since $(cluster .status.lastContactTime): "* ]]
	eventually partition_has debug .status.state UP
	# While it is away nothing more is written.
	eventually quiet
	"$LAB" up slurmctld
	eventually cluster_has '.status.conditions[0].status' True
}

@test "without these resources jobs are mirrored all the same, and it is said once" {
	for kind in slurmclusters slurmpartitions; do
		kubectl get crd $kind.slurm-kube.io -o json | jq 'del(.status, .metadata.resourceVersion, .metadata.uid)' >"$BATS_TEST_TMPDIR/$kind.json"
	done
	"$LAB" down agent
	kubectl delete crd slurmclusters.slurm-kube.io slurmpartitions.slurm-kube.io --timeout=120s
	log_mark
	"$LAB" up agent
	eventually said_of_both
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	said_of_both
	kubectl create --validate=false -f "$BATS_TEST_TMPDIR/slurmclusters.json" -f "$BATS_TEST_TMPDIR/slurmpartitions.json"
	eventually partition_has debug .status.state UP
	eventually cluster_has '.status.conditions[0].status' True
}

said_of_both() {
	[ "$(logged 'install the custom resources' | wc -l)" = 2 ]
}
