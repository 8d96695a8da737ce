#!/bin/bash
# The operator's applications sign people on by OpenID Connect, with rosterd as their provider. The application is a real client (npm's openid-client,
# tests/peers/npm) and a real listener that is told of the end of sessions; the browser is played here, and so are those who attack.
. "$SRCDIR/tests/flows/flow.sh"
peers=${ROSTERD_PEERS:-$SRCDIR/tests/peers/npm}
command -v node >/dev/null && [ -d "$peers/node_modules/openid-client" ] || { skip "the operator's applications" "openid-client is not installed (.ci/install)"; done_testing; exit; }
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\""
flow_start
secret=correct-horse
(umask 077 && printf %s "$secret" >"$flow_dir/secret")
printf '# nobody\n' >"$flow_dir/people.txt"
for org in acme globex; do
	ctl org create "$org" --type enterprise --slug $org >/dev/null
	ctl domain add $org $org.example >/dev/null
	ctl connection create $org example door --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
		--secret login_secret=@"$flow_dir/secret" --role staff=member --role bosses=admin --json | jq -r .id >"$flow_dir/$org"
	# What has worked once is a way in at /login.
	query "INSERT INTO sign_on_doors (organisation, connection) SELECT organisation, id FROM connections WHERE id = '$(cat "$flow_dir/$org")' ON CONFLICT DO NOTHING" 2>/dev/null
done

