#!/bin/bash
# Real providers, and what they send in each of their ways: accepted as it is, refused as soon as anything is different; they take our signed requests.
# SimpleSAMLphp, and beside it, where they are installed, LemonLDAP::NG and npm's samlp. Differential: of each message xmlsec1's own tool says the same
# about the signature.
. "$SRCDIR/tests/tap.sh"
rosterctl=$BUILDDIR/rosterctl/rosterctl peer=$SRCDIR/tests/peers/simplesamlphp.sh
work=$(mktemp -d)
lemon=$SRCDIR/tests/peers/lemonldap.sh npm=$SRCDIR/tests/peers/npm samlp_pid=
trap '$peer stop "$work/ssp"; $lemon stop "$work/llng"; [ -z "$samlp_pid" ] || kill $samlp_pid 2>/dev/null; rm -rf "$work"' EXIT
if [ ! -d /usr/share/simplesamlphp ] || ! command -v php >/dev/null || ! command -v xmlsec1 >/dev/null; then
	echo "1..0 # SKIP there is no SimpleSAMLphp or xmlsec1 here"
	exit 0
fi
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/sp.key" -out "$work/sp.crt" -subj /CN=sp -days 30 2>"$work/openssl.log"
$peer start "$work/ssp" "$work/sp.crt"
. "$work/ssp/env"

# The value of a field in a page.
field() { tr -s '\n\r\t ' ' ' | grep -o "name=\"$1\"[^>]*value=\"[^\"]*\"" | head -n 1 | sed 's/.*value="//; s/"$//; s/&amp;/\&/g; s/&#x2B;/+/g'; }
# sign_on ADDRESS: as a browser does; prints SAMLResponse.
sign_on() {
	local jar page state location
	jar=$(mktemp -p "$work")
	page=$(curl -s -L -c "$jar" -b "$jar" -w '\n%{url_effective}' "$1")
	location=$(printf '%s\n' "$page" | tail -n 1)
	state=$(printf '%s\n' "$page" | field AuthState)
	curl -s -L -c "$jar" -b "$jar" --data-urlencode username=alice --data-urlencode password=alicepass --data-urlencode "AuthState=$state" "${location%%\?*}?" |
		field SAMLResponse
}
# question RESPONSE WHICH REQUEST-ID [CERTIFICATE-FILE [PROVIDER]]
question() {
	jq -cn --arg response "$1" --arg sp "https://sp.example/$2" --arg id "$3" --rawfile certificate "${4:-$SSP_CERTIFICATE}" \
		--rawfile key "$work/sp.key" --arg idp "${5:-$SSP_URL/saml2/idp/metadata.php}" \
		'{response: $response, idp: {entityId: $idp, certs: [$certificate]}, sp: {entityId: $sp, acsUrl: ($sp + "/acs"), privateKey: $key},
		requestId: (if $id == "" then null else $id end)}'
}
judge() { question "$@" | $rosterctl check saml; }

metadata=$(curl -s "$SSP_URL/saml2/idp/metadata.php")
print=$(openssl x509 -in "$SSP_CERTIFICATE" -outform der | openssl dgst -sha256 -r | cut -d' ' -f1)
is "its metadata are read" "$(jq -cn --arg m "$(printf '%s' "$metadata" | base64 -w0)" '{metadata: $m}' | $rosterctl check metadata | jq -c '.ok, .idps[0].redirect, .idps[0].certs')" \
	"true
