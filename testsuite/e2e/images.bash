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

# image_layout FOLDER TAG [UMOCI-CONFIG-OPTION...]: an OCI layout with that image, of two layers
image_layout() {
	local layout=$1 tag=$2 root
	shift 2
	root=$(mktemp -d)
	image_root "$root/first"
	mkdir -p "$root/second"
	echo "$tag" >"$root/second/tag"
	[ -e "$layout/oci-layout" ] || umoci init --layout "$layout"
	umoci new --image "$layout:$tag"
	umoci insert --rootless --image "$layout:$tag" "$root/first" /
	umoci insert --rootless --image "$layout:$tag" "$root/second" /layer
	umoci config --image "$layout:$tag" --config.env PATH=/bin --config.env "FROM_IMAGE=$tag" --config.workingdir /work "$@"
	rm -rf "$root"
} >/dev/null

# image_push LAYOUT TAG NAME[:TAG]: into the lab's registry; prints the manifest's digest there
image_push() {
	skopeo copy --quiet --dest-tls-verify=false "oci:$1:$2" "docker://$REGISTRY/$3"
	skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/$3"
}

# image_sif SQUASHFS FILE [ARCHITECTURE-CODE [FILE-SYSTEM]]: a SIF file of it, with a definition file before it
image_sif() {
	perl -e '
		my ($squashfs, $file, $arch, $fs) = @ARGV;
		open(my $in, "<:raw", $squashfs) or die; local $/; my $data = <$in>;
		sub descriptor { my ($type, $id, $offset, $size, $extra) = @_;
			pack("l< C L< L< L< q< q< q< q< q< q< q< a128 a384", $type, 1, $id, 0xf0000001, 0, $offset, $size, $size, 0, 0, 0, 0, "", $extra) }
		my $start = 32768; my $data_at = 36864; my $def = "Bootstrap: scratch\n";
		my $header = pack("a32 a10 a3 a3 a16 q< q< q< q< q< q< q< q<", "#!/usr/bin/env run-singularity\n", "SIF_MAGIC", "01", $arch, "id", 0, 0, 46, 48, 4096, 48 * 585, $start, length($data) + 4096);
		my $table = descriptor(0x4001, 1, $start, length($def), "") . descriptor(0x4004, 2, $data_at, length($data), pack("l< l< a3", $fs, 2, $arch));
		open(my $out, ">:raw", $file) or die;
		print $out $header, "\0" x (4096 - length($header)), $table, "\0" x ($start - 4096 - length($table)), $def, "\0" x ($data_at - $start - length($def)), $data;
		close($out) or die;
	' "$1" "$2" "${3:-$(image_sif_architecture)}" "${4:-1}"
}

image_sif_architecture() {
	case $(uname -m) in
	x86_64) echo 02 ;;
	aarch64) echo 04 ;;
	*) echo 00 ;;
	esac
}

# image_locked_registry PORT FOLDER USER PASSWORD: a registry that asks for them; sets registry to its process id
image_locked_registry() {
	mkdir -p "$2"
	perl -e 'print "$ARGV[0]:" . crypt($ARGV[1], "\$2b\$05\$abcdefghijklmnopqrstuu") . "\n"' "$3" "$4" >"$2/htpasswd"
	cat >"$2/registry.yml" <<-END
	version: 0.1
	log: { level: error }
	storage: { filesystem: { rootdirectory: $2/data } }
	http: { addr: "127.0.0.1:$1" }
	auth: { htpasswd: { realm: lab, path: $2/htpasswd } }
	END
	docker-registry serve "$2/registry.yml" >"$2/log" 2>&1 3>&- &
	registry=$!
	eventually curl -s -o /dev/null "http://127.0.0.1:$1/v2/"
	as alice mkdir -p /home/alice/.config/containers/registries.conf.d
	printf '[[registry]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' "$1" |
		as alice tee /home/alice/.config/containers/registries.conf.d/locked.conf >/dev/null
}

# image_add_mpi ROOT PROGRAM...: the programs into its /bin, with the libraries they need and all of Open MPI's and PMIx's
# components, which are loaded by name
image_add_mpi() {
	local root=$1 libs file
	shift
	libs=$(echo /usr/lib/*/openmpi)
	libs=${libs%/openmpi}
	cp "$@" "$root/bin/"
	mkdir -p "$root/lib" "$root/usr" "$root/etc"
	ln -sfn lib "$root/lib64"
	ln -sfn ../lib "$root/usr/lib"
	{
		for file in "$@" "$libs"/openmpi/lib/openmpi3/*.so "$libs"/pmix2/lib/pmix/*.so "$libs"/ucx/*.so; do
			[ ! -e "$file" ] || ldd "$file" 2>/dev/null || :
		done | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }'
		ls -d "$libs"/openmpi/lib "$libs"/pmix2/{lib,share} "$libs"/ucx /usr/share/openmpi /etc/openmpi
	} | sort -u | xargs cp -rL --parents --update --target-directory="$root"
}
