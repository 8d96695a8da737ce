#!/bin/bash
# People of Okta, Entra, Google and Auth0 sign on there: by the key that the directory has for them, with what each vendor's tokens are worth. The provider is
# the simulator of OpenID Connect; what it claims is what these vendors claim.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\""
flow_start
vendor_start openid --client=web --secret=hush
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
(umask 077 && printf hush >"$flow_dir/secret" && openssl genrsa 2048 >"$flow_dir/key.pem" 2>/dev/null)
tenant=84bd8158-6d4d-4958-8b9f-9d6445542f95

door() { # door PLUGIN WORDS
	ctl connection create acme "$1" "$1" --schedule never --set ca_certificate=@"$vendor_ca" --set sign_on_client_id=web \
		--set sign_on_issuer="$vendor_url" --secret sign_on_client_secret=@"$flow_dir/secret" "${@:2}" --json | jq -r .id
}
sign_on() { # sign_on CONNECTION: $result is the status, and what was refused
	rm -f "$flow_dir/jar"
	local url=$here/sso/$1/begin hops=0
	while [ -n "$url" ] && [ $((hops += 1)) -le 3 ]; do
		result=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$flow_dir/jar" -c "$flow_dir/jar" --cacert "$vendor_ca" "$url")
		url=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
		[ $hops -ne 2 ] || asked=$url
		[ $hops -ne 1 ] || began=$url
	done
	id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
	[ "$result" = 303 ] || result="$result $(ctl sso explain "acme/$id" --json | jq -r 'last(.trace.checks[] | select(.passed | not)) | .check')"
}
whoami() { curl -s -b "$flow_dir/jar" "$here/session" | jq -r '.email // .code'; }
account() { query "SELECT remote_id FROM accounts a JOIN connections c ON c.id = a.connection WHERE c.name = '$1' ORDER BY first_seen_at DESC LIMIT 1"; }
claims() { vendor_tell "claims
$*"; }

# ---- Okta ---------------------------------------------------------------------------------------------------------------------------

okta=$(door okta --set org_url="$vendor_url" --secret api_token=@"$flow_dir/secret")
vendor_tell 'person 00u1 okta@acme.example true'
sign_on "$okta"
is "Okta: somebody signs on, by their Okta ID" "$result $(whoami) $(account okta)" "303 okta@acme.example 00u1"

# ---- Entra --------------------------------------------------------------------------------------------------------------------------

entra=$(door entra --set tenant="$tenant" --set client_id=app --secret client_secret=@"$flow_dir/secret")
vendor_tell 'person pairwise-1 entra@acme.example true'
claims "claim tid \"$tenant\"
claim oid \"oid-1\""
sign_on "$entra"
is "Entra: an address that anybody can set lets nobody in, whatever is said of it" "$result" "403 member"
claims "claim tid \"$tenant\"
claim oid \"oid-1\"
claim xms_edov true"
sign_on "$entra"
is "one whose domain the tenant owns does, by the object ID" "$result $(whoami) $(account entra)" "303 entra@acme.example oid-1"
claims "claim tid \"00000000-0000-0000-0000-000000000001\"
claim oid \"oid-1\"
claim xms_edov true"
sign_on "$entra"
is "another tenant does not" "$result" "403 tenant"
claims "claim tid \"9188040d-6c67-4c5b-b112-36a304b66dad\"
claim oid \"oid-1\""
sign_on "$entra"
is "nor does a personal account" "$result" "403 tenant"
claims "claim tid \"$tenant\""
sign_on "$entra"
is "nor does a token without an object ID" "$result" "403 subject"
claims "claim tid \"$tenant\"
claim oid \"oid-1\""
sign_on "$entra"
is "whoever is known is known by their object ID alone, and keeps the address that was vouched for" "$result $(whoami)" "303 entra@acme.example"
like "a domain in place of the tenant's ID is told" \
	"$(ctl connection set acme/entra --set tenant=acme.example --secret client_secret=@"$flow_dir/secret" --secret sign_on_client_secret=@"$flow_dir/secret" \
		>/dev/null && ctl connection test acme/entra 2>&1)" 'for people to sign on the Directory \(tenant\) ID is expected'

# ---- Google -------------------------------------------------------------------------------------------------------------------------

google=$(door google --set client_email=a@b.iam.gserviceaccount.com --secret private_key=@"$flow_dir/key.pem" --set administrator=admin@acme.example \
	--set sign_on_domains=acme.example)
vendor_tell 'person 1094 google@acme.example true'
claims 'claim hd "acme.example"'
sign_on "$google"
is "Google: somebody of the Workspace account signs on" "$result $(whoami) $(account google)" "303 google@acme.example 1094"
like "it is asked for people of that domain" "$began" '&hd=acme\.example$'
claims ''
sign_on "$google"
is "a private account does not, whatever address it has" "$result" "403 domain"
claims 'claim hd "evil.example"'
sign_on "$google"
is "nor does another company's" "$result" "403 domain"

# ---- Auth0 --------------------------------------------------------------------------------------------------------------------------

auth0=$(door auth0 --set domain="${vendor_url#https://}" --set client_id=m2m --secret client_secret=@"$flow_dir/secret" --set organization=org_1)
vendor_tell 'person auth0|5 auth0@acme.example true'
claims 'claim org_id "org_1"'
sign_on "$auth0"
is "Auth0: a member of the organisation signs on" "$result $(whoami) $(account auth0)" "303 auth0@acme.example auth0|5"
like "it is asked for members of that organisation" "$began" '&organization=org_1$'
claims 'claim org_id "org_2"'
sign_on "$auth0"
is "another organisation's does not" "$result" "403 organisation"
claims ''
sign_on "$auth0"
is "nor does whoever is in none" "$result" "403 organisation"
done_testing
