#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What an administrator has to do with the agent: metrics, health, systemd, SIGHUP, --once, --dry-run, --check-config.
load helpers
bats_require_minimum_version 1.5.0

setup() {
	"$LAB" up etcd apiserver controller-manager slurmctld agent
	AGENT_YAML=$LAB_STATE/etc/agent.yaml
}

teardown() {
	[ -z "${own_pid:-}" ] || kill "$own_pid" 2>/dev/null || :
	[ -z "${own_pid:-}" ] || wait "$own_pid" || :
	[ -z "${listener_pid:-}" ] || kill "$listener_pid" 2>/dev/null || :
}

teardown_file() {
	"$LAB" up etcd apiserver controller-manager slurmctld agent
	quiet_slurm
}

# get PATH: an answer of the lab's agent
get() {
	curl --silent --show-error --max-time 10 "$AGENT_HTTP$1"
}

# status PATH: only its HTTP status
status() {
	curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$AGENT_HTTP$1" || :
}

# metric NAME-WITH-LABELS: its value
metric() {
	get /metrics | awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }'
}

# metric_is NAME OPERATOR VALUE
metric_is() {
	local value
	value=$(metric "$1")
	[ -n "$value" ] && [ "$value" "$2" "$3" ] || { echo "$1 is '$value'"; return 1; }
}

# start_own ARGUMENT...: an agent of the test's own in place of the lab's, with $BATS_TEST_TMPDIR/agent.yaml. Its log is
# agent.log there.
start_own() {
	[ -e "$BATS_TEST_TMPDIR/agent.yaml" ] || cp "$AGENT_YAML" "$BATS_TEST_TMPDIR/agent.yaml"
	"$LAB" down agent
	slurm-kube-agent --config="$BATS_TEST_TMPDIR/agent.yaml" "$@" 2>>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
	own_pid=$!
}

log_says() {
	grep -qE "$1" "$BATS_TEST_TMPDIR/agent.log"
}

@test "metrics are in Prometheus' format, and tell of jobs, writes, edits and times" {
	eventually metric_is slurm_kube_api_up = 1
	before=$(metric 'slurm_kube_writes_total{kind="create"}')
	applied=$(metric 'slurm_kube_edits_total{result="applied"}')
	refused=$(metric 'slurm_kube_edits_total{result="refused"}')
	waits=$(metric slurm_kube_job_wait_seconds_count)
	runs=$(metric slurm_kube_job_run_seconds_count)
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	eventually metric_is 'slurm_kube_writes_total{kind="create"}' -ge $((before + 1))
	eventually metric_is 'slurm_kube_jobs{state="PENDING",partition="debug"}' -ge 1
	patch alice "$id" '{"spec":{"timeLimit":"nonsense"}}'
	eventually metric_is 'slurm_kube_edits_total{result="refused"}' -ge $((refused + 1))
	patch alice "$id" '{"spec":{"hold":false}}'
	eventually metric_is 'slurm_kube_edits_total{result="applied"}' -ge $((applied + 1))
	eventually state_is alice "$id" COMPLETED
	eventually metric_is slurm_kube_job_wait_seconds_count -ge $((waits + 1))
	eventually metric_is slurm_kube_job_run_seconds_count -ge $((runs + 1))
	eventually metric_is slurm_kube_mirror_seconds_count -ge 1
	eventually metric_is slurm_kube_edit_seconds_count -ge 1
	metric_is 'slurm_kube_slurm_call_seconds_count{call="queue"}' -ge 1
	metric_is slurm_kube_slurm_up = 1
	[ "$(metric process_resident_memory_bytes)" -gt 1000000 ]
	get /metrics >"$BATS_TEST_TMPDIR/metrics"
	promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	# All that it tells is in the documentation.
	sed -n 's/^# TYPE \(slurm_kube_[a-z_]*\) .*/\1/p' "$BATS_TEST_TMPDIR/metrics" | while read -r name; do
		grep -q "\b$name\b" "$TOP/doc/metrics.md" || { echo "$name is not in doc/metrics.md"; return 1; }
	done
}

@test "ready is who has Slurm and Kubernetes; healthy who has neither" {
	"$LAB" down agent slurmctld
	# It leads for as long as this takes, with no API server to renew the lease at.
	sed 's/^  lease: .*/  lease: 10m/' "$AGENT_YAML" >"$BATS_TEST_TMPDIR/agent.yaml"
	start_own
	eventually is_healthy
	[ "$(status /readyz)" = 503 ]
	get /readyz | grep -F '[-] slurmctld has answered'
	"$LAB" down apiserver
	"$LAB" up slurmctld
	eventually has_answered
	[ "$(status /readyz)" = 503 ]
	[ "$(status /healthz)" = 200 ]
	"$LAB" up apiserver
	eventually is_ready
}

has_answered() {
	get /readyz | grep -F '[+] slurmctld has answered'
}

is_ready() {
	[ "$(status /readyz)" = 200 ]
}

