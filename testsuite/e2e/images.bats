#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Images of all kinds and their cache, in a lab of this file's own with a registry.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES SITE
	SITE=$LAB_STATE-images
	"$LAB" start --state="$SITE" --nodes=2 --no-kube --no-agent $(same_cgroups) --registry \
		--prefix="$(dirname "$(dirname "$(dirname "$(plugin)")")")"
	eval "$("$LAB" env --state="$SITE")"
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_layout "$IMAGES/layout" one
	image_layout "$IMAGES/layout" two --config.user 1234:5 --config.label a=b
	image_root "$IMAGES/root"
	mksquashfs "$IMAGES/root" "$IMAGES/image.sqsh" -all-root -quiet -no-progress -p 'null c 666 root root 1 3' \
		-p 'locked d 0 root root' -p 'locked/file f 600 root root echo x' >/dev/null
	image_sif "$IMAGES/image.sqsh" "$IMAGES/image.sif"
	mkdir "$IMAGES/bin" "$IMAGES/out"
	chown -R alice: "$IMAGES"
	chmod 1777 "$IMAGES/out"
}

teardown_file() {
	"$LAB" stop --purge --state="$SITE" || :
	umount "$IMAGES/small" 2>/dev/null || :
	rm -rf "$IMAGES"
}

plugin() {
	awk '/spank_kube.so/ { print $2 }' "$LAB_STATE/etc/plugstack.conf"
}

