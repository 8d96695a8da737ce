#!/bin/bash
# A Google Workspace account decides who is in an organisation: read whole, these people alone, and after a message of a push channel. The account
# is a simulator over HTTPS with Google's habits; GOOGLE_PEOPLE and GOOGLE_GROUPS make it larger.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
. "$SRCDIR/tests/flows/google_account.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
PEOPLE=${GOOGLE_PEOPLE:-700} GROUPS_MADE=${GOOGLE_GROUPS:-12}
FLOW_SETTINGS='public_url = "https://roster.example"'
flow_start
google_start --people="$PEOPLE" --groups="$GROUPS_MADE"

member() { ctl member list acme --json | jq -r --arg name "$1@acme.example" '.items[] | select(.user_name == $name) | "\(.role) \(.state)"'; }
person() { printf 'person%06d' "$1"; }

(umask 077 && printf theChannelToken >"$flow_dir/channel")
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
vendor_tell "suspend 7
archive 8
delete 9"
ok "a connection is created" google_connection --secret channel_token=@"$flow_dir/channel" --role team-0001@acme.example=admin
said=$(ctl connection test acme/people 2>&1)
diag "$said"
like "its test tells which account it is" "$said" 'the account is C03az79cb'
like "and what it sees" "$said" '100 people on the first page, and more, 1 of them suspended'
like "and of groups" "$said" "[0-9]+ groups"

of_people="FROM subscriptions s JOIN connections c ON c.id = s.connection WHERE c.name = 'people'"
channels() { vendor_tell channels | sort; }
ok "Google is asked for messages" eventually "s.state = 'active' $of_people"
is "of each event that counts" "$(channels | awk '{ print $1 }' | tr '\n' ' ')" "add delete undelete update "
hook_open
is "with our token, to our address" "$(channels | cut -d' ' -f3- | sort -u)" "theChannelToken https://roster.example$hook"

# ---- the first run --------------------------------------------------------------------------------------------------------------

vendor_tell forget
run=$(sync)
diag "$(jq -r '"read and applied from \(.started_at) to \(.finished_at): \(.proof)"' <<<"$run") $(cat "$flow_dir/sync.err")"
is "the first run is done" "$(jq -r .state <<<"$run")" done
like "it was whole" "$(jq -r '"\(.whole) \(.proof)"' <<<"$run")" "^true $((PEOPLE - 1)) people, $GROUPS_MADE groups with"
is "everybody is in but whoever is suspended, archived or deleted" "$(jq -r '.counts["member.joined"]' <<<"$run")" "$((PEOPLE - 3))"
is "with no more requests for people than there are pages" "$(vendor_requests users) $(vendor_requests groups)" \
	"$(((PEOPLE - 1 + 499) / 500)) $(((GROUPS_MADE + 199) / 200))"
is "no token, since that of the test is kept, and one look at the administrator" "$(vendor_requests token) $(vendor_requests user)" "0 1"
is "the same again changes nothing" "$(sync | counts)" ""
like "the parts of the proof are told" "$(ctl sync show "acme/$(jq -r .id <<<"$run")" --json | jq -r '[.proof_parts[].part] | sort | join(" ")')" 'bases.*pages.*rights'

# ---- what has become of them ----------------------------------------------------------------------------------------------------

vendor_tell "suspend 17
archive 18
delete 23
set 5 family_name O'Hara
set 6 user_name renamed@acme.example
join team-0001 2
leave team-0003 3
group spare
hire" >/dev/null
counted=$(sync | counts)
diag "$counted"
like "what happened is found by the next run" "$counted" \
	"^group.created=1 group.member_added=1 group.member_removed=[23] member.joined=1 member.role_changed=1 member.suspended=3 member.updated=2\$"
like "whoever was suspended is out" "$(member "$(person 17)")" ' suspended$'
like "so is whoever was archived" "$(member "$(person 18)")" ' suspended$'
like "and whoever was deleted" "$(member "$(person 23)")" ' suspended$'
is "whoever joined a group has its role" "$(member "$(person 2)")" "admin active"
is "the one who was hired is in" "$(member "$(person "$PEOPLE")")" "member active"
is "whoever was renamed is who they were" "$(member renamed) $(member "$(person 6)")" "member active "
is "the same again changes nothing" "$(sync | counts)" ""
vendor_tell "unsuspend 17
unarchive 18
undelete 23
leave team-0001 2
rename spare kept"
is "and back" "$(sync | counts)" "group.member_removed=1 group.updated=1 member.restored=3 member.role_changed=1"

