#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Pods that ask for the scheduler "slurm" run as Slurm jobs, and show what becomes of them.
load helpers
load images
load submit_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	quiet_slurm
	export IMAGES SHARED
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	SHARED=$(mktemp -d /var/tmp/slurm-kube-shared.XXXXXX)
	chmod 755 "$IMAGES"
	chmod 1777 "$SHARED"
	image_bundle "$IMAGES/busybox"
	{
		# Unless the lab has been started with it.
		(. "$LAB_STATE/settings" && [ -n "$KUBELET" ]) || cat <<-END
		kubelet:
		  listen: $AGENT_KUBELET
		  certificate: $LAB_STATE/pki/kubelet.crt
		  key: $LAB_STATE/pki/kubelet.key
		  clientCA: $LAB_STATE/pki/ca.crt
		END
		cat <<-END
		nodes:
		  create: partition
		pods:
		  scheduler: slurm
		  hostPaths: [$SHARED]
		  priorityClasses: [system-node-critical=normal]
		END
	} >"$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent controller-manager
	eventually node_has_address
	kubectl create configmap settings -n slurm-alice --from-literal=colour=blue --from-literal=greeting=hello \
		--dry-run=client -o yaml | kubectl apply -f -
	kubectl create secret generic password -n slurm-alice --from-literal=key=s3cret-word \
		--dry-run=client -o yaml | kubectl apply -f -
}

teardown_file() {
	kubectl delete -n slurm-alice --ignore-not-found jobs,pods --all --wait=false
	quiet_slurm
	eventually no_pods
	kubectl delete -n slurm-alice --ignore-not-found configmap/settings secret/password
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
	kubectl delete nodes --all || :
	rm -rf "$IMAGES" "$SHARED"
}

node_has_address() {
	[ "$(kubectl get node slurm-lab-debug -o 'jsonpath={.status.addresses[0].address}')" = 127.0.0.1 ]
}

no_pods() {
	[ -z "$(kubectl get pods -n slurm-alice -o name)" ]
}

# pod NAME SPEC [ANNOTATIONS]: SPEC and ANNOTATIONS in YAML's flow form, without the braces around it
pod() {
	local spec="schedulerName: slurm, restartPolicy: Never, $2"
	[[ $2 != *restartPolicy* ]] || spec="schedulerName: slurm, $2"
	[[ $2 != *schedulerName* ]] || spec=$2
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s, annotations: {%s}}\nspec: {%s}\n' \
		"$1" "${3:-}" "${spec//IMAGE/$IMAGES/busybox}" >"$BATS_TEST_TMPDIR/$1.yaml"
	kubectl delete pod -n slurm-alice "$1" --ignore-not-found --timeout=40s >/dev/null
	kubectl create -n slurm-alice -f "$BATS_TEST_TMPDIR/$1.yaml"
}

# pod_has NAME JSONPATH VALUE
pod_has() {
	local value
	value=$(kubectl get pod -n slurm-alice "$1" -o "jsonpath={$2}") || return 1
	[ "$value" = "$3" ] || { echo "$2 of $1 is '$value', not '$3'"; return 1; }
}

phase() {
	pod_has "$1" .status.phase "$2"
}

uid_of() {
	kubectl get pod -n slurm-alice "$1" -o 'jsonpath={.metadata.uid}'
}

# The name and the id of a pod's job
job_name() {
	kubectl get slurmjob -n slurm-alice -l "slurm-kube.io/pod=$(uid_of "$1")" \
		-o 'jsonpath={.items[*].metadata.name}'
}

job_id() {
	kubectl get slurmjob -n slurm-alice "$(job_name "$1")" -o 'jsonpath={.status.jobId}'
}

has_job() {
	[ -n "$(job_id "$1")" ]
}

# told NAME REASON: the messages of a pod's Events of that reason
pod_told() {
	kubectl get events -n slurm-alice --field-selector "involvedObject.uid=$(uid_of "$1"),reason=$2" \
		-o 'jsonpath={range .items[*]}{.message}{"\n"}{end}'
}

pod_told_like() {
	pod_told "$1" "$2" | grep -qF -- "$3"
}

# output NAME CONTAINER: what it wrote, from the owner's folder
output() {
	cat "/home/alice/.slurm-kube/pods/$(uid_of "$1")/$2.log"
}

logs_like() {
	kubectl logs -n slurm-alice "$1" -c "$2" | grep -xF -- "$3"
}

nothing_left() {
	local left
	left=$(ls -d /dev/shm/slurm-kube-pod.* /tmp/slurm-kube-pod.* 2>/dev/null || :)
	[ -z "$left" ] || { echo "$left"; return 1; }
}

