#!/bin/bash
# Killed anywhere, right everywhere: at every step of a run's conversation with PostgreSQL, before each statement and while the server
# is at work on it, the daemon is killed, or its plug-in's process, or its connection to the database. What a run takes away and gives is
# there wholly or not at all, the audit agrees, and the next one comes to the same end.
#
# Among the tests a seeded sample of the steps (KILLED_SAMPLE of each kind, KILLED_SEED, KILLED_KINDS); in the torture all of them.
. "$SRCDIR/tests/flows/flow.sh"
sample=${KILLED_SAMPLE:-6} seed=${KILLED_SEED:-1}
[ -z "${TORTURE_ROUNDS:-}" ] || sample=all

. "$SRCDIR/tests/torture/stopped.sh"
flow_postgres
flow_config
begin
acme "$(listing 0)" --role Admins=admin --remove-share 100 --remove-admins-most 1000 --remove-group-share 100
is "the first run" "$(sync | jq -r .state)" done

run_with "1000000 daemon"
counts_sum() { sync_run "$id" | jq "[.counts[]] | add"; }
is "an ordinary day" "$(over) $(wanted "$day")" "done $(after_of "$day")"
steps=$(cat "$STOP_AT.steps") full=$(entries "$id")
diag "$steps steps, $full entries"
ok "its steps are counted" test "$steps" -gt 100
is "each change has an entry" "$full" "$(counts_sum)"

# The steps at which a kind is tried: all of them, or some, spread over the run
places() {
	if [ "$sample" = all ]; then seq "$steps"; else
		for k in $(seq "$sample"); do echo $((1 + ((k - 1) * steps / sample + seed * 7919) % steps)); done
	fi
}
stopped() { # stopped KIND STEP
	local there entered
	run_with "$2 $1"
	if [ "$1" = daemon ] && [ -e "$STOP_AT.done" ]; then
		wait "$flow_pid" 2>/dev/null
		flow_pid=
		moment_gone
		there=$(state) entered=$(entries "$id")
		flow_age
		begin
	else
		there=$before entered=0
	fi
	end=$(over)
	case $end in
	failed) # the plug-in's process was killed: nothing has happened, and somebody asks again
		is "$1, step $2: the run failed and nothing has changed" "$(state) $(entries "$id")" "$before 0"
		end=$(sync | jq -r .state)
		entered=0
		;;
	done)
		# Killed while those who are missing were asked for: the listing is not proven whole, who came is in, and nobody goes yet.
		if [ "$(query "SELECT whole FROM runs WHERE id = '$id'")" = f ]; then
			is "$1, step $2: nobody goes for a listing that is not proven" "$(query "SELECT state FROM members WHERE name = 'Joiner $((day - 1))'")" active
			end=$(sync | jq -r .state)
			there=$before entered=0
		else
			is "$1, step $2: each change has one entry" "$(entries "$id")" "$full"
		fi
		;;
	*) is "$1, step $2: each change has one entry" "$(entries "$id")" "$full" ;;
	esac
	is "$1, step $2: it comes to its end" "$end $(wanted "$day")" "done $(after_of "$day")"
	is "$1, step $2: it was there wholly or not at all" "$(between "$there" "$entered" "$(state)")" ""
	is "$1, step $2: the same again is nothing to do" "$(sync | counts)" ""
}
for kind in ${KILLED_KINDS:-daemon database child}; do
	for place in $(places); do stopped "$kind" "$place"; done
done
done_testing
