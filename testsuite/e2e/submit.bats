#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A SlurmJob that is made with kubectl becomes a job of the namespace's Unix user.
load helpers
load submit_helpers
bats_require_minimum_version 1.5.0

setup_file() {
	kubectl delete slurmjob -n slurm-alice --ignore-not-found --timeout=60s first bad after before third secret waits \
		edited orphan away het elsewhere here brief lab-4000000
}

setup() {
	submit_setup
}

teardown_file() {
	quiet_slurm
	kubectl delete namespace submit-none submit-root submit-nobody --ignore-not-found --wait=false
}

labelled() {
	[ "$(kubectl get slurmjob -n slurm-alice -l "$2" -o name)" = "slurmjob.slurm-kube.io/$1" ]
}

@test "kubectl apply runs a script as the namespace's user, with #SBATCH lines; spec wins" {
	cat >"$BATS_TEST_TMPDIR/job.yaml" <<-END
	apiVersion: slurm-kube.io/v1alpha1
	kind: SlurmJob
	metadata: {name: first}
	spec:
	  timeLimit: 7
	  comment: from spec
	  workingDir: /tmp
	  output: $OUT/first
	  environment:
	  - {name: WHO, value: "O'Brien, \"x\" \$HOME"}
	  script: |
	    #!/bin/sh
	    #SBATCH --time=99
	    #SBATCH --nice=55
	    id -un; pwd; echo "\$WHO"; echo "\$HOME"; env | grep -c SLURM_KUBE || :
	END
	as alice kubectl apply -f "$BATS_TEST_TMPDIR/job.yaml"
	kubectl wait -n slurm-alice slurmjob/first --for=condition=Complete --timeout=60s
	[ "$(cat "$OUT/first")" = $'alice\n/tmp\nO\'Brien, "x" $HOME\n/home/alice\n0' ]
	of alice first .spec.timeLimit 7
	of alice first .status.user alice
	id=$(the alice first .status.jobId)
	slurm_has "$id" JobName first
	slurm_has "$id" Nice 55
	[ "$(the alice first .spec.comment)" = "from spec" ]
	[ "$(kubectl get slurmjob -n slurm-alice -l "slurm-kube.io/user=alice,slurm-kube.io/cluster=lab" -o name | grep -c /first)" = 1 ]
	eventually labelled first "slurm-kube.io/job-id=$id,slurm-kube.io/partition=debug"
	no_object alice "$id"
	eventually bash -c "kubectl get events -n slurm-alice --field-selector involvedObject.name=first | grep 'job $id'"
	# Applied again: nothing to do, and spec stays as it is. (The agent may write to status meanwhile.)
	generation=$(the alice first .metadata.generation)
	as alice kubectl apply -f "$BATS_TEST_TMPDIR/job.yaml" | grep unchanged
	of alice first .metadata.generation "$generation"
}

@test "generateName, an array, and a name with a dot" {
	name=$(make alice '{generateName: many-}' '{array: "0-2,7%2", script: "#!/bin/sh\nexit 0\n"}')
	[[ $name = many-* ]]
	eventually of alice "$name" .status.array.completedIndexes 0-2,7
	kubectl wait -n slurm-alice "slurmjob/$name" --for=condition=Complete --timeout=60s
}

@test "bad values are refused once, with the field and Slurm's words; mended, the job runs" {
	name=$(make alice '{name: bad}' '{partition: nowhere, script: "#!/bin/sh\ntrue\n"}')
	eventually accepted alice bad False Refused
	[[ $(accepted_message alice bad) = "spec.partition: Slurm says:"*nvalid*artition* ]]
	of alice bad .status.observedGeneration 1
	eventually bash -c "kubectl get events -n slurm-alice --field-selector involvedObject.name=bad | grep Refused"
	before=$(writes_to bad)
	restart_agent
	[ "$(writes_to bad)" = "$before" ]
	as alice kubectl patch slurmjob bad --type=merge -p '{"spec":{"partition":"debug"}}'
	kubectl wait -n slurm-alice slurmjob/bad --for=condition=Complete --timeout=60s
	accepted alice bad True Submitted
}

