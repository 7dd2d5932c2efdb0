#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How the agent gets in: certificates and tokens that change, credential plugins, proxies, names.
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	local ca=$LAB_STATE/pki/ca.crt
	export SERVER
	"$LAB" up apiserver
	"$LAB" down agent
	SERVER=$(kubectl config view -o 'jsonpath={.clusters[0].cluster.server}')
	cp "$ca" "$BATS_FILE_TMPDIR/ca.crt"
	kubectl create serviceaccount access --namespace=default || :
	kubectl create clusterrolebinding access --clusterrole=slurm-kube-agent --serviceaccount=default:access || :
	certificate first slurm-kube-agent
}

teardown_file() {
	kubectl delete clusterrolebinding access
	kubectl delete serviceaccount access --namespace=default
	"$LAB" up agent
	quiet_slurm
}

teardown() {
	[ -z "${agent:-}" ] || { kill "$agent" && wait "$agent"; } || :
	[ -z "${proxy:-}" ] || kill "$proxy" || :
}

# certificate NAME USER: NAME.crt and NAME.key, as the API server likes them
certificate() {
	local dir=$BATS_FILE_TMPDIR pki=$LAB_STATE/pki
	openssl ecparam -name prime256v1 -genkey -noout -out "$dir/$1.key"
	openssl req -new -key "$dir/$1.key" -subj "/CN=$2" |
		openssl x509 -req -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -days 2 -set_serial "0x$(openssl rand -hex 8)" \
			-out "$dir/$1.crt" -extfile <(echo extendedKeyUsage=clientAuth) 2>/dev/null
}

token() {
	echo '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' |
		kubectl create --raw /api/v1/namespaces/default/serviceaccounts/access/token -f - | jq -r .status.token
}

# start_agent USER [CLUSTER] [ENV...]: with that user, and more about the cluster, in kubeconfig
start_agent() {
	local dir=$BATS_TEST_TMPDIR user=$1 cluster=${2:-}
	shift; shift || :
	cp "$BATS_FILE_TMPDIR/ca.crt" "$dir/"
	cat >"$dir/kubeconfig" <<-END
	apiVersion: v1
	kind: Config
	current-context: it
	clusters: [{name: it, cluster: {server: "${ADDRESS:-$SERVER}", certificate-authority: ca.crt $cluster}}]
	users: [{name: it, user: {$user}}]
	contexts: [{name: it, context: {cluster: it, user: it}}]
	END
	sed "s,^kubeconfig:.*,kubeconfig: $dir/kubeconfig," "$LAB_STATE/etc/agent.yaml" >"$dir/agent.yaml"
	env "$@" slurm-kube-agent --config="$dir/agent.yaml" 2>"$dir/agent.log" 3>&- &
	agent=$!
}

# works: a new job gets its object
works() {
	local id
	id=$(submit alice --wrap true)
	eventually state_is alice "$id" COMPLETED
}

# audited USER: the API server has had a request of that user
audited() {
	grep -q "\"username\":\"$1\"" "$LAB_STATE/log/audit.log"
}

@test "a token that has expired is read again from its file" {
	echo expired >"$BATS_TEST_TMPDIR/token"
	start_agent 'tokenFile: token'
	eventually grep 'refuses the credentials (401 Unauthorized): the token in the tokenFile' "$BATS_TEST_TMPDIR/agent.log"
	token >"$BATS_TEST_TMPDIR/token"
	works
	# And again, now that it is at work.
	echo expired >"$BATS_TEST_TMPDIR/token"
	eventually test "$(grep -c 'refuses the credentials' "$BATS_TEST_TMPDIR/agent.log")" -ge 1
	token >"$BATS_TEST_TMPDIR/token"
	works
	# Said once each time, not for each request.
	[ "$(grep -c 'refuses the credentials' "$BATS_TEST_TMPDIR/agent.log")" -le 2 ]
}

