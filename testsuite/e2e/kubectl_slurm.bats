#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kubectl slurm, as users have it: with rights in their own namespace alone. Where kubectl itself matters also with Debian's, 1.20.

load helpers

setup_file() {
	bats_require_minimum_version 1.5.0
	kubelet_up nodes: '  create: cluster' logs: '  pods: annotated'
	KUBECTLS=kubectl
	OLD=$LAB_STATE/run/kubectl-old
	if old_kubectl; then
		KUBECTLS="kubectl $OLD/usr/bin/kubectl"
	fi
	export KUBECTLS
}

# Debian's kubectl, if that isn't the one at hand.
old_kubectl() {
	! kubectl version --client 2>/dev/null | grep -qF '"v1.20' || return 1
	mkdir -p "$OLD"
	(cd "$OLD" && apt-get download -qq kubernetes-client >&2 && dpkg-deb -x kubernetes-client_*.deb .)
}

teardown_file() {
	rm -rf "$LAB_STATE/run/kubectl-old"
	kubelet_down
}

setup() {
	OUT=$(mktemp -d /tmp/kubectl-slurm-test.XXXXXX)
	chown alice "$OUT"
	chmod 755 "$OUT"
}

teardown() {
	scancel --quiet -u alice || :
	rm -rf "$OUT"
}

# slurm ARGUMENT...: kubectl slurm as alice, by $KUBECTL if that is set
slurm() {
	as alice ${KUBECTL:+KUBECTL="$KUBECTL"} kubectl-slurm "$@"
}

# made ARGUMENT...: sets name, of a job of alice's that is submitted
made() {
	name=$(slurm submit --chdir="$OUT" --output="$OUT/out" "$@")
}

# job_of NAME JSONPATH
job_of() {
	kubectl get slurmjob -n slurm-alice "$1" -o "jsonpath={$2}"
}

# job_has NAME JSONPATH VALUE
job_has() {
	local value
	value=$(job_of "$1" "$2") || return 1
	[ "$value" = "$3" ] || { echo "$2 is '$value', not '$3'"; return 1; }
}

# running ARGUMENT...: as made, and it runs
running() {
	made "$@"
	eventually job_has "$name" .status.state RUNNING
}

asks_for_pod() {
	[ -n "$(job_of "$1" '.metadata.annotations.slurm-kube\.io/logs')" ]
}

no_pod() {
	! kubectl get pod -n slurm-alice "$1" 2>/dev/null
}

# script LINE...: a batch script with these lines behind #!
script() {
	printf '%s\n' '#!/bin/sh' "$@" >"$OUT/job.sh"
}

# spec ARGUMENT...: what submit would make of it, without script and name
spec() {
	kubectl-slurm submit --dry-run "$@" | jq -cS '.spec | del(.script, .jobName)'
}

# becomes JSON LINE...
becomes() {
	local wanted=$1 seen
	shift
	script "$@"
	seen=$(spec "$OUT/job.sh")
	[ "$seen" = "$wanted" ] || { echo "$* is $seen, not $wanted"; return 1; }
}

# refused REGEX LINE...
refused() {
	local wanted=$1
	shift
	script "$@"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" =~ $wanted ]] || { echo "$* says: $output"; return 1; }
}

# -- scripts ----------------------------------------------------------------------------------

@test "#SBATCH lines are read as sbatch does" {
	becomes '{"nodes":"2-3","tasks":4,"timeLimit":"1:00"}' '#SBATCH -n4 -N 2-3 --time=1:00'
	becomes '{"comment":"a b","hold":true}' '#SBATCH --comment="a b" -H'
	becomes '{"comment":"a b#c"}' "#SBATCH --comment 'a b'\\#c"
	becomes '{"comment":"a"}' '#SBATCH --comment a # --hold'
	becomes '{"timeLimit":"5"}' '#SBATCH --time=3' '# text' '' '#SBATCH -t 5' 'true' '#SBATCH -t 7'
	becomes '{}' '##SBATCH -t 5' ' #SBATCH -t 5' '#sbatch -t 5'
	becomes '{"partition":"p"}' '#SBATCH --part p'
	becomes '{"memoryPerCpu":"2G"}' '#SBATCH --mem=1G --mem-per-cpu=2G'
	becomes '{"nice":100}' '#SBATCH --nice'
	becomes '{"nice":-5}' '#SBATCH --nice=-5'
	becomes '{"tresPerJob":"gres:gpu:2","tresPerNode":"gres:gpu:a100:2,gres:gpu:h100:1"}' '#SBATCH -G2 --gpus-per-node=a100:2,h100:1'
	becomes '{"openMode":"Append"}' '#SBATCH --open-mode=append'
	becomes '{"tasks":1}' '#SBATCH -n 1' '#SBATCH hetjob' '#SBATCH -n 2'
	# What has no field stays in the script, for sbatch.
	becomes '{"tasks":1}' '#SBATCH --mail-type=END --exclusive -O -n 1' '#SBATCH --of-another-plugin word'
}

