#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the --container-* options do in the container.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	image_bundle "$IMAGES/readonly" '.root.readonly = true'
	mkdir -p "$IMAGES/data/below" "$IMAGES/a:b,c" "$IMAGES/home/sub" "$IMAGES/shut"
	echo data >"$IMAGES/data/file"
	echo odd >"$IMAGES/a:b,c/file"
	echo home >"$IMAGES/home/sub/file"
	chown -R alice: "$IMAGES"
	chown root: "$IMAGES/shut"
	chmod 700 "$IMAGES/shut"
}

teardown_file() {
	quiet_slurm
	rm -rf "$LAB_STATE"/containers-*/*/named/global
	rm -rf "$IMAGES"
}

# in_bundle OPTION... -- COMMAND...: in the bundle, as alice
in_bundle() {
	as alice srun --quiet -N1 --container="$IMAGES/bundle" "$@"
}

nodes_usable() {
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down|fail|inval')" ]
}

@test "mounts: folders and files, read-only, at paths that the image lacks, a tmpfs" {
	run -0 in_bundle --container-mounts="$IMAGES/data:/d,$IMAGES/data/file:/made/for/it:ro,tmpfs:/t:size=1m+mode=700" \
		sh -c 'cat /d/file /made/for/it; echo new >/d/new; touch /t/x; ls -ld /t; echo >/made/for/it || :'
	[ "${lines[0]}" = data ] && [ "${lines[1]}" = data ]
	[[ $output = *drwx------*alice* ]]
	[[ $output = *"/made/for/it: Read-only file system"* ]]
	[ "$(cat "$IMAGES/data/new")" = new ]
}

@test "mounts: one part, relative and home paths, colons and commas, several options" {
	run -0 as alice env -C "$IMAGES" srun --quiet -N1 --container="$IMAGES/bundle" \
		--container-mounts=data/below:/b --container-mounts="$IMAGES/a\\:b\\,c:/odd" cat /odd/file
	[ "$output" = odd ]
	run -0 as alice env -C "$IMAGES" srun --quiet -N1 --container="$IMAGES/bundle" --container-mounts=data ls "$IMAGES/data"
	[[ $output = *file* ]]
	run -0 as alice env HOME="$IMAGES/home" srun --quiet -N1 --container="$IMAGES/bundle" --container-mounts='~/sub:/s' cat /s/file
	[ "$output" = home ]
}

@test "mounts that can't be made fail the step, and say why" {
	local mount reason
	while IFS='|' read -r mount reason; do
		run in_bundle --container-mounts="$mount" true </dev/null
		echo "$mount: $status $output"
		[ "$status" != 0 ]
		[[ $output = *"$reason"* ]]
	done <<-END
	/nonexistent:/x|/nonexistent: No such file or directory
	$IMAGES/shut/in:/x|$IMAGES/shut/in: Permission denied
	$IMAGES/data:/etc/os-release|it is a file in the image
	$IMAGES/data/file:/bin|it is a folder in the image
	$IMAGES/data:/|the root itself can't be mounted over
	$IMAGES/data:/x:colour|'colour'
	$IMAGES/data:x|no absolute path
	a:/b:ro:rw|more than three parts
	END
	nodes_usable
}

@test "a mount point that a hostile image links out of itself stays inside" {
	cp -r "$IMAGES/bundle" "$IMAGES/links"
	ln -s /../../.. "$IMAGES/links/rootfs/up"
	ln -s "$IMAGES/home" "$IMAGES/links/rootfs/out"
	chown -hR alice: "$IMAGES/links"
	run -0 as alice srun --quiet -N1 --container="$IMAGES/links" --container-mounts="$IMAGES/data:/out/new,$IMAGES/data:/up/top" \
		sh -c 'cat /top/file; cat /out/new/file'
	[ "$output" = $'data\ndata' ]
	[ ! -e "$IMAGES/home/new" ] && [ ! -e /top ]
}

@test "working folder" {
	[ "$(in_bundle --container-workdir=/etc pwd)" = /etc ]
	[ "$(in_bundle --container-mounts="$IMAGES/data:/d" --container-workdir=/d/below pwd)" = /d/below ]
	run in_bundle --container-workdir=/nonexistent pwd
	[ "$status" = 1 ]
	[[ $output = *"container $IMAGES/bundle: its working folder /nonexistent: No such file or directory"* ]]
}

@test "environment: the image's wins, unless --container-env says otherwise" {
	run -0 as alice env FROM_IMAGE=job EDITOR=job srun --quiet -N1 --container="$IMAGES/bundle" \
		--container-env=EDITOR,HOME=/elsewhere,NEW=a\\,b sh -c 'echo $FROM_IMAGE $EDITOR $HOME $NEW $SLURM_JOB_ID'
	[[ $output =~ ^'yes job /elsewhere a,b '[1-9] ]]
}

@test "writable and read-only" {
	in_bundle sh -c 'echo x >/new && rm /etc/os-release'
	run in_bundle --container-readonly sh -c 'echo x >/new'
	[[ $status != 0 && $output = *"Read-only file system"* ]]
	run as alice srun --quiet -N1 --container="$IMAGES/readonly" sh -c 'echo x >/new'
	[[ $status != 0 && $output = *"Read-only file system"* ]]
	as alice srun --quiet -N1 --container="$IMAGES/readonly" --container-writable sh -c 'echo x >/new'
	[ -e "$IMAGES/bundle/rootfs/etc/os-release" ]
	[ ! -e "$IMAGES/bundle/rootfs/new" ] && [ ! -e "$IMAGES/readonly/rootfs/new" ]
}

@test "writable, where overlayfs can't be had: a copy, which is gone afterwards" {
	cp -r "$IMAGES/bundle" "$IMAGES/mounted"
	mkdir -p "$IMAGES/mounted/rootfs/"{mnt,proc,sys,dev,tmp}
	chown -R alice: "$IMAGES/mounted"
	# A file system mounted in the image, on the node.
	mount -t tmpfs none "$IMAGES/mounted/rootfs/mnt"
	echo there >"$IMAGES/mounted/rootfs/mnt/file"
	"$LAB" restart slurmd-node1
	run as alice srun --quiet -w node1 --container="$IMAGES/mounted" sh -c 'cat /mnt/file; echo x >/new'
	[[ $status != 0 && $output = *there*"Read-only file system"* ]]
	run -0 as alice srun --quiet -w node1 --container="$IMAGES/mounted" --container-writable sh -c 'cat /mnt/file; echo x >/new; cat /new'
	umount "$IMAGES/mounted/rootfs/mnt"
	[ "$output" = $'there\nx' ]
	[ ! -e "$IMAGES/mounted/rootfs/new" ]
	eventually no_step_folders
}

no_step_folders() {
	[ -z "$(find "$LAB_STATE"/containers-*/*/steps -mindepth 1)" ]
}

