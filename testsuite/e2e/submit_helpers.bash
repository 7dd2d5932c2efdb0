# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of SlurmJobs that are made with kubectl. The namespace is slurm-USER, or $SUBMIT_NAMESPACE.
# shellcheck shell=bash

submit_setup() {
	OUT=$BATS_FILE_TMPDIR/out
	if [ ! -d "$OUT" ]; then
		mkdir "$OUT"
		chmod 1777 "$OUT"
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_FILE_TMPDIR%/*}"
	fi
}

# make USER METADATA SPEC: both in YAML's flow form. Prints the name. The output goes nowhere unless SPEC says so.
make() {
	local file
	file=$(mktemp "$BATS_TEST_TMPDIR/object.XXXXXX")
	[[ $3 = *output* ]] || set -- "$1" "$2" "{output: /dev/null, ${3#\{}"
	printf 'apiVersion: slurm-kube.io/v1alpha1\nkind: SlurmJob\nmetadata: %s\nspec: %s\n' "$2" "$3" >"$file"
	kubectl create -n "${SUBMIT_NAMESPACE:-slurm-$1}" -f "$file" -o 'jsonpath={.metadata.name}'
}

# the USER NAME JSONPATH
the() {
	kubectl get slurmjob -n "${SUBMIT_NAMESPACE:-slurm-$1}" "$2" -o "jsonpath={$3}"
}

# of USER NAME JSONPATH VALUE
of() {
	local value
	value=$(the "$1" "$2" "$3") || return 1
	[ "$value" = "$4" ] || { echo "$3 of $2 is '$value', not '$4'"; return 1; }
}

# accepted USER NAME STATUS REASON
accepted() {
	of "$1" "$2" '.status.conditions[?(@.type=="Accepted")].status' "$3" &&
		of "$1" "$2" '.status.conditions[?(@.type=="Accepted")].reason' "$4"
}

accepted_is_false() {
	of "$1" "$2" '.status.conditions[?(@.type=="Accepted")].status' False
}

accepted_message() {
	the "$1" "$2" '.status.conditions[?(@.type=="Accepted")].message'
}

newest_job() {
	squeue -h --state=all -o %A | sort -n | tail -n1
}

# Writes by the agent to objects of that name so far, from the API server's audit log
writes_to() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" | grep -E '"verb":"(create|update|patch|delete)"' |
		grep -cF "\"name\":\"$1\"" || :
}

# jobs_of USER NAME: the ids of all jobs that were ever made for the object, on a line each
jobs_of() {
	local uid
	uid=$(the "$1" "$2" .metadata.uid)
	{
		squeue -h --state=all -o '%i' --array-unique 2>/dev/null |
			while read -r id; do scontrol show job "$id" 2>/dev/null | grep -q "$uid" && echo "$id"; done
		sacct -n -X -P -S now-1day -o jobidraw,admincomment | grep "$uid" | cut -d'|' -f1
	} | sort -u
}
