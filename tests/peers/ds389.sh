#!/bin/sh
# A private 389 Directory Server with an organisation in it, for tests.
#
#   ds389.sh start DIR [PEOPLE [GROUPS]]    makes DIR, fills it, starts; 300 people and 20 groups by default
#   ds389.sh restart DIR                    ends it and starts it again with the same data
#   ds389.sh crash DIR                      kills it without a warning
#   ds389.sh stop DIR                       stops it; DIR stays and is yours to remove
#   ds389.sh modify DIR                     applies LDIF from standard input (ldapmodify) as its administrator
#
# Groups have no members in other spellings than those of their entries (people.awk): this server takes them for no names.
#
# It listens on a free port of 127.0.0.1, has no certificate, keeps a retro changelog, and has the plug-ins for content synchronisation
# and for references that stay whole (referential integrity is off). start and restart write DIR/env with the names that slapd.sh uses:
#   SLAPD_LDAP, SLAPD_BASE, SLAPD_USER_BASE, SLAPD_GROUP_BASE, SLAPD_BIND_DN, SLAPD_BIND_PASSWORD, SLAPD_ADMIN_DN, SLAPD_ADMIN_PASSWORD,
#   SLAPD_PEOPLE, SLAPD_GROUPS, SLAPD_PID
# It runs without systemd, as root alone (its installer wants that): packages 389-ds-base, python3-lib389, ldap-utils.
set -eu
umask 077
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin
base=dc=acme,dc=example
bind_dn=cn=sync,$base bind_password=sync-secret admin_dn='cn=Directory Manager' admin_password=admin-secret

die() {
	echo "ds389.sh: $*" >&2
	exit 1
}

# The installer's paths, all of them below DIR.
make_defaults() {
	mkdir -p "$dir/share/dirsrv/inf" "$dir/etc" "$dir/tmp" "$dir/var/lib/dirsrv" "$dir/var/log/dirsrv" "$dir/run/dirsrv" "$dir/run/lock/dirsrv" \
		"$dir/shm" "$dir/lib/dirsrv" "$dir/etc/default" "$dir/etc/tmpfiles.d"
	cp -r /etc/dirsrv "$dir/etc/dirsrv"
	sed -e 's|^with_systemd = .*|with_systemd = 0|' -e 's|^user = .*|user = root|' -e 's|^group = .*|group = root|' \
		-e "s|= /etc/|= $dir/etc/|" -e "s|= /etc$|= $dir/etc|" -e "s|= /var/|= $dir/var/|" -e "s|= /var$|= $dir/var|" -e "s|= /run/|= $dir/run/|" \
		-e "s|= /tmp$|= $dir/tmp|" -e "s|= /dev/shm/|= $dir/shm/|" -e "s|^inst_dir = .*|inst_dir = $dir/lib/dirsrv/slapd-{instance_name}|" \
		/usr/share/dirsrv/inf/defaults.inf >"$dir/share/dirsrv/inf/defaults.inf"
}

create() {
	cat >"$dir/inf" <<-END
		[general]
		full_machine_name = localhost
		start = False
		systemd = False
		selinux = False
		strict_host_checking = False
		defaults = 999999999
		[slapd]
		instance_name = test
		port = $port
		secure_port = $((port + 1))
		root_password = $admin_password
		self_sign_cert = False
		user = root
		group = root
		[backend-userroot]
		suffix = $base
		sample_entries = no
		create_suffix_entry = False
	END
	PREFIX=$dir dscreate from-file "$dir/inf" >"$dir/dscreate.log" 2>&1 || {
		tail -n 5 "$dir/dscreate.log" >&2
		die "dscreate fails, see $dir/dscreate.log"
	}
	conf=$dir/etc/dirsrv/slapd-test
}

# The stopped server's configuration: no limits for whoever reads, a change log, and content synchronisation.
configure() {
	awk -v port="$port" '
		/^dn: / { section = $0 }
		/^nsslapd-port:|^nsslapd-listenhost:|^nsslapd-sizelimit:|^nsslapd-ldapilisten:|^nsslapd-lookthroughlimit:|^nsslapd-idlistscanlimit:|^nsslapd-require-secure-binds:/ { next }
		section ~ /^dn: cn=(Retro Changelog Plugin|Content Synchronization|MemberOf Plugin),/ && /^nsslapd-pluginEnabled:/ { print "nsslapd-pluginEnabled: on"; next }
		section == "dn: cn=Retro Changelog Plugin,cn=plugins,cn=config" && /^nsslapd-attribute:/ { next }
		{ print }
		/^dn: cn=config$/ { print "nsslapd-port: " port "\nnsslapd-listenhost: 127.0.0.1\nnsslapd-sizelimit: -1\nnsslapd-ldapilisten: off" }
		/^dn: cn=Retro Changelog Plugin,cn=plugins,cn=config$/ { print "nsslapd-attribute: nsuniqueid:targetUniqueId" }
		/^dn: cn=config,cn=ldbm database,cn=plugins,cn=config$/ { print "nsslapd-lookthroughlimit: -1\nnsslapd-idlistscanlimit: 2147483646" }
	' "$conf/dse.ldif" >"$conf/dse.new"
	mv "$conf/dse.new" "$conf/dse.ldif"
}

