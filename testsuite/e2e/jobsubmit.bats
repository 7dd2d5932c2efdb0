#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# job_submit_kube in a real slurmctld, of a small lab of its own, so that the doorbell can be listened to.
load helpers
bats_require_minimum_version 1.5.0

UID_OF_OBJECT=0f8fad5b-d9cb-469f-a165-70867728950e

setup_file() {
	export MINE=$LAB_STATE-jobsubmit PREFIX_OF_LAB
	PREFIX_OF_LAB=$(. "$LAB_STATE/settings" && echo "$PREFIX")
	LAB_STATE='' "$LAB" start --state="$MINE" --nodes=1 --no-kube --no-agent --prefix="$PREFIX_OF_LAB"
}

teardown_file() {
	"$LAB" stop --purge --state="$MINE"
}

setup() {
	eval "$("$LAB" env --state="$MINE")"
	heard=$BATS_TEST_TMPDIR/heard
}

teardown() {
	[ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || :
	scancel --quiet -u alice || :
}

# Each datagram becomes a line of $heard.
listen() {
	rm -f "$MINE/run/doorbell"
	perl -MSocket -e '
		my ($path) = @ARGV;
		$| = 1;
		socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
		bind($s, pack_sockaddr_un($path)) or die "$path: $!";
		chmod 0666, $path;
		while (defined recv($s, my $data, 2000, 0)) { print "$data\n" }' \
		"$MINE/run/doorbell" >"$heard" 3>&- &
	listener=$!
	eventually [ -S "$MINE/run/doorbell" ]
}

# rung JQ-CONDITION: such a datagram has come
rung() {
	[ -n "$(jq -c "select($1)" "$heard")" ]
}

# has_lines NUMBER FILE
has_lines() {
	[ "$(wc -l <"$2")" = "$1" ]
}

as_alice() {
	runuser -u alice -- env -C /tmp SLURM_CONF="$SLURM_CONF" "$@"
}

sbatch_alice() {
	as_alice "${SUBMIT_ENV[@]}" sbatch --parsable --output="$MINE/run/out-%j" --wrap='env' "$@"
}

admin_comment() {
	scontrol show job "$1" | sed -n 's/^ *AdminComment=\(.*[^ ]\) *$/\1/p'
}

@test "submit, update and release ring" {
	listen
	id=$(sbatch_alice --hold)
	eventually rung ".v == 1 and .kind == \"submit\" and .cluster == \"lab\" and .user == \"$(id -u alice)\" and (has(\"job\") | not)"
	as_alice scontrol update "jobid=$id" comment=x
	eventually rung ".kind == \"modify\" and .job == $id"
	as_alice scontrol release "$id"
	eventually has_lines 3 "$heard"
	eventually no_jobs
	as_alice srun true
	eventually eval '[ "$(jq -c "select(.kind == \"submit\")" "$heard" | wc -l)" = 2 ]'
}

@test "a task of an array rings for the array" {
	listen
	id=$(sbatch_alice --hold --array=1-3)
	as_alice scontrol hold "${id}_2"
	eventually rung ".kind == \"modify\" and .job == $id"
}

@test "the object's uid is stamped on the job and taken out of its environment" {
	chmod 1777 "$MINE/run"
	SUBMIT_ENV=(env "SLURM_KUBE_UID=$UID_OF_OBJECT")
	for options in '' --export=NONE --array=1-2; do
		id=$(sbatch_alice $options)
		[ "$(admin_comment "$id")" = "{\"slurm-kube\":{\"uid\":\"$UID_OF_OBJECT\"}}" ]
		eventually no_jobs
	done
	run ! grep -h SLURM_KUBE_UID "$MINE"/run/out-*
	grep -q SLURM_JOB_ID "$MINE"/run/out-*
}

@test "the stamp is there after a restart of slurmctld" {
	SUBMIT_ENV=(env "SLURM_KUBE_UID=$UID_OF_OBJECT")
	id=$(sbatch_alice --hold)
	"$LAB" restart slurmctld --state="$MINE"
	[[ "$(admin_comment "$id")" = *"$UID_OF_OBJECT"* ]]
}

@test "nothing else is stamped, and nobody else can write there" {
	for value in '' x "$UID_OF_OBJECT-" '"}},{"a":{"b":"' "{$UID_OF_OBJECT}"; do
		SUBMIT_ENV=(env "SLURM_KUBE_UID=$value")
		[ -z "$(admin_comment "$(sbatch_alice --hold)")" ]
	done
	SUBMIT_ENV=()
	id=$(sbatch_alice --hold)
	run as_alice scontrol update "jobid=$id" "admincomment={\"slurm-kube\":{\"uid\":\"$UID_OF_OBJECT\"}}"
	[ "$status" -ne 0 ]
	[ -z "$(admin_comment "$id")" ]
}

@test "a batch job's SLURM_CONTAINER is the container it asked for" {
	SUBMIT_ENV=(env SLURM_CONTAINER=/another)
	id=$(sbatch_alice --hold --container=/images/mine)
	[[ "$(scontrol show job "$id")" = *Container=/images/mine* ]]
	hash=$((id % 10))
	tr '\0' '\n' <"$MINE/spool/slurmctld/hash.$hash/job.$id/environment" >"$BATS_TEST_TMPDIR/environment"
	[ "$(grep -a SLURM_CONTAINER= "$BATS_TEST_TMPDIR/environment")" = SLURM_CONTAINER=/images/mine ]
}

@test "slurmctld starts with any kube.conf, and says what is wrong with it" {
	cp "$MINE/etc/kube.conf" "$BATS_TEST_TMPDIR/kube.conf"
	printf '# mine\nDoorbell=tcp:1\nWhat=ever\n' >"$MINE/etc/kube.conf"
	"$LAB" restart slurmctld --state="$MINE"
	grep -q "error: job_submit/kube: $MINE/etc/kube.conf:2: line ignored: doorbell 'tcp:1'" "$MINE/log/slurmctld.log"
	grep -q "error: job_submit/kube: $MINE/etc/kube.conf:3: line ignored, and no container can run: there is no setting 'What'" "$MINE/log/slurmctld.log"
	sbatch_alice --hold
	cp "$BATS_TEST_TMPDIR/kube.conf" "$MINE/etc/kube.conf"
	"$LAB" restart slurmctld --state="$MINE"
}

@test "over UDP only a look goes out" {
	cp "$MINE/etc/kube.conf" "$BATS_TEST_TMPDIR/kube.conf"
	perl -MIO::Socket::INET -e '
		$| = 1;
		my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") or die $!;
		print $s->sockport, "\n";
		while (defined $s->recv(my $data, 2000)) { print "$data\n" }' >"$BATS_TEST_TMPDIR/udp" 3>&- &
	listener=$!
	eventually [ -s "$BATS_TEST_TMPDIR/udp" ]
	echo "Doorbell=udp:127.0.0.1:$(head -n 1 "$BATS_TEST_TMPDIR/udp")" >"$MINE/etc/kube.conf"
	"$LAB" restart slurmctld --state="$MINE"
	id=$(sbatch_alice --hold)
	as_alice scontrol update "jobid=$id" comment=x
	eventually has_lines 3 "$BATS_TEST_TMPDIR/udp"
	[ "$(sed 1d "$BATS_TEST_TMPDIR/udp" | jq -c 'del(.time)' | sort -u)" = '{"v":1,"kind":"look"}' ]
	cp "$BATS_TEST_TMPDIR/kube.conf" "$MINE/etc/kube.conf"
	"$LAB" restart slurmctld --state="$MINE"
}
