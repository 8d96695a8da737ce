#!/bin/bash
# Okta's event hooks: the org is verified, an event about somebody makes us look at them, and whoever does not know the secret is not believed.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
flow_start
vendor_start okta --people=120 --groups=4 --token=00theToken

(umask 077 && printf 00theToken >"$flow_dir/token" && printf 'my shared secret' >"$flow_dir/secret")
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ctl connection create acme okta people --set org_url="$vendor_url" --set ca_certificate=@"$vendor_ca" --secret api_token=@"$flow_dir/token" \
	--role team-0001=admin --schedule never >/dev/null
is "everybody is in" "$(sync | counts | tr ' ' '\n' | grep member.joined)" "member.joined=120"
id=$(ctl connection show acme/people --json | jq -r .id)
member() { ctl member list acme --json | jq -r --arg name "$(printf 'person%06d' "$1")@acme.example" '.items[] | select(.user_name == $name) | "\(.role) \(.state)"'; }
hook() { # hook METHOD SECRET [CURL'S WORDS]: the status, and the answer into $flow_dir/answer
	curl -s -o "$flow_dir/answer" -w '%{http_code}' --unix-socket "$socket" -X "$1" -H "Authorization: $2" "${@:3}" "http://localhost/hooks/$id"
}
# As Okta sends it: event TYPE ID USER [GROUP]
event() {
	jq -nc --arg type "$1" --arg id "$2" --arg user "$3" --arg group "${4:-}" '{eventType: "com.okta.event_hook", eventTypeVersion: "1.0", cloudEventsVersion: "0.1",
		source: "https://acme.okta.com/api/v1/eventHooks/who7hphp39JoHLni81d7", eventId: $id, contentType: "application/json",
		data: {events: [{uuid: $id, published: "2026-11-29T18:00:00.000Z", eventType: $type, version: "0", severity: "INFO",
			target: ([{id: $user, type: "User", alternateId: "a@acme.example", displayName: "A"}] +
				if $group == "" then [] else [{id: $group, type: "UserGroup", displayName: "G"}] end)}]}}'
}
until_member() { # until_member N "ROLE STATE"
	for _ in $(seq 600); do [ "$(member "$1")" = "$2" ] && return 0; sleep 0.05; done
	diag "is $(member "$1")"
	return 1
}

# ---- before the secret is set
is "without a secret nothing is believed" "$(hook GET 'my shared secret' -H 'x-okta-verification-challenge: abc')" 503
ctl connection set acme/people --secret hook_secret=@"$flow_dir/secret" --secret api_token=@"$flow_dir/token" >/dev/null
sync >/dev/null # by these settings

# ---- the verification
is "the verification is answered" "$(hook GET 'my shared secret' -H 'x-okta-verification-challenge: GxVfm0M2"W\zmCW') $(cat "$flow_dir/answer")" \
	'200 {"verification":"GxVfm0M2\"W\\zmCW"}'
is "not to whoever does not know the secret" "$(hook GET wrong -H 'x-okta-verification-challenge: abc')" 401
is "nor to whoever shows a beginning of it" "$(hook GET 'my shared' -H 'x-okta-verification-challenge: abc')" 401

# ---- events
user() { query "SELECT remote_id FROM accounts WHERE user_name = '$(printf 'person%06d' "$1")@acme.example'"; }
vendor_tell "status 17 DEPROVISIONED" >/dev/null
is "an event is taken" "$(hook POST 'my shared secret' --data "$(event user.lifecycle.deactivate e1 "$(user 17)")")" 204
ok "whoever it is about is looked at" until_member 17 "$(member 17 | cut -d" " -f1) suspended"
is "by a run of their own" "$(query "SELECT count(*) FROM runs WHERE asked_by = 'notification' AND scope = 'named' AND state = 'done'")" 1
is "the same event again asks nothing" "$(hook POST 'my shared secret' --data "$(event user.lifecycle.deactivate e1 "$(user 17)")") \
$(query "SELECT count(*) FROM notifications")" "204 1"
vendor_tell "join team-0001 20" >/dev/null
group=$(query "SELECT remote_id FROM groups WHERE name = 'team-0001'")
is "so is one about a membership" "$(hook POST 'my shared secret' --data "$(event group.user_membership.add e2 "$(user 20)" "$group")")" 204
ok "which gives the role" until_member 20 "admin active"
vendor_tell "status 30 SUSPENDED" >/dev/null
is "one that says nothing of a person has what changed read" \
	"$(hook POST 'my shared secret' --data "$(event group.lifecycle.create e3 x | jq -c '.data.events[0].target[0].type = "UserGroup"')")" 204
ok "all of it" until_member 30 "$(member 30 | cut -d" " -f1) suspended"
is "as such" "$(query "SELECT string_agg(DISTINCT scope, ' ') FROM runs WHERE asked_by = 'notification'")" "changed named"

# ---- and what is none
before=$(query "SELECT count(*) FROM notifications")
is "a forged event is not believed" "$(hook POST wrong --data "$(event user.lifecycle.deactivate e9 "$(user 40)")")" 401
is "nor is one without a header" "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" --data "$(event user.lifecycle.deactivate e9 "$(user 40)")" "http://localhost/hooks/$id")" 401
is "what is no JSON is no event" "$(hook POST 'my shared secret' --data '{"data":')" 400
is "nothing of these is kept" "$(query "SELECT count(*) FROM notifications")" "$before"
is "the secret is in no log" "$(grep -c 'my shared secret' "$flow_dir/log")" 0
done_testing
