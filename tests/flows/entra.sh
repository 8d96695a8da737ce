#!/bin/bash
# A tenant of Microsoft Entra ID decides who is in an organisation: read whole, what changed, these people alone, and after a notification. The
# tenant is a simulator over HTTPS with Graph's habits; ENTRA_PEOPLE and ENTRA_GROUPS make it larger.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
PEOPLE=${ENTRA_PEOPLE:-700} GROUPS_MADE=${ENTRA_GROUPS:-12}
TENANT=84bd8158-6d4d-4958-8b9f-9d6445542f95 CLIENT=535fb089-9ff3-47b6-9bfb-4f1264799865
FLOW_SETTINGS='public_url = "https://roster.example"'
flow_start
vendor_start entra --people="$PEOPLE" --groups="$GROUPS_MADE" --tenant="$TENANT" --client="$CLIENT" --secret=theSecret~1

member() { ctl member list acme --json | jq -r --arg name "$1@acme.example" '.items[] | select(.user_name == $name) | "\(.role) \(.state)"'; }
person() { printf 'person%06d' "$1"; }
changed() { sync --scope changed; }

(umask 077 && printf theSecret~1 >"$flow_dir/secret" && printf theClientState >"$flow_dir/state")
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
vendor_tell "set 9 more Guest
set 10 email -
hook-socket $socket"
ok "a connection is created" ctl connection create acme entra people --set tenant="$TENANT" --set client_id="$CLIENT" \
	--set graph_url="$vendor_url" --set login_url="$vendor_url" --set ca_certificate=@"$vendor_ca" \
	--secret client_secret=@"$flow_dir/secret" --secret client_state=@"$flow_dir/state" --role team-0001=admin --schedule never
said=$(ctl connection test acme/people 2>&1)
diag "$said"
like "its test tells what it sees" "$said" '100 people on the first page, and more, 99 with an address of mail, 1 guests, who are left out'
like "and of groups" "$said" "($GROUPS_MADE groups|100 groups on the first page, and more)"

# ---- the first run --------------------------------------------------------------------------------------------------------------

ok "notifications are asked for" eventually "state = 'active' FROM subscriptions" # after the first listing more would be read
vendor_tell forget
run=$(sync)
diag "$(jq -r '"\(.whole) \(.proof)"' <<<"$run") $(cat "$flow_dir/sync.err")"
is "the first run is done" "$(jq -r .state <<<"$run")" done
like "it was whole" "$(jq -r '"\(.whole) \(.proof)"' <<<"$run")" '^true [0-9]+ people, [0-9]+ records of groups'
is "everybody is in but a guest" "$(jq -r '.counts["member.joined"]' <<<"$run")" "$((PEOPLE - 1))"
diag "$(vendor_tell requests | tr '\n' ' ')"
is "with no more requests for people than there are pages" "$(vendor_requests users)" "$(((PEOPLE + 2 + 199) / 200))"
most=$((GROUPS_MADE / 200 + PEOPLE * 2 / 500 + 2))
ok "nor for groups and memberships" test "$(vendor_requests groups)" -le "$most"
is "and none for each of them" "$(vendor_requests members) $(vendor_requests batch)" "0 0"
before=$(roster_digest)
is "the same again changes nothing" "$(sync | counts)" ""
is "nor does what changed" "$(changed | jq -r '"\(.scope) \(.counts)"')" "changed {}"

# ---- what changed ---------------------------------------------------------------------------------------------------------------

vendor_tell forget
vendor_tell "disable 17
delete 23
set 5 family_name O'Hara
set 6 user_name renamed@acme.example
join team-0001 2
leave team-0003 3
hire
set 31 title Chief
set 31 title Boss" >/dev/null
run=$(changed)
is "what changed is read as such" "$(jq -r '"\(.state) \(.scope)"' <<<"$run")" "done changed"
counted=$(counts <<<"$run")
diag "$counted"
like "it is what happened" "$counted" 'group.member_added=1 .*member.joined=1 member.role_changed=1 member.suspended=2 member.updated=3'
is "with a request for people and one for groups" "$(vendor_requests users) $(vendor_requests groups) $(vendor_requests members) $(vendor_requests batch)" "1 1 0 0"
like "whoever was blocked is out" "$(member "$(person 17)")" ' suspended$'
like "so is whoever was deleted" "$(member "$(person 23)")" ' suspended$'
is "whoever joined a group has its role" "$(member "$(person 2)")" "admin active"
is "the one who was hired is in" "$(member "$(person "$PEOPLE")")" "member active"
is "the same again changes nothing" "$(changed | counts)" ""
is "nor does reading everybody" "$(sync | counts)" ""