vendor_tell "group inner
join inner 44
nest inner team-0001
everybody team-0002
external team-0002"
run=$(sync)
is "whoever is in a group within a group has its role" "$(member "$(person 44)")" "admin active"
is "that everybody is in a group, and strangers are, changes nobody" "$(counts <<<"$run")" \
	"group.created=1 group.group_added=1 group.member_added=1 member.role_changed=1"
ok "and is told" grep -q "1 groups have everybody of the account as a member" "$flow_dir/log"
vendor_tell "unnest inner team-0001
ungroup inner"
is "a group that was is gone, and its role with it" "$(sync | jq -r '"\(.state) \(.counts["group.removed"]) \(.counts["member.role_changed"])"')" "done 1 1"

# ---- who is read ----------------------------------------------------------------------------------------------------------------

google_set --set org_units='/Staff
/Contractors'
is "everybody of a unit and of those below is read" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"
vendor_tell "unit 61 /Staffing"
like "whoever is moved out of them is out" "$(sync | counts)" 'member.suspended=1$'
vendor_tell "unit 61 /Staff"
like "and in again when they come back" "$(sync | counts)" 'member.restored=1$'
google_set --set org_units=

# ---- these people alone ---------------------------------------------------------------------------------------------------------

sync >/dev/null
vendor_tell "suspend 51
delete 52
suspend 53"
vendor_tell forget
like "two people who are named are looked at, and nobody else" \
	"$(sync --person "$(vendor_tell id 51)" --person "$(vendor_tell id 52)" | counts)" 'member.suspended=2$'
is "with a request for each" "$(vendor_requests user) $(vendor_requests users)" "2 0"
vendor_tell "leave team-0002 2"
is "a group that is named is read with its members" "$(sync --group "$(vendor_tell group-id team-0002)" | counts)" "group.member_removed=1"
is "what was not named comes with everybody" "$(sync | counts | tr ' ' '\n' | grep member.suspended)" "member.suspended=1"

# ---- what changed ---------------------------------------------------------------------------------------------------------------

changed() { sync --scope changed; }
clock=0
later() { vendor_tell "clock $((clock += ${1:-120}))" >/dev/null; } # there it is minutes later
told() { jq -r '"\(.scope) \(.state) \(.counts | to_entries | sort_by(.key) | map("\(.key)=\(.value)") | join(" "))"'; }
asked() { # asked BUCKET...: how many requests of each kind
	local bucket; for bucket; do vendor_requests "$bucket"; done | paste -sd' '
}
google_set --set org_units='/Staff
/Contractors'
vendor_tell "group small
join small 80
join small 81"
later
sync >/dev/null
vendor_tell forget
is "nothing has changed" "$(changed | told)" "changed done "
is "which is two questions" "$(asked reports user users groups group members token)" "2 0 0 0 0 0 0"
vendor_tell "suspend 60
set 62 user_name moved@acme.example
set 63 family_name Changed
unit 64 /Elsewhere
delete 65
hire
join team-0001 66
leave small 80" >/dev/null
vendor_tell forget
run=$(changed)
diag "$(told <<<"$run"); reports, user, users, groups, group, members, token: $(asked reports user users groups group members token)"
is "whoever was hired, renamed, moved, suspended or deleted is found, and who came to a group or left it" "$(told <<<"$run")" \
	"changed done group.member_added=1 group.member_removed=5 member.joined=1 member.role_changed=1 member.suspended=3 member.updated=2"
