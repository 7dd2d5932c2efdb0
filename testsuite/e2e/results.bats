#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What spec.results names is collected when the job has ended.
load helpers
load submit_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	quiet_slurm
	# Others' objects may have the same names.
	kubectl delete slurmjobs -n slurm-alice --all --wait=false
	eventually no_slurmjobs
	drop_volumes
	export SHARED PORT
	SHARED=$(mktemp -d /var/tmp/slurm-kube-results.XXXXXX)
	chmod 755 "$SHARED"
	mkdir -m 1777 "$SHARED"/{volume,other,work}
	mkdir -m 700 "$SHARED/server"
	cp "$LAB_STATE/pki/ca.crt" "$SHARED/ca.pem"
	chmod 644 "$SHARED/ca.pem"
	setsid "$BATS_TEST_DIRNAME/results-server.py" "$SHARED/server" "$LAB_STATE/pki/kubelet.crt" "$LAB_STATE/pki/kubelet.key" \
		>"$SHARED/server/out" 2>&1 3>&- &
	echo $! >"$SHARED/server/pid"
	eventually test -s "$SHARED/server/port"
	PORT=$(cat "$SHARED/server/port")
	cat >"$LAB_STATE/etc/agent-more.yaml" <<-END
	results:
	  volumes: ["hostPath:$SHARED/volume"]
	  httpAllow: ["127.0.0.1:$PORT", "localhost:$PORT"]
	  httpCA: $SHARED/ca.pem
	  maxBytes: 50M
	  parallel: 8
	END
	LAB_CONTROLLERS=persistentvolume-binder "$LAB" restart agent controller-manager
	volume results "hostPath: {path: $SHARED/volume}"
	claim results
	eventually bound results
}

teardown_file() {
	: >"$SHARED/server/open"
	kubectl delete slurmjobs -n slurm-alice --all --wait=false
	quiet_slurm
	eventually no_slurmjobs
	drop_volumes
	kubectl delete secret -n slurm-alice --ignore-not-found files
	kubectl delete configmap -n slurm-alice --ignore-not-found theirs
	kill "$(cat "$SHARED/server/pid")"
	rm -f "$LAB_STATE/etc/agent-more.yaml"
	"$LAB" restart agent controller-manager
	rm -rf "$SHARED"
}

setup() {
	rm -f "$SHARED/server/open"
}

no_slurmjobs() {
	[ -z "$(kubectl get slurmjobs -n slurm-alice -o name)" ]
}

# Nothing in the lab takes their finalizers off.
drop_volumes() {
	local what
	for what in $(kubectl get pvc,pv -n slurm-alice -l results-bats=yes -o name); do
		kubectl delete -n slurm-alice "$what" --wait=false
		kubectl patch -n slurm-alice "$what" --type=merge -p '{"metadata":{"finalizers":null}}' || :
	done
}

# volume NAME KIND: for the claim of that name
volume() {
	kubectl create -f - <<-END
	apiVersion: v1
	kind: PersistentVolume
	metadata: {name: $1, labels: {results-bats: "yes"}}
	spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], storageClassName: "", claimRef: {namespace: slurm-alice, name: $1}, $2}
	END
}

claim() {
	kubectl create -f - <<-END
	apiVersion: v1
	kind: PersistentVolumeClaim
	metadata: {name: $1, namespace: slurm-alice, labels: {results-bats: "yes"}}
	spec: {accessModes: [ReadWriteMany], storageClassName: "", volumeName: $1, resources: {requests: {storage: 1Gi}}}
	END
}

bound() {
	[ "$(kubectl get pvc -n slurm-alice "$1" -o 'jsonpath={.status.phase}')" = Bound ]
}

# work NAME: that job's working folder, which is alice's
work() {
	WORK=$SHARED/work/$1
	install -d -o alice -m 755 "$WORK"
}

# job NAME SCRIPT RESULTS [MORE]: RESULTS and MORE (of spec) in YAML's flow form
job() {
	work "$1"
	kubectl create -f - <<-END
	apiVersion: slurm-kube.io/v1alpha1
	kind: SlurmJob
	metadata: {name: $1, namespace: slurm-alice}
	spec: {script: $(printf '#!/bin/sh\n%s\n' "$2" | jq -Rs .), workingDir: $WORK, output: /dev/null, timeLimit: 5, results: $3${4:+, $4}}
	END
}

# ends NAME REASON: how the collection ends
ends() {
	eventually of alice "$1" '.status.conditions[?(@.type=="ResultsCollected")].reason' "$2"
}

