#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The SlurmJob resource as a Kubernetes server takes it, and who may do what with it.
load helpers
bats_require_minimum_version 1.5.0

# A namespace in which alice may edit. The agent, which would see to its objects, is away.
setup_file() {
	export NS=crd-test
	"$LAB" down agent
	kubectl create namespace $NS
	kubectl create rolebinding alice --clusterrole=slurm-kube-edit --user=alice --namespace=$NS
	kubectl create rolebinding bob --clusterrole=slurm-kube-view --user=bob --namespace=$NS
	eventually as alice kubectl auth can-i create slurmjobs --namespace=$NS
}

teardown_file() {
	kubectl delete namespace $NS --timeout=120s
	"$LAB" up agent
}

# schema JQ-FILTER: of the resource's schema as the server has it
schema() {
	kubectl get crd slurmjobs.slurm-kube.io -o json |
		jq -r ".spec.versions[0].schema.openAPIV3Schema | $1"
}

# job NAME SPEC-JSON: an object to create
job() {
	printf '{"apiVersion":"slurm-kube.io/v1alpha1","kind":"SlurmJob","metadata":{"name":"%s","namespace":"%s"},"spec":%s}' \
		"$1" "$NS" "$2"
}

create() {
	job "$@" | as "${AS:-alice}" kubectl create -f -
}

# set_status NAME STATUS-JSON, with the agent's rights; plain kubectl could do it from 1.24 on only
set_status() {
	kubectl get slurmjob "$1" -n $NS -o json | jq ".status = $2" >"$BATS_TEST_TMPDIR/status.json"
	kubectl --kubeconfig="$LAB_STATE/etc/kubeconfig-agent" replace -f "$BATS_TEST_TMPDIR/status.json" \
		--raw="/apis/slurm-kube.io/v1alpha1/namespaces/$NS/slurmjobs/$1/status"
}

# minor: of the server's version
minor() {
	kubectl version -o json | jq -r '.serverVersion.minor' | tr -dc 0-9
}

@test "kubectl explains every field" {
	run -0 kubectl explain slurmjob.spec.timeLimit
	[[ "$output" = *DAYS-HOURS:MINUTES:SECONDS* ]]
	run -0 kubectl explain slurmjob.status.state
	[[ "$output" = *OUT_OF_MEMORY* ]]
	# metadata is the server's.
	run -0 schema '[paths(type == "object" and ((.type | type == "string") or has("x-kubernetes-int-or-string")) and
			(has("description") | not))
		| map(tostring) | join(".")] - ["properties.metadata"] | .[]'
	[ -z "$output" ]
}

@test "status.current has fields of spec, with their types" {
	run -0 schema '[.properties.spec.properties, .properties.status.properties.current.properties] as [$spec, $now]
		| $now | to_entries[]
		| select([.value | .type, .format, .["x-kubernetes-int-or-string"]]
			!= ($spec[.key] | [.type, .format, .["x-kubernetes-int-or-string"]])) | .key'
	[ -z "$output" ]
	[ "$(schema '.properties.status.properties.current.properties | length')" -gt 30 ]
}

@test "applying it again changes nothing" {
	before=$(kubectl get crd slurmjobs.slurm-kube.io -o jsonpath='{.metadata.generation}')
	run -0 kubectl apply --validate=false -k "$TOP/crd"
	[[ "$output" = *"clusterrole.rbac.authorization.k8s.io/slurm-kube-agent unchanged"* ]]
	[ "$(kubectl get crd slurmjobs.slurm-kube.io -o jsonpath='{.metadata.generation}')" = "$before" ]
	# A server that drops the rules can't say so; any other does.
	if [ "$(minor)" -ge 25 ]; then
		[[ "$output" = *"slurmjobs.slurm-kube.io unchanged"* ]]
	fi
}

