#!/bin/bash
# An Okta org decides who is in an organisation: read whole, what changed, these people alone, and through the org's bad days. The org is a
# simulator over HTTPS with Okta's limits; OKTA_PEOPLE and OKTA_GROUPS make it larger.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
PEOPLE=${OKTA_PEOPLE:-700} GROUPS_MADE=${OKTA_GROUPS:-12}
flow_start
vendor_start okta --people="$PEOPLE" --groups="$GROUPS_MADE" --token=00theToken

member() { ctl member list acme --json | jq -r --arg name "$1@acme.example" '.items[] | select(.user_name == $name) | "\(.role) \(.state)"'; }
person() { printf 'person%06d' "$1"; }
memberships() { query "SELECT count(*) FROM group_members"; }

(umask 077 && printf 00theToken >"$flow_dir/token")
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ok "a connection is created" ctl connection create acme okta people --set org_url="$vendor_url" --set ca_certificate=@"$vendor_ca" \
	--secret api_token=@"$flow_dir/token" --role team-0001=admin --schedule never
said=$(ctl connection test acme/people 2>&1)
diag "$said"
like "its test tells which org it is" "$said" "is the org 00o118oQYT4TBTemp0g4"
like "and what it sees" "$said" "people on the first page, and more"

# ---- the first run --------------------------------------------------------------------------------------------------------------

vendor_tell forget
run=$(sync)
diag "$(jq -r '"read and applied from \(.started_at) to \(.finished_at)"' <<<"$run")"
is "the first run is done" "$(jq -r .state <<<"$run")" done
like "it was whole" "$(jq -r '"\(.whole) \(.proof)"' <<<"$run")" "^true $PEOPLE people, 0 deactivated, $GROUPS_MADE groups"
is "everybody is in" "$(jq -r '.counts["member.joined"]' <<<"$run")" "$PEOPLE"

pages=$(((PEOPLE + 199) / 200))
is "with no more requests than there are pages" "$(vendor_requests) $(vendor_requests other)" \
	"$((pages + 1 + (GROUPS_MADE + 199) / 200 + GROUPS_MADE + 1)) 1"
is "the same again changes nothing" "$(sync | counts)" ""

# ---- what changed ---------------------------------------------------------------------------------------------------------------

changed() { sync --scope changed; }
vendor_tell "status 17 DEPROVISIONED
status 23 SUSPENDED
status 31 LOCKED_OUT
status 40 PASSWORD_EXPIRED
set 5 family_name O'Hara
join team-0001 2
hire" >/dev/null
run=$(changed)
is "what changed is read as such" "$(jq -r '"\(.state) \(.scope)"' <<<"$run")" "done changed"
is "it is exactly what happened" "$(counts <<<"$run")" "group.member_added=1 member.joined=1 member.role_changed=1 member.suspended=2 member.updated=1"
like "whoever was deactivated is out" "$(member "$(person 17)")" ' suspended$'
like "so is whoever was suspended" "$(member "$(person 23)")" ' suspended$'
like "whoever typed a wrong password too often is not" "$(member "$(person 31)")" ' active$'
like "nor whoever must choose another one" "$(member "$(person 40)")" ' active$'
is "whoever joined a group has its role" "$(member "$(person 2)")" "admin active"
is "the one who was hired is in" "$(member "$(person "$PEOPLE")")" "member active"
is "the same again changes nothing" "$(changed | counts)" ""
is "nor does reading everybody" "$(sync | counts)" ""

vendor_tell "leave team-0001 2
status 17 ACTIVE
status 23 ACTIVE"
is "back, and out of the group" "$(changed | counts)" "group.member_removed=1 member.restored=2 member.role_changed=1"

# ---- what the System Log tells --------------------------------------------------------------------------------------------------

[ "$PEOPLE" -le 1000 ] || vendor_tell "limit groups/id 0" # thousands of pages
ctl connection set acme/people --set member_page_size=10 >/dev/null
is "with small pages of members everything is read once more, and nothing is new" "$(changed | jq -r '"\(.scope) \(.counts)"')" "all {}"
vendor_tell "group spare"
is "a group that is new is there" "$(changed | counts)" "group.created=1"
vendor_tell "clock 300"
is "five minutes later there is nothing new" "$(changed | counts)" ""
vendor_tell "forget
join team-0003 4
leave team-0003 3"
is "who came to a large group and who left it" "$(changed | counts)" "group.member_added=1 group.member_removed=1"
is "is found without reading the group: people, log, groups, and the groups of two people" "$(vendor_requests) $(vendor_requests users/id)" "5 2"
vendor_tell "log-lag 60000
leave team-0003 4"
is "if the log is late, the group itself says so" "$(changed | counts)" "group.member_removed=1"
vendor_tell "clock 600
log-lag 0
delete 60
ungroup spare"
is "whoever was deleted is out, and a group that was is gone" "$(changed | jq -r '"\(.state) \(.counts["member.suspended"]) \(.counts["group.removed"])"')" "done 1 1"

# ---- these people alone ---------------------------------------------------------------------------------------------------------

vendor_tell "status 50 DEPROVISIONED
status 51 SUSPENDED
status 52 SUSPENDED"
vendor_tell forget
is "two people who are named are looked at, and nobody else" \
	"$(sync --person "$(vendor_tell id 50)" --person "$(vendor_tell id 51)" | counts)" "member.suspended=2"
