# SPDX-License-Identifier: GPL-2.0-or-later
# etcd, kube-apiserver and kube-controller-manager. Sourced by lab.
# shellcheck shell=bash

etcd_up() {
	local client=http://127.0.0.1:$PORT_ETCD peer=http://127.0.0.1:$PORT_ETCD_PEER fsync=
	install -d -m 0700 "$STATE/etcd"
	etcd --unsafe-no-fsync --version >/dev/null 2>&1 && fsync=--unsafe-no-fsync
	# shellcheck disable=SC2086
	spawn etcd etcd --name lab --data-dir "$STATE/etcd" --log-level warn $fsync \
		--listen-client-urls "$client" --advertise-client-urls "$client" --listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" --initial-cluster "lab=$peer"
	wait_for etcd "etcd answers" curl -sf "$client/health"
}

apiserver_up() {
	local pki=$STATE/pki
	cat >"$STATE/etc/audit-policy.yaml" <<-END
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	- level: Metadata
	END
	spawn apiserver "$KUBE_FOLDER/kube-apiserver" \
		--etcd-servers="http://127.0.0.1:$PORT_ETCD" --bind-address=127.0.0.1 --secure-port="$PORT_APISERVER" \
		--advertise-address=127.0.0.1 --endpoint-reconciler-type=none --service-cluster-ip-range=10.0.0.0/24 \
		--client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
		--kubelet-certificate-authority="$pki/ca.crt" \
		--kubelet-client-certificate="$pki/kubelet-client.crt" --kubelet-client-key="$pki/kubelet-client.key" \
		--service-account-key-file="$pki/service-account.pub" --service-account-issuer=https://kubernetes.default.svc \
		--service-account-signing-key-file="$pki/service-account.key" \
		--authorization-mode=RBAC --disable-admission-plugins=ServiceAccount --allow-privileged \
		--audit-policy-file="$STATE/etc/audit-policy.yaml" --audit-log-path="$STATE/log/audit.log" \
		--audit-log-maxsize=200 --audit-log-maxbackup=3 --profiling=false
	wait_for apiserver "the API server is ready" apiserver_ready
}

apiserver_ready() {
	local pki=$STATE/pki
	curl -sf --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" \
		"https://127.0.0.1:$PORT_APISERVER/readyz"
}

# Garbage collection, the end of namespaces, cluster roles that are aggregated from others, Jobs and CronJobs; LAB_CONTROLLERS has
# more.
controller_manager_up() {
	local controllers=garbagecollector,namespace,clusterrole-aggregation,job,cronjob
	spawn controller-manager "$KUBE_FOLDER/kube-controller-manager" --kubeconfig="$STATE/etc/kubeconfig-admin" \
		--controllers="$controllers${LAB_CONTROLLERS:+,$LAB_CONTROLLERS}" --leader-elect=false \
		--bind-address=127.0.0.1 --port=0 --secure-port=0 --profiling=false
	# Without slurm-kube's own resources there are no rights to wait for.
	[ ! -e "$TOP/crd/rbac.yaml" ] || wait_for controller-manager "users may edit SlurmJobs" users_may_edit
}

# The aggregated roles have got slurm-kube's rules.
users_may_edit() {
	kubectl_admin auth can-i patch slurmjobs.slurm-kube.io --as="${USERS[0]}" --namespace="slurm-${USERS[0]}"
}

# As administrator. The cache of what the server offers stays in the state folder.
kubectl_admin() {
	KUBECONFIG=$STATE/etc/kubeconfig-admin kubectl --cache-dir="$STATE/run/kubectl" "$@"
}

kubeconfigs() {
	kubeconfig admin /O=system:masters/CN=lab-admin
	kubeconfig agent /CN=slurm-kube-agent
	user_kubeconfigs "${USERS[@]}"
}

# slurm-kube's own resources, the right for the agent to use them, and the users' namespaces
kube_resources() {
	local all=$STATE/run/resources.yaml crds role
	{
		own_resources || return 1
		echo ---
		for role in slurm-kube-agent slurm-kube-agent-pods slurm-kube-agent-results; do
			role_binding ClusterRoleBinding "$role" '' "$role" slurm-kube-agent
			echo ---
		done
		user_resources "${USERS[@]}"
	} >"$all"
	kube_apply <"$all" || return 1
	crds=$(sed -n 's/^  name: \([a-z]*\.slurm-kube\.io\)$/crd\/\1/p' "$all")
	# shellcheck disable=SC2086
	[ -z "$crds" ] ||
		kubectl_admin wait --for=condition=Established --timeout=60s $crds >>"$STATE/log/kubectl.out"
}

own_resources() {
	local crd=$TOP/crd
	if [ -e "$crd/kustomization.yaml" ]; then
		kubectl kustomize "$crd"
	elif compgen -G "$crd/*.yaml" >/dev/null; then
		tail -q -n +1 "$crd"/*.yaml
	fi
}

# The lab's server is older than what the resources may say about themselves: no validation by the client.
kube_apply() {
	local result
	result=$(kubectl_admin apply --validate=false -f - 2>&1) || {
		say "kubectl apply: $result"
		return 1
	}
	echo "$result" >>"$STATE/log/kubectl.out"
}

user_kubeconfigs() {
	local user
	for user in "$@"; do
		kubeconfig "$user" "/O=slurm-users/CN=$user" "slurm-$user"
		chown "$user" "$STATE/etc/kubeconfig-$user"
	done
}

# user_resources USER...: a namespace that is theirs
user_resources() {
	local user
	for user in "$@"; do
		cat <<-END
		---
		apiVersion: v1
		kind: Namespace
		metadata:
		  name: slurm-$user
		  annotations:
		    slurm-kube.io/user: $user
		---
		END
		role_binding RoleBinding edit "slurm-$user" edit "$user"
	done
}

# role_binding KIND NAME NAMESPACE CLUSTERROLE USER
role_binding() {
	cat <<-END
	apiVersion: rbac.authorization.k8s.io/v1
	kind: $1
	metadata:
	  name: $2
	  ${3:+namespace: $3}
	roleRef:
	  apiGroup: rbac.authorization.k8s.io
	  kind: ClusterRole
	  name: $4
	subjects:
	- apiGroup: rbac.authorization.k8s.io
	  kind: User
	  name: $5
	END
}
