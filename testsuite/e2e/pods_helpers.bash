# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of pods that run as Slurm jobs, in the namespace of alice; needs images and submit_helpers.
# shellcheck shell=bash

# pods_up [LINE...]: the agent takes pods, its configuration has these lines below "pods:", too; sets $IMAGES
pods_up() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/busybox"
	pods_configure "$@"
	"$LAB" restart agent controller-manager
	eventually node_has_address
}

# pods_configure [LINE...]
pods_configure() {
	kubelet_config 'nodes:' '  create: partition' 'pods:' '  scheduler: slurm' "$@"
}

pods_down() {
	"$LAB" up agent
	kubectl delete -n slurm-alice --ignore-not-found jobs,pods --all --wait=false
	quiet_slurm
	eventually no_pods
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
	kubectl delete nodes --all || :
	rm -rf "$IMAGES"
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
	left=$(find /dev/shm /tmp -maxdepth 1 -user alice -name 'slurm-kube-pod-*')
	[ -z "$left" ] || { echo "$left"; return 1; }
}

is_there() {
	[ -e "$1" ]
}
