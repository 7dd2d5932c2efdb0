#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl attach: the output of a job from now on. And how many logs are read at a time.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	kubelet_up '  streams: 3' nodes: '  create: cluster' logs: '  pods: all'
}

teardown_file() {
	kubelet_down
}

setup() {
	OUT=$(mktemp -d /tmp/slurm-kube-attach.XXXXXX)
	chown alice "$OUT"
	id=$(as alice sbatch --parsable --chdir="$OUT" -o out --wrap 'echo before; while [ ! -e go ]; do sleep 0.1; done; echo after; while [ ! -e end ]; do sleep 0.1; done')
	eventually kubectl get pod -n slurm-alice "lab-$id"
	eventually state_is alice "$id" RUNNING
	eventually grep -q before "$OUT/out"
}

teardown() {
	scancel --quiet -u alice || :
	[ -z "${readers:-}" ] || kill "${readers[@]}" || :
	rm -rf "$OUT"
}

# Instead of the shell that calls it.
curls() {
	exec curl -s -N --cacert "$LAB_STATE/pki/ca.crt" --cert "$LAB_STATE/pki/kubelet-client.crt" \
		--key "$LAB_STATE/pki/kubelet-client.key" "$@"
}

threads() {
	ls "/proc/$(lab_pgrep -x slurm-kube-klet)/task" | wc -l
}

@test "attach shows what is written from now on, to the end of the job" {
	needs_websocket
	before=$(threads)
	timeout 120 kubectl attach -n slurm-alice "lab-$id" -c stdout >"$OUT/seen" 2>"$OUT/said" 3>&- &
	client=$!
	# The connection's thread, and that which reads: it is there.
	eventually eval "[ \"\$(threads)\" -ge $((before + 2)) ]"
	as alice touch "$OUT/go"
	eventually grep -q after "$OUT/seen"
	as alice touch "$OUT/end"
	wait $client
	[ "$(cat "$OUT/seen")" = after ]
	eventually eval "[ \"\$(threads)\" -le $before ]"
}

@test "a client of attach that goes away leaves nothing behind" {
	needs_websocket
	before=$(threads)
	kubectl attach -n slurm-alice "lab-$id" -c stdout >/dev/null 2>&1 3>&- &
	client=$!
	eventually eval "[ \"\$(threads)\" -ge $((before + 2)) ]"
	kill -KILL $client
	eventually eval "[ \"\$(threads)\" -le $before ]"
	state_is alice "$id" RUNNING
}

@test "attach takes no input, and says what does" {
	needs_websocket
	run -1 kubectl attach -n slurm-alice "lab-$id" -c stdout -i
	[[ "$output" = *"takes no -i"*"kubectl exec -i"* ]]
}

@test "attach without WebSocket names what shows the same" {
	run -1 env KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false kubectl attach -n slurm-alice "lab-$id" -c stdout
	[[ "$output" = *"kubectl logs -f --tail=0"* ]]
}

@test "another user's job is not attached to" {
	run -1 as bob kubectl attach -n slurm-alice "lab-$id" -c stdout
	[[ "$output" = *orbidden* ]]
}

@test "no more logs are read at a time than kubelet.streams says; then there is room again" {
	url=https://$AGENT_KUBELET/containerLogs/slurm-alice/lab-$id/stdout
	readers=()
	for i in 1 2 3; do
		(curls "$url?follow=true") >"$OUT/seen-$i" 3>&- &
		readers[i]=$!
	done
	for i in 1 2 3; do
		eventually grep -q before "$OUT/seen-$i"
	done
	[ "$(curls "$url" -o "$OUT/body" -D "$OUT/headers" -w '%{http_code}')" = 503 ]
	grep 'kubelet.streams' "$OUT/body"
	grep -i '^Retry-After: ' "$OUT/headers"
	run -1 kubectl logs -n slurm-alice "lab-$id"
	[[ "$output" = *erviceUnavailable* ]] || { echo "$output"; false; }
	# Those that are there go on, and one that goes makes room.
	kill "${readers[1]}"
	eventually eval '[ "$(curls "'"$url"'")" = before ]'
	as alice touch "$OUT/go" "$OUT/end"
	for i in 2 3; do
		wait "${readers[i]}"
		[ "$(cat "$OUT/seen-$i")" = $'before\nafter' ]
	done
	readers=()
}

# More than there may be at all (259 with three streams); they are let go after ten seconds, too.
@test "connections that say nothing keep nobody out" {
	for i in {1..300}; do
		eval "exec {silent[$i]}<>/dev/tcp/${AGENT_KUBELET/://}"
	done
	[ "$(curls -m 5 "https://$AGENT_KUBELET/healthz")" = ok ]
	for i in {1..300}; do
		eval "exec {silent[$i]}>&-"
	done
	[ "$(curls "https://$AGENT_KUBELET/healthz")" = ok ]
}

@test "a number of streams that can't be is refused" {
	sed 's/streams: 3/streams: 5000/' "$LAB_STATE/etc/agent.yaml" >"$BATS_TEST_TMPDIR/agent.yaml"
	run -1 "$(readlink "/proc/$("$LAB" pid agent)/exe")" --check-config --config="$BATS_TEST_TMPDIR/agent.yaml"
	[[ "$output" = *"kubelet.streams is from 1 to 4096"* ]]
}
