#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The --container-* options as srun, sbatch and salloc take them, and what steps have of their job's.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	for name in A B; do
		image_with_slurm "$IMAGES/$name"
		echo "image $name" >"$IMAGES/$name/rootfs/etc/os-release"
	done
	install -m 1777 -d "$IMAGES/out"
	chown -R alice: "$IMAGES/A" "$IMAGES/B"
}

teardown_file() {
	quiet_slurm
	rm -rf "$IMAGES"
}

# What a task says of itself: its image and its options.
TELL='echo "$(head -n1 /etc/os-release) ${SLURM_KUBE_OPTIONS:-none}"'
HOST=$(head -n1 /etc/os-release)

# batch SCRIPT SBATCH-ARGUMENT...: runs it as alice and prints its output
batch() {
	local script=$1
	shift
	rm -f "$IMAGES/out/batch"
	printf '#!/bin/sh\n%s\n' "$script" >"$IMAGES/script"
	as alice "${VARIABLES[@]}" sbatch --quiet --wait --chdir=/tmp --output="$IMAGES/out/batch" "$@" "$IMAGES/script" || {
		cat "$IMAGES/out/batch"
		return 1
	}
	cat "$IMAGES/out/batch"
}

setup() {
	VARIABLES=(env)
}

@test "--help names every option" {
	for tool in srun sbatch salloc; do
		run -0 "$tool" --help
		for option in image mounts workdir env writable readonly mount-home remap-root entrypoint name save \
			device scope slurm; do
			[[ $output = *" --container-$option"* ]]
		done
		for option in mount-home remap-root entrypoint slurm; do
			[[ $output = *" --no-container-$option"* ]]
		done
	done
}

@test "a mistake is an error of the command, for srun, sbatch and salloc" {
	before=$(scontrol show job | grep -c ^JobId= || :)
	while IFS='|' read -r options reason; do
		for tool in srun sbatch salloc; do
			# --container itself is for salloc with use_interactive_step only.
			[[ $tool$options != salloc--container=* ]] || continue
			arguments=(true)
			[ $tool != sbatch ] || arguments=(--output=/dev/null --wrap=true)
			# shellcheck disable=SC2086
			run as alice $tool $options "${arguments[@]}" </dev/null
			echo "$tool $options: $status $output"
			[ "$status" != 0 ]
			[[ $output = *"$tool: error: $reason"* ]]
		done
	done <<-END
	--container-image=$IMAGES/A --container-mounts=/a:b|--container-mounts: '/a:b' has no absolute path
	--container-image=$IMAGES/A --container-workdir=w|--container-workdir: 'w' is not an absolute path
	--container-image=$IMAGES/A --container-env=1A|--container-env: '1A' is no name of a variable
	--container-image=$IMAGES/A --container-name=a/b|--container-name: 'a/b' is no name
	--container-image=$IMAGES/A --container-name=a:b|--container-name: 'b' is no flag
	--container-image=$IMAGES/A --container-save=docker://x|--container-save: 'docker://x' is no file
	--container-image=$IMAGES/A --container-device=gpu0|--container-device: 'gpu0' is no CDI device
	--container-image=$IMAGES/A --container-scope=some|--container-scope: 'some' is not one of
	--container-image=http://x|container http://x: there is no such kind of image
	--container-image=docker://Up|container docker://Up: 'Up' is no image name
	--container-image=|--container: the name is empty
	--container-mounts=/tmp|--container-mounts is there but no container
	--no-container-mount-home|--container-mount-home is there but no container
	--container=$IMAGES/A --container-image=$IMAGES/B|--container=$IMAGES/A and --container-image=$IMAGES/B are two
	END
	run as alice salloc --container-image="$IMAGES/A" --container-save=x true
	[ "$status" != 0 ]
	[[ $output = *'--container-save is for sbatch and srun'* ]]
	run as alice sbatch --container="$IMAGES/A" --container-save=x --container-scope=steps --wrap=true
	[ "$status" != 0 ]
	[[ $output = *'the batch script has no container to save'* ]]
	run as alice env SLURM_KUBE_CONTAINER_ENV=1A srun --container="$IMAGES/A" true
	[ "$status" != 0 ]
	[[ $output = *"the variable SLURM_KUBE_CONTAINER_ENV: '1A' is no name"* ]]
	[ "$(scontrol show job | grep -c ^JobId= || :)" = "$before" ]
}

