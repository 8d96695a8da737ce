# Two PostgreSQL servers, a primary and its standby, which the daemon knows both. Source it after flow.sh, before flow_start.
#
#   standby NAME OF       a new standby that streams from another server; the first server is "pg"
#   synchronous SERVER    from now on nothing is acknowledged that its standby does not have
#   promote SERVER        the standby takes over
#   peer VERB SERVER      postgres.sh (start, halt, stop)
#   on SERVER SQL         asks one of them; query asks whichever takes writes
#   serves                within half a minute, by itself
peer() { "$SRCDIR/tests/peers/postgres.sh" "$1" "$flow_dir/$2" >/dev/null; }
on() { psql -q -X -A -t -h "$flow_dir/$1" -U postgres -d rosterd -c "SET search_path = rosterd" -c "$2"; } # on SERVER SQL
query() { psql -q -X -A -t -d "$both user=postgres connect_timeout=2" -c "SET search_path = rosterd" -c "$1"; }
standby() { # standby NAME OF: a new one, which streams
	mkdir -p "$flow_dir/$1" && pg_basebackup -h "$flow_dir/$2" -U postgres -D "$flow_dir/$1/data" -c fast -X stream -R --no-sync &&
		echo "unix_socket_directories = '$flow_dir/$1'" >>"$flow_dir/$1/data/postgresql.conf" &&
		{ [ "$(id -u)" != 0 ] || chown -R "$(stat -c %U "$flow_dir/$2/data")" "$flow_dir/$1"; } && peer start "$1"
}
synchronous() { # synchronous SERVER: from now on nothing is acknowledged that its standby does not have
	on "$1" "ALTER SYSTEM SET synchronous_standby_names = '*'" && on "$1" "SELECT pg_reload_conf()" >/dev/null
	for _ in $(seq 200); do
		[ "$(on "$1" "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")" = 1 ] && return 0
		sleep 0.05
	done
	return 1
}
promote() { on "$1" "ALTER SYSTEM RESET synchronous_standby_names" && [ "$(on "$1" "SELECT pg_promote(true, 60)")" = t ]; }
serves() { # within half a minute, by itself
	for _ in $(seq 300); do
		ctl org show acme >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}
both="host=$flow_dir/pg,$flow_dir/second dbname=rosterd target_session_attrs=read-write"
flow_also='[ ! -d "$flow_dir/second" ] || peer stop second'
FLOW_CONNINFO=$both
FLOW_DATABASE='connect_timeout = "2s"'
