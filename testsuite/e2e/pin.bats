#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Tags are pinned to digests when a job is submitted. In a lab of this file's own with a registry.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES SITE PLUGIN
	PLUGIN=$(awk '/spank_kube.so/ { print $2 }' "$LAB_STATE/etc/plugstack.conf")
	SITE=$LAB_STATE-pin
	"$LAB" start --state="$SITE" --nodes=2 --no-kube --no-agent $(same_cgroups) --registry \
		--prefix="$(dirname "$(dirname "$(dirname "$PLUGIN")")")"
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_layout "$IMAGES/layout" one
	image_layout "$IMAGES/layout" two
	install -m 1777 -d "$IMAGES/out"
	chown -R alice: "$IMAGES/layout"
}

teardown_file() {
	"$LAB" stop --purge --state="$SITE" || :
	rm -rf "$IMAGES"
}

setup() {
	eval "$("$LAB" env --state="$SITE")"
	echo "required $PLUGIN doorbell=unix:$SITE/run/doorbell" >"$SITE/etc/plugstack.conf"
	digest=$(image_push "$IMAGES/layout" one box:tag)
	image=docker://$REGISTRY/box:tag
}

# What a task says of itself.
TELL='echo "$SLURM_CONTAINER $(cat /layer/tag)"'

container_of() {
	scontrol show job "$1" | sed -n 's/^ *Container=//p'
}

# the job of the newest id
newest() {
	squeue -h --state=all -o %i | sort -n | tail -n1
}

@test "srun, sbatch and salloc pin a tag, and scontrol shows it" {
	run -0 --separate-stderr as alice srun --quiet --container="$image" sh -c "$TELL"
	[ "$output" = "$image@$digest one" ]
	[ "$(container_of "$(newest)")" = "$image@$digest" ]
	as alice sbatch --quiet --wait --output="$IMAGES/out/batch" --container="$image" --wrap="$TELL"
	[ "$(cat "$IMAGES/out/batch")" = "$image@$digest one" ]
	[ "$(container_of "$(newest)")" = "$image@$digest" ]
	run -0 --separate-stderr as alice salloc --quiet --container-image="$image" srun sh -c "$TELL"
	[ "$output" = "$image@$digest one" ]
	[ "$(container_of "$(newest)")" = "$image@$digest" ]
}

@test "a job runs what the tag was at submission, also when it is requeued; a new job the new" {
	id=$(as alice sbatch --parsable --hold --output="$IMAGES/out/held" --open-mode=append --container="$image" --wrap="$TELL")
	image_push "$IMAGES/layout" two box:tag
	as alice scontrol release "$id"
	eventually slurm_has "$id" JobState COMPLETED
	as alice scontrol requeue "$id"
	eventually runs_again "$id"
	eventually has_lines 2 "$IMAGES/out/held"
	cat "$IMAGES/out/held"
	[ "$(sort -u "$IMAGES/out/held")" = "$image@$digest one" ]
	run -0 as alice srun --quiet --container="$image" sh -c "$TELL"
	[[ $output = *' two' ]]
}

has_lines() {
	[ "$(wc -l <"$2")" -ge "$1" ]
}

@test "a step with its job's image takes that digest without asking" {
	cat >"$IMAGES/script" <<-END
	srun sh -c '$TELL'
	srun --container=$image sh -c '$TELL'
	END
	printf '#!/bin/sh\necho asked >>%s\nexit 1\n' "$IMAGES/out/asked" >"$IMAGES/skopeo"
	chmod 755 "$IMAGES/skopeo"
	export IMAGES
	run -0 --separate-stderr as alice salloc --quiet --container-image="$image" env PATH="$IMAGES:$PATH" sh "$IMAGES/script"
	[ "$output" = "$image@$digest one"$'\n'"$image@$digest one" ]
	[ ! -e "$IMAGES/out/asked" ]
}

