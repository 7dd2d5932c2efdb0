# SPDX-License-Identifier: GPL-2.0-or-later
# What the end-to-end tests share. At first the environment is the administrator's (see setup_suite.bash).
# shellcheck shell=bash

# as USER COMMAND...: with that user's kubeconfig, at home
as() {
	local user=$1
	shift
	runuser -u "$user" -- env -C / HOME="/home/$user" USER="$user" LOGNAME="$user" \
		KUBECONFIG="$LAB_STATE/etc/kubeconfig-$user" "$@"
}

# eventually COMMAND...: it succeeds within 30 s, or within $WITHIN
eventually() {
	local deadline=$((SECONDS + ${WITHIN:-30})) output
	until output=$("$@" 2>&1); do
		if [ $SECONDS -ge $deadline ]; then
			echo "not within ${WITHIN:-30} s: $*"
			echo "$output"
			return 1
		fi
		sleep 0.1
	done
}

# Nothing of earlier tests is in the queue, and no node is out of use.
quiet_slurm() {
	scancel --quiet --full --user=alice --user=bob 2>/dev/null || :
	scancel --quiet -u alice || :
	scancel --quiet -u bob || :
	eventually no_jobs
}

no_jobs() {
	[ -z "$(squeue -h)" ]
}
