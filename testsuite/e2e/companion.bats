#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The pod that a SlurmJob has for kubectl logs: who gets one, and what it says.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	quiet_slurm
	printf '%s\n' 'nodes:' '  create: partition' 'logs:' '  pods: annotated' >"$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
	kubectl annotate --overwrite namespace slurm-alice slurm-kube.io/logs=true
}

setup() {
	"$LAB" up slurmctld agent controller-manager
}

teardown_file() {
	quiet_slurm
	kubectl annotate namespace slurm-alice slurm-bob slurm-kube.io/logs- || :
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" up controller-manager
	"$LAB" down agent
	kubectl delete pods --all -n slurm-alice --force --grace-period=0 || :
	kubectl delete nodes --all || :
	"$LAB" up agent
}

# pod USER ID JQ-FILTER
pod() {
	kubectl get pod -n "slurm-$1" "lab-$2" -o json | jq -r "$3"
}

# pod_has USER ID JQ-FILTER VALUE
pod_has() {
	local value
	value=$(pod "$1" "$2" "$3") || return 1
	[ "$value" = "$4" ] || { echo "$3 is '$value', not '$4'"; return 1; }
}

phase_is() {
	pod_has "$1" "$2" .status.phase "$3"
}

no_pod() {
	! kubectl get pod -n "slurm-$1" "lab-$2" 2>/dev/null
}

# A pod of that name and another uid: new_pod USER ID OLD-UID
new_pod() {
	local uid
	uid=$(pod "$1" "$2" .metadata.uid) && [ "$uid" != "$3" ]
}

# containers USER ID NAMES
containers() {
	pod_has "$1" "$2" '[.spec.containers[].name] | join(" ")' "$3"
}