is_there() {
	[ -e "$1" ]
}

@test "a pod runs in a container on a Slurm node: init containers in order, ConfigMap, Secret, emptyDir, kubectl logs" {
	pod whole "initContainers: [
		{name: first, image: IMAGE, command: [sh, -c, 'echo one >>/work/order']},
		{name: second, image: IMAGE, command: [sh, -c, 'echo two >>/work/order'], volumeMounts: [{name: work, mountPath: /work}]}],
	containers: [{name: main, image: IMAGE,
		command: [sh, -c], args: ['cat /work/order /settings/colour; echo \"\$GREETING \$(WHO)\"; grep -q busybox /etc/os-release || cat /etc/os-release; id -un; ls -l /secret/; touch $SHARED/runs; until [ -e $SHARED/go ]; do sleep 0.2; done; echo well >/dev/termination-log'],
		env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: GREETING, valueFrom: {configMapKeyRef: {name: settings, key: greeting}}}],
		volumeMounts: [{name: work, mountPath: /work}, {name: settings, mountPath: /settings}, {name: secret, mountPath: /secret, readOnly: true}, {name: shared, mountPath: $SHARED}]}],
	volumes: [{name: work, emptyDir: {}}, {name: settings, configMap: {name: settings}},
		{name: secret, secret: {secretName: password, defaultMode: 256, items: [{key: key, path: sub/word}]}},
		{name: shared, hostPath: {path: $SHARED, type: Directory}}]"
	# The first one has no such volume: it fails, and nothing after it runs.
	WITHIN=60 eventually phase whole Failed
	pod_has whole '.status.initContainerStatuses[0].state.terminated.exitCode' 1
	pod_has whole '.status.containerStatuses[0].state.waiting.reason' PodInitializing
	! output whole main
	sed -i 's|name: first,|name: first, volumeMounts: [{name: work, mountPath: /work}],|' "$BATS_TEST_TMPDIR/whole.yaml"
	kubectl delete pod -n slurm-alice whole --timeout=40s
	kubectl create -n slurm-alice -f "$BATS_TEST_TMPDIR/whole.yaml"
	WITHIN=60 eventually is_there "$SHARED/runs"
	id=$(job_id whole)
	eventually phase whole Running
	pod_has whole .spec.nodeName slurm-lab-debug
	slurm_has "$id" JobName whole
	# The secret is readable for nobody else, and in nothing that can be read.
	[ "$(cat /dev/shm/slurm-kube-pod.*."$id"/volumes/secret/sub/word)" = s3cret-word ]
	[ "$(stat -c %a /dev/shm/slurm-kube-pod.*."$id")" = 700 ]
	! as bob sh -c "cat /dev/shm/slurm-kube-pod.*.$id/volumes/secret/sub/word /dev/shm/slurm-kube-pod.$(id -u alice).$id/volumes/secret/sub/word"
	scontrol write batch_script "$id" - | grep slurm-kube-pod
	! scontrol write batch_script "$id" - | grep s3cret
	! kubectl get slurmjob,pod -n slurm-alice -o yaml | grep s3cret
	! ps -eo args | grep -v grep | grep s3cret-word
	as alice grep -aq . /proc/self/environ
	! as alice sh -c 'cat /proc/[0-9]*/environ 2>/dev/null' | grep -a s3cret
	eventually logs_like whole main 'bluehello whole'
	touch "$SHARED/go"
	WITHIN=60 eventually phase whole Succeeded
	[ "$(output whole main | head -n 5)" = $'one\ntwo\nbluehello whole\nNAME="slurm-kube test image"\nalice' ] || { output whole main; false; }
	pod_has whole '.status.containerStatuses[0].state.terminated.message' well
	pod_has whole '.status.containerStatuses[0].state.terminated.exitCode' 0
	pod_has whole '.status.initContainerStatuses[*].state.terminated.reason' 'Completed Completed'
	eventually nothing_left
	rm -f "$SHARED/go" "$SHARED/runs"
}

