#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl logs: from the API server to the agent's kubelet, to files opened as the jobs' owners.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	# For a file that hangs, over several tests
	export HUNG
	HUNG=$(mktemp -d /tmp/slurm-kube-logs.XXXXXX)
	chown alice "$HUNG"
	kubelet_up 'nodes:' '  create: cluster' 'logs:' '  pods: all'
}

teardown_file() {
	pkill -x -f "$BATS_FILE_TMPDIR/hung.open .*" || :
	rm -rf "$HUNG"
	kubelet_down
}

setup() {
	# A folder of alice's, for outputs.
	OUT=$(mktemp -d /tmp/slurm-kube-logs.XXXXXX)
	chown alice "$OUT"
}

teardown() {
	scancel --quiet -u alice || :
	rm -rf "$OUT"
}

# job SBATCH-ARGUMENT...: alice's, in $OUT; sets id, and waits for its pod
job() {
	id=$(as alice sbatch --parsable --chdir="$OUT" "$@")
	eventually kubectl get pod -n slurm-alice "lab-$id"
}

# running SBATCH-ARGUMENT...: the same, of a job that runs
running() {
	job "$@"
	eventually state_is alice "$id" RUNNING
}

logs() {
	kubectl logs -n slurm-alice "lab-$id" "$@"
}

# direct PATH [CURL-ARGUMENT...]: from the kubelet itself, with the API server's certificate
direct() {
	local path=$1
	shift
	curl -s --cacert "$LAB_STATE/pki/ca.crt" --cert "$LAB_STATE/pki/kubelet-client.crt" \
		--key "$LAB_STATE/pki/kubelet-client.key" "https://$AGENT_KUBELET$path" "$@"
}

# of CONTAINER [QUERY]: alice's job's output
of() {
	direct "/containerLogs/slurm-alice/lab-$id/$1?${2:-}"
}

# The same followed, in the background, as one process whose id is in $reader
follow() {
	(exec curl -s -N --cacert "$LAB_STATE/pki/ca.crt" --cert "$LAB_STATE/pki/kubelet-client.crt" \
		--key "$LAB_STATE/pki/kubelet-client.key" \
		"https://$AGENT_KUBELET/containerLogs/slurm-alice/lab-$id/stdout?follow=true") >"$1" 3>&- &
	reader=$!
}

kubelet_pid() {
	lab_pgrep -x slurm-kube-klet
}

shows() {
	local text
	text=$(cat "$1")
	[ "$text" = "$2" ] || { echo "$text"; return 1; }
}

@test "a file system that hangs holds up only its own reader" {
	local hung=$BATS_FILE_TMPDIR/hung
	running -o "$HUNG/out" --wrap 'echo there; sleep 300'
	echo "$id" >"$hung.id"
	eventually test -s "$HUNG/out"
	running -o other --wrap 'echo other; sleep 300'
	eventually test -s "$OUT/other"
	gcc -o "$hung.open" "$TOP/testsuite/e2e/hang-open.c"
	"$hung.open" "$HUNG/out" >"$hung.hangs" 3>&- &
	echo $! >"$hung.pid"
	eventually grep -q ready "$hung.hangs"
	direct "/containerLogs/slurm-alice/lab-$(cat "$hung.id")/stdout" >"$hung.answer" 3>&- &
	eventually grep -q hangs: "$hung.hangs"
	for i in 1 2 3; do
		[ "$(of stdout)" = other ]
	done
	third=$(submit alice --wrap true)
	eventually state_is alice "$third" COMPLETED
}

@test "follow a job that sbatch submitted, to its end" {
	job -o 'out' --wrap 'for i in 1 2 3; do echo line $i; sleep 0.5; done'
	run -0 as alice kubectl logs -f "lab-$id"
	[ "$output" = $'line 1\nline 2\nline 3' ]
	eventually state_is alice "$id" COMPLETED
	run -0 as alice kubectl logs "lab-$id"
	[ "$output" = $'line 1\nline 2\nline 3' ]
}