@test "what sbatch doesn't understand, and what is no script, names its field" {
	refused_for() {
		name=$(make alice '{generateName: no-}' "$2")
		eventually accepted_is_false alice "$name"
		[[ $(accepted_message alice "$name") = "$1"* ]] || { accepted_message alice "$name"; return 1; }
	}
	refused_for spec.script '{}'
	refused_for spec.script '{script: "echo"}'
	refused_for spec.timeLimit '{timeLimit: "soon", script: "#!/bin/sh\n"}'
	refused_for spec.gres '{gres: "nothing:2", script: "#!/bin/sh\n"}'
	refused_for spec.constraint '{constraint: "quantum", script: "#!/bin/sh\n"}'
	refused_for spec.environment '{environment: [{name: "SLURM_KUBE_UID", value: "x"}], script: "#!/bin/sh\n"}'
}

@test "dependencies by name and by id, in whatever order the objects are made" {
	make alice '{name: after}' '{dependency: "afterok:before", script: "#!/bin/sh\ntrue\n"}'
	eventually accepted alice after Unknown DependencyMissing
	make alice '{name: before}' '{hold: true, script: "#!/bin/sh\ntrue\n"}'
	eventually of alice before .status.state PENDING
	id=$(the alice before .status.jobId)
	eventually of alice after .status.reason Dependency
	scontrol show job "$(the alice after .status.jobId)" | grep "Dependency=afterok:$id"
	of alice after .spec.dependency afterok:before
	make alice '{name: third}' "{dependency: 'afterany:$id:after', script: \"#!/bin/sh\ntrue\n\"}"
	as alice kubectl patch slurmjob before --type=merge -p '{"spec":{"hold":false}}'
	kubectl wait -n slurm-alice slurmjob/third --for=condition=Complete --timeout=60s
	# Fulfilled, Slurm forgets it: the object keeps what its author wrote.
	of alice after .spec.dependency afterok:before
}

@test "environment and script from Secrets and ConfigMaps, in no file and on no command line" {
	as alice kubectl delete secret,configmap token scripts later --ignore-not-found >/dev/null 2>&1 || :
	as alice kubectl create secret generic token "--from-literal=key=s3cret'\"x"
	as alice kubectl create configmap scripts --from-literal='run.sh=#!/bin/sh
echo "$TOKEN$NONE-"; tr "\0" " " </proc/$PPID/cmdline; sleep 1'
	make alice '{name: secret}' "{output: $OUT/secret, scriptFrom: {configMapKeyRef: {name: scripts, key: run.sh}},
		environment: [{name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: key}}},
			{name: NONE, valueFrom: {secretKeyRef: {name: token, key: none, optional: true}}}]}"
	kubectl wait -n slurm-alice slurmjob/secret --for=condition=Complete --timeout=60s
	[[ $(cat "$OUT/secret") = "s3cret'\"x-"* ]]
	! grep -rq s3cret "$LAB_STATE/agent" "$LAB_STATE/log/agent.out"
	kubectl get slurmjob -n slurm-alice secret -o yaml >"$BATS_TEST_TMPDIR/object"
	! grep -q s3cret "$BATS_TEST_TMPDIR/object"
	make alice '{name: waits}' '{script: "#!/bin/sh\n", environment: [{name: A, valueFrom: {configMapKeyRef: {name: later, key: a}}}]}'
	eventually accepted alice waits Unknown ReferenceMissing
	[[ $(accepted_message alice waits) = *"spec.environment[0]: there is no ConfigMap 'later'"* ]]
	as alice kubectl create configmap later --from-literal=a=b
	kubectl wait -n slurm-alice slurmjob/waits --for=condition=Complete --timeout=60s
}

@test "a namespace without a user, an unknown user, a uid below the minimum: said so, and nothing runs" {
	first=$(newest_job)
	for name in none root nobody; do
		kubectl create namespace "submit-$name"
	done
	kubectl annotate namespace submit-root slurm-kube.io/user=root
	kubectl annotate namespace submit-nobody slurm-kube.io/user=no-such-user
	for name in none root nobody; do
		SUBMIT_NAMESPACE=submit-$name make root '{name: x}' '{script: "#!/bin/sh\nid\n"}'
	done
	SUBMIT_NAMESPACE=submit-none eventually accepted root x Unknown NoUser
	SUBMIT_NAMESPACE=submit-root eventually accepted root x Unknown UserNotAllowed
	SUBMIT_NAMESPACE=submit-nobody eventually accepted root x Unknown UserNotAllowed
	[[ $(SUBMIT_NAMESPACE=submit-root accepted_message root x) = *"no uid below minimumUid (1000)"* ]]
	[[ $(SUBMIT_NAMESPACE=submit-nobody accepted_message root x) = *"no user 'no-such-user'"* ]]
	[ "$(newest_job)" = "$first" ]
	# Nothing holds what has no job and can't get one, also not where an attempt was made.
	kubectl delete slurmjob -n submit-root x --timeout=60s
	kubectl annotate namespace submit-nobody slurm-kube.io/user-
	kubectl delete slurmjob -n submit-nobody x --timeout=60s
	# Set right, it goes on by itself.
	kubectl annotate namespace submit-none slurm-kube.io/user=bob
	SUBMIT_NAMESPACE=submit-none eventually of root x .status.user bob
}

