#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An image's entry point before the program (--container-entrypoint).
load helpers
load images
load site
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_root "$IMAGES/root"
	printf '#!/bin/sh\necho "entry $# $1 $2"\nexport FROM_ENTRY=yes\nshift\nexec "$@"\n' >"$IMAGES/root/bin/entry"
	chmod 755 "$IMAGES/root/bin/entry"
	image_bundle "$IMAGES/bundle"
	mkdir "$IMAGES/out"
	layout "$IMAGES/layout"
	chown -R alice: "$IMAGES"
}

teardown_file() {
	site_restore
	quiet_slurm
	rm -rf "$IMAGES"
}

teardown() {
	site_restore
}

# layout FOLDER: an OCI layout of the root, with an entry point of two words
layout() {
	umoci init --layout "$1"
	umoci new --image "$1:latest"
	umoci insert --rootless --image "$1:latest" "$IMAGES/root" /
	umoci config --image "$1:latest" --config.entrypoint /bin/entry --config.entrypoint first --config.env PATH=/bin \
		--config.cmd echo --config.cmd 'of the image'
}

in_layout() {
	as alice srun --quiet --container="oci:$IMAGES/layout:latest" "$@"
}

with_entrypoint() {
	SLURM_KUBE_CONTAINER_ENTRYPOINT=yes in_layout "$@"
}

@test "the entry point runs before the program, with it as its arguments" {
	run -0 with_entrypoint echo one two
	[ "${lines[0]}" = 'entry 4 first echo' ]
	[ "${lines[1]}" = 'one two' ]
	run -0 with_entrypoint -n2 sh -c 'echo $FROM_ENTRY $SLURM_PROCID; env | grep -c SLURM_KUBE_ENTER || :'
	[ "$(grep -c '^yes [01]$' <<<"$output")" = 2 ]
	[ "$(grep -c '^0$' <<<"$output")" = 2 ]
}

@test "it is off unless asked for" {
	run -0 in_layout sh -c 'echo ${FROM_ENTRY-no}'
	[ "$output" = no ]
	run -0 in_layout --container-entrypoint sh -c 'echo ${FROM_ENTRY-no}'
	[ "${lines[1]}" = yes ]
	run -0 with_entrypoint --no-container-entrypoint sh -c 'echo ${FROM_ENTRY-no}'
	[ "$output" = no ]
}

with_command() {
	SLURM_KUBE_CONTAINER_ENTRYPOINT=command "$@" no-such-program
}

@test "what the image runs by itself, in place of the program" {
	run -0 with_command in_layout -n2
	[ "$(grep -cx 'entry 3 first echo' <<<"$output")" = 2 ]
	[ "$(grep -cx 'of the image' <<<"$output")" = 2 ]
	# A bundle's own is process.args.
	jq '.process.args = [ "sh", "-c", "exit 5" ]' "$IMAGES/bundle/config.json" >"$IMAGES/config.json"
	cp "$IMAGES/config.json" "$IMAGES/bundle/config.json"
	run -5 with_command as alice srun --quiet --container="$IMAGES/bundle"
	# Where there is none.
	run ! with_command as alice srun --quiet --container="$IMAGES/root"
	[[ $output == *"neither an entry point nor a command: say what to run"* ]]
}

@test "exit codes are the program's, a program that isn't there is told" {
	run -7 with_entrypoint sh -c 'exit 7'
	run ! with_entrypoint /no/such/program
	[[ $output == *"/no/such/program"* ]]
}

@test "an image without an entry point just runs the program" {
	run -0 as alice env SLURM_KUBE_CONTAINER_ENTRYPOINT=yes srun --quiet --container="$IMAGES/bundle" echo ran
	[ "$output" = ran ]
}

@test "the batch script goes in behind it, too" {
	printf '#!/bin/sh\necho script $FROM_ENTRY\n' >"$IMAGES/job.sh"
	as alice env SLURM_KUBE_CONTAINER_ENTRYPOINT=yes sbatch --wait --chdir=/tmp --output="$IMAGES/out/job" --container="oci:$IMAGES/layout:latest" "$IMAGES/job.sh"
	[ "$(tail -n1 "$IMAGES/out/job")" = 'script yes' ]
}

@test "--multi-prog and an entry point don't go together" {
	printf '0 true\n# a comment\n1 true\n' >"$IMAGES/multi"
	run ! with_entrypoint -n2 --multi-prog "$IMAGES/multi"
	[[ $output == *"--multi-prog works neither with --container-entrypoint"* ]]
	run -0 in_layout -n2 --multi-prog "$IMAGES/multi"
}

@test "with other runtimes, too" {
	command -v crun >/dev/null || skip "there is no crun here"
	site "runtime=/usr/bin/crun,--cgroup-manager=disabled"
	run -0 with_entrypoint echo one
	[ "$output" = $'entry 3 first echo\none' ]
	run -0 with_command in_layout
	[ "$output" = $'entry 3 first echo\nof the image' ]
	command -v runsc >/dev/null || return 0
	site "runtime=/usr/bin/runsc,--network=host,--platform=ptrace,--ignore-cgroups runtime_join=exec"
	run -0 with_entrypoint echo one
	[ "$output" = $'entry 3 first echo\none' ]
}
