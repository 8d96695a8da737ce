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
exec {to_app}>&"${APP[1]}" {from_app}<&"${APP[0]}"
client() { # client NAME COMMAND [WORDS]: its answer is $told
	local words
	words=$(jq -nc '$ARGS.positional' --args -- "$1" "$(cat "$flow_dir/client.$1")" "${@:2}")
	echo "$words" >&"$to_app" && read -r told <&"$from_app"
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
ask nobody "$here$location"
is "the provider is told whom the application means" "$status $(unescape "$(parameter login_hint)")" "303 ada@acme.example"
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

# ---- codes ---------------------------------------------------------------------------------------------------------------------------------

# code CLIENT: somebody is let in by hand; $code, $verifier
code() { begin "$@" && ask ada "$url" && code=$(parameter code); }
exchange() { token "$1" -d grant_type=authorization_code -d "code=$code" -d "redirect_uri=$(redirect "$1")" ${verifier:+-d "code_verifier=$verifier"} "${@:2}"; }
refused_by() { echo "$status $(jq -r '.error // "given"' <<<"$body")"; }
made api --introspects yes
made web --public
made web-post
made other-es --algorithm ES256

code app
exchange app
is "a code is exchanged" "$(refused_by)" "200 given"
first=$(jq -r .access_token <<<"$body") renews=$(jq -r .refresh_token <<<"$body")
is "for a token that counts" "$(active app "$first")" true
exchange app
is "a second time it is refused" "$(refused_by)" "400 invalid_grant"
is "and all that came of it is over" "$(active app "$first") $(active app "$renews")" "false false"
is "which the audit has" "$(query "SELECT count(*) FROM audit WHERE action = 'application.code_replayed'")" 1
code app
right=$verifier verifier=$(printf 'a%.0s' $(seq 43))
exchange app
is "a wrong verifier is refused" "$(refused_by)" "400 invalid_grant"
verifier=$right
exchange app
is "and has used the code up" "$(refused_by)" "400 invalid_grant"
code app
verifier=
exchange app
is "so is none" "$(refused_by)" "400 invalid_grant"
code app
token other-es -d grant_type=authorization_code -d "code=$code" -d "redirect_uri=$(redirect app)" -d "code_verifier=$verifier"
is "another application's code is nothing to it" "$(refused_by)" "400 invalid_grant"
exchange app -d "client_id=other-es"
is "two names at once are refused" "$(refused_by)" "400 invalid_request"
token app -d grant_type=authorization_code -d "code=$code" -d "redirect_uri=https://app.example/callback/" -d "code_verifier=$verifier"
is "another address than the request's is refused" "$(refused_by)" "400 invalid_grant"
code app
query "UPDATE grants SET code_until = now() - interval '1 second' WHERE used_at IS NULL"
exchange app
is "a code has its time" "$(refused_by)" "400 invalid_grant"
code app
ask nobody -d grant_type=authorization_code -d "code=$code" -d "redirect_uri=$(redirect app)" -d "code_verifier=$verifier" -d client_id=app "$here/openid/token"
is "without its secret the application gets nothing" "$(refused_by)" "401 invalid_client"
ask nobody -u "app:rcs_wrong" -d grant_type=authorization_code "$here/openid/token"
is "nor with a wrong one" "$(refused_by)" "401 invalid_client"

# ---- what is asked for ---------------------------------------------------------------------------------------------------------------------

plain="$here/openid/authorize?client_id=app&response_type=code&scope=openid&state=s&code_challenge=$(printf 'a%.0s' $(seq 43))&code_challenge_method=S256"
for uri in https://app.example/callback/ https://app.example/callback/../x https://app.example/callback?x=1 https://APP.example/callback \
	http://app.example/callback https://app.example:443/callback https://app.example.evil.example/callback https://other.example/callback \
	https://app.example@evil.example/callback; do
	ask ada -G --data-urlencode "redirect_uri=$uri" "$plain"
	is "nobody is sent to $uri" "$status $location" "400 "
done
ask ada "$plain"
is "nor anywhere without an address" "$status $location" "400 "
ask ada "${plain/client_id=app/client_id=nobody}&redirect_uri=https://app.example/callback"
is "nor for an application that nobody knows" "$status $location" "400 "
ask ada "$plain&redirect_uri=https://app.example/callback&redirect_uri=https://evil.example/"
is "an address that comes twice is none" "$status $location" "400 "
asked() { ask "${jar:-ada}" "$plain&redirect_uri=https://app.example/callback$1"; parameter error; }
without() { local kept=$plain; plain=$(sed "s/&$1=[^&]*//" <<<"$plain"); asked "$2"; plain=$kept; }
is "without a challenge nobody is let in" "$(without code_challenge)" invalid_request
is "nor by the plain method" "$(without code_challenge_method "&code_challenge_method=plain")" invalid_request
is "nor with that left out, which would mean the same" "$(without code_challenge_method)" invalid_request
is "tokens are not given in addresses" "$(without response_type "&response_type=id_token")" unsupported_response_type
is "nor in fragments" "$(asked "&response_mode=fragment")" invalid_request
is "signed requests are not taken" "$(asked "&request=eyJ")" request_not_supported
is "nor are those by reference" "$(asked "&request_uri=https://evil.example/")" request_uri_not_supported
is "a scope without openid is none" "$(without scope "&scope=profile")" invalid_scope
is "nobody is asked silently and aloud" "$(asked "&prompt=none%20login")" invalid_request
is "whoever is signed in comes silently" "$(asked "&prompt=none")" ""
is "whoever is not does not" "$(jar=nobody asked "&prompt=none")" login_required
is "nor at another organisation" "$(asked "&prompt=none&organization=globex")" login_required
is "nor if that was too long ago" "$(query "UPDATE sessions SET began_at = now() - interval '1 hour' WHERE ended_at IS NULL"; asked "&prompt=none&max_age=60")" login_required
is "with a hint it is whoever is meant" "$(asked "&prompt=none&id_token_hint=$id_token")" ""
begin app prompt=login
ask ada "$url"
back=$(unescape "$(parameter return_to)")
is "whoever is to sign on anew is sent there" "$status ${location%%\?*}" "303 /login"
ask ada "$here$back"
is "and again, while they have not" "$status ${location%%\?*}" "303 /login"
ask ada "$here$(sed 's/asked=[0-9]*/asked=1/' <<<"$back")"
is "a time that somebody made up counts for nothing" "$status ${location%%\?*}" "303 /login"
sign_on ada acme u1 ada@acme.example staff "$back"
ask ada "$location"
is "when they have, they are let in" "$status ${location%%\?*}" "303 https://app.example/callback"
ask ada -d client_id=app -d response_type=code -d scope=openid -d "redirect_uri=https://app.example/callback" "$here/openid/authorize"
is "a form goes on as a question, which shows the cookie" "$status ${location%%\?*}" "303 /openid/authorize"

# ---- tokens that refresh ---------------------------------------------------------------------------------------------------------------------

enter ada app
renew() { token "$1" -d grant_type=refresh_token -d "refresh_token=$2" "${@:3}"; }
renew app "$refresh"
is "a token refreshes" "$(refused_by)" "200 given"
second=$(jq -r .refresh_token <<<"$body")
renew app "$refresh"
is "a lost answer is asked for again, and is the same" "$(jq -r .refresh_token <<<"$body")" "$second"
seq 6 | xargs -P 6 -I{} curl -s -u "app:$(cat "$flow_dir/client.app")" -d grant_type=refresh_token -d "refresh_token=$second" -o "$flow_dir/at_once.{}" "$here/openid/token"
is "six at once are given one successor" "$(cat "$flow_dir"/at_once.* | jq -r .refresh_token | sort -u | grep -c '^rrt_')" 1
is "all of them" "$(cat "$flow_dir"/at_once.* | jq -r .token_type | sort | uniq -c | tr -s ' ')" " 6 Bearer"
third=$(jq -r .refresh_token "$flow_dir/at_once.1") access=$(jq -r .access_token "$flow_dir/at_once.1")
renew other-es "$third"
is "another application cannot" "$(refused_by) $(active app "$access")" "400 invalid_grant true"
renew app "$third" -d "scope=openid phone"
is "nor is there more than was given" "$(refused_by)" "400 invalid_scope"
renew app "$third" -d scope=openid
is "less can be asked for" "$(jq -r .scope <<<"$body")" openid
fourth=$(jq -r .refresh_token <<<"$body")
renew app "$fourth"
fifth=$(jq -r .refresh_token <<<"$body")
renew app "$third"
is "once its successor was used, a former one is a thief's" "$(refused_by)" "400 invalid_grant"
renew app "$fifth"
is "and all of the line is over" "$(refused_by) $(active app "$access")" "400 invalid_grant false"
is "which the audit has" "$(query "SELECT count(*) FROM audit WHERE action = 'application.token_reused'")" 1
enter ada app
renew app "$refresh"
query "UPDATE grant_tokens SET used_at = now() - interval '11 seconds' WHERE used_at IS NOT NULL"
renew app "$refresh"
is "later than the grace time it is one, too" "$(refused_by)" "400 invalid_grant"

# ---- who may ask about what, and what ends by an application's word ---------------------------------------------------------------------------

enter ada app
is "an interface of all applications may ask about any token" "$(active api "$access")" true
is "another application may not" "$(active other-es "$access")" false
ask nobody -d "token=$access" -d client_id=web "$here/openid/introspect"
is "nor may one without a secret" "$(refused_by)" "401 invalid_client"
ask nobody -H "Authorization: Bearer $refresh" "$here/openid/userinfo"
is "a token that refreshes opens nothing" "$status $(jq -r .code <<<"$body")" "401 oauth.invalid_token"
ask nobody "$here/openid/userinfo?access_token=$access"
is "nor does one in an address" "$status" 401
token other-es -d "token=$access" >/dev/null
ask nobody -u "other-es:$(cat "$flow_dir/client.other-es")" -d "token=$refresh" "$here/openid/revoke"
is "nobody revokes another's token" "$(refused_by) $(active app "$access")" "400 invalid_grant true"
client app revoke "$access"
is "an access token goes alone" "$(active app "$access") $(active app "$refresh")" "false true"
client app revoke "$refresh"
is "the one that refreshes takes all along" "$(active app "$refresh") $(query "SELECT count(*) FROM audit WHERE action = 'application.token_revoked'")" "false 1"
enter ada other-es
is "another algorithm is as good to the client" "$(of .claims.aud)" other-es
enter ada web
is "a public application comes in without a secret" "$(of .claims.aud)" web
enter ada web-post
is "one that shows its secret in the body, with it" "$(of .claims.aud)" web-post

# ---- signing off ---------------------------------------------------------------------------------------------------------------------------

enter ada app
session=$(of .claims.sid)
leave() { ask "$1" -G "${@:2}" "$here/openid/logout"; }
signed_in() { ask "$1" "$here/session"; echo "$status"; }
leave ada
is "a link from anywhere signs nobody off: it asks" "$status $(grep -c 'name="confirmed"' "$flow_dir/body") $(signed_in ada)" "200 1 200"
ask ada -H "Origin: https://evil.example" -H "Sec-Fetch-Site: cross-site" -d confirmed=yes "$here/openid/logout"
is "another site's form does not either" "$status $(signed_in ada)" "403 200"
part() { printf %s "$1" | openssl base64 -A | tr '+/' '-_' | tr -d =; }
none="$(part '{"alg":"none"}').$(cut -d. -f2 <<<"$id_token")."
forged="$(cut -d. -f1 <<<"$id_token").$(part "{\"iss\":\"$here\",\"aud\":\"app\",\"sub\":\"$sub\",\"sid\":\"$session\"}").$(cut -d. -f3 <<<"$id_token")"
for hint in "$none" "$forged" "${id_token}x" "nonsense"; do
	leave ada -d "id_token_hint=$hint"
	is "a hint that we have not signed (${hint:0:12}...) is none" "$status $(signed_in ada)" "200 200"
done
leave ada -d "id_token_hint=$id_token" --data-urlencode "post_logout_redirect_uri=https://app.example/bye/"
is "nobody is sent where the application has not declared" "$status $(signed_in ada)" "400 200"
leave ada -d "id_token_hint=$id_token" -d client_id=other-es
is "a hint of another application is refused" "$status $(signed_in ada)" "400 200"
client app leave "$id_token" "https://app.example/bye?from=rosterd" farewell
ask ada "$(of .url)"
is "with the token of the session it is over at once, and they go where they should" "$status $location $(signed_in ada)" "303 https://app.example/bye?from=rosterd&state=farewell 401"
is "nothing that it gave counts any more" "$(active app "$access") $(active app "$refresh")" "false false"
renew app "$refresh"
is "nor refreshes" "$(refused_by)" "400 invalid_grant"
ok "the application is told, and believes it" until_so 'grep -q "^$session $sub$" "$flow_dir/told"'

# ---- whoever else ends a session -----------------------------------------------------------------------------------------------------------

sign_on ada acme u1 ada@acme.example staff
enter ada app
session=$(of .claims.sid)
touch "$flow_dir/told.sick"
ctl member suspend acme ada@acme.example >/dev/null
is "whoever is suspended is out of the application at once" "$(active app "$access") $(active app "$refresh")" "false false"
client app userinfo "$access" "$sub"
is "and nobody is told of them" "$(of '.refused // "told"')" OAUTH_WWW_AUTHENTICATE_CHALLENGE
ok "an application that is unwell" until_so 'grep -q "^sick$" "$flow_dir/told"'
rm "$flow_dir/told.sick"
ok "is told again" until_so 'grep -q "^$session $sub$" "$flow_dir/told"'
ctl member restore acme ada@acme.example >/dev/null
sign_on ada acme u1 ada@acme.example staff
enter ada app
session=$(of .claims.sid)
query "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = '$session'"
is "what is over by time is over" "$(active app "$access")" false
query "SELECT sessions_over(1000)" >/dev/null
ok "and told" until_so 'grep -q "^$session $sub$" "$flow_dir/told"'
is "nothing was told that is no logout token" "$(grep -c ^refused "$flow_dir/told")" 0

# ---- keys, and applications that go ------------------------------------------------------------------------------------------------------------

sign_on ada acme u1 ada@acme.example staff
enter ada app
kid() { cut -d. -f1 <<<"$1" | tr '_-' '/+' | openssl base64 -d -A 2>/dev/null | jq -r .kid 2>/dev/null; }
before=$(kid "$id_token")
ctl signing-key roll --algorithm RS256 >/dev/null
enter ada app
is "a new key is published before it signs" "$(kid "$id_token") $(curl -s "$here/openid/keys" | jq '.keys | length')" "$before 3"
ctl signing-key roll --algorithm RS256 --now >/dev/null
client app forget
enter ada app
is "at once, if that is wanted, and the client finds it" "$(of .claims.aud) $([ "$(kid "$id_token")" != "$before" ] && echo another)" "app another"
old=$id_token
ctl signing-key roll --algorithm RS256 --revoke --yes >/dev/null
client app forget
leave ada -d "id_token_hint=$old"
is "what a key has signed that was taken away is nothing" "$status $(signed_in ada)" "200 200"
enter ada app
ctl client rotate app --overlap 1h --json | jq -r .secret >"$flow_dir/new"
is "a former secret counts for a while" "$(active app "$access")" true
cp "$flow_dir/new" "$flow_dir/client.app"
is "beside the new one" "$(active app "$access")" true
ctl client set app --state paused >/dev/null
is "what a paused application was given does not count" "$(active api "$access")" false
ask ada "$plain&redirect_uri=https://app.example/callback"
is "and nobody is let in" "$status" 400
ctl client set app --state active >/dev/null
is "until it goes on" "$(active api "$access")" true
ctl client delete app --yes >/dev/null
is "with an application all goes that it was given" "$(active api "$access") $(query "SELECT count(*) FROM grants g JOIN clients c ON c.id = g.client WHERE c.name = 'app'")" "false 0"
is "the operator's audit has its life" "$(query "SELECT string_agg(action, ' ' ORDER BY id) FROM audit WHERE personal::jsonb->>'target_name' = 'app' AND target_kind = 'client' AND organisation = '00000000-0000-0000-0000-000000000000'")" \
	"client.created client.secret_rotated client.changed client.changed client.deleted"
ask nobody -u "api:$(cat "$flow_dir/client.api")" -d "token=$(printf 'x%.0s' $(seq 20000))" "$here/openid/introspect"
is "what is too long is not read" "$status" 413
for _ in $(seq 70); do curl -s -o "$flow_dir/body" -w '%{http_code}\n' -u web-post:rcs_guess -d grant_type=refresh_token "$here/openid/token"; done | sort | uniq -c >"$flow_dir/guesses"
like "whoever guesses secrets is slowed down" "$(cat "$flow_dir/guesses")" ' 429'
is "and no other application with them" "$(active api "$access")" false
unlike "nothing secret stands in the log" "$(cat "$flow_dir/log")" 'rcd_|rat_|rrt_|rcs_|ada@acme'
done_testing
