#!/bin/bash
# People sign on by SAML: a daemon, a real provider (SimpleSAMLphp), and a browser that carries what they say to each other.
if [ ! -d /usr/share/simplesamlphp ] || ! command -v php >/dev/null; then
	echo "1..0 # SKIP there is no SimpleSAMLphp here"
	exit 0
fi
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/peers/browser.sh"
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN peer=$SRCDIR/tests/peers/simplesamlphp.sh
FLOW_SETTINGS="public_url = \"$here\"
sign_on {
	return_to = { \"https://app.example/\" }
}"
flow_start
(umask 077 && openssl req -x509 -newkey rsa:2048 -nodes -keyout "$flow_dir/sp.key" -out "$flow_dir/sp.crt" -subj /CN=sp -days 30 2>"$flow_dir/openssl")
trap 'browser_stop; $peer stop "$flow_dir/ssp"; flow_end' EXIT
$peer start "$flow_dir/ssp" "$flow_dir/sp.crt"
. "$flow_dir/ssp/env"
curl -s "$SSP_URL/saml2/idp/metadata.php" >"$flow_dir/metadata.xml"

made() { # made ORG: a connection by SAML, which the provider knows; its id
	local id
	ctl org create "$1" --type enterprise --default-role viewer >/dev/null
	ctl domain add "$(tr A-Z a-z <<<"$1")" acme.example >/dev/null 2>&1
	id=$(ctl connection create "$(tr A-Z a-z <<<"$1")" saml sso --schedule never --set metadata=@"$flow_dir/metadata.xml" \
		--set certificate=@"$flow_dir/sp.crt" --secret private_key=@"$flow_dir/sp.key" --role eng=admin --json | jq -r .id)
	cat >>"$flow_dir/ssp/metadata/saml20-sp-remote.php" <<END
\$metadata['$here/sso/$id/metadata'] = ['AssertionConsumerService' => '$here/sso/$id/acs', 'saml20.sign.response' => true, 'saml20.sign.assertion' => true,
	'validate.authnrequest' => true, 'sign.logout' => true, 'validate.logout' => true,
	'SingleLogoutService' => '$here/sso/$id/logout', 'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'assertion.encryption' => $2,
	'keys' => [['type' => 'X509Certificate', 'signing' => true, 'encryption' => true, 'X509Certificate' => '$(grep -v -e ----- "$flow_dir/sp.crt" | tr -d '\n')']],
	'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid', 'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']]];
END
	echo "$id"
}
ask() { # ask JAR [CURL WORDS]
	local jar=$flow_dir/jar.$1
	shift
	status=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$jar" -c "$jar" "$@")
	location=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
	body=$(cat "$flow_dir/body")
}
field() { grep -o "name=\"$1\"[^>]*value=\"[^\"]*\"" | head -n 1 | sed 's/.*value="//; s/"$//; s/&amp;/\&/g; s/&#x2B;/+/g'; }
# at_provider ADDRESS: alice signs on there; $response, $relay
at_provider() {
	local jar page
	jar=$(mktemp -p "$flow_dir")
	page=$(curl -s -L -c "$jar" -b "$jar" -w '\n%{url_effective}' "$1")
	page=$(curl -s -L -c "$jar" -b "$jar" -d username=alice -d password=alicepass --data-urlencode "AuthState=$(field AuthState <<<"$page")" \
		"$(tail -n 1 <<<"$page" | sed 's/?.*/?/')")
	response=$(field SAMLResponse <<<"$page") relay=$(field RelayState <<<"$page")
}
post() { ask "$1" --data-urlencode "SAMLResponse=$3" --data-urlencode "RelayState=$4" "$here/sso/$2/acs"; } # post JAR CONNECTION RESPONSE STATE
whoami() { ask "$1" "$here/session"; echo "$status $(jq -r '.email // .code' <<<"$body")"; }
trace() { grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' <<<"$body" | head -1; }

connection=$(made Acme false)
like "our metadata say who we are" "$(curl -s "$here/sso/$connection/metadata")" "entityID=\"$here/sso/$connection/metadata\".*Location=\"$here/sso/$connection/acs\""
ask alice "$here/sso/$connection/begin"
is "the browser is sent to the provider" "$status ${location%%\?*}" "303 $SSP_URL/saml2/idp/SSOService.php"
at_provider "$location"
post alice "$connection" "$response" "$relay"
is "and is signed in when it comes back" "$status $location" "303 https://app.example/"
is "as who the provider says" "$(whoami alice)" "200 alice@acme.example"
is "with the role of their group" "$(ctl member list acme --json | jq -r '.items[] | "\(.email) \(.role) \(.state)"')" "alice@acme.example admin active"
post alice "$connection" "$response" "$relay"
is "the same message again signs nobody on" "$status" 403
post mallory "$connection" "$response" "$relay"
is "nor in another browser" "$status $(whoami mallory)" "403 401 session.none"

ask alice -X POST "$here/logout"
like "signing off here goes on to the provider, which is asked by a signed request" "$status $location" \
	"^303 $SSP_URL/saml2/idp/SingleLogoutService.php\?SAMLRequest=[^&]*&SigAlg=[^&]*&Signature="
is "of a name for itself, about who it is" "$(sed 's/.*SAMLRequest=\([^&]*\).*/\1/; s/%2B/+/g; s/%2F/\//g; s/%3D/=/g' <<<"$location" | base64 -d | tail -c +6 |
	sed -n 's/.* ID="_[A-Za-z0-9_-]\{22\}" .*<saml:NameID[^>]*>\([^<]*\)<.*/\1/p')" alice
