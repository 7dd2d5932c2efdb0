# SPDX-License-Identifier: GPL-2.0-or-later
# slurm-kube-agent, one per cluster. Sourced by lab.
# shellcheck shell=bash

has_agent() {
	[ -n "$PREFIX" ] && [ -x "$PREFIX/sbin/slurm-kube-agent" ]
}

agent_up() {
	local etc number node suffix ctld_port node_ports port
	cluster_vars "$1"
	port=PORT_AGENT_$number
	cat >"$etc/agent.yaml" <<-END
	cluster: $1
	slurmConf: $etc/slurm.conf
	kubeconfig: $(agent_kubeconfig)
	doorbell:
	  unix: $STATE/run/doorbell$suffix
	http:
	  listen: 127.0.0.1:${!port}
	namespaces:
	  template: "slurm-{user}"
	  create: true
	minimumUid: 1000
	stateFolder: $STATE/agent$suffix
	logLevel: info
	END
	spawn "agent$suffix" SLURM_CONF="$etc/slurm.conf" "$PREFIX/sbin/slurm-kube-agent" --config="$etc/agent.yaml"
	wait_for "agent$suffix" "the agent opens its doorbell" test -S "$STATE/run/doorbell$suffix"
}
