#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The site's policy for containers, kube.conf: refusals at submission, and on the node, where nobody gets around it.
# In a lab of this file's own.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES SITE PLUGIN
	PLUGIN=$(awk '/spank_kube.so/ { print $2 }' "$LAB_STATE/etc/plugstack.conf")
	SITE=$LAB_STATE-policy
	"$LAB" start --state="$SITE" --nodes=2 --no-kube --no-agent $(same_cgroups) --prefix="$(dirname "$(dirname "$(dirname "$PLUGIN")")")"
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	mkdir "$IMAGES/good" "$IMAGES/bad" "$IMAGES/secret"
	LAB_STATE=$SITE image_with_slurm "$IMAGES/good/A"
	echo 'image A' >"$IMAGES/good/A/rootfs/etc/os-release"
	image_bundle "$IMAGES/bad/B"
	ln -s "$IMAGES/secret" "$IMAGES/innocent"
	install -m 1777 -d "$IMAGES/out"
	chown -R alice: "$IMAGES/good" "$IMAGES/bad"
}

teardown_file() {
	"$LAB" stop --purge --state="$SITE" || :
	rm -rf "$IMAGES"
}

setup() {
	eval "$("$LAB" env --state="$SITE")"
	echo "required $PLUGIN doorbell=unix:$SITE/run/doorbell" >"$SITE/etc/plugstack.conf"
}

HOST=$(head -n1 /etc/os-release)
TELL='head -n1 /etc/os-release'

# policy LINE...: of kube.conf, for slurmctld and the nodes
policy() {
	node_policy "$@"
	"$LAB" restart slurmctld --state="$SITE"
}

# node_policy LINE...: for the nodes only, as if a user's client and slurmctld knew nothing of it
node_policy() {
	{
		echo "Doorbell=unix:$SITE/run/doorbell"
		printf '%s\n' "$@"
	} >"$SITE/etc/kube.conf"
}

# refused REASON COMMAND...: as alice
refused() {
	local reason=$1
	shift
	run as alice "$@"
	echo "$*: $status $output"
	[ "$status" != 0 ]
	[[ $output = *"$reason"* ]]
}

@test "images that the site doesn't allow are refused at submission, with the pattern" {
	policy "ImagesAllowed=$IMAGES/good/*,docker://r.example/*" "ImagesDenied=*old*"
	before=$(squeue -h --state=all -o %i | wc -l)
	for tool in "srun true" "sbatch --output=/dev/null --wrap=true" "salloc true"; do
		# shellcheck disable=SC2086
		set -- $tool
		refused "$1: error: container $IMAGES/bad/B: the site doesn't allow it: no pattern of ImagesAllowed ($IMAGES/good/*, ...) matches" \
			"$1" --container-image="$IMAGES/bad/B" "${@:2}"
		refused "ImagesDenied=*old*" "$1" --container-image="$IMAGES/good/old" "${@:2}"
		refused "can't judge a path with '..'" "$1" --container-image="$IMAGES/good/../bad/B" "${@:2}"
	done
	[ "$(squeue -h --state=all -o %i | wc -l)" = "$before" ]
	run -0 as alice srun --quiet --container="$IMAGES/good/A" sh -c "$TELL"
	[ "$output" = 'image A' ]
	run -0 as alice env -C "$IMAGES/good" srun --quiet --container=A sh -c "$TELL"
	[ "$output" = 'image A' ]
	run -0 as alice srun --quiet sh -c "$TELL"
	[ "$output" = "$HOST" ]
}

