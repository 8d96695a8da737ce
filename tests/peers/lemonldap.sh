#!/bin/bash
# A LemonLDAP::NG as provider of SAML, from Debian's packages, by plackup on a free port of 127.0.0.1; as whoever runs it.
#
#   lemonldap.sh start FOLDER SP-CERTIFICATE   writes FOLDER/env: LLNG_URL, LLNG_CERTIFICATE; user "dwho", password "dwho"
#   lemonldap.sh stop FOLDER
#
# One service provider, https://sp.example/llng; its requests must be signed. What it answers is signed twice, response and assertion.
set -euo pipefail
action=$1 folder=$2
package=/var/lib/lemonldap-ng/conf/lmConf-1.json templates=/usr/share/lemonldap-ng/portal/templates
stop() {
	[ ! -e "$folder/pid" ] || kill "$(cat "$folder/pid")" 2>/dev/null || true
	rm -f "$folder/pid"
}
[ "$action" = start ] || { stop; exit 0; }
[ -r $package ] && [ -d $templates ] && command -v plackup >/dev/null && perl -MLasso -MXML::Simple -MIO::String -e1 2>/dev/null ||
	{ echo "there is no LemonLDAP::NG here" >&2; exit 3; }
mkdir -p "$folder"/{conf,lib,cache,sessions/lock,persistent/lock,saml/lock}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/idp.key" -out "$folder/idp.crt" -subj /CN=llng -days 30 2>"$folder/openssl"
theirs=$(grep -v -e ----- "$3" | tr -d '\n')
sp=https://sp.example/llng
cat >"$folder/sp.xml" <<END_OF_METADATA
<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="$sp">
<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>$theirs</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>$theirs</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$sp/logout"/>
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="$sp/acs" index="0" isDefault="true"/>
</md:SPSSODescriptor></md:EntityDescriptor>
END_OF_METADATA
# Its captcha wants picture libraries that nobody needs here; it is loaded whether it is used or not.
cat >"$folder/lib/NoCaptcha.pm" <<'END_OF_MODULE'
package NoCaptcha;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init { 1 }
sub init_captcha { 1 }
sub check_captcha { 1 }
1;
END_OF_MODULE
cat >"$folder/portal.psgi" <<'END_OF_PROGRAM'
use Plack::Builder;
use Lemonldap::NG::Portal::Main;
builder {
	mount '/static' => sub { [404, [], []] };
	mount '/' => Lemonldap::NG::Portal::Main->run({});
};
END_OF_PROGRAM
configure() { # configure PORT
	rm -rf "$folder/cache"
	mkdir "$folder/cache"
	cat >"$folder/lemonldap-ng.ini" <<END_OF_SETTINGS
[all]
logger = Lemonldap::NG::Common::Logger::Std
[configuration]
type = File
dirName = $folder/conf
localStorage = Cache::FileCache
localStorageOptions = {'namespace' => 'config', 'default_expires_in' => 600, 'directory_umask' => '077', 'cache_root' => '$folder/cache', 'cache_depth' => 3}
[portal]
templateDir = $templates
staticPrefix = /static
languages = en
END_OF_SETTINGS
	jq --arg url "http://127.0.0.1:$1/" --arg folder "$folder" --rawfile sp "$folder/sp.xml" --rawfile key "$folder/idp.key" --rawfile certificate "$folder/idp.crt" '
		. + {portal: $url, domain: "127.0.0.1", securedCookie: 0, authentication: "Demo", userDB: "Same", passwordDB: "Demo", registerDB: "Null",
		captcha: "NoCaptcha", issuerDBSAMLActivation: 1, issuerDBSAMLRule: 1, requireToken: 0, checkXSS: 0, cspFormAction: "*", skipRenewConfirmation: 1,
		portalDisplayRegister: 0, portalDisplayResetPassword: 0,
		globalStorage: "Apache::Session::File", globalStorageOptions: {Directory: ($folder + "/sessions"), LockDirectory: ($folder + "/sessions/lock")},
		persistentStorage: "Apache::Session::File", persistentStorageOptions: {Directory: ($folder + "/persistent"), LockDirectory: ($folder + "/persistent/lock")},
		localSessionStorage: "", samlServicePrivateKeySig: $key, samlServicePublicKeySig: $certificate, samlServiceUseCertificateInResponse: 1,
		samlServiceSignatureMethod: "RSA_SHA256", samlSPMetaDataXML: {sp: {samlSPMetaDataXML: $sp}},
		samlSPMetaDataOptions: {sp: {samlSPMetaDataOptionsNameIDFormat: "persistent", samlSPMetaDataOptionsNameIDSessionKey: "uid",
			samlSPMetaDataOptionsSignSSOMessage: 1, samlSPMetaDataOptionsCheckSSOMessageSignature: 1, samlSPMetaDataOptionsSignSLOMessage: 1,
			samlSPMetaDataOptionsCheckSLOMessageSignature: 1, samlSPMetaDataOptionsEncryptionMode: "none", samlSPMetaDataOptionsEnableIDPInitiatedURL: 1,
			samlSPMetaDataOptionsSignatureMethod: "RSA_SHA256"}},
		samlSPMetaDataExportedAttributes: {sp: {mail: "1;mail;urn:oasis:names:tc:SAML:2.0:attrname-format:basic;mail"}}}' $package >"$folder/conf/lmConf-1.json"
}
# As SimpleSAMLphp beside this: another port where one is taken, and a minute to answer on a busy machine.
for port in $(shuf -i 20000-32000 -n 8); do
	configure "$port"
	LLNG_DEFAULTCONFFILE=$folder/lemonldap-ng.ini setsid plackup -I"$folder/lib" -E production --host 127.0.0.1 --port "$port" "$folder/portal.psgi" >"$folder/log" 2>&1 </dev/null &
	echo $! >"$folder/pid"
	for _ in $(seq 600); do
		kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
		if curl -sf -o /dev/null "http://127.0.0.1:$port/saml/metadata" && kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
			printf 'LLNG_URL=http://127.0.0.1:%s\nLLNG_CERTIFICATE=%s\n' "$port" "$folder/idp.crt" >"$folder/env"
			exit 0
		fi
		sleep 0.1
	done
	stop
done
cat "$folder/log" >&2
exit 1