@test "another user's job is the API server's to refuse" {
	job -o out --wrap 'echo secret'
	run -1 as bob kubectl logs -n slurm-alice "lab-$id"
	[[ "$output" = *Forbidden* ]]
}

@test "a pending job: nothing yet; followed, its output when it comes" {
	job --hold -o out --wrap 'echo began; sleep 1; echo ended'
	run -0 logs
	[ -z "$output" ]
	timeout 60 kubectl logs -n slurm-alice -f "lab-$id" >"$OUT/seen" &
	# Held until the reader is there.
	eventually eval '[ "$(ls "/proc/$(kubelet_pid)/task" | wc -l)" -ge 4 ]'
	scontrol release "$id"
	wait $!
	shows "$OUT/seen" $'began\nended'
}

@test "tail, bytes, times" {
	job -o out --wrap 'seq 1 100000; printf "without end"'
	eventually state_is alice "$id" COMPLETED
	run -0 logs --tail=3
	[ "$output" = $'99999\n100000\nwithout end' ]
	run -0 logs --tail=0
	[ -z "$output" ]
	run -0 logs --limit-bytes=8
	[ "$output" = $'1\n2\n3\n4' ]
	run -0 logs --tail=2 --limit-bytes=9
	[ "$output" = $'100000\nwi' ]
	[ "$(logs | md5sum)" = "$(md5sum <"$OUT/out")" ]
	# When the file was last changed.
	touch -d 2026-01-02T03:04:05.5Z "$OUT/out"
	run -0 logs --tail=2 --timestamps
	[ "$output" = $'2026-01-02T03:04:05.500000000Z 100000\n2026-01-02T03:04:05.500000000Z without end' ]
	run -0 logs --tail=2 --since-time=2026-01-02T03:04:05Z
	[ "$output" = $'100000\nwithout end' ]
	run -0 logs --tail=2 --since-time=2026-01-02T03:04:06Z
	[ -z "$output" ]
	run -0 logs --since=1h
	[ -z "$output" ]
}

@test "lines that are followed have the time at which they were written" {
	running -o out --wrap 'echo one; while [ ! -e go ]; do sleep 0.1; done; echo two'
	eventually shows "$OUT/out" one
	timeout 60 kubectl logs -n slurm-alice -f --timestamps "lab-$id" >"$OUT/seen" &
	eventually grep -q one "$OUT/seen"
	touch "$OUT/go"
	wait $!
	first=$(date -d "$(sed -n 's/ one$//p' "$OUT/seen")" +%s%N)
	second=$(date -d "$(sed -n 's/ two$//p' "$OUT/seen")" +%s%N)
	[ "$(stat -c %Y "$OUT/out")" = $((second / 1000000000)) ]
	[ "$first" -lt "$second" ]
}

@test "file names are made as slurmd makes them" {
	job -J 'my job' -o 'o-%j-%4j-%12A-%x-%u-%N-%n-%t-%J-%s-%a-%%j-%q.%5.out' --wrap 'echo found'
	run -0 logs -f
	[ "$output" = found ]
	job -o 'p\%j' --wrap 'echo found'
	run -0 logs -f
	[ "$output" = found ]
	job --wrap 'echo found'
	run -0 logs -f
	[ "$output" = found ]
}

@test "standard output and error apart" {
	job -o out -e err --wrap 'echo good; echo bad >&2'
	eventually state_is alice "$id" COMPLETED
	run -0 logs -c stdout
	[ "$output" = good ]
	run -0 logs -c stderr
	[ "$output" = bad ]
}