message() {
	the alice "$1" '.status.conditions[?(@.type=="ResultsCollected")].message'
}

# result NAME NUMBER FIELD
result() {
	the alice "$1" ".status.results[$2].$3"
}

# says NAME NUMBER TEXT: that result has failed, and this is in its message
says() {
	[ "$(result "$1" "$2" state)" = Failed ] || { result "$1" "$2" state; return 1; }
	[[ $(result "$1" "$2" message) = *"$3"* ]] || { result "$1" "$2" message; return 1; }
}

in_map() {
	kubectl get configmap -n slurm-alice "$1" -o json | jq -rj ".$2"
}

event_is_told() {
	kubectl get events -n slurm-alice --field-selector "involvedObject.uid=$(the alice "$1" .metadata.uid),reason=$2" --no-headers 2>/dev/null | grep -q .
}

collectors() {
	lab_pgrep -f '^slurm-kube-collect$'
}

no_collectors() {
	! collectors
}

@test "files, a pattern and a folder go into a volume, as the owner's, with their checksums" {
	job files 'mkdir -p out/deep; seq 9 >a.csv; seq 99 >b.csv; head -c 300000 /dev/urandom >out/deep/c; : >out/empty; ln -s ../a.csv out/link
		chmod 600 a.csv; echo no >d.txt' \
		'[{name: tables, from: "*.csv", to: {persistentVolumeClaim: {claimName: results, path: some/run}}},
		  {from: out, to: {persistentVolumeClaim: {claimName: results}}}]'
	kubectl wait -n slurm-alice slurmjob/files --for=condition=ResultsCollected --timeout=60s
	cmp "$WORK/a.csv" "$SHARED/volume/some/run/a.csv"
	cmp "$WORK/b.csv" "$SHARED/volume/some/run/b.csv"
	[ ! -e "$SHARED/volume/some/run/d.txt" ]
	diff -r "$WORK/out" "$SHARED/volume/files/out"
	[ ! -L "$SHARED/volume/files/out/link" ]
	[ "$(stat -c '%U %a' "$SHARED/volume/some/run/a.csv")" = 'alice 600' ]
	(cd "$SHARED/volume/some/run" && sha256sum -c --strict SHA256SUMS-tables)
	(cd "$SHARED/volume/files" && sha256sum -c --strict SHA256SUMS)
	[ "$(wc -l <"$SHARED/volume/files/SHA256SUMS")" = 3 ]
	[ -z "$(find "$SHARED/volume" -name '.slurm-kube*')" ]
	[ "$(result files 0 sha256[0].sha256)" = "$(sha256sum <"$WORK/a.csv" | cut -d' ' -f1)" ]
	[ "$(result files 0 sha256[1].path)" = b.csv ]
	[ "$(the alice files '.status.results[*].state')" = 'Collected Collected' ]
	[ "$(result files 1 files) $(result files 1 bytes) $(result files 1 totalBytes)" = '3 300018 300018' ]
	eventually event_is_told files ResultsCollected
	of alice files .status.state COMPLETED
}

@test "text and bytes go into a ConfigMap that belongs to the object, and goes with it" {
	job maps 'printf "one\ntwo\303\251\n" >summary.txt; head -c 1000 /dev/urandom >plot.png; mkdir d; echo 1 >d/x; echo 2 >d/y' \
		'[{name: text, from: summary.txt, to: {configMap: {name: maps}}}, {name: plot, from: plot.png, to: {configMap: {name: maps, key: plot}}},
		  {name: folder, from: d, to: {configMap: {name: maps}}}]'
	ends maps Collected
	cmp "$WORK/summary.txt" <(in_map maps 'data["summary.txt"]')
	cmp "$WORK/plot.png" <(in_map maps binaryData.plot | base64 -d)
	[ "$(in_map maps data.d_x) $(in_map maps data.d_y)" = '1 2' ]
	(cd "$WORK" && sha256sum -c --strict <(in_map maps 'data["SHA256SUMS-text"]'))
	as alice kubectl delete slurmjob -n slurm-alice maps
	eventually no_map maps
}

no_map() {
	! kubectl get configmap -n slurm-alice "$1"
}

@test "a ConfigMap of somebody else's is left alone, and one that is too large is refused" {
	kubectl create configmap theirs -n slurm-alice --from-literal=a=b
	job theirs 'echo x >x; head -c 1100000 /dev/zero >large; echo y >"a b"' \
		'[{from: x, to: {configMap: {name: theirs}}}, {from: large, to: {configMap: {name: large}}}, {from: "a b", to: {configMap: {name: odd}}}]'
	ends theirs Failed
	says theirs 0 "doesn't belong to this SlurmJob"
	says theirs 1 'a ConfigMap holds at most 1048576'
	says theirs 2 "to.configMap.key"
	[ "$(in_map theirs 'data | tojson')" = '{"a":"b"}' ]
	eventually event_is_told theirs ResultsFailed
}

