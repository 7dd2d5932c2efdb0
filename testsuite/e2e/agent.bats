#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent through failures: nothing lost, nothing twice, no needless write.
load helpers
bats_require_minimum_version 1.5.0

setup() {
	"$LAB" up etcd apiserver controller-manager slurmctld agent
}

setup_file() {
	quiet_slurm
}

teardown_file() {
	"$LAB" up etcd apiserver controller-manager slurmctld agent
	quiet_slurm
}

@test "a restart makes no write and no second object" {
	for _ in 1 2 3; do submit alice --wrap true; done
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	array=$(submit alice --array=1-3 --wrap true)
	eventually state_is alice "$array" COMPLETED
	eventually quiet
	before=$(state_writes)
	objects=$(kubectl get slurmjobs -A -o name | wc -l)
	restart_agent
	# A new job shows that the agent has been through the whole queue.
	new=$(submit bob --hold --wrap true)
	eventually state_is bob "$new" PENDING
	[ $(($(state_writes) - before)) -le 2 ]
	[ "$(kubectl get slurmjobs -A -o name | wc -l)" = $((objects + 1)) ]
	scancel "$id" "$new"
}

# Writes that a state calls for: labels, steps and usage, which have time, are patches.
state_writes() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" |
		grep -cE '"verb":"(create|update)".*"resource":"slurmjobs"' || :
}

# No write for longer than the agent takes to ask slurmdbd again who cancelled a job
quiet() {
	local before
	before=$(state_writes)
	sleep 6
	[ "$(state_writes)" = "$before" ]
}

@test "kill -9 in the middle of 200 short jobs: each has one object with its true final state" {
	first=$(submit bob --wrap true)
	for i in $(seq 199); do
		last=$(submit bob --wrap "exit $((i % 10 == 0))")
		[ "$i" != 100 ] || "$LAB" kill agent
	done
	[ "$last" = $((first + 199)) ]
	"$LAB" up agent
	WITHIN=120 eventually all_mirrored bob "$first" "$last"
}

@test "an edit and a deletion while the agent is down are done when it is back" {
	edited=$(submit alice --hold --time=60 --wrap true)
	deleted=$(submit alice --wrap 'sleep 100')
	eventually state_is alice "$edited" PENDING
	eventually state_is alice "$deleted" RUNNING
	"$LAB" kill agent
	patch alice "$edited" '{"spec":{"timeLimit":"7"}}'
	kubectl delete slurmjob -n slurm-alice "lab-$deleted" --wait=false
	"$LAB" up agent
	eventually slurm_has "$edited" TimeLimit 00:07:00
	eventually slurm_has "$deleted" JobState CANCELLED
	eventually no_object alice "$deleted"
	scancel "$edited"
}

@test "the API server is down when the agent starts: it says so, waits, goes on" {
	"$LAB" down agent apiserver
	id=$(submit alice --wrap true)
	log_mark
	"$LAB" up agent
	eventually logged '(lease|Kubernetes: ).*trying again'
	"$LAB" up apiserver
	eventually state_is alice "$id" COMPLETED
}

@test "the API server goes away for a while: jobs run on and appear later" {
	"$LAB" down apiserver
	id=$(submit alice --wrap true)
	eventually slurm_has "$id" JobState COMPLETED
	"$LAB" up apiserver
	eventually state_is alice "$id" COMPLETED
}

@test "without the custom resource the agent says what to install, and goes on once it is there" {
	kubectl get crd slurmjobs.slurm-kube.io -o json | jq 'del(.status, .metadata.resourceVersion, .metadata.uid)' >"$BATS_TEST_TMPDIR/crd.json"
	"$LAB" down agent
	# Objects with finalizers would hold the deletion up.
	kubectl get slurmjobs -A -o json | jq 'del(.items[].metadata | .finalizers, .managedFields)' |
		kubectl replace --validate=false -f - >/dev/null
	kubectl delete crd slurmjobs.slurm-kube.io --timeout=300s
	log_mark
	"$LAB" up agent
	eventually logged 'install the custom resources'
	id=$(submit alice --wrap true)
	kubectl create --validate=false -f "$BATS_TEST_TMPDIR/crd.json"
	eventually state_is alice "$id" COMPLETED
}

