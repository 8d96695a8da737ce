#!/bin/bash
# PgBouncer in front, over TCP with TLS and SCRAM on both sides, sharing few sessions of the server by session and by transaction.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/remote_database.sh"
PATH=$PATH:/usr/sbin
command -v pgbouncer >/dev/null || { echo "1..0 # SKIP no pgbouncer is installed"; exit 0; }
FLOW_DATABASE='statement_timeout = "1s"'
remote_start
port=$(free_port)
bouncer() { "$SRCDIR/tests/peers/pgbouncer.sh" "$1" "$flow_dir/bouncer" "${@:2}"; }
flow_also='bouncer stop'
FLOW_CONNINFO=$(remote_conninfo "$port")
flow_config
cp "$flow_dir/rosterd.conf" "$flow_dir/rosterd.conf.plain"

pooled() { # pooled MODE [LINE]: a pooler of this mode, and a daemon that is told so
	bouncer start "$port" "$PGPORT" "$flow_dir/tls" "$flow_dir/users" "pool_mode=$1" default_pool_size="$2" max_client_conn=200
	sed "s#^	schema = .*#&\n	pooler = $1\n	${3:-}#" "$flow_dir/rosterd.conf.plain" >"$flow_dir/rosterd.conf"
}
sessions() { query "SELECT count(*) FROM pg_stat_activity WHERE usename = '$1'"; }
person() { echo "person: id=$1; user=$1; email=$1@acme.example; name=$1"; }
# Many at a time, ten clients: how often which status
crowd() {
	local client
	for client in $(seq 10); do
		curl -s -w '\n%{http_code}\n' --unix-socket "$socket" "http://localhost/v1/organisations/[1-20]x" \
			"http://localhost/v1/organisations" | grep -xE '[0-9]{3}' &
	done | sort | uniq -c | sort -rn | awk '{ printf "%s%s:%s", sep, $2, $1; sep = " " }'
	wait
}
known() { roster | grep -v "^person"; }
# What a directory pushes and reads, whose token is remembered by then; and how it ends.
pushed() { # pushed MODE
	local made base user n
	made=$(ctl connection create acme scim "push-$1" --json)
	ctl connection set "acme/push-$1" --state paused >/dev/null # what becomes of it is not looked at here
	base=http://localhost/scim/v2/$(jq -r .id <<<"$made")
	printf 'header = "Authorization: Bearer %s"\n' "$(jq -r .token <<<"$made")" >"$flow_dir/auth"
	scim() { curl -s -K "$flow_dir/auth" --unix-socket "$socket" "$@"; }
	user=$(scim --data-binary '{"userName":"pushed@acme.example"}' -H 'Content-Type: application/json' "$base/Users" | jq -r .id)
	is "$1: who was pushed is read, again and again" "$(for n in 1 2 3 4; do scim "$base/Users/$user" | jq -r .userName; done | uniq -c | tr -s ' ')" \
		" 4 pushed@acme.example"
	is "$1: and found" "$(scim "$base/Users?filter=userName%20eq%20%22pushed@acme.example%22" | jq .totalResults)" 1
	ctl scim token-revoke "acme/push-$1" "$(ctl scim tokens "acme/push-$1" --json | jq -r '.items[0].id')" >/dev/null
	is "$1: until the token is revoked" "$(scim -o /dev/null -w '%{http_code}' "$base/Users/$user")" 401
}
all_of_it() { # all_of_it MODE: what an administrator does
	local run held
	is "$1: a run" "$(sync | jq -r .state)" done
	is "$1: it made them members, by their groups" "$(known | tr '\n' ' ')" "ada admin active bob member active cyd member active "
	directory "$(person ada)"
	sync >/dev/null
	held=$(ctl sync list acme --json | jq -r '.items[0] | select(.state == "held").id')
	is "$1: a plan is held, looked at and approved" "$(ctl sync changes "acme/$held" --json | jq '.items | length > 1') $(
		ctl sync approve "acme/$held" --wait --json | jq -r .state)" "true done"
	is "$1: as it said" "$(known | tr '\n' ' ')" "ada member active bob member suspended cyd member suspended "
	is "$1: many at a time" "$(crowd)" "404:200 200:10"
	is "$1: one person, and no table is left in a session that others have as well" "$(ctl sync run acme/people --person ada --wait --json 2>/dev/null |
		jq -r .state) $(query "SELECT count(*) FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_temp_%')")" "done 0"
	ctl connection set acme/people --set generated=500 --set script='page_size 20' >/dev/null
	is "$1: a run of many pages" "$(sync | jq -r '.state, .people' | tr '\n' ' ')" "done 501 "
	ctl connection set acme/people --set generated=0 --set script= --remove-most 1000 >/dev/null
	directory "$people"
	sync >/dev/null
	# The limit is the server's, set in each transaction; ours would be three seconds later and would say that the connection was lost.
	PGAPPNAME=moment psql -q -X -h "$flow_dir/pg" -U postgres -d rosterd -c 'BEGIN' -c 'LOCK rosterd.domains' -c 'SELECT pg_sleep(600)' >/dev/null 2>&1 &
	moment_pid=$!
	moment_count "application_name = 'moment' AND query LIKE '%pg_sleep%'"
	unlike "$1: a statement that takes too long is ended by the server" "$(ctl domain list acme 2>&1)" 'lost|cannot be reached'
	query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moment'" >/dev/null
	wait "$moment_pid" 2>/dev/null
	moment_pid=
	is "$1: and works afterwards" "$(ctl domain list acme --json | jq -r '.items[0].domain')" acme.example
}

people="$(person ada)
$(person bob)
$(person cyd)
group: id=g1; name=Admins
member: group=g1; member=ada"

# ---- by session: everything goes through it
pooled session 20
flow_daemon
acme "$people" --role Admins=admin
all_of_it session
pushed session
is "session: notices come through it" "$(query "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'")" 1
flow_kill TERM
bouncer stop

# ---- by transaction: three sessions of each role for twelve of ours; who listens goes past it
pooled transaction 3
like "transaction: needs to know the server itself" "$(timeout 60 "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" 2>&1)" \
	'could not start: a pooler that shares sessions by transaction carries no notices: name the server itself in direct_conninfo'
bouncer stop
pooled transaction 3 "direct_conninfo = \"$(remote_conninfo "$PGPORT")\""
flow_daemon
all_of_it transaction
pushed transaction
ok "transaction: the server has few sessions for requests, with the one that hears what changes" test "$(sessions rosterd_request)" -le 4
ok "transaction: and for workers, with the one that listens" test "$(sessions rosterd_worker)" -le 4
is "transaction: who listens is there by itself" "$(query "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'")" 1
is "transaction: nothing was left in anybody's session" "$(grep -c 'prepared statement' "$flow_dir/pg/log")" 0

# ---- the pooler is away for a moment
before=$(ctl org list --json | jq '.items | length')
bouncer stop
like "a pooler that is away is said so" "$(ctl org list 2>&1)" 'database'
bouncer start "$port" "$PGPORT" "$flow_dir/tls" "$flow_dir/users" pool_mode=transaction default_pool_size=3
for _ in $(seq 100); do ctl org list >/dev/null 2>&1 && break; sleep 0.1; done
is "and found again" "$(ctl org list --json | jq '.items | length')" "$before"
done_testing