setup() {
	eval "$("$LAB" env --state="$SITE")"
	site
	NODE=$("$LAB" nodes | head -n1)
	CACHE=$SITE/containers-$NODE/$(id -u alice)/images
	rm -rf "$IMAGES"/bin/* "$IMAGES"/out/*
}

teardown() {
	scancel --quiet -u alice
	[ -z "${registry:-}" ] || kill "$registry"
	[ ! -e "$SITE/no-fuse" ] || { rm "$SITE/no-fuse"; "$LAB" restart --state="$SITE" "slurmd-$NODE"; }
}

# site ARGUMENT...: of the plugin, besides the usual ones
site() {
	echo "required $(plugin) doorbell=unix:$SITE/run/doorbell state=$SITE/containers $*" >"$SITE/etc/plugstack.conf"
}

# in_image IMAGE COMMAND...: as alice, on the first node
in_image() {
	local image=$1
	shift
	as alice env PATH="$IMAGES/bin:$PATH" srun --quiet --nodelist="$NODE" --container="$image" "$@"
}

# tool ARGUMENT...: kube-container on the first node, as alice
tool() {
	as alice srun --quiet --nodelist="$NODE" kube-container "$1" --state="$SITE/containers/$(id -u alice)" "${@:2}"
}

# empty_cache: nobody is using it
empty_cache() {
	tool prune --all >/dev/null
	rm -rf "$CACHE"
}

# wrap PROGRAM SCRIPT: a program of that name comes first in alice's PATH; $REAL is the real one
wrap() {
	printf '#!/bin/bash\nREAL=%s\n%s\n' "$(command -v "$1")" "$2" >"$IMAGES/bin/$1"
	chmod 755 "$IMAGES/bin/$1"
}

# partials: what interrupted stagings have left
partials() {
	find "$CACHE" -maxdepth 1 -name '.partial-*' -o -maxdepth 1 -name '.trash-*' | wc -l
}

@test "every kind of image runs" {
	digest=$(image_push "$IMAGES/layout" one kinds:one)
	image_bundle "$IMAGES/bundle"
	for image in "$IMAGES/bundle" "$IMAGES/root" "oci:$IMAGES/layout:one" "$IMAGES/image.sqsh" "$IMAGES/image.sif" \
		"docker://$REGISTRY/kinds:one" "docker://$REGISTRY/kinds@$digest" "docker://$REGISTRY/kinds:one@$digest"; do
		echo "$image"
		run -0 in_image "$image" cat /etc/os-release
		[[ $output = *'slurm-kube test image'* ]]
	done
	run -1 in_image "$IMAGES/layout" true
	[[ $output = *'it holds 2 images'* ]]
	run -1 in_image "oci:$IMAGES/layout:three" true
	[[ $output = *three* ]]
	run -0 as alice env -C "$IMAGES" srun --quiet --container=image.sqsh cat /etc/os-release
	# What is the same by its digest is there once.
	[ "$(find "$CACHE" -maxdepth 1 -name 'sha256-*' | wc -l)" = 1 ]
}

@test "the image's configuration is honoured" {
	empty_cache
	run -0 --separate-stderr in_image "oci:$IMAGES/layout:two" sh -c 'pwd; echo $FROM_IMAGE; id -u; ls /layer'
	[ "$output" = $'/work\ntwo\n'"$(id -u alice)"$'\ntag' ]
	# shellcheck disable=SC2154
	[[ $stderr = *"it asks to be run as user '1234'"* ]]
	run -0 in_image "oci:$IMAGES/layout:two" env
	[[ $output != *1234* ]]
	[[ $output = *$'FROM_IMAGE=two\n'* ]]
}

@test "of an image for several architectures, this node's is taken" {
	empty_cache
	image_layout "$IMAGES/multi" foreign --architecture riscv64
	image_layout "$IMAGES/multi" ours
	jq -c --arg us "$(jq -r .architecture "$(blob "$IMAGES/multi" "$(config_digest "$IMAGES/multi" ours)")")" '
		{ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [ .manifests[]
		| .platform = { os: "linux", architecture: (if .annotations["org.opencontainers.image.ref.name"] == "ours" then $us else "riscv64" end) }
		| del(.annotations) ] }' "$IMAGES/multi/index.json" >"$IMAGES/multi/new"
	digest=$(sha256sum <"$IMAGES/multi/new" | cut -d' ' -f1)
	mv "$IMAGES/multi/new" "$IMAGES/multi/blobs/sha256/$digest"
	jq -c --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$IMAGES/multi/blobs/sha256/$digest")" '.manifests = [
		{ mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest, size: $size,
		annotations: { "org.opencontainers.image.ref.name": "all" } } ]' "$IMAGES/multi/index.json" >"$IMAGES/multi/new"
	mv "$IMAGES/multi/new" "$IMAGES/multi/index.json"
	chown -R alice: "$IMAGES/multi"
	run -0 --separate-stderr in_image "oci:$IMAGES/multi:all" sh -c 'echo $FROM_IMAGE'
	[ "$output" = ours ]
	empty_cache
	skopeo copy --quiet --all --dest-tls-verify=false "oci:$IMAGES/multi:all" "docker://$REGISTRY/multi:all"
	run -0 --separate-stderr in_image "docker://$REGISTRY/multi@sha256:$digest" sh -c 'echo $FROM_IMAGE'
	[ "$output" = ours ]
	"$LAB" down --state="$SITE" registry
	run in_image "docker://$REGISTRY/multi@sha256:$digest" sh -c 'echo $FROM_IMAGE'
	"$LAB" up --state="$SITE" registry
	[ "$output" = ours ]
}

# blob LAYOUT DIGEST
blob() {
	echo "$1/blobs/sha256/${2#sha256:}"
}

config_digest() {
	local manifest
	manifest=$(jq -r --arg tag "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag).digest' "$1/index.json")
	jq -r .config.digest "$(blob "$1" "$manifest")"
}

@test "a digest runs the same bits after the tag has moved; a tag means the same throughout a job" {
	digest=$(image_push "$IMAGES/layout" one moving:latest)
	as alice sbatch --parsable --wait --nodelist="$NODE" --chdir=/tmp --output="$IMAGES/out/job" --wrap "
		srun --quiet --container=docker://$REGISTRY/moving sh -c 'echo \$FROM_IMAGE'
		touch $IMAGES/out/first; while [ ! -e $IMAGES/out/moved ]; do sleep 0.1; done
		srun --quiet --container=docker://$REGISTRY/moving sh -c 'echo \$FROM_IMAGE'" 3>&- &
	eventually test -e "$IMAGES/out/first"
	image_push "$IMAGES/layout" two moving:latest
	touch "$IMAGES/out/moved"
	wait $!
	cat "$IMAGES/out/job"
	[ "$(head -n1 "$IMAGES/out/job")" = one ]
	run -0 --separate-stderr in_image "docker://$REGISTRY/moving@$digest" sh -c 'echo $FROM_IMAGE'
	[ "$output" = one ]
	run -0 --separate-stderr in_image "docker://$REGISTRY/moving" sh -c 'echo $FROM_IMAGE'
	[ "$output" = two ]
}

@test "50 steps at once of one image stage it once a node, others wait" {
	empty_cache
	wrap umoci 'echo $$ >>'"$IMAGES/out/count"'; sleep 2; exec $REAL "$@"'
	digest=$(image_push "$IMAGES/layout" one crowd:one)
	run -0 as alice env PATH="$IMAGES/bin:$PATH" salloc --quiet --nodelist="$NODE" --exclusive bash -c '
		for i in {1..50}; do
			srun --quiet --overlap -n1 --container=docker://'"$REGISTRY/crowd@$digest"' sh -c '\''echo $FROM_IMAGE'\'' &
		done
		wait'
	[ "$(grep -cx one <<<"$output")" = 50 ]
	[[ $output = *'it is being staged already on this node'* ]]
	[ "$(wc -l <"$IMAGES/out/count")" = 1 ]
	[ "$(partials)" = 0 ]
}

@test "staging that is killed anywhere leaves nothing half-usable" {
	digest=$(image_push "$IMAGES/layout" one killed:one)
	for phase in 'skopeo inspect' 'skopeo copy' 'umoci raw' holder; do
		empty_cache
		rm -f "$IMAGES"/bin/* "$IMAGES/out/pid"
		case $phase in
		# The second half of the work is done when it is killed.
		skopeo*) wrap skopeo '[ $1 != '"${phase#* }"' ] || { $REAL "$@"; echo $PPID >'"$IMAGES/out/pid"'; exec sleep 100; }; exec $REAL "$@"' ;;
		umoci*) wrap umoci '$REAL "$@"; echo $PPID >'"$IMAGES/out/pid"'; exec sleep 100' ;;
		holder) wrap umoci 'ps -o ppid= -p $PPID >'"$IMAGES/out/pid"'; exec sleep 100' ;;
		esac
		in_image "docker://$REGISTRY/killed@$digest" true &>"$IMAGES/out/said" 3>&- &
		eventually test -s "$IMAGES/out/pid"
		kill -KILL $(cat "$IMAGES/out/pid")
		run wait $!
		echo "$phase: $status $(cat "$IMAGES/out/said")"
		! wait $!
		eventually eval '! lab_pgrep -x -f "sleep 100"'
		rm -f "$IMAGES"/bin/*
		[ ! -e "$CACHE/sha256-${digest#sha256:}" ]
		run -0 --separate-stderr in_image "docker://$REGISTRY/killed@$digest" sh -c 'echo $FROM_IMAGE'
		[ "$output" = one ]
		[ "$(partials)" = 0 ]
	done
	# As if the node had crashed before all of it was on disk.
	image=$CACHE/sha256-${digest#sha256:}
	: >"$image/rootfs/bin/sh"
	echo another boot >"$image/fresh"
	run -0 --separate-stderr in_image "docker://$REGISTRY/killed@$digest" sh -c 'echo $FROM_IMAGE'
	[ "$output" = one ]
	wrap umoci 'echo $$ >'"$IMAGES/out/pid"'; exec sleep 100'
	rm -f "$IMAGES/out/pid"
	empty_cache
	job=$(as alice env PATH="$IMAGES/bin:$PATH" sbatch --parsable --nodelist="$NODE" --chdir=/tmp --output=/dev/null --container="docker://$REGISTRY/killed@$digest" --wrap true)
	eventually test -s "$IMAGES/out/pid"
	as alice scancel "$job"
	eventually eval '[ -z "$(squeue -h)" ]'
	eventually eval '! lab_pgrep -x -f "sleep 100"'
	[ "$(partials)" = 1 ]
	tool prune
	[ "$(partials)" = 0 ]
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down')" ]
}

@test "the size limit takes what was used longest ago, and nothing that is in use" {
	empty_cache
	for name in a b c d; do
		image_layout "$IMAGES/limit" $name
	done
	chown -R alice: "$IMAGES/limit"
	for name in a b c; do
		in_image "oci:$IMAGES/limit:$name" true
	done
	in_image "oci:$IMAGES/limit:b" sleep 100 3>&- &
	sleeper=$!
	eventually lab_pgrep -x -f '(/bin/)?sleep 100'
	# Of a, b and c, the first was used most recently now.
	touch -d '1 hour ago' "$CACHE"/sha256-*/users
	in_image "oci:$IMAGES/limit:a" true
	size=$(du -sk "$CACHE" | cut -f1)
	site "cache_limit=$((size + 100))K"
	in_image "oci:$IMAGES/limit:d" true
	run -0 tool images
	echo "$output"
	[[ $output = *limit:a* && $output = *limit:b* && $output != *limit:c* && $output = *limit:d* ]]
	[[ $(grep limit:b <<<"$output") = *' yes '* ]]
	site cache_limit=1K
	in_image "oci:$IMAGES/limit:c" cat /layer/tag
	run -0 tool images
	[[ $output != *limit:a* && $output = *limit:b* && $output = *limit:c* && $output != *limit:d* ]]
	run -1 tool rm "oci:$IMAGES/limit:b"
	[[ $output = *'in use'* ]]
	as alice scancel -u alice
	wait $sleeper || :
	eventually tool rm "oci:$IMAGES/limit:b"
	run -0 tool images
	[[ $output != *limit:b* ]]
}