@test "options of containers" {
	becomes '{"container":{"image":"docker://debian:12","mounts":[{"options":"ro,nosuid","source":"/a","target":"/b"},{"target":"/c"}],"workdir":"/w"}}' \
		'#SBATCH --container=docker://debian:12 --container-mounts=/a:/b:ro+nosuid,/c --container-workdir=/w'
	becomes '{"container":{"env":[{"name":"A"},{"name":"B"}],"image":"i","mountHome":false,"writable":true}}' \
		'#SBATCH --container-image=i --container-env=A,B --no-container-mount-home --container-writable'
	becomes '{"container":{"devices":["v.com/gpu=0"],"entrypoint":true,"image":"i","name":"n","remapRoot":false,"save":"s","scope":"steps"}}' \
		'#SBATCH --container i --container-device v.com/gpu=0 --container-entrypoint --container-name n --container-save s' \
		'#SBATCH --container-scope steps --no-container-remap-root'
}

@test "the command line wins over the script" {
	script '#SBATCH -n 4 -t 5 --mem 1G --container=i --container-name=n'
	run -0 spec -n 2 --mem-per-cpu=1G --container=k "$OUT/job.sh"
	[ "$output" = '{"container":{"image":"k","name":"n"},"memoryPerCpu":"1G","tasks":2,"timeLimit":"5"}' ]
	run -0 spec --wrap true
	[ "$output" = '{}' ]
}

@test "the environment is what is named" {
	script '#SBATCH --export=ALL,A=1'
	export HERE=there
	run -0 --separate-stderr spec "$OUT/job.sh"
	[ "$output" = '{"environment":[{"name":"A","value":"1"}]}' ]
	[[ "$stderr" = *"line 2: --export=ALL"* ]]
	run -0 --separate-stderr spec --export=HERE,B=2=3 "$OUT/job.sh"
	[ "$output" = '{"environment":[{"name":"HERE","value":"there"},{"name":"B","value":"2=3"}]}' ]
	run -2 kubectl-slurm submit --dry-run --export=NOT_HERE "$OUT/job.sh"
	[[ "$output" = *"there is no variable NOT_HERE here"* ]]
}

@test "what can't be had is refused by name, with its line" {
	refused 'line 2: --propagate .*ulimit' '#SBATCH --propagate'
	refused 'line 3: --wait .*submit --watch' '# text' '#SBATCH --wait'
	refused 'line 2: --uid' '#SBATCH --uid=0'
	refused 'line 2: --ntasks=x: it takes a number' '#SBATCH -n x'
	refused 'line 2: a " is not closed' '#SBATCH --comment="a'
	refused "line 2: 'word' is no option" '#SBATCH word'
	refused "line 2: --mem needs a value" '#SBATCH --mem'
	refused 'line 2: .* short for several' '#SBATCH --ntasks-per=1'
	refused 'line 2: --clusters=a,b: name one' '#SBATCH -M a,b'
	script true
	run -2 kubectl-slurm submit --mail-type=END "$OUT/job.sh"
	[[ "$output" = *"#SBATCH --mail-type=END"* ]]
	run -2 kubectl-slurm submit -n slurm-alice "$OUT/job.sh"
	[[ "$output" = *"--namespace="* ]]
	run -2 kubectl-slurm submit "$OUT/job.sh" argument
	[[ "$output" = *"--export=NAME=VALUE"* ]]
	run -2 kubectl-slurm submit --nonsense "$OUT/job.sh"
	[[ "$output" = *"no option '--nonsense'"* ]]
}

