#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What makes pods by Kubernetes' own rules works on Slurm because the pods do: Jobs, CronJobs, and the pods of Indexed Jobs.
# The lab's Kubernetes is 1.20, and Indexed Jobs came with 1.21: their pods are made here as the controllers of
# 1.24 to 1.33 make them (pkg/controller/job/indexed_job_utils.go).
load helpers
load images
load submit_helpers
load pods_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	quiet_slurm
	pods_up
}

no_pods_of() {
	[ -z "$(kubectl get pods,jobs -n slurm-alice -o json | jq -r --arg n "$1" '.items[].metadata.name | select(startswith($n))')" ]
}

# What the Job controller does with pods that it has counted
let_go() {
	kubectl get pods -n slurm-alice -l indexed-by=test -o name |
		xargs -r -n 1 kubectl patch -n slurm-alice --type=merge -p '{"metadata":{"finalizers":null}}'
}

teardown() {
	"$LAB" up controller-manager
	let_go
}

teardown_file() {
	kubectl delete -n slurm-alice --ignore-not-found cronjobs.v1beta1.batch --all
	pods_down
}

succeeded() {
	[ "$(kubectl get pods -n slurm-alice -l "$1" -o json | jq '[.items[] | select(.status.phase == "Succeeded")] | length')" = "$2" ]
}

@test "a Job of 20 pods, five at a time" {
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-END
	apiVersion: batch/v1
	kind: Job
	metadata: {name: twenty}
	spec:
	  completions: 20
	  parallelism: 5
	  template:
	    spec:
	      schedulerName: slurm
	      restartPolicy: Never
	      containers: [{name: main, image: $IMAGES/busybox, command: ["true"]}]
	END
	kubectl create -n slurm-alice -f "$BATS_TEST_TMPDIR/job.yaml"
	kubectl wait -n slurm-alice job/twenty --for=condition=Complete --timeout=240s
	[ "$(kubectl get pods -n slurm-alice -l job-name=twenty -o json | jq '[.items[] | select(.status.phase == "Succeeded")] | length')" = 20 ]
	[ "$(kubectl get slurmjobs -n slurm-alice -o json | jq '[.items[] | select(.spec.jobName | startswith("twenty-"))] | length')" = 20 ]
	kubectl delete -n slurm-alice job/twenty --timeout=60s
}

# indexed_pod JOB UID INDEX FIELD: as the template of doc/examples/pod-indexed.yaml becomes it; FIELD is where JOB_COMPLETION_INDEX
# comes from, annotations until 1.27, labels since
indexed_pod() {
	local job=$1 uid=$2 index=$3 field=$4 suffix
	suffix=$(tr -dc bcdfghjklmnpqrstvwxz2456789 </dev/urandom | head -c 5 || :)
	template | jq --arg job "$job" --arg uid "$uid" --arg index "$index" --arg suffix "$suffix" --arg field "$field" '
		.spec.template | {
		apiVersion: "v1", kind: "Pod",
		metadata: {
			name: "\($job)-\($index)-\($suffix)", generateName: "\($job)-\($index)-", namespace: "slurm-alice",
			annotations: {"batch.kubernetes.io/job-completion-index": $index},
			finalizers: ["batch.kubernetes.io/job-tracking"],
			labels: {
				"controller-uid": $uid, "batch.kubernetes.io/controller-uid": $uid, "batch.kubernetes.io/job-name": $job,
				"batch.kubernetes.io/job-completion-index": $index, "job-name": $job, "indexed-by": "test" },
			ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: $job, uid: $uid, controller: true, blockOwnerDeletion: true }] },
		spec: (.spec + { hostname: "\($job)-\($index)" }) }
		| .spec.containers[].env += [{ name: "JOB_COMPLETION_INDEX",
			valueFrom: { fieldRef: { fieldPath: "metadata.\($field)[\u0027batch.kubernetes.io/job-completion-index\u0027]" } } }]'
}

# The example as JSON, its image the test's
template() {
	sed "s|/srv/images/busybox|$IMAGES/busybox|" "$BATS_TEST_DIRNAME/../../doc/examples/pod-indexed.yaml" |
		kubectl create --dry-run=client --validate=false -n slurm-alice -o json -f -
}

