# A run that is stopped at a step of its conversation with PostgreSQL. Source it after flow.sh.
#
#   begin           starts the daemon with tests/torture/stop_at loaded (after flow_postgres and flow_config)
#   listing N       what the directory shows on day N: one joins, one leaves, one is renamed, a role and a group move
#   run_with PLAN   the next day comes ($day), and a run ($id) is asked for with this plan (stop_at.c); waits until that was carried out or the
#                   run is over. $before is the roster until then
#   over            waits for the run's end and prints how
#   state, entries RUN, wanted N, after_of N   the roster; what the audit has of a run; what the roster should be on a day, is and should be
#   between STATE ENTRIES AFTER                empty if this is all or nothing ($full: the entries of a day)
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

