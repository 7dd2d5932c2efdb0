#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Pods that are jobs while the agent is killed, away, or told to have none any more. In a lab of its own.
load helpers
load images
load submit_helpers
load pods_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export OWN=$LAB_STATE-pods
	"$LAB" start --state="$OWN" --nodes=1 --slurmdbd --kubelet --prefix="$(. "$LAB_STATE/settings" && echo "$PREFIX")"
	"$LAB" user --state="$OWN" alice
	LAB_STATE=$OWN
	eval "$("$LAB" env)"
	pods_up logs: '  pods: annotated'
	proxy_on
}

teardown_file() {
	[ -z "${IMAGES:-}" ] || rm -rf "$IMAGES"
	"$LAB" stop --purge --state="$OWN" || :
}

setup() {
	export LAB_STATE=$OWN
	eval "$("$LAB" env)"
	"$LAB" up slurmctld fault-proxy agent controller-manager
	faults
}

teardown() {
	[ -z "${heart:-}" ] || kill "$heart" || :
}

kill_and_restart() {
	"$LAB" kill agent
	faults
	"$LAB" up agent
}

# killed_at NAME RULE: the agent is killed while that request about the pod NAME is held; in the end there was one job
killed_at() {
	faults "$2"
	pod "$1" 'containers: [{name: main, image: IMAGE, command: ["true"]}]'
	eventually holds .
	kill_and_restart
	WITHIN=90 eventually phase "$1" Succeeded
	[ "$(jobs_of alice "$(job_name "$1")" | wc -l)" = 1 ]
	[ "$(kubectl get slurmjobs -n slurm-alice -o name | grep -c "/$1-p")" = 1 ]
	[ "$(squeue -h --state=all -n "$1" -o %A | wc -l)" = 1 ]
}

@test "killed at any write from the pod to its end: one pod, one SlurmJob, one job" {
	local n=0 rule
	for rule in 'POST /slurmjobs\?' 'PATCH /pods/NAME\?' 'PATCH /pods/NAME/status' 'PATCH /slurmjobs/NAME-p[0-9a-f]*\?' \
		'PUT /slurmjobs/NAME-p[0-9a-f]*/status' 'POST /pods/NAME/binding'; do
		for when in before after; do
			n=$((n + 1))
			killed_at "kill-$n" "${rule//NAME/kill-$n} hold-$when"
		done
	done
}

# companion_told ID PHASE
companion_told() {
	[ "$(kubectl get pod -n slurm-alice "lab-$1" -o 'jsonpath={.status.phase}')" = "$2" ]
}

# How often the pod of that name has been made
made() {
	grep '"verb":"create"' "$LAB_STATE/log/audit.log" | grep '"resource":"pods"' | grep '"code":201' |
		grep -v '"subresource"' | grep -cF "/lab-$1\"" || :
}

@test "killed at any write of the pod of a SlurmJob: it is there once, and says how the job ended" {
	local rule when
	for rule in 'POST /namespaces/slurm-alice/pods\?' 'PATCH /pods/lab-[0-9]*/status'; do
		for when in before after; do
			faults "$rule hold-$when"
			id=$(submit alice --hold --wrap true)
			eventually state_is alice "$id" PENDING
			kubectl annotate slurmjob -n slurm-alice "lab-$id" slurm-kube.io/logs=true
			eventually holds .
			kill_and_restart
			scontrol release "$id"
			WITHIN=90 eventually companion_told "$id" Succeeded
			[ "$(kubectl get pods -n slurm-alice -l "slurm-kube.io/job-id=$id" -o name | wc -l)" = 1 ]
		done
	done
}

# A node that is up, whatever becomes of the agent: Kubernetes evicts nobody when all nodes are silent at once.
beat() {
	kubectl apply -f - <<-END
	apiVersion: v1
	kind: Node
	metadata: {name: alive}
	END
	while :; do
		kubectl patch node alive --subresource=status --type=merge -p "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",
			\"reason\":\"Alive\",\"lastHeartbeatTime\":\"$(date -u +%FT%TZ)\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]}}" || :
		sleep 5
	done
}

deleted() {
	[ -n "$(kubectl get pod -n slurm-alice "$1" -o 'jsonpath={.metadata.deletionTimestamp}')" ]
}

@test "while the agent is away Kubernetes takes pods from its node, but none that is a job" {
	pods_configure
	sed -i 's/create: partition/create: cluster/' "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
	eventually kubectl get node slurm-lab
	kubectl delete node slurm-lab-debug slurm-lab-short slurm-lab-shared --ignore-not-found --wait=false
	# As short as it can be asked for: one second.
	soon='{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}'
	pod stays "tolerations: [$soon], containers: [{name: main, image: IMAGE, command: [sleep, '600']}]"
	WITHIN=60 eventually pod_has stays '.status.containerStatuses[0].ready' true
	id=$(job_id stays)
	eventually pod_has stays '.spec.tolerations[?(@.key=="node.kubernetes.io/unreachable")]' \
		'{"effect":"NoExecute","key":"node.kubernetes.io/unreachable","operator":"Exists"}'
	pod_has stays '.spec.tolerations[?(@.key=="node.kubernetes.io/not-ready")].tolerationSeconds' ''
	pod goes "schedulerName: default-scheduler, nodeName: slurm-lab, tolerations: [$soon], containers: [{name: main, image: IMAGE}]"
	beat >/dev/null 2>&1 3>&- &
	heart=$!
	LAB_CONTROLLERS=nodelifecycle "$LAB" restart controller-manager
	"$LAB" kill agent
	WITHIN=180 eventually deleted goes
	! deleted stays
	"$LAB" up agent
	eventually logged_ready
	slurm_has "$id" JobState RUNNING
	phase stays Running
	kubectl delete pod -n slurm-alice stays goes --wait=false --ignore-not-found
	eventually slurm_has "$id" JobState CANCELLED
	kill "$heart"
	heart=
	kubectl delete node alive
	"$LAB" restart controller-manager
}

logged_ready() {
	[ "$(kubectl get node slurm-lab -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

only_nodes() {
	[ "$(kubectl get nodes -o name | xargs)" = "$1" ]
}

@test "nodes.create is set back to none: the nodes go, the one with a job when that has ended" {
	pods_configure
	"$LAB" restart agent
	eventually only_nodes 'node/slurm-lab-debug node/slurm-lab-shared node/slurm-lab-short'
	kubectl create -f - <<<'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "other", "labels": {"slurm-kube.io/cluster": "lab"}}}'
	pod last "containers: [{name: main, image: IMAGE, command: [sleep, '600']}]"
	WITHIN=60 eventually pod_has last '.status.containerStatuses[0].ready' true
	id=$(job_id last)
	rm "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
	eventually only_nodes 'node/other node/slurm-lab-debug'
	slurm_has "$id" JobState RUNNING
	# It was never said to have stopped running.
	pod_has last .status.phase Running
	eventually pod_has last '.status.containerStatuses[0].ready' true
	scancel "$id"
	WITHIN=60 eventually phase last Failed
	pod_has last .status.reason Cancelled
	eventually only_nodes node/other
	[ -z "$(kubectl get leases -n kube-node-lease -o name)" ]
	kubectl delete node other
	kubectl delete pod -n slurm-alice last --grace-period=0 --force
}