@test "the tasks of an array" {
	job --array=2,4,7 -e 'err-%4a' --wrap 'echo task $SLURM_ARRAY_TASK_ID; echo error $SLURM_ARRAY_TASK_ID >&2'
	eventually state_is alice "$id" COMPLETED
	run -0 logs -c task-4
	[ "$output" = "task 4" ]
	run -0 logs -f -c task-7
	[ "$output" = "task 7" ]
	# Of the one that was started last.
	run -0 logs -c stdout
	[ "$output" = "task 7" ]
	run -0 logs -c stderr
	[ "$output" = "error 7" ]
	# On demand, by way of the node.
	node=$(kubectl get pod -n slurm-alice "lab-$id" -o jsonpath='{.spec.nodeName}')
	run -0 kubectl get --raw "/api/v1/nodes/$node/proxy/containerLogs/slurm-alice/lab-$id/stderr-2"
	[ "$output" = "error 2" ]
	run -0 of task-9
	[[ "$output" = *"slurm-${id}_9.out"* ]]
}

@test "a task of an array that runs on is followed to its own end" {
	running --array=1-2 -o 't-%a' --wrap 'echo $SLURM_ARRAY_TASK_ID; [ $SLURM_ARRAY_TASK_ID = 1 ] || sleep 300'
	run -0 timeout 60 kubectl logs -n slurm-alice -f -c task-1 "lab-$id"
	[ "$output" = 1 ]
}

@test "truncated, and moved away while it is followed" {
	running -o out --wrap 'sleep 300'
	printf 'one\ntwo\n' >"$OUT/out"
	timeout 120 kubectl logs -n slurm-alice -f "lab-$id" >"$OUT/seen" &
	eventually shows "$OUT/seen" $'one\ntwo'
	printf 'new\n' >"$OUT/out"
	eventually shows "$OUT/seen" $'one\ntwo\nnew'
	printf 'last of it\n' >>"$OUT/out"
	mv "$OUT/out" "$OUT/out.1"
	printf 'later\n' >>"$OUT/out.1"
	eventually shows "$OUT/seen" $'one\ntwo\nnew\nlast of it\nlater'
	as alice sh -c "echo rotated >'$OUT/out'"
	eventually shows "$OUT/seen" $'one\ntwo\nnew\nlast of it\nlater\nrotated'
	rm "$OUT/out"
	scancel "$id"
	wait $!
}

@test "a requeue empties the file, or not" {
	running --requeue -o out --wrap 'echo run $SLURM_RESTART_COUNT; sleep 300'
	eventually shows "$OUT/out" run
	timeout 120 kubectl logs -n slurm-alice -f "lab-$id" >"$OUT/seen" &
	eventually grep -q run "$OUT/seen"
	scontrol requeue "$id"
	eventually runs_again "$id"
	# What slurmd says about the requeue is in between.
	WITHIN=60 eventually grep -qx 'run 1' "$OUT/seen"
	[ "$(head -n 1 "$OUT/seen")" = run ]
	scancel "$id"
	wait $!
}

@test "any bytes" {
	job -o out --wrap 'head -c 300000 /dev/urandom; printf "\0\377\r\n"'
	eventually state_is alice "$id" COMPLETED
	[ "$(logs | md5sum)" = "$(md5sum <"$OUT/out")" ]
	[ "$(logs -f | md5sum)" = "$(md5sum <"$OUT/out")" ]
}

@test "the end of 10 GB, without reading the rest" {
	job -o out --wrap 'truncate -s 10G out; printf "\nthe end\n" >>out'
	eventually state_is alice "$id" COMPLETED
	run -0 logs --tail=1
	[ "$output" = 'the end' ]
	rm "$OUT/out"
}

