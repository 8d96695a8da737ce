#!/bin/bash
# An Auth0 tenant's bad days: limits that are used up, answers that break off, lists that are not whole, a log that is forgotten; and one organisation
# of the tenant. Whatever happens, nobody is removed who is there, and nobody stays who is not.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
flow_start
vendor_start auth0 --people=430 --groups=4 --client=aBcDeFgH --secret=theSecret
vendor_tell "window 2"

state_of() { ctl member list acme --json | jq -r --arg name "$(printf 'person%06d' "$1")@acme.example" '.items[] | select(.user_name == $name) | .state'; }
changed() { sync --scope changed; }

(umask 077; printf theSecret >"$flow_dir/secret")
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ctl connection create acme auth0 people --set domain="$vendor_url" --set ca_certificate=@"$vendor_ca" --set client_id=aBcDeFgH \
	--secret client_secret=@"$flow_dir/secret" --schedule never >/dev/null
vendor_tell "clock -172800"
is "the first run takes everybody in" "$(sync | jq -r '"\(.state) \(.counts["member.joined"])"')" "done 430"
vendor_tell "clock 0
block 80
forget-log
block 81"
is "two days later the log no longer reaches back: everybody is read" "$(changed | jq -r '"\(.scope) \(.counts)"')" 'all {"member.suspended":2}'
is "and what changed from then on" "$(changed | jq -r '"\(.scope) \(.counts)"')" 'changed {}'
before=$(roster_digest)

# ---- what passes: the run waits, or asks again, and ends as if nothing had been ------------------------------------------------------

passes() { # passes WORDS COMMANDS
	vendor_tell "$2"
	is "$1: the run is done, whole, and changes nothing" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"
	vendor_tell well
}
passes "a storm of 429" "fault 429 management 3 2"
passes "a limit that is used up" "limit management 7"
vendor_tell "limit management 960"
passes "500, 502, 503, 504" "fault 500 management 1 1
fault 502 management 4 1
fault 503 management 9 1
fault 504 management 13 1"
passes "an answer that ends in the middle of its JSON" "fault truncate management 3 1
fault truncate management 10 1"
passes "a connection that ends in the middle of an answer" "fault cut management 3 1
fault cut management 10 1"
passes "a connection that ends without an answer" "fault reset management 4 2"
passes "a page of somebody in between, as if all were well" "fault html management 5 1"
passes "a token that ends while it is read" "expire"
passes "a clock that is an hour ahead" "clock 3600
expire"
passes "a clock that is an hour behind" "clock -3600
expire"
vendor_tell "clock 0"

# ---- what does not pass: nobody is touched ---------------------------------------------------------------------------------------

stops() { # stops WORDS COMMANDS ERROR
	vendor_tell "$2"
	like "$1 is told" "$(sync >/dev/null; cat "$flow_dir/sync.err")" "$3"
	is "$1 touches nobody" "$(roster_digest)" "$before"
	vendor_tell well
}
stops "a list that goes on with itself" "fault repeat management 0 1000" 'the same pages are given again and again'
stops "an answer that is no list" "fault nothing management 4 1" 'Auth0 answers something that is no list'

# ---- what looks whole and is not --------------------------------------------------------------------------------------------------

for fault in missing short; do
	for after in $(seq 3 7); do
		vendor_tell "fault $fault management $after 1"
		run=$(sync)
		is "a $fault page after $after requests: nobody who is there is removed" \
			"$(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(roster_digest)" "0 $before"
		vendor_tell well
	done
done
vendor_tell "fault missing management 4 1"
like "the run says that not all have come" "$(sync | jq -r '"\(.whole) \(.incomplete // .proof // .)"')" 'Auth0 counts 430 people, and only 33[0-9] came'
vendor_tell "well
delete 77
block 78"
is "afterwards whoever was deleted or blocked is out, and nobody else" "$(sync | jq -r '.counts["member.suspended"]') $(state_of 77) $(state_of 78)" "2 suspended suspended"
vendor_tell "delete 79"
changed >/dev/null
vendor_tell "lag 5000"
is "a search that still shows somebody who was deleted does not let them in again" "$(sync | counts) $(state_of 79)" " suspended"
vendor_tell "lag 0"

# ---- the log ----------------------------------------------------------------------------------------------------------------------

vendor_tell "block 82
fault 503 management 1 2
fault truncate management 3 1"
is "what changed is found through faults, too" "$(changed | counts)" "member.suspended=1"
vendor_tell "well
scopes read:users read:roles
expire
block 83"
is "without read:logs everybody is read" "$(sync | counts) $(changed | jq -r .scope)" "member.suspended=1 all"
vendor_tell "scopes read:users read:roles read:logs
expire"

# ---- one organisation of the tenant --------------------------------------------------------------------------------------------------

vendor_tell "scopes read:users read:roles read:logs read:organizations read:organization_members read:organization_member_roles
expire
$(for n in $(seq 100 249); do echo "member $n"; done)
clock 400"
ctl org create Other --type enterprise --default-role member >/dev/null
ctl domain add other acme.example >/dev/null 2>&1
ctl connection create other auth0 people --set domain="$vendor_url" --set ca_certificate=@"$vendor_ca" --set client_id=aBcDeFgH \
	--set organization=org_9ybsU1dN2dKfDkBi --secret client_secret=@"$flow_dir/secret" --schedule never >/dev/null
like "the test counts its members" "$(ctl connection test other/people 2>&1)" '100 members on the first page, and more in "org_9ybsU1dN2dKfDkBi"'
other() { ctl sync run other/people --wait --json "$@" 2>"$flow_dir/sync.err"; }
is "its members are in, and nobody else" "$(other | jq -r '"\(.state) \(.whole) \(.counts["member.joined"]) \(.counts["group.created"])"')" "done true 150 4"
vendor_tell "unmember 100
member 99
join team-0000 101
block 102
block 10" >/dev/null
run=$(other --scope changed)
is "who left it is out, who came is in, roles are those of the organisation" "$(jq -r '"\(.scope) \(.counts["member.joined"]) \(.counts["member.suspended"])"' <<<"$run")" "changed 1 2"
is "and reading all of it finds the same" "$(other | counts)" ""
vendor_tell "fault repeat management 0 1000"
like "members that come again and again are told" "$(other >/dev/null; cat "$flow_dir/sync.err")" 'the same pages are given again and again'
vendor_tell well
is "no secret is in the log" "$(grep -c -e theSecret -e eyJ "$flow_dir/log")" 0
done_testing
