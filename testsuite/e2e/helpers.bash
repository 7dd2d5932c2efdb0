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

# eventually COMMAND...: it succeeds within 60 s, or within $WITHIN
eventually() {
	local deadline=$((SECONDS + ${WITHIN:-60})) output
	until output=$("$@" 2>&1); do
		if [ $SECONDS -ge $deadline ]; then
			echo "not within ${WITHIN:-60} s: $*"
			echo "$output"
			return 1
		fi
		sleep 0.1
	done
}

# gate: $UNTIL_OPEN is what a job runs that lasts until open_gate, however long what is to be seen of it takes.
gate() {
	GATE=$(mktemp -u "$LAB_STATE/run/gate.XXXXXX")
	UNTIL_OPEN="while [ ! -e '$GATE' ]; do sleep 0.1; done"
}

open_gate() {
	: >"$GATE"
}

# runs_again ID: a job that was requeued does, or has run. Not in two minutes, as Slurm would have it, but not in the second of the requeue
# either, which slurmd takes for the run before. Slurm counts from when the last of that run has completed.
runs_again() {
	local submitted
	submitted=$(scontrol show job -o "$1" | grep -o 'SubmitTime=[^ ]*')
	[ "$(date +%s)" -gt "$(date -d "${submitted#*=}" +%s)" ] || return 1
	scontrol update jobid="$1" starttime=now || :
	slurm_has "$1" JobState RUNNING || slurm_has "$1" JobState COMPLETED
} 2>/dev/null

# log_mark, then logged REGEX: the lab's agent has said that since
log_mark() {
	LOG_MARK=$(wc -l <"$LAB_STATE/log/agent.out")
}

logged() {
	tail -n "+$((LOG_MARK + 1))" "$LAB_STATE/log/agent.out" | grep -E -- "$1"
}

# And wait until it has listed all objects.
restart_agent() {
	log_mark
	"$LAB" restart agent
	eventually logged 'SlurmJobs of cluster .* are there'
}

# lab_pgrep ARGUMENT...: pgrep, among the processes of this lab, whatever else runs on the machine
lab_pgrep() {
	pgrep "$@" | grep -xFf <("$LAB" pids)
}

# For a lab of a file's own: with cgroups if the suite's is (contrib/check runs some files in both).
same_cgroups() {
	(. "$LAB_STATE/settings" && echo "${CGROUP:+--cgroup}")
}

# Nothing of earlier tests is in the queue, and no node is out of use.
quiet_slurm() {
	scancel --quiet -u alice || :
	scancel --quiet -u bob || :
	eventually no_jobs
}

no_jobs() {
	[ -z "$(squeue -h)" ]
}

# -- kubectl logs and exec --------------------------------------------------------------------

# kubelet_config LINE...: the lines of the agent's configuration by which it serves them, then others. (A line that is
# indented goes on with the section kubelet.)
kubelet_config() {
	{
		# Unless the lab has been started with it.
		(. "$LAB_STATE/settings" && [ -n "$KUBELET" ]) || cat <<-END
		kubelet:
		  listen: $AGENT_KUBELET
		  certificate: $LAB_STATE/pki/kubelet.crt
		  key: $LAB_STATE/pki/kubelet.key
		  clientCA: $LAB_STATE/pki/ca.crt
		END
		printf '%s\n' "$@"
	} >"$LAB_STATE/etc/agent-more.yaml"
}

# kubelet_up LINE..., and its end
kubelet_up() {
	kubelet_config "$@"
	"$LAB" restart agent
	quiet_slurm
}

kubelet_down() {
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent
}

# Since 1.31 kubectl speaks WebSocket, before that SPDY alone.
needs_websocket() {
	local minor
	minor=$(kubectl version --client -o json | jq -r .clientVersion.minor)
	[ "${minor%%[!0-9]*}" -ge 31 ] || skip "this kubectl speaks no WebSocket"
}

# -- SlurmJobs --------------------------------------------------------------------------------

# submit USER SBATCH-ARGUMENT...: prints the job's id
submit() {
	local user=$1
	shift
	as "$user" sbatch --parsable --chdir=/tmp --output=/dev/null "$@"
}

# field USER ID JSONPATH: a value in the SlurmJob of that job
field() {
	kubectl get slurmjob -n "slurm-$1" "lab-$2" -o "jsonpath={$3}"
}

# has USER ID JSONPATH VALUE
has() {
	local value
	value=$(field "$1" "$2" "$3") || return 1
	[ "$value" = "$4" ] || { echo "$3 is '$value', not '$4'"; return 1; }
}

state_is() {
	has "$1" "$2" .status.state "$3"
}

no_object() {
	! kubectl get slurmjob -n "slurm-$1" "lab-$2" >/dev/null 2>&1
}

# condition USER ID TYPE FIELD
condition() {
	field "$1" "$2" ".status.conditions[?(@.type==\"$3\")].$4"
}

patch() {
	kubectl patch slurmjob -n "slurm-$1" "lab-$2" --type=merge -p "$3"
}

# The last edit of that job's object has been dealt with: settled USER ID
settled() {
	has "$1" "$2" .status.observedGeneration "$(field "$1" "$2" .metadata.generation)"
}

# edit USER ID SPEC: patch spec and wait until that has been dealt with
edit() {
	patch "$1" "$2" "{\"spec\":$3}"
	eventually settled "$1" "$2"
}

# synced USER ID: what the condition Synced says
synced() {
	condition "$1" "$2" Synced message
}

# told USER ID REASON: how many Events of that reason tell of the job's object
told() {
	kubectl get events -n "slurm-$1" --no-headers 2>/dev/null \
		--field-selector "involvedObject.uid=$(field "$1" "$2" .metadata.uid),reason=$3" | wc -l
}

# Events are written on their own: told_times USER ID REASON NUMBER
told_times() {
	local n
	n=$(told "$1" "$2" "$3")
	[ "$n" = "$4" ] || { echo "$3 is told $n times"; return 1; }
}

# condition_is USER ID TYPE STATUS
condition_is() {
	[ "$(condition "$1" "$2" "$3" status)" = "$4" ]
}

# What Slurm says: slurm_has ID FIELD VALUE, as scontrol shows it
slurm_has() {
	scontrol show job "$1" | tr ' ' '\n' | grep -qxF "$2=$3"
}

# Writes to SlurmJobs by the agent so far, from the API server's audit log
agent_writes() {
	grep '"username":"slurm-kube-agent"' "$LAB_STATE/log/audit.log" |
		grep -cE '"verb":"(create|update|patch|delete)".*"resource":"slurmjobs"' || :
}

# -- truth ------------------------------------------------------------------------------------

# Every job that slurmdbd knows in a final state has one object with that state.
# all_mirrored USER FIRST-ID LAST-ID
all_mirrored() {
	local truth seen
	truth=$(sacct -n -P -X -u "$1" -j "$(seq -s, "$2" "$3")" -o jobid,state | sed 's/ by .*//' | sort)
	seen=$(kubectl get slurmjobs -n "slurm-$1" -o json | jq -r --argjson a "$2" --argjson b "$3" \
		'.items[] | select(.status.jobId >= $a and .status.jobId <= $b) | "\(.status.jobId)|\(.status.state)"' | sort)
	[ "$(wc -l <<<"$truth")" = $(($3 - $2 + 1)) ] || { echo "slurmdbd knows $(wc -l <<<"$truth")"; return 1; }
	! grep -qE 'RUNNING|PENDING' <<<"$truth" || { echo "not all have ended"; return 1; }
	diff <(echo "$truth") <(echo "$seen")
}

# nothing_told_twice USER FIRST-ID LAST-ID: no Event of these jobs tells the same twice
nothing_told_twice() {
	local twice
	twice=$(kubectl get events -n "slurm-$1" -o json | jq -r --argjson a "$2" --argjson b "$3" '.items[] |
		(.involvedObject.name | ltrimstr("lab-") | tonumber? // 0) as $id | select($id >= $a and $id <= $b) |
		"\($id) \(.reason) \(.count)"' | sort | uniq -c | awk '$1 > 1 || $4 > 1')
	[ -z "$twice" ] || { echo "$twice"; return 1; }
}

# -- faults between the agent and the API server -------------------------------------------------

# Let the agent reach the API server through fault-proxy only. (proxy_off: as before.)
proxy_on() {
	"$LAB" up fault-proxy
	faults
	"$LAB" restart agent
}

proxy_off() {
	faults
	"$LAB" down agent fault-proxy
	"$LAB" up agent
}

# faults [RULE...]: from now on these, and no others (testsuite/lab/fault-rules.h tells what they are)
faults() {
	[ $# = 0 ] || printf '%s\n' "$@" >"$LAB_STATE/run/faults.new"
	[ $# -gt 0 ] || : >"$LAB_STATE/run/faults.new"
	rm -f "$LAB_STATE/run/faults.held"
	mv "$LAB_STATE/run/faults.new" "$LAB_STATE/run/faults"
}

# holds PATTERN: fault-proxy holds a request whose line "METHOD PATH" matches
holds() {
	grep -E -- "$1" "$LAB_STATE/run/faults.held"
}
