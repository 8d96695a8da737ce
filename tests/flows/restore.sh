#!/bin/bash
# A back-up made with pg_dump while a run is under way, and what it must not bring back: tokens that were revoked after it, and runs.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

rosterd() { "$BUILDDIR/rosterd" "$@" --config "$flow_dir/rosterd.conf" 2>&1; }
# refused: what a daemon says that does not start
refuses_to_start() { timeout 60 "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" 2>&1; }
who() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$1" whoami >/dev/null 2>&1; echo $?; }
token() { (umask 077; ctl token create "$@" 2>/dev/null >"$flow_dir/token.${1// /-}"); }
id_of() { ctl token list "${@:2}" --json | jq -r ".items[] | select(.name == \"$1\").id"; }
psql_as_superuser() { psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d "${1:-postgres}"; }
# What docs/operations.md has an operator do
backup() { pg_dump -h "$flow_dir/pg" -U postgres -d rosterd --format=custom --exclude-table='staging.*' --file="$1" 2>&1; }
restore() {
	echo "DROP DATABASE IF EXISTS rosterd WITH (FORCE)" | psql_as_superuser
	psql -q -h "$flow_dir/pg" -U postgres -d postgres -f "$SRCDIR/schema/roles.sql" >/dev/null
	pg_restore -h "$flow_dir/pg" -U postgres -d rosterd --exit-on-error "$1" 2>&1
}

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob' --schedule 1h
sync >/dev/null
token kept
token late-revoked
token robot --organisation acme --role viewer
token early-revoked
ctl token revoke "$(id_of early-revoked)" >/dev/null
pushed_with=$(ctl connection create acme scim push --json | jq -r .token | tr -d '\n' | sha256sum | cut -d' ' -f1)
pushers() { query "SET ROLE rosterd_request; SELECT count(id), current_setting('rosterd.organisation') FROM scim_pusher_meet('\x$pushed_with', false)"; }
is "and a directory's token" "$(query "SELECT count(id) FROM scim_pusher_meet('\x$pushed_with', false)")" 1
ctl connection create acme example slow --set directory='# made up' --set generated=100 --set script='page_size 10
fail_at 5 try_later 600000' >/dev/null
slow=$(ctl sync run acme/slow --json | jq -r .id)
until_run "$slow" "claimed_by IS NULL AND people > 0"
is "before: tokens count" "$(who "$flow_dir/token.kept") $(who "$flow_dir/token.late-revoked") $(who "$flow_dir/token.robot")" "0 0 0"
is "a dump is made while a run is under way" "$(backup "$flow_dir/dump")" ""
ctl token revoke "$(id_of late-revoked)" >/dev/null
is "a token that was revoked after it does not count" "$(who "$flow_dir/token.late-revoked")" 4
query "UPDATE connections SET cursor = 'x' WHERE name = 'people'"

# ---- restored where it was made, while nobody serves it
flow_kill TERM
is "the dump is restored" "$(restore "$flow_dir/dump")" ""
is "the copy has the revoked token alive" "$(query "SELECT revoked_at IS NULL FROM tokens WHERE name = 'late-revoked'")" t
like "no daemon starts on it: the message says what to do" "$(refuses_to_start)" \
	'could not start: the database is a copy.*rosterd --restored.*rosterd --moved'
hash=$(query "SELECT hash FROM tokens WHERE name = 'late-revoked'")
is "and whoever serves it all the same finds no token" "$(query "SET ROLE rosterd_request; SELECT count(id) FROM token_find('$hash')")" 0
is "nor a directory's, and stands for no organisation" "$(pushers)" "0|"
is "and no run begins" "$(query "UPDATE runs SET not_before = now() WHERE id = '$slow'; SET ROLE rosterd_worker;
	SELECT count(id) FROM runs_claim(gen_random_uuid(), interval '20 seconds')")" 0