# The agent's requests about a pod: pod_writes USER ID VERB SUBRESOURCE
pod_writes() {
	jq -c "select(.user.username == \"slurm-kube-agent\" and .verb == \"$3\" and .objectRef.resource == \"pods\"
		and .objectRef.name == \"lab-$2\" and .objectRef.namespace == \"slurm-$1\"
		and (.objectRef.subresource // \"\") == \"$4\" and .responseStatus.code < 300)" "$LAB_STATE/log/audit.log" | wc -l
}

@test "a pod follows its job: pending with Slurm's reason, running, succeeded" {
	id=$(submit alice --hold --wrap 'while [ ! -e /tmp/companion-go ]; do sleep 0.1; done; rm /tmp/companion-go')
	eventually pod_has alice "$id" '.status.containerStatuses[0].state.waiting.reason' JobHeldUser
	phase_is alice "$id" Pending
	pod_has alice "$id" .spec.nodeName slurm-lab-debug
	pod_has alice "$id" '.metadata.labels["slurm-kube.io/job-id"]' "$id"
	pod_has alice "$id" '.metadata.labels["slurm-kube.io/user"]' alice
	pod_has alice "$id" '.metadata.ownerReferences[0] | .kind + " " + .name' "SlurmJob lab-$id"
	pod_has alice "$id" '.metadata.ownerReferences[0].uid' "$(field alice "$id" .metadata.uid)"
	containers alice "$id" stdout
	as alice scontrol release "$id"
	eventually phase_is alice "$id" Running
	pod_has alice "$id" '.status.conditions[] | select(.type == "Ready") | .status' True
	touch /tmp/companion-go
	chown alice /tmp/companion-go
	eventually phase_is alice "$id" Succeeded
	pod_has alice "$id" '.status.containerStatuses[0].state.terminated | "\(.reason) \(.exitCode)"' 'Completed 0'
	pod_has alice "$id" '.status.containerStatuses[0].state.terminated.finishedAt' "$(field alice "$id" .status.endTime)"
	[ "$(pod_writes alice "$id" create '')" = 1 ]
	# Held, pending, running, succeeded
	[ "$(pod_writes alice "$id" patch status)" -le 4 ]
	[ "$(pod_writes alice "$id" delete '')" = 0 ]
}

@test "how a job ended is the pod's reason and exit code" {
	bad=$(submit alice --wrap 'exit 3')
	cancelled=$(submit alice --wrap 'sleep 600')
	eventually phase_is alice "$cancelled" Running
	as alice scancel "$cancelled"
	eventually phase_is alice "$bad" Failed
	pod_has alice "$bad" '.status.containerStatuses[0].state.terminated | "\(.reason) \(.exitCode)"' 'Error 3'
	eventually phase_is alice "$cancelled" Failed
	pod_has alice "$cancelled" .status.reason CANCELLED
	[ "$(pod alice "$cancelled" '.status.containerStatuses[0].state.terminated.exitCode')" -gt 0 ]
}

@test "only those have one that ask, or whose namespace does; they may change their minds" {
	id=$(submit bob --hold --wrap true)
	other=$(submit bob --hold --wrap true)
	eventually state_is bob "$other" PENDING
	kubectl annotate slurmjob -n slurm-bob "lab-$id" slurm-kube.io/logs=true
	eventually phase_is bob "$id" Pending
	no_pod bob "$other"
	kubectl annotate slurmjob -n slurm-bob "lab-$id" slurm-kube.io/logs-
	eventually no_pod bob "$id"
	kubectl annotate namespace slurm-bob slurm-kube.io/logs=true
	eventually phase_is bob "$id" Pending
	eventually phase_is bob "$other" Pending
	kubectl annotate --overwrite slurmjob -n slurm-bob "lab-$other" slurm-kube.io/logs=false
	eventually no_pod bob "$other"
	kubectl annotate namespace slurm-bob slurm-kube.io/logs-
	eventually no_pod bob "$id"
	as bob scancel "$id" "$other"
}

@test "a pod that is deleted cancels nothing: it comes back while the job is there, and not after its end" {
	id=$(submit alice --wrap 'sleep 600')
	eventually phase_is alice "$id" Running
	uid=$(pod alice "$id" .metadata.uid)
	kubectl delete pod -n slurm-alice "lab-$id" --wait=false
	eventually new_pod alice "$id" "$uid"
	eventually phase_is alice "$id" Running
	slurm_has "$id" JobState RUNNING
	as alice scancel "$id"
	eventually phase_is alice "$id" Failed
	kubectl delete pod -n slurm-alice "lab-$id"
	eventually has alice "$id" '.metadata.annotations.slurm-kube\.io/logs' false
	no_pod alice "$id"
	"$LAB" restart agent
	next=$(submit alice --wrap true)
	eventually phase_is alice "$next" Succeeded
	no_pod alice "$id"
	kubectl annotate slurmjob -n slurm-alice "lab-$id" slurm-kube.io/logs-
	eventually phase_is alice "$id" Failed
}

@test "with its SlurmJob the pod goes, also where nobody collects garbage" {
	"$LAB" down controller-manager
	id=$(submit alice --wrap 'sleep 600')
	eventually phase_is alice "$id" Running
	kubectl delete slurmjob -n slurm-alice "lab-$id" --wait=false
	eventually no_object alice "$id"
	eventually no_pod alice "$id"
}

@test "what happened while the agent was away is there afterwards" {
	id=$(submit alice --wrap 'sleep 600')
	eventually phase_is alice "$id" Running
	"$LAB" kill agent
	as alice scancel "$id"
	gone=$(submit alice --wrap 'exit 5')
	eventually no_jobs
	"$LAB" up agent
	eventually phase_is alice "$id" Failed
	eventually phase_is alice "$gone" Failed
	pod_has alice "$gone" '.status.containerStatuses[0].state.terminated.exitCode' 5
	[ "$(pod_writes alice "$id" create '')" = 1 ]
	[ "$(pod_writes alice "$gone" create '')" = 1 ]
}

@test "an API server that was away learns how it ended" {
	id=$(submit alice --wrap 'sleep 600')
	eventually phase_is alice "$id" Running
	uid=$(pod alice "$id" .metadata.uid)
	"$LAB" kill apiserver
	as alice scancel "$id"
	eventually no_jobs
	"$LAB" up apiserver
	eventually phase_is alice "$id" Failed
	pod_has alice "$id" .metadata.uid "$uid"
	pod_has alice "$id" .status.reason CANCELLED
}

@test "an agent that starts anew writes nothing where all is as it should be" {
	id=$(submit alice --wrap true)
	eventually phase_is alice "$id" Succeeded
	writes=$(pod_writes alice "$id" patch status)
	"$LAB" restart agent
	next=$(submit alice --wrap true)
	eventually phase_is alice "$next" Succeeded
	[ "$(pod_writes alice "$id" patch status)" = "$writes" ]
	[ "$(pod_writes alice "$id" create '')" = 1 ]
}

@test "a job that is requeued after its end gets another pod" {
	id=$(submit alice --requeue --wrap 'exit 1')
	eventually phase_is alice "$id" Failed
	uid=$(pod alice "$id" .metadata.uid)
	as alice scontrol requeuehold "$id"
	eventually new_pod alice "$id" "$uid"
	eventually phase_is alice "$id" Pending
	as alice scancel "$id"
}

@test "containers: stderr where it is a file of its own, tasks of an array" {
	both=$(as alice sbatch --parsable --chdir=/tmp --hold --output=/tmp/o.%j --error=/tmp/e.%j --wrap true)
	small=$(submit alice --hold --array=1,4-5 --wrap true)
	large=$(submit alice --hold --array=0-99 --wrap true)
	eventually containers alice "$both" 'stdout stderr'
	eventually containers alice "$small" 'stdout task-1 task-4 task-5'
	eventually containers alice "$large" stdout
	kubectl annotate slurmjob -n slurm-alice "lab-$large" slurm-kube.io/logs=7,90-91
	eventually containers alice "$large" 'stdout task-7 task-90 task-91'
	scancel "$both" "$small" "$large"
}

@test "another pod of that name is left alone, and the job gets its own when it goes" {
	"$LAB" down agent
	id=$(submit alice --hold --wrap true)
	kubectl run "lab-$id" -n slurm-alice --image=x --restart=Never
	uid=$(pod alice "$id" .metadata.uid)
	"$LAB" up agent
	eventually state_is alice "$id" PENDING
	eventually grep -q "pod slurm-alice/lab-$id is there already" "$LAB_STATE/log/agent.out"
	pod_has alice "$id" .metadata.uid "$uid"
	kubectl delete pod -n slurm-alice "lab-$id"
	eventually pod_has alice "$id" '.metadata.ownerReferences[0].kind' SlurmJob
	as alice scancel "$id"
}

@test "a pod goes elsewhere when its node's partition goes" {
	scontrol create partitionname=night nodes=node1
	eventually kubectl get node slurm-lab-night
	id=$(submit alice -p night,debug --hold --wrap true)
	eventually pod_has alice "$id" .spec.nodeName slurm-lab-night
	scontrol update jobid="$id" partition=debug
	eventually has alice "$id" .status.partition debug
	pod_has alice "$id" .spec.nodeName slurm-lab-night
	scontrol delete partitionname=night
	eventually pod_has alice "$id" .spec.nodeName slurm-lab-debug
	eventually phase_is alice "$id" Pending
	as alice scancel "$id"
}

@test "a namespace of the Pod Security level restricted would take it" {
	id=$(submit alice --hold --wrap true)
	eventually phase_is alice "$id" Pending
	pod_has alice "$id" '.spec.securityContext | "\(.runAsNonRoot) \(.seccompProfile.type)"' 'true RuntimeDefault'
	pod_has alice "$id" '.spec.containers[0].securityContext | "\(.allowPrivilegeEscalation) \(.capabilities.drop[0])"' 'false ALL'
	pod_has alice "$id" '.spec | "\(.automountServiceAccountToken) \(.enableServiceLinks)"' 'false false'
	pod_has alice "$id" .status.qosClass BestEffort
	as alice scancel "$id"
}