fill() {
	{
		printf 'version: 1\n\n'
		awk -v people="$people" -v groups="$groups" -v seed=1 -v base="$base" -v password="$bind_password" -f "$here/people.awk" | awk -v base="$base" '
			/^entryUUID:/ || /^member:: / || (/^member: / && !/^member: (uid=u|cn=team)/) { next }
			{ print }
			$0 == "dn: " base {
				print "aci: (targetattr=\"*\")(version 3.0; acl \"sync\"; allow (read, search, compare) userdn=\"ldap:///cn=sync," base "\";)" }'
	} >"$dir/people.ldif"
	ns-slapd ldif2db -D "$conf" -n userroot -i "$dir/people.ldif" >"$dir/import.log" 2>&1 || {
		tail -n 5 "$dir/import.log" >&2
		die "ns-slapd cannot import $dir/people.ldif"
	}
}

alive() {
	kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

launch() {
	# Soon after another one it ends without a word: its files, or its port, are not free yet.
	for try in 1 2 3 4 5 6 7 8 9 10; do
		[ "$try" = 1 ] || sleep 1
		ns-slapd -D "$conf" -i "$dir/ns-slapd.pid" -d 0 </dev/null >>"$dir/ns-slapd.log" 2>&1 &
		pid=$!
		for _ in $(seq 300); do
			alive "$pid" || break
			if ldapsearch -x -LLL -o nettimeout=2 -H "ldap://127.0.0.1:$port/" -b '' -s base 1.1 >/dev/null 2>&1; then
				write_env
				return 0
			fi
			sleep 0.1
		done
		kill -9 "$pid" 2>/dev/null || true
	done
	tail -n 5 "$dir/ns-slapd.log" >&2
	die "ns-slapd does not start, see $dir/ns-slapd.log"
}

write_env() {
	cat >"$dir/env.new" <<-END
		SLAPD_LDAP=ldap://127.0.0.1:$port
		SLAPD_BASE=$base
		SLAPD_USER_BASE=ou=people,$base
		SLAPD_GROUP_BASE=ou=groups,$base
		SLAPD_BIND_DN=$bind_dn
		SLAPD_BIND_PASSWORD=$bind_password
		SLAPD_ADMIN_DN='$admin_dn'
		SLAPD_ADMIN_PASSWORD=$admin_password
		SLAPD_PEOPLE=$people
		SLAPD_GROUPS=$groups
		SLAPD_PID=$pid
	END
	mv "$dir/env.new" "$dir/env"
}

end() { # end SIGNAL
	kill "$1" "$SLAPD_PID" 2>/dev/null || true
	for _ in $(seq 200); do
		alive "$SLAPD_PID" || return 0
		sleep 0.1
	done
	kill -9 "$SLAPD_PID" 2>/dev/null || true
}

start() {
	[ "$(id -u)" = 0 ] || die 'only root can start it'
	command -v dscreate >/dev/null && command -v ns-slapd >/dev/null || die 'there is no 389-ds; install "389-ds-base" and "python3-lib389"'
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	[ ! -e "$dir/env" ] || die "$dir is in use; stop it and remove it, or name another"
	people=${2:-300} groups=${3:-20}
	port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
	make_defaults
	create
	configure
	fill
	launch
}

[ $# -ge 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
command=$1
case $command in
start)
	shift
	start "$@"
	;;
restart | crash | stop | modify)
	[ -e "$2/env" ] || die "$2 was not made by start"
	dir=$(cd "$2" && pwd)
	conf=$dir/etc/dirsrv/slapd-test
	# shellcheck disable=SC1091
	. "$dir/env"
	people=$SLAPD_PEOPLE groups=$SLAPD_GROUPS port=${SLAPD_LDAP##*:}
	case $command in
	restart) end -TERM; launch ;;
	crash) end -9 ;;
	stop) end -TERM ;;
	modify) ldapmodify -x -H "$SLAPD_LDAP" -D "$SLAPD_ADMIN_DN" -w "$SLAPD_ADMIN_PASSWORD" ;;
	esac
	;;
*) die "command \"$command\" is unknown" ;;
esac