@test "hostile scripts get a clear answer" {
	printf '#!/bin/sh\necho \0\n' >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *"line 2 has a NUL byte"* ]]
	printf '#!/bin/sh\necho \344\n' >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run - <"$OUT/job.sh"
	[[ "$output" = *"line 2 is not UTF-8"* ]]
	printf '#!/bin/sh\r\ntrue\r\n' >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *Windows* ]]
	echo true >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *'#!'* ]]
	: >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *empty* ]]
	head -c 10000000 /dev/zero >"$OUT/job.sh"
	run -1 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *"larger than 1048576 bytes"* ]]
	{ printf '#!/bin/sh\n#SBATCH --comment='; head -c 500000 /dev/zero | tr '\0' x; } >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *"line 2: a word is too long"* ]]
	{ echo '#!/bin/sh'; yes '#SBATCH -n 1' | head -n 20000; } >"$OUT/job.sh"
	run -2 kubectl-slurm submit --dry-run "$OUT/job.sh"
	[[ "$output" = *"more than 4096 words"* ]]
	run -1 kubectl-slurm submit --dry-run "$OUT"
	[[ "$output" = *"Is a directory"* ]]
}

# -- jobs -------------------------------------------------------------------------------------

@test "submit prints the name; --watch tells how it goes, and ends as the job does" {
	for KUBECTL in $KUBECTLS; do
		script "#SBATCH --job-name='Some Thing' --output=$OUT/out --chdir=/" 'pwd; echo "$A"; exit 3'
		run -3 slurm submit --watch --export=A=given "$OUT/job.sh"
		[[ "${lines[0]}" =~ ^some-thing-[a-z0-9]{5}$ ]]
		[[ "${lines[-1]}" = "FAILED (NonZeroExitCode), exit code 3" ]]
		[ "$(cat "$OUT/out")" = $'/\ngiven' ]
		job_has "${lines[0]}" .spec.jobName 'Some Thing'
	done
	run -0 slurm submit --dry-run=server "$OUT/job.sh"
	[[ "${lines[0]}" = some-thing-* ]]
	# What the API server refuses
	run -1 slurm submit --nodes=x "$OUT/job.sh"
	[[ "$output" = *spec.nodes* ]]
	# What Slurm refuses
	run -1 slurm submit --watch --partition=none "$OUT/job.sh"
	[[ "$output" = *"partition"* ]]
}

@test "another namespace than one's own is the API server's to refuse" {
	script true
	run -1 as bob kubectl-slurm --namespace=slurm-alice submit "$OUT/job.sh"
	[[ "$output" = *[Ff]orbidden* ]]
	held=$(submit alice --hold --wrap true)
	eventually state_is alice "$held" PENDING
	for verb in 'logs' 'release' 'cancel' 'steps' 'wait'; do
		run -1 as bob kubectl-slurm -n slurm-alice $verb "lab-$held"
		[[ "$output" = *[Ff]orbidden* ]]
	done
	state_is alice "$held" PENDING
}

@test "hold, release and cancel wait for Slurm's answer" {
	for KUBECTL in $KUBECTLS; do
		made --hold --wrap 'sleep 600'
		run -0 slurm hold "$name"
		[[ "$output" = *"nothing to do"* ]]
		run -0 slurm release "$name"
		eventually job_has "$name" .status.state RUNNING
		id=$(job_of "$name" .status.jobId)
		# By Slurm's job id
		run -1 slurm suspend "$id"
		[[ "$output" = *"Slurm says: "*"denied"* ]]
		run -0 slurm cancel "$id"
		[ "$output" = "$name: cancelled" ]
		slurm_has "$id" JobState CANCELLED
		run -1 slurm cancel "$name"
		[[ "$output" = *"there is no SlurmJob '$name' here"* ]]
	done
}

@test "requeue begins anew, also held; twice at once" {
	running --wrap 'sleep 600'
	run -0 slurm requeue --hold "$name"
	eventually job_has "$name" .status.reason JobHeldUser
	job_has "$name" .status.restarts 1
	run -1 slurm requeue "$name"
	[[ "$output" = *"Slurm says"* ]]
}

@test "cancel: what has ended stays; an orphan is cancelled, too" {
	made --wrap true
	run -0 slurm wait "$name"
	[ "$output" = "$name: COMPLETED" ]
	run -0 slurm cancel "$name"
	[ "$output" = "$name: has ended already (COMPLETED)" ]
	job_has "$name" .status.state COMPLETED
	made --hold --wrap true
	eventually job_has "$name" .status.state PENDING
	id=$(job_of "$name" .status.jobId)
	kubectl patch slurmjob -n slurm-alice "$name" --type=merge -p '{"spec":{"deletionPolicy":"Orphan"}}'
	run -0 slurm cancel "$name"
	slurm_has "$id" JobState CANCELLED
}

