#!/bin/bash
# A link for whoever administers the directory: they enter the settings of one connection and try them, and can do nothing else.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_SETTINGS='public_url = "https://roster.example"' flow_start

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
ctl connection create acme example other --set directory='person: id=u9; user=eve' >/dev/null
ctl org create Elsewhere --type enterprise >/dev/null
ctl connection create elsewhere example people --set directory='person: id=u8; user=mal' >/dev/null
ctl connection set acme/people --private-addresses no >/dev/null
made=$(ctl connection setup-link acme/people --expires 2d --json)
token=$(jq -r .token <<<"$made")
is "the link holds its token where no server is told of it" "$(jq -r .url <<<"$made")" "https://roster.example/setup#$token"
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
