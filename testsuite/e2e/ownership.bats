#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Other managers' fields stay theirs, and nothing of ours holds up what others delete.
load helpers
bats_require_minimum_version 1.5.0

setup() {
	"$LAB" up apiserver controller-manager slurmctld agent
}

teardown_file() {
	"$LAB" up agent
	quiet_slurm
}

# owned_by MANAGER ID [JQ-FILTER]: what that manager owns of the job's object
owned_by() {
	kubectl get --raw "/apis/slurm-kube.io/v1alpha1/namespaces/slurm-alice/slurmjobs/lab-$2" |
		jq -c --arg manager "$1" "[.metadata.managedFields[] | select(.manager == \$manager) | .fieldsV1] | add | ${3:-keys}"
}

manifest() {
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-END
	apiVersion: slurm-kube.io/v1alpha1
	kind: SlurmJob
	metadata:
	  name: lab-$1
	  namespace: slurm-alice
	  labels: {team: blue}
	  annotations: {note: mine}
	spec:
	  timeLimit: "30"
	END
}

version() {
	field alice "$1" .metadata.resourceVersion
}

@test "server-side apply: no conflict and no drift, before and after the agent has written" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	manifest "$id"
	kubectl apply --server-side -f "$BATS_TEST_TMPDIR/job.yaml"
	eventually slurm_has "$id" TimeLimit 00:30:00
	eventually has alice "$id" .status.current.timeLimit 00:30:00
	theirs=$(owned_by kubectl "$id" .)
	# The agent writes.
	scontrol release "$id"
	eventually state_is alice "$id" COMPLETED
	[ "$(owned_by kubectl "$id" .)" = "$theirs" ]
	has alice "$id" .metadata.labels.team blue
	has alice "$id" .metadata.annotations.note mine
	has alice "$id" .spec.timeLimit 30
	# Of spec the agent owns nothing that somebody would have to take from it by force.
	[ "$(owned_by slurm-kube-agent "$id" '.["f:spec"] // {} | keys')" = '[]' ]
	# Applied again it changes nothing. (A write of the agent may have come in between.)
	eventually no_drift "$id"
}

no_drift() {
	local before
	before=$(version "$1")
	kubectl apply --server-side -f "$BATS_TEST_TMPDIR/job.yaml" && [ "$(version "$1")" = "$before" ]
}

@test "what Slurm changed meanwhile is an edit for whoever applies again" {
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	manifest "$id"
	kubectl apply --server-side -f "$BATS_TEST_TMPDIR/job.yaml"
	eventually slurm_has "$id" TimeLimit 00:30:00
	scontrol update jobid="$id" timelimit=20
	eventually has alice "$id" .spec.timeLimit 00:20:00
	eventually has alice "$id" .status.current.timeLimit 00:20:00
	kubectl apply --server-side -f "$BATS_TEST_TMPDIR/job.yaml"
	eventually slurm_has "$id" TimeLimit 00:30:00
	scancel "$id"
}

@test "another controller's finalizer stays, and holds the object only as long as that one wants" {
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	kubectl patch slurmjob -n slurm-alice "lab-$id" --type=json \
		-p '[{"op":"add","path":"/metadata/finalizers/-","value":"example.org/wait"}]'
	kubectl delete slurmjob -n slurm-alice "lab-$id" --wait=false
	eventually slurm_has "$id" JobState CANCELLED
	eventually has alice "$id" .metadata.finalizers '["example.org/wait"]'
	kubectl patch slurmjob -n slurm-alice "lab-$id" --type=merge -p '{"metadata":{"finalizers":null}}'
	eventually no_object alice "$id"
}

no_namespace() {
	! kubectl get namespace "$1" >/dev/null 2>&1
}

@test "a namespace deleted while the agent is down goes when it is back, and its jobs are cancelled" {
	id=$(submit bob --wrap 'sleep 300')
	done=$(submit bob --wrap true)
	eventually state_is bob "$id" RUNNING
	eventually state_is bob "$done" COMPLETED
	"$LAB" kill agent
	kubectl delete namespace slurm-bob --wait=false
	"$LAB" up agent
	WITHIN=120 eventually no_namespace slurm-bob
	eventually slurm_has "$id" JobState CANCELLED
	"$LAB" user bob
	# And it is of use again.
	id=$(submit bob --wrap true)
	eventually state_is bob "$id" COMPLETED
}