is "with a question for each address, one for who was deleted, one for each group" "$(asked reports user users groups group)" "2 7 1 0 2"
is "the renamed one is who they were" "$(member moved) $(member "$(person 62)")" "member active "
is "who was moved away is out, and who was deleted" "$(member "$(person 64)") $(member "$(person 65)")" "member suspended member suspended"
later
changed >/dev/null
vendor_tell forget
is "the same again changes nothing" "$(changed | told)" "changed done "
is "and is not looked at again once it is some minutes old" "$(asked reports user users groups group members)" "2 0 0 0 0 0"
vendor_tell "owner-join team-0001 67"
is "what a group's owner does is found as well" "$(changed | told)" "changed done group.member_added=1 member.role_changed=1"
vendor_tell "rename small tiny
leave tiny 81"
is "a group that has another address is the same" "$(changed | told)" "changed done group.member_removed=1 group.updated=1"
vendor_tell "feed-delay 300
suspend 70"
is "what Google has not told yet" "$(changed | told)" "changed done "
later 400
is "is found when it does" "$(changed | told)" "changed done member.suspended=1"
vendor_tell "feed-delay 0
undelete 65
unit 64 /Staff
unsuspend 70"
like "who is back is back" "$(changed | told)" "^changed done .*member.restored=3\$"
later
changed >/dev/null
vendor_tell "event USER_SETTINGS SOMETHING_NEW USER_EMAIL $(person 71)@acme.example
event APPLICATION_SETTINGS SOMETHING_ELSE USER_EMAIL $(person 72)@acme.example
event USER_SETTINGS CHANGE_PASSWORD USER_EMAIL $(person 73)@acme.example
event USER_SETTINGS DOWNLOAD_USERLIST_CSV"
vendor_tell forget
is "events that nobody has heard of" "$(changed | told)" "changed done "
is "are looked into if they are about a person, and others are not" "$(asked user users groups)" "1 0 0"

