#!/bin/bash
# A link for whoever administers the directory: they enter the settings of one connection and try them, and can do nothing else.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
ctl connection create acme example other --set directory='person: id=u9; user=eve' >/dev/null
ctl org create Elsewhere --type enterprise >/dev/null
ctl connection create elsewhere example people --set directory='person: id=u8; user=mal' >/dev/null
like "none is made where it could change nothing, which says what to do" "$(ctl connection setup-link acme/people 2>&1)" \
	'setup_link\.private|rosterctl connection set acme/people --private-addresses no'
is "as a conflict" "$(curl -s --unix-socket "$socket" -X POST http://localhost/v1/organisations/acme/connections/people/setup-link | jq -r '"\(.status) \(.code)"')" "409 setup_link.private"
is "and nothing was made" "$(query 'SELECT count(*) FROM tokens')" 0
ok "what it says helps" ctl connection set acme/people --private-addresses no
made=$(ctl connection setup-link acme/people --expires 2d --json)
token=$(jq -r .token <<<"$made")
is "it names no page that is not there" "$(jq -c 'keys - ["connection", "expires_at", "id", "token"]' <<<"$made")" "[]"
is "for as long as was said" "$(jq -r '.expires_at | sub("\\.[0-9]+"; "") | fromdate' <<<"$made" | awk -v now="$(date +%s)" '{ d = $1 - now; print (d > 172000 && d <= 172800) ? "2d" : d }')" 2d

call() { # call METHOD PATH [BODY]: the status, and the answer into $flow_dir/answer
	curl -s -o "$flow_dir/answer" -w '%{http_code}' --unix-socket "$socket" -X "$1" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		${3:+--data "$3"} "http://localhost$2"
}
code() { jq -r '.code // "done"' "$flow_dir/answer"; }
at=/v1/organisations/acme/connections/people

# ---- what it is for
is "it shows the connection" "$(call GET $at)" 200
is "and what its plug-in takes" "$(call GET /v1/plugins/example)" 200
is "it changes the settings" "$(call PATCH $at '{"settings":{"directory":"person: id=u1; user=ada; email=ada@acme.example; name=Ada King"}}')" 200
is "it tests them" "$(call POST $at/test) $(jq -r .ok "$flow_dir/answer")" "200 true"
is "who did it is in the audit" "$(query "SELECT personal::json->>'actor_name' FROM audit WHERE action = 'connection.changed' ORDER BY id DESC LIMIT 1")" "sets up people"
is "a secret that it sets is not shown" "$(call PATCH $at '{"settings":{"hook_secret":"correct horse"}}') $(grep -c 'correct horse' "$flow_dir/answer")" "200 0"

# ---- the secret that is kept reads nothing that whoever gave it did not mean to be read
now='person: id=u1; user=ada; email=ada@acme.example; name=Ada King'
more="$now\\nperson: id=u2; user=bob"
is "no setting is changed with a secret that it does not know" "$(call PATCH $at "{\"settings\":{\"directory\":\"$more\"}}") $(code)" "400 connection.secret_again"
like "and is told which" "$(jq -r .detail "$flow_dir/answer")" '"directory" .* "hook_secret"'
is "nor one that had none" "$(call PATCH $at '{"settings":{"generated":"1"}}') $(code)" "400 connection.secret_again"
is "nor is one forgotten" "$(call PATCH $at '{"settings":{"directory":null}}')" 400
is "nothing was changed" "$(ctl connection show acme/people --json | jq -c '[.settings.directory, .settings.generated]')" "[\"$now\",null]"
is "what holds anyway may be said again" "$(call PATCH $at "{\"settings\":{\"directory\":\"$now\"}}")" 200
is "the secret alone may be changed" "$(call PATCH $at '{"settings":{"hook_secret":"battery"}}')" 200
is "and with it the rest" "$(call PATCH $at "{\"settings\":{\"directory\":\"$more\",\"hook_secret\":\"staple\"}}")" 200
is "or the secret goes" "$(call PATCH $at "{\"settings\":{\"directory\":\"$now\",\"hook_secret\":null}}")" 200
is "an administrator's own connection is theirs" "$(ctl connection set acme/people --set generated=0 >/dev/null 2>&1; echo $?)" 0