@test "certificate and key that are rotated together are taken, with a new connection" {
	cp "$BATS_FILE_TMPDIR/first.crt" "$BATS_TEST_TMPDIR/tls.crt"
	cp "$BATS_FILE_TMPDIR/first.key" "$BATS_TEST_TMPDIR/tls.key"
	# The same rights under another name, which the API server's audit log tells.
	kubectl create clusterrolebinding rotated --clusterrole=slurm-kube-agent --user="rotated-$$" || :
	certificate second "rotated-$$"
	start_agent 'client-certificate: tls.crt, client-key: tls.key'
	works
	cp "$BATS_FILE_TMPDIR/second.crt" "$BATS_TEST_TMPDIR/tls.crt"
	cp "$BATS_FILE_TMPDIR/second.key" "$BATS_TEST_TMPDIR/tls.key"
	eventually grep 'credentials for Kubernetes have changed' "$BATS_TEST_TMPDIR/agent.log"
	works
	eventually audited "rotated-$$"
	kubectl delete clusterrolebinding rotated
}

# plugin SCRIPT...: the credential plugin ./plugin, which counts its runs in ./runs
plugin() {
	printf '%s\n' '#!/bin/sh' "cd $BATS_TEST_TMPDIR" 'echo run >>runs' "$@" >"$BATS_TEST_TMPDIR/plugin"
	chmod 755 "$BATS_TEST_TMPDIR/plugin"
}

EXEC='exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never, installHint: get it here'

@test "a credential plugin gives a token: used until it expires, asked again then and when it is refused" {
	token >"$BATS_TEST_TMPDIR/token"
	# shellcheck disable=SC2016 # for the plugin
	plugin '[ "$WORD" = word ] || exit 1' '[ "$1" = argument ] || exit 1' \
		'echo "$KUBERNETES_EXEC_INFO" >info' \
		'printf "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"%s\"$EXPIRES}}" "$(cat token)"'
	start_agent "$EXEC, args: [argument], env: [{name: WORD, value: word}], provideClusterInfo: true}"
	works
	[ "$(wc -l <"$BATS_TEST_TMPDIR/runs")" = 1 ]
	[ "$(jq -r .spec.cluster.server "$BATS_TEST_TMPDIR/info")" = "$SERVER" ]
	kill "$agent"
	wait "$agent" || :
	# It prints a bad one first; the server's 401 makes the agent ask again.
	mv "$BATS_TEST_TMPDIR/token" "$BATS_TEST_TMPDIR/good"
	echo bad >"$BATS_TEST_TMPDIR/token"
	rm "$BATS_TEST_TMPDIR/runs"
	start_agent "$EXEC, args: [argument], env: [{name: WORD, value: word}]}"
	eventually grep 'refuses the credentials (401 Unauthorized): what the credential plugin prints' "$BATS_TEST_TMPDIR/agent.log"
	mv "$BATS_TEST_TMPDIR/good" "$BATS_TEST_TMPDIR/token"
	works
	kill "$agent"
	wait "$agent" || :
	# One that expires within moments is asked for again, and not for each request.
	rm "$BATS_TEST_TMPDIR/runs"
	start_agent "$EXEC, args: [argument], env: [{name: WORD, value: word}, {name: EXPIRES, value: ',\"expirationTimestamp\":\"$(date -u +%FT%TZ -d '+20 seconds')\"'}]}"
	works
	eventually runs_at_least 2
}

runs_at_least() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/runs")" -ge "$1" ]
}

@test "a credential plugin gives a certificate" {
	jq -n --rawfile crt "$BATS_FILE_TMPDIR/first.crt" --rawfile key "$BATS_FILE_TMPDIR/first.key" '{
		kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1",
		status: {clientCertificateData: $crt, clientKeyData: $key}}' >"$BATS_TEST_TMPDIR/answer"
	plugin 'cat answer'
	start_agent "$EXEC}"
	works
}

