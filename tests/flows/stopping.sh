#!/bin/bash
# SIGTERM while the database is at work on something long: the daemon ends, nothing of it was saved, and the next daemon does it. The long
# is a trigger that sleeps far longer than this test may take.
. "$SRCDIR/tests/flows/flow.sh"

# slow WHEN: from now on whoever does that sleeps; fast: nobody does any more
slow() {
	query "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(900); RETURN coalesce(NEW, OLD); END';
		CREATE TRIGGER slow BEFORE $1 FOR EACH ROW EXECUTE FUNCTION public.slow()"
}
fast() { query "DROP FUNCTION public.slow CASCADE" 2>/dev/null; }
asleep() { moment_count "wait_event = 'PgSleep' AND usename = 'rosterd_worker'"; }
# ends: whether the daemon does within half a minute of SIGTERM; if not, it is killed
ends() {
	kill -TERM "$flow_pid"
	for _ in $(seq 300); do
		kill -0 "$flow_pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$flow_pid" 2>/dev/null
	wait "$flow_pid"
	flow_status=$?
	flow_pid=
	is "$1: the daemon ends by itself" "$flow_status" 0
	is "$1: and the server has given it up" "$(query "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" 0
}

flow_start
acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob'

slow "INSERT ON rosterd.members"
ctl sync run acme/people >/dev/null
ok "a reconcile takes long" asleep
ends "a reconcile"
is "nobody has joined" "$(query "SELECT count(*) FROM members")" 0
is "and the run was given back" "$(query "SELECT state || ' ' || (claimed_by IS NULL) FROM runs")" "reconciling true"
fast
flow_daemon
run=$(query "SELECT id FROM runs")
ok "the next daemon ends it" until_run "$run" "state = 'done'"
is "everybody has joined" "$(roster)" "ada member active
bob member active"

ctl org delete acme --yes >/dev/null
query "UPDATE organisations SET purge_after = now() - interval '1 day'"
slow "DELETE ON rosterd.members"
flow_kill TERM
flow_daemon
ok "a purge takes long" asleep
ends "a purge"
is "the organisation is still whole" "$(query "SELECT count(*) FROM members")" 2
fast
flow_daemon
for _ in $(seq 300); do [ "$(query "SELECT count(*) FROM organisations")" = 0 ] && break; sleep 0.1; done
is "the next daemon purges it" "$(query "SELECT (SELECT count(*) FROM organisations), (SELECT count(*) FROM members)")" "0|0"
flow_kill TERM

query "UPDATE audit SET at = now() - interval '60 days'"
entries=$(query "SELECT count(*) FROM audit")
printf 'audit {\n\tretention = "30d"\n}\n' >>"$flow_dir/rosterd.conf"
slow "DELETE ON rosterd.audit_seals"
flow_daemon
ok "a prune of the audit takes long" asleep
ends "a prune"
is "nothing of the audit is gone" "$(query "SELECT count(*) FROM audit WHERE at < now() - interval '30 days'")" "$entries"
fast
flow_daemon
for _ in $(seq 300); do [ "$(query "SELECT count(*) FROM audit WHERE at < now() - interval '30 days'")" = 0 ] && break; sleep 0.1; done
is "the next daemon prunes it" "$(query "SELECT count(*) FROM audit WHERE at < now() - interval '30 days'")" 0
unlike "none of this was called trouble" "$(cat "$flow_dir/log")" '(WARNING|ERROR|could not purge|could not seal)'
done_testing
