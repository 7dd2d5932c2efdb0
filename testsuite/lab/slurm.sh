# SPDX-License-Identifier: GPL-2.0-or-later
# slurmctld and the slurmds. Sourced by lab.
# The first cluster is "lab" with the nodes node1, node2 ...; a second one is "lab2" with far1, far2 ...
# shellcheck shell=bash

clusters() {
	echo lab
	[ "$CLUSTERS" -lt 2 ] || echo lab2
}

# cluster_vars CLUSTER: where its things are
cluster_vars() {
	case $1 in
	lab) etc=$STATE/etc number=1 node=node$LETTER ;;
	lab2) etc=$STATE/etc/lab2 number=2 node=far$LETTER ;;
	esac
	suffix=${1#lab}
	local port=PORT_SLURMCTLD_$number nodes=PORT_NODES_$number
	ctld_port=${!port}
	node_ports=${!nodes}
}

# Ours first, then Slurm's own.
plugin_dirs() {
	local own=$PREFIX/lib/slurm system
	system=$(echo /usr/lib/*/slurm-wlm)
	[ -n "$PREFIX" ] && [ -d "$own" ] && echo "$own:$system" || echo "$system"
}

has_plugin() {
	[ -n "$PREFIX" ] && [ -e "$PREFIX/lib/slurm/$1.so" ]
}

slurm_conf() {
	local etc number node suffix ctld_port node_ports host
	cluster_vars "$1"
	host=$(hostname -s)
	cat <<-END
	ClusterName=$1
	SlurmctldHost=$host(127.0.0.1)
	SlurmctldPort=$ctld_port
	SlurmUser=slurm
	AuthType=auth/munge
	AuthInfo=socket=$STATE/run/munge/socket
	PluginDir=$(plugin_dirs)
	PlugStackConfig=$etc/plugstack.conf
	$(has_plugin job_submit_kube && echo JobSubmitPlugins=kube)

	StateSaveLocation=$STATE/spool/slurmctld$suffix
	SlurmdSpoolDir=$STATE/spool/%n
	# Where PMIx has a step's folder, which the nodes of one machine may not share.
	TmpFS=$STATE/tmp/%n
	SlurmctldPidFile=$STATE/run/slurmctld/slurmctld$suffix.pid
	SlurmdPidFile=$STATE/run/slurmctld/slurmd-%n.pid
	SlurmctldLogFile=$STATE/log/slurmctld$suffix.log
	SlurmdLogFile=$STATE/log/slurmd-%n.log
	MailProg=/bin/true

	# Quick answers, on one machine that plays several nodes.
	SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
	SlurmdParameters=config_overrides
	ReturnToService=2
	KillWait=2
	SlurmdTimeout=30
	MpiDefault=none
	SelectType=select/cons_tres
	SelectTypeParameters=CR_Core
	$(slurm_conf_tracking)
	$(slurm_conf_accounting)
	${GPUS:+GresTypes=gpu}

	NodeName=${node}[1-$NODES] NodeHostname=$host NodeAddr=127.0.0.1 Port=$(node_port_range) CPUs=8 Sockets=1 CoresPerSocket=8 ThreadsPerCore=1 RealMemory=4000 ${GPUS:+Gres=gpu:2} State=UNKNOWN
	PartitionName=debug Nodes=ALL Default=YES DefaultTime=60 MaxTime=INFINITE State=UP
	PartitionName=shared Nodes=ALL OverSubscribe=YES:4 DefaultTime=60 MaxTime=INFINITE State=UP
	PartitionName=short Nodes=ALL DefaultTime=5 MaxTime=10 State=UP
	END
	[ -z "$SLURM_CONF_EXTRA" ] || cat "$SLURM_CONF_EXTRA"
}

node_port_range() {
	[ "$NODES" = 1 ] && echo "$node_ports" || echo "[$node_ports-$((node_ports + NODES - 1))]"
}

slurm_conf_tracking() {
	if [ -n "$CGROUP" ]; then
		printf '%s\n' ProctrackType=proctrack/cgroup TaskPlugin=task/cgroup
	else
		printf '%s\n' ProctrackType=proctrack/linuxproc TaskPlugin=task/none
	fi
}

slurm_conf_accounting() {
	[ -n "$SLURMDBD" ] || return 0
	# slurmdbd's clients don't look at AuthInfo.
	cat <<-END
	AccountingStorageType=accounting_storage/slurmdbd
	AccountingStorageHost=127.0.0.1
	AccountingStoragePort=$PORT_SLURMDBD
	AccountingStoragePass=$STATE/run/munge/socket
	JobAcctGatherType=jobacct_gather/linux
	END
}

# slurm_configure CLUSTER: write its configuration files
slurm_configure() {
	local etc number node suffix ctld_port node_ports
	cluster_vars "$1"
	mkdir -p "$etc"
	slurm_conf "$1" >"$etc/slurm.conf"
	echo "Doorbell=unix:$STATE/run/doorbell$suffix" >"$etc/kube.conf"
	: >"$etc/plugstack.conf"
	if has_plugin spank_kube; then
		echo "required $PREFIX/lib/slurm/spank_kube.so doorbell=unix:$STATE/run/doorbell$suffix state=$STATE/containers slurm=$etc:$STATE/run/munge:$(plugin_dirs)${SPANK:+ $SPANK}" >"$etc/plugstack.conf"
	fi
	[ -z "$CGROUP" ] || cgroup_conf >"$etc/cgroup.conf"
	[ -z "$GPUS" ] || gpus_configure >"$etc/gres.conf"
	[ -z "$OCI" ] || oci_conf >"$etc/oci.conf"
}

# As Slurm's documentation has it.
oci_conf() {
	local crun="crun --rootless=true --cgroup-manager=disabled --root=/tmp/" name=%n.%u.%j.%s.%t
	cat <<-END
	RunTimeQuery="$crun state $name"
	RunTimeKill="$crun kill -a $name"
	RunTimeDelete="$crun delete --force $name"
	RunTimeRun="$crun run --bundle %b $name"
	END
	# crun refuses both versions of cgroups at once: as-a-node shows it one.
	: >"$STATE/only-cgroup2"
	[ -n "$CGROUP" ] || echo CgroupPlugin=cgroup/v1 >"$etc/cgroup.conf"
}

# Pretend GPUs: devices that exist everywhere, and that nobody misses who isn't allowed to open them.
gpus_configure() {
	mkdir -p "$STATE/dev"
	[ -e "$STATE/dev/gpu0" ] || mknod -m 0666 "$STATE/dev/gpu0" c 1 7
	[ -e "$STATE/dev/gpu1" ] || mknod -m 0666 "$STATE/dev/gpu1" c 1 8
	echo "Name=gpu File=$STATE/dev/gpu[0-1]"
}

cgroup_conf() {
	if [ -d /sys/fs/cgroup/freezer ]; then
		echo CgroupPlugin=cgroup/v1
	else
		# No unit of systemd's, so it couldn't say where its cgroup is.
		printf '%s\n' CgroupPlugin=cgroup/v2 IgnoreSystemd=yes
	fi
	printf '%s\n' CgroupMountpoint=/sys/fs/cgroup ConstrainCores=yes ConstrainRAMSpace=yes \
		${GPUS:+ConstrainDevices=yes}
}

# Slurm's cgroups are named after nodes, and every lab has a node1: with --cgroup beside another such lab, the nodes are
# nodeb1, nodeb2 ...
node_letter() {
	local letter
	LETTER=
	[ -n "$CGROUP" ] || return 0
	for letter in '' {b..z}; do
		LETTER=$letter
		letter_taken || return 0
	done
	die "there are too many other labs with --cgroup: $(other_labs | tr '\n' ' ')"
}

letter_taken() {
	local other
	for other in $(other_labs); do
		# shellcheck disable=SC1091
		(CGROUP='' && . "$other/settings" && echo "$CGROUP:$LETTER") 2>/dev/null
	done | grep -xF "1:$LETTER" >/dev/null
}

# slurmd leaves the folders of its cgroups.
cgroup_clean() {
	local cluster node
	[ -n "$CGROUP" ] || return 0
	for cluster in $(clusters); do
		for node in $(nodes "$cluster"); do
			find /sys/fs/cgroup -depth -type d -path "*/slurm_$node*" -exec rmdir {} + 2>/dev/null
		done
	done
	return 0
}

# A log that the daemon can write as user slurm.
slurm_log() {
	[ -e "$STATE/log/$1.log" ] || install -m 0644 -o slurm -g slurm /dev/null "$STATE/log/$1.log"
}

slurmctld_up() {
	local etc number node suffix ctld_port node_ports
	cluster_vars "$1"
	install -d -m 0700 -o slurm -g slurm "$STATE/spool/slurmctld$suffix"
	install -d -m 0755 -o slurm -g slurm "$STATE/run/slurmctld"
	slurm_log "slurmctld$suffix"
	spawn "slurmctld$suffix" SLURM_CONF="$etc/slurm.conf" slurmctld -D
	wait_for "slurmctld$suffix" "slurmctld answers" env SLURM_CONF="$etc/slurm.conf" scontrol ping
}

# slurmd_up NODE: start it, without waiting for its registration
slurmd_up() {
	local etc=$STATE/etc
	[ "${1#far}" = "$1" ] || etc=$STATE/etc/lab2
	mkdir -p "$STATE/spool/$1" "$STATE/containers" "$STATE/containers-$1"
	install -d "$STATE/tmp"
	install -d -m 1777 "$STATE/tmp/$1"
	[ -e "$STATE/fuse" ] || mknod -m 0666 "$STATE/fuse" c 10 229
	spawn "slurmd-$1" SLURM_CONF="$etc/slurm.conf" unshare --mount --uts --propagation=slave \
		"$HERE/as-a-node" "$STATE" "$1" slurmd -D -N "$1"
}

# slurmds_wait CLUSTER [NODE]: until its nodes can run jobs
slurmds_wait() {
	local etc number node suffix ctld_port node_ports
	cluster_vars "$1"
	wait_for "slurmctld$suffix" "node ${2:-"${node}[1-$NODES]"} registers (see also log/slurmd-*.log)" nodes_ready "$etc" "${2:-}"
}

nodes_ready() {
	local states
	states=$(SLURM_CONF=$1/slurm.conf sinfo -h -N -o '%N %t' ${2:+-n "$2"}) || return 1
	# Down, unknown, invalid, or (with an asterisk) not responding.
	! grep -qE ' (unk|down|inval)|\*$' <<<"$states"
}
