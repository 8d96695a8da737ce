#!/bin/bash
# People sign on by OpenID Connect: a provider (a simulator with RS256, PKCE and single-use codes) names them, and every token that must not be believed is
# refused, each with its reason.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\""
flow_start
vendor_start openid --client=rosterd-at-acme --secret="hu:sh% secret"
ctl org create Acme --type enterprise --default-role viewer >/dev/null
ctl domain add acme acme.example >/dev/null
(umask 077 && printf 'hu:sh%% secret' >"$flow_dir/secret")
ok "a connection is created" ctl connection create acme oidc door --schedule never --set issuer="$vendor_url" --set client_id=rosterd-at-acme \
	--set ca_certificate=@"$vendor_ca" --secret client_secret=@"$flow_dir/secret" --role staff=member --role bosses=admin
connection=$(ctl connection show acme/door --json | jq -r .id)
like "its test finds the provider" "$(ctl connection test acme/door 2>&1)" "the provider is \"$vendor_url\", with 2 keys"

ask() { # ask URL: as a browser that follows nothing
	status=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$flow_dir/jar" -c "$flow_dir/jar" --cacert "$vendor_ca" "$@")
	location=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
}
# One sign-on from begin to end; $result is the status and why
sign_on() {
	ask "$here/sso/$connection/begin"
	[ "$status" = 303 ] && ask "$location" # to the provider
	back=$location
	case $status in 302) ask "$back" ;; esac
	result=$status
	id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
	[ "$status" = 303 ] || result="$status $(ctl sso explain "acme/$id" --json | jq -r '"\(.code) \(last(.trace.checks[] | select(.passed | not)) | .check)"')"
}
failed() { ctl sso explain "acme/$id" --json | jq -r 'last(.trace.checks[] | select(.passed | not)) | .check'; }
signed_out() { rm -f "$flow_dir/jar"; }
whoami() { curl -s -b "$flow_dir/jar" "$here/session" | jq -r '.email // .code'; }
member() { ctl member list acme --json | jq -r --arg email "$1" '.items[] | select(.email == $email) | "\(.role) \(.state)"'; }

vendor_tell forget
vendor_tell 'claim groups ["staff"]'
sign_on
is "somebody signs on" "$result $(whoami)" "303 ada@acme.example"
is "and is a member" "$(member ada@acme.example)" "member active"
like "as a hash alone the verifier went there" "$back" "^$here/sso/$connection/callback\?code=code-1&state="
is "what the provider says of itself, and its keys, were known: it was asked for tokens alone" \
	"$(vendor_requests description) $(vendor_requests keys) $(vendor_requests token)" "0 0 1"
ask "$back"
is "the answer cannot be used again" "$status" 403
vendor_tell 'claim groups ["bosses"]'
sign_on
is "the role follows the claim" "$result $(member ada@acme.example)" "303 admin active"
vendor_tell claims
sign_on
is "without the claim nothing is taken away" "$result $(member ada@acme.example)" "303 admin active"
vendor_tell 'claim _claim_names {"groups":"src1"}' 'claim _claim_sources {"src1":{"endpoint":"https://evil.example/"}}'
vendor_tell 'claim _claim_names {"groups":"src1"}
claim groups []'
sign_on
is "nor where there are more than a token holds" "$result $(member ada@acme.example)" "303 admin active"
vendor_tell claims

signed_out
vendor_tell 'person u2 ada@acme.example false'
sign_on
is "an address that the provider has not verified is nobody's" "$result" "403 sso.unproven_address member"
vendor_tell 'person u2 ada@acme.example -'
sign_on
is "nor is one of which it does not say so" "$result" "403 sso.unproven_address member"
vendor_tell 'person u3 bob@acme.example true
thin yes'
vendor_tell forget
sign_on
is "what the token leaves out, the provider is asked" "$result $(vendor_requests userinfo) $(whoami)" "303 1 bob@acme.example"
vendor_tell 'userinfo u1'
sign_on
is "but not whose it is not" "$result" "403 plugin.denied userinfo"
vendor_tell 'userinfo -
thin no
person u1 ada@acme.example true'

