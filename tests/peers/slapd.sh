#!/bin/sh
# A private OpenLDAP server with an organisation in it, for tests, benchmarks and the quick start.
#
#   slapd.sh start DIR [PEOPLE [GROUPS [OPTION ...]]]   makes DIR, fills it, starts; 10000 people and 200 groups by default
#   slapd.sh restart DIR [OPTION ...]                   the same data, with other options; without options as a plain start
#   slapd.sh refill DIR [OPTION ...]                    restart, with the directory made anew: the same people, other keys of branches
#   slapd.sh stop DIR                                   stops it; DIR stays and is yours to remove
#   slapd.sh freeze DIR, slapd.sh thaw DIR              it hangs, without answering anything more; it goes on
#   slapd.sh crash DIR                                  kills it without a warning; restart brings it back
#   slapd.sh modify DIR                                 applies LDIF from standard input (ldapmodify) as its administrator
#
# Options:
#   --seed N             another organisation (people.awk)
#   --certificate WHICH  good (the default), expired, future, other-host, self-signed
#   --size-limit N       the account that reads may see N entries
#   --hide PART          that account sees nothing below ou=PART (people, groups)
#   --hide-entries F     that account does not see the entries that filter F finds
#   --hide-attribute A   nor the values of attribute A
#   --no-tls             the server has no certificate
#   --no-syncprov        it tells nobody of changes (RFC 4533); by default it does
#   --sessionlog N       it remembers N changes for that; 10000 by default, 0: none
#   --checkpoint N       how many changes it may forget in a crash; 1 by default
#   --memberof-refint    it keeps groups whole when somebody is renamed or deleted, and memberOf with the people
#
# It listens on free ports of 127.0.0.1 and on a socket in DIR, which everybody may use. If root starts it, it runs as user
# openldap, unless that user cannot get to DIR. start and restart write DIR/env, which a shell can source:
#   SLAPD_LDAP, SLAPD_LDAPS, SLAPD_LDAPI   addresses
#   SLAPD_BASE, SLAPD_USER_BASE, SLAPD_GROUP_BASE
#   SLAPD_BIND_DN, SLAPD_BIND_PASSWORD     the account that reads
#   SLAPD_ADMIN_DN, SLAPD_ADMIN_PASSWORD   the account that writes
#   SLAPD_CA, SLAPD_OTHER_CA               the authority of the certificates, and one that has nothing to do with them
#   SLAPD_CLIENT_CERTIFICATE, SLAPD_CLIENT_KEY  a certificate that signs in as SLAPD_BIND_DN (SASL EXTERNAL), as do local users
#                                          on SLAPD_LDAPI
#   SLAPD_PEOPLE, SLAPD_GROUPS             how many there are; SLAPD_PID the process
# Environment: SLAPD, the program (default: slapd from PATH or /usr/sbin).
set -eu
umask 077
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin
base=dc=acme,dc=example
bind_dn=cn=sync,$base bind_password=sync-secret admin_dn=cn=admin,$base admin_password=admin-secret
seed=1 certificate=good size_limit=unlimited hide='' hide_entries='' hide_attribute='' tls=yes
syncprov=yes sessionlog=10000 checkpoint=1 refint=no

die() {
	echo "slapd.sh: $*" >&2
	exit 1
}

usage() {
	sed -n '2,26s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

read_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--no-tls) tls=no; shift; continue ;;
		--no-syncprov) syncprov=no; shift; continue ;;
		--memberof-refint) refint=yes; shift; continue ;;
		esac
		[ $# -ge 2 ] || die "option \"$1\" is unknown, or needs a value"
		case $1 in
		--seed) seed=$2 ;;
		--certificate) certificate=$2 ;;
		--size-limit) size_limit=$2 ;;
		--hide) hide=$2 ;;
		--hide-entries) hide_entries=$2 ;;
		--hide-attribute) hide_attribute=$2 ;;
		--sessionlog) sessionlog=$2 ;;
		--checkpoint) checkpoint=$2 ;;
		*) die "option \"$1\" is unknown" ;;
		esac
		shift 2
	done
}