vendor_tell "leave team-0001 2
enable 17
restore 23"
like "back, and out of the group" "$(changed | counts)" '^group.member_removed=1 member.restored=2 member.role_changed=1$'
vendor_tell "group passing"
changed >/dev/null
vendor_tell "leave team-0007 7
join team-0007 7
join passing 7
leave passing 7"
is "who left a group and came again is in it, who came and left is not" "$(changed | counts)" ""
is "as reading everybody shows" "$(sync | counts)" ""

vendor_tell "minimal yes
disable 40
rename team-0005 team-five
join team-0006 40"
is "if only what changed is told, the rest is asked for" "$(changed | counts)" "group.member_added=1 group.updated=1 member.suspended=1"
vendor_tell "enable 40
leave team-0006 40
minimal no"
is "and back" "$(changed | counts)" "group.member_removed=1 member.restored=1"
vendor_tell "group inner
join inner 44
nest inner team-0001"
changed >/dev/null
is "whoever is in a group within a group has its role" "$(member "$(person 44)")" "admin active"
vendor_tell "unnest inner team-0001"
changed >/dev/null
is "and has it no more" "$(member "$(person 44)")" "member active"
vendor_tell "ungroup inner"
is "a group that was is gone" "$(changed | counts)" "group.member_removed=1 group.removed=1"
vendor_tell "set 45 more Guest"
like "whoever becomes a guest is out" "$(changed | counts)" ' member.suspended=1$'
vendor_tell "set 45 more Member"
is "and in again" "$(changed | counts)" "member.restored=1"
like "with the groups of before as soon as everybody is read" "$(sync | counts)" '^group.member_added=[12]$'

# ---- a place that is not known any more -------------------------------------------------------------------------------------------

for status in 410 400 404; do
	vendor_tell "forget-places $status
delete $((60 + status % 100))"
	run=$(changed)
	is "a place that is refused with $status: everybody is read" "$(jq -r '"\(.state) \(.scope) \(.counts["member.suspended"])"' <<<"$run")" "done all 1"
done
vendor_tell "clock $((8 * 86400))
expire
delete 71"
is "so is one that is eight days old" "$(changed | jq -r '"\(.state) \(.scope) \(.counts["member.suspended"])"')" "done all 1"
vendor_tell "clock 0
expire
forget-places 410"
is "and then all is well" "$(changed | counts)" ""

# ---- these people alone ---------------------------------------------------------------------------------------------------------

vendor_tell "disable 50
disable 51
purge 52
disable 53"
vendor_tell forget
like "three people who are named are looked at, and nobody else" \
	"$(sync --person "$(vendor_tell id 50)" --person "$(vendor_tell id 51)" --person "$(vendor_tell id 52)" | counts)" 'member.suspended=3$'
is "with one request" "$(vendor_requests batch) $(vendor_requests users)" "1 0"
vendor_tell "enable 50
fault busy batch 0 1"
is "if Graph is busy for some of them, they are asked for again" \
	"$(sync --person "$(vendor_tell id 50)" --person "$(vendor_tell id 53)" | counts)" "member.restored=1 member.suspended=1"
vendor_tell "leave team-0002 2"
like "a group that is named is read with its members" "$(sync --group "$(vendor_tell group-id team-0002)" | counts)" '^group.member_removed=1$'

# ---- notifications --------------------------------------------------------------------------------------------------------------

