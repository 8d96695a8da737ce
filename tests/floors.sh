#!/bin/sh
# Holds the house to its floors: includes run down the stairs, never up, never along a landing, and never in a ring;
# a plug-in sees connector.h, connectors/common and base, nothing else.  Usage: tests/floors.sh [top folder]
cd "${1:-$(dirname "$0")/..}" || exit 2
status=0

floor() {
	case $1 in
	base) echo 1 ;;
	store | http) echo 2 ;;
	roster) echo 3 ;;
	access | plugin | provision) echo 4 ;;
	doctor | endpoints | sync | deliver) echo 5 ;;
	.) echo 6 ;;
	*) echo "unknown folder: $1" >&2; echo 0 ;;
	esac
}

pairs=$(cd daemon && grep -rHo --include='*.[ch]' '^#include "[a-z_/]*\.h"' . |
	sed 's|^\./||; s|\.[ch]:#include "| |; s|\.h"$||' | grep -v ' platform$' | awk '$1 != $2' | sort -u)
bad=$(echo "$pairs" | while read -r from to; do
	a=$(dirname "$from"); b=$(dirname "$to")
	case $to in connector) [ "$a" = plugin ] && continue ;; esac
	[ "$a" = "$b" ] || [ "$(floor "$b")" -lt "$(floor "$a")" ] || echo "daemon/$from may not include $to"
done)
[ -z "$bad" ] || { echo "$bad"; status=1; }
echo "$pairs" | tsort >/dev/null || { echo "daemon: includes form a ring"; status=1; }

# A plug-in: its own folder, connector.h, common and base. The child alone also reads the frames of the wire.
bad=$(grep -rHo --include='*.[ch]' '^#include "[a-z_/]*\.h"' connectors | sed 's|:#include "| |; s|"$||' |
	while read -r from to; do
		own=$(echo "$from" | cut -d/ -f2)
		case $to in
		platform.h | connector.h | common/* | base/*) ;;
		plugin/wire.h) [ "$own" = host ] || echo "$from may not include $to" ;;
		"$own"/* | */*) case $to in "$own"/*) ;; *) echo "$from may not include $to" ;; esac ;;
		*) [ -e "$(dirname "$from")/$to" ] || echo "$from may not include $to" ;;
		esac
	done)
[ -z "$bad" ] || { echo "$bad"; status=1; }

# One library, one room.
only() { # only PATTERN ROOM...: the headers matching PATTERN are included in these places alone
	pattern=$1; shift
	found=$(grep -rlE --include='*.[ch]' "^#include <($pattern)" daemon connectors rosterctl)
	for room in "$@"; do found=$(echo "$found" | grep -v "^$room"); done
	[ -z "$found" ] || { echo "<$pattern> belongs to $*, not to" $found; status=1; }
}
only 'libpq|postgres' daemon/store/
only 'microhttpd' daemon/http/
only 'jansson|yajl' daemon/base/json
only 'sodium' daemon/base/
only 'openssl/evp|openssl/sha' daemon/base/crypt connectors/common/sign connectors/saml/
only 'openssl/x509|openssl/pem' daemon/base/certificate connectors/ldap/ connectors/common/sign connectors/saml/keys
only 'ldap\.h|lber\.h' connectors/ldap/
only 'cjose' connectors/common/jws daemon/base/jose
only 'libxml' connectors/saml/
only 'zlib' connectors/saml/inflate
only 'lasso|xmlsec|glib' connectors/saml/second
only 'curl' connectors/common/ rosterctl/
only 'confuse|ucl' daemon/syntax
exit $status