@test "the node judges again: steps of a job, and what the environment says" {
	policy
	node_policy "ImagesAllowed=$IMAGES/good/*" "OptionsForbidden=mounts"
	refused "container $IMAGES/bad/B: the site doesn't allow it" srun --container="$IMAGES/bad/B" touch "$IMAGES/out/ran"
	refused "OptionsForbidden=mounts" srun --container="$IMAGES/good/A" --container-mounts=/srv touch "$IMAGES/out/ran"
	refused "container $IMAGES/bad/B: the site doesn't allow it" \
		salloc env SLURM_CONTAINER="$IMAGES/bad/B" SLURM_KUBE_OPTIONS= SLURM_JOB_PARTITION=x srun touch "$IMAGES/out/ran"
	# Every task is refused, but one says why.
	run as alice srun -N1 -n4 --overcommit --container="$IMAGES/bad/B" touch "$IMAGES/out/ran"
	[ "$(grep -c "the site doesn't allow it" <<<"$output")" = 1 ]
	as alice sbatch --wait --output="$IMAGES/out/batch" --container="$IMAGES/bad/B" --wrap "touch $IMAGES/out/ran" || :
	grep -q "the site doesn't allow it" "$IMAGES/out/batch"
	[ ! -e "$IMAGES/out/ran" ]
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down|fail')" ]
}

@test "mounts below a denied prefix, over '..' and links, and of what holds it" {
	policy "MountsDenied=$IMAGES/secret,/root"
	a=(--container="$IMAGES/good/A")
	refused "--container-mounts: /root/x: the site doesn't allow it: MountsDenied=/root" srun "${a[@]}" --container-mounts=/root/x:/x true
	refused "MountsDenied=$IMAGES/secret" sbatch --wrap=true "${a[@]}" --container-mounts="$IMAGES/out/../secret:/x"
	refused "which is in MountsDenied" srun "${a[@]}" --container-mounts=/:/host true
	refused "MountsDenied=$IMAGES/secret" srun "${a[@]}" --container-mounts="$IMAGES/innocent:/x" true
	run -0 as alice srun --quiet "${a[@]}" --container-mounts="$IMAGES/out:/x" true
}

@test "options: forbidden, forced, and the site's defaults" {
	policy 'OptionsForbidden=save,remap-root' "OptionsForced=writable=no,mounts=$IMAGES/out:/site" 'MountHome=yes'
	a=(--container="$IMAGES/good/A")
	refused '--container-save: the site' sbatch --wrap=true "${a[@]}" --container-save=x
	refused 'OptionsForbidden=remap-root' srun "${a[@]}" --container-remap-root true
	refused "--container-writable: the site doesn't allow 'yes': OptionsForced=writable=no" srun "${a[@]}" --container-writable true
	run -0 as alice srun --quiet "${a[@]}" --no-container-remap-root --container-readonly \
		sh -c 'touch /new 2>/dev/null || echo read-only; touch /site/file; cd ~ && grep -c " $HOME " /proc/self/mountinfo'
	[ "$output" = $'read-only\n1' ]
	[ -e "$IMAGES/out/file" ]
	run -0 as alice srun --quiet "${a[@]}" --no-container-mount-home sh -c 'grep -c " $HOME " /proc/self/mountinfo || :'
	[ "$output" = 0 ]
}

@test "a partition's default image, for sbatch, srun and its steps" {
	policy "DefaultImage=short=$IMAGES/good/A;other=/x"
	run -0 as alice srun --quiet -p short sh -c "$TELL"
	[ "$output" = 'image A' ]
	id=$(as alice sbatch --parsable --wait -p short --output="$IMAGES/out/short" --wrap "$TELL; srun $TELL")
	[ "$(cat "$IMAGES/out/short")" = $'image A\nimage A' ]
	slurm_has "$id" Container "$IMAGES/good/A"
	run -0 as alice srun --quiet -p short --container="$IMAGES/bad/B" sh -c "$TELL"
	[ "$output" = 'NAME="slurm-kube test image"' ]
	run -0 as alice srun --quiet sh -c "$TELL"
	[ "$output" = "$HOST" ]
}

@test "a line that can't be read: no container, but jobs without one, and slurmctld starts" {
	policy '# mine' 'ImagesAlowed=/sw/*'
	grep -q "kube.conf:3: line ignored, and no container can run: there is no setting 'ImagesAlowed'" "$SITE/log/slurmctld.log"
	for tool in "srun true" "sbatch --output=/dev/null --wrap=true"; do
		# shellcheck disable=SC2086
		set -- $tool
		refused "container $IMAGES/good/A: no container can run: the site's kube.conf, line 3: there is no setting 'ImagesAlowed'" \
			"$1" --container-image="$IMAGES/good/A" "${@:2}"
	done
	run -0 as alice srun --quiet sh -c "$TELL"
	[ "$output" = "$HOST" ]
	policy 'Doorbell=nowhere'
	run -0 as alice srun --quiet --container="$IMAGES/good/A" true
}

@test "policy= in plugstack.conf names another file, which has to be there" {
	policy
	echo "required $PLUGIN doorbell=unix:$SITE/run/doorbell policy=$SITE/etc/other.conf" >"$SITE/etc/plugstack.conf"
	refused "no container can run: the site's kube.conf: $SITE/etc/other.conf: No such file" srun --container="$IMAGES/good/A" true
	run -0 as alice srun --quiet true
	echo 'ImagesDenied=*' >"$SITE/etc/other.conf"
	refused 'ImagesDenied=*' srun --container="$IMAGES/good/A" true
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down|fail')" ]
}