@test "home folder" {
	run -0 as alice env HOME="$IMAGES/home" srun --quiet -N1 --container="$IMAGES/bundle" --container-mount-home sh -c 'cat ~/sub/file'
	[ "$output" = home ]
	run as alice env HOME="$IMAGES/home" srun --quiet -N1 --container="$IMAGES/bundle" --no-container-mount-home sh -c 'cat ~/sub/file'
	[ "$status" != 0 ]
	run as alice env HOME=/nonexistent srun --quiet -N1 --container="$IMAGES/bundle" --container-mount-home true
	[[ $status != 0 && $output = *"--container-mount-home: /nonexistent: No such file or directory"* ]]
}

@test "remapped to root: root by name, the user's rights" {
	run -0 in_bundle --container-remap-root --container-mounts="$IMAGES/data:/d" \
		sh -c 'id -u; id -un; touch /d/as-root; echo 1 >/proc/sys/kernel/panic || :'
	[ "${lines[0]}" = 0 ] && [ "${lines[1]}" = root ]
	[ "$(stat -c %U "$IMAGES/data/as-root")" = alice ]
	[[ $output = *denied* ]]
	run in_bundle --container-remap-root --container-mounts="$IMAGES/shut:/s" ls /s
	[ "$status" != 0 ]
}

