#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual nodes say what sinfo says, in the words of Kubernetes, and go with their partitions.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	quiet_slurm
	configure 'nodes:' '  create: partition' '  address: 127.0.0.1'
}

setup() {
	"$LAB" up slurmctld agent controller-manager
}

teardown_file() {
	"$LAB" up slurmctld
	scontrol update partitionname=short state=up || :
	scontrol delete partitionname=night || :
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent controller-manager
	kubectl delete nodes --all || :
}

# configure LINE...: what the agent's configuration is to have besides; the agent is started anew
configure() {
	printf '%s\n' "$@" >"$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
}

# node PARTITION JQ-FILTER
node() {
	kubectl get node "slurm-lab-$1" -o json | jq -r "$2"
}

# node_has PARTITION JQ-FILTER VALUE
node_has() {
	local value
	value=$(node "$1" "$2") || return 1
	[ "$value" = "$3" ] || { echo "$2 is '$value', not '$3'"; return 1; }
}

# condition_is PARTITION TYPE STATUS REASON
condition_is() {
	node_has "$1" ".status.conditions[] | select(.type == \"$2\") | \"\(.status) \(.reason)\"" "$3 $4"
}

# All CPUs and those that are idle, as kubectl and as sinfo have them
as_sinfo() {
	diff <(kubectl get nodes -l slurm-kube.io/cluster=lab -o json | jq -r '.items[]
			| "\(.metadata.labels["slurm-kube.io/partition"]) \(.status.capacity.cpu) \(.status.allocatable.cpu)"' | sort) \
		<(sinfo -h -o '%R %C' | awk '{ split($2, n, "/"); print $1, n[4], n[2] }' | sort)
}

no_node() {
	! kubectl get node "$1" 2>/dev/null
}

renewed() {
	kubectl get lease -n kube-node-lease slurm-lab-debug -o jsonpath='{.spec.renewTime}'
}

renewed_since() {
	[ "$(renewed)" != "$1" ]
}

# Writes by the agent to nodes and pods so far, heartbeats apart
own_writes() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" |
		grep -cE '"verb":"(create|update|patch|delete)".*"resource":"(nodes|pods)"' || :
}

# A pod that somebody has put on that node: stray NAME NODE
stray() {
	kubectl apply -f - <<-END
	apiVersion: v1
	kind: Pod
	metadata: {name: $1, namespace: default}
	spec:
	  nodeName: $2
	  tolerations: [{operator: Exists}]
	  containers: [{name: x, image: x}]
	END
}

no_pod() {
	! kubectl get pod -n "$1" "$2" 2>/dev/null
}

@test "each partition is a node with the CPUs of sinfo, a taint and a Lease" {
	eventually as_sinfo
	node_has debug '.spec.taints[] | select(.key == "slurm-kube.io/virtual-node") | .value + ":" + .effect' true:NoSchedule
	eventually condition_is debug Ready True NodesUp
	condition_is debug PartitionUp True UP
	node_has debug '.status.addresses[] | select(.type == "InternalIP") | .address' 127.0.0.1
	node_has debug '.metadata.labels["kubernetes.io/hostname"]' slurm-lab-debug
	node_has debug '.metadata.annotations["slurm-kube.io/partition"]' debug
	memory=$(sinfo -h -p debug -N -o %m | awk '{ n += $1 } END { print n }')
	node_has debug '.status.capacity.memory' "${memory}Mi"
	eventually renewed
	before=$(renewed)
	eventually renewed_since "$before"
	[ "$(kubectl get lease -n kube-node-lease slurm-lab-debug -o json |
		jq -c '[.spec.leaseDurationSeconds, .metadata.ownerReferences[0].kind]')" = '[40,"Node"]' ]
}

@test "a partition's limits are labels that can be compared" {
	eventually node_has short '.metadata.labels["slurm-kube.io/max-time-minutes"]' 10
	node_has debug '.metadata.labels["slurm-kube.io/max-time-minutes"]' UNLIMITED
	scontrol update partitionname=short maxtime=20
	eventually node_has short '.metadata.labels["slurm-kube.io/max-time-minutes"]' 20
	scontrol update partitionname=short maxtime=10
}

@test "what jobs have is not allocatable" {
	quiet_slurm
	id=$(submit alice -N 2 --exclusive --wrap 'sleep 600')
	eventually slurm_has "$id" JobState RUNNING
	eventually as_sinfo
	[ "$(node debug .status.allocatable.cpu)" -lt "$(node debug .status.capacity.cpu)" ]
	scancel "$id"
	eventually as_sinfo
	eventually node_has debug .status.allocatable.cpu "$(node debug .status.capacity.cpu)"
}

@test "a partition that takes no jobs is a node that is cordoned, and stays ready" {
	for state in DOWN DRAIN INACTIVE; do
		scontrol update partitionname=short state=$state
		eventually condition_is short PartitionUp False $state
		eventually node_has short .spec.unschedulable true
		condition_is short Ready True NodesUp
	done
	scontrol update partitionname=short state=UP
	eventually condition_is short PartitionUp True UP
	eventually node_has short .spec.unschedulable null
}

