#!/bin/sh
# A PgBouncer on TCP with TLS and SCRAM in front of a PostgreSQL that wants the same.
#
#   pgbouncer.sh start DIR PORT SERVER_PORT CERTIFICATES USERS [SETTING=VALUE ...]
#       makes DIR and starts it on 127.0.0.1:PORT for the server on SERVER_PORT of this machine; CERTIFICATES is a folder of certificates.sh,
#       USERS a file of lines "user" "password"
#   pgbouncer.sh stop DIR
#
# It runs as an ordinary user, since it refuses to run as root.
set -eu
umask 077
action=$1 dir=$2
shift 2
user=nobody
id postgres >/dev/null 2>&1 && user=postgres

start() {
	port=$1 server_port=$2 certificates=$3 users=$4
	shift 4
	mkdir -p "$dir"
	cp "$certificates/ca.pem" "$certificates/server.pem" "$certificates/server.key" "$dir/"
	cp "$users" "$dir/users"
	{
		echo "[databases]"
		echo "rosterd = host=localhost port=$server_port dbname=rosterd"
		echo "[pgbouncer]"
		echo "listen_addr = 127.0.0.1"
		echo "listen_port = $port"
		echo "unix_socket_dir ="
		echo "logfile = $dir/log"
		echo "pidfile = $dir/pid"
		echo "auth_type = scram-sha-256"
		echo "auth_file = $dir/users"
		echo "client_tls_sslmode = require"
		echo "client_tls_key_file = $dir/server.key"
		echo "client_tls_cert_file = $dir/server.pem"
		echo "server_tls_sslmode = verify-ca"
		echo "server_tls_ca_file = $dir/ca.pem"
		for setting in "$@"; do echo "${setting%%=*} = ${setting#*=}"; done
	} >"$dir/pgbouncer.ini"
	[ "$(id -u)" != 0 ] || chown -R "$user" "$dir"
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups pgbouncer -q -d "$dir/pgbouncer.ini"
	else
		pgbouncer -q -d "$dir/pgbouncer.ini"
	fi
	for _ in $(seq 100); do
		[ -s "$dir/pid" ] && return 0
		sleep 0.05
	done
	cat "$dir/log" >&2
	exit 1
}

case $action in
start) start "$@" ;;
stop)
	pid=$(cat "$dir/pid" 2>/dev/null || true)
	[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
	while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	rm -rf "$dir"
	;;
*) echo "usage: pgbouncer.sh start|stop DIR ..." >&2; exit 2 ;;
esac
