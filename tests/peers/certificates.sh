#!/bin/sh
# A certificate authority and a server's certificate, for tests of servers that are not LDAP's.
#
#   certificates.sh DIR NAME   makes DIR/ca.pem, DIR/other-ca.pem (which signed nothing), DIR/server.pem and DIR/server.key,
#                              the latter for the host NAME; the key may be read by its owner alone
set -eu
dir=$1 name=$2
umask 077
mkdir -p "$dir"
quiet() { "$@" >"$dir/openssl.log" 2>&1 || { cat "$dir/openssl.log" >&2; exit 1; }; }
for authority in ca other-ca; do
	quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$authority" \
		-keyout "$dir/$authority.key" -out "$dir/$authority.pem"
done
quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$dir/server.key" -out "$dir/server.csr"
printf 'subjectAltName = DNS:%s\n' "$name" >"$dir/extensions"
quiet openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 2 -extfile "$dir/extensions" -out "$dir/server.pem"
chmod 755 "$dir"
chmod 644 "$dir"/*.pem
