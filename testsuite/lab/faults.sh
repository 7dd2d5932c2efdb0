# SPDX-License-Identifier: GPL-2.0-or-later
# The proxy that makes faults between the agents and the API server. Sourced by lab.
# shellcheck shell=bash

# Compiled here, so that no build of slurm-kube has it.
fault_proxy_up() {
	local program=$STATE/run/fault-proxy pki=$STATE/pki sources=("$HERE/fault-proxy.c" "$HERE/fault-rules.c")
	[ -n "$(find "$program" -newer "${sources[0]}" -newer "${sources[1]}" -newer "$HERE/fault-rules.h" 2>/dev/null)" ] ||
		cc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Werror -o "$program" "${sources[@]}" -lmicrohttpd -lcurl -lpthread ||
		die "fault-proxy doesn't compile (contrib/packages lab)"
	# Rules stay through a restart.
	touch "$STATE/run/faults"
	rm -f "$STATE/run/faults.held"
	spawn fault-proxy "$program" "$PORT_FAULT_PROXY" "https://127.0.0.1:$PORT_APISERVER" \
		"$pki/ca.crt" "$pki/agent.crt" "$pki/agent.key" "$STATE/run/faults"
	wait_for fault-proxy "the proxy listens" port_open "$PORT_FAULT_PROXY"
	# Plain HTTP; the proxy has the certificate.
	cat >"$STATE/etc/kubeconfig-faults" <<-END
	apiVersion: v1
	kind: Config
	current-context: lab
	contexts: [{name: lab, context: {cluster: lab, user: agent}}]
	clusters: [{name: lab, cluster: {server: "http://127.0.0.1:$PORT_FAULT_PROXY"}}]
	users: [{name: agent, user: {token: none}}]
	END
}

port_open() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The kubeconfig of agents that are started now.
agent_kubeconfig() {
	alive fault-proxy && echo "$STATE/etc/kubeconfig-faults" || echo "$STATE/etc/kubeconfig-agent"
}
