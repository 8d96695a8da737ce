#!/bin/bash
# An Auth0 tenant decides who is in an organisation: read whole although a search shows 1,000 people, what changed, these people alone, and what its
# log stream says. The tenant is a simulator over HTTPS with Auth0's limits; AUTH0_PEOPLE and AUTH0_ROLES make it larger.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
PEOPLE=${AUTH0_PEOPLE:-1250} ROLES=${AUTH0_ROLES:-6}
FLOW_SETTINGS='public_url = "https://roster.example"'
flow_start
vendor_start auth0 --people="$PEOPLE" --groups="$ROLES" --client=aBcDeFgH --secret=theSecret
[ "$PEOPLE" -le 5000 ] || vendor_tell "limit management 0"

person() { printf 'person%06d' "$1"; }
member() { ctl member list acme --json | jq -r --arg name "$(person "$1")@acme.example" '.items[] | select(.user_name == $name) | "\(.role) \(.state)"'; }
changed() { sync --scope changed; }
secrets() { (umask 077; printf %s "${1:-theSecret}" >"$flow_dir/secret"; printf %s 'Bearer streamToken' >"$flow_dir/stream"); }
set_connection() { secrets; ctl connection set acme/people --secret client_secret=@"$flow_dir/secret" --secret hook_authorization=@"$flow_dir/stream" "$@" >/dev/null; }

secrets
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ok "a connection is created" ctl connection create acme auth0 people --set domain="$vendor_url" --set ca_certificate=@"$vendor_ca" \
	--set client_id=aBcDeFgH --secret client_secret=@"$flow_dir/secret" --secret hook_authorization=@"$flow_dir/stream" --role team-0001=admin \
	--schedule never
said=$(ctl connection test acme/people 2>&1)
diag "$said"
like "its test tells what the token may" "$said" 'has the scopes "read:users read:roles read:logs '
like "and how many people there are" "$said" "$PEOPLE people in the tenant"

# ---- the first run --------------------------------------------------------------------------------------------------------------

vendor_tell forget
run=$(sync)
diag "$(jq -r '"read and applied from \(.started_at) to \(.finished_at)"' <<<"$run") $(cat "$flow_dir/sync.err")"
is "the first run is done" "$(jq -r .state <<<"$run")" done
like "it was whole: more people than a search shows" "$(jq -r '"\(.whole) \(.proof)"' <<<"$run")" "^true $PEOPLE people, $ROLES roles"
is "everybody is in" "$(jq -r '.counts["member.joined"]' <<<"$run")" "$PEOPLE"
diag "$(vendor_requests management) requests"
ok "with hardly more requests than there are pages" test "$(vendor_requests management)" -le $((PEOPLE / (99 - PEOPLE / 1000) + 9 + ROLES + PEOPLE * 2 / 100))
is "and no token: that of the test is kept" "$(vendor_requests token)" 0
like "whoever has not proven an address is known as such" "$(query "SELECT count(*) FROM accounts WHERE remote_id = '$(vendor_tell id 9)'")" 1
is "the same again changes nothing" "$(sync | counts)" ""
vendor_tell "capped yes"
is "nor if Auth0 counts no further than 1,000" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"
vendor_tell "capped no"

# ---- what changed ---------------------------------------------------------------------------------------------------------------

vendor_tell "block 17
set 5 family_name O'Hara
join team-0001 2
login 3
delete 60
hire
enter" >/dev/null
vendor_tell forget
run=$(changed)
is "what changed is read as such" "$(jq -r '"\(.state) \(.scope)"' <<<"$run")" "done changed"
is "it is exactly what happened" "$(counts <<<"$run")" \
	"group.member_added=1 group.member_removed=2 member.joined=2 member.role_changed=1 member.suspended=2 member.updated=1"
like "whoever was blocked is out" "$(member 17)" " suspended$"
like "so is whoever was deleted" "$(member 60)" " suspended$"
is "whoever was given a role has it" "$(member 2)" "admin active"
is "who signed up is in, and who came in by another directory" "$(member "$PEOPLE") $(member $((PEOPLE + 1)))" "member active member active"
is "the same again changes nothing" "$(changed | counts)" ""
is "nor does reading everybody" "$(sync | counts)" ""
vendor_tell "unblock 17
leave team-0001 2
rename-role team-0002 renamed
give team-0003 4
role spare"
is "back, out of a role, one that has another name, one that is new, and one given at the role" "$(changed | counts)" \
	"group.created=1 group.member_added=1 group.member_removed=1 group.updated=1 member.restored=1 member.role_changed=1"