is "and they are signed off" "$(whoami alice)" "401 session.none"

signed_on() { ask "$1" "$here/sso/$connection/begin"; at_provider "$location"; post "$1" "$connection" "$response" "$relay"; whoami "$1"; } # signed_on JAR
is "somebody signs on in two browsers" "$(signed_on alice) $(signed_on phone)" "200 alice@acme.example 200 alice@acme.example"
# The provider signs off the one whose browser asks it to; it tells us by that browser, and gets our answer by it.
page=$(curl -s -c "$flow_dir/jar.provider" -b "$flow_dir/jar.provider" -L -w '\n%{url_effective}' "$SSP_URL/saml2/idp/SSOService.php?spentityid=$here/sso/$connection/metadata")
page=$(curl -s -c "$flow_dir/jar.provider" -b "$flow_dir/jar.provider" -L -d username=alice -d password=alicepass --data-urlencode "AuthState=$(field AuthState <<<"$page")" \
	"$(tail -n 1 <<<"$page" | sed 's/?.*/?/')")
ask tablet "$here/sso/$connection/begin"
post tablet "$connection" "$(curl -s -c "$flow_dir/jar.provider" -b "$flow_dir/jar.provider" -L "$location" | tee "$flow_dir/page" | field SAMLResponse)" "$(field RelayState <"$flow_dir/page")"
is "and in a third, which has a session at the provider" "$(whoami tablet)" "200 alice@acme.example"
# at_provider_until ADDRESS START: the provider's own browser goes on from there until it is sent to an address that begins so
at_provider_until() {
	local at=$1
	for _ in 1 2 3 4 5 6; do
		at=$(curl -s -o /dev/null -w '%{redirect_url}' -c "$flow_dir/jar.provider" -b "$flow_dir/jar.provider" "$at")
		case $at in "$2"*) break ;; esac
	done
	printf '%s\n' "$at"
}
request=$(at_provider_until "$SSP_URL/saml2/idp/SingleLogoutService.php?ReturnTo=$SSP_URL/back" "$here/")
like "the provider asks for its end" "$request" "^$here/sso/$connection/logout\?SAMLRequest=.*&Signature="
ask mallory "${request%&Signature=*}"
is "nobody else can, without its signature" "$status $(whoami tablet)" "400 200 alice@acme.example"
ask mallory "$(sed 's/SAMLRequest=/SAMLRequest=AAAA\&SAML%52equest=/' <<<"$request")"
is "nor with one that is for something else" "$status $(whoami tablet)" "400 200 alice@acme.example"
ask nobody "$request"
like "it is answered by whatever browser brings it, signed" "$status $location" "^303 $SSP_URL/saml2/idp/SingleLogoutService.php\?SAMLResponse=.*&Signature="
is "that session is over, and those that the provider did not mean go on" "$(whoami tablet) $(whoami phone)" "401 session.none 200 alice@acme.example"
is "the provider takes our answer" "$(at_provider_until "$location" "$SSP_URL/back")" "$SSP_URL/back"
is "the audit says that it was the provider" "$(query "SELECT actor_kind || ' ' || (personal::json->'after'->>'by') || ' ' || (personal::json->>'actor_name') FROM audit WHERE action = 'session.ended' ORDER BY id DESC LIMIT 1")" "connector provider acme/sso"
ask nobody "$request"
is "the same message again ends nothing" "$status $(query "SELECT code FROM sign_ons WHERE id = '$(trace)'")" "400 sso.replayed"

ask eve "$here/sso/$connection/begin"
at_provider "$location"
first=$response
ask eve "$here/sso/$connection/begin"
at_provider "$location"
post eve "$connection" "$first" "$relay"
is "an answer to another request signs nobody on" "$status $(whoami eve)" "403 401 session.none"
ask eve "$here/sso/$connection/begin"
at_provider "$location"
post eve "$connection" "$(base64 -d <<<"$response" | sed 's/>eng</>adm</' | base64 -w0)" "$relay"
refused=$(trace)
is "nor a message that was changed" "$status $(whoami eve)" "403 401 session.none"
like "and the administrator reads which check has failed, and what to do" "$(ctl sso explain "acme/$refused" 2>&1)" \
	"signature of the (response|assertion)"

