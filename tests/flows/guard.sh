#!/bin/bash
# A plan that takes away too many is held: nothing is applied, the changes can be read, and what is approved is what was shown.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# people FIRST LAST: so many of them
people() { for n in $(seq "$1" "$2"); do echo "person: id=u$n; user=p$n; email=p$n@acme.example; name=Person $n"; done; }
held_id() { ctl sync list acme --json | jq -r '[.items[] | select(.state == "held")][0].id'; }
# As if a day had gone by
a_day_later() { query "UPDATE removals SET at = at - interval '25 hours'"; }
active() { query "SELECT count(*) FROM members WHERE state = 'active'"; }

acme "$(people 1 20)" --remove-most 2 --remove-share 20
sync >/dev/null
is "twenty are here" "$(active)" 20

directory "$(people 5 20)"
is "a loss within the share passes" "$(sync | counts)" "member.suspended=4"
directory "$(people 7 20)"
sync >"$flow_dir/run"
like "two more the same day are too many" "$(jq -r .held_reason "$flow_dir/run")" \
	'^2 of 16 active members would be suspended, beside 4 in the last 24 hours; at most 4 may be without being asked'
ctl sync drop "acme/$(held_id)" >/dev/null
a_day_later
is "a loss within the number passes" "$(sync | counts)" "member.suspended=2"
a_day_later
is "fourteen are left" "$(active)" 14

directory "$(people 11 21)"
before=$(roster_digest)
sync >"$flow_dir/run"
is "rosterctl tells a held run by its exit code" "$?" 6
run=$(cat "$flow_dir/run")
like "and says why, with the figures" "$(jq -r .held_reason <<<"$run")" \
	'^4 of 14 active members would be suspended; at most 2 may'
is "nothing is applied, not even what is harmless" "$(roster_digest)" "$before"
id=$(held_id)
changes=$(ctl sync changes "acme/$id" --json | jq -r '.items[] | "\(.kind) \(.name)"' | sort)
is "the changes can be read" "$changes" "member.joined Person 21
member.suspended Person 10
member.suspended Person 7
member.suspended Person 8
member.suspended Person 9"
ctl sync run acme/people --wait >/dev/null 2>"$flow_dir/err"
is "no second run starts over it" "$?" 6
like "and the refusal names it" "$(cat "$flow_dir/err")" "$id"
ctl connection set acme/people --schedule 10s >/dev/null
query "UPDATE connections SET next_due_at = now()"
sleep 2.5
is "nor does the schedule start one" "$(query "SELECT count(*) FROM runs WHERE state IN ('asked', 'reading', 'reconciling')")" 0
ctl connection set acme/people --schedule never >/dev/null

is "approved, it is applied" "$(ctl sync approve "acme/$id" --wait --json | jq -r .state)" done
is "to the letter" "$(sync_run "$id" | counts)" "member.joined=1 member.suspended=4"
is "and the roster agrees" "$(active)" 11
is "the limits are as they were" "$(ctl connection show acme/people --json | jq -c '.guard // [.remove_most, .remove_share]')" \
	"$(query "SELECT json_build_array(remove_most, remove_share) FROM connections" | tr -d ' ')"
is "the audit says who approved" "$(query "SELECT DISTINCT on_behalf_of FROM audit WHERE run = '$id' AND source = 'run'")" \
	"$(query "SELECT approved_by FROM runs WHERE id = '$id'")"
ctl sync approve "acme/$id" >/dev/null 2>&1
is "it cannot be approved twice" "$?" 7

directory "$(people 16 21)"
sync >/dev/null
id=$(held_id)
is "a run is dropped" "$(ctl sync drop "acme/$id" >/dev/null; sync_run "$id" | jq -r .state)" dropped
is "and changes nothing" "$(active)" 11

sync >/dev/null
id=$(held_id)
someone=$(query "SELECT user_id FROM members WHERE name = 'Person 12'")
ok "meanwhile the roster moves" ctl member suspend acme "$someone"
ctl sync approve "acme/$id" --wait --json >"$flow_dir/run" 2>/dev/null
is "then approving holds again" "$?" 6
like "and says why" "$(jq -r .held_reason "$flow_dir/run")" 'the roster moved since the plan was shown'
is "with the plan as it would be now" "$(ctl sync changes "acme/$id" --json | jq -r '.items[].kind' | sort | uniq -c | xargs)" \
	"1 account.gone 4 member.suspended"
is "which can be approved" "$(ctl sync approve "acme/$id" --wait --json | jq -r .state)" done

directory '# nobody'
ctl connection set acme/people --remove-most 1000 --remove-share 100 >/dev/null
sync >/dev/null
is "a whole listing of nobody is held, whatever the limits" "$?" 6
like "and says so" "$(ctl sync list acme --json | jq -r '.items[0].held_reason')" 'nobody at all'
ctl sync drop "acme/$(held_id)" >/dev/null

directory "$(people 30 30)"
sync >/dev/null
is "so is one that shows none of those who are here" "$?" 6
ctl sync drop "acme/$(held_id)" >/dev/null
directory "$(people 16 16)"
is "all others are as the limits have them" "$(sync | counts)" "member.suspended=5"