@test "a named container keeps what was written, for the job" {
	cat >"$IMAGES/named.sh" <<-END
	#!/bin/sh
	export SLURM_KUBE_CONTAINER_NAME=mine
	srun -n1 --container=$IMAGES/bundle sh -c 'echo kept >/kept'
	srun -n1 --container=$IMAGES/bundle cat /kept
	srun -n1 cat /kept
	srun -n1 --container=$IMAGES/readonly true
	SLURM_KUBE_CONTAINER_NAME=mine:create srun -n1 --container=$IMAGES/bundle true
	SLURM_KUBE_CONTAINER_NAME=mine:exec srun -n1 --container=$IMAGES/bundle true
	END
	chmod 755 "$IMAGES/named.sh"
	run as alice salloc --quiet --nodelist=node1 -n2 "$IMAGES/named.sh"
	echo "$output"
	[ "$(grep -c '^kept$' <<<"$output")" = 2 ]
	[[ $output = *"the container named mine on this node is made of $IMAGES/bundle"* ]]
	[[ $output = *"there is a container named mine on this node already"* ]]
	[[ $output = *"no container named mine runs on this node"* ]]
	# Another job doesn't see it, and nothing is left of it.
	run as alice srun --quiet -w node1 --container="$IMAGES/bundle" --container-name=mine cat /kept
	[ "$status" != 0 ]
	eventually no_named job-
}