@test "what a Slurm job can't have is refused, by name, once; it runs when that is mended" {
	first=$(newest_job)
	pod probed 'containers: [{name: main, image: IMAGE, command: ["true"], livenessProbe: {exec: {command: ["true"]}}}]'
	eventually pod_told_like probed Refused 'spec.containers[0].livenessProbe: '
	phase probed Pending
	pod_has probed '.status.conditions[?(@.type=="PodScheduled")].reason' Refused
	pod outside 'containers: [{name: main, image: IMAGE, command: ["true"]}], volumes: [{name: v, hostPath: {path: /etc}}]'
	eventually pod_told_like outside Refused 'spec.volumes[0].hostPath.path: '
	pod typo 'containers: [{name: main, image: IMAGE, command: ["true"]}]' 'slurm-kube.io/node: "2"'
	eventually pod_told_like typo Refused 'metadata.annotations[slurm-kube.io/node]: '
	"$LAB" restart agent
	kubectl annotate pod -n slurm-alice typo slurm-kube.io/node-
	WITHIN=60 eventually phase typo Succeeded
	[ "$(pod_told probed Refused | wc -l)" = 1 ]
	[ "$(newest_job)" = $((first + 1)) ]
	# What Slurm itself refuses.
	pod nowhere 'containers: [{name: main, image: IMAGE, command: ["true"]}]' 'slurm-kube.io/partition: nowhere'
	eventually pod_told_like nowhere Refused 'spec.partition: Slurm says: '
	kubectl delete pod -n slurm-alice --timeout=30s probed outside typo nowhere
}

@test "resources, annotations and a Secret's variable; exit codes" {
	pod sized 'activeDeadlineSeconds: 600, containers: [
		{name: one, image: IMAGE, command: [sh, -c, "exit $(CODE)"], env: [{name: CODE, valueFrom: {secretKeyRef: {name: code, key: exit}}}],
			resources: {requests: {cpu: 500m, memory: 50Mi}, limits: {memory: 100Mi}}},
		{name: two, image: IMAGE, command: ["true"], resources: {limits: {cpu: 1200m, memory: 50Mi}}}]' \
		'slurm-kube.io/comment: "from a pod", slurm-kube.io/nice: "3"'
	# It waits for the Secret, and says so.
	eventually pod_told_like sized ReferenceMissing "there is no Secret 'code'"
	kubectl create secret generic -n slurm-alice code --from-literal=exit=7
	WITHIN=60 eventually phase sized Failed
	pod_has sized '.status.containerStatuses[*].state.terminated.exitCode' '7 0'
	pod_has sized .status.reason ''
	id=$(job_id sized)
	scontrol show job "$id" | grep -E 'NumCPUs=2 .*CPUs/Task=2' || scontrol show job "$id" | grep 'CPUs/Task=2'
	scontrol show job "$id" | grep 'MinMemoryNode=150M'
	slurm_has "$id" TimeLimit 00:11:00
	slurm_has "$id" Nice 3
	slurm_has "$id" ExitCode 7:0
	kubectl delete -n slurm-alice secret/code pod/sized
}

@test "restartPolicy OnFailure: started again after a pause; the output before that is kept" {
	pod again 'restartPolicy: OnFailure, containers: [{name: main, image: IMAGE,
		command: [sh, -c, "[ -e /work/once ] && echo second && exit 0; echo first; touch /work/once; exit 3"],
		volumeMounts: [{name: work, mountPath: /work}]}], volumes: [{name: work, emptyDir: {medium: Memory}}]'
	eventually pod_has again '.status.containerStatuses[0].state.waiting.reason' CrashLoopBackOff
	pod_has again '.status.containerStatuses[0].lastState.terminated.exitCode' 3
	WITHIN=60 eventually phase again Succeeded
	pod_has again '.status.containerStatuses[0].restartCount' 1
	[ "$(kubectl logs -n slurm-alice again)" = second ]
	[ "$(kubectl logs -n slurm-alice again --previous)" = first ]
	eventually nothing_left
}

@test "activeDeadlineSeconds, to the second" {
	pod late 'activeDeadlineSeconds: 4, terminationGracePeriodSeconds: 2, containers: [{name: main, image: IMAGE, command: [sleep, "300"]}]'
	WITHIN=60 eventually phase late Failed
	pod_has late .status.reason DeadlineExceeded
	slurm_has "$(job_id late)" TimeLimit 00:01:00
	eventually nothing_left
}

@test "a pod waits with Slurm's reason; deleted, its job is cancelled" {
	pod held 'containers: [{name: main, image: IMAGE, command: [sleep, "300"]}]' 'slurm-kube.io/hold: "true"'
	eventually pod_has held '.status.conditions[?(@.type=="PodScheduled")].reason' JobHeldUser
	phase held Pending
	pod_has held .spec.nodeName ''
	id=$(job_id held)
	kubectl delete pod -n slurm-alice held --timeout=30s
	eventually slurm_has "$id" JobState CANCELLED
	pod runs 'terminationGracePeriodSeconds: 5, containers: [{name: main, image: IMAGE, command: [sleep, "300"]}]'
	WITHIN=60 eventually pod_has runs '.status.containerStatuses[0].ready' true
	id=$(job_id runs)
	kubectl delete pod -n slurm-alice runs --timeout=60s
	slurm_has "$id" JobState CANCELLED
	eventually nothing_left
}