# ---- certificates ---------------------------------------------------------------------------------------------------------------

make_authority() { # make_authority NAME TITLE
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/O=Acme/CN=$2" \
		-keyout "$dir/tls/$1.key" -out "$dir/tls/$1.pem" 2>/dev/null
}

sign() { # sign NAME SUBJECT FROM UNTIL NAMES...
	name=$1 subject=$2 from=$3 until=$4 names=$5
	printf 'subjectAltName=%s\n' "$names" >"$dir/tls/$name.ext"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$subject" -keyout "$dir/tls/$name.key" \
		-out "$dir/tls/$name.csr" 2>/dev/null
	openssl ca -batch -config "$dir/tls/ca.conf" -notext -startdate "$from" -enddate "$until" -extfile "$dir/tls/$name.ext" \
		-in "$dir/tls/$name.csr" -out "$dir/tls/$name.pem" 2>/dev/null || die "openssl cannot make certificate \"$name\""
}

make_certificates() {
	mkdir -p "$dir/tls/issued"
	: >"$dir/tls/index"
	cat >"$dir/tls/ca.conf" <<-END
		[ca]
		default_ca = here
		[here]
		database = $dir/tls/index
		new_certs_dir = $dir/tls/issued
		certificate = $dir/tls/ca.pem
		private_key = $dir/tls/ca.key
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		[any]
		organizationName = optional
		commonName = supplied
	END
	make_authority ca 'Acme test authority'
	make_authority other-ca 'Another authority'
	local_names=DNS:localhost,IP:127.0.0.1
	sign good /O=Acme/CN=localhost 20250101000000Z 20990101000000Z "$local_names"
	sign expired /O=Acme/CN=localhost 20200101000000Z 20200201000000Z "$local_names"
	sign future /O=Acme/CN=localhost 20900101000000Z 20990101000000Z "$local_names"
	sign other-host /O=Acme/CN=ldap.other.example 20250101000000Z 20990101000000Z DNS:ldap.other.example,DNS:ldap2.other.example
	sign client /O=Acme/CN=sync 20250101000000Z 20990101000000Z email:sync@acme.example
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /O=Acme/CN=localhost \
		-addext "subjectAltName=$local_names" -keyout "$dir/tls/self-signed.key" -out "$dir/tls/self-signed.pem" 2>/dev/null
}

# ---- configuration ----------------------------------------------------------------------------------------------------------------

access() {
	[ -z "$hide" ] || echo "access to dn.children=\"ou=$hide,$base\" by dn.exact=\"$bind_dn\" none by * none"
	[ -z "$hide_entries" ] || echo "access to filter=$hide_entries by dn.exact=\"$bind_dn\" none by * none"
	[ -z "$hide_attribute" ] || echo "access to attrs=$hide_attribute by dn.exact=\"$bind_dn\" none by * none"
	echo "access to attrs=userPassword by anonymous auth by * none"
	echo "access to * by dn.exact=\"$bind_dn\" read by * none"
}

overlays() {
	if [ $syncprov = yes ]; then
		printf 'overlay syncprov\nsyncprov-checkpoint %s 1\n' "$checkpoint"
		[ "$sessionlog" = 0 ] || echo "syncprov-sessionlog $sessionlog"
	fi
	[ $refint = no ] || printf 'overlay memberof\nmemberof-refint TRUE\noverlay refint\nrefint_attributes member\n'
}

