#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Pods that ask for the scheduler "slurm" run as Slurm jobs, and show what becomes of them.
load helpers
load images
load submit_helpers
load pods_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export SHARED
	quiet_slurm
	SHARED=$(mktemp -d /var/tmp/slurm-kube-shared.XXXXXX)
	chmod 1777 "$SHARED"
	pods_up "  hostPaths: [$SHARED]" "  priorityClasses: [system-node-critical=normal]"
	kubectl create configmap settings -n slurm-alice --from-literal=colour=blue --from-literal=greeting=hello \
		--dry-run=client -o yaml | kubectl apply -f -
	kubectl create secret generic password -n slurm-alice --from-literal=key=s3cret-word \
		--dry-run=client -o yaml | kubectl apply -f -
}

teardown_file() {
	pods_down
	kubectl delete -n slurm-alice --ignore-not-found configmap/settings secret/password
	rm -rf "$SHARED"
}

teardown() {
	find /dev/shm -maxdepth 1 -user bob -name 'slurm-kube-pod-*' -exec rmdir {} +
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
	[ "$(cat /dev/shm/slurm-kube-pod-*."$id".*/volumes/secret/sub/word)" = s3cret-word ]
	[ "$(stat -c %a /dev/shm/slurm-kube-pod-*."$id".*)" = 700 ]
	! as bob sh -c "cat /dev/shm/slurm-kube-pod-*.$id.*/volumes/secret/sub/word"
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

@test "a pod's folder on the node: nobody else can have made it, and no sweep takes one away that is in use" {
	local me prefix
	me=$(id -u alice)
	pod uses "containers: [{name: main, image: IMAGE, command: [sh, -c, 'until [ -e $SHARED/go ]; do sleep 0.2; done; cat /s/key'],
		volumeMounts: [{name: s, mountPath: /s}, {name: shared, mountPath: $SHARED}]}],
		volumes: [{name: s, secret: {secretName: password}}, {name: shared, hostPath: {path: $SHARED}}]"
	WITHIN=60 eventually pod_has uses '.status.containerStatuses[0].ready' true
	id=$(job_id uses)
	# Bob makes what the next pods' could be called.
	as bob sh -c "for i in \$(seq $id $((id + 9))); do mkdir /dev/shm/slurm-kube-pod-$me.\$i /dev/shm/slurm-kube-pod-$me.\$i.0; done"
	pod next 'containers: [{name: main, image: IMAGE, command: [cat, /s/key], volumeMounts: [{name: s, mountPath: /s}]}],
		volumes: [{name: s, secret: {secretName: password}}]'
	WITHIN=60 eventually phase next Succeeded
	# Given such a name, it refuses.
	prefix=$(. "$LAB_STATE/settings" && echo "$PREFIX")
	run -125 as alice env KUBE_POD='{"uid":"0123abcd","containers":[]}' "KUBE_POD_NODE_FOLDER=../x" \
		"$(find "$prefix" -name slurm-kube-pod -type f)" --volumes
	run -1 as alice env KUBE_POD='{"uid":"0123abcd","containers":[]}' "KUBE_POD_NODE_FOLDER=slurm-kube-pod-$me.$id.0" \
		"$(find "$prefix" -name slurm-kube-pod -type f)" --volumes
	[[ $output == *"somebody else made it"* ]]
	# Another cluster's slurmd on this machine, whose slurmctld knows no such job, sweeps.
	printf '#!/bin/sh\n' >"$SHARED/squeue"
	chmod 755 "$SHARED/squeue"
	as alice env PATH="$SHARED:$PATH" "$(find "$prefix" -name kube-container -type f)" sweep --state="$LAB_STATE/containers-node1/$me"
	is_there /dev/shm/slurm-kube-pod-"$me.$id".*/volumes/s/key
	touch "$SHARED/go"
	WITHIN=60 eventually phase uses Succeeded
	[ "$(kubectl logs -n slurm-alice uses)" = s3cret-word ]
	rm -f "$SHARED/go" "$SHARED/squeue"
	eventually nothing_left
}

# image_own TAG: an image in the layout $IMAGES/own, with words of its own
image_own() {
	[ -e "$IMAGES/own" ] || umoci init --layout "$IMAGES/own"
	umoci new --image "$IMAGES/own:$1"
	umoci insert --rootless --image "$IMAGES/own:$1" "$IMAGES/busybox/rootfs" /
	umoci config --image "$IMAGES/own:$1" --config.entrypoint echo --config.entrypoint entry --config.cmd cmd --config.env PATH=/bin
	chown -R alice: "$IMAGES/own"
}

@test "command, args, and what the image has of its own, as in Kubernetes" {
	image_own words
	pod words "containers: [
		{name: none, image: 'oci:$IMAGES/own:words'},
		{name: args, image: 'oci:$IMAGES/own:words', args: [one, two]},
		{name: command, image: 'oci:$IMAGES/own:words', command: [echo, alone]},
		{name: both, image: 'oci:$IMAGES/own:words', command: [echo, all], args: [three]}]"
	WITHIN=60 eventually phase words Succeeded
	[ "$(for c in none args command both; do output words $c; done)" = $'entry cmd\nentry one two\nalone\nall three' ]
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
	is_there /dev/shm/slurm-kube-pod-*."$(job_id shot)".*/volumes/s/key
	kill -KILL "$(lab_pgrep -x slurm-kube-pod)"
	WITHIN=60 eventually phase shot Failed
	WITHIN=60 eventually nothing_left
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
		[[ $file != *pod-indexed.yaml ]] || continue # pods_jobs.bats
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