@test "the site's folders come first, and are left as they are" {
	install -d -o bob "$IMAGES/out/site"
	chmod 755 "$IMAGES/out/site"
	install -D -m 6755 /bin/busybox "$IMAGES/out/suid/su"
	image_layout "$IMAGES/suid" one
	umoci insert --rootless --image "$IMAGES/suid:one" "$IMAGES/out/suid" /suid >/dev/null
	digest=$(image_push "$IMAGES/suid" one site:one)
	run -1 kube-container stage --to="$IMAGES/out/site" "docker://$REGISTRY/site:one"
	[[ $output = *'as root'* ]]
	run -0 --separate-stderr as bob kube-container stage --to="$IMAGES/out/site" "docker://$REGISTRY/site:one"
	[ "$output" = "$digest" ]
	[ "$(stat -c %a "$IMAGES"/out/site/sha256-*/rootfs/suid/su)" = 755 ]
	install -m 644 "$IMAGES/image.sqsh" "$IMAGES/out/site/tools.sqsh"
	find "$IMAGES/out/site" | sort >"$IMAGES/out/before"
	empty_cache
	site "images=/nonexistent:$IMAGES/out/site"
	"$LAB" down --state="$SITE" registry
	run in_image "docker://$REGISTRY/site@$digest" sh -c 'echo $FROM_IMAGE'
	"$LAB" up --state="$SITE" registry
	[ "$output" = one ]
	run -0 in_image tools.sqsh cat /etc/os-release
	[[ $output = *'slurm-kube test image'* ]]
	[ "$(find "$IMAGES/out/site" | sort)" = "$(cat "$IMAGES/out/before")" ]
	[ ! -e "$CACHE" ]
	run -1 in_image other.sqsh true
	[[ $output = *'No such file'* ]]
}