@test "nothing that the job's owner may not read" {
	running -o out --wrap 'sleep 300'
	eventually test -e "$OUT/out"
	echo secret >"$BATS_TEST_TMPDIR/secret"
	chmod 600 "$BATS_TEST_TMPDIR/secret"
	mkfifo -m 666 "$OUT/fifo"
	for target in "$BATS_TEST_TMPDIR/secret" /etc/shadow /proc/self/environ /proc/self/mem /proc/1/environ \
			/proc/self/fd/0 /dev/null "$OUT/fifo" "$OUT" /sys/kernel/notes; do
		ln -sfT "$target" "$OUT/out"
		run -0 of stdout
		[[ "$output" = "$OUT/out, opened as uid $(id -u alice) on the agent's host: "* ]] || { echo "$target: $output"; false; }
	done
	# The owner's own link is as good as a file.
	echo mine >"$OUT/mine"
	ln -sfT mine "$OUT/out"
	run -0 logs
	[ "$output" = mine ]
	ln -sfT missing "$OUT/out"
	run of stdout
	[ -z "$output" ] || [[ "$output" = *"No such file"* ]]
}

@test "output that is nowhere to be found is told, not empty" {
	job -o out --wrap true
	eventually state_is alice "$id" COMPLETED
	rm "$OUT/out"
	run -1 logs
	[[ "$output" = *"$OUT/out, opened as uid $(id -u alice) on the agent's host: No such file or directory"* ]]
	id=$(as alice salloc --no-shell 2>&1 | sed -n 's/.*job allocation //p' | head -1)
	eventually state_is alice "$id" RUNNING
	run -0 of stdout
	[[ "$output" = *"not submitted with sbatch"* ]]
}

# status CURL-ARGUMENT...: HTTP's
status() {
	code_of /healthz "$@"
}

# code_of PATH CURL-ARGUMENT...
code_of() {
	curl -s -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' --cacert "$LAB_STATE/pki/ca.crt" "https://$AGENT_KUBELET$1" "${@:2}"
}

# an authority and a client's certificate by it
other_ca() {
	local dir=$BATS_TEST_TMPDIR
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/other-ca.key" \
		-out "$dir/other-ca.crt" -subj "/CN=slurm-kube lab" -days 2
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/other.key" \
		-subj /O=system:masters/CN=kube-apiserver-kubelet-client |
		openssl x509 -req -CA "$dir/other-ca.crt" -CAkey "$dir/other-ca.key" -set_serial 1 -days 2 -out "$dir/other.crt"
} 2>/dev/null

@test "who is let in by certificate" {
	pki=$LAB_STATE/pki
	[ "$(status --cert "$pki/kubelet-client.crt" --key "$pki/kubelet-client.key")" = 200 ]
	[ "$(status)" = 401 ]
	# Known to the API server, but without the right.
	[ "$(status --cert "$pki/alice.crt" --key "$pki/alice.key")" = 403 ]
	grep 'user=alice, verb=get, resource=nodes, subresource=proxy' "$BATS_TEST_TMPDIR/body"
	other_ca
	[ "$(status --cert "$BATS_TEST_TMPDIR/other.crt" --key "$BATS_TEST_TMPDIR/other.key")" = 401 ]
	# One that has run out.
	faketime '3 days ago' true 2>/dev/null || skip 'no faketime'
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$BATS_TEST_TMPDIR/old.key" \
		-subj /O=system:masters/CN=old 2>/dev/null | faketime '3 days ago' openssl x509 -req -CA "$pki/ca.crt" -CAkey "$pki/ca.key" \
		-set_serial 9 -days 1 -out "$BATS_TEST_TMPDIR/old.crt" 2>/dev/null
	[ "$(status --cert "$BATS_TEST_TMPDIR/old.crt" --key "$BATS_TEST_TMPDIR/old.key")" = 401 ]
}

