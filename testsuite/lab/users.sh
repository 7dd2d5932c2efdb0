# SPDX-License-Identifier: GPL-2.0-or-later
# The ordinary users whose jobs run in the lab. Sourced by lab.
# shellcheck shell=bash

# Users that a lab made are known by their comment, so that no others are ever removed.
USER_COMMENT='slurm-kube lab'

# users_add USER...: those that don't exist yet. To be called with the registry locked.
users_add() {
	local user
	for user in "$@"; do
		[[ $user =~ ^[a-z][a-z0-9-]{0,30}$ ]] || die "'$user' is no name for a user"
		id "$user" >/dev/null 2>&1 ||
			useradd --create-home --shell /bin/bash --comment "$USER_COMMENT" "$user" ||
			die "useradd $user failed"
	done
}

# Users of the lab: those that --purge removes.
users_made() {
	getent passwd | awk -F: -v comment="$USER_COMMENT" '$5 == comment { print $1 }'
}

users_remove() {
	local user others
	others=$(other_labs | tr '\n' ' ')
	if [ -n "${others// /}" ]; then
		say "users are kept for the other lab that is running: $others"
		return 0
	fi
	for user in $(users_made); do
		userdel --remove "$user" 2>/dev/null || say "userdel $user failed (is one of its processes running?)"
	done
}
