#!/bin/sh
# A private Active Directory domain controller (Samba) with an organisation in it, for tests. Root alone can run it: Active
# Directory's ports are below 1024. Several run side by side, each at an address of its own in 127.0.0.0/8.
#
#   samba.sh start DIR [PEOPLE [GROUPS [OPTION ...]]]   makes DIR, fills it, starts; 60 people and 8 groups by default
#   samba.sh restart DIR                                the same data at the same address
#   samba.sh renew DIR                                  the same, as a controller whose database came from elsewhere (another
#                                                       invocationId), as after a restore or a fail-over
#   samba.sh stop DIR                                   stops it; DIR stays and is yours to remove
#   samba.sh freeze DIR, samba.sh thaw DIR              it hangs, without answering anything more; it goes on
#   samba.sh modify DIR                                 applies LDIF from standard input (ldapmodify) as its administrator
#   samba.sh revoke DIR                                 nobody but administrators may replicate or see what was deleted any more
#   samba.sh hide DIR DN                                the four accounts may not see that entry, and what is below it, any more
#
# Options:
#   --plain yes          simple binds without TLS are allowed (default: no, as Active Directory has it)
#
# People are CN=User NNNN,OU=people; user name uNNNN, address uNNNN@acme.example; every tenth is disabled. Groups are
# CN=group-N,OU=groups; each person is in one, and group N+1 is in group N. start and restart write DIR/env:
#   SAMBA_LDAP, SAMBA_LDAPS            addresses
#   SAMBA_BASE, SAMBA_USER_BASE, SAMBA_GROUP_BASE
#   SAMBA_REPLICATE, SAMBA_DELETED, SAMBA_BOTH, SAMBA_PLAIN  accounts by user principal name: they may replicate, see deleted entries,
#                                      both, or neither
#   SAMBA_PASSWORD                     the password of all four
#   SAMBA_ADMIN, SAMBA_ADMIN_PASSWORD  the account that writes
#   SAMBA_CA                           the server's certificate, which nobody else has signed
#   SAMBA_PEOPLE, SAMBA_GROUPS         how many there are; SAMBA_PID the process
set -eu
umask 077
export LC_ALL=C
unset LDAPNOINIT # which the plug-in sets in a program that tests it, and which would hide our authority
PATH=$PATH:/usr/sbin
base=DC=acme,DC=example admin=Administrator@acme.example admin_password=Admin-secret.1 password=Sync-secret.1
plain=no

die() {
	echo "samba.sh: $*" >&2
	exit 1
}

