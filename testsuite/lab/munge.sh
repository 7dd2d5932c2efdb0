# SPDX-License-Identifier: GPL-2.0-or-later
# munged with a key and a socket of its own. Sourced by lab.
# shellcheck shell=bash

munged_up() {
	local folder=$STATE/munge socket=$STATE/run/munge/socket
	install -d -m 0700 -o munge "$folder"
	install -d -m 0755 -o munge "$STATE/run/munge"
	if [ ! -s "$folder/key" ]; then
		(umask 077 && head -c 128 /dev/urandom >"$folder/key")
		chown munge: "$folder/key"
	fi
	# Without --force it would ask that every folder above belongs to root or munge.
	spawn munged setpriv --reuid=munge --regid=munge --init-groups \
		munged --foreground --force --num-threads=4 --socket="$socket" --key-file="$folder/key" \
		--seed-file="$folder/seed" --pid-file="$STATE/run/munge/munged.pid" --log-file="$folder/munged.log"
	wait_for munged "munged answers" munge --socket="$socket" --no-input
}
