# SPDX-License-Identifier: GPL-2.0-or-later
# Starting, watching and ending processes. Sourced by lab.
#
# Each part of the lab is one daemon in the foreground in a session of its own. run/PART.pid holds its pid and start
# time, so that a pid which the kernel has given to somebody else since is never signalled. All of them, and so all
# that they start, are also in one cgroup (the cage), so that nothing they leave behind is missed.
# shellcheck shell=bash

# In the environment of all daemons, to know them by where there are no cgroups.
MARK=SLURM_KUBE_LAB

say() {
	echo "lab: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# start_time PID: in clock ticks since boot; 1 if there is no such process or it is a zombie
start_time() {
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	line=${line##*) }
	[ "${line:0:1}" != Z ] || return 1
	# shellcheck disable=SC2086
	set -- $line
	echo "${20}"
}

# pid_of PART: its pid, if it is alive
pid_of() {
	local pid started
	{ read -r pid started <"$STATE/run/$1.pid"; } 2>/dev/null || return 1
	[ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

alive() {
	pid_of "$1" >/dev/null
}

# spawn PART COMMAND...: start a daemon; its output is added to log/PART.out
spawn() {
	local part=$1 pid
	shift
	mkdir -p "$STATE/run" "$STATE/log"
	(
		exec </dev/null >>"$STATE/log/$part.out" 2>&1
		close_others
		cd /
		cage_enter
		exec setsid env -i PATH="$PATH" HOME=/ LANG=C.UTF-8 "$MARK=$STATE" "$@"
	) &
	pid=$!
	# The start time is the fork's: exec, also through setsid, env and setpriv, keeps pid and time.
	echo "$pid $(start_time $pid)" >"$STATE/run/$part.pid"
	disown "$pid"
}

# Close all but standard input and outputs: locks, and what a caller such as bats waits for.
close_others() {
	local fd
	for fd in /proc/"$BASHPID"/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
}

# log_of PART: of its log and what it wrote to its terminal, the one it wrote to last
log_of() {
	local log=$STATE/log/$1.log out=$STATE/log/$1.out
	[ -s "$log" ] && [ ! "$out" -nt "$log" ] && echo "$log" || echo "$out"
}

# wait_for PART WHAT COMMAND...: until the command succeeds, while the part is alive, within $LAB_TIMEOUT seconds
wait_for() {
	local part=$1 what=$2 deadline=$((SECONDS + LAB_TIMEOUT))
	shift 2
	until "$@" >/dev/null 2>&1; do
		alive "$part" || { failed "$part" "$part ended while waiting until $what"; return 1; }
		[ $SECONDS -lt $deadline ] || { failed "$part" "$what: not within $LAB_TIMEOUT s"; return 1; }
		sleep 0.05
	done
}

# failed PART TEXT: say so, with the end of the part's log
failed() {
	say "$2. The end of its log, $(log_of "$1"):"
	tail -n 15 "$(log_of "$1")" >&2 || :
	return 1
}

# signal_part PART SIGNAL
signal_part() {
	local pid
	pid=$(pid_of "$1") && kill "-$2" "$pid" 2>/dev/null
}

# end_parts SECONDS PART...: ask all of them to end, wait for that long, then kill what is left
end_parts() {
	local began part left deadline
	began=$(now_ms)
	deadline=$((began + $1 * 1000))
	shift
	for part in "$@"; do
		# Also one that a test has stopped with SIGSTOP.
		signal_part "$part" TERM && signal_part "$part" CONT
	done
	while left=; do
		for part in "$@"; do
			alive "$part" || continue
			left+=" $part"
			# The API server waits for its watches, which have no end.
			[ "$part" != apiserver ] || [ "$(now_ms)" -lt $((began + 1500)) ] || signal_part apiserver KILL
		done
		[ -n "$left" ] && [ "$(now_ms)" -lt $deadline ] || break
		sleep 0.05
	done
	for part in $left; do
		signal_part "$part" KILL
	done
	for part in "$@"; do
		while alive "$part"; do sleep 0.02; done
		rm -f "$STATE/run/$part.pid"
	done
}

now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# The cage: a cgroup v2 folder where there is one, else one of the v1 pids hierarchy, else nothing.
cage() {
	local base name
	name=slurm-kube-lab-$(cksum <<<"$STATE" | cut -d' ' -f1)
	for base in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/pids; do
		[ -f $base/cgroup.procs ] && [ -w $base/cgroup.procs ] && { echo "$base/$name"; return 0; }
	done
	return 1
}

cage_enter() {
	local folder
	folder=$(cage) && mkdir -p "$folder" && echo "$BASHPID" >"$folder/cgroup.procs" || :
}

# Pids of everything that belongs to this lab, but this script and those that called it. All of it is going to be
# killed, so nothing that is older than the lab is ever in this list.
lab_pids() {
	local folder since pid started
	since=$(cat "$STATE/run/since" 2>/dev/null) || return 0
	{
		folder=$(cage) && find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null
		marked_pids
	} | sort -un | grep -vxF "$(ancestors)" | while read -r pid; do
		started=$(start_time "$pid") && [ "$started" -ge "$since" ] && echo "$pid"
	done
}

# Remember when the lab was started first. What is recorded from before a reboot is of no more use.
note_since() {
	local boot
	boot=$(cat /proc/sys/kernel/random/boot_id)
	[ "$(cat "$STATE/run/boot" 2>/dev/null)" = "$boot" ] || rm -f "$STATE"/run/*.pid "$STATE/run/since"
	echo "$boot" >"$STATE/run/boot"
	[ -s "$STATE/run/since" ] || start_time $$ >"$STATE/run/since"
}

# The same where there are no cgroups, or Slurm has moved its own to others. Daemons have the mark. A slurmstepd has
# overwritten its environment with its title, but has its log open. Jobs have an environment of their own: SLURM_CONF
# tells, but it is also in the shells of those who use the lab, so together with what only a job of this cluster has.
marked_pids() {
	local file
	grep -lzFx "$MARK=$STATE" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
	grep -lx slurmstepd /proc/[0-9]*/comm 2>/dev/null | while read -r file; do
		[ -n "$(find "${file%/*}/fd" -lname "$STATE/log/slurmd-*" 2>/dev/null)" ] && cut -d/ -f3 <<<"$file"
	done
	grep -lz "^SLURM_CONF=$STATE/etc/" /proc/[0-9]*/environ 2>/dev/null | while read -r file; do
		grep -qzE '^SLURMD_NODENAME=(node|far)[b-z]?[0-9]+$' "$file" 2>/dev/null &&
			grep -qzE '^SLURM_CLUSTER_NAME=lab2?$' "$file" 2>/dev/null && cut -d/ -f3 <<<"$file"
	done
}

# This process and all above it.
ancestors() {
	local pid=$BASHPID
	while [ "${pid:-0}" -gt 0 ]; do
		echo "$pid"
		pid=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status" 2>/dev/null)
	done
}

# Kill all that is left, again and again until nothing is (something might be forking).
end_leftovers() {
	local pids i folder
	for i in {1..100}; do
		pids=$(lab_pids | tr '\n' ' ')
		[ -n "$pids" ] || break
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null || :
		sleep 0.05
	done
	if [ -n "$pids" ]; then
		say "these processes don't end: $pids"
		return 1
	fi
	if folder=$(cage); then
		find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || :
	fi
}

# Mounts below the state folder, innermost first.
lab_mounts() {
	awk -v state="$STATE/" 'index($5, state) == 1 { print $5 }' /proc/self/mountinfo | tac
}

end_mounts() {
	local m
	lab_mounts | while read -r m; do
		umount -l "$(printf %b "$m")" || :
	done
}
