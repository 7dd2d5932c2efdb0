#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Steps in containers: what works as without one, what is refused, and what is left behind (nothing).
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	image_root "$IMAGES/plain"
	mkdir "$IMAGES/out"
	chown -R alice: "$IMAGES"
	# The shortest time limit is a minute: see the last test.
	as alice sbatch --time=1 --parsable --chdir=/tmp --output="$IMAGES/out/limit" --container="$IMAGES/bundle" \
		--wrap 'trap "echo told" TERM; sleep 300 & wait; sleep 300' >"$IMAGES/limit.job"
}

teardown_file() {
	quiet_slurm
	rm -rf "$IMAGES"
}

# in_bundle ARGUMENT...: srun in the bundle, as alice
in_bundle() {
	as alice srun --quiet --container="$IMAGES/bundle" "$@"
}

# variant NAME JQ-FILTER: a bundle of alice's with its own configuration
variant() {
	mkdir -p "$IMAGES/$1"
	[ -e "$IMAGES/$1/rootfs" ] || cp -r "$IMAGES/bundle/rootfs" "$IMAGES/$1/rootfs"
	image_bundle "$IMAGES/$1" "$2"
	chown -R alice: "$IMAGES/$1"
	echo "$IMAGES/$1"
}

# Processes in a user namespace other than ours, apart from the job that waits for its time limit.
container_processes() {
	local own process
	own=$(readlink /proc/self/ns/user)
	for process in $(lab_pgrep -u alice,bob); do
		[ "$(readlink "/proc/$process/ns/user")" != "$own" ] || continue
		grep -qzsx "SLURM_JOB_ID=$(cat "$IMAGES/limit.job")" "/proc/$process/environ" || echo "$process"
	done
}

nothing_left() {
	[ -z "$(container_processes; lab_pgrep -f slurm-kube-holder; grep slurm-kube /proc/self/mounts)" ]
}

nodes_usable() {
	sinfo -h -N -o '%N %t %E'
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down|fail|inval')" ]
}

@test "all tasks of a node are in one container, as the user" {
	run -0 in_bundle -N2 --ntasks-per-node=4 sh -c 'echo $(id -u) $(cat /etc/os-release) $SLURMD_NODENAME $(readlink /proc/self/ns/mnt)'
	[ "${#lines[@]}" = 8 ]
	[ "$(grep -c "^$(id -u alice) NAME=\"slurm-kube test image\"" <<<"$output")" = 8 ]
	# A namespace's number may be given again once it is gone.
	[ "$(awk '{ print $(NF - 1), $NF }' <<<"$output" | sort | uniq -c | awk '{ print $1 }')" = $'4\n4' ]
}

@test "many tasks start at once" {
	run -0 in_bundle -N1 -n64 --overcommit readlink /proc/self/ns/mnt
	[ "${#lines[@]}" = 64 ]
	[ "$(sort -u <<<"$output" | wc -l)" = 1 ]
	eventually nothing_left
}

@test "PID, network and IPC namespaces stay the host's, /dev/shm is shared" {
	node=$("$LAB" nodes | head -n1)
	for namespace in pid net ipc uts; do
		[ "$(in_bundle -w "$node" readlink /proc/self/ns/$namespace)" = "$(as alice srun --quiet -w "$node" readlink /proc/self/ns/$namespace)" ]
	done
	in_bundle sh -c 'echo shared >/dev/shm/slurm-kube-test'
	[ "$(cat /dev/shm/slurm-kube-test)" = shared ]
	rm /dev/shm/slurm-kube-test
}