@test "what is in the cache needs no network; what isn't fails soon and says why" {
	digest=$(image_push "$IMAGES/layout" one offline:one)
	in_image "docker://$REGISTRY/offline@$digest" true
	"$LAB" down --state="$SITE" registry
	run in_image "docker://$REGISTRY/offline@$digest" sh -c 'echo $FROM_IMAGE'
	cached=$output
	run in_image "docker://$REGISTRY/offline:two" true
	"$LAB" up --state="$SITE" registry
	[ "$cached" = one ]
	[ "$status" = 1 ]
	[[ $output = *"container docker://$REGISTRY/offline:two: "*'connection refused'* ]]
}

@test "credentials are the user's own, and are told to nobody" {
	empty_cache
	port=$(sed -n 's/^PORT_SPARE=//p' "$SITE/ports")
	image_locked_registry "$port" "$IMAGES/locked" alice 'se&cret/word'
	image_layout "$IMAGES/layout" private
	chown -R alice: "$IMAGES/layout"
	skopeo copy --quiet --dest-creds 'alice:se&cret/word' --dest-tls-verify=false "oci:$IMAGES/layout:private" "docker://127.0.0.1:$port/private:one"
	run -1 in_image "docker://127.0.0.1:$port/private:one" true
	[[ $output = *uthenti* || $output = *nauthorized* ]]
	printf '{ "auths": { "127.0.0.1:%s": { "auth": "%s" } } }' "$port" "$(printf 'alice:se&cret/word' | base64)" >"$IMAGES/auth.json"
	install -o alice -m 600 "$IMAGES/auth.json" "$IMAGES/out/auth.json"
	run -0 as alice env REGISTRY_AUTH_FILE="$IMAGES/out/auth.json" srun --quiet --nodelist="$NODE" --container="docker://127.0.0.1:$port/private:one" sh -c 'echo $FROM_IMAGE'
	[[ $output = *private* ]]
	said=$output
	empty_cache
	install -D -o alice -m 600 "$IMAGES/auth.json" /home/alice/.docker/config.json
	run as alice srun --quiet --nodelist="$NODE" --container="docker://127.0.0.1:$port/private:one" sh -c 'echo $FROM_IMAGE'
	rm -r /home/alice/.docker
	said+=$output
	[ "$status" = 0 ]
	# Wrong ones.
	printf '{ "auths": { "127.0.0.1:%s": { "auth": "%s" } } }' "$port" "$(printf 'alice:se&cret/mistake' | base64)" >"$IMAGES/out/auth.json"
	empty_cache
	run -1 as alice env REGISTRY_AUTH_FILE="$IMAGES/out/auth.json" srun --quiet --nodelist="$NODE" --container="docker://127.0.0.1:$port/private:one" true
	said+=$output
	rm "$IMAGES/out/auth.json" "$IMAGES/auth.json"
	[[ $said != *cret* ]]
	! grep -r -e 'se&cret' -e "$(printf 'alice:se&cret/word' | base64)" "$SITE/log" "$CACHE" "$SITE/spool"
}

