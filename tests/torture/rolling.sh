#!/bin/bash
# Two daemons under load take turns to end and to start, as in an upgrade; one is killed, and the other takes its run over.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/torture/two.sh"
two_start
made_before=$(made_so_far)

load_begin
for round in $(seq "$rounds"); do
	for name in $names; do
		end "$name"
		is "round $round: $name ends well" "$ended" 0
		load_moves
		daemon "$name"
		load_moves
	done
done
load_end
is "no request was lost" "$(count lost)" 0
is "none was answered wrongly" "$(count wrong)" 0
is "none had to be asked again" "$(($(count retry) + $(count uncertain) + $(count nobody)))" 0
ok "there was load ($(count answered) answers)" test "$(count answered)" -gt 100
is "what was answered is in the database, and nothing else" "$(($(made_so_far) - made_before))" "$(count made)"

# ---- killed: what was under way with it is lost, nothing that was answered is, and its run goes on
ctl connection set acme/people --set generated=2000 --set script='page_size 10' >/dev/null
made_before=$(made_so_far)
load_begin
for round in $(seq "$rounds"); do
	ctl connection set acme/people --set generated=$((2000 + round)) >/dev/null
	run=$(asked one sync run acme/people --json | jq -r .id)
	until_run "$run" "people > 50"
	# whose run it is tells no port: both are killed, one after the other, until it has lost its daemon
	end two KILL
	load_moves
	daemon two
	end one KILL
	load_moves
	daemon one
	flow_age
	for _ in $(seq 600); do
		case $(query "SELECT state FROM runs WHERE id = '$run'") in done | failed | held) break ;; esac
		sleep 0.1
	done
	is "round $round: the run of a killed daemon is done" "$(query "SELECT state FROM runs WHERE id = '$run'")" done
	is "round $round: once" "$(query "SELECT count(*) FROM members WHERE name NOT IN ('Ada', 'load') AND state = 'active'")" $((2000 + round))
done
load_end
is "none was answered wrongly" "$(count wrong)" 0
made=$(($(made_so_far) - made_before))
ok "what was answered is in the database ($made), what was lost with a daemon may be" \
	test "$made" -ge "$(count made)" -a "$made" -le $(($(count made) + $(count lost) + $(count uncertain)))
for name in $names; do
	end "$name"
	is "$name ends well" "$ended" 0
done
done_testing
