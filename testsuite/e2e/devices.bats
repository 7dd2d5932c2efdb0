#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices by CDI files. There is no GPU here: the files describe pretend ones, ordinary device nodes that every machine
# has, and the lab's nodes have these as gres/gpu, with cgroups that constrain devices.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES SITE CDI
	SITE=$LAB_STATE-dev
	"$LAB" start --state="$SITE" --nodes=1 --no-kube --no-agent --cgroup --gpus --prefix="$(dirname "$(dirname "$(dirname "$(plugin)")")")"
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	image_root "$IMAGES/plain"
	CDI=$IMAGES/cdi
	mkdir -p "$CDI/etc" "$CDI/run" "$IMAGES/driver"
	echo 'the driver of the node' >"$IMAGES/driver/lib"
	pretend_gpus >"$CDI/etc/pretend.yaml"
	pretend_fpga >"$CDI/etc/fpga.json"
}

teardown_file() {
	"$LAB" stop --purge --state="$SITE" || :
	rm -rf "$IMAGES"
}

plugin() {
	awk '/spank_kube.so/ { print $2 }' "$LAB_STATE/etc/plugstack.conf"
}

setup() {
	eval "$("$LAB" env --state="$SITE")"
	site "cdi=$CDI/etc:$CDI/run"
	rm -f "$CDI"/run/*
}

# site ARGUMENT...: of the plugin; each step reads them anew
site() {
	echo "required $(plugin) doorbell=unix:$SITE/run/doorbell state=$SITE/containers $*" >"$SITE/etc/plugstack.conf"
}

in_bundle() {
	as alice srun --quiet --container="$IMAGES/bundle" "$@"
}

# with DEVICES COMMAND...
with() {
	local devices=$1
	shift
	SLURM_KUBE_CONTAINER_DEVICE=$devices in_bundle "$@"
}

pretend_gpus() {
	cat <<-END
	cdiVersion: "0.6.0"
	kind: pretend.example/gpu
	annotations: {note: nothing}
	containerEdits:
	  env: [PRETEND_DRIVER=loaded, "PRETEND_GPUS=listed"]
	  mounts:
	  - {hostPath: $IMAGES/driver/lib, containerPath: /usr/lib/pretend/libpretend.so, options: [ro, nosuid, bind]}
	devices:
	- name: "0"
	  containerEdits:
	    env: [PRETEND_GPU_0=yes]
	    deviceNodes: [{path: /pretend/gpu0, hostPath: $SITE/dev/gpu0, permissions: rw}]
	- name: "1"
	  containerEdits:
	    env: [PRETEND_GPU_1=yes]
	    deviceNodes: [{path: /pretend/gpu1, hostPath: $SITE/dev/gpu1}]
	END
}

pretend_fpga() {
	jq . <<-END
	{ "cdiVersion": "0.5.0", "kind": "pretend.example/fpga", "devices": [
		{ "name": "zero", "containerEdits": { "deviceNodes": [ { "path": "/dev/zero" } ], "env": [ "FPGA=zero" ] } },
		{ "name": "gone", "containerEdits": { "deviceNodes": [ { "path": "/dev/pretend-gone" } ] } },
		{ "name": "file", "containerEdits": { "deviceNodes": [ { "path": "/etc/hosts" } ] } },
		{ "name": "renamed", "containerEdits": { "deviceNodes": [ { "path": "/dev/pretend-new", "hostPath": "/dev/zero" }, { "path": "/dev/pretend/1", "hostPath": "/dev/full" } ] } },
		{ "name": "groups", "containerEdits": { "additionalGids": [ 0, 4242 ] } },
		{ "name": "net", "containerEdits": { "netDevices": [ { "hostInterfaceName": "lo", "name": "eth0" } ] } } ] }
	END
}

@test "a device brings its node, the file's mounts and environment" {
	run -0 with pretend.example/gpu=0 sh -c 'cat /usr/lib/pretend/libpretend.so; ls -l /pretend; env | grep -E "PRETEND|FPGA" | sort'
	[[ $output == "the driver of the node"* ]]
	[[ $output == *"1,"*"7 "*gpu0* ]]
	[[ $output != *gpu1* ]]
	[[ $output == *$'PRETEND_DRIVER=loaded\nPRETEND_GPUS=listed\nPRETEND_GPU_0=yes' ]]
}

@test "devices of several kinds, JSON and YAML, at once" {
	run -0 with pretend.example/fpga=zero,pretend.example/gpu=1 \
		sh -c 'env | grep -E "PRETEND|FPGA" | sort; head -c1 /dev/zero | wc -c'
	[ "$output" = $'FPGA=zero\nPRETEND_DRIVER=loaded\nPRETEND_GPUS=listed\nPRETEND_GPU_1=yes\n1' ]
}

@test "all stands for each device of a kind, in a root file system folder, too" {
	run -0 with pretend.example/gpu=all --container="$IMAGES/plain" sh -c 'ls /pretend; echo $PRETEND_GPU_0 $PRETEND_GPU_1'
	[ "$output" = $'gpu0\ngpu1\nyes yes' ]
}

@test "the later folder's device counts" {
	jq . >"$CDI/run/pretend.json" <<-END
	{ "cdiVersion": "0.3.0", "kind": "pretend.example/gpu", "devices": [ { "name": "0", "containerEdits": { "env": [ "FROM=run" ] } } ] }
	END
	run -0 with pretend.example/gpu=0 sh -c 'echo $FROM $PRETEND_GPU_0; ls -d /pretend || :'
	[[ $output == run$'\n'* ]]
	run -0 with pretend.example/gpu=1 sh -c 'echo $PRETEND_GPU_1'
	[ "$output" = yes ]
}

@test "an unknown device is refused, with the names that there are" {
	run ! with pretend.example/gpu=7 true
	[[ $output == *"container $IMAGES/bundle: "*"pretend.example/gpu=7 is not known"*pretend.example/fpga=zero*pretend.example/gpu=0* ]]
	run ! with other.example/gpu=all true
	[[ $output == *"other.example/gpu=all is not known"* ]]
	run ! with 'pretend.example/gpu' true
	[[ $output == *"is no CDI device"* ]]
}

@test "a device whose node is not there, or is none, is refused" {
	run ! with pretend.example/fpga=gone true
	[[ $output == *"/dev/pretend-gone"*"No such file"* ]]
	run ! with pretend.example/fpga=file true
	[[ $output == *"/etc/hosts is not a device node"* ]]
	run ! with pretend.example/fpga=net true
	[[ $output == *"network devices"* ]]
}

@test "a device may have a new name in /dev, beside all that the host has there" {
	run -0 with pretend.example/fpga=renamed,pretend.example/gpu=0 sh -c '
		head -c3 /dev/pretend-new | wc -c; ls -ld /dev/pretend-new /dev/pretend/1; echo x >/dev/null; readlink /dev/fd; ls /dev/fd/0
		touch /dev/shm/slurm-kube-new && rm /dev/shm/slurm-kube-new && echo shm
		[ -e /dev/pts/ptmx ] && echo pts; ls /pretend'
	[ "${lines[0]}" = 3 ]
	[[ ${lines[1]} == c*"1,"*"5 "* ]]
	[[ ${lines[2]} == c*"1,"*"7 "* ]]
	[[ $output == */proc/self/fd*shm*pts*gpu0 ]]
	[ ! -e /dev/pretend-new ]
	diff <(with pretend.example/fpga=renamed ls /dev | grep -v '^pretend') <(as alice srun --quiet ls /dev)
}

