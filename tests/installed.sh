#!/bin/sh
# What `make install` leaves behind, what it leaves alone, and what `make uninstall` takes away.  Usage: tests/installed.sh BUILD-FOLDER
cd "$1" || exit 2
top=$(mktemp -d) || exit 2
trap 'rm -rf "$top"' EXIT
conf=$(make -s --eval='print-conf: ; @echo $(confdir)' print-conf)/rosterd.conf
status=0

wrong() { echo "$*"; status=1; }
run() { make -s "$1" DESTDIR="$top" >"$top/log" 2>&1 || { cat "$top/log"; exit 1; }; }

run install
for wanted in sbin/rosterd bin/rosterctl rosterd/rosterd-connector rosterd/plugins/example.so rosterd/plugins/ldap.so rosterd/plugins/oidc.so rosterd/plugins/okta.so rosterd/plugins/saml.so rosterd/plugins/google.so rosterd/plugins/auth0.so \
	rosterd/schema/0001_core.sql rosterd/schema/roles.sql rosterd/connector.h rosterd/rosterd.conf \
	rosterd/orgs.d/acme.conf.sample man1/rosterctl.1 man5/rosterd.conf.5 man8/rosterd.8 bash-completion/completions/rosterctl \
	vendor-completions/_rosterctl vendor_completions.d/rosterctl.fish \
	systemd/system/rosterd.service systemd/system/rosterd-standalone.service systemd/system/rosterd.socket \
	systemd/system/rosterd-listen.socket sysusers.d/rosterd.conf tmpfiles.d/rosterd.conf \
	examples/nginx/rosterd.conf; do
	[ -n "$(find "$top" -path "*/$wanted")" ] || wrong "$wanted is not installed"
done

echo '# by hand' >>"$top$conf"
run install
tail -n 1 "$top$conf" | grep -q 'by hand' || wrong "a second installation overwrites $conf"
run uninstall
grep -q 'by hand' "$top$conf" || wrong "the removal takes away a configuration that somebody wrote"
left=$(find "$top" -type f ! -path "$top$conf" ! -path "$top/log")
[ -z "$left" ] || wrong "the removal leaves" $left
exit $status