@test "several jobs: by name, by label, and all only with --yes" {
	one=$(submit alice --hold --wrap true)
	two=$(submit alice --hold --wrap true)
	eventually state_is alice "$one" PENDING
	eventually state_is alice "$two" PENDING
	run -2 slurm release
	run -2 slurm release --all
	[[ "$output" = *--yes* ]]
	run -2 slurm release --all "$one" --yes
	run -1 slurm release "$one" no-such-job
	[[ "$output" = *"no SlurmJob 'no-such-job'"* ]]
	slurm_has "$one" Reason JobHeldUser
	run -0 slurm hold -l "slurm-kube.io/job-id=$one" --timeout=90s
	run -2 slurm cancel -l ''
	run -2 slurm cancel "${one}_3"
	run -0 slurm cancel --all --yes --timeout=2m
	slurm_has "$one" JobState CANCELLED
	slurm_has "$two" JobState CANCELLED
	run -0 slurm release "lab-$two" --help
}

@test "wait: the end, a state, a condition, tasks, deletion, not for ever" {
	for KUBECTL in $KUBECTLS; do
		made --hold --wrap 'exit 4'
		run -124 slurm wait "$name" --timeout=2s
		[[ "$output" = *"not within 2s; now: PENDING"* ]]
		run -0 slurm wait "slurmjob/$name" --for=PENDING
		run -0 slurm wait "$name" --for=condition=Accepted
		slurm release --no-wait "$name"
		run -4 slurm wait "$name" --timeout=2m
		[ "$output" = "$name: FAILED (NonZeroExitCode), exit code 4" ]
		run -1 slurm wait "$name" --for=RUNNING
		[[ "$output" = *"has ended without being RUNNING"* ]]
	done
	made --array=1-2 --wrap '[ $SLURM_ARRAY_TASK_ID = 1 ]'
	id=$(slurm wait "$name" --for=Accepted >/dev/null && job_of "$name" .status.jobId)
	run -0 slurm wait "${id}_1"
	[[ "$output" = *"task 1 is COMPLETED"* ]]
	run -1 slurm wait "${name}_2"
	run -1 slurm wait "${name}_9"
	[[ "$output" = *"no task 9"* ]]
	run -2 slurm wait "${name}_x"
	run -2 slurm wait "$name" --timeout=x
	kubectl delete slurmjob -n slurm-alice "$name" --wait=false
	slurm wait "$name" --for=delete || no_such "$name"
}

no_such() {
	! kubectl get slurmjob -n slurm-alice "$1"
}

@test "logs of a job that has no pod: one is there as long as it is read" {
	for KUBECTL in $KUBECTLS; do
		running --wrap 'seq 1 100; sleep 600'
		eventually grep -qx 100 "$OUT/out"
		no_pod "$name"
		run -0 slurm logs "$name" --tail=2
		[ "$output" = $'99\n100' ]
		run ! asks_for_pod "$name"
		eventually no_pod "$name"
		# Again, soon afterwards
		run -0 slurm logs "$name" --tail=1
		[ "${lines[-1]}" = 100 ]
	done
}

@test "logs -f of a job that has no pod, by its id, to the job's end" {
	for KUBECTL in $KUBECTLS; do
		gate
		made --wrap "seq 1 100; $UNTIL_OPEN; echo end"
		id=$(slurm wait "$name" --for=RUNNING >/dev/null && job_of "$name" .status.jobId)
		rm -f "$OUT/seen"
		as alice ${KUBECTL:+KUBECTL="$KUBECTL"} timeout 120 kubectl-slurm logs -f "$id" >"$OUT/seen" 3>&- &
		eventually grep -qx 100 "$OUT/seen"
		asks_for_pod "$name"
		open_gate
		wait $!
		[ "$(tail -n1 "$OUT/seen")" = end ]
		run ! asks_for_pod "$name"
	done
}