@test "options of the command line, script lines and variables, each weaker than the one before" {
	run -0 as alice srun --quiet --container-image="$IMAGES/A" --container-workdir=/ --container-readonly \
		--container-mounts=/tmp --container-mounts=tmpfs:/work sh -c "$TELL"
	[ "$output" = 'image A mounts=/tmp,tmpfs:/work&workdir=/&writable=no' ]
	VARIABLES=(env SLURM_KUBE_CONTAINER_IMAGE="$IMAGES/B" SLURM_KUBE_CONTAINER_WORKDIR=/bin
		SLURM_KUBE_CONTAINER_WRITABLE=0 SLURM_KUBE_CONTAINER_MOUNT_HOME=off)
	run -0 as alice "${VARIABLES[@]}" srun --quiet sh -c "$TELL"
	[ "$output" = 'image B workdir=/bin&writable=no&mount-home=no' ]
	run -0 batch "#SBATCH --container-image=$IMAGES/A"$'\n'"#SBATCH --container-workdir=/usr"$'\n'"#SBATCH --container-writable"$'\n'"$TELL"
	[ "$output" = 'image A workdir=/usr&writable=yes&mount-home=no' ]
	run -0 batch "#SBATCH --container-image=$IMAGES/A"$'\n'"#SBATCH --container-workdir=/usr"$'\n'"$TELL" \
		--container-workdir=/ --container-mount-home
	[ "$output" = 'image A workdir=/&writable=no&mount-home=yes' ]
	# A profile's variables don't disturb jobs without a container, whatever they hold.
	run -0 as alice env SLURM_KUBE_CONTAINER_WORKDIR=no-path srun --quiet sh -c "$TELL"
	[ "$output" = "$HOST none" ]
}

@test "options arrive whatever --export and --export-file say" {
	for export in --export=NONE --export=ALL --export=PATH,HOME --export-file=/dev/null; do
		run -0 batch "$TELL" "$export" --container="$IMAGES/A" --container-workdir=/bin
		[ "$output" = 'image A workdir=/bin' ]
	done
	run -0 as alice srun --quiet --export=NONE --container="$IMAGES/A" --container-workdir=/bin /bin/sh -c "$TELL"
	[ "$output" = 'image A workdir=/bin' ]
}

@test "a plain srun has its job's options, and its own over them" {
	run -0 batch "$TELL
		srun -Q sh -c '$TELL'
		srun -Q --container-workdir=/usr --container-mounts=tmpfs:/work sh -c '$TELL'
		srun -Q --container=$IMAGES/A --container-workdir=/usr sh -c '$TELL'
		SLURM_KUBE_CONTAINER_WORKDIR=/lib srun -Q sh -c '$TELL'
		srun -Q --container-image=$IMAGES/B sh -c '$TELL'
		srun -Q --container-image=$IMAGES/B --container-workdir=/usr sh -c '$TELL'
		env -u SLURM_CONTAINER srun -Q sh -c '$TELL'
		srun -Q sh -c 'srun -Q --overlap sh -c \"\$1\"' sh '$TELL'" \
		--container="$IMAGES/A" --container-workdir=/bin --container-mounts=/srv --container-scope=steps
	echo "$output"
	[ "${lines[0]}" = "$HOST mounts=/srv&workdir=/bin&scope=steps" ]
	[ "${lines[1]}" = 'image A mounts=/srv&workdir=/bin&scope=steps' ]
	[ "${lines[2]}" = 'image A mounts=/srv,tmpfs:/work&workdir=/usr&scope=steps' ]
	[ "${lines[3]}" = 'image A mounts=/srv&workdir=/usr&scope=steps' ]
	[ "${lines[4]}" = 'image A mounts=/srv&workdir=/lib&scope=steps' ]
	[ "${lines[5]}" = 'image B none' ]
	[ "${lines[6]}" = 'image B workdir=/usr' ]
	[ "${lines[7]}" = "$HOST none" ]
	[ "${lines[8]}" = 'image A mounts=/srv&workdir=/bin&scope=steps' ]
}

@test "variables that the job was submitted with are not laid over its options again" {
	VARIABLES=(env SLURM_KUBE_CONTAINER_IMAGE="$IMAGES/B" SLURM_KUBE_CONTAINER_WORKDIR=/usr
		SLURM_KUBE_CONTAINER_MOUNTS=tmpfs:/work)
	run -0 batch "srun -Q sh -c '$TELL'
		srun -Q --container=$IMAGES/B sh -c '$TELL'
		export SLURM_KUBE_CONTAINER_WORKDIR=/lib
		srun -Q sh -c '$TELL'" \
		--container="$IMAGES/A" --container-workdir=/bin --container-scope=steps
	[ "${lines[0]}" = 'image A mounts=tmpfs:/work&workdir=/bin&scope=steps' ]
	[ "${lines[1]}" = 'image B mounts=tmpfs:/work&workdir=/usr' ]
	[ "${lines[2]}" = 'image A mounts=tmpfs:/work&workdir=/lib&scope=steps' ]
}

@test "a job's --container-save is its batch script's alone" {
	run -0 batch "echo \$SLURM_KUBE_OPTIONS
		srun -Q sh -c '$TELL'" --container="$IMAGES/A" --container-save="$IMAGES/out/saved.sqsh" --container-workdir=/bin
	[ "${lines[0]}" = "workdir=/bin&save=$IMAGES/out/saved.sqsh" ]
	[ "${lines[1]}" = 'image A workdir=/bin' ]
}

