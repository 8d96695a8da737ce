#!/bin/bash
# The packages on a machine of their own: a clean Debian 12 with its own systemd, in a container. They are built from what git
# knows, looked at by lintian, put over packages of an earlier commit with data in them, purged, installed by apt, used as
# docs/first-ten-minutes.md says, installed over themselves, removed, moved to the machine's PostgreSQL, and purged; after each
# purge the machine is as it was before.
#
#   tests/package.sh [FOLDER]    FOLDER keeps what was downloaded for the next time (/var/cache/rosterd-package-test)
#
# As root, with systemd-nspawn, debootstrap and a mirror of Debian. ROSTERD_DEBS names a folder with packages that are built
# already, ROSTERD_FORMER the commit that is upgraded from. It takes minutes and a network, so ./check leaves it to
# `make package-test`.
set -uo pipefail
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}"
. "$SRCDIR/tests/tap.sh"
. "$SRCDIR/tests/transcript.sh"
cache=${1:-/var/cache/rosterd-package-test}
mirror=${ROSTERD_MIRROR:-http://deb.debian.org/debian}
former=${ROSTERD_FORMER:-7ad8ed8}
work= container=

give_up() { echo "Bail out! $*"; exit 1; }
[ "$(id -u)" = 0 ] || give_up "only root can start a container; run it as root"
for program in debootstrap systemd-nspawn nsenter dpkg-buildpackage lintian; do
	command -v $program >/dev/null || give_up "there is no $program; install debootstrap systemd-container util-linux dpkg-dev lintian"
done

# ---- the machine

halt() {
	if [ -n "$container" ] && kill -TERM "$container" 2>/dev/null; then wait "$container" 2>/dev/null; fi
	container=
}
end() {
	halt
	[ -z "$work" ] || rm -rf --one-file-system "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

make_base() {
	[ ! -e "$cache/base.tar" ] || return 0
	mkdir -p "$cache" && rm -rf "$cache/base"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates bookworm "$cache/base" "$mirror" >"$cache/base.log" 2>&1 &&
		tar -C "$cache/base" -cf "$cache/base.tar.new" . && mv "$cache/base.tar.new" "$cache/base.tar"
	rm -rf "$cache/base"
	[ -e "$cache/base.tar" ] || { tail "$cache/base.log"; give_up "debootstrap made no machine"; }
}
# What the packages and the test need is fetched before there is no network; it stays in the cache.
fetch() {
	mkdir -p "$cache/archives/partial"
	systemd-nspawn -q -D "$machine" --register=no --keep-unit --bind="$cache/archives:/var/cache/apt/archives" -- sh -c \
		'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --download-only /debs/*.deb slapd ldap-utils jq' \
		>"$work/fetch.log" 2>&1 </dev/null || { tail "$work/fetch.log"; give_up "could not fetch what the packages depend on"; }
}
boot() {
	systemd-nspawn -q -D "$machine" --register=no --keep-unit --private-network --bind="$cache/archives:/var/cache/apt/archives" \
		--boot >"$work/boot.log" 2>&1 </dev/null &
	container=$!
	for _ in $(seq 600); do
		leader=$(pgrep -P "$container" | head -n 1)
		case $([ -z "$leader" ] || inside systemctl is-system-running 2>/dev/null) in running | degraded) return 0 ;; esac
		kill -0 "$container" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 20 "$work/boot.log"
	give_up "the machine does not start"
}
inside() { # inside COMMAND...: on the machine, as root
	nsenter -t "$leader" -m -u -i -n -p -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
		DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}
apt() { inside apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }
# What a purge must leave behind as it found it; what others write all the time left out.
listing() {
	inside find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/tmp -o -path /var/cache -o -path /var/log \
		-o -path /var/lib/apt -o -path /var/lib/dpkg -o -path '/var/lib/postgresql/*/*' -o -path /var/lib/ldap -o -path /debs \
		-o -path /root -o -path /var/lib/systemd/timers -o -path /var/lib/systemd/timesync \) -prune -o -printf '%p %u:%g %m\n' | sort
	inside find /run /var/log /var/lib/dpkg/info -iname '*roster*' | grep -v '/var/log/journal'
	inside cat /etc/passwd /etc/group /etc/shadow
	inside sh -c 'cat /etc/postgresql/*/main/pg_hba.conf /etc/postgresql/*/main/pg_ident.conf'
}

