# What the flows with a real Active Directory share. Source it after flow.sh; without Samba, or not as root, the test is skipped.
#
#   ad_start [PEOPLE [GROUPS [OPTION ...]]]   starts one in $server, and learns SAMBA_...
#   ad_change LDIF                            changes it as its administrator
#   ad_bind ACCOUNT                           the words of a connection that signs in as that account, in the array ad_words
PATH=$PATH:/usr/sbin
[ "$(id -u)" = 0 ] && command -v samba samba-tool ldbadd ldapmodify >/dev/null || {
	echo "1..0 # SKIP there is no Samba (packages samba-ad-dc, samba-ad-provision, samba-dsdb-modules, ldb-tools, ldap-utils), or we are not root"
	exit 0
}
server=$flow_dir/ad

ad_start() {
	"$SRCDIR/tests/peers/samba.sh" start "$server" "$@" || { echo "Bail out! no Samba"; exit 1; }
	. "$server/env"
	(umask 077 && printf '%s' "$SAMBA_PASSWORD" >"$server/password")
}

ad_change() { printf '%s\n' "$1" | "$SRCDIR/tests/peers/samba.sh" modify "$server" >/dev/null; }

ad_bind() {
	ad_words=(--set url="$SAMBA_LDAPS" --set ca_certificate=@"$SAMBA_CA" --set bind_dn="$1" --secret bind_password=@"$server/password"
		--set user_base="$SAMBA_USER_BASE" --set group_base="$SAMBA_GROUP_BASE")
}

ad_end() {
	[ ! -e "$server/env" ] || "$SRCDIR/tests/peers/samba.sh" stop "$server"
	flow_end
}
trap ad_end EXIT
