#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Two Slurm clusters in one Kubernetes, an agent each: none touches what is the other's. In a lab of this file's own.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export BOTH=$LAB_STATE-both
	"$LAB" start --state="$BOTH" --nodes=1 --clusters=2 --gpus --prefix="$(. "$LAB_STATE/settings" && echo "$PREFIX")"
	"$LAB" user --state="$BOTH" alice bob
}

teardown_file() {
	"$LAB" stop --purge --state="$BOTH" || :
}

setup() {
	export LAB_STATE=$BOTH
	eval "$("$LAB" env)"
	"$LAB" up slurmctld slurmctld2 agent agent2
}

# in_cluster CLUSTER COMMAND...
in_cluster() {
	local cluster=$1
	shift
	(
		eval "$("$LAB" env --cluster="$cluster")"
		"$@"
	)
}

# of CLUSTER USER ID JSONPATH
of() {
	kubectl get slurmjob -n "slurm-$2" "$1-$3" -o "jsonpath={$4}"
}

# of_is CLUSTER USER ID JSONPATH VALUE
of_is() {
	local value
	value=$(of "$1" "$2" "$3" "$4") || return 1
	[ "$value" = "$5" ] || { echo "$4 is '$value', not '$5'"; return 1; }
}

# twins SBATCH-ARGUMENT...: a job of alice's in each cluster, with the same id, which it prints
twins() {
	local first second i
	for i in {1..200}; do
		[ "${first:-0}" -gt "${second:-0}" ] || first=$(in_cluster lab submit alice "$@")
		[ "$first" = "${second:-0}" ] && break
		second=$(in_cluster lab2 submit alice "$@")
		[ "$first" = "$second" ] && break
	done
	[ "$first" = "$second" ] && echo "$first"
}

# writes NAME: by the agents, to objects of that name, so far
writes() {
	jq -r --arg name "$1" 'select(.user.username == "slurm-kube-agent" and .objectRef.name == $name and
		(.verb | IN("create", "update", "patch", "delete"))) | .verb' "$LAB_STATE/log/audit.log" | wc -l
}

@test "the same job id in both, in one namespace: two objects, each its own job's" {
	id=$(twins --hold --job-name=one --wrap true)
	in_cluster lab2 scontrol update "jobid=$id" name=two
	eventually of_is lab alice "$id" .spec.jobName one
	eventually of_is lab2 alice "$id" .spec.jobName two
	of_is lab alice "$id" .spec.cluster lab
	eventually of_is lab2 alice "$id" .status.cluster lab2
	[ "$(kubectl get slurmjobs -n slurm-alice -l slurm-kube.io/cluster=lab2,slurm-kube.io/job-id="$id" -o name)" = "slurmjob.slurm-kube.io/lab2-$id" ]
	in_cluster lab scancel "$id"
	in_cluster lab2 scancel "$id"
}

@test "edits and deletions reach the cluster they are meant for" {
	id=$(twins --hold --time=60 --wrap true)
	eventually of_is lab alice "$id" .status.state PENDING
	eventually of_is lab2 alice "$id" .status.state PENDING
	as alice kubectl patch slurmjob "lab2-$id" --type=merge -p '{"spec":{"timeLimit":"7"}}'
	eventually in_cluster lab2 slurm_has "$id" TimeLimit 00:07:00
	in_cluster lab slurm_has "$id" TimeLimit 01:00:00
	as alice kubectl delete slurmjob "lab-$id" --timeout=60s
	in_cluster lab slurm_has "$id" JobState CANCELLED
	in_cluster lab2 slurm_has "$id" JobState PENDING
	of_is lab2 alice "$id" .status.state PENDING
	in_cluster lab2 scancel "$id"
	eventually of_is lab2 alice "$id" .status.state CANCELLED
}

# gpus_are CLUSTER USED, of its one node with two
gpus_are() {
	local gres
	gres=$(kubectl get slurmpartition "$1-debug" -o json | jq -c .status.gres)
	[ "$gres" = "[{\"name\":\"gpu\",\"total\":2,\"used\":$2}]" ] || { echo "$gres"; return 1; }
}

@test "generic resources of each: what there is, and what jobs have" {
	eventually gpus_are lab 0
	eventually gpus_are lab2 0
	id=$(in_cluster lab submit alice --gres=gpu:1 --wrap 'sleep 300')
	eventually gpus_are lab 1
	gpus_are lab2 0
	[ "$(kubectl get slurmpartition lab-debug -o wide | awk 'NR == 1 { at = index($0, "GRES") } NR == 2 { print substr($0, at, 3) }')" = gpu ]
	in_cluster lab scancel "$id"
	eventually gpus_are lab 0
}

@test "one cluster is down: the other goes on, and each says so for itself" {
	"$LAB" down slurmctld2
	eventually eval '[ "$(kubectl get slurmcluster lab2 -o "jsonpath={.status.conditions[0].status}")" = False ]'
	id=$(in_cluster lab submit alice --wrap true)
	eventually of_is lab alice "$id" .status.state COMPLETED
	[ "$(kubectl get slurmcluster lab -o 'jsonpath={.status.conditions[0].status}')" = True ]
	"$LAB" up slurmctld2
	eventually eval '[ "$(kubectl get slurmcluster lab2 -o "jsonpath={.status.conditions[0].status}")" = True ]'
}

