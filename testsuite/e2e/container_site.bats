#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers and doorbells under other site configurations, in a lab of this file's own: cgroups, plugstack.conf's
# arguments, a holder that misbehaves, Slurm's own oci.conf.
load helpers
load images
bats_require_minimum_version 1.5.0

setup_file() {
	export IMAGES SITE
	SITE=$LAB_STATE-site
	"$LAB" start --state="$SITE" --nodes=2 --no-kube --no-agent --cgroup --prefix="$(dirname "$(dirname "$(dirname "$(plugin)")")")"
	IMAGES=$(mktemp -d /var/tmp/slurm-kube-images.XXXXXX)
	chmod 755 "$IMAGES"
	image_bundle "$IMAGES/bundle"
	chown -R alice: "$IMAGES"
	install -m 1777 -d "$IMAGES/out"
}

teardown_file() {
	"$LAB" stop --purge --state="$SITE" || :
	rm -rf "$IMAGES"
}

# The plugin that the suite's lab uses.
plugin() {
	awk '/spank_kube.so/ { print $2 }' "$LAB_STATE/etc/plugstack.conf"
}

setup() {
	eval "$("$LAB" env --state="$SITE")"
	site "doorbell=unix:$SITE/run/doorbell"
}

teardown() {
	[ -z "${listener:-}" ] || kill "$listener"
}

# site ARGUMENT...: of the plugin; each step reads them anew
site() {
	echo "required $(plugin) state=$SITE/containers $*" >"$SITE/etc/plugstack.conf"
}

in_bundle() {
	as alice srun --quiet --container="$IMAGES/bundle" "$@"
}

# holder SCRIPT: one in place of slurm-kube-holder. $REAL is the real one.
holder() {
	printf '#!/bin/bash\nREAL=%s\n%s\n' "$(dirname "$(plugin)")/../../libexec/slurm-kube/slurm-kube-holder" "$1" >"$IMAGES/holder"
	chmod 755 "$IMAGES/holder"
	site "doorbell=unix:$SITE/run/doorbell" "holder=$IMAGES/holder"
}

# step_cgroup: a pattern for the line of /proc/PID/cgroup that says by which step a process is tracked
step_cgroup() {
	if [ -d /sys/fs/cgroup/freezer ]; then
		echo 'freezer:.*/job_[0-9]*/step_0'
	else
		echo '^0::.*/job_[0-9]*/step_0'
	fi
}

# listen FILE: doorbells at the agent's place, one a line
listen() {
	perl -MSocket -e '
		my ($path, $file) = @ARGV;
		unlink $path;
		socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
		bind($s, pack_sockaddr_un($path)) or die;
		chmod 0666, $path;
		open(my $out, ">>", $file) or die;
		$out->autoflush(1);
		my $bell;
		while (defined recv($s, $bell, 2000, 0)) { print $out "$bell\n" }
	' "$SITE/run/doorbell" "$1" 3>&- &
	listener=$!
	eventually test -S "$SITE/run/doorbell"
}

bells() {
	grep -oE '"kind":"(job|step)-[a-z]*"' "$IMAGES/bells" | sort | uniq -c | awk '{ print $1, $2 }' | tr -d '"' | sed 's/kind://' | tr '\n' ' '
}

bells_are() {
	[ "$(bells)" = "$1" ]
}

@test "with cgroups: tasks are constrained, and the step ends at once" {
	run -0 in_bundle -N2 --ntasks-per-node=2 cat /proc/self/cgroup
	[ "$(grep -c "$(step_cgroup)" <<<"$output")" = 4 ]
	begin=${EPOCHREALTIME/[.,]/}
	for _ in 1 2 3 4 5; do
		in_bundle true
	done
	# A process of ours left in the step's cgroup would cost a second each time.
	[ $((${EPOCHREALTIME/[.,]/} - begin)) -lt 4000000 ]
}