@test "other paths and methods are refused, HEAD is answered" {
	eventually is_healthy
	[ "$(status /)" = 404 ]
	[ "$(curl --silent --output /dev/null --write-out '%{http_code}' --data x "$AGENT_HTTP/metrics")" = 405 ]
	curl --silent --show-error --head "$AGENT_HTTP/healthz" | grep -F 'HTTP/1.1 200'
	# Larger than any request has to be.
	code=$(curl --silent --output /dev/null --write-out '%{http_code}' -H "X: $(printf '%020000d' 0)" "$AGENT_HTTP/healthz" || :)
	[ "$code" != 200 ]
	[ "$(status /healthz)" = 200 ]
}

@test "clients that say nothing hold nothing up" {
	for i in $(seq 20); do
		exec {fds[i]}<>"/dev/tcp/127.0.0.1/${AGENT_HTTP##*:}"
		printf 'GET /metrics HT' >&"${fds[i]}"
	done
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
	# They are let go after 10 s; nobody has to end them.
	eventually is_healthy
	for i in $(seq 20); do
		exec {fds[i]}>&-
	done
}

is_healthy() {
	[ "$(status /healthz)" = 200 ]
}

# What systemd would be told, a line each, in $BATS_TEST_TMPDIR/told
listen_as_systemd() {
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die $!; $| = 1;
		print "$m\n" while defined recv(S, $m, 4096, 0)' "$BATS_TEST_TMPDIR/notify" >"$BATS_TEST_TMPDIR/told" 3>&- &
	listener_pid=$!
	eventually test -S "$BATS_TEST_TMPDIR/notify"
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
}

told() {
	grep -qE "$1" "$BATS_TEST_TMPDIR/told" || { cat "$BATS_TEST_TMPDIR/told"; return 1; }
}

@test "systemd is told: ready, status, watchdog, reloading, stopping" {
	listen_as_systemd
	WATCHDOG_USEC=400000 start_own
	eventually told '^READY=1$'
	eventually told '^STATUS=Cluster lab: [0-9]+ objects'
	eventually watchdog_rang 3
	kill -HUP "$own_pid"
	eventually told '^RELOADING=1$'
	eventually ready_after_reload
	"$LAB" down slurmctld
	eventually told "^STATUS=.*slurmctld doesn't answer"
	kill "$own_pid"
	wait "$own_pid"
	eventually told '^STOPPING=1$'
}

watchdog_rang() {
	[ "$(grep -c '^WATCHDOG=1$' "$BATS_TEST_TMPDIR/told")" -ge "$1" ]
}

ready_after_reload() {
	sed -n '/^RELOADING=1$/,$p' "$BATS_TEST_TMPDIR/told" | grep -x READY=1
}

@test "SIGHUP reads the configuration again; what takes a restart is named and stays" {
	cp "$AGENT_YAML" "$BATS_TEST_TMPDIR/agent.yaml"
	start_own
	eventually log_says 'SlurmJobs of cluster lab are there'
	id=$(submit alice --hold --time=60 --wrap true)
	eventually state_is alice "$id" PENDING
	# From now on it acts for nobody below 60000.
	sed -i 's/^minimumUid: .*/minimumUid: 60000/; s/^logLevel: .*/logLevel: debug/' "$BATS_TEST_TMPDIR/agent.yaml"
	kill -HUP "$own_pid"
	eventually log_says 'agent.yaml: read again'
	patch alice "$id" '{"spec":{"timeLimit":"7"}}'
	eventually log_says 'EditRefused.*minimumUid \(60000\)'
	eventually log_says ' debug: '
	slurm_has "$id" TimeLimit 01:00:00
	# A wrong file: told, and nothing changes.
	sed -i 's/^minimumUid: .*/minimumUid: none/' "$BATS_TEST_TMPDIR/agent.yaml"
	kill -HUP "$own_pid"
	eventually log_says 'agent.yaml:[0-9]+: minimumUid: .*the old configuration stays'
	# A restart's keys stay as they were; the others change.
	sed -i "s/^minimumUid: .*/minimumUid: 1000/; s/^cluster: .*/cluster: other/; s,^stateFolder: .*,stateFolder: /nowhere," \
		"$BATS_TEST_TMPDIR/agent.yaml"
	kill -HUP "$own_pid"
	eventually log_says 'cluster has changed, which takes a restart'
	eventually log_says 'stateFolder has changed, which takes a restart'
	metric_is 'slurm_kube_reloads_total{result="failed"}' = 1
	eventually metric_is 'slurm_kube_reloads_total{result="done"}' = 2
	patch alice "$id" '{"spec":{"timeLimit":"8"}}'
	eventually slurm_has "$id" TimeLimit 00:08:00
	scancel "$id"
}