@test "the pods of an Indexed Job of 20: each index is done exactly once, and its pod can be counted" {
	local i uid
	# Nobody else makes pods for it.
	"$LAB" down controller-manager
	uid=$(template | jq '.metadata.name = "indexed" | .spec.parallelism = 20' |
		kubectl create -n slurm-alice --validate=false -f - -o 'jsonpath={.metadata.uid}')
	[ "$(template | jq '.spec.completions, .spec.completionMode' | xargs)" = '20 Indexed' ]
	for i in $(seq 0 19); do
		indexed_pod indexed "$uid" "$i" "$([ $((i % 2)) = 0 ] && echo annotations || echo labels)"
	done | kubectl create -n slurm-alice -f -
	WITHIN=240 eventually succeeded "batch.kubernetes.io/controller-uid=$uid" 20
	# Each wrote the line of its own index, and no other; one job for each, its name that of the pod.
	[ "$(for i in $(kubectl get pods -n slurm-alice -l "batch.kubernetes.io/controller-uid=$uid" -o name); do kubectl logs -n slurm-alice "$i"; done |
		sort -V)" = "$(for i in $(seq 0 19); do echo "part $i of 20 on indexed-$i"; done)" ]
	[ "$(kubectl get slurmjobs -n slurm-alice -o json | jq '[.items[] | select(.spec.jobName | test("^indexed-[0-9]+-")) | .spec.jobName] | unique | length')" = 20 ]
	[ "$(kubectl get slurmjobs -n slurm-alice -o json | jq '[.items[] | select(.spec.jobName | test("^indexed-[0-9]+-"))] | length')" = 20 ]
	# The Job controller finds the work done, and counts it.
	"$LAB" up controller-manager
	kubectl wait -n slurm-alice job/indexed --for=condition=Complete --timeout=60s
	[ "$(kubectl get job -n slurm-alice indexed -o 'jsonpath={.status.succeeded} {.status.failed}')" = '20 ' ]
	let_go
	kubectl delete -n slurm-alice job/indexed --timeout=60s
	eventually no_pods_of indexed
}

@test "a pod of an Indexed Job that is deleted while it runs is told Failed before its finalizer lets it go" {
	"$LAB" down controller-manager
	template | jq '.metadata.name = "deleted"' | kubectl create -n slurm-alice --validate=false -f -
	indexed_pod deleted "$(kubectl get job -n slurm-alice deleted -o 'jsonpath={.metadata.uid}')" 0 labels |
		jq '.metadata.name = "deleted-0" | .spec.containers[0].command = ["sleep", "300"]' | kubectl create -n slurm-alice -f -
	WITHIN=60 eventually pod_has deleted-0 '.status.containerStatuses[0].ready' true
	kubectl delete pod -n slurm-alice deleted-0 --wait=false
	WITHIN=60 eventually phase deleted-0 Failed
	[ "$(squeue -h -n deleted-0)" = '' ]
	kubectl delete -n slurm-alice job/deleted --cascade=background --timeout=60s
	let_go
	eventually no_pods_of deleted
}

# Of the first Job that a CronJob has made
cron_job() {
	kubectl get jobs -n slurm-alice -o json |
		jq -r '[.items[] | select(.metadata.ownerReferences[0].kind == "CronJob")][0].metadata.name // empty'
}

has_cron_job() {
	[ -n "$(cron_job)" ]
}

@test "a CronJob's Jobs, and a Job that something else owns, as JobSet's do" {
	template | jq '{
		apiVersion: "batch/v1beta1", kind: "CronJob", metadata: { name: "minutely", namespace: "slurm-alice" },
		spec: { schedule: "* * * * *", jobTemplate: { spec: (.spec | del(.completionMode, .completions, .parallelism)
			| .template.spec.containers[0].command = ["echo", "tick"]) } } }' | kubectl create -f -
	# In the meantime: an object that owns a Job that owns pods.
	kubectl create configmap owner -n slurm-alice --from-literal=a=b
	template | jq --arg uid "$(kubectl get configmap -n slurm-alice owner -o 'jsonpath={.metadata.uid}')" '
		.metadata.name = "owned-workers-0" | .spec.completions = 2 | .spec.parallelism = 2
		| .metadata.ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: $uid, controller: true }]
		| .spec.template.spec.containers[0].command = ["true"]' | kubectl create -n slurm-alice --validate=false -f -
	kubectl wait -n slurm-alice job/owned-workers-0 --for=condition=Complete --timeout=120s
	# Who deletes the owner deletes all that came of it, as far as Slurm.
	kubectl delete configmap -n slurm-alice owner
	eventually no_pods_of owned-workers-0
	WITHIN=120 eventually has_cron_job
	kubectl wait -n slurm-alice "job/$(cron_job)" --for=condition=Complete --timeout=120s
	[ "$(kubectl logs -n slurm-alice "job/$(cron_job)")" = tick ]
	kubectl delete -n slurm-alice cronjobs.v1beta1.batch/minutely --timeout=60s
}
