#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers that another OCI runtime makes: crun and runc, joined by setns(); runsc, crun and runc, gone into by exec.
load helpers
load images
load site
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	image_root "$IMAGES/plain"
	install -d -m 1777 "$IMAGES/out"
	chown -R alice: "$IMAGES/bundle" "$IMAGES/plain"
}

teardown_file() {
	site_restore
	quiet_slurm
	rm -rf "$IMAGES"
}

teardown() {
	site_restore
}

in_bundle() {
	as alice srun --quiet --container="$IMAGES/bundle" "$@"
}

# each_runtime COMMAND...: with crun, then with runc
each_runtime() {
	local runtime
	for runtime in crun,--cgroup-manager=disabled runc; do
		command -v "${runtime%%,*}" >/dev/null || skip "there is no ${runtime%%,*} here"
		site "runtime=/usr/bin/$runtime"
		"$@" || { echo "with $runtime"; return 1; }
	done
}

one_container() {
	run -0 in_bundle -N2 --ntasks-per-node=4 sh -c 'echo $(id -u) $(id -un) $(cat /etc/os-release) $PWD $FROM_IMAGE $SLURMD_NODENAME $(readlink /proc/self/ns/mnt)'
	[ "$(grep -c "^$(id -u alice) alice NAME=\"slurm-kube test image\" /work yes" <<<"$output")" = 8 ]
	[ "$(awk '{ print $(NF - 1), $NF }' <<<"$output" | sort -u | wc -l)" = 2 ]
	eventually nothing_left
}
@test "all tasks of a node are in one container, as the user" {
	each_runtime one_container
}

host_namespaces() {
	local namespace node
	node=$("$LAB" nodes | head -n1)
	for namespace in pid net ipc uts; do
		[ "$(in_bundle -w "$node" readlink /proc/self/ns/$namespace)" = "$(as alice srun --quiet -w "$node" readlink /proc/self/ns/$namespace)" ]
	done
	in_bundle sh -c 'echo shared >/dev/shm/slurm-kube-test'
	[ "$(cat /dev/shm/slurm-kube-test)" = shared ]
	rm /dev/shm/slurm-kube-test
	[ "$(in_bundle sh -c 'echo x >/dev/null && ls /sys/class | wc -l')" -gt 0 ]
}
@test "PID, network and IPC namespaces stay the host's, /dev and /sys are" {
	each_runtime host_namespaces
}

codes_and_signals() {
	run -7 in_bundle sh -c 'exit 7'
	run ! in_bundle /no/such/program
	eventually nothing_left
	as alice sbatch --parsable --chdir=/tmp --output=/dev/null --wrap "srun --container=$IMAGES/bundle sh -c 'echo up >$IMAGES/out/up; sleep 300'" >"$IMAGES/job"
	eventually test -e "$IMAGES/out/up"
	scancel "$(cat "$IMAGES/job")"
	eventually no_jobs
	eventually nothing_left
	rm "$IMAGES/out/up"
}
@test "exit codes, a program that isn't there, scancel" {
	image_bundle "$IMAGES/bundle" ".mounts += [{ destination: \"$IMAGES/out\", type: \"bind\", source: \"$IMAGES/out\", options: [\"rbind\"] }]"
	each_runtime codes_and_signals
	image_bundle "$IMAGES/bundle"
}

other_images() {
	run -0 as alice srun --quiet --chdir=/tmp --container="$IMAGES/plain" sh -c 'pwd; touch /bin/new && echo written'
	[ "$output" = $'/tmp\nwritten' ]
	[ ! -e "$IMAGES/plain/bin/new" ]
	run -0 as alice env SLURM_KUBE_CONTAINER_REMAP_ROOT=yes srun --quiet --container="$IMAGES/plain" sh -c 'id -u; cat /proc/self/uid_map'
	[[ $output == 0$'\n'*"0 "*"$(id -u alice) "*1 ]]
	run -0 as alice env SLURM_KUBE_CONTAINER_MOUNTS="$IMAGES/out:/somewhere/else:ro,tmpfs:/scratch" srun --quiet --container="$IMAGES/bundle" sh -c 'touch /somewhere/else/x || touch /scratch/x && echo mounted'
	[[ $output == *mounted ]]
}
@test "root file system folders, remapped root, mounts" {
	each_runtime other_images
}