@test "the table shows what squeue would" {
	create table '{"script":"#!/bin/sh\n"}'
	set_status table '{"jobId":4711,"state":"RUNNING","reason":"","user":"alice","partition":"debug","nodes":2,
		"account":"users","qos":"normal","nodeList":"node[1-2]","container":"/srv/image","exitCode":0,
		"startTime":"2020-01-01T00:00:00Z"}'
	run -0 as alice kubectl get sj table -n $NS
	[[ "${lines[0]}" =~ ^NAME\ +STATE\ +REASON\ +USER\ +PARTITION\ +NODES\ +START\ +AGE$ ]]
	[[ "${lines[1]}" =~ ^table\ +RUNNING\ +alice\ +debug\ +2\ +[0-9]+y?d?[0-9]*d?\ +[0-9]+s$ ]]
	run -0 as alice kubectl get sj table -n $NS -o wide
	[[ "${lines[0]}" =~ AGE\ +JOBID\ +ACCOUNT\ +QOS\ +NODELIST\ +IMAGE\ +EXIT$ ]]
	[[ "${lines[1]}" =~ 4711\ +users\ +normal\ +node\[1-2\]\ +/srv/image\ +0$ ]]
	run -0 as alice kubectl get slurm -n $NS -o name
	[[ "$output" = *slurmjob.slurm-kube.io/table* ]]
}

@test "numbers may be numbers or text, and empty text is text" {
	create forms '{"script":"#!/bin/sh\n","timeLimit":10,"nodes":2,"memoryPerNode":4000,"comment":""}'
	as alice kubectl patch sj forms -n $NS --type=merge \
		-p '{"spec":{"timeLimit":"2-12","nodes":"2-4","memoryPerNode":"4G","dependency":"","reservation":""}}'
	[ "$(kubectl get sj forms -n $NS -o jsonpath='{.spec.timeLimit} {.spec.nodes} {.spec.memoryPerNode}')" = '2-12 2-4 4G' ]
}

# refused FIELD SPEC-JSON: the server refuses it and names the field
refused() {
	run create refused "$2"
	[ "$status" -ne 0 ]
	[[ "$output" = *"$1"* ]] || { echo "$output"; return 1; }
}

@test "what can't be meant is refused, and the field named" {
	refused spec.tasks '{"tasks":0}'
	refused spec.nodes '{"nodes":"two"}'
	refused spec.nodes '{"nodes":0}'
	refused spec.timeLimit '{"timeLimit":"+30"}'
	refused spec.timeLimit '{"timeLimit":"1 hour"}'
	refused spec.timeLimit '{"timeLimit":-1}'
	refused spec.memoryPerNode '{"memoryPerNode":"4 GB"}'
	refused spec.array '{"array":"%4"}'
	refused spec.deletionPolicy '{"deletionPolicy":"Keep"}'
	refused spec.requeueRequestedAt '{"requeueRequestedAt":"now"}'
	refused spec.hold '{"hold":"yes"}'
	refused spec.environment '{"environment":[{"name":"A=B"}]}'
	refused spec.environment '{"environment":[{"name":"A"},{"name":"A"}]}'
	refused spec.container.scope '{"container":{"scope":"some"}}'
	refused to.httpPut.url '{"results":[{"from":"x","to":{"httpPut":{"url":"ftp://example.org/"}}}]}'
	refused ttlSecondsAfterFinished '{"ttlSecondsAfterFinished":-1}'
}

@test "immutable fields stay, where the server knows such rules" {
	[ "$(minor)" -ge 25 ] || skip "the server is older than 1.25: the agent sees to it"
	create immutable '{"script":"#!/bin/sh\n","cluster":"lab","workingDir":"/tmp","container":{"image":"/a"}}'
	for edit in '{"script":"#!/bin/bash\n"}' '{"cluster":"lab2"}' '{"workingDir":"/"}' '{"container":{"image":"/b"}}'; do
		run as alice kubectl patch sj immutable -n $NS --type=merge -p "{\"spec\":$edit}"
		[ "$status" -ne 0 ]
		[[ "$output" = *"can't be changed"* ]]
	done
	as alice kubectl patch sj immutable -n $NS --type=merge -p '{"spec":{"timeLimit":5}}'
	refused 'not both' '{"environment":[{"name":"A","value":"x","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}'
	refused 'exactly one' '{"results":[{"from":"x","to":{}}]}'
}