@test "scancel shows in the pod, and nothing of a Secret is left, whoever is killed" {
	pod killed 'containers: [{name: main, image: IMAGE, command: [sleep, "300"], volumeMounts: [{name: s, mountPath: /s}]}],
		volumes: [{name: s, secret: {secretName: password}}]'
	WITHIN=60 eventually pod_has killed '.status.containerStatuses[0].ready' true
	scancel "$(job_id killed)"
	WITHIN=60 eventually phase killed Failed
	pod_has killed .status.reason Cancelled
	eventually nothing_left
	pod shot 'containers: [{name: main, image: IMAGE, command: [sleep, "300"], volumeMounts: [{name: s, mountPath: /s}]}],
		volumes: [{name: s, secret: {secretName: password}}]'
	WITHIN=60 eventually pod_has shot '.status.containerStatuses[0].ready' true
	is_there /dev/shm/slurm-kube-pod.*."$(job_id shot)"/volumes/s/key
	kill -KILL "$(lab_pgrep -x slurm-kube-pod)"
	WITHIN=60 eventually phase shot Failed
	WITHIN=60 eventually nothing_left
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

@test "a pod that Kubernetes put on a virtual node runs there" {
	pod placed 'schedulerName: default-scheduler, nodeName: slurm-lab-short, restartPolicy: Never,
		tolerations: [{key: slurm-kube.io/virtual-node, operator: Exists}], containers: [{name: main, image: IMAGE, command: [hostname]}]'
	WITHIN=60 eventually phase placed Succeeded
	slurm_has "$(job_id placed)" Partition short
	# Not for us: nobody says that it would run.
	pod stranger 'schedulerName: default-scheduler, nodeName: slurm-lab-short, containers: [{name: main, image: IMAGE}]'
	phase stranger Pending
	[ -z "$(job_name stranger)" ]
	kubectl delete pod -n slurm-alice --timeout=30s placed stranger
}

@test "the examples run" {
	local file
	for file in "$BATS_TEST_DIRNAME"/../../doc/examples/pod*.yaml; do
		sed "s|/srv/images/busybox|$IMAGES/busybox|" "$file" | kubectl create -n slurm-alice -f -
	done
	WITHIN=60 eventually phase on-slurm Succeeded
	WITHIN=60 eventually phase with-settings Succeeded
	kubectl logs -n slurm-alice on-slurm | grep -E '^job [0-9]+ on node[1-4]$'
	[ "$(kubectl logs -n slurm-alice with-settings)" = hello ]
	kubectl wait -n slurm-alice job/six --for=condition=Complete --timeout=120s
	kubectl delete -n slurm-alice --timeout=60s job/six pod/on-slurm pod/with-settings configmap/pod-settings secret/pod-password
}

@test "several nodes, several tasks a node" {
	pod wide 'containers: [{name: main, image: IMAGE, command: [sh, -c, "echo $SLURM_PROCID of $SLURM_NTASKS on $SLURMD_NODENAME; cat /settings/colour; echo"],
		volumeMounts: [{name: settings, mountPath: /settings}]}], volumes: [{name: settings, configMap: {name: settings}}]' \
		'slurm-kube.io/nodes: "2", slurm-kube.io/tasks-per-node: "2"'
	WITHIN=60 eventually phase wide Succeeded
	[ "$(kubectl logs -n slurm-alice wide | grep -c ' of 4 on ')" = 4 ]
	[ "$(kubectl logs -n slurm-alice wide | grep -c blue)" = 4 ]
	[ "$(kubectl logs -n slurm-alice wide | sed -n 's/.* on //p' | sort -u | wc -l)" = 2 ]
	eventually nothing_left
}

@test "the agent is killed between any two writes: one job" {
	pod once 'containers: [{name: main, image: IMAGE, command: [sleep, "3"]}]' >/dev/null
	for i in 1 2 3 4; do
		pod "once-$i" 'containers: [{name: main, image: IMAGE, command: ["true"]}]'
		sleep "0.$((RANDOM % 6))"
		"$LAB" kill agent
		"$LAB" up agent
	done
	for i in 1 2 3 4; do
		WITHIN=90 eventually phase "once-$i" Succeeded
		[ "$(jobs_of alice "$(job_name "once-$i")" | wc -l)" = 1 ]
	done
	WITHIN=60 eventually phase once Succeeded
}
