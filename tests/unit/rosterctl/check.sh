#!/bin/sh
# "rosterctl check": a question a line, an answer a line, whatever the line is; without a daemon.
. "$SRCDIR/tests/tap.sh"
rosterctl="$BUILDDIR/rosterctl/rosterctl"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key='{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
good=eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
{
	echo '{"jws":"'$good'","jwks":{"keys":['"$key"']},"name":"what is not known is passed over"}'
	echo 'no JSON'
	echo
	echo '[]'
	echo '{"jws":5}'
	echo '{"jws":"'$good'"}'
	echo '{"jws":"x'$good'","jwks":{"keys":['"$key"']}}'
	printf '{"jws":"%s","jwks":{"keys":[]}}' $good
} >"$work/questions"
"$rosterctl" check jws "$work/questions" >"$work/answers"
ok "questions are answered" [ $? -eq 0 ]
ok "one answer for each question" [ "$(wc -l <"$work/answers")" -eq 7 ]
ok "a good one is" [ "$(sed -n 1p "$work/answers")" = '{"ok":true}' ]
is "what is wrong is said" "$(sed -n '2,$p' "$work/answers" | jq -r '[.ok, (.error | split(":")[0])] | join(" ")' | tr '\n' ',')" \
	"false json.syntax,false check.question,false check.question,false check.question,false jws.malformed,false jws.unknown_key,"

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/certificate" -subj /CN=idp -days 3650 2>"$work/openssl.log"
certificate=$(grep -v -e ----- "$work/certificate" | tr -d '\n')
print=$(openssl x509 -in "$work/certificate" -outform der | openssl dgst -sha256 -r | cut -d' ' -f1)
metadata() { # metadata CERTIFICATE LOCATION MORE-ATTRIBUTES
	cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<!-- as people write it --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://idp.acme.example/" $3>
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
$1
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.acme.example/post"/>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$2"/>
</md:IDPSSODescriptor></md:EntityDescriptor>
END
}
ask() { printf '{"metadata":"%s"}\n' "$(base64 -w0)"; }
{
	metadata "$certificate" https://idp.acme.example/sso | ask
	metadata "$certificate" 'javascript:alert(1)' | ask
	metadata AAAA https://idp.acme.example/sso | ask
	metadata "$certificate" https://idp.acme.example/sso 'validUntil="2020-01-01T00:00:00Z"' | ask
	metadata "$certificate" https://idp.acme.example/sso | sed 's|^<!--.*-->|<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>|' | ask
	metadata "$certificate" https://idp.acme.example/sso | sed 's|use="signing"|use="encryption"|' | ask
	metadata "$certificate" https://idp.acme.example/sso | sed 's|SAML:2.0:protocol">|SAML:2.0:protocolx">|' | ask
	echo '{"metadata":"!"}'
} | "$rosterctl" check metadata >"$work/answers"
ok "metadata are read" [ "$(sed -n 1p "$work/answers")" = \
	'{"ok":true,"idps":[{"entityId":"https://idp.acme.example/","redirect":"https://idp.acme.example/sso","post":"https://idp.acme.example/post","certs":["'"$print"'"]}]}' ]
ok "what is no good is refused" [ "$(sed -n '2,$p' "$work/answers" | jq -r .ok | tr '\n' ' ')" = "false false false false false false false " ]

echo '{"response":"!","idp":{"entityId":"i","certs":["'"$certificate"'"]},"sp":{"entityId":"s","acsUrl":"a","privateKey":null},"now":"2026-11-29T09:14:07Z","requestId":null}' |
	"$rosterctl" check saml >"$work/answers"
ok "a response is judged" grep -q '^{"ok":false,"error":"saml.encoding: ' "$work/answers"
"$rosterctl" check saml "$work/none" 2>"$work/said"
ok "a file that is not there is a mistake on the command line" [ $? -eq 2 ]
done_testing
