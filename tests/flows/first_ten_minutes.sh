#!/bin/bash
# docs/first-ten-minutes.md is true: its commands, on a real OpenLDAP, print what it says. What only an installed package can
# show (apt, systemctl) is left to tests/package.sh.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
. "$SRCDIR/tests/transcript.sh"

flow_start
server_start 1 1
server_change "$(cat "$SRCDIR/tests/flows/first_ten_minutes.ldif")"
mkdir "$flow_dir/bin" "$flow_dir/home"
printf '#!/bin/sh\nexec "%s" --socket "%s" "$@"\n' "$BUILDDIR/rosterctl/rosterctl" "$socket" >"$flow_dir/bin/rosterctl"
chmod +x "$flow_dir/bin/rosterctl"
cp "$SLAPD_CA" "$flow_dir/home/acme-ca.pem"
cp "$server/password" "$flow_dir/home/reader.password"

# The directory of the document is the one that was just started; a change of "yours" is made here as its administrator.
here() {
	(cd "$flow_dir/home" && PATH=$flow_dir/bin:$PATH LC_ALL=C.UTF-8 bash -c "${1//ldap:\/\/ldap.acme.example/$SLAPD_LDAP}") |
		sed "s|$SLAPD_LDAP|ldap://ldap.acme.example|g"
}
run() {
	case $1 in
	'# Bob leaves') server_change 'dn: uid=bob,ou=staff,dc=acme,dc=example
changetype: delete' ;;
	*) here "$1" ;;
	esac
}

transcript "$SRCDIR/docs/first-ten-minutes.md" run
ok "there was something to run" test "$tap_count" -ge 10
flow_kill TERM
is "the daemon ends in order" "$flow_status" 0
[ "$flow_status" = 0 ] || diag "$(tail -n 40 "$flow_dir/log")"
done_testing
