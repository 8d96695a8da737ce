# What the flows with a real LDAP server share. Source it after flow.sh; without a slapd the test is skipped.
#
#   server_start [PEOPLE [GROUPS [OPTION ...]]]   starts one in $server, and learns SLAPD_...
#   server_again [OPTION ...]                     the same data and addresses, with these options alone
#   server_change LDIF                            changes it as its administrator
PATH=$PATH:/usr/sbin
command -v slapd >/dev/null && command -v ldapmodify >/dev/null || {
	echo "1..0 # SKIP there is no slapd (packages slapd, ldap-utils)"
	exit 0
}
server=$flow_dir/ldap

server_start() {
	"$SRCDIR/tests/peers/slapd.sh" start "$server" "$@" || { echo "Bail out! no slapd"; exit 1; }
	. "$server/env"
	(umask 077 && printf '%s' "$SLAPD_BIND_PASSWORD" >"$server/password")
}

server_again() { "$SRCDIR/tests/peers/slapd.sh" restart "$server" "$@" && . "$server/env"; }
server_change() { printf '%s\n' "$1" | "$SRCDIR/tests/peers/slapd.sh" modify "$server" >/dev/null; }

server_end() {
	[ ! -e "$server/env" ] || "$SRCDIR/tests/peers/slapd.sh" stop "$server"
	flow_end
}
trap server_end EXIT
