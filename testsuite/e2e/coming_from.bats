#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The rows of doc/coming-from.md that are marked with a T: what users of pyxis and of Slurm's own containers write, and
# what comes of it. In a lab of this file's own with a registry.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES SITE PLUGIN
	PLUGIN=$(awk '/spank_kube.so/ { print $2 }' "$LAB_STATE/etc/plugstack.conf")
	SITE=$LAB_STATE-coming
	"$LAB" start --state="$SITE" --nodes=2 --no-kube --no-agent $(same_cgroups) --registry \
		--prefix="$(dirname "$(dirname "$(dirname "$PLUGIN")")")"
	eval "$("$LAB" env --state="$SITE")"
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_layout "$IMAGES/layout" one --config.entrypoint /bin/echo --config.entrypoint entry
	image_push "$IMAGES/layout" one team/box:tag
	image_root "$IMAGES/root"
	mksquashfs "$IMAGES/root" "$IMAGES/image.sqsh" -all-root -quiet -no-progress >/dev/null
	image_with_slurm "$IMAGES/bundle"
	mkdir "$IMAGES/data"
	echo data >"$IMAGES/data/file"
	chown -R alice: "$IMAGES"
	install -m 1777 -d "$IMAGES/out"
}

teardown_file() {
	"$LAB" stop --purge --state="$SITE" || :
	rm -rf "$IMAGES"
}

setup() {
	eval "$("$LAB" env --state="$SITE")"
	NODE=$("$LAB" nodes | head -n1)
}

HOST=$(head -n1 /etc/os-release)

# on_node ARGUMENT...: srun as alice, always on the same node
on_node() {
	as alice srun --quiet -w "$NODE" "$@"
}

@test "pyxis: images of a registry, with '#', with a user, with and without docker://" {
	for image in "$REGISTRY#team/box:tag" "someone@$REGISTRY#team/box:tag" "docker://$REGISTRY#team/box:tag" \
		"docker://$REGISTRY/team/box:tag" "$REGISTRY/team/box:tag"; do
		run -0 --separate-stderr on_node --container-image="$image" cat /layer/tag
		[ "$output" = one ]
	done
	run as alice srun --container-image=name-of-the-hub true
	[[ $output = *'container docker://name-of-the-hub'* ]]
}

@test "pyxis: SquashFS files, by absolute and by relative path" {
	run -0 --separate-stderr on_node --container-image="$IMAGES/image.sqsh" cat /etc/os-release
	[ "$output" = 'NAME="slurm-kube test image"' ]
	run -0 --separate-stderr as alice env -C "$IMAGES" srun --quiet --container-image=./image.sqsh cat /etc/os-release
	[ "$output" = 'NAME="slurm-kube test image"' ]
}

@test "pyxis: mounts with flags, tmpfs, relative sources; umount isn't there" {
	run -0 --separate-stderr as alice env -C "$IMAGES" srun --quiet --container-image="$IMAGES/image.sqsh" \
		--container-mounts="$IMAGES/data:/a:ro+nosuid,./data:/b/c,tmpfs:/d,$IMAGES/data" \
		sh -c 'cat /a/file /b/c/file "$1/data/file"; touch /a/new || echo read-only; touch /d/new' sh "$IMAGES"
	echo "$output"
	[ "$output" = $'data\ndata\ndata\nread-only' ]
	run as alice srun --container-image="$IMAGES/image.sqsh" --container-mounts=umount:/etc true
	[ "$status" != 0 ]
}

@test "pyxis: working folder, home, root, writable and read-only, environment" {
	squashed=(--container-image="$IMAGES/image.sqsh")
	[ "$(on_node "${squashed[@]}" --container-workdir=/work pwd)" = /work ]
	run as alice srun "${squashed[@]}" --container-workdir=work pwd
	[ "$status" != 0 ]
	as alice touch /home/alice/coming-from
	run -0 on_node "${squashed[@]}" --container-mount-home sh -c 'ls ~/coming-from'
	run on_node "${squashed[@]}" --no-container-mount-home sh -c 'ls ~/coming-from'
	[ "$status" != 0 ]
	run on_node "${squashed[@]}" sh -c 'ls ~/coming-from'
	[ "$status" != 0 ]
	rm /home/alice/coming-from
	[ "$(on_node "${squashed[@]}" --container-remap-root id -u)" = 0 ]
	[ "$(on_node "${squashed[@]}" --no-container-remap-root id -u)" = "$(id -u alice)" ]
	[ "$(on_node "${squashed[@]}" id -u)" = "$(id -u alice)" ]
	on_node "${squashed[@]}" touch /new
	on_node "${squashed[@]}" --container-writable touch /new
	run on_node "${squashed[@]}" --container-readonly touch /new
	[ "$status" != 0 ]
	layout=(--container="oci:$IMAGES/layout:one")
	[ "$(as alice env FROM_IMAGE=job srun --quiet "${layout[@]}" sh -c 'echo $FROM_IMAGE')" = one ]
	[ "$(as alice env FROM_IMAGE=job srun --quiet "${layout[@]}" --container-env=FROM_IMAGE sh -c 'echo $FROM_IMAGE')" = job ]
	[ "$(on_node "${layout[@]}" --container-env=FROM_IMAGE=value sh -c 'echo $FROM_IMAGE')" = value ]
	[ "$(as alice env OTHER=job srun --quiet "${layout[@]}" sh -c 'echo $OTHER $HOME $SLURM_JOB_ID')" != ' ' ]
}