@test "the holder is in the step's cgroup, in a session of its own, and has no descriptor of slurmstepd's" {
	holder 'cat /proc/self/cgroup >'"$IMAGES"'/out/cgroup
		ls -l /proc/$$/fd | sed "s/.* //" >'"$IMAGES"'/out/fds
		ps -o sid=,uid= -p $$ | while read -r sid uid; do echo $((sid == $$)) $uid; done >'"$IMAGES"'/out/ids
		exec $REAL "$@"'
	in_bundle -N1 -n2 true
	grep -q "$(step_cgroup)" "$IMAGES/out/cgroup"
	[ "$(cat "$IMAGES/out/ids")" = "1 $(id -u alice)" ]
	run grep -c . "$IMAGES/out/fds"
	run grep -vE '^(/dev/null|pipe:.*|/proc/.*|.*/holder|)$' "$IMAGES/out/fds"
	# "ls" prints a total first.
	[ "$(grep -vc '^[0-9]*$' <<<"$output")" = 0 ]
}

@test "a holder that can't start, says nothing, says nonsense or dies: the step fails, nothing hangs" {
	site "holder=/nonexistent/holder"
	run -1 in_bundle touch "$IMAGES/out/ran"
	[[ $output = *"starting /nonexistent/holder: No such file"* ]]
	while IFS='|' read -r script reason; do
		holder "$script"
		run timeout 120 runuser -u alice -- srun --quiet -N1 -n3 --overcommit --container="$IMAGES/bundle" touch "$IMAGES/out/ran" </dev/null
		echo "$script: $status $output"
		[ "$status" = 1 ]
		[[ $output = *"$reason"* ]]
		[ "$(grep -c "container $IMAGES/bundle" <<<"$output")" = 1 ]
	done <<-'END'
	exit 0|without a report
	kill -9 $$|without a report
	echo nonsense >&3|without a report
	printf 'nonsense\0' >&3|another version
	END
	# Ready, but gone before anybody joined.
	holder 'printf "ready\0cwd=/\0\0" >&3'
	run timeout 120 runuser -u alice -- srun --quiet -N1 -n3 --overcommit --container="$IMAGES/bundle" touch "$IMAGES/out/ran"
	[ "$status" = 1 ]
	# Ready, but it hasn't made any namespace.
	holder 'printf "ready\0cwd=/\0\0" >&3; exec 3>&-; exec sleep 1000'
	run timeout 120 runuser -u alice -- srun --quiet -N1 -n3 --overcommit --container="$IMAGES/bundle" touch "$IMAGES/out/ran"
	[ "$status" = 1 ]
	[ ! -e "$IMAGES/out/ran" ]
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down')" ]
}

@test "scancel while the container is being made" {
	holder 'touch '"$IMAGES"'/out/started; exec sleep 1000'
	job=$(as alice sbatch --parsable --chdir=/tmp --output=/dev/null --container="$IMAGES/bundle" --wrap true)
	eventually test -e "$IMAGES/out/started"
	as alice scancel "$job"
	eventually eval '[ -z "$(squeue -h)" ]'
	eventually eval '! lab_pgrep -x -f "sleep 1000"'
}

@test "one task is killed before it joins: the others go on" {
	holder 'for word; do case $word in [0-9]*) kill -KILL "$word"; break ;; esac; done
		exec $REAL "$@"'
	run timeout 120 runuser -u alice -- srun --quiet --no-kill -N1 -n4 --overcommit --container="$IMAGES/bundle" cat /etc/os-release
	[ "$status" != 0 ]
	eventually eval '! lab_pgrep -f slurm-kube-holder'
	holder '(sleep 0.2; kill -KILL ${@: -1}) & exec $REAL "$@"'
	run timeout 120 runuser -u alice -- srun --quiet -N1 -n4 --overcommit --container="$IMAGES/bundle" sh -c '[ $SLURM_LOCALID != 3 ] || sleep 5; echo joined'
	eventually eval '! lab_pgrep -f slurm-kube-holder'
}