configure() {
	cat >"$dir/slapd.conf" <<-END
		include /etc/ldap/schema/core.schema
		include /etc/ldap/schema/cosine.schema
		include /etc/ldap/schema/inetorgperson.schema
		include /etc/ldap/schema/nis.schema
		pidfile $dir/slapd.pid
		modulepath /usr/lib/ldap
		moduleload back_mdb
		moduleload syncprov
		moduleload memberof
		moduleload refint
		$([ $tls = no ] || printf 'TLSCACertificateFile %s\nTLSCertificateFile %s\nTLSCertificateKeyFile %s\nTLSVerifyClient try\n' \
			"$dir/tls/ca.pem" "$dir/tls/$certificate.pem" "$dir/tls/$certificate.key")
		authz-regexp "cn=sync,o=acme" "$bind_dn"
		authz-regexp "gidNumber=[0-9]+\\\\+uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth" "$bind_dn"
		database mdb
		suffix $base
		rootdn $admin_dn
		rootpw $admin_password
		directory $dir/db
		limits dn.exact="$bind_dn" size=$size_limit size.prtotal=$size_limit time=unlimited
		maxsize 8589934592
		dbnosync
		index objectClass,uid,mail,member,entryUUID,entryCSN,modifyTimestamp eq
		$(access)
		$(overlays)
	END
}

fill() {
	mkdir -p "$dir/db"
	awk -v people="$people" -v groups="$groups" -v seed="$seed" -v base="$base" -v password="$bind_password" \
		-f "$here/people.awk" >"$dir/people.ldif"
	"$program" -T add -q -f "$dir/slapd.conf" -l "$dir/people.ldif" 2>"$dir/slapadd.log" || {
		tail -n 5 "$dir/slapadd.log" >&2
		die "slapadd could not load $dir/people.ldif"
	}
}

# ---- running ----------------------------------------------------------------------------------------------------------------------

# Root gives the server its own user, if that user can get to the directory.
has_own_user() {
	[ "$(id -u)" = 0 ] && id openldap >/dev/null 2>&1 &&
		setpriv --reuid=openldap --regid=openldap --clear-groups test -x "${dir%/*}/." 2>/dev/null
}

# AppArmor confines /usr/sbin/slapd to the system's own directory; a copy elsewhere is free.
find_program() {
	program=${SLAPD:-$(command -v slapd || true)}
	[ -n "$program" ] || die 'there is no slapd; install the packages "slapd" and "ldap-utils"'
	if [ -e /etc/apparmor.d/usr.sbin.slapd ] && [ -e /sys/kernel/security/apparmor/profiles ]; then
		[ -x "$dir/slapd" ] || cp "$program" "$dir/slapd"
		chmod 755 "$dir/slapd"
		program=$dir/slapd
	fi
}

free_port() {
	echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
}

launch() { # launch LDAP_PORT LDAPS_PORT
	as_user=''
	if has_own_user; then
		chown -R openldap:openldap "$dir"
		as_user='-u openldap -g openldap'
	fi
	socket=$(printf '%s' "$dir/ldapi" | sed 's|/|%2F|g')
	urls="ldap://127.0.0.1:$1/ ldapi://$socket/????x-mod=-rwxrwxrwx"
	[ $tls = no ] || urls="$urls ldaps://127.0.0.1:$2/"
	# shellcheck disable=SC2086 # two words or none
	"$program" -h "$urls" -f "$dir/slapd.conf" $as_user -d 0 </dev/null >>"$dir/slapd.log" 2>&1 &
	pid=$!
}

answers() {
	ldapsearch -x -LLL -o nettimeout=2 -H "ldap://127.0.0.1:$1/" -b '' -s base 1.1 >/dev/null 2>&1
}

# A port may be taken between its choice and its use, so a start that fails is tried with others.
launch_somewhere() {
	for _ in 1 2 3 4 5 6 7 8; do
		ldap_port=${1:-$(free_port)} ldaps_port=${2:-$(free_port)}
		launch "$ldap_port" "$ldaps_port"
		for _ in $(seq 40); do
			alive "$pid" || break
			if answers "$ldap_port" && alive "$pid"; then return 0; fi
			sleep 0.05
		done
		kill "$pid" 2>/dev/null || true
		[ -z "${1:-}" ] || sleep 0.3
	done
	tail -n 5 "$dir/slapd.log" >&2
	die "slapd does not start, see $dir/slapd.log"
}