@test "pyxis: entry points" {
	layout=(--container-image="oci:$IMAGES/layout:one")
	[ "$(on_node "${layout[@]}" echo program)" = program ]
	[ "$(on_node "${layout[@]}" --no-container-entrypoint echo program)" = program ]
	[ "$(on_node "${layout[@]}" --container-entrypoint echo program)" = 'entry echo program' ]
	[ "$(on_node "${layout[@]}" --container-entrypoint --container-entrypoint-log echo program)" = 'entry echo program' ]
}

@test "pyxis: names, with each flag" {
	squashed=(--container-image="$IMAGES/image.sqsh")
	run as alice srun "${squashed[@]}" --container-name=box:exec true
	[ "$status" != 0 ]
	cat >"$IMAGES/script" <<-END
	srun ${squashed[*]} --container-name=box:create touch /kept
	srun --container-name=box ls /kept
	srun --container-name=box:no_exec ls /kept
	srun ${squashed[*]} --container-name=box:create true || echo create fails
	srun --container-name=box:exec true || echo exec fails
	END
	run -0 as alice salloc --quiet -N1 sh "$IMAGES/script"
	[ "$(grep -cx /kept <<<"$output")" = 2 ]
	[[ $output = *'create fails'*'exec fails'* ]]
	run as alice srun --container-name=box true
	[ "$status" != 0 ]
	on_node "${squashed[@]}" --container-name=box:global touch /kept
	on_node --container-name=box:global ls /kept
}

@test "pyxis: save, by the batch script once" {
	as alice sbatch --quiet --wait --output="$IMAGES/out/save" --container-image="$IMAGES/root" \
		--container-save="$IMAGES/data/saved.sqsh" --wrap 'touch /from-job'
	cat "$IMAGES/out/save"
	run -0 on_node --container-image="$IMAGES/data/saved.sqsh" ls /from-job
	on_node --container-image="$IMAGES/root" --container-save="oci:$IMAGES/data/saved:tag" touch /from-step
	run -0 on_node --container-image="oci:$IMAGES/data/saved:tag" ls /from-step
}

@test "pyxis: its variables, by our name" {
	run -0 as alice env SLURM_KUBE_CONTAINER_IMAGE="$REGISTRY#team/box:tag" SLURM_KUBE_CONTAINER_MOUNTS="$IMAGES/data:/a" \
		SLURM_KUBE_CONTAINER_WORKDIR=/a SLURM_KUBE_CONTAINER_WRITABLE=0 SLURM_KUBE_CONTAINER_REMAP_ROOT=1 \
		srun --quiet sh -c 'cat /layer/tag file; id -u; touch /new || echo read-only'
	[[ $output = $'one\ndata\n0\n'*read-only ]]
}

@test "a step has its job's container; the script runs inside, or outside by --container-scope" {
	printf '#!/bin/sh\nhead -n1 /etc/os-release\nsrun head -n1 /etc/os-release\nenv -u SLURM_CONTAINER srun head -n1 /etc/os-release\n' >"$IMAGES/script"
	for scope in all steps; do
		as alice sbatch --quiet --wait --output="$IMAGES/out/$scope" --chdir=/tmp --container-image="$IMAGES/bundle" --container-scope=$scope "$IMAGES/script"
	done
	inside='NAME="slurm-kube test image"'
	[ "$(cat "$IMAGES/out/all")" = "$inside"$'\n'"$inside"$'\n'"$HOST" ]
	[ "$(cat "$IMAGES/out/steps")" = "$HOST"$'\n'"$inside"$'\n'"$HOST" ]
}

@test "Slurm: --container and its variables, and what scontrol shows" {
	run -0 as alice env SRUN_CONTAINER="$IMAGES/bundle" srun --quiet cat /etc/os-release
	[ "$output" = 'NAME="slurm-kube test image"' ]
	id=$(as alice env SBATCH_CONTAINER="$IMAGES/bundle" sbatch --parsable --wait --output="$IMAGES/out/variable" --wrap 'cat /etc/os-release')
	[ "$(cat "$IMAGES/out/variable")" = 'NAME="slurm-kube test image"' ]
	slurm_has "$id" Container "$IMAGES/bundle"
	id=$(as alice sbatch --parsable --hold --output=/dev/null --container="docker://$REGISTRY/team/box:tag" --wrap true)
	[[ $(scontrol show job "$id") = *"Container=docker://$REGISTRY/team/box:tag@sha256:"* ]]
	scancel "$id"
}