# ---- an address from another claim ---------------------------------------------------------------------------------------------------

door=$connection
connection=$(ctl connection create acme oidc mapped --schedule never --set issuer="$vendor_url" --set client_id=rosterd-at-acme \
	--set ca_certificate=@"$vendor_ca" --secret client_secret=@"$flow_dir/secret" --attribute email=nick --json | jq -r .id)
signed_out
vendor_tell 'person m1 mallory@elsewhere.example true
claim nick "ada@acme.example"'
sign_on
is "an address that stands in another claim is not vouched for by what is said of the e-mail" "$result $(whoami)" "403 sso.unproven_address member session.none"
vendor_tell 'person m2 cyd@acme.example true
claim nick "CYD@acme.example"'
sign_on
is "the same one in both is" "$result $(whoami)" "303 cyd@acme.example"
vendor_tell 'person m2 ada@acme.example true
claim nick "nobody@acme.example"'
sign_on
is "who is known keeps the one that was vouched for, whatever either claim says" "$result $(whoami)" "303 cyd@acme.example"
vendor_tell claims
vendor_tell 'person u1 ada@acme.example true'
signed_out
connection=$door

# ---- tokens that must not be believed -----------------------------------------------------------------------------------------------

signed_out
now=$(date +%s)
believed=0
hostile() { # hostile CHECK WORDS: how the provider misbehaves, and what finds it
	local check=$1
	shift
	vendor_tell "$*"
	sign_on
	is "$*" "$result" "403 plugin.denied $check"
	[ "$(whoami)" = session.none ] || believed=$((believed + 1))
	vendor_tell "claims
forge no"
}
for kind in none unsigned hs256 other jwk badkid cut crit payload; do hostile signature "forge $kind"; done
hostile token "forge twice"
hostile issuer 'claim iss "https://evil.example"'
hostile issuer "claim iss \"$vendor_url/\""
hostile issuer 'claim iss null'
hostile audience 'claim aud "another"'
hostile audience 'claim aud ["another", "third"]'
hostile audience 'claim aud null'
hostile audience 'claim aud "ROSTERD-AT-ACME"'
hostile "authorised party" 'claim aud ["rosterd-at-acme", "another"]'
hostile "authorised party" 'claim azp "another"'
hostile expiry "claim exp $((now - 120))"
hostile expiry 'claim exp null'
hostile expiry 'claim exp "4102444800"'
hostile "time of issue" "claim iat $((now + 600))"
hostile "time of issue" "claim iat $((now - 7200))"
hostile "time of issue" 'claim iat null'
hostile "not before" "claim nbf $((now + 600))"
hostile nonce 'claim nonce "another"'
hostile nonce 'claim nonce null'
hostile subject 'claim sub null'
hostile subject 'claim sub ["u1"]'
is "of these none was believed" "$believed" 0
vendor_tell 'claim aud ["rosterd-at-acme", "another"]
claim azp "rosterd-at-acme"'
sign_on
is "of several audiences, one that has asked for the token is fine" "$result" 303
vendor_tell "claims
claim exp $((now + 30))
claim nbf $((now + 30))
forge nokid"
sign_on
is "and so are clocks that are a little apart, and a token that does not name its key" "$result" 303
vendor_tell 'claims
forge no'

# ---- what a browser can do --------------------------------------------------------------------------------------------------------------

signed_out
ask "$here/sso/$connection/begin"
ask "$location"
ask "${location}&code=another"
is "two codes are none" "$status" 403
ask "$here/sso/$connection/begin"
ask "$location"
ask "${location/iss=*/iss=https://evil.example}"
id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
is "the answer of another provider is none (mix-up)" "$status $(failed)" "403 issuer of the answer"
ask "$here/sso/$connection/begin"
ask "$location"
stolen='code=stolen&state'
ask "${location/code=*&state/"$stolen"}"
id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
is "nor is a code of somebody else" "$status $(failed)" "403 exchange of the code"
like "administrators read what to do" "$(ctl sso explain "acme/$id")" 'invalid_grant: the provider says no .*redirect address at the provider is not exactly ours'
vendor_tell 'deny access_denied'
sign_on
is "whom the provider does not let in is told apart" "$result" "403 plugin.denied provider"
like "with what to do" "$(ctl sso explain "acme/$id")" 'access_denied: not today .*assign it to them there'
vendor_tell 'deny no'