other=$(made Globex true)
ask eve "$here/sso/$connection/begin"
at_provider "$location"
post eve "$other" "$response" "$relay"
is "what the same provider says for one organisation is nothing to another" "$status $(whoami eve)" "403 401 session.none"
ask bob "$here/sso/$other/begin"
at_provider "$location"
post bob "$other" "$response" "$relay"
is "an encrypted assertion is opened, and its address is of a domain that is not theirs" "$status $(query "SELECT code FROM sign_ons WHERE id = '$(trace)'")" \
	"403 sso.unproven_address"

# ---- what came is judged again, with nobody there ----

ctl connection set acme/sso --set certificates=@"$flow_dir/sp.crt" --secret private_key=@"$flow_dir/sp.key" >/dev/null
is "with the wrong certificate nobody gets in" "$(signed_on carol)" "401 session.none"
post carol "$connection" "$response" "$relay" # the attempt is used up; the one before has the message
refused=$(query "SELECT id FROM sign_ons WHERE code = 'plugin.denied' AND connection = '$connection' ORDER BY id DESC LIMIT 1")
judged() { ctl sso explain "acme/$refused" --json "$@" | jq -r '"\(.passed) \(last(.trace.checks[]) | .check) \(.trace.person.email // "-")"'; }
before=$(query "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM sign_ons), (SELECT count(*) FROM sign_on_marks), (SELECT version FROM connections WHERE id = '$connection')")
is "as it is set, it is refused again" "$(judged --judge)" "false signature of the response -"
is "with the right certificate it would have gone well" "$(judged --set certificates=@"$SSP_CERTIFICATE")" "true key alice@acme.example"
is "though not where people are to be known by what is not sent" "$(judged --set certificates=@"$SSP_CERTIFICATE" --set id_attribute=number)" "false key -"
is "and nothing has come of it" "$(whoami carol) $(query "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM sign_ons), (SELECT count(*) FROM sign_on_marks), (SELECT version FROM connections WHERE id = '$connection')")" "401 session.none $before"
is "what came stands sealed alone" "$(query "SELECT count(*) FROM sign_ons WHERE position('SAMLResponse' in encode(message, 'escape')) > 0") $(query "SELECT count(*) > 0 FROM sign_ons WHERE message IS NOT NULL")" "0 t"
like "a setting that there is not is refused" "$(ctl sso explain "acme/$refused" --set certificate_s=x 2>&1)" 'no setting "certificate_s"'
went_well=$(query "SELECT id FROM sign_ons WHERE outcome = 'signed_on' LIMIT 1")
like "of what went well nothing is kept" "$(ctl sso explain "acme/$went_well" --judge 2>&1)" "what came is not kept"
ctl connection set acme/sso --set certificates=@"$SSP_CERTIFICATE" --secret private_key=@"$flow_dir/sp.key" >/dev/null

# ---- a real browser, with its own mind about cookies, forms and scripts ----

sees() { [[ $(browser_text 2>/dev/null) == *"$1"* ]]; } # sees WORDS
signs_in() { # signs_in ADDRESS: as somebody who has to say who they are
	browser_go "$1"
	browser_until browser_type 'input[name=username]' alice && browser_type 'input[name=password]' alicepass && browser_click 'button[type=submit], #submit_button'
}
if browser_start "$flow_dir/browser"; then
	signs_in "$here/sso/$connection/begin?return_to=/session"
	browser_until sees '"email":"alice@acme.example"'
	is "a browser goes through the sign-on" "$(browser_url) $(browser_text | jq -r '"\(.email) \(.organisation)"')" "$here/session alice@acme.example acme"
	browser_go "$here/sso/$other/begin"
	browser_until sees "An administrator"
	like "it is told when somebody may not come in, by a number" "$(browser_text | tr '\n' ' ')" "You are not signed in You could not be signed in.*Tell them this number: [0-9a-f-]{36}"
	browser_go "$here/session"
	is "which has ended nothing" "$(browser_text | jq -r .email)" alice@acme.example
	browser_go "$here/logout"
	browser_click button
	browser_until sees "You are signed out"
	like "signing off goes through the provider, and comes back" "$(browser_url)" "^$here/sso/$connection/logout\?SAMLResponse="
	browser_go "$here/session"
	is "and nobody is signed in" "$(browser_text | jq -r .code)" session.none
	signs_in "$here/sso/$connection/begin?return_to=/session"
	browser_until sees '"email":"alice@acme.example"'
	browser_go "$SSP_URL/saml2/idp/SingleLogoutService.php?ReturnTo=$SSP_URL/saml2/idp/metadata.php"
	over() { browser_go "$here/session"; sees session.none; }
	ok "signing off at the provider does, too" browser_until over
	browser_stop
else
	skip "a real browser" "$browser_why"
fi
done_testing
