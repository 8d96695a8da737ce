#!/bin/sh
# A private PostgreSQL for tests: Unix socket only, trusts everybody, and does not wait for the disk.
#
#   postgres.sh start DIR [SETTING=VALUE ...]   makes and starts a cluster in DIR (made if absent); prints the socket's folder,
#                                               which is what libpq calls the host. The superuser is "postgres".
#   postgres.sh restart DIR                     stops at once, as in a crash that loses nothing, and starts again
#   postgres.sh halt DIR                        stops at once and keeps it; start goes on
#   postgres.sh stop DIR                        stops and removes it
#
# A cluster that is there already is only started. The server runs as an ordinary user, since it refuses to run as root.
set -eu
umask 077
action=$1 dir=$2
shift 2

bin=$(pg_config --bindir 2>/dev/null || true)
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "no initdb; install postgresql" >&2; exit 1; }

user=
if [ "$(id -u)" = 0 ]; then
	user=nobody
	id postgres >/dev/null 2>&1 && user=postgres
fi
as() {
	if [ -n "$user" ]; then
		(cd / && setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@")
	else
		(cd / && "$@")
	fi
}

create() {
	mkdir -p "$dir"
	[ -z "$user" ] || chown "$user" "$dir"
	as "$bin/initdb" -D "$dir/data" -A trust -E UTF8 --locale=C.UTF-8 -U postgres --no-sync >"$dir/initdb.log" 2>&1 ||
		{ cat "$dir/initdb.log" >&2; exit 1; }
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$dir'"
		echo "fsync = off"
		echo "full_page_writes = off"
		echo "shared_buffers = 64MB"
		echo "max_connections = 60"
		echo "autovacuum_naptime = 10s"
		echo "log_min_messages = warning"
		for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
	} >>"$dir/data/postgresql.conf"
}

up() {
	as "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start >/dev/null ||
		{ cat "$dir/log" >&2; exit 1; }
}

down() {
	as "$bin/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1 || true
}

case $action in
start)
	case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
	[ -f "$dir/data/PG_VERSION" ] || create "$@"
	up
	echo "$dir"
	;;
restart) down; up ;;
halt) down ;;
stop) down; rm -rf "$dir" ;;
*) echo "usage: postgres.sh start|restart|halt|stop DIR" >&2; exit 2 ;;
esac
