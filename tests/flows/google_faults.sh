#!/bin/bash
# A Google Workspace account's bad days: quotas that are used up, answers that break off, pages that repeat, are missing or are none, tokens that end,
# clocks that are wrong. Whatever happens, nobody is removed who is there, and nobody stays who is not.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
. "$SRCDIR/tests/flows/google_account.sh"
flow_start
google_start --people=230 --groups=4

state_of() { ctl member list acme --json | jq -r --arg name "$(printf 'person%06d' "$1")@acme.example" '.items[] | select(.user_name == $name) | .state'; }

ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ok "a connection is created" google_connection --set page_size=50
is "the first run takes everybody in" "$(sync | jq -r '"\(.state) \(.counts["member.joined"])"')" "done 230"
before=$(roster_digest)

# ---- what passes: the run waits, or asks again, and ends as if nothing had been ------------------------------------------------------

passes() { # passes WORDS COMMANDS
	vendor_tell "$2"
	is "$1: the run is done, whole, and changes nothing" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"
	vendor_tell well
}
passes "403 rateLimitExceeded" "fault rate users 2 2"
passes "403 userRateLimitExceeded and quotaExceeded" "fault user-rate members 1 1
fault quota groups 0 1"
passes "429" "fault 429 users 1 2"
passes "a quota that is used up" "quota-window 2
quota 6"
vendor_tell "quota 2400"
passes "500, 502, 503, 504" "fault 500 users 1 1
fault 502 groups 0 1
fault 503 members 1 1
fault 504 members 3 1"
passes "an answer that ends in the middle of its JSON" "fault truncate users 1 1
fault truncate members 0 1"
passes "a connection that ends in the middle of an answer" "fault cut users 1 1
fault cut members 2 1"
passes "a connection that ends without an answer" "fault reset members 1 2"
passes "a page of somebody in between, as if all were well" "fault html users 2 1"
passes "tokens that end while it is read" "expire"
passes "a clock that is an hour ahead" "clock 3600
expire"
passes "a clock that is an hour behind" "clock -3600
expire"
vendor_tell "clock 0
expire"

# The same of what changed, where all of it is told again at the most.
later() { vendor_tell "clock $1
expire" >/dev/null; }
later 200
sync >/dev/null
gone=20
finds() { # finds WORDS COMMANDS: somebody who is suspended meanwhile is found, and nobody else is
	gone=$((gone + 1))
	vendor_tell "suspend $gone
$2"
	is "$1: who was suspended is found, and nobody else" "$(sync --scope changed | jq -r '"\(.state) \(.counts)"')" 'done {"member.suspended":1}'
	vendor_tell "well
unsuspend $gone"
	is "$1: and back" "$(sync --scope changed | jq -r '"\(.state) \(.counts)"')" 'done {"member.restored":1}'
}
finds "403 rateLimitExceeded of what changed" "fault rate reports 0 2
fault user-rate user 0 1"
finds "429 of what changed" "fault 429 reports 1 1"
finds "500 and 503 of what changed" "fault 500 reports 0 1
fault 503 user 0 1"
finds "what changed ends in the middle" "fault truncate reports 0 1
fault cut reports 2 1"
finds "no answer to what changed" "fault reset reports 1 1"
finds "tokens that end" "expire"
vendor_tell "clock 0
expire"
sync >/dev/null
before=$(roster_digest)

# ---- what does not pass: nobody is touched ---------------------------------------------------------------------------------------

stops() { # stops WORDS COMMANDS ERROR
	vendor_tell "$2"
	like "$1 is told" "$(sync >/dev/null; cat "$flow_dir/sync.err")" "$3"
	is "$1 touches nobody" "$(roster_digest)" "$before"
	vendor_tell well
}
stops "a page that leads to itself" "fault repeat users 1 100" 'the same pages are given again and again|a page is said to come after itself'
stops "an answer that is none" "fault nokind users 1 1" 'Google answers something else than was asked for'
stops "somebody of another account" "fault stranger users 1 1" 'shows people of two accounts'
vendor_tell "fault nokind reports 0 1"
like "what changed is none: that is told" "$(sync --scope changed >/dev/null; cat "$flow_dir/sync.err")" 'Google answers something else than was asked for'
is "and nobody is touched" "$(roster_digest)" "$before"
vendor_tell well
stops "a page that is not known any more" "page-life -1" 'Google does not know the page any more'
vendor_tell "page-life 3600"
stops "a group without its members" "hide team-0001 yes" 'shows the group [0-9A-Za-z]+, but not its members'
vendor_tell "hide team-0001 no"
stops "a role that was taken away" "role none" '"administrator" needs a role'
vendor_tell "role super"

# ---- what looks whole and is not --------------------------------------------------------------------------------------------------

looks() { # looks WORDS COMMANDS
	local run
	vendor_tell "$2"
	run=$(sync)
	diag "$(jq -r '"\(.state) \(.whole) \(.proof)"' <<<"$run") $(cat "$flow_dir/sync.err")"
	is "$1: nobody who is there is removed" "$(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(roster_digest)" "0 $before"
	vendor_tell well
}
looks "a page that is left out" "fault missing users 1 1"
looks "a list that ends too early" "fault notoken users 1 1"
vendor_tell "role role
quota 2400"
run=$(sync)
is "an administrator with a role alone, and everybody is there: nobody is missing" "$(jq -r '"\(.state) \(.whole) \(.counts)"' <<<"$run")" "done true {}"
vendor_tell "role super"
sync >/dev/null
vendor_tell "role role
delete 76"
run=$(sync)
is "an administrator who may have come to see less removes nobody" "$(jq -r '"\(.whole) \(.counts)"' <<<"$run") $(state_of 76)" "false {} active"
like "and it is told why" "$(ctl sync show "acme/$(jq -r .id <<<"$run")")" 'rights +missing'
vendor_tell "role super
undelete 76
delete 77
suspend 78"
run=$(sync)
is "afterwards whoever was deleted or suspended is out" "$(state_of 77) $(state_of 78)" "suspended suspended"
is "and nobody else" "$(jq -r '.counts["member.suspended"]' <<<"$run")" 2
secrets=$(grep -c -e 'BEGIN' -e ya29 -e eyJ "$flow_dir/log")
is "no secret is in the log" "$secrets" 0
done_testing