# ---- the packages

# build SOURCE: the packages of a source tree, which is spoilt by it, beside it
build() {
	local beside=$(dirname "$1")
	(cd "$1" && dpkg-buildpackage -us -uc -b -j2) >"$beside/build.log" 2>&1 || { tail -n 40 "$beside/build.log"; give_up "dpkg-buildpackage fails"; }
}
build_packages() {
	if [ -n "${ROSTERD_DEBS:-}" ]; then
		cp "$ROSTERD_DEBS"/*.deb "$debs/" && return
		give_up "there are no packages in $ROSTERD_DEBS"
	fi
	mkdir "$work/source"
	(cd "$SRCDIR" && git ls-files -z -co --exclude-standard | tar --null -T - -cf -) | tar -C "$work/source" -xf - || give_up "this is no git tree"
	build "$work/source"
	is "lintian finds no error" "$(cd "$work" && lintian --fail-on none --allow-root ./*.changes 2>&1 | grep -v '^[WIN]: ')" ""
	rm -f "$work"/*-dbgsym_*.deb
	mv "$work"/*.deb "$debs/"
}
# What was there before, by a version that comes before the present one whatever it was called; kept for the next time.
build_former() {
	local kept=$cache/former-$former
	if [ ! -e "$kept" ]; then
		rm -rf "$kept.new" && mkdir -p "$work/former/source" "$kept.new"
		git -C "$SRCDIR" archive "$former" | tar -C "$work/former/source" -xf - || give_up "git does not know $former"
		sed -i '1s/(\([^)]*\))/(\1~former)/' "$work/former/source/debian/changelog"
		build "$work/former/source"
		rm -f "$work"/former/*-dbgsym_*.deb
		mv "$work"/former/*.deb "$kept.new/" && mv "$kept.new" "$kept"
	fi
	mkdir "$debs/former" && cp "$kept"/*.deb "$debs/former/"
}
dependencies() { apt install -s $packages | awk '/^Inst / && $2 !~ /^roster/ { print $2 }'; }

# ---- what the service shows

rosterctl() { inside rosterctl "$@" 2>&1; }
never_shown() { # never_shown NAME TEXT FILE: 64 digits, none of which the text has
	local key
	key=$(inside cat "$3")
	if [ ${#key} = 64 ]; then unlike "$1" "$2" "$key"; else fail "$1: $3 has ${#key} digits, not 64"; fi
}
state() { inside systemctl is-active "$1"; }

# The directory of the document, on the same machine; a change of "yours" is made as its administrator.
start_directory() {
	cp -r "$SRCDIR/tests/peers" "$SRCDIR/tests/flows/first_ten_minutes.ldif" "$debs/"
	inside sh -c '/debs/peers/slapd.sh start /debs/ldap 1 1 && /debs/peers/slapd.sh modify /debs/ldap </debs/first_ten_minutes.ldif' \
		>"$work/slapd.log" 2>&1 || { cat "$work/slapd.log"; give_up "there is no directory"; }
	. "$debs/ldap/env"
	cp "$machine$SLAPD_CA" "$debs/acme-ca.pem"
	(umask 077 && printf '%s' "$SLAPD_BIND_PASSWORD" >"$debs/reader.password")
}
stop_directory() { inside /debs/peers/slapd.sh stop /debs/ldap; }
run() {
	case $1 in
	'# Bob leaves')
		printf 'dn: uid=bob,ou=staff,dc=acme,dc=example\nchangetype: delete\n' >"$debs/leaves.ldif"
		inside sh -c '/debs/peers/slapd.sh modify /debs/ldap </debs/leaves.ldif >/dev/null'
		;;
	*) inside sh -c "cd /debs && ${1//ldap:\/\/ldap.acme.example/$SLAPD_LDAP}" | sed "s|$SLAPD_LDAP|ldap://ldap.acme.example|g" ;;
	esac
}
# What is shown of an organisation, an object a line; what the present version shows beyond that is no matter here.
shown() {
	for what in "org show $1" "domain list $1" "member list $1" "group list $1" "connection show $1/corporate" "token list --organisation $1"; do
		rosterctl $what --json | jq -c .
	done
}
steps() { inside sh -c 'ls /usr/share/rosterd/schema/[0-9]*.sql' | wc -l; }
test_upgrade() {
	local before steps_before
	ok "packages of before install" apt install $former_packages
	is "the service runs" "$(state rosterd-standalone)" active
	ok "an organisation of before" rosterctl org create Former --type enterprise --slug former
	ok "its domain" rosterctl domain add former acme.example
	ok "its connection, with a secret" inside sh -c "cd /debs && rosterctl connection create former ldap corporate \
		--set url=$SLAPD_LDAP --set ca_certificate=@acme-ca.pem --set bind_dn=cn=sync,dc=acme,dc=example \
		--secret bind_password=@reader.password --set user_base=ou=staff,dc=acme,dc=example \
		--set group_base=ou=teams,dc=acme,dc=example --role admins=admin"
	like "its people" "$(rosterctl sync run former/corporate --wait)" '3 member.joined'
	ok "one of them kept out by hand" rosterctl member suspend former bob@acme.example
	ok "a token" inside sh -c 'umask 077; rosterctl token create kept --organisation former --role viewer >/debs/former.token'
	ok "the end of the audit noted" inside sh -c 'sleep 2; rosterctl audit head former >/debs/former.head'
	inside sh -c "echo '# by hand' >>/etc/rosterd/rosterd.conf"
	before=$(shown former) steps_before=$(steps)
	is "all of it is shown" "$(wc -l <<<"$before")" 6

	ok "the present packages go over them" apt -o Dpkg::Options::=--force-confold install $packages
	is "the service came up again" "$(state rosterd-standalone)" active
	ok "and is well" rosterctl status
	diag "$(steps) migrations, $steps_before before"
	is "with the schema of now" "$(rosterctl status --json | jq .database.migrations)" "$(steps)"
	is "what was shown is shown" "$(paste -d '\n' <(echo "$before") <(shown former) | jq -cs '. as $all | [range(0; length; 2) as $i | $all[$i + 1] | contains($all[$i])] | all' 2>&1)" true
	like "a run finds nothing to do, and opens the secret" "$(rosterctl sync run former/corporate --wait)" 'changed  nothing'
	like "the token counts" "$(inside rosterctl --token-file /debs/former.token whoami 2>&1)" 'role +viewer'
	ok "the audit is whole from before until now" inside sh -c \
		'rosterctl audit export former >/debs/former.jsonl && rosterctl audit verify /debs/former.jsonl --heads /debs/former.head'
	is "the administrator's line is there" "$(inside tail -n 1 /etc/rosterd/rosterd.conf)" '# by hand'
	ok "and the configuration is good" inside rosterd --check-config
	test_purge
}
test_fresh() {
	transcript "$SRCDIR/docs/first-ten-minutes.md" run installed
	is "the service has started by itself" "$(state rosterd-standalone)" active
	is "and is enabled" "$(inside systemctl is-enabled rosterd-standalone)" enabled
	is "the other one is left to an administrator" "$(inside systemctl is-enabled rosterd)" disabled
	ok "rosterctl has a first answer" rosterctl status
	is "the user is a system user without a shell" \
		"$(inside getent passwd rosterd | cut -d: -f1,6,7)" "rosterd:/var/lib/rosterd:/usr/sbin/nologin"
	is "the state is its own" "$(inside stat -c '%U %a' /var/lib/rosterd)" "rosterd 700"
	is "the key is its own" "$(inside stat -c '%U %a' /var/lib/rosterd/master.key)" "rosterd 600"
	never_shown "the key was shown nowhere" "$(inside journalctl -q --no-pager; cat "$work"/*.log)" /var/lib/rosterd/master.key
	is "secrets have a place that nobody else finds" "$(inside stat -c '%U:%G %a' /etc/rosterd/secrets)" "root:rosterd 750"
	ok "the manual pages are there" inside sh -c 'zcat /usr/share/man/man8/rosterd.8.gz /usr/share/man/man1/rosterctl.1.gz'
	ok "so is the completion" inside bash -c '. /usr/share/bash-completion/completions/rosterctl && complete -p rosterctl'
	ok "for the other shells, too" inside test -s /usr/share/zsh/vendor-completions/_rosterctl -a \
		-s /usr/share/fish/vendor_completions.d/rosterctl.fish
	is "systemd saw no failure" "$(inside systemctl --failed --no-legend --plain | grep roster)" ""
}
test_kept() {
	ok "an organisation can be made" rosterctl org create Kept --type team --slug kept
	ok "the packages install over themselves" apt install --reinstall $packages
	is "the service was started again" "$(state rosterd-standalone)" active
	like "with its data" "$(rosterctl org show kept)" Kept
	key=$(inside sha256sum /var/lib/rosterd/master.key)
	ok "the package can be removed" apt remove rosterd
	is "the service is gone" "$(pgrep -c -P "$leader" rosterd)" 0
	ok "the data are not" inside test -d /var/lib/rosterd/data
	ok "it can be installed again" apt install $packages
	like "and knows what it knew" "$(rosterctl org show kept)" Kept
	is "by the same key" "$(inside sha256sum /var/lib/rosterd/master.key)" "$key"
}
test_local_database() {
	local script=/usr/share/rosterd/local-database said
	said=$(inside $script create 2>&1)
	like "the machine's PostgreSQL gets roles and database" "$said" 'database "rosterd" is ready'
	is "the key is root's, for rosterd to read" "$(inside stat -c '%U:%G %a' /etc/rosterd/secrets/master.key)" "root:rosterd 640"
	never_shown "and was not shown" "$said" /etc/rosterd/secrets/master.key
	key=$(inside sha256sum /etc/rosterd/secrets/master.key)
	ok "twice is as good as once" inside $script create
	is "the key is made once" "$(inside sha256sum /etc/rosterd/secrets/master.key)" "$key"
	is "one line lets rosterd in" "$(inside sh -c 'grep -c "# rosterd$" /etc/postgresql/*/main/pg_hba.conf')" 1
	ok "the configuration is good" inside rosterd --check-config
	ok "the other service takes over" inside sh -c 'systemctl disable --now rosterd-standalone && systemctl enable --now rosterd'
	is "it runs" "$(state rosterd)" active
	ok "it answers" rosterctl org create Local --type team --slug local
	unlike "somebody else is not let in" \
		"$(inside runuser -u nobody -- psql -h /var/run/postgresql -U rosterd_owner -d rosterd -c 'SELECT 1' 2>&1)" '1 row'
	like "drop wants to hear the name" "$(inside $script drop 2>&1)" 'usage: .*drop rosterd'
	ok "it is dropped when asked" inside sh -c "systemctl disable --now rosterd && $script drop rosterd"
	is "the database is gone" "$(inside runuser -u postgres -- psql -Atc "SELECT count(*) FROM pg_database WHERE datname = 'rosterd'")" 0
}
test_purge() {
	ok "the packages can be purged" apt purge rosterd rosterd-connectors rosterctl
	listing >"$work/after"
	is "and leave nothing behind" "$(diff "$work/before" "$work/after")" ""
}

mkdir -p "$cache" || exit 2
work=$(mktemp -d "$cache/run.XXXXXX") || exit 2
machine=$work/machine debs=$work/machine/debs
make_base
mkdir "$machine" && tar -C "$machine" -xf "$cache/base.tar" && mkdir "$debs"
build_packages
build_former
packages=$(cd "$machine" && ls debs/*.deb | sed 's|^|/|')
former_packages=$(cd "$machine" && ls debs/former/*.deb | sed 's|^|/|')
fetch
boot
needed=$(dependencies)
[ -n "$needed" ] || give_up "apt finds nothing that the packages depend on"
ok "what the packages depend on is installed" apt install $needed slapd ldap-utils jq
listing >"$work/before"
start_directory
test_upgrade
test_fresh
stop_directory
test_kept
test_local_database
test_purge
[ "$tap_failed" = 0 ] || inside journalctl -q --no-pager -u 'rosterd*' | tail -n 40
done_testing
