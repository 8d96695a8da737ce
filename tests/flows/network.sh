#!/bin/bash
# The database on the network: TLS whose certificate is checked, passwords by SCRAM; and what is said when one of these is wrong.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/remote_database.sh"
remote_start
FLOW_CONNINFO=$(remote_conninfo "$PGPORT")
flow_config
flow_daemon

refuses_to_start() { timeout 60 "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" 2>&1; }
instead() { # instead OF WITH: the configuration with something else
	cp "$flow_dir/rosterd.conf" "$flow_dir/rosterd.conf.good"
	sed -i "s#$1#$2#" "$flow_dir/rosterd.conf"
}
as_before() { mv "$flow_dir/rosterd.conf.good" "$flow_dir/rosterd.conf"; }

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
sync >/dev/null
is "a run over TCP" "$(roster)" "ada member active"
is "everybody of ours is there through TLS, three roles" "$(query "SELECT string_agg(DISTINCT usename || ' ' || ssl, ', ') FROM pg_stat_ssl
	JOIN pg_stat_activity USING (pid) WHERE usename LIKE 'rosterd%' AND usename <> 'rosterd_owner'")" "rosterd_request true, rosterd_worker true"
is "notices are heard by TCP as well" "$(query "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND client_addr IS NOT NULL")" 1
flow_kill TERM

instead 'ca.pem' 'other-ca.pem'
like "a certificate of another authority is refused" "$(refuses_to_start)" 'the database cannot be reached.*certificate verify failed'
as_before
instead 'host=db.test' 'host=other.test'
like "and one for another host" "$(refuses_to_start)" 'the database cannot be reached.*"db.test".*does not match host name "other.test"'
as_before
(umask 077 && echo wrong-password >"$flow_dir/wrong")
instead 'rosterd_owner.password' 'wrong'
said=$(refuses_to_start)
like "a wrong password: it says whose" "$said" 'the database cannot be reached.*role "rosterd_owner".*password authentication failed'
unlike "and not which" "$said" 'wrong-password'
as_before
instead 'sslmode=verify-full' 'sslmode=disable'
like "without TLS the server does not want us" "$(refuses_to_start)" 'the database cannot be reached.*no encryption'
as_before
flow_daemon
is "all right again" "$(roster)" "ada member active"
unlike "no password is in the log" "$(cat "$flow_dir/log")" "$(cat "$flow_dir"/rosterd_*.password | paste -sd '|')"
unlike "nor in the list of processes" "$(ps -eww -o args)" "$(cat "$flow_dir"/rosterd_*.password | paste -sd '|')"
done_testing