usage() {
	sed -n '2,30s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

find_programs() {
	[ "$(id -u)" = 0 ] || die 'only root can serve the ports of Active Directory'
	for program in samba samba-tool ldbadd ldbmodify ldbsearch ldapmodify openssl; do
		command -v $program >/dev/null ||
			die "there is no $program; install the packages \"samba-ad-dc\", \"samba-ad-provision\", \"samba-dsdb-modules\", \"ldb-tools\" and \"ldap-utils\""
	done
}

# An address of 127.64.0.0/10 at which nobody listens.
free_address() {
	for _ in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2046
		set -- $(od -An -N3 -tu1 /dev/urandom)
		address=127.$((64 + $1 % 64)).$2.$((1 + $3 % 250))
		ldapsearch -x -LLL -o nettimeout=1 -H "ldap://$address" -b '' -s base 1.1 >/dev/null 2>&1 || return 0
	done
	die "no free address"
}

quiet() { # quiet COMMAND...: what it says matters only if it fails
	"$@" >>"$dir/log" 2>&1 || {
		tail -n 8 "$dir/log" >&2
		die "failed: $*"
	}
}

provision() {
	quiet samba-tool domain provision --realm=ACME.EXAMPLE --domain=ACME --server-role=dc --dns-backend=NONE \
		--adminpass="$admin_password" --host-name=dc1 --host-ip="$address" --targetdir="$dir/dc" \
		--option="interfaces=$address/8" --option='bind interfaces only=yes'
}

certify() {
	mkdir -p "$dir/tls"
	quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /O=Acme/CN=dc1.acme.example \
		-addext "subjectAltName=DNS:dc1.acme.example,IP:$address" -keyout "$dir/tls/server.key" -out "$dir/tls/server.pem"
}

configure() {
	mkdir -p "$dir/run/ncalrpc"
	cat >"$dir/dc/etc/smb.conf" <<-END
		[global]
		interfaces = $address/8
		bind interfaces only = yes
		realm = ACME.EXAMPLE
		workgroup = ACME
		netbios name = DC1
		server role = active directory domain controller
		server services = ldap
		dcerpc endpoint servers = none
		disable netbios = yes
		private dir = $dir/dc/private
		state directory = $dir/dc/state
		cache directory = $dir/dc/cache
		lock directory = $dir/dc
		binddns dir = $dir/dc/bind-dns
		pid directory = $dir/run
		ncalrpc dir = $dir/run/ncalrpc
		log file = $dir/samba.log
		tls keyfile = $dir/tls/server.key
		tls certfile = $dir/tls/server.pem
		tls cafile = $dir/tls/server.pem
		ldap server require strong auth = $([ $plain = yes ] && echo no || echo yes)
	END
}

database() { # database PROGRAM WORDS...: on the files of a server that does not run
	program=$1
	shift
	"$program" -H "$dir/dc/private/sam.ldb" --configfile="$dir/dc/etc/smb.conf" "$@"
}

utf16() {
	printf '%s' "$1" | iconv -t UTF-16LE | base64 -w 0
}

account() { # account NAME
	printf 'dn: CN=%s,CN=Users,%s\nobjectClass: user\nsAMAccountName: %s\nuserPrincipalName: %s@acme.example\n' "$1" $base "$1" "$1"
	printf 'userAccountControl: 66048\nclearTextPassword:: %s\n\n' "$(utf16 $password)"
}

organisation() {
	for account in sync-replicate sync-deleted sync-both sync-plain; do account $account; done
	for unit in people groups elsewhere; do printf 'dn: OU=%s,%s\nobjectClass: organizationalUnit\n\n' $unit $base; done
	awk -v people="$people" -v groups="$groups" -v base=$base 'BEGIN {
		for (i = 1; i <= people; i++) {
			n = sprintf("%04d", i)
			print "dn: CN=User " n ",OU=people," base "\nobjectClass: user\nsAMAccountName: u" n
			print "userPrincipalName: user." n "@acme.example\nmail: u" n "@acme.example"
			print "givenName: User\nsn: Number" n "\ndisplayName: User Number" n
			print "userAccountControl: " (i % 10 == 0 ? 546 : 544) "\n"
		}
		for (g = groups; g >= 1; g--) {
			print "dn: CN=group-" g ",OU=groups," base "\nobjectClass: group\nsAMAccountName: group-" g
			for (i = g; i <= people; i += groups)
				printf "member: CN=User %04d,OU=people,%s\n", i, base
			if (g < groups)
				print "member: CN=group-" g + 1 ",OU=groups," base
			print ""
		}
	}'
}

sid_of() {
	sid=$(database ldbsearch "(sAMAccountName=$1)" objectSid 2>/dev/null | sed -n 's/^objectSid: //p')
	[ -n "$sid" ] || die "there is no account \"$1\""
}

deleted_objects() { # deleted_objects [SID ...]: they may list what was deleted
	aces=''
	for sid; do aces="$aces(A;CI;RPLC;;;$sid)"; done
	printf 'dn: CN=Deleted Objects,%s\nchangetype: modify\nreplace: nTSecurityDescriptor\nnTSecurityDescriptor: %s\n' $base \
		"O:SYG:SYD:PAI(A;;RPLC;;;BA)(A;;RPWPCCDCLCRCWOWDSDSW;;;SY)$aces" >"$dir/deleted.ldif"
	quiet database ldbmodify --controls=show_deleted:1 "$dir/deleted.ldif"
}

add_ace() { # add_ace DN ACE
	quiet samba-tool dsacl set -H "$dir/dc/private/sam.ldb" --configfile="$dir/dc/etc/smb.conf" --objectdn="$1" --sddl="$2"
}

# "Replicating Directory Changes"
replicate_right=1131f6aa-9c07-11d1-f79f-00c04fc2dcd2

revoke() {
	for account in sync-replicate sync-both; do
		sid_of $account && add_ace $base "(OD;;CR;$replicate_right;;$sid)"
	done
	deleted_objects
}

hide() {
	for account in sync-replicate sync-deleted sync-both sync-plain; do
		sid_of $account && add_ace "$1" "(D;CI;RPLCLORC;;;$sid)"
	done
}

# ---- running ----------------------------------------------------------------------------------------------------------------------

