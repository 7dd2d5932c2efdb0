# SPDX-License-Identifier: GPL-2.0-or-later
# A block of free ports for this lab, in STATE/ports. Sourced by lab.
# shellcheck shell=bash

# Labs that have taken ports on this machine: a file per block, named by its first port, that holds the state folder.
PORT_REGISTRY=/run/slurm-kube-lab
PORT_BLOCK=100

# One lab at a time: what is chosen so that it differs from other labs', and what useradd can't do twice at once.
registry_lock() {
	mkdir -p "$PORT_REGISTRY"
	exec 8>"$PORT_REGISTRY/lock"
	flock 8
}

registry_unlock() {
	exec 8>&-
}

# ports_take [RUNNING]: take a block, and set PORT_BASE: the one of last time if it is still free, or if the lab is
# running and has it. Blocks lie below the ephemeral ports. To be called with the registry locked.
ports_take() {
	local running=${1:-} want=$((20 + 2 * NODES + PORT_BLOCK - 1)) blocks base i
	blocks=$((want / PORT_BLOCK))
	[ $blocks -le 30 ] || die "--nodes=$NODES: too many for the ports of one machine"
	base=$(sed -n 's/^PORT_BASE=//p' "$STATE/ports" 2>/dev/null || :)
	if [ -z "$running" ] && { [ -z "$base" ] || ! ports_free "$base" $blocks; }; then
		for ((base = 20000; base < 32000; base += PORT_BLOCK)); do
			ports_free $base $blocks && break
		done
		[ $base -lt 32000 ] || die "no $blocks blocks of $PORT_BLOCK free ports between 20000 and 32000"
	fi
	for ((i = 0; i < blocks; i++)); do
		echo "$STATE" >$PORT_REGISTRY/$((base + i * PORT_BLOCK))
	done
	PORT_BASE=$base
	ports_assign
	ports_list >"$STATE/ports"
}

# ports_free BASE BLOCKS: no other lab has them, and nothing listens on them
ports_free() {
	local base=$1 blocks=$2 i holder
	for ((i = 0; i < blocks; i++)); do
		holder=$(cat $PORT_REGISTRY/$((base + i * PORT_BLOCK)) 2>/dev/null || :)
		[ -z "$holder" ] || [ "$holder" = "$STATE" ] || [ ! -e "$holder/settings" ] || return 1
	done
	ss -Htuan | awk -v from="$base" -v to=$((base + blocks * PORT_BLOCK)) '
		{ n = split($5, part, ":"); if (part[n] + 0 >= from && part[n] + 0 < to) found = 1 }
		END { exit found }'
}

ports_release() {
	local f
	for f in "$PORT_REGISTRY"/[0-9]*; do
		[ "$(cat "$f" 2>/dev/null)" = "$STATE" ] && rm -f "$f"
	done
	return 0
}

# Labs that run on this machine, other than this one.
other_labs() {
	local holder
	cat $PORT_REGISTRY/[0-9]* 2>/dev/null | sort -u | while read -r holder; do
		[ "$holder" = "$STATE" ] || [ ! -e "$holder/settings" ] || echo "$holder"
	done
}

# Which port is whose. A cluster's nodes have consecutive ones.
ports_assign() {
	PORT_ETCD=$PORT_BASE
	PORT_ETCD_PEER=$((PORT_BASE + 1))
	PORT_APISERVER=$((PORT_BASE + 2))
	PORT_SLURMDBD=$((PORT_BASE + 3))
	PORT_SLURMCTLD_1=$((PORT_BASE + 4))
	PORT_SLURMCTLD_2=$((PORT_BASE + 5))
	PORT_AGENT_1=$((PORT_BASE + 6))
	PORT_AGENT_2=$((PORT_BASE + 7))
	PORT_REGISTRY_HTTP=$((PORT_BASE + 8))
	PORT_FAULT_PROXY=$((PORT_BASE + 9))
	PORT_STANDBY=$((PORT_BASE + 10))
	PORT_KUBELET_1=$((PORT_BASE + 11))
	PORT_KUBELET_2=$((PORT_BASE + 12))
	# Tests may use the next seven as they like.
	PORT_SPARE=$((PORT_BASE + 13))
	PORT_NODES_1=$((PORT_BASE + 20))
	PORT_NODES_2=$((PORT_BASE + 20 + NODES))
}

ports_list() {
	local name
	for name in ${!PORT_@}; do
		case $name in
		PORT_REGISTRY|PORT_BLOCK) ;;
		*) echo "$name=${!name}" ;;
		esac
	done
}