@test "who is let in by token" {
	kubectl create serviceaccount -n default logs-reader
	token=$(kubectl create -f - --raw /api/v1/namespaces/default/serviceaccounts/logs-reader/token \
		<<<'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' | jq -r .status.token)
	[ "$(status -H 'Authorization: Bearer nonsense')" = 401 ]
	[ "$(status -H 'Authorization: Basic YWxpY2U6YWxpY2U=')" = 401 ]
	[ "$(status -H "Authorization: Bearer $(head -c 9000 /dev/zero | tr '\0' x)")" = 401 ]
	[ "$(status -H "Authorization: Bearer $token")" = 403 ]
	kubectl create clusterrole logs-reader --verb=get --resource=nodes/proxy
	kubectl create clusterrolebinding logs-reader --clusterrole=logs-reader --serviceaccount=default:logs-reader
	# The no is remembered for ten seconds.
	eventually eval '[ "$(status -H "Authorization: Bearer $token")" = 200 ]'
	# Who may read may not enter, though a WebSocket begins with a GET.
	for what in exec attach; do
		[ "$(code_of "/$what/slurm-alice/lab-1/stdout?command=true" -H "Authorization: Bearer $token")" = 403 ]
		grep verb=create "$BATS_TEST_TMPDIR/body"
	done
	kubectl delete clusterrolebinding/logs-reader clusterrole/logs-reader
	kubectl delete serviceaccount -n default logs-reader
}

@test "nothing without TLS" {
	run curl -s -m 20 "http://$AGENT_KUBELET/healthz"
	[ "$status" != 0 ]
	[ -z "$output" ]
}

@test "what is asked wrongly" {
	ask() {
		direct "$1" --path-as-is -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' "${@:2}"
	}
	id=none
	[ "$(ask /)" = 404 ]
	[ "$(ask /containerLogs/)" = 400 ]
	[ "$(ask /containerLogs/slurm-alice/lab-1)" = 400 ]
	[ "$(ask /containerLogs/slurm-alice/lab-1/stdout/more)" = 400 ]
	[ "$(ask /containerLogs/slurm-alice/no-such/stdout)" = 404 ]
	grep 'pod "no-such" does not exist' "$BATS_TEST_TMPDIR/body"
	for path in /containerLogs/slurm-alice/../stdout /containerLogs/slurm-alice/..%2f..%2fetc/stdout /containerLogs/a/%00/stdout \
			'/containerLogs/slurm-alice/lab"-1/stdout' /containerLogs/A/B/C; do
		[ "$(ask "$path")" = 404 ] || [ "$(ask "$path")" = 400 ]
	done
	[ "$(ask "/containerLogs/a/$(head -c 2000 /dev/zero | tr '\0' a)/stdout")" = 404 ]
	[[ "$(ask "/containerLogs/a/$(head -c 100000 /dev/zero | tr '\0' a)/stdout")" = 4* ]]
	[ "$(ask /healthz -X POST -d x)" = 405 ]
	job -o out --wrap 'echo x'
	eventually state_is alice "$id" COMPLETED
	for query in follow=maybe tailLines=x limitBytes= sinceTime=yesterday; do
		[ "$(ask "/containerLogs/slurm-alice/lab-$id/stdout?$query")" = 400 ]
	done
	for query in tailLines=-1 limitBytes=0 'sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z'; do
		[ "$(ask "/containerLogs/slurm-alice/lab-$id/stdout?$query")" = 422 ]
	done
	[ "$(ask "/containerLogs/slurm-alice/lab-$id/nothing")" = 404 ]
	[ "$(ask "/containerLogs/slurm-alice/lab-$id/stdout?tail=all&unknown=1")" = 200 ]
}

# Descriptors and threads of the kubelet process
held() {
	local pid
	pid=$(kubelet_pid)
	echo "$(ls "/proc/$pid/fd" | wc -l) $(ls "/proc/$pid/task" | wc -l)"
}

@test "a client that goes away leaves nothing behind" {
	running -o out --wrap 'sleep 300'
	eventually eval '[ "$(held | cut -d" " -f2)" -le 3 ]'
	before=$(held)
	for i in {1..20}; do
		follow /dev/null
		readers[i]=$reader
	done
	eventually eval '[ "$(held | cut -d" " -f2)" -ge 20 ]'
	kill -KILL "${readers[@]}"
	eventually eval '[ "$(held)" = "$before" ]'
}

