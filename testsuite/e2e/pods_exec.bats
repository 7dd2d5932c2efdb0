#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl exec into the containers of pods that became Slurm jobs.
load helpers
load images
load submit_helpers
load pods_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	quiet_slurm
	pods_up
	export IMAGES
}

teardown_file() {
	pods_down
}

enter() {
	timeout 60 kubectl exec -n slurm-alice "$@"
}

@test "a command is in the container, with its files, variables and folder" {
	needs_websocket
	pod inside "containers: [
		{name: main, image: IMAGE, workingDir: /work, command: [sh, -c, 'echo mine >/work/mine; exec sleep 600'],
			env: [{name: COLOUR, value: blue}], volumeMounts: [{name: work, mountPath: /work}]},
		{name: other, image: IMAGE, command: [sleep, '600'], env: [{name: COLOUR, value: red}]}],
	volumes: [{name: work, emptyDir: {}}]"
	WITHIN=60 eventually phase inside Running
	# Steps are told a little later.
	eventually enter inside -c main -- true
	run -0 enter inside -c main -- sh -c 'id -un; pwd; cat mine; echo $COLOUR; echo more >theirs'
	[ "$output" = $'alice\n/work\nmine\nblue' ]
	run -0 enter inside -c main -- cat /work/theirs
	[ "$output" = more ]
	run -0 enter inside -c other -- sh -c 'echo $COLOUR; test -e /work/mine || echo elsewhere'
	[ "$output" = $'red\nelsewhere' ]
	run -3 enter inside -c main -- sh -c 'exit 3'
	run -127 enter inside -c main -- no-such-command
	[ "$(printf 'a\nb\n' | enter inside -c main -i -- cat)" = $'a\nb' ]
	phase inside Running
	run -1 as bob kubectl exec -n slurm-alice inside -c main -- true
	[[ "$output" = *orbidden* ]]
	kubectl delete pod -n slurm-alice inside --timeout=40s
}

@test "a container that doesn't run can't be entered" {
	needs_websocket
	pod half "containers: [{name: main, image: IMAGE, command: [sleep, '600']}, {name: ends, image: IMAGE, command: ['true']}]"
	WITHIN=60 eventually phase half Running
	eventually pod_has half '.status.containerStatuses[?(@.name=="ends")].state.terminated.exitCode' 0
	run -1 enter half -c ends -- true
	[[ "$output" = *"isn't running"* ]]
	kubectl delete pod -n slurm-alice half --timeout=40s
}

@test "kube-container enter: a step that isn't there is told" {
	run -1 "$(dirname "$(dirname "$(readlink "/proc/$("$LAB" pid agent)/exe")")")/bin/kube-container" enter -- 999999.0 true
	[[ "$output" = *"step 999999.0 has no process"*"kube-container steps"* ]]
}