@test "a group that the user is not in is told, and passed over" {
	run -0 with pretend.example/fpga=groups sh -c 'echo ran'
	[[ $output == *"group 4242"* ]]
	[[ $output == *ran* ]]
}

@test "a file that can't be used spoils no other device, and is told to who misses one" {
	printf 'cdiVersion: "0.6.0"\nkind: [\n' >"$CDI/run/broken.yaml"
	run -0 with pretend.example/gpu=0 true
	run ! with pretend.example/gpu=7 true
	[[ $output == *"run/broken.yaml:"* ]]
}

@test "the same device in two files of a folder is refused" {
	cp "$CDI/etc/pretend.yaml" "$CDI/run/a.yaml"
	cp "$CDI/etc/pretend.yaml" "$CDI/run/b.yaml"
	run ! with pretend.example/gpu=0 true
	[[ $output == *"described twice"*"run/b.yaml"* ]]
}

@test "a step gets exactly the GPUs that Slurm gave it" {
	run -0 in_bundle --gres=gpu:1 sh -c 'echo $SLURM_STEP_GPUS; ls /pretend; env | grep PRETEND_GPU_'
	[ "$output" = $'0\ngpu0\nPRETEND_GPU_0=yes' ]
	run -0 in_bundle --gres=gpu:2 ls /pretend
	[ "$output" = $'gpu0\ngpu1' ]
	run -0 in_bundle sh -c 'ls -d /pretend; env | grep PRETEND' || :
	[[ $output != *PRETEND* ]]
}