# ---- and nothing else
for member in '"name":"mine"' '"state":"paused"' '"roles":[{"group":"x","role":"admin"}]' '"remove_share":100' '"schedule":"1h"' '"private_addresses":true' '"attributes":{}'; do
	is "not $member" "$(call PATCH $at "{\"settings\":{},$member}")" 400
done
is "no other connection" "$(call GET /v1/organisations/acme/connections/other) $(code)" "404 connection.unknown"
is "nor does it learn of one" "$(jq -r .detail "$flow_dir/answer" | grep -c people)" 0
is "nor change it" "$(call PATCH /v1/organisations/acme/connections/other '{"settings":{}}')" 404
is "nor test it" "$(call POST /v1/organisations/acme/connections/other/test)" 404
is "nor another organisation's" "$(call GET /v1/organisations/elsewhere/connections/people) $(code)" "404 organisation.unknown"
id=$(query "SELECT c.id FROM connections c JOIN organisations o USING (organisation) WHERE o.slug = 'acme' AND c.name = 'other'")
is "not by its id either" "$(call GET "/v1/organisations/acme/connections/$id")" 404
for each in "GET /v1/organisations" "GET /v1/organisations/acme" "GET /v1/organisations/acme/members" "GET /v1/organisations/acme/connections" "GET $at/tokens" \
	"DELETE $at" "POST $at/runs" "POST $at/setup-link" "GET $at/refused" "GET /v1/organisations/acme/tokens" "POST /v1/organisations/acme/tokens" "GET /v1/organisations/acme/audit" \
	"GET /v1/organisations/acme/events" "GET /v1/plugins" "GET /v1/whoami" "GET /v1/status" "GET /metrics" "GET /v1/organisations/acme/permissions" \
	"POST /v1/organisations/acme/check" "GET /v1/organisations/acme/runs" "POST $at/same-directory" "GET /v1/organisations/acme/groups"; do
	set -- $each
	is "it may not: $each" "$(call "$1" "$2") $(code)" "403 access.setup"
done

# ---- its end
is "it is listed" "$(ctl token list --organisation acme --json | jq -r '.items[] | select(.name == "sets up people") | .scopes | length')" 0
is "and which connection it sets up" "$(ctl token list --organisation acme --json | jq -r '.items[] | select(.name == "sets up people") | .setup_of')" \
	"$(ctl connection show acme/people --json | jq -r .id)"
like "for people as well" "$(ctl token list --organisation acme)" "sets up +expires"
link=$(jq -r .id <<<"$made")
like "it is not rotated, but made anew" "$(ctl token rotate "$link" --organisation acme 2>&1)" 'setup link.*rosterctl connection setup-link'
(umask 077; ctl token create admin --organisation acme --role admin >"$flow_dir/admin" 2>/dev/null)
is "others set up nothing" "$(ctl token list --organisation acme --json | jq -r '.items[] | select(.name == "admin") | .setup_of')" null
for verb in rotate adopt; do
	is "nor is it for an administrator to $verb" "$(curl -s --unix-socket "$socket" -X POST -H "Authorization: Bearer $(cat "$flow_dir/admin")" \
		-H 'Content-Type: application/json' -d '{}' "http://localhost/v1/organisations/acme/tokens/$link/$verb" | jq -r '"\(.status) \(.code)"')" "409 token.setup"
done
ctl token revoke "$(jq -r .id <<<"$made")" --organisation acme >/dev/null
is "a revoked one opens nothing" "$(call GET $at)" 401
token=$(ctl connection setup-link acme/people --json | jq -r .token)
is "another one" "$(call GET $at)" 200
query "UPDATE tokens SET expires_at = now() - interval '1 second' WHERE name = 'sets up people'"
is "until its time is over" "$(call GET $at)" 401
like "not longer than a month" "$(ctl connection setup-link acme/people --expires 31d 2>&1)" 'at most 30d'
is "nor of nothing" "$(ctl connection setup-link acme/nobody 2>&1 | grep -c 'there is no connection')" 1
is "no token is in the log" "$(grep -c "$token" "$flow_dir/log")" 0
done_testing
