# SPDX-License-Identifier: GPL-2.0-or-later
# Steps under other arguments of the plugin, in the suite's own lab: each step reads plugstack.conf anew.
# shellcheck shell=bash

# site ARGUMENT...: added to those of the lab, until site_restore
site() {
	local conf=$LAB_STATE/etc/plugstack.conf
	[ -e "$conf.lab" ] || cp "$conf" "$conf.lab"
	sed "s#\$# $*#" "$conf.lab" >"$conf.new"
	mv "$conf.new" "$conf"
}

site_restore() {
	local conf=$LAB_STATE/etc/plugstack.conf
	[ ! -e "$conf.lab" ] || mv "$conf.lab" "$conf"
}

# What a step may not leave: processes in user namespaces of their own, processes of ours, mounts, folders.
nothing_left() {
	local own process
	own=$(readlink /proc/self/ns/user)
	for process in $(lab_pgrep -u alice,bob); do
		[ "$(readlink "/proc/$process/ns/user")" = "$own" ] || { tr '\0' ' ' <"/proc/$process/cmdline"; return 1; }
	done
	! lab_pgrep -f slurm-kube-holder || return 1
	! lab_pgrep -f slurm-kube/enter || return 1
	! grep slurm-kube /proc/self/mounts || return 1
	[ -z "$(find "$LAB_STATE"/containers*/*/steps -mindepth 1 2>/dev/null)" ] || { find "$LAB_STATE"/containers*/*/steps; return 1; }
}