@test "hostile layers end up inside the image, or nowhere" {
	empty_cache
	work=$(mktemp -d)
	mkdir -p "$work/a" "$work/b/link" "$work/c" "$IMAGES/out/target"
	chown alice: "$IMAGES/out/target"
	echo evil >"$work/a/up"
	ln -s "$IMAGES/out/target" "$work/a/link"
	mknod "$work/a/null" c 1 3
	mkfifo "$work/a/fifo"
	echo evil >"$work/b/link/through"
	ln "$work/a/up" "$work/a/hard"
	mkdir -m 0 "$work/c/locked" "$work/c/locked/deep"
	tar -C "$work/a" -P --transform 's,^up$,../../../../../../..'"$IMAGES"'/out/target/up,' -cf "$work/layer.tar" up link null fifo hard
	tar -C "$work/b" -rf "$work/layer.tar" link/through
	tar -C "$work/c" -rf "$work/layer.tar" locked
	image_layout "$IMAGES/hostile" t
	umoci raw add-layer --image "$IMAGES/hostile:t" "$work/layer.tar" >/dev/null
	chown -R alice: "$IMAGES/hostile"
	rm -rf "$work"
	run in_image "oci:$IMAGES/hostile:t" sh -c 'cat /etc/os-release; ls -l / /null'
	echo "$output"
	[ -z "$(ls "$IMAGES/out/target")" ]
	[ -z "$(find "$CACHE" \( -type b -o -type c \) -print)" ]
	[ "$status" = 0 ]
	[ -n "$(find "$CACHE" -path "*/rootfs$IMAGES/out/target/through")" ]
	# Folders without permission don't keep it from being removed.
	tool prune --all
	[ -z "$(find "$CACHE" -maxdepth 1 -name 'sha256-*')" ]
	[ "$(partials)" = 0 ]
}

