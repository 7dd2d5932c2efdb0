# SPDX-License-Identifier: GPL-2.0-or-later
# Small images for the tests, made of Debian's busybox-static.
# shellcheck shell=bash

# image_root FOLDER: a root file system
image_root() {
	local applet
	mkdir -p "$1/bin" "$1/etc" "$1/work"
	cp /bin/busybox "$1/bin/"
	for applet in $("$1/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
	done
	echo 'NAME="slurm-kube test image"' >"$1/etc/os-release"
	printf 'root:x:0:0:root:/root:/bin/sh\nslurm:x:%s:64030::/:/bin/false\n' "$(id -u slurm)" >"$1/etc/passwd"
	printf 'root:x:0:\n' >"$1/etc/group"
}

# image_bundle FOLDER [JQ-FILTER]: an OCI bundle of it, its config.json changed by the filter
image_bundle() {
	[ -d "$1/rootfs" ] || image_root "$1/rootfs"
	jq "${2:-.}" >"$1/config.json" <<-'END'
	{
		"ociVersion": "1.0.2",
		"root": { "path": "rootfs" },
		"process": {
			"user": { "uid": 0, "gid": 0 },
			"args": [ "sh" ],
			"cwd": "/work",
			"env": [ "PATH=/bin:/usr/bin", "HOME=/root", "FROM_IMAGE=yes", "SLURM_JOB_ID=0", "EDITOR=image" ]
		},
		"mounts": [
			{ "destination": "/proc", "type": "proc", "source": "proc" },
			{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": [ "nosuid", "strictatime", "mode=755" ] },
			{ "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": [ "newinstance", "gid=5" ] },
			{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [ "size=65536k" ] },
			{ "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [ "ro" ] }
		]
	}
	END
}

# image_with_slurm FOLDER: a bundle in which Slurm's commands work, borrowed from the host
image_with_slurm() {
	# With slurm.conf, munge's socket and the plugins, wherever the lab has them.
	local prefix
	prefix=$(. "$LAB_STATE/settings" && echo "$PREFIX")
	image_bundle "$1" '.mounts += ([ "/usr", "/lib", "/lib64", "/etc/alternatives", env.LAB_STATE, "'"$prefix"'" ]
		| map({ destination: ., type: "bind", source: ., options: [ "rbind", "ro" ] }))'
}