@test "one agent is away: its objects stay as they are" {
	id=$(in_cluster lab2 submit bob --hold --wrap true)
	eventually of_is lab2 bob "$id" .status.state PENDING
	"$LAB" down agent2
	before=$(writes "lab2-$id")
	version=$(of lab2 bob "$id" .metadata.resourceVersion)
	as bob kubectl patch slurmjob "lab2-$id" --type=merge -p '{"spec":{"timeLimit":"7"}}'
	as bob kubectl delete slurmjob "lab2-$id" --wait=false
	kubectl delete slurmpartition lab2-short
	other=$(in_cluster lab submit bob --wrap true)
	eventually of_is lab bob "$other" .status.state COMPLETED
	"$LAB" restart agent
	other=$(in_cluster lab submit bob --wrap true)
	eventually of_is lab bob "$other" .status.state COMPLETED
	[ "$(writes "lab2-$id")" = "$before" ]
	[ "$version" != "$(of lab2 bob "$id" .metadata.resourceVersion)" ]
	run kubectl get slurmpartition lab2-short
	[ "$status" != 0 ]
	in_cluster lab2 slurm_has "$id" JobState PENDING
	"$LAB" up agent2
	eventually in_cluster lab2 slurm_has "$id" JobState CANCELLED
	eventually eval '! kubectl get slurmjob -n slurm-bob "lab2-$id"'
	eventually kubectl get slurmpartition lab2-short
}

@test "an object that names the other cluster is left alone, whatever its own name" {
	id=$(in_cluster lab submit alice --hold --wrap true)
	eventually of_is lab alice "$id" .status.state PENDING
	# As if it were the mirror of a job of this cluster that is long gone.
	name=lab-$((id + 5000))
	kubectl create -f - <<-END
	{"apiVersion": "slurm-kube.io/v1alpha1", "kind": "SlurmJob", "metadata": {"name": "$name", "namespace": "slurm-alice",
		"finalizers": ["slurm-kube.io/job"]}, "spec": {"cluster": "elsewhere", "timeLimit": "5"}}
	END
	before=$(kubectl get slurmjob -n slurm-alice "$name" -o json)
	"$LAB" restart agent agent2
	for cluster in lab lab2; do
		other=$(in_cluster $cluster submit alice --wrap true)
		eventually of_is $cluster alice "$other" .status.state COMPLETED
	done
	[ "$(kubectl get slurmjob -n slurm-alice "$name" -o json)" = "$before" ]
	[ "$(writes "$name")" = 0 ]
	kubectl patch slurmjob -n slurm-alice "$name" --type=merge -p '{"metadata":{"finalizers":null}}'
	kubectl delete slurmjob -n slurm-alice "$name"
	in_cluster lab scancel "$id"
}

@test "spec.cluster can't be edited to give a job away" {
	id=$(in_cluster lab submit alice --hold --wrap true)
	eventually of_is lab alice "$id" .status.state PENDING
	# A server that knows the rule refuses it.
	as alice kubectl patch slurmjob "lab-$id" --type=merge -p '{"spec":{"cluster":"lab2"}}' || :
	eventually of_is lab alice "$id" .spec.cluster lab
	in_cluster lab scancel "$id"
	eventually of_is lab alice "$id" .status.state CANCELLED
}

@test "a partition whose name is taken by another cluster's gets another one" {
	kubectl create -f - <<-END
	{"apiVersion": "slurm-kube.io/v1alpha1", "kind": "SlurmPartition", "metadata": {"name": "lab-a-b"},
		"spec": {"cluster": "lab-a", "partition": "b"}}
	END
	before=$(kubectl get slurmpartition lab-a-b -o jsonpath='{.metadata.resourceVersion}')
	in_cluster lab scontrol create partitionname=a-b nodes=ALL
	eventually named a-b 'lab-a-b-[0-9a-f]{8}'
	# Also by an agent that starts anew.
	"$LAB" restart agent
	in_cluster lab scontrol update partitionname=a-b state=drain
	eventually eval '[ "$(kubectl get "$(named a-b .)" -o "jsonpath={.status.state}")" = DRAIN ]'
	[ "$(kubectl get slurmpartitions -o json | jq '[.items[] | select(.spec.partition == "a-b")] | length')" = 1 ]
	in_cluster lab scontrol delete partitionname=a-b
	eventually eval '! named a-b .'
	[ "$(kubectl get slurmpartition lab-a-b -o jsonpath='{.metadata.resourceVersion}')" = "$before" ]
	[ "$(writes lab-a-b)" -le 3 ]
	kubectl delete slurmpartition lab-a-b
}

# named PARTITION REGEX: the object of that partition of lab has such a name, which it prints
named() {
	kubectl get slurmpartitions -o json | jq -r --arg p "$1" \
		'.items[] | select(.spec.cluster == "lab" and .spec.partition == $p) | "slurmpartition/" + .metadata.name' | grep -xE "slurmpartition/$2.*"
}