# A process that has ended and that nobody has asked about is not alive.
alive() {
	kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

launch() {
	samba -F -M single --no-process-group -s "$dir/dc/etc/smb.conf" </dev/null >>"$dir/log" 2>&1 &
	pid=$!
	for _ in $(seq 300); do
		alive "$pid" || break
		if ldapsearch -x -LLL -o nettimeout=2 -H "ldap://$address" -b '' -s base 1.1 >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	tail -n 8 "$dir/log" >&2
	die "samba does not start, see $dir/log"
}

write_env() {
	cat >"$dir/env.new" <<-END
		SAMBA_LDAP=ldap://$address
		SAMBA_LDAPS=ldaps://$address
		SAMBA_ADDRESS=$address
		SAMBA_BASE=$base
		SAMBA_USER_BASE=OU=people,$base
		SAMBA_GROUP_BASE=OU=groups,$base
		SAMBA_REPLICATE=sync-replicate@acme.example
		SAMBA_DELETED=sync-deleted@acme.example
		SAMBA_BOTH=sync-both@acme.example
		SAMBA_PLAIN=sync-plain@acme.example
		SAMBA_PASSWORD=$password
		SAMBA_ADMIN=$admin
		SAMBA_ADMIN_PASSWORD=$admin_password
		SAMBA_CA=$dir/tls/server.pem
		SAMBA_PEOPLE=$people
		SAMBA_GROUPS=$groups
		SAMBA_PID=$pid
	END
	mv "$dir/env.new" "$dir/env"
}

start() {
	find_programs
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	shift
	[ ! -e "$dir/env" ] || die "$dir is in use; stop it and remove it, or name another"
	[ ${#dir} -lt 80 ] || die "$dir is too long a name for the sockets in it"
	people=60 groups=8
	case ${1:-} in [0-9]*) people=$1; shift ;; esac
	case ${1:-} in [0-9]*) groups=$1; shift ;; esac
	while [ $# -gt 0 ]; do
		[ $# -ge 2 ] || die "option \"$1\" is unknown, or needs a value"
		case $1 in
		--plain) plain=$2 ;;
		*) die "option \"$1\" is unknown" ;;
		esac
		shift 2
	done
	free_address
	provision
	certify
	configure
	organisation >"$dir/organisation.ldif"
	quiet database ldbadd "$dir/organisation.ldif"
	sid_of sync-replicate && add_ace $base "(OA;;CR;$replicate_right;;$sid)"
	sid_of sync-both && add_ace $base "(OA;;CR;$replicate_right;;$sid)" && both=$sid
	sid_of sync-deleted && deleted_objects "$sid" "$both"
	launch
	write_env
	chmod 755 "$dir" "$dir/tls"
	chmod 644 "$dir/tls/server.pem"
}

end() {
	kill -CONT "$SAMBA_PID" 2>/dev/null || true
	kill "$SAMBA_PID" 2>/dev/null || true
	for _ in $(seq 200); do
		alive "$SAMBA_PID" || return 0
		sleep 0.05
	done
	kill -9 "$SAMBA_PID" 2>/dev/null || true
	while alive "$SAMBA_PID"; do sleep 0.05; done # else it would answer in its successor's place
}

# kill(2) returns before every thread has stopped, and one that has not may answer yet.
freeze() {
	kill -STOP "$SAMBA_PID"
	for _ in $(seq 200); do
		grep -L '^State:[[:space:]]*T' "/proc/$SAMBA_PID"/task/*/status | grep -q . || return 0
		sleep 0.05
	done
	die "process $SAMBA_PID does not stop"
}

again() {
	address=$SAMBA_ADDRESS people=$SAMBA_PEOPLE groups=$SAMBA_GROUPS
	launch
	write_env
}

# What names a controller's database is another thing after a restore. It has a byte 0 in it, as one in sixteen has.
renew() {
	settings="CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,$base"
	printf 'dn: %s\nchangetype: modify\nreplace: invocationId\ninvocationId:: %s\n' "$settings" "$( (head -c 7 /dev/urandom; printf '\0'; head -c 8 /dev/urandom) | base64)" \
		>"$dir/renew.ldif"
	quiet database ldbmodify --controls=relax:0 "$dir/renew.ldif"
}

[ $# -ge 2 ] || usage
command=$1
case $command in
start)
	shift
	start "$@"
	;;
restart | renew | stop | freeze | thaw | modify | revoke | hide)
	[ -e "$2/env" ] || die "$2 was not made by start"
	dir=$(cd "$2" && pwd)
	# shellcheck disable=SC1091
	. "$dir/env"
	shift 2
	case $command in
	restart) end; again ;;
	renew) end; renew; again ;;
	stop) end ;;
	revoke) revoke ;;
	hide) hide "$1" ;;
	freeze) freeze ;;
	thaw) kill -CONT "$SAMBA_PID" ;;
	modify) LDAPTLS_CACERT=$SAMBA_CA ldapmodify -x -H "$SAMBA_LDAPS" -D "$SAMBA_ADMIN" -w "$SAMBA_ADMIN_PASSWORD" ;;
	esac
	;;
*) usage ;;
esac
