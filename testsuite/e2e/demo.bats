#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/demo, as a newcomer types it, in a state folder of its own.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export DEMO=$LAB_STATE-demo
}

teardown_file() {
	"$TOP/contrib/demo" stop --purge --state="$DEMO"
}

@test "the demo ends well, and shows the container and the cancelled job" {
	run -0 "$TOP/contrib/demo" --state="$DEMO"
	[[ $output == *'in: slurm-kube demo container'* ]]
	[ "$(grep -c '^PRETTY_NAME="slurm-kube demo container"' <<<"$output")" = 8 ]
	[[ $output == *CANCELLED* ]]
}

@test "its lab stays up, and its environment is enough to use it" {
	"$TOP/contrib/demo" status --state="$DEMO"
	run -0 env -i HOME=/root PATH=/usr/bin:/bin bash -c "
		set -e
		$("$TOP/contrib/demo" env --state="$DEMO")
		srun --container=\$SLURM_KUBE_DEMO_BUNDLE cat /etc/os-release
		kubectl get slurmjobs --all-namespaces"
	[[ $output == *'slurm-kube demo container'* ]]
	[[ $output == *slurm-alice* ]]
}

@test "stop ends everything" {
	"$TOP/contrib/demo" stop --state="$DEMO"
	run "$TOP/contrib/demo" status --state="$DEMO"
	[ "$status" = 1 ]
	run grep -lzFx "SLURM_KUBE_LAB=$DEMO" /proc/[0-9]*/environ
	[[ $output != */environ$'\n'* && $output != /proc/*/environ ]]
}