@test "logs: interrupted, nothing stays; what was asked for before stays" {
	running --wrap 'echo here; sleep 600'
	eventually grep -qx here "$OUT/out"
	as alice kubectl-slurm logs -f "$name" >"$OUT/seen" 3>&- &
	eventually grep -qx here "$OUT/seen"
	kill -TERM "$(pgrep -u alice -xf "kubectl-slurm logs -f $name")"
	wait $! || code=$?
	[ "$code" = 143 ]
	run ! asks_for_pod "$name"
	kubectl annotate slurmjob -n slurm-alice "$name" slurm-kube.io/logs=true
	eventually kubectl get pod -n slurm-alice "$name"
	run -0 slurm logs "$name" --limit-bytes=3
	[ "$output" = her ]
	job_has "$name" '.metadata.annotations.slurm-kube\.io/logs' true
	# Who may only view reads what has a pod.
	kubectl create rolebinding -n slurm-alice bob-views --clusterrole=view --user=bob
	run -0 as bob kubectl-slurm -n slurm-alice logs "$name"
	[ "$output" = here ]
	kubectl annotate slurmjob -n slurm-alice "$name" slurm-kube.io/logs-
	eventually no_pod "$name"
	run -1 as bob kubectl-slurm -n slurm-alice logs "$name"
	kubectl delete rolebinding -n slurm-alice bob-views
	[[ "$output" = *"annotation slurm-kube.io/logs"*[Ff]orbidden* ]]
}

@test "logs of standard error, of tasks of a large array" {
	name=$(slurm submit --output="$OUT/out" --error="$OUT/err" --wrap 'echo good; echo bad >&2')
	slurm wait "$name"
	run -0 slurm logs --stderr "$name"
	[ "$output" = bad ]
	name=$(slurm submit --output="$OUT/out-%a" --array=0-19 --wrap 'echo "task $SLURM_ARRAY_TASK_ID"')
	slurm wait "$name"
	id=$(job_of "$name" .status.jobId)
	run -0 slurm logs "${id}_17"
	[ "$output" = "task 17" ]
	run -0 slurm logs "$name" --task=3
	[ "$output" = "task 3" ]
	made --wrap 'echo one'
	slurm wait "$name"
	run -1 slurm logs --stderr "$name"
	[[ "$output" = *"leave --stderr out"* ]]
	run -2 slurm logs --stderr -c stdout "$name"
	run -2 slurm logs "${name}_1"
	[[ "$output" = *"is no job array"* ]]
}

@test "exec: as the owner, its streams and exit code, by each kubectl" {
	running --wrap 'sleep 600'
	head -c 3000000 /dev/urandom >"$OUT/in"
	for KUBECTL in $KUBECTLS; do
		run -7 --separate-stderr slurm exec "$name" -- sh -c 'id -un; echo $SLURM_JOB_ID; echo bad >&2; exit 7'
		[ "$output" = $'alice\n'"$(job_of "$name" .status.jobId)" ]
		[[ "$stderr" = *bad* ]]
		slurm exec -i "$name" -- cat <"$OUT/in" >"$OUT/copy"
		cmp "$OUT/in" "$OUT/copy"
		run ! asks_for_pod "$name"
	done
	run ls -d /tmp/kubectl-slurm.*
	[ "$status" != 0 ]
}

@test "exec with a terminal, which is as it was afterwards" {
	running --wrap 'sleep 600'
	for KUBECTL in $KUBECTLS; do
		export KUBECTL
		command script -qec "stty rows 33 cols 101; stty -a >$OUT/before
			kubectl-slurm -n slurm-alice exec -it $name -- sh -c 'test -t 0 && echo is one; until [ \"\$(stty size)\" = \"33 101\" ]; do sleep 0.1; done'
			echo \"code \$?\"; stty -a | diff - $OUT/before && echo as before" "$OUT/typescript" </dev/null
		output=$(tr -d '\0' <"$OUT/typescript")
		echo "$output"
		[[ "$output" = *"is one"* ]]
		[[ "$output" = *"code 0"* ]]
		[[ "$output" = *"as before"* ]]
	done
}

no_steps() {
	[ -z "$(squeue -h -s -j "$1" -o %i | grep -vE 'batch|extern')" ]
}