write_env() {
	cat >"$dir/env.new" <<-END
		SLAPD_LDAP=ldap://127.0.0.1:$ldap_port
		SLAPD_LDAPS=ldaps://127.0.0.1:$ldaps_port
		SLAPD_LDAPI=ldapi://$socket
		SLAPD_BASE=$base
		SLAPD_USER_BASE=ou=people,$base
		SLAPD_GROUP_BASE=ou=groups,$base
		SLAPD_BIND_DN=$bind_dn
		SLAPD_BIND_PASSWORD=$bind_password
		SLAPD_ADMIN_DN=$admin_dn
		SLAPD_ADMIN_PASSWORD=$admin_password
		SLAPD_CA=$dir/tls/ca.pem
		SLAPD_OTHER_CA=$dir/tls/other-ca.pem
		SLAPD_CLIENT_CERTIFICATE=$dir/tls/client.pem
		SLAPD_CLIENT_KEY=$dir/tls/client.key
		SLAPD_PEOPLE=$people
		SLAPD_GROUPS=$groups
		SLAPD_PID=$pid
	END
	mv "$dir/env.new" "$dir/env"
}

# Whoever comes to the server needs its certificates and its socket, and nothing else.
open_doors() {
	chmod 755 "$dir" "$dir/tls"
	chmod 644 "$dir/tls/ca.pem" "$dir/tls/other-ca.pem"
}

start() {
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	shift
	[ ! -e "$dir/env" ] || die "$dir is in use; stop it and remove it, or name another"
	[ ${#dir} -lt 90 ] || die "$dir is too long a name for a socket in it"
	people=10000 groups=200
	case ${1:-} in [0-9]*) people=$1; shift ;; esac
	case ${1:-} in [0-9]*) groups=$1; shift ;; esac
	read_options "$@"
	find_program
	make_certificates
	configure
	fill
	launch_somewhere
	write_env
	open_doors
}

# A process that has ended and that nobody has asked about is not alive.
alive() {
	kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

end() { # ends the server of the directory, if it runs
	pid=$SLAPD_PID
	kill -CONT "$pid" 2>/dev/null || true
	kill "$pid" 2>/dev/null || true
	for _ in $(seq 40); do
		alive "$pid" || return 0
		sleep 0.05
	done
	kill -9 "$pid" 2>/dev/null || true
}

crash() {
	kill -9 "$SLAPD_PID"
	for _ in $(seq 100); do
		alive "$SLAPD_PID" || return 0
		sleep 0.05
	done
	die "process $SLAPD_PID does not end"
}

# kill(2) returns before every thread has stopped, and one that has not may answer yet.
freeze() {
	kill -STOP "$SLAPD_PID"
	for _ in $(seq 200); do
		grep -L '^State:[[:space:]]*T' "/proc/$SLAPD_PID"/task/*/status | grep -q . || return 0
		sleep 0.05
	done
	die "process $SLAPD_PID does not stop"
}

restart() {
	read_options "$@"
	find_program
	end
	people=$SLAPD_PEOPLE groups=$SLAPD_GROUPS
	configure
	launch_somewhere "${SLAPD_LDAP##*:}" "${SLAPD_LDAPS##*:}"
	write_env
}

refill() {
	read_options "$@"
	find_program
	end
	people=$SLAPD_PEOPLE groups=$SLAPD_GROUPS
	rm -rf "$dir/db"
	configure
	fill
	launch_somewhere "${SLAPD_LDAP##*:}" "${SLAPD_LDAPS##*:}"
	write_env
}

[ $# -ge 2 ] || usage
command=$1
case $command in
start)
	shift
	start "$@"
	;;
restart | refill | stop | crash | freeze | thaw | modify)
	[ -e "$2/env" ] || die "$2 was not made by start"
	dir=$(cd "$2" && pwd)
	# shellcheck disable=SC1091
	. "$dir/env"
	shift 2
	case $command in
	restart) restart "$@" ;;
	refill) refill "$@" ;;
	stop) end ;;
	crash) crash ;;
	freeze) freeze ;;
	thaw) kill -CONT "$SLAPD_PID" ;;
	modify) ldapmodify -x -H "$SLAPD_LDAP" -D "$SLAPD_ADMIN_DN" -w "$SLAPD_ADMIN_PASSWORD" ;;
	esac
	;;
*) usage ;;
esac
