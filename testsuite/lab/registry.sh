# SPDX-License-Identifier: GPL-2.0-or-later
# A registry of container images (Debian's docker-registry) on 127.0.0.1, over HTTP. Sourced by lab.
# shellcheck shell=bash

registry_up() {
	mkdir -p "$STATE/registry"
	registry_conf >"$STATE/etc/registry.yml"
	registry_users "${USERS[@]}"
	spawn registry docker-registry serve "$STATE/etc/registry.yml"
	wait_for registry "the registry answers" curl -sf "http://127.0.0.1:$PORT_REGISTRY_HTTP/v2/"
}

registry_conf() {
	cat <<-END
	version: 0.1
	log: { level: info }
	storage:
	  filesystem: { rootdirectory: $STATE/registry }
	  delete: { enabled: true }
	http: { addr: "127.0.0.1:$PORT_REGISTRY_HTTP" }
	END
}

# registry_users USER...: let skopeo take plain HTTP from this registry, and from no other. Several labs have the same
# users.
registry_users() {
	local user folder
	[ -n "$REGISTRY" ] || return 0
	for user in "$@"; do
		folder=$(getent passwd "$user" | cut -d: -f6)/.config/containers/registries.conf.d
		runuser -u "$user" -- mkdir -p "$folder"
		printf '[[registry]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' "$PORT_REGISTRY_HTTP" |
			runuser -u "$user" -- tee "$folder/lab-$PORT_REGISTRY_HTTP.conf" >/dev/null
	done
}

registry_forget() {
	local user port
	port=$(sed -n 's/^PORT_REGISTRY_HTTP=//p' "$STATE/ports" 2>/dev/null)
	[ -n "$REGISTRY" ] && [ -n "$port" ] || return 0
	for user in $(users_made); do
		runuser -u "$user" -- rm -f "$(getent passwd "$user" | cut -d: -f6)/.config/containers/registries.conf.d/lab-$port.conf"
	done
}