@test "the batch script has the job's GPUs, a step of it only its own" {
	cat >"$IMAGES/job.sh" <<-END
	#!/bin/sh
	echo script \$SLURM_JOB_GPUS \$PRETEND_GPU_0 \$PRETEND_GPU_1
	END
	chmod 755 "$IMAGES/job.sh"
	touch "$IMAGES/job.out"
	chown alice "$IMAGES/job.out"
	as alice sbatch --wait --chdir=/tmp --output="$IMAGES/job.out" --gres=gpu:2 --container="$IMAGES/bundle" "$IMAGES/job.sh"
	[ "$(cat "$IMAGES/job.out")" = 'script 0,1 yes yes' ]
	cat >"$IMAGES/job.sh" <<-END
	#!/bin/sh
	srun --quiet --exact -n1 --gres=gpu:1 --container=$IMAGES/bundle sh -c 'ls /pretend'
	srun --quiet --exact -n1 --gres=none --container=$IMAGES/bundle sh -c 'echo \$SLURM_JOB_GPUS; ls -d /pretend || echo none'
	END
	as alice sbatch --wait --chdir=/tmp --output="$IMAGES/job.out" --gres=gpu:2 "$IMAGES/job.sh"
	[ "$(grep -v "^ls:" "$IMAGES/job.out")" = $'gpu0\n0,1\nnone' ]
}

@test "a GPU that Slurm didn't give stays forbidden, whatever was asked for" {
	run -0 with pretend.example/gpu=1 --gres=gpu:1 sh -c 'cat /pretend/gpu0 | head -c1 | wc -c; cat /pretend/gpu1 | head -c1 | wc -c'
	[[ $output == *"can't open '/pretend/gpu1': Operation not permitted"* ]]
	[ "$(grep -c '^1$' <<<"$output")" = 1 ]
}

@test "gpu= names the kind, none turns it off" {
	cp "$CDI/etc/pretend.yaml" "$CDI/run/other.yaml"
	sed -i 's/pretend.example/other.example/; s/PRETEND_GPU_/OTHER_GPU_/' "$CDI/run/other.yaml"
	# Two kinds of GPUs, and nobody says which one it is.
	run -0 in_bundle --gres=gpu:1 sh -c 'env | grep -E "(PRETEND|OTHER)_GPU_" || echo none'
	[ "$output" = none ]
	site "cdi=$CDI/etc:$CDI/run gpu=other.example/gpu"
	run -0 in_bundle --gres=gpu:1 sh -c 'env | grep -E "(PRETEND|OTHER)_GPU_"'
	[ "$output" = OTHER_GPU_0=yes ]
	site "cdi=$CDI/etc:$CDI/run gpu=missing.example/gpu"
	run ! in_bundle --gres=gpu:1 true
	[[ $output == *"the GPUs that Slurm gave to the step: device missing.example/gpu=0 is not known"* ]]
	site "cdi=$CDI/etc gpu=none"
	run -0 in_bundle --gres=gpu:1 sh -c 'env | grep PRETEND_GPU_ || echo none'
	[ "$output" = none ]
}