is "with one request" "$(vendor_requests)" 1
vendor_tell "delete 53"
like "whoever was deleted is gone" "$(sync --person "$(vendor_tell id 53)" | counts)" "member.suspended=1$"
is "a group that is named is read with its members" "$(sync --group "$(vendor_tell group-id team-0002)" | jq -r .state)" done
is "what was not named comes with everybody" "$(sync | counts | tr ' ' '\n' | grep member.suspended)" "member.suspended=1"

# ---- what is read, as the settings say -------------------------------------------------------------------------------------------

vendor_tell "status 64 STAGED
status 65 PROVISIONED
status 66 RECOVERY"
is "whoever has not finished the activation is out, whoever gets a new password is not" "$(changed | counts)" "member.suspended=2"
ctl connection set acme/people --set unactivated=active --secret api_token=@"$flow_dir/token" >/dev/null
is "unless the settings let them in" "$(sync | counts)" "member.restored=2"
planned() { ctl sync plan acme/people --json | jq .run | counts | tr ' ' '\n' | grep "^$1=" | cut -d= -f2; }
contractors=$(ctl member list acme --json | jq '[.items[] | select(.state == "active" and (.user_name | test("9@")))] | length')
ctl connection set acme/people --set user_filter=userType=Employee >/dev/null
is "only people whose profile is so: the others would be out" "$(planned member.suspended)" "$contractors"
ctl connection set acme/people --set user_filter=userType= >/dev/null
like "a filter that nobody meets is no whole listing" "$(ctl sync plan acme/people --json | jq -r .run.whole)" false
printf 'userType=Employee\nuserType=Contractor\n' >"$flow_dir/filter"
ctl connection set acme/people --set user_filter=@"$flow_dir/filter" >/dev/null
is "two lines of one attribute let in both" "$(planned member.suspended)" ""
ctl connection set acme/people --set group_names='team-000*' >/dev/null
is "only groups that are named: the others would be gone" "$(planned group.removed)" "$((GROUPS_MADE - 10))"
ctl connection set acme/people --set group_names='*' >/dev/null

# ---- only those who are assigned to an application -------------------------------------------------------------------------------

ctl connection set acme/people --set application=0oaNone --secret api_token=@"$flow_dir/token" >/dev/null
like "an application that is none is told as such" "$(ctl connection test acme/people 2>&1)" 'there is no application "0oaNone"'
ctl connection set acme/people --set application=0oa1anApplication --secret api_token=@"$flow_dir/token" >/dev/null
like "nor does it work without anybody" "$(ctl connection test acme/people 2>&1)" 'nobody is assigned to "application"'
others=$(ctl member list acme --json | jq -r '[.items[] | select(.state == "active" and .user_name < "person000600@")] | length')
vendor_tell "forget
$(for n in $(seq 0 599); do echo "assign $n"; done)
assign 600 REVOKED
assign 601 UNASSIGNED" >/dev/null
like "its test sees those who are assigned" "$(ctl connection test acme/people 2>&1)" '200 people on the first page, and more'
vendor_tell forget
ctl connection set acme/people --remove-most 10000 --remove-share 100 >/dev/null
held=$(sync | jq -r '"\(.state) \(.people) \(.id)"')
like "whoever is assigned, and not deactivated, is read; and since that is another part of the directory, a person is to look" "$held" '^held 59[0-9] '
like "who sees why" "$(ctl sync show "acme/${held##* }" --json | jq -r .held_reason)" 'application'
ctl sync approve "acme/${held##* }" --wait >/dev/null 2>"$flow_dir/err"
is "by two requests for 600 people" "$(vendor_requests apps)" 2
active() { ctl member list acme --json | jq -r '[.items[] | select(.state == "active")] | length'; }
is "whoever is not assigned is out" "$(active)" "$others"
vendor_tell "unassign 7
status 8 DEPROVISIONED
assign 650
set 9 family_name Elsewhere" >/dev/null
is "each reading is of all" "$(changed | jq -r '"\(.scope) \(.counts | {restored: .["member.restored"], suspended: .["member.suspended"], updated: .["member.updated"]})"')" \
	'all {"restored":1,"suspended":2,"updated":1}'
vendor_tell "unassign 10
forget" >/dev/null
is "somebody alone is asked about by one request" "$(sync --person "$(query "SELECT remote_id FROM accounts WHERE user_name = 'person000010@acme.example'")" | jq '.counts["member.suspended"]') $(vendor_requests apps/id)" "1 1"

# ---- what is refused ------------------------------------------------------------------------------------------------------------

before=$(roster_digest)
vendor_tell "role no"
said=$(ctl connection test acme/people 2>&1)
like "without a role the test says which one is needed" "$said" 'E0000006 .*needs the role Read-Only Administrator \(request req'
sync >/dev/null
is "and nobody is touched" "$(roster_digest)" "$before"
vendor_tell "role yes"
printf 00wrong >"$flow_dir/token"
ctl connection set acme/people --secret api_token=@"$flow_dir/token" >/dev/null
like "a token that is none is told as such" "$(ctl connection test acme/people 2>&1)" 'does not accept "api_token" \(E0000011: Invalid token provided\)'
printf 00theToken >"$flow_dir/token"
ctl connection set acme/people --set ca_certificate=@"$vendor/tls/other-ca.pem" --secret api_token=@"$flow_dir/token" >/dev/null
like "a certificate that nobody trusts is refused" "$(ctl connection test acme/people 2>&1)" 'certificate of "localhost" is not accepted: .*see "ca_certificate"'
ctl connection set acme/people --set ca_certificate=@"$vendor_ca" --secret api_token=@"$flow_dir/token" >/dev/null
like "with the right ones it works again" "$(ctl connection test acme/people 2>&1)" 'works'
done_testing
