#!/bin/bash
# Killed at any moment, by any side: the roster is as before or as after, never between; the audit agrees; and the run, taken over,
# comes to the same end.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

crowd=1500
members() { query "SELECT count(*) FROM members WHERE source = 'connector'"; }
ask() { ctl sync run acme/people --json | jq -r .id; }
over() { until_run "$1" "state IN ('done', 'failed', 'held')"; query "SELECT state FROM runs WHERE id = '$1'"; }
# The daemon was not heard of for a while; here is another one.
again() { flow_age; flow_daemon; }

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada' --set generated=$((crowd - 1)) --set script='page_size 50'

# ---- the plug-in's process
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 5)"
id=$(ask)
moment_wait
for pid in $(pgrep -P "$flow_pid"); do kill -KILL "$pid"; done
moment_over
is "the plug-in's process is killed: the run fails" "$(over "$id")" failed
like "with a reason" "$(query "SELECT error_code FROM runs WHERE id = '$id'")" '^plugin\.(ended|crashed)$'
is "and nobody has joined" "$(members)" 0

# ---- the daemon, in the middle of reading
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 5)"
id=$(ask)
moment_wait
flow_kill KILL
moment_over
moment_gone
is "the daemon is killed while it reads: nobody has joined" "$(members)" 0
is "and nothing is in the audit" "$(audited)" 0
is "what was read is kept" "$(query "SELECT pages >= 4 AND state = 'reading' FROM runs WHERE id = '$id'")" t
again
is "started again, it takes the run over" "$(over "$id")" done
is "and goes on where it was" "$(query "SELECT pages = $crowd / 50 AND attempts = 2 FROM runs WHERE id = '$id'")" t
is "all have joined" "$(members)" $crowd
is "and each has an entry" "$(audited)" $crowd

# ---- the daemon, while it reconciles: at each kind of row that a run writes, and before its end
ctl connection set acme/people --set script='' >/dev/null
n=0
for moment in "INSERT ON users" "INSERT ON accounts" "INSERT ON members" "UPDATE ON members" "UPDATE ON accounts" "INSERT ON audit FOR EACH ROW WHEN (NEW.source = 'run')" \
	"UPDATE ON runs FOR EACH ROW WHEN (NEW.state = 'done')"; do
	before=$(roster_digest)
	entries=$(audited)
	here=$(members)
	n=$((n + 1))
	directory "person: id=u1; user=ada; email=ada@acme.example; name=Ada the $n"
	ctl connection set acme/people --set generated=$((here + 9)) >/dev/null
	moment "$moment"
	id=$(ask)
	ok "$moment: a run comes there" moment_wait
	flow_kill KILL
	moment_over
	moment_gone
	is "$moment: killed there, the roster is as before" "$(roster_digest)" "$before"
	is "$moment: and so is the audit" "$(audited)" "$entries"
	again
	is "$moment: taken over, the run is done" "$(over "$id")" done
	is "$moment: the roster is as after" "$(members) $(query "SELECT name FROM members WHERE email = 'ada@acme.example'")" \
		"$((here + 10)) Ada the $n"
	is "$moment: and so is the audit" "$(audited)" $((entries + 11))
done

# ---- a daemon that is asked to end gives its run back
here=$(members)
ctl connection set acme/people --set generated=$((here + 9)) --set script='page_size 50' >/dev/null
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 5)"
id=$(ask)
moment_wait
kill -TERM "$flow_pid"
sleep 0.3
moment_over
flow_kill TERM
is "a daemon that is asked to end does, in the middle of a run" "$flow_status" 0
is "and gives it back, with what it has read" \
	"$(query "SELECT claimed_by IS NULL AND state = 'reading' AND pages = 5 FROM runs WHERE id = '$id'")" t
flow_daemon
is "the next one goes on at once" "$(over "$id")" done
is "to the end" "$(members)" $((here + 10))
is "a member each, an entry each" "$(query "SELECT count(*) FROM members m WHERE source = 'connector' AND (SELECT count(*) FROM audit a
	WHERE a.organisation = m.organisation AND a.action = 'member.joined' AND a.target = m.user_id::text) <> 1" )" 0
done_testing