@test "an image that isn't there is refused in the registry's words, and nothing is submitted" {
	before=$(newest)
	for tool in "srun true" "sbatch --output=/dev/null --wrap=true" "salloc true"; do
		# shellcheck disable=SC2086
		set -- $tool
		run as alice "$1" --container-image="docker://$REGISTRY/box:none" "${@:2}"
		[ "$status" != 0 ]
		[[ $output = *"$1: error: container docker://$REGISTRY/box:none: "*'manifest unknown'* ]]
	done
	run as alice srun --container="oci:$IMAGES/layout:none" true
	[ "$status" != 0 ]
	[[ $output = *'no descriptor found for reference "none"'* ]]
	[ "$(newest)" = "$before" ]
}

@test "a registry that can't be asked: a warning, and the nodes look the tag up" {
	run as alice srun --container="docker://127.0.0.1:1/box" true
	[ "$status" != 0 ]
	[[ $output = *"srun: container docker://127.0.0.1:1/box: it can't be pinned to what it is now"*'connection refused'* ]]
	[[ $output = *'slurmstepd-'*': error: container docker://127.0.0.1:1/box:'* ]]
	# One that never answers costs 10 s. Its words have no password in them.
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die $!;
		open(my $out, ">", $ARGV[0]) or die; print $out $s->sockport; close($out);
		sleep 120' "$IMAGES/out/port" 3>&- &
	silent=$!
	eventually [ -s "$IMAGES/out/port" ]
	begin=$SECONDS
	run as alice sbatch --hold --output=/dev/null --container="docker://127.0.0.1:$(cat "$IMAGES/out/port")/box" --wrap=true
	kill $silent
	[ "$status" = 0 ]
	[[ $output = *'no answer within 10 s'* ]]
	[ $((SECONDS - begin)) -lt 60 ]
	[ "$(container_of "$(newest)")" = "docker://127.0.0.1:$(cat "$IMAGES/out/port")/box" ]
	scancel -u alice
}

@test "a digest stays as it is, and pin=no asks nobody" {
	run -0 --separate-stderr as alice srun --quiet --container="docker://$REGISTRY/box@$digest" sh -c "$TELL"
	[ "$output" = "docker://$REGISTRY/box@$digest one" ]
	echo "required $PLUGIN doorbell=unix:$SITE/run/doorbell pin=no" >"$SITE/etc/plugstack.conf"
	run -0 --separate-stderr as alice srun --quiet --container="$image" sh -c "$TELL"
	[ "$output" = "$image one" ]
}

@test "layouts: pinned if the path is absolute and can be read here" {
	run -0 as alice srun --quiet --container="oci:$IMAGES/layout:two" sh -c "$TELL"
	[[ $output = "oci:$IMAGES/layout:two@sha256:"*' two' ]]
	run -0 --separate-stderr as alice env -C "$IMAGES" srun --quiet --container="oci:layout:two" sh -c "$TELL"
	[ "$output" = 'oci:layout:two two' ]
}

@test "an index of several architectures is pinned as such, and each node takes its own" {
	url=http://$REGISTRY/v2/box/manifests
	image_push "$IMAGES/layout" two box:other >/dev/null
	for tag in tag other; do
		curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' -o "$IMAGES/out/$tag.json" "$url/$tag"
	done
	entry() {
		jq -n --arg digest "sha256:$(sha256sum <"$1" | cut -d' ' -f1)" --argjson size "$(stat -c %s "$1")" --arg arch "$2" \
			'{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size, platform: { os: "linux", architecture: $arch } }'
	}
	jq -cn '{ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: $ARGS.positional | map(fromjson) }' \
		--args "$(entry "$IMAGES/out/other.json" s390x)" "$(entry "$IMAGES/out/tag.json" "$(dpkg --print-architecture)")" >"$IMAGES/out/index.json"
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @"$IMAGES/out/index.json" "$url/many"
	run -0 --separate-stderr as alice srun --quiet --container="docker://$REGISTRY/box:many" sh -c "$TELL"
	[ "$output" = "docker://$REGISTRY/box:many@sha256:$(sha256sum <"$IMAGES/out/index.json" | cut -d' ' -f1) one" ]
}
