#!/bin/bash
# PostgreSQL is restarted under load, gently and not: requests fail in the way that says "ask again", everything recovers by itself,
# nothing that was answered is lost, no place in a pool leaks, and runs go on.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/torture/two.sh"
two_start
crowd=2000
ctl connection set acme/people --set generated=$crowd --set script='page_size 10' >/dev/null

server() { # server MODE: stopped in this way, and started
	local bin user=
	bin=$(pg_config --bindir 2>/dev/null) && [ -x "$bin/pg_ctl" ] || bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	[ "$(id -u)" != 0 ] || user="setpriv --reuid=postgres --regid=$(id -g postgres) --clear-groups"
	(cd / && $user "$bin/pg_ctl" -D "$flow_dir/pg/data" -l "$flow_dir/pg/log" -m "$1" -w -t 60 stop >/dev/null &&
		sleep 0.5 && $user "$bin/pg_ctl" -D "$flow_dir/pg/data" -l "$flow_dir/pg/log" -w -t 60 start >/dev/null)
}
over() { query "SELECT state IN ('done', 'failed', 'held') FROM runs WHERE id = '$1'" 2>/dev/null; }

made_before=$(made_so_far)
load_begin
for round in $(seq "$rounds"); do
	for mode in fast immediate; do
		crowd=$((crowd + 1))
		await ctl connection set acme/people --set generated=$crowd >/dev/null 2>&1
		run=$(await ctl sync run acme/people --json 2>/dev/null | jq -r .id)
		until_run "$run" "people > 50"
		ok "round $round: the server is restarted ($mode)" server "$mode"
		load_moves
		ok "round $round: both daemons serve again ($mode)" await eval 'serves one && serves two'
		for _ in $(seq 600); do
			[ "$(over "$run")" = t ] && break
			flow_age 2>/dev/null
			sleep 0.1
		done
		is "round $round: the run goes on and is done ($mode)" "$(query "SELECT state FROM runs WHERE id = '$run'")" done
		is "round $round: whole ($mode)" "$(query "SELECT count(*) FROM members WHERE name NOT IN ('Ada', 'load') AND state = 'active'")" $crowd
	done
done
load_end
is "no request was lost" "$(count lost)" 0
is "none was answered wrongly" "$(count wrong)" 0
ok "some were told to ask again ($(count retry))" test "$(count retry)" -gt 0
is "each of them found somebody" "$(count nobody)" 0
made=$(($(made_so_far) - made_before))
ok "what was answered is in the database ($made made, $(count uncertain) uncertain)" \
	test "$made" -ge "$(count made)" -a "$made" -le $(($(count made) + $(count uncertain)))
# A daemon always has something to do: one that is open now and in a while is left open.
idle() { query "SELECT pid || ' ' || xact_start FROM pg_stat_activity WHERE usename LIKE 'rosterd%' AND state LIKE 'idle in transaction%' ORDER BY 1"; }
idle >"$flow_dir/idle"
sleep 2
is "nothing is held: no transaction was left open" "$(idle | comm -12 "$flow_dir/idle" -)" ""
# A place in a pool that leaked would be missed now: each daemon answers as many at a time as it has places
for name in $names; do
	is "$name has all its places" "$(for _ in $(seq 16); do curl -s -o /dev/null -w '%{http_code}\n' --unix-socket "$flow_dir/$name.sock" \
		"http://localhost/v1/organisations/acme#[1-5]" & done | sort | uniq -c | awk '{ print $2 ":" $1 }')" "200:80"
done
for name in $names; do
	end "$name"
	is "$name ends well" "$ended" 0
done
done_testing
