# SPDX-License-Identifier: GPL-2.0-or-later
# The certificate authority, certificates and kubeconfig files. Sourced by lab.
# shellcheck shell=bash

pki_up() {
	local dir=$STATE/pki
	install -d -m 0700 "$dir"
	[ ! -s "$dir/kubelet.crt" ] || return 0
	ec_key "$dir/ca.key"
	openssl req -x509 -new -key "$dir/ca.key" -subj "/CN=slurm-kube lab" -days 3650 -out "$dir/ca.crt" \
		-addext keyUsage=critical,keyCertSign,cRLSign 2>>"$STATE/log/openssl.out"
	ec_key "$dir/service-account.key"
	openssl ec -in "$dir/service-account.key" -pubout -out "$dir/service-account.pub" 2>>"$STATE/log/openssl.out"
	certificate apiserver /CN=kube-apiserver \
		subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
	# Between the API server and the agent, for kubectl logs.
	certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
	certificate kubelet /CN=slurm-kube-agent subjectAltName=IP:127.0.0.1,DNS:localhost
}

ec_key() {
	(umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$1")
}

# certificate NAME SUBJECT [EXTENSION]: pki/NAME.key and pki/NAME.crt, made once
certificate() {
	local file=$STATE/pki/$1
	[ ! -s "$file.crt" ] || return 0
	ec_key "$file.key"
	openssl req -new -key "$file.key" -subj "$2" |
		openssl x509 -req -CA "$STATE/pki/ca.crt" -CAkey "$STATE/pki/ca.key" -days 3650 \
			-set_serial "0x$(openssl rand -hex 8)" -out "$file.new" 2>>"$STATE/log/openssl.out" \
			-extfile <(printf '%s\n' "extendedKeyUsage=serverAuth,clientAuth" ${3:+"$3"})
	mv "$file.new" "$file.crt"
}

# kubeconfig NAME SUBJECT [NAMESPACE]: etc/kubeconfig-NAME, for its owner's eyes only
kubeconfig() {
	local file=$STATE/etc/kubeconfig-$1
	certificate "$1" "$2"
	install -m 0600 /dev/null "$file"
	cat >"$file" <<-END
	apiVersion: v1
	kind: Config
	current-context: lab
	contexts:
	- name: lab
	  context:
	    cluster: lab
	    user: $1
	    namespace: ${3:-default}
	clusters:
	- name: lab
	  cluster:
	    server: https://127.0.0.1:$PORT_APISERVER
	    certificate-authority-data: $(base64 -w0 "$STATE/pki/ca.crt")
	users:
	- name: $1
	  user:
	    client-certificate-data: $(base64 -w0 "$STATE/pki/$1.crt")
	    client-key-data: $(base64 -w0 "$STATE/pki/$1.key")
	END
}
