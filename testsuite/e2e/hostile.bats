#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a user may try against the node and against others. See doc/security.md. More of the kind is in container.bats
# (links in images, setuid programs, large and deep configuration), container_site.bats (holders that are killed or
# replaced) and images.bats (archives).
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES A B
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	install -d -m 1777 "$IMAGES/out"
	chown -R alice: "$IMAGES/bundle"
	A=$LAB_STATE/containers-node1/$(id -u alice)
	B=$LAB_STATE/containers-node1/$(id -u bob)
}

teardown_file() {
	quiet_slurm
	rm -rf "$LAB_STATE"/containers-*/*/named/global
	rm -rf "$IMAGES"
}

teardown() {
	quiet_slurm
}

# variant NAME JQ-FILTER: a bundle of alice's with its own configuration
variant() {
	mkdir -p "$IMAGES/$1"
	[ -e "$IMAGES/$1/rootfs" ] || cp -r "$IMAGES/bundle/rootfs" "$IMAGES/$1/rootfs"
	image_bundle "$IMAGES/$1" "$2"
	chown -R alice: "$IMAGES/$1"
	echo "$IMAGES/$1"
}

nodes_usable() {
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down|fail|inval')" ]
}

@test "the host's root and its secrets, mounted: the user's own rights, and no more" {
	bundle=$(variant host '.mounts += [
		{ destination: "/host", type: "bind", source: "/", options: [ "rbind", "rw" ] },
		{ destination: "/secret", type: "bind", source: "/etc/shadow", options: [ "bind" ] },
		{ destination: "/up", type: "bind", source: "../../../../../../etc", options: [ "bind" ] } ]')
	for root in no yes; do
		run as alice env SLURM_KUBE_CONTAINER_REMAP_ROOT=$root srun --quiet -w node1 --container="$bundle" sh -c '
			cat /secret && echo BROKEN; cat /host/etc/shadow && echo BROKEN; cat /up/shadow && echo BROKEN
			touch /host/etc/x && echo BROKEN; rm /host/etc/passwd && echo BROKEN; ls /host/root && echo BROKEN
			chown 0 /work 2>/dev/null; mknod /sda b 8 0 && cat /sda && echo BROKEN
			kill -0 1 && echo BROKEN; cat /proc/1/environ && echo BROKEN; echo b >/proc/sysrq-trigger && echo BROKEN
			/host/bin/su -c id root </dev/null && echo BROKEN; true'
		echo "$root: $output"
		[ "$status" = 0 ]
		[[ $output != *BROKEN* ]]
	done
	[ ! -e /etc/x ] && [ -s /etc/passwd ]
}

@test "a setuid program of the host's gives nobody's rights" {
	install -m 4755 -o root /usr/bin/id "$IMAGES/out/id"
	[ "$(as alice "$IMAGES/out/id" -u)" = 0 ]
	bundle=$(variant suid '.mounts += [ "/usr", "/lib", "/lib64", env.IMAGES ]
		| .mounts |= map(if type == "string" then { destination: ., type: "bind", source: ., options: [ "rbind" ] } else . end)')
	for root in no yes; do
		run as alice env SLURM_KUBE_CONTAINER_REMAP_ROOT=$root srun --quiet -w node1 --container="$bundle" "$IMAGES/out/id" -u
		echo "$root: $output"
		[ "$output" = "$([ $root = yes ] && echo 0 || id -u alice)" ]
	done
	run as alice srun --quiet -w node1 --container="$bundle" --container-remap-root sh -c "$IMAGES/out/id; touch /usr/x"
	[ "$status" != 0 ] && [ ! -e /usr/x ]
}

@test "names with shell characters, blanks and control characters" {
	local name
	for name in 'a b' '$(touch ran)' '`touch ran`' ';touch ran' '"' "'" '-rf' '*' '%n%s' $'tab\there' 'a,b=c'; do
		cp -r "$IMAGES/bundle" "$IMAGES/out/./$name"
		run as alice env -C "$IMAGES/out" srun --quiet -N1 --job-name="$name" --container="./$name" --container-mounts='/usr:/$(id):ro' \
			--container-env='X=$(id)`id`' sh -c 'echo "$X"; ls -d "/\$(id)/bin"' </dev/null
		echo "$name: $status $output"
		case $name in
		*$'\t'*) [[ $status != 0 && $output = *"control character"* ]] ;;
		*) [[ $status = 0 && ${lines[0]} = '$(id)`id`' && ${lines[1]} = '/$(id)/bin' ]] ;;
		esac
		rm -r "$IMAGES/out/./$name"
	done
	for name in 'docker://$(touch '"$IMAGES"'/out/ran)' 'docker://a;b' 'docker://-x' 'oci:$(id)' 'docker://a b' 'http://x/y'; do
		run as alice timeout 60 srun --quiet -N1 --container="$name" true </dev/null
		echo "$name: $status $output"
		[ "$status" != 0 ]
	done
	for name in '../x' 'a/b' '.x' '-x' '$(id)' 'x:sudo' "$(printf '%0100d' 0)"; do
		run as alice srun --quiet -N1 --container="$IMAGES/bundle" --container-name="$name" true </dev/null
		echo "$name: $status $output"
		[ "$status" != 0 ]
	done
	[ ! -e "$IMAGES/out/ran" ]
	nodes_usable
}

@test "options that were written by hand into the environment" {
	local text
	for text in 'nonsense' 'mounts=' 'mounts=%00' 'mounts=/a:/b%' 'name=..%2f..' 'writable=perhaps' 'workdir=relative' "env=$(head -c 70000 /dev/zero | tr '\0' x)" 'unknown=1'; do
		printf '%s' "$text" >"$IMAGES/out/text"
		# As a step of a job whose script sets it: srun in the script would set it anew, so it goes in by the job itself.
		cat >"$IMAGES/out/job.sh" <<-END
		#!/bin/sh
		touch $IMAGES/out/ran
		END
		run as alice env SLURM_KUBE_OPTIONS="$text" sbatch --wait --quiet --chdir=/tmp --nodelist=node1 --output="$IMAGES/out/job.out" --container="$IMAGES/bundle" "$IMAGES/out/job.sh"
		echo "${text:0:50}: $status $output $(cat "$IMAGES/out/job.out")"
	done
	nodes_usable
	eventually eval '[ "$(as alice srun --quiet -w node1 --container="$IMAGES/bundle" echo fine)" = fine ]'
}

@test "another user's images, names and folder are out of reach" {
	as bob srun --quiet -w node1 --container="$IMAGES/bundle" --container-name=secret:global sh -c 'echo bobs >/bobs'
	[ "$(stat -c '%U %a' "$B")" = 'bob 700' ]
	run as alice ls "$B"
	[ "$status" != 0 ]
	run as alice srun --quiet -w node1 --container-name=secret:global cat /bobs
	[[ $status != 0 && $output = *"no container named secret"* ]]
	for path in "$LAB_STATE/containers/$(id -u bob)/named/global/secret/upper" "$LAB_STATE/containers/$(id -u bob)"; do
		run as alice srun --quiet -w node1 --container="$path" cat /bobs
		[[ $status != 0 && $output = *"Permission denied"* ]]
		run as alice srun --quiet -w node1 --container="$IMAGES/bundle" --container-mounts="$path:/b" cat /b/bobs
		[[ $status != 0 && $output = *"Permission denied"* ]]
	done
}

@test "a folder of one's own that leads elsewhere: nothing is made or removed there" {
	install -d -o bob -m 755 "$IMAGES/bobs" && echo keep >"$IMAGES/bobs/keep"
	as alice srun --quiet -w node1 --container="$IMAGES/bundle" true
	for name in steps named images; do
		as alice mv "$A/$name" "$A/$name.old" || :
		as alice ln -s "$IMAGES/bobs" "$A/$name"
	done
	run as alice srun --quiet -w node1 --container="$IMAGES/bundle" --container-name=x --container-save=/tmp/x.sqsh true
	echo "$output"
	[ "$status" != 0 ]
	as alice srun --quiet -w node1 true
	"$LAB" restart slurmd-node1
	eventually eval '[ "$(as alice srun --quiet -w node1 echo fine)" = fine ]'
	for name in steps named images; do
		as alice rm "$A/$name"
		as alice mv "$A/$name.old" "$A/$name" || :
	done
	[ "$(ls "$IMAGES/bobs")" = keep ]
	nodes_usable
}

@test "another user's namespace can't be joined, whatever is written about it" {
	rm -f "$IMAGES/out/up"
	job=$(as bob sbatch --parsable --chdir=/tmp --output=/dev/null --nodelist=node1 --container="$IMAGES/bundle" --container-name=theirs \
		--container-mounts="$IMAGES/out" --wrap "echo \$(readlink /proc/self/ns/mnt) \$(readlink /proc/self/ns/user) >$IMAGES/out/up; sleep 300")
	eventually test -s "$IMAGES/out/up"
	theirs=$(grep -o '[0-9]*' "$IMAGES/out/up" | tr '\n' ' ')
	as alice srun --quiet -w node1 --container="$IMAGES/bundle" --container-name=mine:global true
	echo "$theirs" >"$A/named/global/mine/running"
	run as alice srun --quiet -w node1 --container-name=mine:global:exec true
	echo "$output"
	[[ $status != 0 && $output = *"no container named mine runs on this node"* ]]
	run -0 as alice srun --quiet -w node1 --container-name=mine:global readlink /proc/self/ns/mnt
	[[ $theirs != *"$(grep -o '[0-9]*' <<<"$output")"* ]]
}

@test "a fork bomb of container steps ends with the job" {
	cat >"$IMAGES/out/many.sh" <<-END
	#!/bin/sh
	for i in \$(seq 20); do srun --quiet --overlap -n1 --container=$IMAGES/bundle sh -c 'sleep 300 & sleep 300' & done
	wait
	END
	chmod 755 "$IMAGES/out/many.sh"
	job=$(as alice sbatch --parsable --chdir=/tmp --output=/dev/null --nodelist=node1 "$IMAGES/out/many.sh")
	eventually eval '[ "$(lab_pgrep -u alice -x sleep | wc -l)" -gt 10 ]'
	as alice scancel "$job"
	eventually no_jobs
	eventually eval '! lab_pgrep -u alice -x sleep'
	nodes_usable
}

@test "values of options are in no command line on the node" {
	rm -f "$IMAGES/out/up"
	job=$(as alice env SLURM_KUBE_CONTAINER_ENV=TOKEN=do-not-tell sbatch --parsable --chdir=/tmp --output=/dev/null --nodelist=node1 --container="$IMAGES/bundle" \
		--container-save="$IMAGES/out/saved.sqsh" --container-mounts="$IMAGES/out" --wrap "echo \$TOKEN >$IMAGES/out/up; sleep 300")
	eventually grep -x do-not-tell "$IMAGES/out/up"
	# The keeper has the holder's command line.
	lab_pgrep -u alice slurm-kube-hold
	! lab_pgrep -f do-not-tel[l]
}