@test "what the owner can't read, and what is no file, isn't collected, and is named" {
	work unreadable
	install -o bob -m 600 /etc/hostname "$WORK/bobs"
	install -d -o bob -m 700 "$WORK/closed"
	job unreadable 'ln -s /etc/shadow shadow; mkfifo pipe; mkdir special; mkfifo special/pipe; ln -s .. special/up; mkdir -p loop/in; ln -s .. loop/in/up
		ln -s /proc/self/environ environ; echo fine >fine' \
		"[{from: bobs, to: $(to 0)}, {from: shadow, to: $(to 1)}, {from: pipe, to: $(to 2)}, {from: special, to: $(to 3)}, {from: loop, to: $(to 4)},
		  {from: 'closed/*', to: $(to 5)}, {from: environ, to: $(to 6)}, {from: missing, to: $(to 7)}, {from: fine, to: $(to 8)}, {from: /dev/zero, to: $(to 9)}]"
	ends unreadable Failed
	says unreadable 0 'bobs: Permission denied'
	says unreadable 1 'shadow: Permission denied'
	says unreadable 2 'pipe: it is neither file nor folder, but a FIFO'
	says unreadable 3 'special/pipe: it is neither file nor folder, but a FIFO'
	says unreadable 4 'loop/in/up: it leads back to a folder that it is in'
	says unreadable 5 'closed: Permission denied'
	says unreadable 6 'environ: it is no regular file'
	says unreadable 7 'missing: there is no such file'
	says unreadable 9 '/dev/zero: it is neither file nor folder, but a device'
	[ "$(result unreadable 8 state)" = Collected ]
	[ "$(cat "$SHARED/volume/unreadable/8/fine")" = fine ]
	[ -z "$(find "$SHARED/volume/unreadable" -type f ! -name fine ! -name SHA256SUMS)" ]
	[[ $(message unreadable) = 'results[0] (bobs): '* ]]
}

# to FOLDER: of the test above
to() {
	echo "{persistentVolumeClaim: {claimName: results, path: unreadable/$1}}"
}

@test "nothing is written outside of the volume, or to one that isn't allowed" {
	ln -sfn "$SHARED/other" "$SHARED/volume/away"
	volume elsewhere "hostPath: {path: $SHARED/other}"
	volume driver 'csi: {driver: example.org, volumeHandle: x}'
	claim elsewhere
	claim driver
	eventually bound elsewhere
	eventually bound driver
	job outside 'echo x >x' \
		'[{from: x, to: {persistentVolumeClaim: {claimName: results, path: away/x}}}, {from: x, to: {persistentVolumeClaim: {claimName: elsewhere}}},
		  {from: x, to: {persistentVolumeClaim: {claimName: driver}}}]'
	ends outside Failed
	says outside 0 "'away' is a link or no folder"
	says outside 1 'results.volumes'
	says outside 2 'of the kind csi'
	[ -z "$(ls "$SHARED/other")" ]
}

@test "what makes no sense isn't submitted, and the field is named" {
	job wrong 'true' '[{from: x, to: {persistentVolumeClaim: {claimName: results, path: ../x}}}]'
	eventually accepted alice wrong False Invalid
	[[ $(accepted_message alice wrong) = 'spec.results[0].to.persistentVolumeClaim.path: '* ]]
	kubectl patch slurmjob -n slurm-alice wrong --type=json \
		-p '[{"op":"replace","path":"/spec/results/0/to","value":{"httpPut":{"url":"https://example.org/x"}}}]'
	eventually wrong_names 'spec.results[0].to.httpPut.url: the agent sends nothing there'
	kubectl delete slurmjob -n slurm-alice wrong
}

wrong_names() {
	[[ $(accepted_message alice wrong) = "$1"* ]] || { accepted_message alice wrong; return 1; }
}

@test "results.maxBytes is of all entries together" {
	job large 'head -c 30000000 /dev/zero >a; head -c 30000000 /dev/zero >b' \
		'[{name: a, from: a, to: {persistentVolumeClaim: {claimName: results, path: large}}}, {name: b, from: b, to: {persistentVolumeClaim: {claimName: results, path: large}}}]'
	ends large Failed
	[ "$(result large 0 state)" = Collected ]
	says large 1 'results.maxBytes'
	[ "$(stat -c %s "$SHARED/volume/large/a")" = 30000000 ]
	[ ! -e "$SHARED/volume/large/b" ]
}