@test "a blob that isn't what its digest says is refused" {
	empty_cache
	image_layout "$IMAGES/forged" t
	for blob in "$IMAGES"/forged/blobs/sha256/*; do
		[ "$(stat -c %s "$blob")" -lt 100000 ] || { printf 'x' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none; }
	done
	chown -R alice: "$IMAGES/forged"
	run -1 in_image "oci:$IMAGES/forged:t" true
	[[ $output = *"container oci:$IMAGES/forged:t"*": umoci: "* ]]
	[ "$(partials)" = 0 ]
}

@test "without /dev/fuse a SquashFS is unpacked, once, and anew when the file changes" {
	empty_cache
	touch "$SITE/no-fuse"
	"$LAB" restart --state="$SITE" "slurmd-$NODE"
	wrap unsquashfs 'echo $$ >>'"$IMAGES/out/count"'; sleep 1.5; exec $REAL "$@"'
	for image in "$IMAGES/image.sqsh" "$IMAGES/image.sif" "$IMAGES/image.sqsh" "$IMAGES/image.sif"; do
		run -0 in_image "$image" sh -c 'cat /etc/os-release; ls -d /locked'
		[[ $output = *'slurm-kube test image'*/locked* ]]
		[ "$(wc -l <"$IMAGES/out/count")" -gt 2 ] || said+=$output
	done
	[[ $said = *"unpacking, since it can't be mounted here"*ready* ]]
	[ "$(wc -l <"$IMAGES/out/count")" = 2 ]
	touch "$IMAGES/image.sqsh"
	in_image "$IMAGES/image.sqsh" true
	[ "$(wc -l <"$IMAGES/out/count")" = 3 ]
	[ -z "$(find "$CACHE" \( -type b -o -type c \) -print)" ]
	tool prune --all
	[ -z "$(find "$CACHE" -maxdepth 1 -name 'file-*')" ]
}

@test "SIF files that can't be run say why" {
	head -c 40000 "$IMAGES/image.sif" >"$IMAGES/cut.sif"
	image_sif "$IMAGES/image.sqsh" "$IMAGES/ext3.sif" "$(image_sif_architecture)" 2
	image_sif "$IMAGES/image.sqsh" "$IMAGES/encrypted.sif" "$(image_sif_architecture)" 5
	image_sif "$IMAGES/image.sqsh" "$IMAGES/foreign.sif" 11
	while IFS='|' read -r file reason; do
		run -1 in_image "$IMAGES/$file.sif" true </dev/null
		echo "$output"
		[[ $output = *"container $IMAGES/$file.sif: "*"$reason"* ]]
	done <<-END
	cut|cut off
	ext3|is ext3
	encrypted|is encrypted
	foreign|it is for s390x
	END
}

@test "progress is told when it takes its time, what is quick is quiet" {
	empty_cache
	run -0 --separate-stderr in_image "oci:$IMAGES/layout:one" true
	[ -z "$stderr" ]
	empty_cache
	wrap umoci 'sleep 4; exec $REAL "$@"'
	run -0 --separate-stderr in_image "oci:$IMAGES/layout:one" true
	echo "$stderr"
	[ "$(grep -c "oci:$IMAGES/layout:one.*: unpacking, .* of .*B, .*/s" <<<"$stderr")" -ge 2 ]
	[ "$(wc -l <<<"$stderr")" -le 4 ]
	grep -q "oci:$IMAGES/layout:one.*: ready, .*B in [4-9].* s" <<<"$stderr"
}

@test "a full disk, and programs that are missing, are named" {
	mkdir -p "$IMAGES/small"
	mount -t tmpfs -o size=1m,mode=755,uid="$(id -u alice)" tmpfs "$IMAGES/small"
	run -1 as alice kube-container stage --state="$IMAGES/small" "oci:$IMAGES/layout:one"
	echo "$output"
	[[ $output = *"the disk that holds $IMAGES/small/images is full"* ]]
	[ -z "$(find "$IMAGES/small/images" -maxdepth 1 -name '.partial-*')" ]
	umount "$IMAGES/small"
	# shellcheck disable=SC2016
	run -1 unshare --mount sh -c 'mount --bind /dev/null /usr/bin/umoci
		exec runuser -u alice -- kube-container stage --state="$1" "oci:$2"' sh "$IMAGES/small2" "$IMAGES/layout:one"
	[[ $output = *'install the package umoci'* ]]
}
