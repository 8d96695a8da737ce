#!/bin/bash
# The sealer: every committed entry gets its place in the chain of its organisation, and nothing is put in front of it
# afterwards, whoever commits when, however many daemons seal, and wherever one of them is killed.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

here=$(mktemp -d "$flow_dir/sessions.XXXXXX")
as() { psql -q -X -A -t -h "$flow_dir/pg" -U "$1" -d rosterd -c "SET search_path = rosterd" -c "$2" 2>&1; }
# Entries that nobody has sealed, and what is wrong with the chains: links, gaps, entries that are there twice or not at all.
unsealed() { query "SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE (s.organisation, s.entry) = (a.organisation, a.id))"; }
broken() {
	query "SELECT count(*) FROM (
		SELECT s.link, s.position, row_number() OVER w AS place, audit_encode(a) AS bytes,
			lag(s.link, 1, decode(repeat('00', 32), 'hex')) OVER w AS previous
		FROM audit_seals s LEFT JOIN audit a ON a.organisation = s.organisation AND a.id = s.entry
		WINDOW w AS (PARTITION BY s.organisation ORDER BY s.position)) c
	WHERE place <> position OR bytes IS NULL OR link <> sha256(previous || bytes)"
}
until_sealed() { for _ in $(seq 600); do [ "$(unsealed)" = 0 ] && return 0; sleep 0.05; done; return 1; }
seal() { query "SELECT audit_seal(100000)"; }
positions() { query "SELECT string_agg(a.action, ' ' ORDER BY s.position) FROM audit_seals s JOIN audit a ON a.organisation = s.organisation
	AND a.id = s.entry WHERE a.action LIKE '$1.%'"; }
entry() { # entry ACTION [ORGANISATION]: a statement
	echo "INSERT INTO rosterd.audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
		SELECT '${2:-$acme}', 'daemon', 'test', '$1', 'test', 'test', 'daemon', '{}', '\\x00', rosterd.audit_commitment('\\x00', '{}');"
}
# A session that stays: open NAME, tell NAME STATEMENT (and waits until it is done), shut NAME
open() {
	mkfifo "$here/$1"
	PGAPPNAME=$1 psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d rosterd <"$here/$1" >"$here/$1.out" 2>&1 &
	eval "exec {$1}>\"$here/$1\""
}
tell() {
	local mark=done$RANDOM$RANDOM
	printf '%s\n\\echo %s\n' "$2" "$mark" >&"${!1}"
	for _ in $(seq 400); do grep -q "$mark" "$here/$1.out" && return 0; sleep 0.02; done
	return 1
}
shut() { eval "exec {$1}>&-"; }

# ---- what is committed is sealed, in each organisation's own chain
ctl org create Acme --type enterprise >/dev/null
ctl org create Other --type team >/dev/null
ctl token create ops >/dev/null
acme=$(query "SELECT organisation FROM organisations WHERE slug = 'acme'")
other=$(query "SELECT organisation FROM organisations WHERE slug = 'other'")
ok "what is committed is sealed" until_sealed
is "each chain is whole" "$(broken)" 0
is "the operator has one of their own" "$(query "SELECT count(*) FROM audit_seals WHERE organisation = '00000000-0000-0000-0000-000000000000'")" 1
is "nothing waits" "$(query 'SELECT entries, oldest IS NULL FROM audit_lag()')" "0|t"

# ---- nobody else writes a seal
for role in rosterd_request rosterd_worker; do
	for statement in "UPDATE audit_seals SET position = 1" "DELETE FROM audit_seals" "INSERT INTO audit_seals DEFAULT VALUES" \
		"TRUNCATE audit_seals" "SELECT number FROM audit_sealer" "UPDATE audit_anchors SET position = 1" "DELETE FROM audit_anchors" \
		"UPDATE audit SET xact = '1'" "INSERT INTO audit (organisation, xact) VALUES ('$acme', '1')" \
		"INSERT INTO audit (organisation, id) VALUES ('$acme', 1)" "SELECT audit_erase('$acme', '$acme')"; do
		like "$role may not: $statement" "$(as $role "$statement")" 'permission denied'
	done
	is "$role sees the seals of no organisation that it did not name" "$(as $role 'SELECT count(*) FROM audit_seals')" 0
done
like "a request does not seal" "$(as rosterd_request 'SELECT audit_seal(1)')" 'permission denied'

# ---- transactions that end in another order than they began
open first
open second
tell first "BEGIN; $(entry order.begun_first)"
tell second "$(entry order.begun_second)"
is "nothing is sealed beside a transaction that may still put something before it" "$(seal)" 0
is "that is not lost from sight" "$(query 'SELECT entries, oldest IS NOT NULL FROM audit_lag()')" "1|t"
tell first "COMMIT;"
ok "when it has ended, both are" until_sealed
is "in the order of their transactions" "$(positions order)" "order.begun_first order.begun_second"

tell first "BEGIN; SELECT pg_current_xact_id();"
tell second "$(entry late.smaller_id)"
is "a transaction that has written nothing yet counts, too" "$(seal)" 0
tell first "$(entry late.larger_id)"
is "and what it writes then" "$(seal)" 0
tell first "COMMIT;"
ok "is sealed" until_sealed
is "before what was written earlier by a later transaction" "$(positions late)" "late.larger_id late.smaller_id"
tell first "BEGIN; $(entry gone.rolled_back)"
tell second "$(entry gone.stays)"
tell first "ROLLBACK;"
ok "a transaction that is rolled back leaves no gap" until_sealed
is "the chains are whole" "$(broken)" 0
shut first
shut second

# ---- many write, two daemons seal, and neither of them lives for long
sed "s|^socket = .*|socket = \"$flow_dir/second.sock\"|" "$flow_dir/rosterd.conf" >"$flow_dir/second.conf"
"$BUILDDIR/rosterd" --config "$flow_dir/second.conf" >>"$flow_dir/second.log" 2>&1 &
second_pid=$!
crowd=() writers=6 each=60
for n in $(seq $writers); do
	for i in $(seq $each); do
		if [ $((i % 3)) = 0 ]; then echo "BEGIN; $(entry crowd.joined) SELECT pg_sleep(0.01); $(entry crowd.joined "$other") COMMIT;"; else entry crowd.joined; fi
	done >"$here/crowd$n.sql"
done
for n in $(seq $writers); do
	psql -q -X -h "$flow_dir/pg" -U postgres -d rosterd -f "$here/crowd$n.sql" >/dev/null 2>&1 &
	crowd+=($!)
done
wait "${crowd[@]}"
ok "what many wrote at once is sealed by two daemons" until_sealed
is "all of it" "$(query "SELECT count(*) FROM audit WHERE action = 'crowd.joined'")" $((writers * each + writers * each / 3))
is "the chains are whole" "$(broken)" 0
is "seals are numbered through" "$(query 'SELECT count(*) = max(number) AND count(DISTINCT number) = count(*) FROM audit_seals')" t
kill -TERM $second_pid
wait $second_pid
is "the second one ends well" $? 0

# ---- killed between the first seal and the commit
moment "INSERT ON audit_seals"
query "$(entry killed.entry)"
ok "a daemon is about to seal" moment_wait
flow_kill KILL
moment_over
moment_gone
is "killed there, nothing is half sealed" "$(unsealed) $(query 'SELECT (SELECT count(*) FROM audit_seals) = (SELECT number FROM audit_sealer)')" "1 t"
flow_daemon
ok "the next one seals it" until_sealed
is "and the chains are whole" "$(broken)" 0

# ---- what a run writes at once is sealed in bounded batches
crowd_size=25000
query "INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
	SELECT '$acme', 'daemon', 'test', 'bulk.entry', 'test', g::text, 'daemon', '{}', '\\x00', audit_commitment('\\x00', '{}')
	FROM generate_series(1, $crowd_size) g"
ok "all of them are sealed" until_sealed
is "and the chains are whole" "$(broken)" 0

# ---- an audit older than the chain, and one that was restored into another cluster
flow_kill
query "DELETE FROM audit_seals; UPDATE audit SET xact = NULL; UPDATE audit_sealer SET xact = '0', id = 0, number = 0"
is "entries older than the chain are sealed" "$(query "SELECT audit_seal(10)")" 10
seal >/dev/null
is "all of them, in the order of their ids" \
	"$(unsealed) $(query "SELECT count(*) FROM (SELECT entry, lag(entry) OVER (PARTITION BY organisation ORDER BY position) AS before FROM audit_seals) s WHERE before > entry")" "0 0"
query "UPDATE audit SET xact = '900000000'; UPDATE audit_sealer SET xact = '900000000', id = 1000000000, cluster = cluster + 1"
query "$(entry restored.here)"
query "$(entry restored.there) UPDATE audit SET xact = '900000001' WHERE action = 'restored.there'"
is "after a restoration elsewhere what was not sealed there is, and what is new" "$(seal)" 2
query "$(entry restored.later)"
is "and what comes later" "$(seal)" 1
is "once" "$(seal) $(unsealed)" "0 0"
is "the chains are whole" "$(broken)" 0
done_testing