vendor_tell "unrole spare
lag 3600000
block 21"
is "a role that was deleted is gone; a search that is late keeps nobody in" "$(changed | counts)" "group.removed=1 member.suspended=1"
is "nor does it let anybody in again" "$(sync | counts)" ""
vendor_tell "lag 0
import" >/dev/null
vendor_tell "clock 2"
is "after an import everybody is read" "$(changed | jq -r '"\(.scope) \(.counts)"')" 'all {"member.joined":1}'
vendor_tell "clock 120"
is "and once more, for searches may be late" "$(changed | jq -r '"\(.scope) \(.counts)"')" 'all {}'
is "and then no more" "$(changed | jq -r '"\(.scope) \(.counts)"')" "changed {}"

# ---- these people alone ---------------------------------------------------------------------------------------------------------

vendor_tell "block 50
block 52
delete 53
forget"
is "two people who are named are looked at, and nobody else" \
	"$(sync --person "$(vendor_tell id 50)" --person "$(vendor_tell id 53)" | counts)" "group.member_removed=2 member.suspended=2"
is "each with their roles" "$(vendor_requests management)" 4
is "a role that is named is read with its holders" "$(sync --group "$(vendor_tell role-id team-0003)" | jq -r '"\(.state) \(.counts)"')" "done {}"
is "what was not named comes with what changed" "$(changed | counts)" "member.suspended=1"

# ---- what its log stream says ----------------------------------------------------------------------------------------------------

hook_open
stream() { # stream BODY [AUTHORIZATION]
	printf '%s' "$1" | curl -s -m 20 --unix-socket "$socket" -H "Authorization: ${2:-Bearer streamToken}" --data-binary @- \
		-o "$flow_dir/hook.answer" -w '%{http_code}' "http://localhost$hook"
}
lines=$(vendor_tell "log-line 70 fs
log-line 71 ss")
vendor_tell "block 71
block 72"
is "who does not know the token is not believed" "$(stream "$lines" "Bearer streamTokem")" 401
is "what is no batch is told" "$(stream 'hello')" 400
is "a batch is taken" "$(stream "$lines")" 204
ok "whom it names is looked at" eventually "count(*) = 1 FROM runs WHERE asked_by = 'notification' AND state = 'done' AND named = '{$(vendor_tell id 71)}'"
like "and is out, and nobody else" "$(member 71) $(member 72)" ' suspended [a-z]* active$'
is "the same batch again is no news" "$(stream "$lines") $(query "SELECT count(*) FROM notifications")" "204 1"
is "an event of an event stream is taken" "$(stream '{"id":"evt_1","type":"user.updated","specversion":"1.0","data":{"object":{"user_id":"'"$(vendor_tell id 72)"'"}}}')" 204
ok "and whom it is about is looked at" eventually "count(*) = 2 FROM runs WHERE asked_by = 'notification' AND state = 'done'"
like "and is out" "$(member 72)" ' suspended$'

# ---- what is refused ------------------------------------------------------------------------------------------------------------

before=$(roster_digest)
vendor_tell "scopes read:users read:logs
expire"
like "a scope that is missing is told by its name" "$(ctl connection test acme/people 2>&1)" 'reading roles: Auth0 says "Insufficient scope, expected any of: read:roles"; grant "read:roles"'
sync >/dev/null
is "and nobody is touched" "$(roster_digest)" "$before"
vendor_tell "scopes read:users read:roles read:logs
grant no
expire"
like "so is an application that is not authorised" "$(ctl connection test acme/people 2>&1)" 'Client is not authorized to access .*authorise the application for the Auth0 Management API'
vendor_tell "grant yes"
set_connection --set audience=https://acme.auth0.com/
like "and a wrong audience" "$(ctl connection test acme/people 2>&1)" 'Service not enabled within domain: https://acme\.auth0\.com/.*"audience" must be'
set_connection --set audience=
secrets wrong
ctl connection set acme/people --secret client_secret=@"$flow_dir/secret" >/dev/null
like "and a wrong secret" "$(ctl connection test acme/people 2>&1)" 'gives no token: Unauthorized; see "client_id" and "client_secret"'
vendor_tell forget
ok "what the right one was given for does not serve it" test "$(sync | jq -r .state)" != done
ok "it is asked with" test "$(vendor_requests token)" -gt 0
set_connection
like "with the right ones it works again" "$(ctl connection test acme/people 2>&1)" 'works'
vendor_tell "forget
expire"
is "a kept token that counts no longer is replaced while reading" "$(sync | jq -r .state) $(vendor_requests token)" "done 1"
is "what is kept is sealed" "$(query "SELECT count(*) FILTER (WHERE name = 'token'), count(*) FILTER (WHERE position('token 1' IN encode(sealed, 'escape')) > 0) FROM connection_kept")" "1|0"
is "no secret is in the log" "$(grep -c -e theSecret -e streamToken -e eyJ "$flow_dir/log")" 0
done_testing
