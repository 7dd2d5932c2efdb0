# SPDX-License-Identifier: GPL-2.0-or-later
# One lab for all tests: contrib/check's, or one that the caller has started already (LAB_STATE), or one made here.
# shellcheck shell=bash

setup_suite() {
	export TOP LAB LAB_STATE E2E_OWN_LAB='' E2E_OWN_STATE=''
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	LAB=$TOP/testsuite/lab/lab
	if [ -z "${LAB_STATE:-}" ]; then
		if [ -z "${CHECK_STATE:-}" ]; then
			E2E_OWN_STATE=$(mktemp -d /var/tmp/slurm-kube-e2e.XXXXXX)
			chmod 755 "$E2E_OWN_STATE"
			CHECK_STATE=$E2E_OWN_STATE
			"$TOP/contrib/build" "$CHECK_STATE"
		fi
		LAB_STATE=$CHECK_STATE/lab
		E2E_OWN_LAB=1
		"$LAB" start --slurmdbd --prefix="$CHECK_STATE/prefix"
	fi
	eval "$("$LAB" env)"
}

teardown_suite() {
	[ -z "$E2E_OWN_LAB" ] || "$LAB" stop
	[ -z "$E2E_OWN_STATE" ] || { "$LAB" stop --purge; rm -rf --one-file-system "$E2E_OWN_STATE"; }
}
