#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The examples in doc/examples do what they say. All are applied at once, then looked at.
load helpers
load submit_helpers
load images
bats_require_minimum_version 1.5.0

EXAMPLES=$BATS_TEST_DIRNAME/../../doc/examples

setup_file() {
	local file
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/busybox"
	# The image's path is the one thing that differs from place to place.
	for file in "$EXAMPLES"/*.yaml; do
		[[ ${file##*/} != pod*.yaml ]] || continue # pods.bats
		sed "s|/srv/images/busybox|$IMAGES/busybox|" "$file" |
			kubectl create -n slurm-alice -f - -o 'jsonpath={.kind}/{.metadata.name}{"\n"}'
	done >"$BATS_FILE_TMPDIR/made"
}

teardown_file() {
	grep -v '^List' "$BATS_FILE_TMPDIR/made" | xargs -r kubectl delete -n slurm-alice --wait=false --ignore-not-found
	kubectl delete -n slurm-alice --wait=false --ignore-not-found slurmjob/evaluate slurmjob/preprocess \
		slurmjob/licensed slurmjob/collected secret/licence configmap/settings
	quiet_slurm
	rm -rf "$IMAGES" /tmp/collected-[0-9]*
}

completes() {
	kubectl wait -n slurm-alice "slurmjob/$1" --for=condition=Complete --timeout=120s
}

@test "each file is told here" {
	[ "$(ls "$EXAMPLES"/*.yaml | wc -l)" = 14 ]
}

@test "hello, generate-name, resources, heterogeneous" {
	completes hello
	completes "$(sed -n 's|^SlurmJob/\(nightly-.*\)|\1|p' "$BATS_FILE_TMPDIR/made")"
	completes resources
	completes coupled
	[ "$(the alice coupled '.status.components[*].offset')" = "0 1" ]
	of alice resources .spec.jobName resources-of-a-job
}

@test "array" {
	completes sweep
	of alice sweep .status.array.completedIndexes 0-4
}

@test "pipeline" {
	completes evaluate
	completes preprocess
	[ ! "$(the alice evaluate .status.startTime)" \< "$(the alice preprocess .status.endTime)" ]
}

@test "secret" {
	completes licensed
}

@test "results" {
	kubectl wait -n slurm-alice slurmjob/collected --for=condition=ResultsCollected --timeout=120s
	[ "$(kubectl get configmap -n slurm-alice collected -o 'jsonpath={.data.sum\.txt}')" = 55 ]
}

@test "container" {
	completes contained
}

@test "held" {
	eventually of alice held .status.reason JobHeldUser
	as alice kubectl patch slurmjob held --type=merge -p '{"spec":{"hold":false}}'
	completes held
}