@test "who may edit jobs may not edit their status" {
	create rights '{"script":"#!/bin/sh\n"}'
	as alice kubectl patch sj rights -n $NS --type=merge -p '{"spec":{"hold":true},"status":{"state":"COMPLETED"}}'
	[ "$(kubectl get sj rights -n $NS -o jsonpath='{.spec.hold} {.status.state}')" = 'true ' ]
	run as alice kubectl auth can-i patch slurmjobs --subresource=status -n $NS
	[ "$output" = no ]
	run as alice kubectl auth can-i get slurmjobs --subresource=status -n $NS
	[ "$output" = yes ]
	kubectl get sj rights -n $NS -o json >"$BATS_TEST_TMPDIR/rights.json"
	chmod 755 "$BATS_TEST_TMPDIR" && chmod 644 "$BATS_TEST_TMPDIR/rights.json"
	run kubectl --kubeconfig="$LAB_STATE/etc/kubeconfig-alice" replace -f "$BATS_TEST_TMPDIR/rights.json" \
		--raw="/apis/slurm-kube.io/v1alpha1/namespaces/$NS/slurmjobs/rights/status"
	[ "$status" -ne 0 ]
	[[ "$output" = *orbidden* ]]
	run -0 as bob kubectl get sj rights -n $NS
	run as bob kubectl patch sj rights -n $NS --type=merge -p '{"spec":{"hold":false}}'
	[ "$status" -ne 0 ]
	as alice kubectl delete sj rights -n $NS --wait=false
}

@test "Kubernetes' own edit role has the right in the namespace, and nowhere else" {
	run as alice kubectl auth can-i patch slurmjobs -n slurm-alice
	[ "$output" = yes ]
	run as alice kubectl auth can-i patch slurmjobs --subresource=status -n slurm-alice
	[ "$output" = no ]
	for verb in get list patch delete; do
		run as alice kubectl auth can-i $verb slurmjobs -n slurm-bob
		[ "$output" = no ]
	done
	run as alice kubectl get slurmjobs -A
	[ "$status" -ne 0 ]
}

@test "the agent's roles have what it needs and no more" {
	local can='kubectl auth can-i --as=system:serviceaccount:x:agent'
	kubectl create clusterrolebinding crd-test --clusterrole=slurm-kube-agent --serviceaccount=x:agent
	for right in 'patch slurmjobs' 'update slurmjobs --subresource=status' 'create namespaces' 'create events' 'patch leases.coordination.k8s.io' 'get secrets' 'get configmaps'; do
		# shellcheck disable=SC2086
		eventually $can $right -A
	done
	for right in 'list secrets' 'delete configmaps' 'list persistentvolumeclaims' 'create secrets' 'create pods' 'delete namespaces' 'update namespaces' 'patch customresourcedefinitions' \
		'create clusterrolebindings' 'impersonate users'; do
		# shellcheck disable=SC2086
		run $can $right -A
		[ "${lines[-1]}" = no ]
	done
	kubectl create clusterrolebinding crd-test-results --clusterrole=slurm-kube-agent-results --serviceaccount=x:agent
	for right in 'update configmaps' 'get persistentvolumes'; do
		# shellcheck disable=SC2086
		eventually $can $right -A
	done
	for right in 'create persistentvolumeclaims' 'update secrets' 'delete configmaps'; do
		# shellcheck disable=SC2086
		run $can $right -A
		[ "${lines[-1]}" = no ]
	done
	kubectl create clusterrolebinding crd-test-pods --clusterrole=slurm-kube-agent-pods --serviceaccount=x:agent
	for right in 'create pods' 'patch nodes --subresource=status' 'create pods --subresource=binding' 'create tokenreviews.authentication.k8s.io'; do
		# shellcheck disable=SC2086
		eventually $can $right -A
	done
	for right in 'create pods --subresource=exec' 'get nodes --subresource=proxy' 'patch pods --subresource=ephemeralcontainers' 'create serviceaccounts --subresource=token'; do
		# shellcheck disable=SC2086
		run $can $right -A
		[ "${lines[-1]}" = no ]
	done
	kubectl delete clusterrolebinding crd-test crd-test-pods crd-test-results
}
