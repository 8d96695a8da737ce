#!/bin/bash
# The primary PostgreSQL is killed at steps of a run, and its standby promoted: no change that was acknowledged is lost, what the run takes
# away and gives is there wholly or not at all, the audit agrees, and the run comes to its end on the other server.
#
# Among the tests at LOST_SAMPLE steps (2); in the torture at five a round. LOST_SEED: which.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/two_servers.sh"
. "$SRCDIR/tests/torture/stopped.sh"
sample=${LOST_SAMPLE:-2} seed=${LOST_SEED:-1}
[ -z "${TORTURE_ROUNDS:-}" ] || sample=$((TORTURE_ROUNDS * 5))

flow_postgres
flow_config
begin
acme "$(listing 0)" --role Admins=admin --remove-share 100 --remove-admins-most 1000 --remove-group-share 100
is "the first run" "$(sync | jq -r .state)" done
run_with "1000000 daemon"
is "an ordinary day" "$(over) $(wanted "$day")" "done $(after_of "$day")"
steps=$(cat "$STOP_AT.steps") full=$(entries "$id")

primary=pg other=second
for k in $(seq "$sample"); do
	place=$((1 + ((k - 1) * steps / sample + seed * 7919) % steps))
	rm -rf "${flow_dir:?}/$other"
	ok "step $place: a standby streams" standby $other $primary
	ok "step $place: and is waited for" synchronous $primary
	ctl member add acme "m$k@acme.example" "Acknowledged $k" >/dev/null
	is "step $place: a change is acknowledged" $? 0
	run_with "$place '$SRCDIR/tests/peers/postgres.sh' halt '$flow_dir/$primary' >/dev/null"
	ok "step $place: the primary was killed there" test -e "$STOP_AT.done"
	ok "step $place: the standby is promoted" promote $other
	ok "step $place: the daemon finds it" serves
	there=$(state) entered=$(entries "$id")
	flow_age
	is "step $place: the run is done" "$(over) $(wanted "$day")" "done $(after_of "$day")"
	is "step $place: each change has one entry" "$(entries "$id")" "$full"
	is "step $place: it was there wholly or not at all" "$(between "$there" "$entered" "$(state)")" ""
	is "step $place: nothing that was acknowledged is lost" "$(query "SELECT count(*) FROM members WHERE name LIKE 'Acknowledged %'")" "$k"
	is "step $place: the same again is nothing to do" "$(sync | counts)" ""
	primary=$other
	[ $other = pg ] && other=second || other=pg
done
done_testing