whole() { # whole WORDS COMMANDS [SUSPENDED]: everybody is read; once more for what happened a moment before; then no more
	vendor_tell "$2" >/dev/null
	is "$1 makes everybody be read" "$(changed | jq -r '"\(.scope) \(.state) \(.counts["member.suspended"] // 0)"')" "all done ${3:-0}"
	later
	changed >/dev/null
	is "and then no more" "$(changed | jq -r .scope)" changed
}
whole "a group that was deleted" "group passing
ungroup passing"
whole "a list of people that was loaded" "event USER_SETTINGS BULK_UPLOAD BULK_UPLOAD_TOTAL_USERS_NUMBER 5"
whole "a unit that was moved" "event ORG_SETTINGS MOVE_ORG_UNIT ORG_UNIT_NAME Staff"
whole "an address that is not the account's" "event USER_SETTINGS USER_INVITE USER_EMAIL x@else.example"
whole "somebody of whom the list of the deleted does not tell yet" "deleted-delay 300
delete 74" 1
vendor_tell "deleted-delay 0
feed-kept 10"
is "so does a place that Google no longer reaches back to" "$(changed | jq -r .scope)" all
vendor_tell "feed-kept 15552000
owners-feed no"
changed >/dev/null
vendor_tell "suspend 75"
is "where owners' doings are not told, the others are" "$(changed | told)" "changed done member.suspended=1"
vendor_tell "owners-feed yes
feed no
suspend 76"
is "without the privilege everybody is read" "$(changed | told)" "all done member.suspended=1"
is "each time" "$(changed | told)" "all done "
like "and the test tells what that needs" "$(ctl connection test acme/people 2>&1)" 'what changed may not be read.*the privilege "Reports"'
vendor_tell "feed yes
scopes user.readonly group.readonly group.member.readonly
expire
suspend 77"
is "without the scope as well" "$(changed | told)" "all done member.suspended=1"
like "which the test tells by its name" "$(ctl connection test acme/people 2>&1)" 'the scope ".*/auth/admin\.reports\.audit\.readonly"'
vendor_tell "scopes user.readonly group.readonly group.member.readonly reports.audit.readonly
unsuspend 75
unsuspend 76
unsuspend 77"
sync >/dev/null
google_set --set org_units=
sync >/dev/null

# ---- messages of a push channel -------------------------------------------------------------------------------------------------

message() { # message TOKEN STATE NUMBER BODY: posts it as Google does; the status of the answer
	curl -s -m 20 --unix-socket "$socket" -H 'Content-Type: application/json; utf-8' -H "X-Goog-Channel-ID: 01234567-89ab-cdef-0123456789ab" \
		-H "X-Goog-Channel-Token:   $1" -H "X-Goog-Resource-State: $2" -H "X-Goog-Message-Number: $3" -H 'X-Goog-Resource-ID: B4ibMJiIhTjAQd7Ff2K2bexk8G4' \
		--data-binary "$4" -o "$flow_dir/answer" -w '%{http_code}' "http://localhost$hook"
}
user() { printf '{"kind":"admin#directory#user","id":"%s","etag":"\\"x\\"","primaryEmail":"%s@acme.example"}' "$(vendor_tell id "$1")" "$(person "$1")"; }
state_is() { # state_is N STATE
	eventually "state = '$2' FROM members m JOIN accounts a ON a.user_id = m.user_id WHERE a.user_name = '$(person "$1")@acme.example'"
}
is "that a channel has begun is taken" "$(message theChannelToken sync 1 '')" 204
vendor_tell "suspend 80
suspend 81"
is "a message with another token is refused" "$(message wrong update 10 "$(user 80)") $(message '' update 10 "$(user 80)")" "401 401"
is "one with ours is taken" "$(message theChannelToken update 10 "$(user 80)")" 204
ok "and whom it names is looked at" state_is 80 suspended
like "and nobody else" "$(member "$(person 81)")" ' active$'
is "a message that is told again is taken" "$(message theChannelToken update 10 "$(user 81)")" 204
is "one without a body is taken" "$(message theChannelToken update 14 '')" 204
ok "and everybody is read" state_is 81 suspended
is "one that says nothing is not understood" "$(message theChannelToken '' 15 '')" 400

# ---- the channels themselves ----------------------------------------------------------------------------------------------------

ok "Google is asked again when the connection was changed" eventually "s.state = 'active' AND s.tries = 0 AND s.version = c.version $of_people"
opened=$(channels)
query "UPDATE subscriptions SET renew_at = now() - interval '1 second', renewed_at = renewed_at - interval '1 day' WHERE renew_at IS NOT NULL"
ok "channels are followed by others before they end" eventually "s.renewed_at > now() - interval '1 minute' AND s.renew_at > now() $of_people"
is "of which there are as many" "$(channels | awk '{ print $1 }' | tr '\n' ' ')" "add delete undelete update "
is "and none of those of before" "$(comm -12 <(echo "$opened") <(channels))" ""
ctl connection set acme/people --state paused >/dev/null
ok "a paused connection wants no messages" eventually "s.state = 'none' $of_people"
is "and all channels are stopped" "$(channels)" ""
ctl connection set acme/people --state active >/dev/null
ok "once it goes on, there are some again" eventually "s.state = 'active' $of_people"
is "one for each event" "$(channels | wc -l)" 4
ok "and what may have been missed is read" eventually "count(*) = 0 FROM notification_due WHERE ended_at IS NULL"
is "by the events of that time" "$(query "SELECT scope || ' ' || state FROM runs WHERE asked_by = 'notification' ORDER BY asked_at DESC LIMIT 1")" "changed done"

# ---- what is refused ------------------------------------------------------------------------------------------------------------

before=$(roster_digest)
refused() { # refused WORDS COMMANDS PATTERN
	vendor_tell "$2
expire"
	like "$1 is told as such" "$(ctl connection test acme/people 2>&1)" "$3"
	sync >/dev/null
	is "and nobody is touched" "$(roster_digest)" "$before"
}
refused "a scope that the delegation lacks" "scopes user.readonly group.readonly" 'Client is unauthorized .*Domain-wide delegation\), each of the scopes .*group\.member\.readonly'
refused "an administrator without a role" "scopes user.readonly group.readonly group.member.readonly
role none" 'forbidden \(Not Authorized to access this resource/api\); "administrator" needs a role with the Admin API privilege "Users, Read"'
refused "an API that is not enabled" "role super
api no" 'accessNotConfigured; enable the Admin SDK API'
refused "a key that was deleted" "api yes
key no" 'Invalid JWT Signature\..*the key was deleted'
refused "an administrator who is suspended" "key yes
suspend 0" 'Invalid email or User ID; "administrator" is nobody in the account'
vendor_tell "unsuspend 0"
again() { google_set "$@" 2>&1; ctl connection test acme/people 2>&1; }
like "another account is told as such" "$(again --set customer=C0nobody)" 'invalid \(Invalid Input: C0nobody\); see "customer"'
like "so is a domain that is none of it" "$(again --set customer=my_customer --set domain=other.example)" 'Domain not found.*see "customer" and "domain"'
like "and a field that is none" "$(again --set domain= --set title=nonsense)" 'Invalid field selection.*the names of fields'
like "with the right ones it works again" "$(again --set title=organizations/title)" 'works'
secrets=$(grep -c -e theChannelToken -e 'BEGIN' -e ya29 -e eyJ "$flow_dir/log")
is "no secret is in the log" "$secrets" 0
done_testing