@test "wrong arguments in plugstack.conf: only containers fail, and say why" {
	site "doorbell=nowhere"
	run -0 as alice srun --quiet true
	run -1 in_bundle true
	[[ $output = *"plugstack.conf of this node: doorbell 'nowhere'"* ]]
	site "colour=blue"
	run -1 in_bundle true
	[[ $output = *"unknown argument 'colour=blue'"* ]]
	site "doorbell=udp:127.0.0.1:1"
	run -1 in_bundle true
	[[ $output = *"agent_uid="* ]]
	[ -z "$(sinfo -h -N -o %t | grep -E 'drain|drng|down')" ]
}

@test "doorbells: a job's and its steps', each once however many nodes" {
	listen "$IMAGES/bells"
	as alice srun --quiet -N2 --ntasks-per-node=2 --container="$IMAGES/bundle" sh -c 'exit 3' || :
	eventually bells_are '1 job-end 1 job-start 1 step-end 1 step-start '
	grep -q '"kind":"step-start".*"step":0.*"node":"'"$("$LAB" nodes | head -n1)"'".*"image":"'"$IMAGES/bundle"'"' "$IMAGES/bells"
	grep -q '"kind":"step-end".*"user":"alice".*"startup":[0-9]*,"exit":768' "$IMAGES/bells"
	: >"$IMAGES/bells"
	as alice sbatch --wait --chdir=/tmp --output=/dev/null --container="$IMAGES/bundle" --wrap true
	eventually bells_are '1 job-end 1 job-start 1 step-end 1 step-start '
	grep -q '"kind":"step-start".*"step":4294967291' "$IMAGES/bells"
	# The digest, pinned by srun or found on the node.
	image_layout "$IMAGES/layout" v1
	chown -R alice: "$IMAGES/layout"
	: >"$IMAGES/bells"
	as alice srun --quiet -N1 --container="oci:$IMAGES/layout:v1" true
	eventually bells_are '1 job-end 1 job-start 1 step-end 1 step-start '
	grep -q '"kind":"step-end".*"image":"oci:'"$IMAGES"'/layout:v1","digest":"sha256:[0-9a-f]*"' "$IMAGES/bells"
}

@test "doorbells over UDP are sealed for the agent's user" {
	perl -MSocket -e '
		socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
		bind($s, pack_sockaddr_in(0, INADDR_LOOPBACK)) or die;
		open(my $port, ">", "$ARGV[0]/port.new") or die;
		print $port +(unpack_sockaddr_in(getsockname($s)))[0];
		close($port);
		rename("$ARGV[0]/port.new", "$ARGV[0]/port");
		recv($s, my $bell, 2000, 0);
		open(my $out, ">", "$ARGV[0]/sealed.new") or die;
		print $out $bell;
		close($out);
		rename("$ARGV[0]/sealed.new", "$ARGV[0]/sealed");
	' "$IMAGES" 3>&- &
	listener=$!
	eventually test -e "$IMAGES/port"
	site "doorbell=udp:127.0.0.1:$(cat "$IMAGES/port")" "agent_uid=$(id -u bob)" "munge_socket=$SITE/run/munge/socket"
	in_bundle true
	eventually test -e "$IMAGES/sealed"
	listener=''
	chmod 644 "$IMAGES/sealed"
	run unmunge --socket="$SITE/run/munge/socket" --input="$IMAGES/sealed"
	[ "$status" != 0 ]
	run -0 as bob unmunge --socket="$SITE/run/munge/socket" --input="$IMAGES/sealed"
	[[ $output = *'UID:'*'root (0)'*'"kind":"job-start"'* ]]
}

@test "where Slurm runs containers itself, the plugin steps aside" {
	cat >"$SITE/etc/oci.conf" <<-END
	RunTimeRun="/bin/echo Slurm itself"
	RunTimeQuery="/bin/true"
	RunTimeKill="/bin/true"
	RunTimeDelete="/bin/true"
	END
	run in_bundle cat /etc/os-release
	rm "$SITE/etc/oci.conf"
	[[ $output != *'slurm-kube test image'* ]]
	[[ $output = *'Slurm itself'* ]]
}