@test "a reader that reads nothing holds up nobody" {
	running -o out --wrap 'yes "a line of some length, so that what lies between them is soon full" | head -n 3000000; sleep 300'
	follow "$BATS_TEST_TMPDIR/slow"
	eventually test -s "$BATS_TEST_TMPDIR/slow"
	kill -STOP $reader
	for i in 1 2 3; do
		[[ "$(of stdout tailLines=2)" = *"a line of some length"* ]]
	done
	other=$(submit alice --wrap true)
	eventually state_is alice "$other" COMPLETED
	kill -CONT $reader
	eventually eval '[ "$(wc -l <"$BATS_TEST_TMPDIR/slow")" = 3000000 ]'
	kill $reader
}

@test "a file that hung is given up after a minute, and read when it can be" {
	local hung=$BATS_FILE_TMPDIR/hung
	[ -e "$hung.pid" ] || skip "it goes on with the test of a file system that hangs"
	WITHIN=120 eventually shows "$hung.answer" "the file system doesn't answer"
	kill "$(cat "$hung.pid")"
	id=$(cat "$hung.id")
	# The job was cancelled with that test, which slurmstepd says there.
	[ "$(of stdout | head -n 1)" = there ]
}

@test "the kubelet process is killed: another takes its place, the loop goes on" {
	running -o out --wrap 'echo there; sleep 300'
	eventually test -s "$OUT/out"
	before=$(kubelet_pid)
	agent=$("$LAB" pid agent)
	follow "$OUT/seen"
	eventually shows "$OUT/seen" there
	kill -KILL "$before"
	! wait $reader
	eventually eval '[ "$(of stdout)" = there ]'
	[ "$(kubelet_pid)" != "$before" ]
	[ "$("$LAB" pid agent)" = "$agent" ]
}

@test "the process that hears from everybody has no rights, and nothing of the agent's" {
	pid=$(kubelet_pid)
	[ "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$pid/status")" = "65534 65534 65534 65534" ]
	[ "$(awk '$1 == "Groups:" { print $2 }' "/proc/$pid/status")" = "" ]
	[ "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
	# The keeper's socket, the one that listens, inotify, and two to wake up.
	eventually eval '[ "$(ls "/proc/$pid/fd" | awk "\$1 > 2" | wc -l)" -le 7 ]'
	# None of its sockets is the agent's but the one that listens, whose copy the agent has closed.
	agent=$("$LAB" pid agent)
	run -1 grep -xFf <(readlink "/proc/$agent"/fd/* | grep socket: | sort -u) <(readlink "/proc/$pid"/fd/* | grep socket:)
}

@test "the agent is killed: its processes end with it" {
	before=$(kubelet_pid)
	"$LAB" kill agent
	eventually eval '! kill -0 "$before" 2>/dev/null'
	eventually eval '! lab_pgrep -x slurm-kube-keep'
	"$LAB" up agent
	eventually eval '[ "$(direct /healthz)" = ok ]'
}

@test "a renewed certificate is used, and who follows is not cut off" {
	pki=$LAB_STATE/pki
	running -o out --wrap 'echo there; sleep 300'
	eventually test -s "$OUT/out"
	follow "$OUT/seen"
	eventually shows "$OUT/seen" there
	cp "$pki/kubelet.crt" "$BATS_TEST_TMPDIR/"
	openssl req -new -key "$pki/kubelet.key" -subj /CN=renewed | openssl x509 -req -CA "$pki/ca.crt" -CAkey "$pki/ca.key" \
		-set_serial 77 -days 9 -out "$pki/kubelet.new" -extfile <(echo subjectAltName=IP:127.0.0.1)
	mv "$pki/kubelet.new" "$pki/kubelet.crt"
	eventually eval 'direct /healthz -v 2>&1 | grep -q CN=renewed'
	echo more >>"$OUT/out"
	eventually shows "$OUT/seen" $'there\nmore'
	mv "$BATS_TEST_TMPDIR/kubelet.crt" "$pki/kubelet.crt"
	kill $reader
}
