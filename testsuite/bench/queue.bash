# SPDX-License-Identifier: GPL-2.0-or-later
# What the benchmarks of the agent share: a lab with a long queue of held jobs, and what processes cost.
# shellcheck shell=bash disable=SC2154 # the benchmarks set jobs, state, build and prefix

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=$TOP/testsuite/lab/lab

say() {
	printf '%s\n' "$*" >&2
}

# until_true SECONDS COMMAND...: asked rarely, for asking takes of the processor time that is measured
until_true() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || { say "not in time: $*"; exit 1; }
		sleep 3
	done
}

clean_up() {
	"$lab" stop --purge --state="$state" >/dev/null 2>&1 || :
}

# Build if there is no $build, and start a lab whose agent is down.
queue_lab() {
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	mkdir -p "$state"
	if [ -z "$build" ]; then
		"$TOP/contrib/build" "$state"
		build=$state/build prefix=$state/prefix
	fi
	make -s -C "$build" testsuite/bench/submit-batch testsuite/bench/replay
	cat >"$state/more.conf" <<-END
	MaxJobCount=$((jobs + 10000))
	MinJobAge=86400
	SlurmctldDebug=error
	END
	say "starting a lab in $state"
	"$lab" start --state="$state" --prefix="${prefix:-$(dirname "$build")/prefix}" --slurm-conf="$state/more.conf" >&2
	eval "$("$lab" env --state="$state")"
	"$lab" down --state="$state" agent
	work=$state/bench
	install -d -m 0755 "$work"
}

# submit N [queued]: jobs of alice's, held
submit() {
	say "submitting $1 jobs"
	runuser -u alice -- env -i -C /tmp PATH=/usr/bin:/bin SLURM_CONF="$SLURM_CONF" \
		"$build/testsuite/bench/submit-batch" "$(($1 - 1))" ${2:+"$2"} >/dev/null
}

# writes PATTERN: what the agent has written so far, as lines "BEGAN ENDED RESOURCE/SUBRESOURCE"
writes() {
	jq -r 'select(.user.username == "slurm-kube-agent" and (.verb | IN("create", "update", "patch", "delete")) and
			.responseStatus.code < 300)
		| "\(.requestReceivedTimestamp) \(.stageTimestamp) \(.objectRef.resource)/\(.objectRef.subresource // "")"' "$state"/log/audit*.log |
		grep "$1" || :
}

# mirrored N: there are so many objects
mirrored() {
	local n
	n=$(kubectl get --raw '/apis/slurm-kube.io/v1alpha1/slurmjobs?limit=1' | jq '.metadata.remainingItemCount + (.items | length)')
	[ "$n" -ge "$1" ]
}

# cpu PART: microseconds of processor time that it has used
cpu() {
	awk '{ sum += $1 } END { printf "%d\n", sum / 1000 }' "/proc/$("$lab" pid --state="$state" "$1")"/task/*/schedstat
}

# memory PART: kilobytes of its own, and resident with the libraries' pages that it shares with others
memory() {
	awk '$1 == "RssAnon:" { own = $2 } $1 == "VmRSS:" { all = $2 } END { print own, all }' \
		"/proc/$("$lab" pid --state="$state" "$1")/status"
}

# The agent's last write to a job, a partition or the cluster was five seconds ago.
settled() {
	local last
	last=$(cat "$state"/log/audit*.log | grep '"username":"slurm-kube-agent"' |
		grep -E '"verb":"(create|update|patch|delete)".*"resource":"slurm' | tail -n 1)
	[ -n "$last" ] && [ $(($(date +%s) - $(date -d "$(jq -r .stageTimestamp <<<"$last")" +%s))) -ge 5 ]
}
