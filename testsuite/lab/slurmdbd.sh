# SPDX-License-Identifier: GPL-2.0-or-later
# MariaDB and slurmdbd: Slurm's accounting. Sourced by lab.
# shellcheck shell=bash

# as_slurm COMMAND...: as the user that the Slurm daemons run as
as_slurm() {
	setpriv --reuid=slurm --regid=slurm --init-groups "$@"
}

mariadb_up() {
	local data=$STATE/mariadb socket=$STATE/run/mariadb/socket
	install -d -m 0700 -o slurm -g slurm "$data" "$STATE/run/mariadb"
	if [ ! -d "$data/mysql" ]; then
		as_slurm mariadb-install-db --no-defaults --datadir="$data" --skip-test-db --skip-name-resolve \
			--auth-root-authentication-method=socket --auth-root-socket-user=slurm \
			>"$STATE/log/mariadb-install.out" 2>&1 || {
			tail -n 15 "$STATE/log/mariadb-install.out" >&2
			say "mariadb-install-db failed"
			return 1
		}
	fi
	spawn mariadb setpriv --reuid=slurm --regid=slurm --init-groups \
		mariadbd --no-defaults --datadir="$data" --socket="$socket" --skip-networking \
		--pid-file="$STATE/run/mariadb/pid" --innodb-buffer-pool-size=128M --innodb-lock-wait-timeout=900 \
		--innodb-flush-log-at-trx-commit=0 --skip-log-bin
	# slurmdbd, too, is let in because it comes as user slurm over the socket.
	wait_for mariadb "MariaDB answers" as_slurm \
		mariadb --no-defaults --socket="$STATE/run/mariadb/socket" --user=slurm --execute='select 1'
}

slurmdbd_conf() {
	cat <<-END
	AuthType=auth/munge
	AuthInfo=socket=$STATE/run/munge/socket
	DbdHost=localhost
	DbdAddr=127.0.0.1
	DbdPort=$PORT_SLURMDBD
	SlurmUser=slurm
	PidFile=$STATE/run/slurmctld/slurmdbd.pid
	LogFile=$STATE/log/slurmdbd.log
	DebugLevel=info
	PluginDir=$(plugin_dirs)
	StorageType=accounting_storage/mysql
	StorageHost=localhost
	StorageUser=slurm
	StorageLoc=slurm_acct
	END
}

slurmdbd_up() {
	local cluster
	install -m 0600 -o slurm -g slurm /dev/null "$STATE/etc/slurmdbd.conf"
	slurmdbd_conf >"$STATE/etc/slurmdbd.conf"
	slurm_log slurmdbd
	# It looks for slurmdbd.conf beside SLURM_CONF, and the client library for its socket in MYSQL_UNIX_PORT.
	spawn slurmdbd SLURM_CONF="$STATE/etc/slurm.conf" MYSQL_UNIX_PORT="$STATE/run/mariadb/socket" slurmdbd -D
	wait_for slurmdbd "slurmdbd answers" sacctmgr_quiet show cluster
	for cluster in $(clusters); do
		has_record cluster "$cluster" || sacctmgr_quiet -i add cluster "$cluster" >>"$STATE/log/sacctmgr.out"
	done
}

# Accounts and users; the clusters are known by now.
accounting_up() {
	local user
	has_record account users || sacctmgr_quiet -i add account users >>"$STATE/log/sacctmgr.out"
	for user in "$@"; do
		has_record user "$user" || sacctmgr_quiet -i add user "$user" account=users >>"$STATE/log/sacctmgr.out"
	done
}

has_record() {
	[ -n "$(sacctmgr_quiet -nP show "$1" "$2")" ]
}

sacctmgr_quiet() {
	SLURM_CONF=$STATE/etc/slurm.conf timeout 20 sacctmgr "$@" 2>&1
}