# ---- the provider ends sessions ------------------------------------------------------------------------------------------------------------

tell_logout() { # tell_logout [TOKEN]: as the provider itself does; $result is the status and the check that failed
	result=$(curl -s -o "$flow_dir/body" -w '%{http_code}' --data-urlencode "logout_token=${1:-$(vendor_tell logout)}" "$here/sso/$connection/logout")
	id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
	[ "$result" = 200 ] || result="$result $(failed)"
}
vendor_tell 'claim sid "s-1"'
sign_on
is "somebody is signed in" "$result $(whoami)" "303 ada@acme.example"
unheard() { # unheard CHECK WORDS: how the provider misbehaves, and what finds it
	vendor_tell "$2"
	tell_logout
	is "logout: ${2//$'\n'/, }" "$result $(whoami)" "400 $1 ada@acme.example"
	vendor_tell 'claims
forge no
claim sid "s-1"'
}
for kind in none hs256 other jwk payload; do unheard signature "forge $kind"; done
unheard issuer 'claim iss "https://evil.example"'
unheard audience 'claim aud "another"'
unheard expiry 'claim exp null'
unheard event 'claim events null'
unheard event 'claim events {"http://schemas.openid.net/event/other":{}}'
unheard nonce 'claim nonce "n"'
unheard "token id" 'claim jti null'
unheard session 'claim sub null
claim sid null'
unheard session 'claim sid 7'
vendor_tell 'claim sid "s-2"'
tell_logout
is "the end of another session of theirs is not the end of this one" "$result $(whoami)" "200 ada@acme.example"
is "whoever does not know the session ends none" "$(curl -s -o /dev/null -w '%{http_code}' "$here/sso/$connection/logout?iss=$vendor_url&sid=s-3") $(whoami)" "200 ada@acme.example"
is "nor without saying which" "$(curl -s -o /dev/null -w '%{http_code}' "$here/sso/$connection/logout?iss=$vendor_url") $(whoami)" "400 ada@acme.example"
vendor_tell 'claim sid "s-1"'
token=$(vendor_tell logout)
tell_logout "$token"
is "the provider's own word ends it (back channel)" "$result $(whoami)" "200 session.none"
tell_logout "$token"
is "once" "$result" "400 used once"
signed_out
sign_on
is "a browser that the provider sends does, if it knows the session (front channel)" \
	"$(whoami) $(curl -s -o /dev/null -w '%{http_code}' "$here/sso/$connection/logout?iss=$vendor_url&sid=s-1") $(whoami)" "ada@acme.example 200 session.none"
signed_out
sign_on
vendor_tell 'claim sid null'
tell_logout
is "and who is signed off everywhere there is so here" "$result $(whoami)" "200 session.none"
vendor_tell claims

# ---- what happens at the provider -------------------------------------------------------------------------------------------------------

ctl connection set acme/door --set timeout=11s >/dev/null # in a child that has not looked for a key that is not there
vendor_tell 'rotate'
sign_on
is "a new key is found" "$result" 303
vendor_tell 'secret another'
sign_on
is "a secret that was exchanged is told" "$result" "403 plugin.denied exchange of the code"
like "and where to mend it" "$(ctl sso explain "acme/$id")" '"client_id" or "client_secret" is not what the provider knows'
vendor_tell 'secret hush'
(umask 077 && printf hush >"$flow_dir/secret")
ctl connection set acme/door --set secret_in=body --secret client_secret=@"$flow_dir/secret" >/dev/null
sign_on
is "with the new one, shown in the body, it works" "$result $(whoami)" "303 ada@acme.example"
status=$(curl -s -o /dev/null -D "$flow_dir/head" -w '%{http_code}' -b "$flow_dir/jar" -X POST "$here/logout")
like "signing off goes on to the provider, with what it knows the session by" "$status $(sed -n 's/^location: //Ip' "$flow_dir/head")" \
	"^303 $vendor_url/logout\?client_id=rosterd-at-acme&id_token_hint=ey"