@test "slurmctld goes away for a while: objects keep their state, then catch up" {
	gate
	id=$(submit alice --wrap "$UNTIL_OPEN")
	eventually state_is alice "$id" RUNNING
	log_mark
	"$LAB" down slurmctld
	eventually logged 'objects keep their last state'
	open_gate
	state_is alice "$id" RUNNING
	"$LAB" up slurmctld
	WITHIN=120 eventually state_is alice "$id" COMPLETED
}

@test "an object deleted by force comes back while its job lives" {
	id=$(submit alice --hold --wrap true)
	eventually state_is alice "$id" PENDING
	kubectl delete slurmjob -n slurm-alice "lab-$id" --wait=false
	kubectl patch slurmjob -n slurm-alice "lab-$id" --type=merge -p '{"metadata":{"finalizers":null}}' || :
	# Either the agent cancelled it first, or the object is there again.
	eventually cancelled_or_back "$id"
	scancel "$id"
}

cancelled_or_back() {
	slurm_has "$1" JobState CANCELLED || state_is alice "$1" PENDING
}

# A service account that may do what the agent does, and a token for it in $BATS_TEST_TMPDIR/token
service_account() {
	kubectl create serviceaccount agent --namespace=default || :
	kubectl create clusterrolebinding agent-in-pod --clusterrole=slurm-kube-agent --serviceaccount=default:agent || :
	echo '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' |
		kubectl create --raw /api/v1/namespaces/default/serviceaccounts/agent/token -f - |
		jq -r .status.token >"$BATS_TEST_TMPDIR/token"
	kubectl config view --raw -o json | jq -r '.clusters[0].cluster["certificate-authority-data"] // empty' |
		base64 -d >"$BATS_TEST_TMPDIR/ca.crt"
	[ -s "$BATS_TEST_TMPDIR/ca.crt" ] ||
		cp "$(kubectl config view --raw -o json | jq -r '.clusters[0].cluster["certificate-authority"]')" "$BATS_TEST_TMPDIR/ca.crt"
}

@test "a token will do as credential" {
	service_account
	"$LAB" down agent
	server=$(kubectl config view -o 'jsonpath={.clusters[0].cluster.server}')
	cat >"$BATS_TEST_TMPDIR/kubeconfig" <<-END
	apiVersion: v1
	kind: Config
	current-context: it
	clusters: [{name: it, cluster: {server: "$server", certificate-authority: ca.crt}}]
	users: [{name: it, user: {tokenFile: token}}]
	contexts: [{name: it, context: {cluster: it, user: it}}]
	END
	sed "s,^kubeconfig:.*,kubeconfig: $BATS_TEST_TMPDIR/kubeconfig," "$LAB_STATE/etc/agent.yaml" >"$BATS_TEST_TMPDIR/agent.yaml"
	slurm-kube-agent --config="$BATS_TEST_TMPDIR/agent.yaml" 2>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
	pid=$!
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	kill "$pid"
	wait "$pid"
}

@test "in a pod it uses the pod's service account" {
	service_account
	"$LAB" down agent
	server=$(kubectl config view -o 'jsonpath={.clusters[0].cluster.server}')
	address=${server#https://}
	sed '/^kubeconfig:/d' "$LAB_STATE/etc/agent.yaml" >"$BATS_TEST_TMPDIR/agent.yaml"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount env KUBERNETES_SERVICE_HOST="${address%:*}" KUBERNETES_SERVICE_PORT="${address##*:}" sh -c '
		folder=/run/secrets/kubernetes.io/serviceaccount
		mount -t tmpfs none /run && mkdir -p $folder && cp "$1/token" "$1/ca.crt" $folder/ &&
			exec slurm-kube-agent --config="$1/agent.yaml"' sh "$BATS_TEST_TMPDIR" 2>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
	pid=$!
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	kill "$pid"
	wait "$pid"
}

@test "bad configuration is refused with file and line" {
	printf 'cluster: lab\nminimumUid: none\n' >"$BATS_TEST_TMPDIR/agent.yaml"
	run slurm-kube-agent --config="$BATS_TEST_TMPDIR/agent.yaml" --check-config
	[ "$status" = 1 ]
	[[ $output = *agent.yaml:2*minimumUid* ]]
	run slurm-kube-agent --config="$LAB_STATE/etc/agent.yaml" --check-config
	[ "$status" = 0 ]
}