@test "a credential plugin that fails: said once, with its hint; the agent goes on when it works" {
	token >"$BATS_TEST_TMPDIR/token"
	# shellcheck disable=SC2016 # for the plugin
	plugin '[ -e works ] || exit 7' \
		'printf "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"%s\"}}" "$(cat token)"'
	start_agent "$EXEC}"
	eventually grep 'plugin: it ended with exit code 7; get it here' "$BATS_TEST_TMPDIR/agent.log"
	eventually runs_at_least 2
	touch "$BATS_TEST_TMPDIR/works"
	works
	[ "$(grep -c 'error: credential plugin' "$BATS_TEST_TMPDIR/agent.log")" = 1 ]
}

# connect_proxy: a proxy that knows CONNECT only, on port $PROXY; its targets are in ./connects
connect_proxy() {
	PROXY=$(sed -n 's/^PORT_SPARE=//p' "$LAB_STATE/ports")
	# shellcheck disable=SC2016 # for perl
	perl -MIO::Socket::INET -MIO::Select -e '
		my ($port, $log) = @ARGV;
		$SIG{CHLD} = "IGNORE";
		my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => 16, ReuseAddr => 1) or die;
		while (my $client = $listen->accept) {
			next if fork;
			my $head = "";
			while ($head !~ /\r\n\r\n/) { sysread($client, $head, 1, length $head) or exit; }
			my ($target) = $head =~ /^CONNECT (\S+)/ or exit;
			open my $f, ">>", $log; print $f "$target\n"; close $f;
			my $server = IO::Socket::INET->new(PeerAddr => $target) or exit;
			syswrite $client, "HTTP/1.1 200 OK\r\n\r\n";
			my $both = IO::Select->new($client, $server);
			while (my @ready = $both->can_read) {
				for my $from (@ready) {
					sysread($from, my $data, 65536) or exit;
					syswrite $from == $client ? $server : $client, $data;
				}
			}
		}' "$PROXY" "$BATS_TEST_TMPDIR/connects" 3>&- &
	proxy=$!
	eventually bash -c ": </dev/tcp/127.0.0.1/$PROXY"
}

@test "a proxy: the environment's, not for NO_PROXY; kubeconfig's proxy-url before it" {
	connect_proxy
	token >"$BATS_TEST_TMPDIR/token"
	start_agent 'tokenFile: token' '' HTTPS_PROXY="http://127.0.0.1:$PROXY"
	works
	grep -xF "${SERVER#https://}" "$BATS_TEST_TMPDIR/connects"
	kill "$agent"
	wait "$agent" || :
	rm "$BATS_TEST_TMPDIR/connects"
	start_agent 'tokenFile: token' '' HTTPS_PROXY="http://127.0.0.1:$PROXY" NO_PROXY=127.0.0.1
	works
	[ ! -e "$BATS_TEST_TMPDIR/connects" ]
	kill "$agent"
	wait "$agent" || :
	start_agent 'tokenFile: token' ", proxy-url: \"http://127.0.0.1:$PROXY\"" HTTPS_PROXY=http://127.0.0.1:1
	works
	grep -xF "${SERVER#https://}" "$BATS_TEST_TMPDIR/connects"
}

@test "tls-server-name: the certificate may be for another name" {
	token >"$BATS_TEST_TMPDIR/token"
	# 127.0.0.2 is not in the certificate, and kubernetes.default is.
	ADDRESS=${SERVER/127.0.0.1/127.0.0.2}
	if ! (: <"/dev/tcp/127.0.0.2/${SERVER##*:}") 2>/dev/null; then
		ADDRESS=$SERVER
	fi
	start_agent 'tokenFile: token' ', tls-server-name: kubernetes.default'
	works
	kill "$agent"
	wait "$agent" || :
	start_agent 'tokenFile: token' ', tls-server-name: elsewhere.example'
	eventually grep -E "trying again" "$BATS_TEST_TMPDIR/agent.log"
}

@test "what is not supported is refused, by name" {
	start_agent 'token: abc, as: alice'
	eventually grep "'as': impersonation is not supported" "$BATS_TEST_TMPDIR/agent.log"
}