@test "a server gets files by PUT, with their checksums and a Secret" {
	kubectl create secret generic files -n slurm-alice --from-literal=header='Bearer word-of-alice'
	job puts 'mkdir d; seq 1000 >"d/a b"; echo z >z' \
		"[{name: folder, from: d, to: {httpPut: {url: 'https://127.0.0.1:$PORT/ok/puts/', secretRef: {name: files, key: header}}}},
		  {from: z, to: {httpPut: {url: 'https://127.0.0.1:$PORT/ok/puts-z'}}}]"
	ends puts Collected
	cmp "$WORK/d/a b" "$SHARED/server/got/puts/d/a b"
	cmp "$WORK/z" "$SHARED/server/got/puts-z"
	(cd "$SHARED/server/got/puts" && sha256sum -c --strict SHA256SUMS-folder)
	grep -qF '/ok/puts/d/a%20b Bearer word-of-alice' "$SHARED/server/log"
	grep -qF '/ok/puts-z None' "$SHARED/server/log"
}

@test "a redirect, an error, a name for this host, and an unknown server are told" {
	work refused
	job refused 'echo x >x' \
		"[{from: x, to: {httpPut: {url: 'https://127.0.0.1:$PORT/redirect/x'}}}, {from: x, to: {httpPut: {url: 'https://127.0.0.1:$PORT/fail/x'}}},
		  {from: x, to: {httpPut: {url: 'https://localhost:$PORT/ok/refused'}}}, {from: x, to: {httpPut: {url: 'https://127.0.0.1:$PORT/ok/y', secretRef: {name: none, key: k}}}}]"
	ends refused Failed
	says refused 0 'status 302: redirects are not followed'
	says refused 1 'status 500'
	says refused 2 'its name stands for an address of this host'
	says refused 3 'there is no Secret none'
	[ ! -e "$SHARED/server/got/redirected" ]
	[ ! -e "$SHARED/server/got/refused" ]
}

@test "a job of sbatch has results by an edit: while it runs, and after its end" {
	local id
	work edited
	gate
	id=$(as alice sbatch --parsable --chdir="$WORK" --output=/dev/null --wrap "echo now >x; $UNTIL_OPEN; echo later >y")
	eventually state_is alice "$id" RUNNING
	patch alice "$id" '{"spec":{"results":[{"from":"x","to":{"httpPut":{"url":"https://example.org/"}}}]}}'
	eventually results_are "$id" Invalid
	[[ $(condition alice "$id" ResultsCollected message) = 'spec.results[0].to.httpPut.url: '* ]]
	patch alice "$id" '{"spec":{"results":[{"from":"y","to":{"configMap":{"name":"edited"}}}]}}'
	eventually results_are "$id" ''
	open_gate
	eventually results_are "$id" Collected
	[ "$(in_map edited data.y)" = later ]
	state_is alice "$id" COMPLETED
	patch alice "$id" '{"spec":{"results":[{"from":"x","to":{"configMap":{"name":"edited"}}}]}}'
	eventually has alice "$id" '.status.results[0].from' x
	eventually results_are "$id" Collected
	[ "$(in_map edited data.x)" = now ]
	[ "$(in_map edited data.y)" = null ]
}

results_are() {
	[ "$(condition alice "$1" ResultsCollected reason)" = "$2" ] || { condition alice "$1" ResultsCollected reason; return 1; }
}

@test "an array's are collected once, when all of it has ended" {
	job many 'echo $SLURM_ARRAY_TASK_ID >part-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID' \
		'[{from: part-%A-%a, to: {persistentVolumeClaim: {claimName: results}}}]' 'array: "0-4"'
	ends many Collected
	[ "$(result many 0 files)" = 5 ]
	[ "$(cat "$SHARED/volume/many/part"* | sort | tr -d '\n')" = 01234 ]
	of alice many .status.array.completed 5
}

@test "optional, when, and jobs that never ran" {
	job fails 'echo x >x; exit 3' \
		'[{from: x, to: {configMap: {name: fails}}}, {name: good, from: x, to: {configMap: {name: fails}}, when: OnSuccess},
		  {name: maybe, from: "none*", to: {configMap: {name: fails}}, optional: true}]'
	ends fails Skipped
	[ "$(the alice fails '.status.results[*].state')" = 'Collected Skipped Collected' ]
	[[ $(message fails) = *'when is OnSuccess'* ]]
	[ "$(in_map fails data.x)" = x ]
	job never 'true' '[{from: x, to: {configMap: {name: never}}}]' 'hold: true'
	eventually of alice never .status.reason JobHeldUser
	as alice scancel "$(the alice never .status.jobId)"
	ends never Skipped
	[[ $(message never) = *'the job has never run'* ]]
}

