#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks of a bundle's config.json, as the builtin runtime runs them.
load helpers
load images
load site
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	hook_program >"$IMAGES/hook"
	chmod 755 "$IMAGES/hook"
	install -d -m 1777 "$IMAGES/out"
	chown -R alice: "$IMAGES/bundle"
}

teardown_file() {
	quiet_slurm
	rm -rf "$IMAGES"
}

setup() {
	rm -rf "$IMAGES"/out/*
}

# Notes what it is told and what it sees in out/STAGE: its state, whose it is, namespaces, arguments, environment.
hook_program() {
	cat <<-END
	#!/bin/bash
	state=\$(cat)
	out=$IMAGES/out/\$1
	pid=\$(jq .pid <<<"\$state")
	bundle=\$(jq -r .bundle <<<"\$state")
	{
		echo "state=\$(jq -c . <<<"\$state")"
		echo "status=\$(jq -r .status <<<"\$state")"
		echo "uid=\$(id -u) args=\$* env=\$(env | sort | tr '\n' ' ')"
		echo "mnt=\$(readlink /proc/self/ns/mnt) container=\$(readlink /proc/\$pid/ns/mnt)"
		echo "host=\$(readlink /proc/\$PPID/ns/mnt)"
		root=\$(jq -r .root.path "\$bundle/config.json")
		echo "root=\$(cat "\$root/etc/os-release")"
		[ -z "\$TOUCH" ] || touch "\$root/\$TOUCH"
		[ -z "\$MOUNT" ] || mount -t tmpfs tmpfs "\$root/work" && touch "\$root/work/mounted-by-\$1"
	} >"\$out" 2>&1
	echo "said by \$1"
	exit \${EXIT:-0}
	END
}

# with_hooks JQ-OBJECT ARGUMENT...: srun in a bundle with these hooks
with_hooks() {
	local hooks=$1
	shift
	mkdir -p "$IMAGES/variant"
	ln -sfn "$IMAGES/bundle/rootfs" "$IMAGES/variant/rootfs"
	image_bundle "$IMAGES/variant" ".hooks = $hooks | .root.path = \"$IMAGES/bundle/rootfs\""
	as alice srun --quiet --container="$IMAGES/variant" "$@"
}

# hook STAGE [JSON-FIELDS]
hook() {
	echo "{ path: \"$IMAGES/hook\", args: [\"hook\", \"$1\"], env: [\"PATH=/usr/bin:/bin\"] } + { ${2:-} }"
}

@test "each stage runs, in its order and its namespace, as the user, with the state" {
	run -0 with_hooks "{ prestart: [$(hook prestart)], createRuntime: [$(hook createRuntime)], createContainer: [$(hook createContainer)],
		poststart: [$(hook poststart)], poststop: [$(hook poststop)],
		startContainer: [ { path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >/work/state; echo said by startContainer; cat /etc/os-release\"] } ] }" \
		sh -c 'cat /work/state; echo; readlink /proc/self/ns/mnt'
	[[ $output == *"said by prestart"*"said by createRuntime"*"said by createContainer"*"said by startContainer"*'slurm-kube test image'* ]]
	[[ $output == *'"status":"created"'* ]]
	eventually test -s "$IMAGES/out/poststop"
	eventually grep -q status=stopped "$IMAGES/out/poststop"
	grep -q status=creating "$IMAGES/out/createRuntime"
	grep -q status=running "$IMAGES/out/poststart"
	for stage in prestart createRuntime createContainer; do
		grep -q "^uid=$(id -u alice) args=$stage " "$IMAGES/out/$stage"
		grep -q 'root=NAME="slurm-kube test image"' "$IMAGES/out/$stage"
		# Nothing of the job's environment.
		! grep -q SLURM_ "$IMAGES/out/$stage" || false
	done
	namespace=$(grep -o '^mnt:.*' <<<"$output")
	grep -qF "mnt=$namespace container=$namespace" "$IMAGES/out/createContainer"
	grep -qF "container=$namespace" "$IMAGES/out/createRuntime"
	! grep -qF "mnt=$namespace " "$IMAGES/out/createRuntime" || false
	! grep -q '"pid"' "$IMAGES/out/poststop" || false
	eventually nothing_left
}

@test "a createContainer hook changes the container, and not the image" {
	run -0 with_hooks "{ createContainer: [$(hook createContainer 'env: ["PATH=/usr/bin:/bin", "TOUCH=etc/made-by-hook"]')] }" ls /etc/made-by-hook
	[ ! -e "$IMAGES/bundle/rootfs/etc/made-by-hook" ]
	run -0 with_hooks "{ createContainer: [$(hook createContainer 'env: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin", "MOUNT=1"]')] }" ls /work
	[[ $output == *mounted-by-createContainer* ]]
}

@test "what a createRuntime hook mounts stays its own" {
	run -0 with_hooks "{ createRuntime: [$(hook createRuntime 'env: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin", "MOUNT=1"]')] }" ls /work
	[[ $output != *mounted-by* ]]
}

@test "a hook that fails, fails the step, with its name and how it ended" {
	for stage in prestart createRuntime createContainer; do
		run ! with_hooks "{ $stage: [$(hook $stage 'env: ["PATH=/usr/bin:/bin", "EXIT=3"]')] }" echo ran
		[[ $output == *"container $IMAGES/variant: $stage hook $IMAGES/hook: it failed with exit code 3"* ]]
		[[ $output != *$'\nran'* ]]
	done
	run ! with_hooks '{ startContainer: [ { path: "/bin/false" } ] }' echo ran
	[[ $output == *"startContainer hook /bin/false: it failed with exit code 1"* ]]
	run ! with_hooks '{ createRuntime: [ { path: "/no/such/hook" } ] }' echo ran
	[[ $output == *"createRuntime hook /no/such/hook: it failed"* ]]
	eventually nothing_left
}

@test "poststop runs after a start that failed" {
	run ! with_hooks "{ createContainer: [ { path: \"/bin/false\" } ], poststop: [$(hook poststop)] }" true
	eventually grep -q status=stopped "$IMAGES/out/poststop"
	eventually nothing_left
}

@test "a poststart or poststop hook that fails is told, and fails nothing" {
	run -0 with_hooks '{ poststart: [ { path: "/bin/false" } ], poststop: [ { path: "/bin/false" } ] }' echo ran
	[[ $output == *ran* ]]
	[[ $output == *"poststart hook /bin/false: it failed with exit code 1"* ]]
	[[ $output == *"poststop hook /bin/false: it failed with exit code 1"* ]]
}

@test "a hook has its time and no more" {
	run ! with_hooks '{ createRuntime: [ { path: "/bin/sleep", args: ["sleep", "300"], timeout: 1 } ] }' true
	[[ $output == *"createRuntime hook /bin/sleep: it took longer than 1 s"* ]]
	[ -z "$(lab_pgrep -f 'sleep 300')" ]
}

@test "hooks that make no sense are refused" {
	run ! with_hooks '[1]' true
	[[ $output == *"config.json: hooks is not an object"* ]]
	run ! with_hooks '{ poststop: [ { path: "relative" } ] }' true
	[[ $output == *"poststop hook: its path 'relative' is not absolute"* ]]
}