is "the operator answers" "$(rosterd --restored)" "restored: 4 tokens are revoked, 1 runs have ended, 3 connections will be read whole"
flow_daemon
is "a daemon starts" "$(ctl status >/dev/null 2>&1; echo $?)" 0
is "no token of before counts" "$(who "$flow_dir/token.kept") $(who "$flow_dir/token.late-revoked") $(who "$flow_dir/token.robot") $(
	who "$flow_dir/token.early-revoked")" "4 4 4 4"
is "nor a directory's" "$(pushers)" "0|"
token fresh
is "a new one does" "$(who "$flow_dir/token.fresh")" 0
is "the run that was under way has ended" "$(ctl sync show "acme/$slow" --json | jq -r '.state + " " + .error.code')" "failed run.restored"
for _ in $(seq 100); do
	[ "$(query "SELECT count(*) FROM runs r JOIN connections c ON c.id = r.connection WHERE c.name = 'people' AND r.state = 'done'")" -ge 2 ] && break
	sleep 0.1
done
is "the scheduled connection is read at once, and whole" "$(query "SELECT r.scope_reason, r.state, r.scope FROM runs r
	JOIN connections c ON c.id = r.connection WHERE c.name = 'people' ORDER BY r.asked_at DESC LIMIT 1")" "there is no place to go on from|done|all"
is "the operator's audit says so" "$(query "SELECT action, personal::jsonb -> 'after' ->> 'tokens', personal::jsonb -> 'after' ->> 'epoch'
	FROM audit WHERE action = 'installation.restored' AND organisation = '00000000-0000-0000-0000-000000000000'")" "installation.restored|4|2"
is "and the organisation's" "$(ctl audit list acme --action organisation.restored --json | jq -r '.items | length')" 1

# ---- on another server, with nothing but the dump: a copy knows itself
flow_kill TERM
ok "another dump" test -z "$(backup "$flow_dir/dump2")"
"$SRCDIR/tests/peers/postgres.sh" stop "$flow_dir/pg" >/dev/null
"$SRCDIR/tests/peers/postgres.sh" start "$flow_dir/pg" >/dev/null
is "it is restored on a new server" "$(restore "$flow_dir/dump2")" ""
like "which is no home either" "$(refuses_to_start)" 'could not start: the database is a copy'
is "moved: no daemon served the original since" "$(rosterd --moved)" "moved: this database is the installation now, and everything is as it was"
flow_daemon
is "the token still counts" "$(who "$flow_dir/token.fresh")" 0
is "the audit says so" "$(query "SELECT count(*) FROM audit WHERE action = 'installation.moved'")" 1

# ---- restored under a daemon that runs
ok "a third dump" test -z "$(backup "$flow_dir/dump3")"
is "and restored under a daemon" "$(restore "$flow_dir/dump3")" ""
ready() { ctl status --json 2>/dev/null | jq -r '.status + " " + .checks.installation'; }
until_ready() { for _ in $(seq 100); do [ "$(ready)" = "$1" ] && return 0; sleep 0.1; done; return 1; }
ok "which says that it is not ready, on a copy" until_ready "not ready installation.copy"
is "no token counts" "$(who "$flow_dir/token.fresh")" 4
said=$(ctl status 2>&1)
is "rosterctl status fails" "$?" 1
like "it says that this is a copy, and what is off" "$said" 'is a copy.*no token counts and no run begins'
like "and what to do" "$said" 'rosterd --restored.*rosterd --moved'
is "nobody is sent here" "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" http://rosterd/readyz)" 503
is "until the operator has answered, beside it" "$(rosterd --moved >/dev/null; who "$flow_dir/token.fresh")" 0
ok "then it is ready" until_ready "ready ok"

# ---- a server that was put back to an earlier day is not seen: the operator has to say so
is "restored, though nothing shows it" "$(rosterd --restored)" "restored: 1 tokens are revoked, 0 runs have ended, 3 connections will be read whole"
is "no token counts any more" "$(who "$flow_dir/token.fresh")" 4
done_testing