@test "what others write to a node stays, what they take away comes back" {
	kubectl cordon slurm-lab-short
	kubectl label node slurm-lab-short team=blue slurm-kube.io/partition-
	kubectl taint node slurm-lab-short slurm-kube.io/virtual-node- special=yes:NoSchedule
	eventually node_has short '.metadata.labels["slurm-kube.io/partition"]' short
	eventually node_has short '[.spec.taints[].key] | contains(["special", "slurm-kube.io/virtual-node"])' true
	node_has short .spec.unschedulable true
	node_has short .metadata.labels.team blue
	kubectl uncordon slurm-lab-short
	kubectl label node slurm-lab-short team-
	kubectl taint node slurm-lab-short special-
	kubectl delete node slurm-lab-short
	eventually condition_is short PartitionUp True UP
}

@test "a node comes with its partition and goes with it, its Lease and its pods first" {
	scontrol create partitionname=night nodes=node1 maxtime=60
	eventually condition_is night PartitionUp True UP
	eventually kubectl get lease -n kube-node-lease slurm-lab-night
	stray stranger slurm-lab-night
	kubectl get pod -n default stranger
	scontrol delete partitionname=night
	eventually no_node slurm-lab-night
	eventually no_pod default stranger
	run -1 kubectl get lease -n kube-node-lease slurm-lab-night
}

@test "somebody else's pod on a node is let go when it is deleted" {
	stray stranger slurm-lab-debug
	kubectl delete pod -n default stranger --wait=false
	eventually no_pod default stranger
}

@test "a name that is taken gets a hash, and the other node is left alone" {
	kubectl create -f - <<<'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "slurm-lab-night"}}'
	scontrol create partitionname=night nodes=node1
	eventually hashed
	[ "$(kubectl get node slurm-lab-night -o json | jq '.metadata.annotations["slurm-kube.io/cluster"]')" = null ]
	scontrol delete partitionname=night
	eventually no_node "$(kubectl get nodes -o name | sed -n 's|node/\(slurm-lab-night-.*\)|\1|p')"
	kubectl delete node slurm-lab-night
}

hashed() {
	kubectl get nodes -o name | grep -qE '^node/slurm-lab-night-[0-9a-f]{8}$'
}

@test "while nothing changes only heartbeats are written" {
	quiet_slurm
	eventually as_sinfo
	before=$(renewed)
	eventually renewed_since "$before"
	before=$(renewed)
	writes=$(own_writes)
	eventually renewed_since "$before"
	[ "$(own_writes)" = "$writes" ]
}

@test "the node life cycle controller and the agent agree" {
	LAB_CONTROLLERS=nodelifecycle "$LAB" restart controller-manager
	# It takes the taint off with which each new node begins.
	eventually node_has debug '[.spec.taints[].key] | join(" ")' slurm-kube.io/virtual-node
	scontrol update partitionname=short state=DOWN
	eventually node_has short '[.spec.taints[].key] | sort | join(" ")' \
		'node.kubernetes.io/unschedulable slurm-kube.io/virtual-node'
	scontrol update partitionname=short state=UP
	eventually node_has short '[.spec.taints[].key] | join(" ")' slurm-kube.io/virtual-node
	# Nobody renews: it is not heard of any more. Then it is again.
	"$LAB" kill agent
	WITHIN=120 eventually condition_is debug Ready Unknown NodeStatusUnknown
	"$LAB" up agent
	WITHIN=120 eventually condition_is debug Ready True NodesUp
	eventually node_has debug '[.spec.taints[].key] | join(" ")' slurm-kube.io/virtual-node
	"$LAB" restart controller-manager
}

@test "slurmctld's silence is told after a minute, and the nodes stay ready" {
	"$LAB" down slurmctld
	WITHIN=120 eventually condition_is debug PartitionUp Unknown SlurmctldUnreachable
	eventually node_has debug .spec.unschedulable true
	condition_is debug Ready True NodesUp
	"$LAB" up slurmctld
	eventually condition_is debug PartitionUp True UP
	eventually node_has debug .spec.unschedulable null
}

@test "nodes.create: cluster makes one node of all, and the others go" {
	configure 'nodes:' '  create: cluster'
	eventually only_node slurm-lab
	eventually whole_cluster
	configure 'nodes:' '  create: partition' '  address: 127.0.0.1'
	eventually as_sinfo
	eventually no_node slurm-lab
}

only_node() {
	[ "$(kubectl get nodes -o name)" = "node/$1" ]
}

whole_cluster() {
	[ "$(kubectl get node slurm-lab -o jsonpath='{.status.capacity.cpu}')" = "$(sinfo -h -o %C -N | sort -u |
		awk -F/ -v n="$(sinfo -h -N -o %N | sort -u | wc -l)" '{ print $4 * n; exit }')" ]
}

@test "without the keys no node or pod is asked for, but once whether nodes have to go" {
	rm "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" down agent
	kubectl delete nodes --all
	before=$(wc -l <"$LAB_STATE/log/audit.log")
	"$LAB" up agent
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	[ "$(tail -n +$((before + 1)) "$LAB_STATE/log/audit.log" |
		grep -cE '"username":"slurm-kube-agent".*"resource":"(nodes|pods)"')" = 1 ]
	[ -z "$(kubectl get nodes -o name)" ]
}