@test "process.cwd, process.env and mounts of config.json are honoured" {
	mkdir -p "$IMAGES/data"
	echo data >"$IMAGES/data/file"
	bundle=$(variant mounts '.process.cwd = "/work/deep"
		| .mounts += [ { destination: "/data", type: "bind", source: "../data", options: [ "rbind", "ro" ] },
			{ destination: "/etc/one", type: "bind", source: "../data/file", options: [ "bind" ] },
			{ destination: "/scratch", type: "tmpfs", source: "tmpfs", options: [ "size=1m", "noexec" ] },
			{ destination: "/scratch/data", type: "none", source: "'"$IMAGES/data"'", options: [ "bind" ] } ]')
	run -0 as alice srun --quiet --container="$bundle" sh -c 'pwd; cat /data/file /etc/one /scratch/data/file
		touch /data/new || echo data is read-only
		grep " /scratch " /proc/self/mounts'
	[ "${lines[0]}" = /work/deep ]
	[ "${lines[1]}${lines[2]}${lines[3]}" = datadatadata ]
	[[ $output = *'data is read-only'*tmpfs*noexec*size=1024k* ]]
}

@test "the image's environment wins, but not over the step's and the person's" {
	run -0 as alice env EDITOR=job JOB=yes srun --quiet --container="$IMAGES/bundle" \
		sh -c 'echo $FROM_IMAGE $EDITOR $JOB $HOME $USER $PATH; [ $SLURM_JOB_ID != 0 ]'
	[ "$output" = 'yes image yes /home/alice alice /bin:/usr/bin' ]
}

@test "resolv.conf, hosts, passwd and group are there" {
	run -0 in_bundle sh -c 'cat /etc/resolv.conf; echo =; cat /etc/hosts; echo =; whoami; id -gn; grep ^root: /etc/passwd; echo ~alice'
	[[ $output = "$(cat /etc/resolv.conf)"*"$(cat /etc/hosts)"*$'=\nalice\nalice\nroot:'*/home/alice ]]
}

@test "a root file system folder keeps the job's working folder and environment" {
	run -0 as alice env -C /tmp JOB=yes srun --quiet --container="$IMAGES/plain" sh -c 'pwd; echo $JOB; cat /etc/os-release'
	[ "$output" = $'/tmp\nyes\nNAME="slurm-kube test image"' ]
	run -0 as alice env -C "$IMAGES" srun --quiet --container=plain pwd
	[ "$output" = / ]
}

@test "the host's own root as a root file system: overlayfs can't, so it is there read-only" {
	run -0 as alice srun --quiet --container=/ sh -c 'readlink /proc/self/ns/mnt; touch /home/alice/new 2>&1 || :'
	[ "${lines[0]}" != "$(readlink /proc/self/ns/mnt)" ]
	[[ $output = *'Read-only file system'* ]]
}

@test "names with commas, colons and spaces" {
	image="$IMAGES/a,b:c d\"e"
	as alice cp -r "$IMAGES/bundle" "$image"
	run -0 as alice srun --quiet --container="$image" cat /etc/os-release
}

@test "sbatch runs the script in the container" {
	printf '#!/bin/sh\ncat /etc/os-release\npwd\nexit 5\n' >"$IMAGES/script"
	run -5 as alice sbatch --wait --chdir="$IMAGES" --output="$IMAGES/out/batch" --container="$IMAGES/bundle" "$IMAGES/script"
	[ "$(cat "$IMAGES/out/batch")" = $'NAME="slurm-kube test image"\n/work' ]
}

@test "TMPDIR is there wherever it is" {
	mkdir -p "$IMAGES/tmpdir"
	chown alice: "$IMAGES/tmpdir"
	as alice env TMPDIR="$IMAGES/tmpdir" srun --quiet --container="$IMAGES/bundle" sh -c 'echo kept >"$TMPDIR/file"'
	[ "$(cat "$IMAGES/tmpdir/file")" = kept ]
	as alice ln -s "$IMAGES/tmpdir" "$IMAGES/link"
	as alice ln -sfn "$IMAGES/tmpdir" /tmp/slurm-kube-test-link
	for link in "$IMAGES/link" /tmp/slurm-kube-test-link; do
		as alice env TMPDIR="$link" srun --quiet --container="$IMAGES/bundle" sh -c 'echo "$TMPDIR" >"$TMPDIR/file"'
		[ "$(cat "$IMAGES/tmpdir/file")" = "$link" ]
	done
	rm /tmp/slurm-kube-test-link
}

@test "which container: sbatch A, srun B, plain srun, and jobs from inside" {
	for name in A B; do
		image_with_slurm "$IMAGES/$name"
		echo "image $name" >"$IMAGES/$name/rootfs/etc/os-release"
	done
	cat >"$IMAGES/script" <<-END
	#!/bin/sh
	look='head -n1 /etc/os-release'
	echo batch \$(\$look)
	echo plain \$(srun \$look)
	echo B \$(srun --container=$IMAGES/B \$look)
	echo variable \$(SRUN_CONTAINER=$IMAGES/B srun \$look)
	sbatch --wait --output=$IMAGES/out/inner --chdir=/tmp --wrap "\$look; srun \$look" >/dev/null
	sbatch --wait --output=$IMAGES/out/inner-B --chdir=/tmp --container=$IMAGES/B --wrap "\$look; srun \$look" >/dev/null
	END
	chown -R alice: "$IMAGES/A" "$IMAGES/B"
	as alice sbatch --wait --chdir=/tmp --output="$IMAGES/out/which" --container="$IMAGES/A" "$IMAGES/script" || {
		cat "$IMAGES/out/which"
		false
	}
	host=$(head -n1 /etc/os-release)
	[ "$(cat "$IMAGES/out/which")" = $'batch image A\nplain image A\nB image B\nvariable image B' ]
	[ "$(cat "$IMAGES/out/inner")" = "$host"$'\n'"$host" ]
	[ "$(cat "$IMAGES/out/inner-B")" = $'image B\nimage B' ]
}

@test "a job without a container runs on the host, whatever --export is" {
	run -0 as alice srun --quiet head -n1 /etc/os-release
	[ "$output" = "$(head -n1 /etc/os-release)" ]
	for export in NONE ALL PATH,HOME NEW=1; do
		run -0 as alice srun --quiet --export=$export --container="$IMAGES/bundle" /bin/cat /etc/os-release
		[ "$output" = 'NAME="slurm-kube test image"' ]
		as alice sbatch --wait --export=$export --chdir=/tmp --output="$IMAGES/out/export" --container="$IMAGES/bundle" \
			--wrap 'cat /etc/os-release'
		[ "$(cat "$IMAGES/out/export")" = 'NAME="slurm-kube test image"' ]
	done
}

@test "components of one srun share a container or are refused" {
	run -0 as alice srun --quiet -n1 --container="$IMAGES/bundle" cat /etc/os-release : -n1 --container="$IMAGES/bundle" cat /etc/os-release
	[ "$(grep -c 'slurm-kube test image' <<<"$output")" = 2 ]
	for second in "--container=$IMAGES/plain" "--container $IMAGES/plain" "--container-image=$IMAGES/plain"; do
		# shellcheck disable=SC2086
		run as alice srun --quiet -n1 --container="$IMAGES/bundle" true : -n1 $second true
		[ "$status" != 0 ]
		[[ $output = *"can't run in different containers"* ]]
	done
	run as alice srun -n1 true : -n1 --container="$IMAGES/bundle" true
	[ "$status" != 0 ]
}

@test "exit codes and signals are those of the program" {
	run -3 in_bundle sh -c 'exit 3'
	run -139 in_bundle sh -c 'kill -SEGV $$'
	run -2 in_bundle no-such-program
	[[ $output = *'No such file or directory'* ]]
	run -0 in_bundle -n4 --overcommit sh -c 'kill -0 $PPID; wait; jobs'
}

@test "a program has no children that it didn't start" {
	run -0 in_bundle sh -c 'cat /proc/self/task/*/children /proc/$$/task/$$/children | wc -w'
	# The cat and the wc of the pipe.
	[ "$output" = 2 ]
}

@test "srun --pty has a terminal" {
	run -0 as alice script -qec "srun --pty --container=$IMAGES/bundle sh -c 'tty; stty -a | head -n1'" /dev/null
	[[ $output = */dev/pts/* ]]
}

@test "scancel ends the tasks, and their children" {
	job=$(as alice sbatch --parsable --chdir=/tmp --output="$IMAGES/out/cancel" --container="$IMAGES/bundle" \
		--wrap 'sleep 4321 & setsid sleep 4321')
	eventually eval '[ "$(lab_pgrep -x -f "sleep 4321" | wc -l)" = 2 ]'
	as alice scancel "$job"
	eventually no_job "$job"
	eventually nothing_left
}

no_job() {
	[ -z "$(squeue -h -j "$1" 2>/dev/null)" ]
}

@test "suspend and resume reach the tasks" {
	as alice sbatch --parsable -N1 --chdir=/tmp --output="$IMAGES/out/count" --container="$IMAGES/bundle" \
		--wrap 'while :; do echo tick; sleep 0.05; done' >"$IMAGES/job"
	job=$(cat "$IMAGES/job")
	ticks() { wc -l <"$IMAGES/out/count"; }
	more_than() { [ "$(ticks)" -gt "$1" ]; }
	standing() { before=$(ticks); sleep 0.3; [ "$(ticks)" = "$before" ]; }
	eventually more_than 3
	scontrol suspend "$job"
	eventually standing
	before=$(ticks)
	scontrol resume "$job"
	eventually more_than "$before"
	as alice scancel "$job"
	eventually no_job "$job"
	eventually nothing_left
}

@test "what is wrong with the image is said, nothing runs on the host, and no node is drained" {
	cd "$IMAGES"
	mkdir -p nothing broken no-root no-rootfs list locked layout secret
	echo '{ "root": ' >broken/config.json
	echo '{ "process": {} }' >no-root/config.json
	echo '{ "root": { "path": "rootfs" } }' >no-rootfs/config.json
	echo '[]' >list/config.json
	mkfifo secret/config.json
	: >file
	: >layout/oci-layout
	chmod 700 locked
	while IFS='|' read -r image reason; do
		run as alice srun --quiet --container="$image" touch "$IMAGES/out/ran-on-the-host" </dev/null
		echo "$image: $status $output"
		[ "$status" = 1 ]
		[[ $output = *"container $image: "*"$reason"* ]]
	done <<-END
	/nonexistent|No such file or directory
	$IMAGES/file|neither SquashFS nor SIF
	$IMAGES/nothing|it is no image
	$IMAGES/broken|not valid JSON
	$IMAGES/list|not a JSON object
	$IMAGES/no-root|no root.path
	$IMAGES/no-rootfs|root file system $IMAGES/no-rootfs/rootfs: No such file
	$IMAGES/locked|Permission denied
	$IMAGES/layout|no OCI image layout
	$IMAGES/secret|config.json can't be read
	docker://Upper/Case|no image name
	docker://127.0.0.1:1/none|connection refused
	oci:$IMAGES/layout:latest|no OCI image layout
	oci:/nonexistent|No such file or directory
	END
	run as alice srun --quiet --container= touch "$IMAGES/out/ran-on-the-host"
	[ "$status" = 1 ]
	[[ $output = *'name is empty'* ]]
	run -1 as alice srun -N2 --ntasks-per-node=3 --container=/nonexistent touch "$IMAGES/out/ran-on-the-host"
	[ "$(grep -c 'container /nonexistent: No such file' <<<"$output")" = 2 ]
	run -1 as alice sbatch --wait --chdir=/tmp --output="$IMAGES/out/refused" --container=/nonexistent --wrap "touch $IMAGES/out/ran-on-the-host"
	grep -q 'container /nonexistent: No such file' "$IMAGES/out/refused"
	[ ! -e "$IMAGES/out/ran-on-the-host" ]
	nodes_usable
	eventually nothing_left
}

@test "configuration that is too large or too deep is refused" {
	mkdir -p "$IMAGES/large" "$IMAGES/deep"
	head -c 100M /dev/zero | tr '\0' ' ' >"$IMAGES/large/config.json"
	printf '%*s' 100000 '' | tr ' ' '[' >"$IMAGES/deep/config.json"
	run -1 as alice srun --quiet --container="$IMAGES/large" true
	[[ $output = *'larger than 1048576 bytes'* ]]
	run -1 as alice srun --quiet --container="$IMAGES/deep" true
	[[ $output = *'not valid JSON'* ]]
	rm -r "$IMAGES/large"
	run as alice srun --quiet --container="/$(printf '%01000d' 0)" true
	[[ $output = *000:\ *'File name too long'* ]]
	nodes_usable
}

@test "mounts that can't be made are named" {
	while IFS='|' read -r mount reason; do
		bundle=$(variant wrong ".mounts += [ $mount ]")
		run as alice srun --quiet --container="$bundle" true </dev/null
		echo "$mount: $status $output"
		[ "$status" = 1 ]
		[[ $output = *"$reason"* ]]
	done <<-'END'
	{ "destination": "/x", "type": "bind", "source": "/nonexistent" }|/x: /nonexistent: No such file
	{ "destination": "/x", "type": "ext4", "source": "/dev/vda" }|type 'ext4' are not supported
	{ "destination": "/x", "type": "bind", "source": "/etc", "options": [ "nonsense" ] }|option 'nonsense' is not known
	{ "destination": "/etc", "type": "bind", "source": "/etc/passwd" }|it is a folder in the image
	{ "destination": "/bin/busybox/x", "type": "bind", "source": "/etc" }|not a folder in the image
	{ "destination": "/", "type": "bind", "source": "/etc" }|root itself
	{ "destination": "/tmp/nonexistent/x", "type": "bind", "source": "/etc" }|/tmp/nonexistent/x
	{ "type": "bind", "source": "/etc" }|no destination
	END
	nodes_usable
}

@test "links in an image lead nowhere else" {
	bundle=$(variant links '.process.cwd = "/" | .mounts += [
		{ destination: "/lib/link/x", type: "bind", source: "/etc/hostname", options: [ "bind" ] },
		{ destination: "/up/../../../x", type: "bind", source: "/etc/hostname", options: [ "bind" ] } ]')
	root=$bundle/rootfs
	rm "$root/etc/passwd"
	as alice ln -s /etc/shadow "$root/etc/passwd"
	as alice ln -s ../../../../etc/shadow "$root/etc/resolv.conf"
	as alice ln -s usr/lib "$root/lib"
	as alice mkdir -p "$root/usr/lib"
	as alice ln -s /work "$root/usr/lib/link"
	before=$(cd / && ls -A; ls -A /usr/lib | md5sum)
	run -0 as alice srun --quiet --container="$bundle" sh -c 'cat /work/x /x; readlink /lib; whoami; grep -c . /etc/resolv.conf; ls -A /usr/lib'
	[ "${lines[0]}" = "$(cat /etc/hostname)" ]
	[ "${lines[1]}" = "$(cat /etc/hostname)" ]
	[ "${lines[2]}" = usr/lib ]
	[ "${lines[3]}" = alice ]
	[ "$(cd / && ls -A; ls -A /usr/lib | md5sum)" = "$before" ]
}

@test "what is written is gone with the step, and the image is as before" {
	sums() { (cd "$IMAGES/bundle" && find . -printf '%p %m %s %T@ %l\n' | sort | md5sum); }
	before=$(sums)
	run -0 in_bundle -n2 --overcommit sh -c 'echo new >/work/$SLURM_PROCID; echo changed >>/etc/os-release; rm /bin/vi; ls /work'
	[ "$(sums)" = "$before" ]
	run -0 in_bundle ls /work
	[ -z "$output" ]
	bundle=$(variant read-only '.root.readonly = true')
	run -0 as alice srun --quiet --container="$bundle" sh -c 'touch /work/new 2>/dev/null || echo no'
	[ "$output" = no ]
}

@test "an image that belongs to somebody else, without write permission or mount points" {
	cp -r "$IMAGES/bundle" "$IMAGES/roots"
	chown -R root: "$IMAGES/roots"
	chmod -R a-w "$IMAGES/roots"
	run -0 as alice srun --quiet --container="$IMAGES/roots" sh -c 'cat /etc/os-release; ls /dev/null; touch /bin/new 2>/dev/null || echo no'
	[[ $output = *'test image'*/dev/null*no ]]
}

@test "setuid programs in an image give nobody's rights" {
	cp -r "$IMAGES/bundle" "$IMAGES/setuid"
	rm "$IMAGES/setuid/rootfs/bin/id"
	cp /bin/busybox "$IMAGES/setuid/rootfs/bin/id"
	chown root: "$IMAGES/setuid/rootfs/bin/id"
	chmod 4755 "$IMAGES/setuid/rootfs/bin/id"
	run -0 as alice srun --quiet --container="$IMAGES/setuid" id -u
	[ "$output" = "$(id -u alice)" ]
	run -0 in_bundle grep -E '^Cap(Eff|Prm):' /proc/self/status
	[[ $output = *0000000000000000*0000000000000000 ]]
	bundle=$(variant no-new '.process.noNewPrivileges = true')
	[ "$(as alice srun --quiet --container="$bundle" awk '/NoNewPrivs/ { print $2 }' /proc/self/status)" = 1 ]
	[ "$(in_bundle awk '/NoNewPrivs/ { print $2 }' /proc/self/status)" = 0 ]
}

@test "a time limit ends the tasks" {
	job=$(cat "$IMAGES/limit.job")
	WITHIN=150 eventually no_job "$job"
	grep -q 'DUE TO TIME LIMIT' "$IMAGES/out/limit"
	eventually nothing_left
}
