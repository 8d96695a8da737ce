#!/bin/bash
# A SimpleSAMLphp as provider, from Debian's package, in PHP's own server on a free port of 127.0.0.1.
#
#   simplesamlphp.sh start FOLDER SP-CERTIFICATE   writes FOLDER/env: SSP_URL, SSP_CERTIFICATE; user "alice", password "alicepass"
#   simplesamlphp.sh stop FOLDER
#
# One service provider for each way of signing and encrypting: https://sp.example/{assertion,response,both,encrypted,encrypted-response};
# requests of "assertion" must be signed.
set -euo pipefail
action=$1 folder=$2
program=/usr/share/simplesamlphp/www
stop() {
	[ ! -e "$folder/pid" ] || kill "$(cat "$folder/pid")" 2>/dev/null || true
	rm -f "$folder/pid"
}
[ "$action" = start ] || { stop; exit 0; }
[ -d $program ] || { echo "there is no SimpleSAMLphp here" >&2; exit 3; }
mkdir -p "$folder"/{config,cert,log,data,tmp,metadata,sessions}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/cert/idp.pem" -out "$folder/cert/idp.crt" -subj /CN=idp -days 30 2>"$folder/log/openssl"
theirs=$(grep -v -e ----- "$3" | tr -d '\n')
configure() { # configure PORT
	cat >"$folder/config/config.php" <<END
<?php
\$config = [
	'baseurlpath' => 'http://127.0.0.1:$1/', 'certdir' => '$folder/cert/', 'loggingdir' => '$folder/log/', 'datadir' => '$folder/data/',
	'tempdir' => '$folder/tmp', 'metadatadir' => '$folder/metadata', 'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
	'secretsalt' => 'a salt of tests', 'auth.adminpassword' => 'nobody-$RANDOM$RANDOM', 'technicalcontact_email' => 'na@example.org',
	'enable.saml20-idp' => true, 'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
	'session.cookie.secure' => false, 'session.cookie.samesite' => null, 'language.cookie.secure' => false, 'language.cookie.samesite' => null,
	'store.type' => 'phpsession', 'session.phpsession.savepath' => '$folder/sessions', 'trusted.url.domains' => ['127.0.0.1'],
	'metadata.sources' => [['type' => 'flatfile']], 'authproc.idp' => [], 'logging.handler' => 'file', 'errorreporting' => false,
	'timezone' => 'UTC',
];
END
}
cat >"$folder/config/authsources.php" <<'END'
<?php
$config = ['users' => ['exampleauth:UserPass', 'alice:alicepass' => [
	'uid' => ['alice'], 'mail' => ['alice@acme.example'], 'groups' => ['eng', 'R&D'], 'displayName' => ['Alice <b>"Ä"']]]];
END
cat >"$folder/metadata/saml20-idp-hosted.php" <<'END'
<?php
$b = ['urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'];
$metadata['__DYNAMIC:1__'] = ['host' => '__DEFAULT__', 'privatekey' => 'idp.pem', 'certificate' => 'idp.crt', 'auth' => 'users',
	'SingleSignOnServiceBinding' => $b, 'SingleLogoutServiceBinding' => $b];
END
cat >"$folder/metadata/saml20-sp-remote.php" <<END
<?php
foreach (['assertion' => [false, true, false], 'response' => [true, false, false], 'both' => [true, true, false], 'encrypted' => [false, true, true],
	'encrypted-response' => [true, true, true]] as \$name => \$how)
	\$metadata["https://sp.example/\$name"] = ['AssertionConsumerService' => "https://sp.example/\$name/acs", 'saml20.sign.response' => \$how[0],
		'saml20.sign.assertion' => \$how[1], 'assertion.encryption' => \$how[2], 'validate.authnrequest' => \$name === 'assertion',
		'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
		'keys' => [['type' => 'X509Certificate', 'signing' => true, 'encryption' => true, 'X509Certificate' => '$theirs']],
		'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid',
			'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']]];
END
# A port may be taken between its choice and its use, so a server that ends at once is started anew with another; one that lives has a minute to answer
# on a busy machine. Metadata that a test adds count at once: no opcache, which looks at a file every two seconds.
for port in $(shuf -i 20000-32000 -n 8); do
	configure "$port"
	SIMPLESAMLPHP_CONFIG_DIR=$folder/config setsid php -d display_errors=0 -d opcache.enable=0 -S "127.0.0.1:$port" -t $program >"$folder/log/php" 2>&1 </dev/null &
	echo $! >"$folder/pid"
	for _ in $(seq 600); do
		kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
		if curl -sf -o /dev/null "http://127.0.0.1:$port/saml2/idp/metadata.php" && kill -0 "$(cat "$folder/pid")" 2>/dev/null; then
			printf 'SSP_URL=http://127.0.0.1:%s\nSSP_CERTIFICATE=%s\n' "$port" "$folder/cert/idp.crt" >"$folder/env"
			exit 0
		fi
		sleep 0.1
	done
	stop
done
cat "$folder/log/php" >&2
exit 1