@test "a claim that isn't bound is waited for, while other entries go on" {
	job waits 'echo x >x' \
		'[{from: x, to: {persistentVolumeClaim: {claimName: late}}}, {from: x, to: {configMap: {name: waits}}}]'
	eventually in_map waits data.x
	eventually of alice waits '.status.results[0].message' 'there is no claim late in the namespace'
	ends waits Collecting
	mkdir -m 1777 "$SHARED/volume/late"
	volume late "hostPath: {path: $SHARED/volume/late}"
	claim late
	ends waits Collected
	[ "$(cat "$SHARED/volume/late/waits/x")" = x ]
}

# hold NAME MORE: a job of which the first entry is done and the second hangs at the server
hold() {
	job "$1" 'echo a >a; echo b >b' \
		"[{from: a, to: {persistentVolumeClaim: {claimName: results}}}, {from: b, to: {httpPut: {url: 'https://127.0.0.1:$PORT/hold/$1'}}}]" "$2"
	eventually grep -qF "/hold/$1 " "$SHARED/server/log"
	eventually of alice "$1" '.status.results[*].state' 'Collected Collecting'
}

@test "an agent that is killed takes the collectors along, and the next one goes on" {
	hold killed
	[ -n "$(collectors)" ]
	touch -d '2001-01-01' "$SHARED/volume/killed/a"
	"$LAB" kill agent
	eventually no_collectors
	[ ! -e "$SHARED/server/got/killed" ]
	: >"$SHARED/server/open"
	"$LAB" up agent
	ends killed Collected
	[ "$(cat "$SHARED/server/got/killed")" = b ]
	# What was told to be over isn't done again.
	[ "$(stat -c %y "$SHARED/volume/killed/a" | cut -c-4)" = 2001 ]
	[ "$(kubectl get events -n slurm-alice --field-selector "involvedObject.uid=$(the alice killed .metadata.uid),reason=ResultsCollected" --no-headers | wc -l)" -le 1 ]
}

@test "files are there whole or not at all, also if the agent is killed while they are written" {
	job whole 'mkdir out; for i in $(seq 3000); do echo "$i" >out/$i; done; head -c 40000000 /dev/urandom >out/z' \
		'[{from: out, to: {persistentVolumeClaim: {claimName: results}}}]'
	eventually test -e "$SHARED/volume/whole/out/1"
	"$LAB" kill agent
	eventually no_collectors
	for file in "$SHARED"/volume/whole/out/*; do
		cmp "$file" "$WORK/out/${file##*/}"
	done
	"$LAB" up agent
	ends whole Collected
	diff -r "$WORK/out" "$SHARED/volume/whole/out"
	(cd "$SHARED/volume/whole" && sha256sum --quiet -c --strict SHA256SUMS)
	[ "$(result whole 0 files)" = 3001 ]
	[ -z "$(find "$SHARED/volume/whole" -name '.slurm-kube*')" ]
}

@test "the object stays while something is collected: ttlSecondsAfterFinished, kubectl delete" {
	hold kept 'ttlSecondsAfterFinished: 1'
	hold deleted
	as alice kubectl delete slurmjob -n slurm-alice deleted --wait=false
	eventually deletion_waits deleted
	# Its days are long over.
	of alice kept '.status.results[*].state' 'Collected Collecting'
	: >"$SHARED/server/open"
	eventually no_slurmjob deleted
	[ "$(cat "$SHARED/server/got/deleted")" = b ]
	eventually no_slurmjob kept
	[ "$(cat "$SHARED/server/got/kept")" = b ]
}

deletion_waits() {
	[ -n "$(the alice "$1" .metadata.deletionTimestamp)" ]
}

no_slurmjob() {
	! kubectl get slurmjob -n slurm-alice "$1"
}

@test "a job that runs again is collected again" {
	local id
	job again 'echo "$SLURM_RESTART_COUNT" >x' '[{from: x, to: {configMap: {name: again}}}]'
	ends again Collected
	[ "$(in_map again data.x)" = '' ]
	id=$(the alice again .status.jobId)
	scontrol requeue "$id"
	eventually runs_again "$id"
	eventually again_is 1
	ends again Collected
}

again_is() {
	[ "$(in_map again data.x)" = "$1" ]
}
