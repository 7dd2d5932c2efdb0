# SPDX-License-Identifier: GPL-2.0-or-later
# slurm-kube-agent, one per cluster. Sourced by lab.
# shellcheck shell=bash

# Where a sanitizer in it would leave its report: log/sanitizer.PID, or $SANITIZER_LOG.PID
sanitizers() {
	local log=${SANITIZER_LOG:-$STATE/log/sanitizer}
	printf '%s\n' "ASAN_OPTIONS=log_path=$log:detect_leaks=0" "UBSAN_OPTIONS=log_path=$log:print_stacktrace=1"
}

agent_program() {
	echo "${AGENT_PROGRAM:-$PREFIX/sbin/slurm-kube-agent}"
}

has_agent() {
	[ -n "$PREFIX" ] && [ -x "$(agent_program)" ]
}

# agent_config CLUSTER STATE-FOLDER PORT: its configuration
agent_config() {
	local etc number node suffix ctld_port node_ports template=${LAB_TEMPLATE:-}
	[ -n "$template" ] || template='slurm-{user}'
	cluster_vars "$1"
	cat <<-END
	cluster: $1
	slurmConf: $etc/slurm.conf
	kubeconfig: $(agent_kubeconfig)
	doorbell:
	  unix: $STATE/run/doorbell$suffix
	http:
	  listen: 127.0.0.1:$3
	namespaces:
	  template: "$template"
	  create: true
	leader:
	  lease: ${LAB_LEASE:-15s}
	operatorActions: [${LAB_OPERATOR_ACTIONS:-}]
	minimumUid: 1000
	stateFolder: $2
	logLevel: info
	END
}

# kubelet_config CLUSTER: what kubectl logs needs
kubelet_config() {
	local etc number node suffix ctld_port node_ports port
	cluster_vars "$1"
	port=PORT_KUBELET_$number
	cat <<-END
	kubelet:
	  listen: 127.0.0.1:${!port}
	  certificate: $STATE/pki/kubelet.crt
	  key: $STATE/pki/kubelet.key
	  clientCA: $STATE/pki/ca.crt
	END
}

agent_up() {
	local etc number node suffix ctld_port node_ports port sanitizers
	cluster_vars "$1"
	port=PORT_AGENT_$number
	agent_config "$1" "$STATE/agent$suffix" "${!port}" >"$etc/agent.yaml"
	[ -z "$KUBELET" ] || kubelet_config "$1" >>"$etc/agent.yaml"
	# What a test wants besides.
	[ ! -e "$etc/agent-more.yaml" ] || cat "$etc/agent-more.yaml" >>"$etc/agent.yaml"
	mapfile -t sanitizers < <(sanitizers)
	spawn "agent$suffix" SLURM_CONF="$etc/slurm.conf" "${sanitizers[@]}" "$(agent_program)" --config="$etc/agent.yaml"
	wait_for "agent$suffix" "the agent opens its doorbell" agent_serves "$suffix"
}

# The doorbell is the leader's: without the API server, or while another one leads, there is none.
agent_serves() {
	[ -S "$STATE/run/doorbell$1" ] ||
		tail -n 3 "$STATE/log/agent$1.out" | grep -qE '(lease|standing by|Kubernetes: ).*(trying again|leads|leader.elect)'
}

# A second agent of cluster lab, as on another host: it shares no state folder with the first.
standby_up() {
	local sanitizers
	agent_config lab "$STATE/standby" "$PORT_STANDBY" >"$STATE/etc/standby.yaml"
	rm -f "$STATE/log/standby.out"
	mapfile -t sanitizers < <(sanitizers)
	spawn standby SLURM_CONF="$STATE/etc/slurm.conf" "${sanitizers[@]}" "$(agent_program)" --config="$STATE/etc/standby.yaml"
	wait_for standby "the agent stands by or leads" grep -qE 'standing by|leading' "$STATE/log/standby.out"
}