@test "--dry-run tells what would be written and done, and changes nothing" {
	edited=$(submit alice --hold --time=60 --wrap true)
	deleted=$(submit alice --hold --wrap true)
	eventually state_is alice "$edited" PENDING
	eventually state_is alice "$deleted" PENDING
	"$LAB" down agent
	new=$(submit bob --hold --wrap true)
	patch alice "$edited" '{"spec":{"timeLimit":"7","hold":false}}'
	kubectl delete slurmjob -n slurm-alice "lab-$deleted" --wait=false
	before=$(agent_writes)
	uid=$(id -u alice)
	run -0 --separate-stderr slurm-kube-agent --config="$AGENT_YAML" --once --dry-run
	grep -E "^ACT uid $uid job $edited: release" <<<"$output"
	grep -E "^ACT uid $uid job $edited: update .*\"timeLimit\":\"7\"" <<<"$output"
	grep -E "^ACT uid $uid job $deleted: cancel" <<<"$output"
	grep -E "^(POST|PATCH) /apis/slurm-kube.io/.*/namespaces/slurm-bob/slurmjobs.*lab-$new" <<<"$output"
	grep -E "^(PUT|PATCH) .*/slurm-bob/slurmjobs/lab-$new/status" <<<"$output"
	[ "$(agent_writes)" = "$before" ]
	slurm_has "$edited" TimeLimit 01:00:00
	slurm_has "$deleted" JobState PENDING
	no_object bob "$new"
	# And now in earnest.
	run -0 --separate-stderr slurm-kube-agent --config="$AGENT_YAML" --once
	slurm_has "$edited" TimeLimit 00:07:00
	slurm_has "$deleted" JobState CANCELLED
	no_object alice "$deleted"
	state_is bob "$new" PENDING
	[[ $stderr = *"in sync: "* ]]
	scancel "$edited" "$new"
}

@test "--once --dry-run leaves the doorbell of a running agent alone, and --once says when it can't do its work" {
	eventually metric_is slurm_kube_api_up = 1
	run -0 --separate-stderr slurm-kube-agent --config="$AGENT_YAML" --once --dry-run
	test -S "$LAB_STATE/run/doorbell"
	sed 's,^\(  template: \).*,\1no-such-namespace,; s/^\(  create: \).*/\1false/' "$AGENT_YAML" >"$BATS_TEST_TMPDIR/agent.yaml"
	"$LAB" down agent
	id=$(submit alice --hold --wrap true)
	run -1 --separate-stderr slurm-kube-agent --config="$BATS_TEST_TMPDIR/agent.yaml" --once
	[[ $stderr = *"there is no namespace no-such-namespace"* ]]
	[[ $stderr = *"not in sync: "* ]]
	scancel "$id"
}

@test "--check-config tells the whole configuration and all problems" {
	run -0 slurm-kube-agent --config="$AGENT_YAML" --check-config
	[[ $output = *"minimumUid: 1000"* ]]
	[[ $output = *"agent.yaml: fine"* ]]
	cat >"$BATS_TEST_TMPDIR/agent.yaml" <<-END
	slurmConf: /no/such/slurm.conf
	kubeconfig: /no/such/kubeconfig
	stateFolder: /proc/nothing/here
	doorbell:
	  unix: /etc/passwd/doorbell
	END
	run -1 slurm-kube-agent --config="$BATS_TEST_TMPDIR/agent.yaml" --check-config
	[[ $output = *"slurmConf: /no/such/slurm.conf: No such file"* ]]
	[[ $output = *"kubeconfig: "*"/no/such/kubeconfig"* ]]
	[[ $output = *"stateFolder: /proc/nothing/here can't be written to"* ]]
	[[ $output = *"doorbell.unix: /etc/passwd is no folder"* ]]
	[[ $output != *fine* ]]
	# What it prints is a configuration that means the same.
	slurm-kube-agent --config="$AGENT_YAML" --check-config | grep -v ': fine$' | grep -v ': ~$' >"$BATS_TEST_TMPDIR/again.yaml"
	run -0 slurm-kube-agent --config="$BATS_TEST_TMPDIR/again.yaml" --check-config
}

@test "lines have a time, or journald's priority where it listens" {
	printf 'minimumUid: none\n' >"$BATS_TEST_TMPDIR/agent.yaml"
	agent="slurm-kube-agent --config=$BATS_TEST_TMPDIR/agent.yaml"
	$agent 2>"$BATS_TEST_TMPDIR/plain" || :
	grep -E '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+ error: ' "$BATS_TEST_TMPDIR/plain"
	: >"$BATS_TEST_TMPDIR/journal"
	JOURNAL_STREAM=$(stat -c %d:%i "$BATS_TEST_TMPDIR/journal") $agent 2>"$BATS_TEST_TMPDIR/journal" || :
	grep -E '^<3>.*agent.yaml:1' "$BATS_TEST_TMPDIR/journal"
	# Another stream's numbers: standard error was sent elsewhere since.
	JOURNAL_STREAM=1:2 $agent 2>"$BATS_TEST_TMPDIR/plain" || :
	grep -E '^20.* error: ' "$BATS_TEST_TMPDIR/plain"
}
