#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# MPI programs whose MPI library is in the image, and the shared memory of a node's tasks.
load helpers
load images
load site
bats_require_minimum_version 1.5.0

setup_file() {
	local mpi
	export IMAGES
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	for mpi in openmpi mpich; do
		"mpicc.$mpi" -rdynamic -o "$IMAGES/ring-$mpi" "$TOP/testsuite/mpi/ring.c"
	done
	gcc -static -o "$IMAGES/cma" "$TOP/testsuite/mpi/cma.c"
	image_bundle "$IMAGES/bundle"
	image_add_mpi "$IMAGES/bundle/rootfs" "$IMAGES/ring-openmpi" "$IMAGES/ring-mpich" "$IMAGES/cma"
	site_restore
}

teardown_file() {
	quiet_slurm
	rm -rf "$IMAGES"
}

teardown() {
	site_restore
	rm -f /dev/shm/slurm-kube-cma.*
}

# ring MPI-TYPE PROGRAM: on 2 nodes, 4 tasks each: all ranks know each other, those of a node share a mount namespace which
# isn't the node's own, and the large message was copied straight from task to task
ring() {
	run -0 as alice timeout 60 srun --quiet --mpi="$1" -N2 --ntasks-per-node=4 --container="$IMAGES/bundle" "$2"
	echo "$output"
	[ "$(grep -cE '^rank [0-7] of 8 on node.* in [0-9]+: sum 28, message whole, copied [0-9]+$' <<<"$output")" = 8 ]
	[ "$(awk '{ print $2 }' <<<"$output" | sort -u | wc -l)" = 8 ]
	[ "$(awk '{ print $6, $8 }' <<<"$output" | sort -u | wc -l)" = 2 ]
	[ "$(awk '{ print $6 }' <<<"$output" | sort | uniq -c | awk '{ print $1 }')" = $'4\n4' ]
	[ "$(awk '$NF >= 4194304 { n++ } END { print n }' <<<"$output")" = 8 ]
}

# mpich: UCX takes the lab's nodes, which are one machine, for one node, but they share no user namespace.
mpich_ring() {
	UCX_TLS=posix,cma,self UCX_POSIX_USE_PROC_LINK=n ring pmi2 ring-mpich
}

@test "Open MPI by PMIx, 2 nodes with 4 tasks each" {
	ring pmix ring-openmpi
}

@test "MPICH by PMI2, 2 nodes with 4 tasks each" {
	mpich_ring
}

@test "both, in containers that crun makes" {
	command -v crun >/dev/null || skip "there is no crun here"
	site "runtime=/usr/bin/crun,--cgroup-manager=disabled"
	ring pmix ring-openmpi
	mpich_ring
}

# On the same node, so that all of them see each other's processes.
cma() {
	local user=$1
	shift
	as "$user" srun --quiet -w "$node" "$@" "$HELD"
}

@test "a task reads another's memory in its container; other steps and other users don't" {
	node=$("$LAB" nodes | head -n1)
	HELD=/dev/shm/slurm-kube-cma.$$
	bundle=--container=$IMAGES/bundle
	run -0 cma alice -n2 --overcommit "$bundle" cma both
	[ "$output" = "somebody else's memory" ]
	[ ! -e "$HELD" ]
	cma alice -n1 "$bundle" cma hold &
	holder=$!
	run -1 cma alice -n1 "$bundle" cma read
	[[ $output = *'Operation not permitted'* ]]
	run -1 cma bob -n1 "$bundle" cma read
	[[ $output = *'Operation not permitted'* ]]
	run -1 cma bob -n1 "$IMAGES/cma" read
	[[ $output = *'Operation not permitted'* ]]
	# The user's own processes on the host do, as a debugger does.
	run -0 cma alice -n1 "$IMAGES/cma" read
	[ "$output" = "somebody else's memory" ]
	rm "$HELD"
	wait "$holder"
}

@test "steps that join one named container read each other's memory" {
	node=$("$LAB" nodes | head -n1)
	HELD=/dev/shm/slurm-kube-cma.$$
	run -0 as alice salloc --quiet -w "$node" sh -c "srun --overlap -n1 --container=$IMAGES/bundle --container-name=cma cma hold $HELD &
		while [ ! -e $HELD ] && kill -0 \$!; do sleep 0.1; done
		srun --overlap -n1 --container-name=cma:exec cma read $HELD; rm $HELD; wait"
	[ "$output" = "somebody else's memory" ]
}