hooks_of_bundle() {
	mkdir -p "$IMAGES/hooks"
	printf '#!/bin/sh\ncat >%s/out/$1\n' "$IMAGES" >"$IMAGES/hook"
	chmod 755 "$IMAGES/hook"
	image_bundle "$IMAGES/hooks" ".root.path = \"$IMAGES/bundle/rootfs\" | .hooks = ([\"createRuntime\", \"createContainer\", \"poststop\"]
		| map({ key: ., value: [{ path: \"$IMAGES/hook\", args: [\"hook\", .] }] }) | from_entries)"
	rm -f "$IMAGES"/out/*
	run -0 as alice srun --quiet --container="$IMAGES/hooks" true
	[ "$(jq -r .status "$IMAGES/out/createRuntime")" != null ]
	[ -s "$IMAGES/out/createContainer" ]
	eventually test -s "$IMAGES/out/poststop"
}
@test "the runtime runs the bundle's hooks" {
	each_runtime hooks_of_bundle
}

@test "a runtime that fails, fails the step, with its own words" {
	printf '#!/bin/sh\necho "no luck with $*" >&2\nexit 3\n' >"$IMAGES/failing"
	chmod 755 "$IMAGES/failing"
	site "runtime=$IMAGES/failing,--some=argument"
	run ! in_bundle echo ran
	# The end of its words, if they are many.
	[[ $output == *"container $IMAGES/bundle: $IMAGES/failing create failed: "*" create --bundle "* ]]
	[[ $output != *$'\nran'* ]]
	site "runtime=/no/such/runtime"
	run ! in_bundle echo ran
	[[ $output == *"/no/such/runtime create failed: No such file or directory"* ]]
	site "runtime=crun"
	run ! in_bundle echo ran
	[[ $output == *"runtime=crun: it takes builtin, or an absolute path"* ]]
	eventually nothing_left
}

keeper_killed() {
	rm -f "$IMAGES/out/up"
	as alice sbatch --parsable --chdir=/tmp --output=/dev/null --wrap "srun --container=$IMAGES/bundle sh -c 'echo up >$IMAGES/out/up; sleep 300'" >"$IMAGES/job"
	eventually test -e "$IMAGES/out/up"
	[ -n "$(lab_pgrep -f 'slurm-kube/enter --pause')" ]
	kill -KILL $(lab_pgrep -f slurm-kube-holder)
	eventually no_pause
	scancel "$(cat "$IMAGES/job")"
	eventually no_jobs
}
no_pause() {
	[ -z "$(lab_pgrep -f 'slurm-kube/enter --pause')" ]
}
@test "no process stays when the keeper is killed" {
	image_bundle "$IMAGES/bundle" ".mounts += [{ destination: \"$IMAGES/out\", type: \"bind\", source: \"$IMAGES/out\", options: [\"rbind\"] }]"
	each_runtime keeper_killed
	image_bundle "$IMAGES/bundle"
}

@test "named containers need the builtin runtime" {
	command -v crun >/dev/null || skip "there is no crun here"
	site "runtime=/usr/bin/crun,--cgroup-manager=disabled"
	run ! as alice env SLURM_KUBE_CONTAINER_NAME=mine srun --quiet --container="$IMAGES/bundle" true
	[[ $output == *"--container-name needs the builtin runtime"* ]]
}

@test "tasks go into a sandbox by the runtime's exec" {
	command -v runsc >/dev/null || skip "there is no runsc here"
	site "runtime=/usr/bin/runsc,--network=host,--platform=ptrace,--ignore-cgroups runtime_join=exec"
	run -0 in_bundle -n2 sh -c 'echo $(id -u) $(uname -r) $(cat /etc/os-release) $PWD $SLURM_PROCID ${SLURM_KUBE_ENTER_PROGRAM-clean}'
	[ "$(sort <<<"$output")" = "$(id -u alice) 4.4.0 NAME=\"slurm-kube test image\" /work 0 clean"$'\n'"$(id -u alice) 4.4.0 NAME=\"slurm-kube test image\" /work 1 clean" ]
	run -7 in_bundle sh -c 'exit 7'
	run -0 as alice srun --quiet --chdir=/tmp --container="$IMAGES/plain" pwd
	[ "$output" = /tmp ]
	eventually nothing_left
}

exec_as_root() {
	local runtime=$1
	site "runtime=/usr/bin/$runtime runtime_join=exec"
	run -0 as alice env SLURM_KUBE_CONTAINER_REMAP_ROOT=yes srun --quiet -n2 --container="$IMAGES/bundle" sh -c 'echo $(id -u) $(cat /etc/os-release) $PWD'
	[ "$(sort -u <<<"$output")" = '0 NAME="slurm-kube test image" /work' ]
	run -5 as alice env SLURM_KUBE_CONTAINER_REMAP_ROOT=yes srun --quiet --container="$IMAGES/bundle" sh -c 'exit 5'
	eventually nothing_left
}
@test "exec works with crun and runc, too" {
	exec_as_root crun,--cgroup-manager=disabled
	exec_as_root runc
}

@test "exec and --multi-prog don't go together" {
	command -v crun >/dev/null || skip "there is no crun here"
	site "runtime=/usr/bin/crun,--cgroup-manager=disabled runtime_join=exec"
	printf '0 true\n1 true\n' >"$IMAGES/multi"
	run ! in_bundle -n2 --multi-prog "$IMAGES/multi"
	[[ $output == *"--multi-prog works neither"* ]]
}