vendor_tell 'issuer https://evil.example'
ctl connection set acme/door --set scopes="openid email" --secret client_secret=@"$flow_dir/secret" >/dev/null
like "a provider that calls itself otherwise is not the one that is set" "$(ctl connection test acme/door 2>&1)" \
	'calls itself "https://evil.example" and not .*set "issuer" to that'
# ---- a real provider: npm's oidc-provider ------------------------------------------------------------------------------------------------

npm=$SRCDIR/tests/peers/npm
if command -v node >/dev/null && [ -d "$npm/node_modules/oidc-provider" ]; then
	port=$(free_port) real=https://localhost:$port
	(umask 077 && printf 'a secret of tests, which is long' >"$flow_dir/real.secret")
	connection=$(ctl connection create acme oidc real --schedule never --set issuer="$real" --set client_id=rosterd-at-acme \
		--set ca_certificate=@"$vendor_ca" --secret client_secret=@"$flow_dir/real.secret" --json | jq -r .id)
	NODE_EXTRA_CA_CERTS=$vendor_ca node "$npm/oidc.js" "$port" "$vendor/tls/server.key" "$vendor/tls/server.pem" "$here/sso/$connection" >"$flow_dir/node" 2>&1 &
	flow_also="kill $! 2>/dev/null; $flow_also"
	for _ in $(seq 600); do grep -q ready "$flow_dir/node" && break; sleep 0.1; done
	absolute() { case $location in /*) location=$real$location ;; esac; }
	follow() { # follow: until a page, or until we are asked
		while case $status in 302 | 303) true ;; *) false ;; esac && absolute && [[ $location != "$here"* ]]; do ask "$location"; done
	}
	hidden() { grep -o "name=\"$1\"[^>]*value=\"[^\"]*\"" "$flow_dir/body" | head -n 1 | sed 's/.*value="//; s/"$//'; }
	at_real() { # at_real: signs on there as ada; $result is the status
		ask "$here/sso/$connection/begin"
		follow
		while [ "$status" = 200 ] && [ -n "$(hidden prompt)" ]; do
			action=$(grep -o 'action="[^"]*"' "$flow_dir/body" | head -n 1 | sed 's/action="//; s/"$//')
			case $action in /*) action=$real$action ;; esac
			ask -d "prompt=$(hidden prompt)" -d login=ada -d password=x "$action"
			follow
		done
		ask "$location"
		result=$status
		id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
		[ "$status" = 303 ] || result="$status $(failed)"
	}
	like "oidc-provider: its test finds it" "$(ctl connection test acme/real 2>&1)" "the provider is \"$real\", with 1 keys"
	signed_out
	at_real
	is "oidc-provider: somebody signs on" "$result $(whoami)" "303 ada@acme.example"
	hint=$(curl -s -o /dev/null -D - -b "$flow_dir/jar" -X POST "$here/logout" | sed -n 's/^location: //Ip' | tr -d '\r')
	like "oidc-provider: signing off goes on to it" "$hint" "^$real/session/end\?client_id=rosterd-at-acme&id_token_hint=ey"
	ask "$here/session" # the cookie of this browser is of a session that is over
	at_real
	is "oidc-provider: who is still signed on there comes back" "$result $(whoami)" "303 ada@acme.example"
	ask "$real/session/end"
	ask --data-urlencode "xsrf=$(hidden xsrf)" -d logout=yes "$real/session/end/confirm"
	ended() { [ "$(whoami)" = session.none ]; }
	for _ in $(seq 100); do ended && break; sleep 0.1; done
	is "oidc-provider: signing off there ends the session here (back channel)" "$(whoami) $(query "SELECT count(*) FROM sessions WHERE ended_by = 'provider' AND connection = '$connection'")" "session.none 1"
else
	skip "npm's oidc-provider" "it is not installed in tests/peers/npm"
fi
unlike "no code, secret or token stands in the log" "$(cat "$flow_dir/log")" 'code-[0-9]|hu:sh|eyJ'
done_testing