hook_open
state_is() { # state_is N STATE
	eventually "state = '$2' FROM members m JOIN accounts a ON a.user_id = m.user_id WHERE a.user_name = '$(person "$1")@acme.example'"
}
subscribed() { # subscribed WANTED
	for _ in $(seq 400); do [ "$(vendor_tell subscriptions)" = "$1" ] && break; sleep 0.05; done
	vendor_tell subscriptions
}
is "notifications of people and groups have been asked for" "$(subscribed "2 /users /groups")" "2 /users /groups"
vendor_tell "disable 90
notify 90"
ok "whoever is in one is looked at" state_is 90 suspended
vendor_tell "join team-0001 91
notify-group team-0001"
ok "so is a group" eventually "role = 'admin' FROM members m JOIN accounts a ON a.user_id = m.user_id WHERE a.user_name = '$(person 91)@acme.example'"
ctl connection set acme/people --state paused >/dev/null
is "whoever is paused takes the subscriptions back" "$(subscribed 0)" 0
ctl connection set acme/people --state active >/dev/null
is "and makes them again" "$(subscribed "2 /users /groups")" "2 /users /groups"
ok "what may have been missed is read" eventually "count(*) = 0 FROM notification_due WHERE ended_at IS NULL"
vendor_tell "forget-subscriptions
disable 92"
query "UPDATE subscriptions SET renew_at = now()" >/dev/null
is "what Graph has forgotten when it is to be renewed is made anew" "$(subscribed "2 /users /groups")" "2 /users /groups"
ok "and what it told nobody meanwhile is found" state_is 92 suspended
is "by a reading of what changed" "$(query "SELECT scope FROM runs WHERE asked_by = 'notification' ORDER BY asked_at DESC LIMIT 1")" changed
query "UPDATE subscriptions SET renew_at = now()" >/dev/null
ok "and otherwise renewed" eventually "renew_at > now() + interval '6 days' FROM subscriptions"
is "without another one" "$(vendor_tell subscriptions)" "2 /users /groups"
note() { # note JSON: posts it; the status of the answer
	curl -s -m 20 --unix-socket "$socket" -H 'Content-Type: application/json' --data-binary "$1" -o "$flow_dir/answer" -w '%{http_code}' "http://localhost$hook"
}
said=$(curl -s -m 20 -i --unix-socket "$socket" -X POST "http://localhost$hook?validationToken=Validation%3a+Testing+client%20application" -H 'Content-Type: text/plain')
like "whether we are there is answered" "$said" $'^HTTP/1.1 200'
like "as text" "$said" 'Content-Type: text/plain'
is "with what was sent, decoded" "$(tail -n 1 <<<"$said")" "Validation: Testing client application"
vendor_tell "disable 80
disable 81"
id=$(vendor_tell id 80)
item() { # item CLIENT_STATE RESOURCE ID
	printf '{"id":"lsgTZMr9KwAAA","subscriptionId":"7f105c7d-2dc5-4530-97cd-4e7ae6534c07","subscriptionExpirationDateTime":"2026-12-20T11:00:00.0000000+00:00","clientState":"%s","changeType":"updated","resource":"%s/%s","tenantId":"%s","resourceData":{"@odata.type":"#Microsoft.Graph.User","@odata.id":"%s/%s","id":"%s"}}' \
		"$1" "$2" "$3" "$TENANT" "$2" "$3" "$3"
}
is "a notification with another clientState is refused" "$(note "{\"value\":[$(item wrong Users "$id")]}")" 401
is "what is none is refused" "$(note '{"value":[]}') $(note 'nonsense')" "401 401"
is "one with ours is taken" "$(note "{\"value\":[$(item wrong Users "$(vendor_tell id 81)"),$(item theClientState Users "$id")]}")" 202
ok "and whom it names is looked at" state_is 80 suspended
like "not whom the one named that nobody believes" "$(member "$(person 81)")" ' active$'
is "that something was missed is taken" "$(note '{"value":[{"subscriptionId":"7f105c7d-2dc5-4530-97cd-4e7ae6534c07","clientState":"theClientState","lifecycleEvent":"missed","tenantId":"x"}]}')" 202
ok "and what changed is read" state_is 81 suspended

# ---- what is refused ------------------------------------------------------------------------------------------------------------

before=$(roster_digest)
refused() { # refused WORDS COMMANDS PATTERN
	vendor_tell "$2
expire"
	like "$1 is told as such" "$(ctl connection test acme/people 2>&1)" "$3"
	sync >/dev/null
	is "and nobody is touched" "$(roster_digest)" "$before"
}
refused "a missing permission" "permissions GroupMember.Read.All" 'Authorization_RequestDenied .*the application permission "User.Read.All": add it .*Grant admin consent'
refused "a missing permission for groups" "permissions User.Read.All" 'the application permission "GroupMember.Read.All"'
refused "a policy that keeps us out" "permissions User.Read.All GroupMember.Read.All
policy yes" 'AADSTS53003.*Conditional Access policy'
refused "a secret that has expired" "policy no
secret-expired yes" 'AADSTS7000222.*make a new client secret'
refused "a wrong secret" "secret-expired no
secret another" 'AADSTS7000215.*its value is needed, not its ID'
vendor_tell "secret theSecret~1"
again() { ctl connection set acme/people "$@" --secret client_secret=@"$flow_dir/secret" >/dev/null 2>&1; ctl connection test acme/people 2>&1; }
like "another tenant is told as such" "$(again --set tenant=00000000-0000-4000-8000-000000000000)" 'AADSTS90002.*see "tenant"'
like "so is another application" "$(again --set tenant="$TENANT" --set client_id=00000000-0000-4000-8000-000000000000)" 'AADSTS700016.*is no app registration of "tenant"'
like "with the right ones it works again" "$(again --set client_id="$CLIENT")" 'works'
secrets=$(grep -c -e theSecret -e theClientState -e eyJ "$flow_dir/log")
is "no secret is in the log" "$secrets" 0
is "and the plug-in has never crashed" "$(grep -ac 'plugin.crashed' "$flow_dir/log")" 0
done_testing