@test "a job that is submitted from inside a containerised one starts from nothing" {
	run -0 batch "sbatch --quiet --wait --output=$IMAGES/out/inner --chdir=/tmp --wrap '$TELL; srun sh -c \"echo step \\\$SLURM_KUBE_OPTIONS\"'
		sbatch --quiet --wait --output=$IMAGES/out/inner-A --chdir=/tmp --container=$IMAGES/A --wrap '$TELL'" \
		--container="$IMAGES/A" --container-workdir=/bin
	[ "$(cat "$IMAGES/out/inner")" = "$HOST none"$'\nstep' ]
	[ "$(cat "$IMAGES/out/inner-A")" = 'image A none' ]
}

@test "salloc: its sruns are in the container, and its shell with use_interactive_step" {
	run -0 as alice salloc --quiet --container-image="$IMAGES/A" --container-workdir=/bin \
		sh -c "srun -Q sh -c '$TELL'; srun -Q --container-workdir=/usr sh -c '$TELL'; head -n1 /etc/os-release"
	[ "$output" = $'image A workdir=/bin\nimage A workdir=/usr\n'"$HOST" ]
	mkdir -p "$IMAGES/etc"
	cp -r "$(dirname "$SLURM_CONF")/." "$IMAGES/etc"
	sed -i '/^LaunchParameters=/d' "$IMAGES/etc/slurm.conf"
	echo 'LaunchParameters=use_interactive_step' >>"$IMAGES/etc/slurm.conf"
	chmod -R a+rX "$IMAGES/etc"
	for scope in all steps; do
		run -0 as alice env SLURM_CONF="$IMAGES/etc/slurm.conf" SHELL=/bin/sh script -qec \
			"salloc --quiet --container=$IMAGES/A --container-scope=$scope" /dev/null \
			<<<"$TELL; srun -Q --overlap --input=none sh -c '$TELL'; exit"
		shell="image A"
		[ $scope = all ] || shell=$HOST
		echo "$output"
		# Behind the prompt, if the shell wrote that first.
		[[ $output = *"$shell scope=$scope"* ]]
		[[ $output = *"image A scope=$scope"* ]]
	done
}

# shellcheck disable=SC2086
@test "components of one srun, and of a heterogeneous job, have one set of options" {
	# In one allocation: those of heterogeneous jobs wait for the backfill scheduler.
	same="--container=$IMAGES/A --container-workdir=/bin"
	for second in "" "$same" "--container-image=$IMAGES/A --container-workdir=/bin"; do
		run -0 as alice salloc --quiet -N2 sh -c "srun --quiet -N1 -n1 $same sh -c '$TELL' : -n1 $second sh -c '$TELL'"
		[ "$output" = $'image A workdir=/bin\nimage A workdir=/bin' ]
	done
	run as alice srun --quiet -n1 $same true : -n1 --container-workdir=/usr true
	[ "$status" != 0 ]
	[[ $output = *'the components of one srun share one container'* ]]
	run as alice sbatch -n1 $same --wrap=true : -n1 --container-workdir=/usr
	[ "$status" != 0 ]
	[[ $output = *'the components of one job share one container'* ]]
	run -0 batch "$TELL
		srun --het-group=0,1 sh -c '$TELL'" -n1 $same : -n1
	[ "$output" = $'image A workdir=/bin\nimage A workdir=/bin\nimage A workdir=/bin' ]
}

@test "--container-name without an image: it must be there" {
	run as alice srun --quiet --container-name=nobody-made-this true
	[ "$status" != 0 ]
	[[ $output = *nobody-made-this* ]]
	name=kept-$BASHPID:global
	as alice srun --quiet -N1 -w node1 --container="$IMAGES/A" --container-name="$name" true
	run -0 as alice srun --quiet -N1 -w node1 --container-name="$name" sh -c "$TELL"
	[ "$output" = "image A name=$name" ]
}

@test "scontrol shows an image that --container-image named" {
	id=$(as alice sbatch --parsable --hold --output=/dev/null --container-image="$IMAGES/A" --wrap=true)
	slurm_has "$id" Container "$IMAGES/A"
	as alice scancel "$id"
	job=$(as alice srun --quiet --container-image="$IMAGES/A" sh -c 'echo $SLURM_JOB_ID')
	slurm_has "$job" Container "$IMAGES/A"
}

@test "options in the environment of Slurm's own making don't count" {
	run -0 as alice env SLURM_KUBE_OPTIONS=workdir=/bin srun --quiet sh -c "$TELL"
	[ "$output" = "$HOST none" ]
	run as alice env SLURM_KUBE_OPTIONS=what=1 srun --quiet --container="$IMAGES/A" sh -c "$TELL"
	[ "$output" = 'image A none' ]
	run -0 as alice env _SLURM_SPANK_OPTION_spank_kube_container_workdir=/usr srun --quiet --container="$IMAGES/A" sh -c "$TELL"
	[ "$output" = 'image A none' ]
}
