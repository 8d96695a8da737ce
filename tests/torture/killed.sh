#!/bin/bash
# Killed anywhere, right everywhere: at every step of a run's conversation with PostgreSQL, before each statement and while the server
# is at work on it, the daemon is killed, or its plug-in's process, or its connection to the database. What a run takes away and gives is
# there wholly or not at all, the audit agrees, and the next one comes to the same end.
#
# Among the tests a seeded sample of the steps (KILLED_SAMPLE of each kind, KILLED_SEED); in the torture all of them.
. "$SRCDIR/tests/flows/flow.sh"
sample=${KILLED_SAMPLE:-6} seed=${KILLED_SEED:-1}
[ -z "${TORTURE_ROUNDS:-}" ] || sample=all

# Somebody joins and somebody leaves, one is renamed, a role and a group move: each time all of it.
listing() { # listing N
	echo "person: id=ada; user=ada; email=ada@acme.example; name=Ada the $1"
	for n in $(seq 20); do echo "person: id=u$n; user=u$n; email=u$n@acme.example; name=Person $n"; done
	echo "person: id=j$1; user=j$1; email=j$1@acme.example; name=Joiner $1"
	echo "group: id=admins; name=Admins
group: id=team; name=Team $1
member: group=admins; member=u$((1 + $1 % 2))
member: group=team; member=j$1
member: group=team; member=u$((3 + $1 % 2))"
}
# All that a run may change, without times
state() {
	query "SELECT string_agg(l, ' ' ORDER BY l) FROM (
		SELECT a.user_name || '/' || m.name || '/' || m.role || '/' || m.state AS l FROM members m JOIN accounts a ON a.organisation = m.organisation
			AND a.user_id = m.user_id
		UNION ALL SELECT 'group ' || g.name FROM groups g
		UNION ALL SELECT g.name || ' has ' || a.user_name FROM group_accounts k JOIN groups g ON g.id = k.group_id JOIN accounts a ON a.id = k.account_id) s"
}
entries() { query "SELECT count(*) FROM audit WHERE run = '$1' AND source = 'run'"; }
wanted() { # wanted N: what is true of the roster that the Nth listing makes, in one word
	query "SELECT (SELECT state FROM members WHERE name = 'Joiner $1') || ' ' || coalesce((SELECT state FROM members WHERE name = 'Joiner $(($1 - 1))'), '-')
		|| ' ' || (SELECT string_agg(a.user_name, ',') FROM members m JOIN accounts a ON a.user_id = m.user_id WHERE m.role = 'admin')
		|| ' ' || (SELECT name FROM members WHERE email = 'ada@acme.example') || ' ' || (SELECT string_agg(name, ',' ORDER BY name) FROM groups)"
}
after_of() { echo "active suspended u$((1 + $1 % 2)) Ada the $1 Admins,Team $1"; }

export STOP_AT=$flow_dir/stop_at
preload="$BUILDDIR/tests/torture/.libs/stop_at.so"
# A sanitizer wants to be the first, and need not be.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
begin() { LD_PRELOAD=$preload flow_daemon; }
flow_postgres
flow_config
begin
acme "$(listing 0)" --role Admins=admin --remove-share 50 --remove-group-share 100
is "the first run" "$(sync | jq -r .state)" done

day=0
# Asks for a run of the next listing, with a plan for it, and waits until that was carried out or the run is over.
run_with() { # run_with PLAN
	day=$((day + 1))
	directory "$(listing "$day")"
	before=$(state)
	printf '%s\n' "$1" >"$STOP_AT"
	rm -f "$STOP_AT.done"
	id=$(ctl sync run acme/people --json | jq -r .id)
	for _ in $(seq 600); do
		[ ! -e "$STOP_AT.done" ] || break
		[ "$(query "SELECT state IN ('done', 'failed', 'held') FROM runs WHERE id = '$id'")" != t ] || break
		sleep 0.02
	done
	: >"$STOP_AT"
}
over() { # the run's end; whoever waits to try it again need not
	for _ in $(seq 300); do
		query "UPDATE runs SET not_before = now() WHERE id = '$id' AND not_before > now()" 2>/dev/null
		[ "$(query "SELECT state IN ('done', 'failed', 'held') FROM runs WHERE id = '$id'")" != t ] || break
		sleep 0.05
	done
	query "SELECT state FROM runs WHERE id = '$id'"
}
# Neither nothing nor all: empty if it is one of the two. $after is known once the listing has been applied.
between() { # between STATE ENTRIES AFTER
	[ "$1 $2" = "$before 0" ] || [ "$1 $2" = "$3 $full" ] || echo "$2 entries and: $1"
}

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
for kind in daemon database child; do
	for place in $(places); do stopped "$kind" "$place"; done
done
done_testing