@test "exec that is interrupted ends the command, and leaves nothing" {
	running --wrap 'sleep 600'
	id=$(job_of "$name" .status.jobId)
	as alice kubectl-slurm exec "$name" -- sleep 500 3>&- &
	eventually eval '! no_steps "$id"'
	kill -INT "$(pgrep -u alice -xf "kubectl-slurm exec $name -- sleep 500")"
	wait $! || code=$?
	[ "$code" = 130 ]
	eventually no_steps "$id"
	run ! asks_for_pod "$name"
	job_has "$name" .status.state RUNNING
}

@test "exec: what can't be is said" {
	made --hold --wrap true
	eventually job_has "$name" .status.state PENDING
	run -1 slurm exec "$name" -- true
	[[ "$output" = *"isn't running, it is PENDING"* ]]
	# Of an array one task
	running --array=0-1 --wrap 'sleep 600'
	run -5 slurm exec "${name}_1" -- sh -c 'exit 5'
	run -1 slurm exec "$name" -- true
	[[ "$output" = *"name one of its tasks"* ]]
	run -2 slurm exec "${name}_1" -c stdout -- true
	run -2 slurm exec "$name"
	[[ "$output" = *"exec JOB -- COMMAND"* ]]
	kubectl create rolebinding -n slurm-alice bob-edits-jobs --clusterrole=slurm-kube-edit --user=bob
	run -1 as bob kubectl-slurm -n slurm-alice exec "$name" -- true
	kubectl delete rolebinding -n slurm-alice bob-edits-jobs
	[[ "$output" = *[Ff]orbidden* ]]
}

@test "top and steps" {
	running --wrap 'srun --job-name=inner sleep 600'
	for KUBECTL in $KUBECTLS; do
		run -0 slurm top partitions
		[[ "${lines[0]}" = PARTITION* ]]
		[[ "$output" =~ debug\*\ +lab\ +UP ]]
		run -0 slurm top jobs
		[[ "$output" =~ $name\ +[0-9]+\ +debug\ +alice\ +RUNNING\ .*node ]]
		run -0 slurm top --by=user
		[[ "$output" =~ alice\ +1\ +1\ +0\ +1 ]]
		run -0 kubectl-slurm top jobs -A
		[[ "$output" =~ slurm-alice\ +$name ]]
	done
	run -1 slurm top -A
	[[ "$output" = *"-A is for who may list"* ]]
	eventually eval 'slurm steps "$name" | grep -E "^0 +inner +RUNNING +1 "'
}

# -- words ------------------------------------------------------------------------------------

@test "help, version, and wrong words" {
	run -0 kubectl-slurm --version
	run -0 kubectl-slurm --help
	verbs=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' <<<"$output")
	[ "$(wc -l <<<"$verbs")" = 13 ]
	for verb in $verbs; do
		run -0 kubectl-slurm "$verb" --help
		[[ "$output" = "Usage: kubectl slurm $verb "* ]]
	done
	for words in '' nonsense 'logs' 'wait a b' 'top nonsense' 'hold --nonsense x' 'steps ../x' 'completion fish' 'logs x --tail'; do
		# shellcheck disable=SC2086
		run -2 kubectl-slurm $words
		[[ "$output" = *help* ]]
	done
	run -1 env KUBECTL=/no/such/kubectl kubectl-slurm steps x
	[[ "$output" = *"its path into KUBECTL"* ]]
}

@test "completion: verbs, options, jobs" {
	made --hold --wrap true
	run -0 kubectl-slurm __complete re
	[ "$output" = $'release\nresume\nrequeue\n:4' ]
	run -0 kubectl-slurm __complete logs --ti
	[ "$output" = $'--timestamps\n:4' ]
	run -0 kubectl-slurm __complete submit --container-sa
	[ "$output" = $'--container-save=\n:4' ]
	run -0 kubectl-slurm __complete submit jo
	[ "$output" = ':0' ]
	run -0 kubectl-slurm __complete -n slurm-alice wait "${name:0:6}"
	[[ "$output" = *"$name"* ]]
	run -0 slurm completion bash
	bash -n <<<"$output"
	run -0 as alice bash -c 'source <(kubectl-slurm completion bash); COMP_WORDS=(kubectl slurm logs '"${name:0:6}"'); COMP_CWORD=3
		_kubectl_or_slurm; printf "%s\n" "${COMPREPLY[@]}"'
	[[ "$output" = *"$name"* ]]
	# As kubectl 1.26 and later do it
	run -0 kubectl_complete-slurm top ''
	[ "$output" = $'jobs\npartitions\n:4' ]
}