# A browser: jar NAME. What it asks and is told: $status, $location, $body.
ask() { # ask JAR [CURL WORDS]
	local jar=$flow_dir/jar.$1
	shift
	status=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$jar" -c "$jar" "$@")
	location=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
	body=$(cat "$flow_dir/body")
}
parameter() { sed -n "s/.*[?&]$1=\([^&]*\).*/\1/p" <<<"$location"; }
unescape() { local text=${1//+/ }; printf '%b' "${text//%/\\x}"; }
# sign_on JAR ORG PERSON EMAIL [GROUPS] [RETURN_TO]: all the way by the organisation's own provider
sign_on() {
	local id words state nonce signature
	id=$(cat "$flow_dir/$2")
	ask "$1" -G ${6:+--data-urlencode "return_to=$6"} "$here/sso/$id/begin"
	state=$(parameter state) nonce=$(parameter nonce)
	signature=$(printf '%s\n' "$state" "$nonce" "$3" "$4" yes "${5:-}" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)
	words=(-d "state=$state" -d "nonce=$nonce" -d "person=$3" -d "email=$4" -d verified=yes -d "signature=$signature")
	[ -z "${5:-}" ] || words+=(-d "groups=$5")
	ask "$1" "${words[@]}" "$here/sso/$id/callback"
}
coproc APP { node "$peers/client.mjs" "$here" 2>"$flow_dir/client.err"; }
flow_also="kill $APP_PID 2>/dev/null"
client() { # client NAME COMMAND [WORDS]: its answer is $told
	jq -nc '$ARGS.positional' --args "$1" "$(cat "$flow_dir/client.$1")" "${@:2}" >&"${APP[1]}" && read -r told <&"${APP[0]}"
}
of() { jq -r "$1" <<<"$told"; }
redirect() { echo "https://${1%%-*}.example/callback"; }
# begin CLIENT [NAME=VALUE ...]: where it sends people: $url, $state, $nonce, $verifier
begin() { client "$1" begin "$(redirect "$1")" "${@:2}" && url=$(of .url) state=$(of .state) nonce=$(of .nonce) verifier=$(of .verifier); }
finish() { client "$1" finish "$location" "$state" "$nonce" "$verifier"; }
# enter JAR CLIENT [NAME=VALUE ...]: whoever is signed in comes to the application: $access, $refresh, $id_token
enter() {
	begin "$2" "${@:3}" && ask "$1" "$url" && finish "$2"
	access=$(of '.tokens.access_token // ""') refresh=$(of '.tokens.refresh_token // ""') id_token=$(of '.tokens.id_token // ""')
}
# token CLIENT [CURL WORDS]: asked by hand; $status, $body
token() { ask nobody -u "$1:$(cat "$flow_dir/client.$1")" "${@:2}" "$here/openid/token"; }
active() { client "$1" introspect "$2" && of .active; }
made() { # made NAME [WORDS]: an application
	ctl client create "$1" --redirect "$(redirect "$1")" "${@:2}" --json >"$flow_dir/made.json" || cat "$flow_dir/made.json"
	jq -r '.secret // "-"' "$flow_dir/made.json" >"$flow_dir/client.$1"
}
told_port=$(free_port)
made app --backchannel "http://127.0.0.1:$told_port/signed-out" --logout https://app.example/bye --logout "https://app.example/bye?from=rosterd"
node "$peers/listener.mjs" "$told_port" "$here" app "$flow_dir/told" >/dev/null 2>"$flow_dir/listener.err" &
flow_also="kill $APP_PID $! 2>/dev/null"
# until CONDITION: waits until it holds
until_so() { for _ in $(seq 300); do eval "$1" && return 0; sleep 0.1; done; return 1; }

# ---- what there is -------------------------------------------------------------------------------------------------------------------

ok "keys are made" until_so '[ "$(query "SELECT count(*) FROM signing_keys")" = 2 ]'
is "one of each algorithm signs" "$(ctl signing-key list --json | jq -rc '[.items[] | "\(.algorithm) \(.state)"]')" '["RS256 current","ES256 current"]'
unlike "and nobody sees their private halves" "$(curl -s "$here/openid/keys"; ctl signing-key list --json)" '"(d|p|q|dp|dq|qi|sealed)"'
is "the issuer is the public address" "$(curl -s "$here/.well-known/openid-configuration" | jq -r '"\(.issuer) \(.token_endpoint)"')" "$here $here/openid/token"

# ---- nobody is signed in ---------------------------------------------------------------------------------------------------------------

begin app organization=acme login_hint=ada@acme.example
ask ada "$url"
is "whoever is not signed in is led to sign on" "$status ${location%%\?*} $(parameter organisation) $(unescape "$(parameter login_hint)")" "303 /login acme ada@acme.example"
back=$(unescape "$(parameter return_to)")
like "and knows where they wanted to go" "$back" "^/openid/authorize\?client_id=app&.*&state=$state&.*&asked="
sign_on ada acme u1 ada@acme.example staff "$back"
is "after which they are back" "$status $location" "303 $here$back"
ask ada "$location"
is "and on their way to the application" "$status ${location%%\?*} $(parameter state)" "303 https://app.example/callback $state"
is "which knows whose answer it is" "$(unescape "$(parameter iss)")" "$here"
finish app
is "who they are is said by the real client's own judgement" "$(of '[.claims.organization, .claims.role, .claims.email, .claims.email_verified, .claims.aud] | join(" ")')" \
	"acme member ada@acme.example true app"
is "as the roster has it" "$(of '"\(.claims.sub) \(.claims.sid) \(.claims.organization_id)"')" \
	"$(query "SELECT user_id || ' ' || id || ' ' || organisation FROM sessions WHERE ended_at IS NULL")"
access=$(of .tokens.access_token) refresh=$(of .tokens.refresh_token) id_token=$(of .tokens.id_token) sub=$(of .claims.sub)
is "the audit says that they came there" "$(query "SELECT actor_kind || ' ' || (personal::jsonb->'after'->>'client') FROM audit WHERE action = 'application.entered'")" "member app"
is "no code and no token stands in the database" "$(query "SELECT count(*) FROM grants g, grant_tokens t WHERE g::text || t::text ~ 'rcd_|rat_|rrt_'")" 0
unlike "nor in the log" "$(cat "$flow_dir/log")" 'rcd_|rat_|rrt_|rcs_|ada@acme'
client app userinfo "$access" "$sub"
is "userinfo says the same" "$(of '"\(.sub) \(.organization) \(.role) \(.email) \(.name)"')" "$sub acme member ada@acme.example $(query "SELECT name FROM members WHERE user_id = '$sub'")"
client app introspect "$access"
is "and so does introspection" "$(of '"\(.active) \(.client_id) \(.sub) \(.role) \(.scope) \(.token_type)"')" "true app $sub member openid profile email Bearer"
client app refresh "$refresh"
is "the client refreshes, and is told of the same person" "$(of '"\(.claims.sub) \(.claims.sid) \(.claims.nonce)"')" "$sub $(query "SELECT id FROM sessions WHERE ended_at IS NULL") null"
enter ada app
is "whoever is signed in is let in at once" "$status $(of .claims.sub)" "303 $sub"
done_testing
