#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing of a container outlives its step, whatever is killed.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES STATE
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	mksquashfs "$IMAGES/bundle/rootfs" "$IMAGES/image.sqsh" -quiet -no-progress -all-root
	install -d "$IMAGES/out"
	chown -R alice: "$IMAGES"
	STATE=$LAB_STATE/containers-node1/$(id -u alice)
}

teardown_file() {
	quiet_slurm
	rm -rf "$IMAGES"
}

teardown() {
	quiet_slurm
}

# begin COMMAND [SBATCH-ARGUMENT...]: a batch job on node1 that runs the command; sets $job once it has written out/up
begin() {
	rm -f "$IMAGES/out/up"
	job=$(as alice sbatch --parsable --no-requeue --chdir=/tmp --output="$IMAGES/out/$BATS_TEST_NUMBER" --nodelist=node1 "${@:2}" --wrap "$1")
	eventually test -e "$IMAGES/out/up"
}

# Processes of alice's in containers; those of other tests end at their own end.
container_processes() {
	"$(. "$LAB_STATE/settings" && echo "$PREFIX")/bin/kube-container" steps | awk -v job="$job." 'index($1, job) == 1'
}

nothing_left() {
	container_processes
	[ -z "$(container_processes)" ]
	find "$STATE/steps" "$STATE/named/job-$job" -mindepth 1 -maxdepth 1
	[ -z "$(find "$STATE/steps" -mindepth 1)" ] && [ ! -e "$STATE/named/job-$job" ]
	! lab_pgrep -u alice squashfuse
}

nodes_usable() {
	sinfo -h -N -o '%N %t %E'
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down|fail|inval')" ]
}

stepd() {
	lab_pgrep -f "slurmstepd: \[$job\.$1\]"
}

@test "a FUSE server and a keeper end with the step, at once" {
	local image=$IMAGES/image.sqsh began ended
	as alice srun --quiet -w node1 --container="$image" true
	began=${EPOCHREALTIME/./}
	run -0 as alice srun --quiet -w node1 --container="$image" cat /etc/os-release
	ended=${EPOCHREALTIME/./}
	[[ $output = *"slurm-kube test image"* ]]
	echo "$(((ended - began) / 1000)) ms"
	! lab_pgrep -u alice squashfuse
	! lab_pgrep -u alice slurm-kube-hold
}

@test "scancel of a job with a FUSE server, a keeper and a name" {
	begin "srun --container=$IMAGES/image.sqsh --container-name=n --container-save=$IMAGES/out/s.sqsh --container-mounts=$IMAGES/out sh -c 'touch $IMAGES/out/up; sleep 300'"
	[ -n "$(container_processes)" ]
	as alice scancel "$job"
	eventually no_jobs
	eventually nothing_left
	nodes_usable
}

@test "the holder is killed while others wait for it, and the keeper and the FUSE server while tasks run" {
	begin "srun -n2 --overcommit --container=$IMAGES/image.sqsh --container-save=$IMAGES/out/s.sqsh --container-mounts=$IMAGES/out sh -c 'touch $IMAGES/out/up; sleep 300'"
	lab_pgrep -u alice slurm-kube-hold | xargs kill -KILL
	lab_pgrep -u alice squashfuse | xargs kill -KILL
	as alice scancel "$job"
	eventually no_jobs
	eventually nothing_left
	nodes_usable
}

@test "a keeper is killed: the step ends all the same" {
	begin "srun --container=$IMAGES/bundle --container-save=$IMAGES/out/k.sqsh --container-mounts=$IMAGES/out sh -c 'touch $IMAGES/out/up; while [ -e $IMAGES/out/up ]; do sleep 0.1; done'"
	lab_pgrep -u alice slurm-kube-hold | xargs kill -KILL
	rm "$IMAGES/out/up"
	eventually no_jobs
	[ ! -e "$IMAGES/out/k.sqsh" ]
	eventually nothing_left
}

@test "slurmstepd is killed: its tasks end, and the folders go with the job" {
	begin "srun --container=$IMAGES/image.sqsh --container-name=n --container-save=$IMAGES/out/s.sqsh --container-mounts=$IMAGES/out sh -c 'touch $IMAGES/out/up; sleep 300'"
	kill -KILL $(stepd 0)
	eventually eval '! lab_pgrep -u alice -x sleep'
	as alice scancel "$job"
	eventually no_jobs
	eventually nothing_left
	nodes_usable
}

@test "slurmd is killed: the step goes on, and leaves nothing" {
	begin "srun --container=$IMAGES/image.sqsh --container-name=n --container-mounts=$IMAGES/out sh -c 'touch $IMAGES/out/up; while [ -e $IMAGES/out/up ]; do sleep 0.1; done; echo whole'"
	"$LAB" kill slurmd-node1
	"$LAB" up slurmd-node1
	rm "$IMAGES/out/up"
	eventually no_jobs
	grep -x whole "$IMAGES/out/$BATS_TEST_NUMBER"
	eventually nothing_left
	nodes_usable
}

@test "what a crash of the node has left is swept away when slurmd starts, and when a job begins" {
	local who
	for who in start job; do
		as alice mkdir -p "$STATE/steps/4000000.0/upper/work" "$STATE/named/job-4000000/x/work/work" "$STATE/images/.locks" "$STATE/images/.partial-crash/rootfs"
		as alice touch "$STATE/steps/4000000.0/lock"
		chmod 0 "$STATE/named/job-4000000/x/work/work"
		if [ $who = start ]; then
			"$LAB" restart slurmd-node1
		else
			as alice srun --quiet -w node1 true
		fi
		eventually eval '[ ! -e "$STATE/steps/4000000.0" ] && [ ! -e "$STATE/named/job-4000000" ] && [ ! -e "$STATE/images/.partial-crash" ]'
	done
}

@test "a sweep leaves alone what runs" {
	begin "srun --container=$IMAGES/bundle --container-name=n --container-save=$IMAGES/out/a.sqsh --container-mounts=$IMAGES/out sh -c 'touch $IMAGES/out/up; while [ -e $IMAGES/out/up ]; do sleep 0.1; done; echo x >/x && cat /x'"
	as alice env SLURM_CONF="$SLURM_CONF" "$(. "$LAB_STATE/settings" && echo "$PREFIX")/bin/kube-container" sweep --state="$STATE"
	[ -d "$STATE/named/job-$job/n" ] && [ -d "$STATE/steps/$job.0" ]
	rm "$IMAGES/out/up"
	eventually no_jobs
	grep -x x "$IMAGES/out/$BATS_TEST_NUMBER"
	[ -s "$IMAGES/out/a.sqsh" ]
	eventually nothing_left
}