@test "edits and deletions of such a job; its script can't be changed" {
	make alice '{name: edited}' '{hold: true, script: "#!/bin/sh\nsleep 60\n", environment: [{name: A, value: b}]}'
	eventually of alice edited .status.state PENDING
	id=$(the alice edited .status.jobId)
	as alice kubectl patch slurmjob edited --type=merge -p '{"spec":{"timeLimit":"3"}}'
	eventually slurm_has "$id" TimeLimit 00:03:00
	as alice kubectl patch slurmjob edited --type=merge -p '{"spec":{"script":"#!/bin/sh\nid\n"}}'
	eventually of alice edited .spec.script $'#!/bin/sh\nsleep 60'
	eventually of alice edited '.status.conditions[?(@.type=="Synced")].status' False
	of alice edited .spec.timeLimit 3
	as alice kubectl delete slurmjob edited --timeout=60s
	eventually slurm_has "$id" JobState CANCELLED
	make alice '{name: orphan}' '{deletionPolicy: Orphan, hold: true, script: "#!/bin/sh\ntrue\n"}'
	eventually of alice orphan .status.state PENDING
	id=$(the alice orphan .status.jobId)
	as alice kubectl delete slurmjob orphan --timeout=60s
	slurm_has "$id" JobState PENDING
	scancel "$id"
}

@test "what can't be changed, changed while no agent was there: put back or told" {
	make alice '{name: away}' '{hold: true, comment: one, script: "#!/bin/sh\nsleep 60\n"}'
	eventually of alice away .status.state PENDING
	id=$(the alice away .status.jobId)
	"$LAB" down agent
	as alice kubectl patch slurmjob away --type=merge -p '{"spec":{"script":"#!/bin/sh\nid\n","comment":"two"}}'
	"$LAB" up agent
	eventually slurm_has "$id" Comment two
	eventually of alice away '.status.conditions[?(@.type=="Synced")].status' False
	[[ $(the alice away '.status.conditions[?(@.type=="Synced")].message') = *spec.script* ]]
	scancel "$id"
}

@test "a heterogeneous job, by its script" {
	make alice '{name: het}' '{script: "#!/bin/sh\n#SBATCH --ntasks=1\n#SBATCH hetjob\n#SBATCH --ntasks=2\nsrun --het-group=0,1 true\n"}'
	kubectl wait -n slurm-alice slurmjob/het --for=condition=Complete --timeout=60s
	[ "$(the alice het '.status.components[*].offset')" = "0 1" ]
}

@test "names of the mirror's form are refused, other clusters' objects are left alone" {
	make alice '{name: lab-4000000}' '{script: "#!/bin/sh\ntrue\n"}'
	eventually accepted alice lab-4000000 False NameReserved
	make alice '{name: elsewhere}' '{cluster: other, script: "#!/bin/sh\ntrue\n"}'
	make alice '{name: here}' '{cluster: lab, script: "#!/bin/sh\ntrue\n"}'
	kubectl wait -n slurm-alice slurmjob/here --for=condition=Complete --timeout=60s
	[ -z "$(the alice elsewhere .status)" ]
	kubectl delete slurmjob -n slurm-alice elsewhere lab-4000000 --timeout=60s
}

@test "deleted before it has a job: gone, and no job was made" {
	first=$(newest_job)
	make alice '{name: brief}' '{dependency: "afterok:none-such", script: "#!/bin/sh\ntrue\n"}'
	eventually accepted alice brief Unknown DependencyMissing
	as alice kubectl delete slurmjob brief --timeout=60s
	[ "$(newest_job)" = "$first" ]
}