# Admins and groups, who may be few where people are many.
ctl connection delete acme/people --people keep --yes >/dev/null
people() { for n in $(seq "$1" "$2"); do echo "person: id=v$n; user=q$n; email=q$n@acme.example; name=Person $n"; done; }
people=$(people 1 40)
grouped() { # grouped GROUP FIRST LAST: the members of one
	echo "group: id=$1; name=$1"
	for n in $(seq "$2" "$3"); do echo "member: group=$1; member=v$n"; done
}
printf '%s\n' "$people" "$(grouped Admins 1 4)" "$(grouped Engineers 1 30)" >"$flow_dir/people.txt"
ok "a directory with groups" ctl connection create acme example people --set directory=@"$flow_dir/people.txt" --role Admins=admin \
	--remove-admins-most 1 --remove-admins-share 0 --remove-group-most 10 --remove-group-share 50 --remove-share 100
sync >/dev/null
is "has four admins" "$(query "SELECT count(*) FROM members WHERE role = 'admin' AND state = 'active'")" 4
directory "$people
$(grouped Admins 1 2)
$(grouped Engineers 1 30)"
sync >"$flow_dir/run"
like "two who lose the role are too many" "$(jq -r .held_reason "$flow_dir/run")" \
	'^2 of 4 admins would go or lose their role; at most 1 may without being asked \(remove_admins_most 1, remove_admins_share 0 %\)$'
is "they keep it meanwhile" "$(query "SELECT count(*) FROM members WHERE role = 'admin' AND state = 'active'")" 4
ctl sync drop "acme/$(held_id)" >/dev/null
directory "$(people 3 40)
$(grouped Admins 3 4)
$(grouped Engineers 3 30)"
sync >"$flow_dir/run"
like "so are two who go" "$(jq -r .held_reason "$flow_dir/run")" '^2 of 4 admins would go or lose their role'
ctl sync drop "acme/$(held_id)" >/dev/null
directory "$people
$(grouped Admins 1 3)
$(grouped Engineers 1 14)"
sync >"$flow_dir/run"
like "a group that is emptied is held, one admin less is not" "$(jq -r .held_reason "$flow_dir/run")" \
	'^16 of 30 members of group "Engineers" would leave it; at most 15 may without being asked'
ctl sync drop "acme/$(held_id)" >/dev/null
directory "$people
$(grouped Admins 1 3)"
sync >"$flow_dir/run"
like "so is one that is not there any more" "$(jq -r .held_reason "$flow_dir/run")" '^30 of 30 members of group "Engineers" would leave it'
is "approved, it goes" "$(ctl sync approve "acme/$(held_id)" --wait --json | counts)" \
	"group.member_removed=31 group.removed=1 member.role_changed=1"
directory "$(people 4 40)
$(grouped Admins 1 3)"
ctl connection set acme/people --remove-most 0 --remove-share 1 >/dev/null
sync >"$flow_dir/run"
like "all reasons are told at once" "$(jq -r .held_reason "$flow_dir/run")" '^3 of 40 active members .*; 3 of 3 admins would go'

ctl sync drop "acme/$(held_id)" >/dev/null
ctl connection set acme/people --remove-admins-most 0 --remove-admins-share 0 >/dev/null
directory "$(people 4 40)"
sync >"$flow_dir/run"
like "also beside what no limit allows" "$(jq -r .held_reason "$flow_dir/run")" \
	'no group at all; .*; 3 of 40 active members would be .*; 3 of 3 admins would go'

# A number that is meant for many is no limit for few; and what goes one by one is counted together.
ctl sync drop "acme/$(held_id)" >/dev/null
ctl connection delete acme/people --people keep --yes >/dev/null
staff() { for n in $(seq "$1" "$2"); do echo "person: id=w$n; user=w$n; email=w$n@acme.example; name=Worker $n"; done; }
staff 1 12 >"$flow_dir/people.txt"
ok "a small organisation" ctl connection create acme example people --set directory=@"$flow_dir/people.txt"
sync >/dev/null
directory "$(staff 8 12)"
sync >"$flow_dir/run"
like "of twelve, ten may not go, but half" "$(jq -r .held_reason "$flow_dir/run")" \
	'^7 of 12 active members would be suspended; at most 6 may be without being asked \(remove_most 10, remove_share 5 %\)'
ctl sync drop "acme/$(held_id)" >/dev/null
for n in 1 2 3 4 5 6; do
	directory "$(staff $((n + 1)) 12)"
	is "number $n goes at once" "$(sync | counts)" member.suspended=1
done
directory "$(staff 8 13)"
sync >"$flow_dir/run"
like "the seventh that day is asked about" "$(jq -r .held_reason "$flow_dir/run")" \
	'^1 of 6 active members would be suspended, beside 6 in the last 24 hours; at most 6 may'
is "who comes is not counted against it" "$(ctl sync approve "acme/$(held_id)" --wait --json | counts)" "member.joined=1 member.suspended=1"
directory "$(staff 9 13)"
is "somebody has looked: the next one goes at once" "$(sync | counts)" member.suspended=1
done_testing