\"$SSP_URL/saml2/idp/SSOService.php\"
[\"$print\"]"

expected='true alice ["alice@acme.example"] ["eng","R&D"] ["Alice <b>\"Ä\""]'
for which in assertion response both encrypted encrypted-response; do
	response=$(sign_on "$SSP_URL/saml2/idp/SSOService.php?spentityid=https://sp.example/$which")
	is "$which: accepted, the provider began" "$(judge "$response" $which "" | jq -r '"\(.ok) \(.nameid) \(.attributes.mail) \(.attributes.groups) \(.attributes.displayName)\(.error // "")"')" "$expected"
	is "$which: not what we asked for" "$(judge "$response" $which _1 | jq -r '.error | split(":")[0]')" saml.in_response_to
	is "$which: not by another key" "$(judge "$response" $which "" "$work/sp.crt" | jq -r '.ok')" false
	is "$which: not for another" "$(judge "$response" other "" | jq -r '.ok')" false
	printf '%s' "$response" | base64 -d >"$work/$which.xml"
done

# An id that nobody of ours chose: it is in our own request.
url=$("$BUILDDIR/tests/peers/saml_request" "$SSP_URL/saml2/idp/SSOService.php" https://sp.example/assertion/acs https://sp.example/assertion _request-7 "$work/sp.key")
response=$(sign_on "$url")
is "our signed request is taken, and answered" "$(judge "$response" assertion _request-7 | jq -r '"\(.ok) \(.nameid)"')" "true alice"
openssl genrsa -out "$work/other.key" 2048 2>>"$work/openssl.log"
url=$("$BUILDDIR/tests/peers/saml_request" "$SSP_URL/saml2/idp/SSOService.php" https://sp.example/assertion/acs https://sp.example/assertion _request-7 "$work/other.key")
is "it looks at the signature" "$(sign_on "$url")" ""

# ---- LemonLDAP::NG ----

at_llng() { # at_llng ADDRESS: dwho signs on there; prints SAMLResponse
	local jar page
	jar=$(mktemp -p "$work")
	page=$(curl -s -L -c "$jar" -b "$jar" "$1")
	curl -s -L -c "$jar" -b "$jar" -d user=dwho -d password=dwho --data-urlencode "url=$(field url <<<"$page")" "${1%%\?*}" | field SAMLResponse
}
if $lemon start "$work/llng" "$work/sp.crt" 2>"$work/llng.log"; then
	. "$work/llng/env"
	is "LemonLDAP::NG: its metadata are read" "$(jq -cn --arg m "$(curl -s "$LLNG_URL/saml/metadata" | base64 -w0)" '{metadata: $m}' | $rosterctl check metadata |
		jq -r '.idps[0] | "\(.entityId) \(.redirect)"')" "$LLNG_URL/saml/metadata $LLNG_URL/saml/singleSignOn"
	url=$("$BUILDDIR/tests/peers/saml_request" "$LLNG_URL/saml/singleSignOn" https://sp.example/llng/acs https://sp.example/llng _request-8 "$work/sp.key")
	response=$(at_llng "$url")
	is "LemonLDAP::NG takes our signed request, and its answer is accepted" \
		"$(judge "$response" llng _request-8 "$LLNG_CERTIFICATE" "$LLNG_URL/saml/metadata" | jq -r '"\(.ok) \(.nameid) \(.attributes.mail)\(.error // "")"')" 'true dwho ["dwho@badwolf.org"]'
	is "LemonLDAP::NG, another request" "$(judge "$response" llng _request-9 "$LLNG_CERTIFICATE" "$LLNG_URL/saml/metadata" | jq -r '.error | split(":")[0]')" saml.in_response_to
	is "LemonLDAP::NG, by the key of another provider" "$(judge "$response" llng _request-8 "$SSP_CERTIFICATE" "$LLNG_URL/saml/metadata" | jq -r '.error | split(":")[0]')" saml.signature
	is "LemonLDAP::NG, as another provider" "$(judge "$response" llng _request-8 "$LLNG_CERTIFICATE" | jq -r '.error | split(":")[0]')" saml.issuer
	$lemon stop "$work/llng"
else
	skip "LemonLDAP::NG" "$(tail -n 1 "$work/llng.log")"
fi

# ---- npm's samlp ----

if command -v node >/dev/null && [ -d "$npm/node_modules/samlp" ]; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/samlp.key" -out "$work/samlp.crt" -subj /CN=samlp -days 30 2>>"$work/openssl.log"
	for port in $(shuf -i 20000-32000 -n 5); do
		: >"$work/samlp.log"
		node "$npm/samlp.js" "$port" "$work/samlp.key" "$work/samlp.crt" "$work/sp.crt" >"$work/samlp.log" 2>&1 &
		samlp_pid=$!
		for _ in $(seq 600); do grep -q ready "$work/samlp.log" && break 2; kill -0 $samlp_pid 2>/dev/null || break; sleep 0.1; done
	done
	for which in assertion response both encrypted; do
		url=$("$BUILDDIR/tests/peers/saml_request" "http://127.0.0.1:$port/$which" "https://sp.example/$which/acs" "https://sp.example/$which" _request-9 "$work/sp.key")
		response=$(curl -s "$url" | field SAMLResponse)
		is "samlp, $which: accepted" "$(judge "$response" $which _request-9 "$work/samlp.crt" "http://127.0.0.1:$port/metadata" | jq -r '"\(.ok) \(.nameid)\(.error // "")"')" "true alice"
		is "samlp, $which: not for another" "$(judge "$response" other _request-9 "$work/samlp.crt" "http://127.0.0.1:$port/metadata" | jq -r .ok)" false
	done
else
	skip "npm's samlp" "it is not installed in tests/peers/npm"
fi

# What is made of them, and xmlsec1 beside it.
xmlsec_says() { # xmlsec_says FILE ELEMENT
	xmlsec1 --verify --pubkey-cert-pem "$SSP_CERTIFICATE" --id-attr:ID "$2" "$1" >/dev/null 2>&1 && echo true || echo false
}
for which in assertion response; do
	[ $which = assertion ] && element=urn:oasis:names:tc:SAML:2.0:assertion:Assertion || element=urn:oasis:names:tc:SAML:2.0:protocol:Response
	differ=0 accepted=0
	while IFS='|' read -r from to; do
		perl -pe "s|$from|$to|" "$work/$which.xml" >"$work/changed.xml"
		cmp -s "$work/$which.xml" "$work/changed.xml" && diag "nothing has changed: $from"
		ours=$(judge "$(base64 -w0 "$work/changed.xml")" $which "" | jq -r .ok)
		[ "$ours" = false ] || { accepted=$((accepted + 1)); diag "accepted: $from"; }
		[ "$ours" = "$(xmlsec_says "$work/changed.xml" $element)" ] || differ=$((differ + 1))
	done <<'END'
>alice\@acme.example<|>eve\@acme.example<
>eng<|>adm<
<saml:Audience>|<saml:Audience>x
NotOnOrAfter="20|NotOnOrAfter="30
rsa-sha256"|rsa-sha1"
<ds:DigestValue>|<ds:DigestValue>AAAA
<ds:SignatureValue>|<ds:SignatureValue>AAAA
>alice<|>alice.evil<
END
	is "$which, changed: nothing is accepted" $accepted 0
	is "$which, changed: xmlsec1 says the same" $differ 0
	is "$which, as it came: xmlsec1 says the same" "$(xmlsec_says "$work/$which.xml" $element)" true
	is "$which, without a signature" "$(perl -0pe 's|<ds:Signature.*</ds:Signature>||s' "$work/$which.xml" | base64 -w0 | { read -r r; judge "$r" $which ""; } | jq -r '.error | split(":")[0]')" saml.unsigned
	is "$which, with a comment in the name" "$(perl -pe 's|>alice<|>ali<!-- -->ce<|' "$work/$which.xml" | base64 -w0 | { read -r r; judge "$r" $which ""; } | jq -r '.error | split(":")[0]')" saml.xml
done
done_testing