no_named() {
	! ls "$LAB_STATE"/containers-node1/*/named | grep "^$1"
}

@test "a running named container is joined" {
	cat >"$IMAGES/joined.sh" <<-END
	#!/bin/sh
	srun -n1 --overlap --container=$IMAGES/bundle --container-name=run --container-mounts=/etc:/e sh -c 'readlink /proc/self/ns/mnt; touch /tmp/\$SLURM_JOB_ID.up; while [ -e /tmp/\$SLURM_JOB_ID.up ]; do sleep 0.1; done' &
	for i in \$(seq 300); do [ -e /tmp/\$SLURM_JOB_ID.up ] && break; sleep 0.1; done
	srun -n2 --overlap --container-name=run:exec --container-mounts=/etc:/e sh -c 'readlink /proc/self/ns/mnt; echo \$FROM_IMAGE; pwd'
	srun -n1 --overlap --container-name=run:no_exec true
	srun -n1 --overlap --container-name=run --container-mounts=/usr:/u true
	rm /tmp/\$SLURM_JOB_ID.up
	wait
	END
	chmod 755 "$IMAGES/joined.sh"
	run as alice salloc --quiet --nodelist=node1 -n2 "$IMAGES/joined.sh"
	echo "$output"
	[ "$(grep -c '^mnt:' <<<"$output")" = 3 ]
	[ "$(grep '^mnt:' <<<"$output" | sort -u | wc -l)" = 1 ]
	[ "$(grep -c '^yes$' <<<"$output")" = 2 ]
	[ "$(grep -c '^/work$' <<<"$output")" = 2 ]
	[[ $output = *"the container named run runs on this node"* ]]
	[ "$(grep -c "runs already: --container-mounts changes nothing" <<<"$output")" = 1 ]
}

@test "a global named container outlives the job, and is the user's alone" {
	as alice srun --quiet -w node1 --container="$IMAGES/bundle" --container-name=ours:global sh -c 'echo kept >/kept'
	[ "$(as alice srun --quiet -w node1 --container-name=ours:global cat /kept)" = kept ]
	run as bob srun --quiet -w node1 --container-name=ours:global cat /kept
	[[ $status != 0 && $output = *"there is no container named ours on this node"* ]]
	kube_container alice names | grep -E "^ours +global +no +$IMAGES/bundle$"
	kube_container alice forget ours
	! kube_container alice names | grep ours
	run kube_container alice forget ours
	[[ $status = 1 && $output = *"no global container named ours"* ]]
}

# kube_container USER ARGUMENT...: as that user, on node1
kube_container() {
	local user=$1
	shift
	as "$user" "$(prefix)/bin/kube-container" "$1" --state="$LAB_STATE/containers-node1/$(id -u "$user")" "${@:2}"
}

prefix() {
	(. "$LAB_STATE/settings" && echo "$PREFIX")
}

@test "saved to a SquashFS file and to a layout, which run again" {
	install -d -o alice "$IMAGES/saved"
	run -0 in_bundle -n2 --container-save="$IMAGES/saved/new.sqsh" sh -c 'echo more >/more; rm -f /etc/group; [ $SLURM_PROCID = 0 ] || sleep 0.3'
	[[ $output = *"the container is saved to $IMAGES/saved/new.sqsh"* ]]
	unsquashfs -l "$IMAGES/saved/new.sqsh" | grep -x squashfs-root/more
	! unsquashfs -l "$IMAGES/saved/new.sqsh" | grep -x squashfs-root/etc/group
	[ "$(as alice srun --quiet -N1 --container="$IMAGES/saved/new.sqsh" cat /more)" = more ]
	# From an image that is itself served by FUSE.
	run -0 as alice srun --quiet -N1 --container="$IMAGES/saved/new.sqsh" --container-save="$IMAGES/saved/again.sqsh" sh -c 'echo again >/again'
	[ "$(as alice srun --quiet -N1 --container="$IMAGES/saved/again.sqsh" cat /more /again)" = $'more\nagain' ]
	in_bundle --container-save="oci:$IMAGES/saved/layout:v1" sh -c 'echo more >/more'
	run -0 as alice srun --quiet -N1 --container="oci:$IMAGES/saved/layout:v1" sh -c 'cat /more; echo $FROM_IMAGE; pwd'
	[ "$output" = $'more\nyes\n/work' ]
	eventually no_step_folders
}

@test "saved once by a step of two nodes, or once by each" {
	in_bundle -N2 --container-save="$IMAGES/saved/%N.sqsh" true
	[ -s "$IMAGES/saved/node1.sqsh" ] || ls "$IMAGES/saved"
	[ "$(ls "$IMAGES/saved" | grep -c '^node.*sqsh$')" = 2 ]
	run -0 in_bundle -N2 --container-save="$IMAGES/saved/two.sqsh" true
	[ "$(grep -c "is saved to" <<<"$output")" = 1 ]
}

@test "what can't be saved: told before anything runs, or at the end" {
	run in_bundle --container-save=/nonexistent/x.sqsh touch "$IMAGES/saved/ran"
	[[ $status = 1 && $output = *"--container-save=/nonexistent/x.sqsh: the folder /nonexistent: No such file"* ]]
	[ ! -e "$IMAGES/saved/ran" ]
	run in_bundle --container-save="$IMAGES/shut/x.sqsh" true
	[[ $status = 1 && $output = *"Permission denied"* ]]
	nodes_usable
}

@test "Slurm's commands in an image that has no libraries at all" {
	cat >"$IMAGES/batch.sh" <<-'END'
	#!/bin/sh
	[ ! -e /lib64 ] && echo bare
	command -v srun
	squeue -h -j "$SLURM_JOB_ID" -o '%T %u'
	srun -n2 --overcommit sh -c 'echo step $SLURM_PROCID $(readlink /proc/self/ns/mnt) $FROM_IMAGE'
	scontrol show job "$SLURM_JOB_ID" | grep -o 'UserId=[a-z]*'
	env -u SLURM_CONTAINER -u SLURM_KUBE_OPTIONS srun -n1 test -e /lib64 && echo host
	sbatch --parsable --chdir=/tmp --output=/dev/null --wrap true && echo submitted
	srun -n1 false || echo "as false says: $?"
	END
	run -0 as alice sbatch --wait --quiet --chdir=/tmp --output="$IMAGES/batch.out" --container="$IMAGES/bundle" --container-slurm "$IMAGES/batch.sh"
	cat "$IMAGES/batch.out"
	for line in bare /run/slurm-kube/bin/srun 'RUNNING alice' UserId=alice host submitted 'as false says: 1'; do
		grep -x "$line" "$IMAGES/batch.out"
	done
	[ "$(grep -c '^step [01] mnt:.* yes$' "$IMAGES/batch.out")" = 2 ]
	run as alice srun --quiet -N1 --container="$IMAGES/bundle" srun true
	[ "$status" != 0 ]
}

@test "a named container isn't mistaken for one that has got its namespaces' numbers" {
	rm -f "$IMAGES/up"
	as alice srun --quiet -w node1 --container="$IMAGES/bundle" --container-name=old:global sh -c 'echo kept >/kept'
	job=$(as alice sbatch --parsable --chdir=/tmp --output=/dev/null --nodelist=node1 --container="$IMAGES/readonly" --container-mounts="$IMAGES" \
		--wrap "echo \$(readlink /proc/self/ns/mnt) \$(readlink /proc/self/ns/user) >$IMAGES/up; sleep 300")
	eventually test -s "$IMAGES/up"
	grep -o '[0-9]*' "$IMAGES/up" | tr '\n' ' ' >"$LAB_STATE/containers-node1/$(id -u alice)/named/global/old/running"
	kube_container alice names | grep -E '^old +global +no '
	run as alice srun --quiet -w node1 --container-name=old:global:exec true
	[[ $status != 0 && $output = *"no container named old runs on this node"* ]]
	[ "$(as alice srun --quiet -w node1 --container-name=old:global cat /kept)" = kept ]
	as alice scancel "$job"
}
