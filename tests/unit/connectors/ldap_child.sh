#!/bin/sh
# The LDAP plug-in in the confined child, through the wire: it must need nothing there that the child may not have.
# shellcheck disable=SC1091
. "$SRCDIR/tests/tap.sh"
PATH=$PATH:/usr/sbin
command -v slapd >/dev/null && command -v ldapsearch >/dev/null || {
	echo "1..0 # SKIP there is no slapd (packages slapd, ldap-utils)"
	exit 0
}
work=$(mktemp -d)
chmod 755 "$work"
trap 'sh "$SRCDIR/tests/peers/slapd.sh" stop "$work/slapd"; rm -rf "$work"' EXIT
sh "$SRCDIR/tests/peers/slapd.sh" start "$work/slapd" 1500 20 >&2 || exit 1
. "$work/slapd/env"

drain() { # drain SETTING ...
	"$BUILDDIR/tests/bench/drain" ldap user_base="$SLAPD_USER_BASE" group_base="$SLAPD_GROUP_BASE" "$@" 2>&1
}
with_password() {
	drain bind_dn="$SLAPD_BIND_DN" bind_password="$SLAPD_BIND_PASSWORD" ca_certificate=@"$SLAPD_CA" "$@"
}

whole='^people 1500 groups 20 memberships [0-9]+ refused 0 pages 3 .* whole: result 0 on every base'
like "StartTLS" "$(with_password url="$SLAPD_LDAP")" "$whole"
like "ldaps" "$(with_password url="$SLAPD_LDAPS")" "$whole"
like "the second server, when the first is down" "$(with_password url="ldaps://127.0.0.1:1 $SLAPD_LDAPS" | tail -n 1)" "$whole"
like "two servers that are down" "$(with_password url="ldaps://127.0.0.1:1 ldaps://127.0.0.1:2")" 'could not connect to 127.0.0.1 port 2'
like "a local socket" "$(drain url="$SLAPD_LDAPI" bind=external)" "$whole"
like "a client certificate" "$(drain url="$SLAPD_LDAPS" bind=external ca_certificate=@"$SLAPD_CA" \
	client_certificate=@"$SLAPD_CLIENT_CERTIFICATE" client_key=@"$SLAPD_CLIENT_KEY")" "$whole"
like "an authority that the system does not know" "$(drain url="$SLAPD_LDAPS" bind_dn="$SLAPD_BIND_DN" \
	bind_password="$SLAPD_BIND_PASSWORD")" 'unknown issuer "O = Acme, CN = Acme test authority"'
like "another authority" "$(drain url="$SLAPD_LDAPS" ca_certificate=@"$SLAPD_OTHER_CA" bind_dn="$SLAPD_BIND_DN" \
	bind_password="$SLAPD_BIND_PASSWORD")" 'unknown issuer "O = Acme, CN = Acme test authority"'
like "a wrong password" "$(drain url="$SLAPD_LDAPS" ca_certificate=@"$SLAPD_CA" bind_dn="$SLAPD_BIND_DN" bind_password=wrong)" \
	'invalid credentials \(49\)'
sh "$SRCDIR/tests/peers/slapd.sh" restart "$work/slapd" --certificate expired >&2
. "$work/slapd/env"
like "an expired certificate" "$(with_password url="$SLAPD_LDAPS")" 'expired on 2020-02-01 00:00:00 UTC, it is 20'
sh "$SRCDIR/tests/peers/slapd.sh" freeze "$work/slapd"
like "a frozen server" "$(with_password url="$SLAPD_LDAPS" timeout=1s)" 'no answer for 1 s while agreeing on TLS'
sh "$SRCDIR/tests/peers/slapd.sh" thaw "$work/slapd"
done_testing
