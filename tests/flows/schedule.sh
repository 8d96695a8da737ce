#!/bin/bash
# Runs that start by themselves, and plans that change nothing.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

runs() { query "SELECT count(*) FROM runs WHERE state = 'done' AND asked_by = 'schedule'"; }
until_runs() { for _ in $(seq 60); do [ "$(runs)" -ge "$1" ] && break; sleep 0.2; done; runs; }
due() { query "UPDATE connections SET next_due_at = now()"; }

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada' --schedule 10s
is "a connection with a schedule is read at once" "$(until_runs 1)" 1
is "and next when its time comes" "$(query "SELECT next_due_at > now() + interval '5 seconds' FROM connections")" t
is "the directory's word is done in nobody's name" "$(query "SELECT count(*) FROM audit WHERE source = 'run' AND on_behalf_of IS NOT NULL")" 0
directory 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob'
due
is "it is read again" "$(until_runs 2)" 2
is "and the roster follows" "$(roster | wc -l)" 2

ctl connection set acme/people --state paused >/dev/null
due
sleep 2.5
is "a paused connection is not read by itself" "$(runs)" 2
ctl connection set acme/people --state active >/dev/null
is "until it is active again" "$(until_runs 3)" 3
ctl connection set acme/people --schedule never >/dev/null
is "without a schedule it is never due" "$(query "SELECT count(*) FROM connections WHERE next_due_at IS NOT NULL")" 0

directory 'person: id=u2; user=bob; email=bob@acme.example; name=Robert
person: id=u3; user=; name=Nobody'
before=$(roster_digest)
audited=$(audited)
plan=$(ctl sync plan acme/people)
like "a plan shows what would be" "$plan" 'member.updated +Robert'
like "whom it would take away" "$plan" 'member.suspended +Ada'
is "and changes nothing" "$(roster_digest)" "$before"
is "not even what is refused" "$(refused)" ""
is "no entry says otherwise" "$(audited)" "$audited"
is "a second plan is the same" "$(ctl sync plan acme/people | grep '^[-+~]')" "$(grep '^[-+~]' <<<"$plan")"
ctl connection set acme/people --remove-most 0 --remove-share 0 >/dev/null
ctl sync plan acme/people >/dev/null 2>&1
is "a plan that would be held is shown, not held" "$?" 0
is "nothing waits for anybody" "$(query "SELECT count(*) FROM runs WHERE state NOT IN ('done', 'planned')")" 0
ctl connection set acme/people --remove-most 5 >/dev/null
is "a run does what the plan said" "$(sync | counts)" "member.suspended=1 member.updated=1"

# A run on the way when its connection is deleted.
ctl connection set acme/people --set generated=20000 >/dev/null
id=$(ctl sync run acme/people --json | jq -r .id)
for _ in $(seq 100); do [ "$(query "SELECT people > 0 FROM runs WHERE id = '$id'")" = t ] && break; sleep 0.02; done
ok "a connection is deleted in the middle of a run" ctl connection delete acme/people --people keep --yes
is "the run is given up" "$(query "SELECT state FROM runs WHERE id = '$id'")" dropped
for _ in $(seq 50); do grep -q 'taken this run over\|was deleted' "$flow_dir/log" && break; sleep 0.1; done
is "nobody joins" "$(query "SELECT count(*) FROM members WHERE source = 'connector'")" 2
flow_kill TERM
is "the daemon ends well" "$flow_status" 0
flow_daemon
for _ in $(seq 50); do
	staged=$(query "SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'")
	[ "$staged" = 0 ] && break
	sleep 0.1
done
is "what it had staged is swept" "$staged" 0
done_testing
