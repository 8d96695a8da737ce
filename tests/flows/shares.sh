#!/bin/bash
# One organisation's many slow directories: they hold half of the workers, not for ever, and nobody reads one that was deleted.
FLOW_SETTINGS='workers = 2
sync {
	call_timeout = "10m"
	read_timeout = "1s"
}'
. "$SRCDIR/tests/flows/flow.sh"
flow_start

people() { for n in $(seq "$1"); do echo "person: id=u$n; user=p$n; email=p$n@acme.example; name=Person $n"; done; }
state() { query "SELECT concat_ws(' ', state, error_code) FROM runs WHERE id = '$1'"; }
acme "$(people 20)"
ctl org create Evil --type enterprise >/dev/null
printf 'hang_at 1\n' >"$flow_dir/hang"
echo '# nobody' >"$flow_dir/nobody.txt"
for n in 1 2 3; do
	ctl connection create evil example "c$n" --set directory=@"$flow_dir/nobody.txt" --set script=@"$flow_dir/hang" >/dev/null
	ctl sync run "evil/c$n" >/dev/null 2>&1
done
evil=$(query "SELECT organisation FROM organisations WHERE slug = 'evil'")
for _ in $(seq 200); do
	[ "$(query "SELECT count(*) FROM runs WHERE state = 'reading'")" = 1 ] && break
	sleep 0.05
done
is "another organisation's run is worked on meanwhile" "$(sync | jq -r .state)" done
is "three that hang hold one of two workers" \
	"$(query "SELECT state, count(*) FROM runs WHERE organisation = '$evil' GROUP BY state ORDER BY 1")" "asked|2
reading|1"

# ---- what is deleted is not read
waiting=$(query "SELECT connection FROM runs WHERE organisation = '$evil' AND state = 'asked' LIMIT 1")
run=$(query "SELECT id FROM runs WHERE connection = '$waiting'")
ok "a connection is deleted whose run was asked for" ctl connection delete "evil/$waiting" --yes
is "the run is dropped with it" "$(state "$run")" "dropped run.dropped"
late=$(query "INSERT INTO runs (organisation, id, connection, state, asked_by) SELECT organisation, gen_random_uuid(), connection, 'asked', 'test'
	FROM runs WHERE id = '$run' RETURNING id" | head -1)
flow_kill KILL
query "DELETE FROM runs WHERE organisation = '$evil' AND id <> '$late' AND state IN ('asked', 'reading')"
flow_daemon
until_run "$late" "state = 'failed'"
is "one that was asked for in the same moment ends by itself" "$(state "$late")" "failed connection.deleted"
is "before anything is asked of the directory" "$(query "SELECT started_at IS NULL AND read_at IS NULL FROM runs WHERE id = '$late'")" t

# ---- nor is one read for ever
script 'page_size 1'
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 2)"
ctl sync run acme/people >/dev/null
moment_wait
sleep 1.1
moment_over
slow=$(query "SELECT id FROM runs ORDER BY asked_at DESC LIMIT 1")
until_run "$slow" "state NOT IN ('asked', 'reading', 'reconciling')"
is "a reading that has no end fails" "$(state "$slow")" "failed run.too_long"
like "and says by which limit" "$(sync_run "$slow" | jq -r .error.text)" 'sync\.read_timeout'

# ---- nor are those asked for who are no longer shown
script ''
sync >/dev/null
directory "$(people 19)"
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.people = 19 AND NEW.pages = 0)"
run=$(ctl sync run acme/people --json | jq -r .id)
moment_wait
sleep 1.1
moment_over
until_run "$run" "state NOT IN ('asked', 'reading', 'reconciling')"
is "the time is over before who is no longer shown was asked for: nobody is gone" "$(sync_run "$run" | jq -r '"\(.state) \(.whole) \(.counts)"')" "done false {}"
like "and says by which limit" "$(query "SELECT words FROM run_parts WHERE run = '$run' AND part = 'asked again'")" 'could not be asked for by key: .*sync\.read_timeout'
done_testing
