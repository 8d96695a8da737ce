#!/bin/bash
# The units under a real systemd, with every wall that they build: rosterd, its plug-ins' children and its own PostgreSQL work
# behind them. The systemd is one of our own, in namespaces, where the machine allows that.
: "${SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/tap.sh"

dir=$(mktemp -d "${TMPDIR:-/tmp}/rosterd-systemd.XXXXXX")
chmod 755 "$dir"
systemd_pid=
end() {
	[ -z "$systemd_pid" ] || { kill -9 "$(cat "$dir/pid" 2>/dev/null)" 2>/dev/null; wait "$systemd_pid" 2>/dev/null; }
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM

inside() { timeout 30 "$SRCDIR/tests/peers/systemd.sh" in "$dir" "$@"; }
property() { inside systemctl show --property "$2" --value "$1"; }
ctl() { inside /run/rosterd-test/rosterctl "$@"; }
until_inside() { for _ in $(seq 200); do inside "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; return 1; }
failing() { # what to show of a unit that is not as it should be
	diag "$(inside systemctl status --no-pager --lines 0 "$1" 2>&1)"
	diag "$(inside journalctl --no-pager -n 30 -o cat 2>&1)"
}

# The leak sanitizer looks at its own process by ptrace(), which the units forbid.
units() {
	local unit
	mkdir "$dir/units"
	for unit in rosterd rosterd-standalone; do
		sed "s|^ExecStart=[^ ]*|ExecStart=/run/rosterd-test/rosterd|; s|--config [^ ]*|--config /etc/rosterd/rosterd.conf|
			s|^\[Service\]|&\nEnvironment=ASAN_OPTIONS=detect_leaks=0|" "$BUILDDIR/etc/systemd/$unit.service" >"$dir/units/$unit.service"
	done
	cp "$SRCDIR"/etc/systemd/*.socket "$dir/units/"
}

# What `make install` would have put into place; /tmp is not the service's to see.
install_inside() {
	inside sh -eu -c '
		mkdir -p /run/rosterd-test/plugins /etc/rosterd/orgs.d /etc/sysusers.d /etc/tmpfiles.d
		cp "$2/rosterd" "$2/rosterd-connector" "$2/rosterctl/rosterctl" /run/rosterd-test/
		cp -L "$2"/plugins/*.so /run/rosterd-test/plugins/
		cp -r "$1/schema" /run/rosterd-test/
		cp "$1/etc/sysusers.d/rosterd.conf" /etc/sysusers.d/
		cp "$1/etc/tmpfiles.d/rosterd.conf" /etc/tmpfiles.d/
		cat >/etc/rosterd/rosterd.conf
		systemd-sysusers rosterd.conf && systemd-tmpfiles --create rosterd.conf' - "$SRCDIR" "$BUILDDIR" <<-CONF
		database {
			conninfo = "host=/var/lib/test-pg dbname=rosterd"
			schema = "/run/rosterd-test/schema"
		}
		plugins {
			directory = "/run/rosterd-test/plugins"
			child = "/run/rosterd-test/rosterd-connector"
			memory = "1G"
		}
	CONF
}

# An organisation, a directory of two people, a run: a plug-in's child has done its work.
try_run() { # try_run UNIT
	echo 'person: id=1; user=ada; email=ada@acme.example; name=Ada
person: id=2; user=bob; email=bob@acme.example; name=Bob' >"$dir/people.txt"
	{ ctl org create Acme --type enterprise && ctl domain add acme acme.example &&
		ctl connection create acme example people --set directory=@/run/test/people.txt; } >/dev/null 2>&1
	is "$1: a run goes through" "$(ctl sync run acme/people --wait --json 2>&1 | jq -c .counts)" '{"member.joined":2}' || failing "$1"
}
walls() { # walls UNIT: the journal has no word about one that is missing
	unlike "$1: the children have all their walls" "$(inside journalctl --no-pager -o cat -u "$1.service")" \
		'no namespaces|no Landlock|could not confine'
}

units
"$SRCDIR/tests/peers/systemd.sh" run "$dir" &
systemd_pid=$!
until [ -s "$dir/pid" ]; do kill -0 "$systemd_pid" 2>/dev/null || break; sleep 0.05; done
if ! until_inside systemctl is-active basic.target; then
	skip "the units under a real systemd" "none can be started in namespaces here: $(tail -n 1 "$dir/systemd.log")"
	done_testing
	exit
fi
inside systemctl start systemd-journald.service
install_inside || { echo "Bail out! the installation failed"; exit 1; }

# ---- with its own PostgreSQL ----

ok "rosterd-standalone starts" inside systemctl start rosterd-standalone
[ "$(property rosterd-standalone ActiveState)" = active ] || failing rosterd-standalone
is "and says what it is at" "$(property rosterd-standalone StatusText)" "serving at /run/rosterd/rosterd.sock"
try_run rosterd-standalone
walls rosterd-standalone
like "the journal knows what a line is about" "$(inside journalctl --no-pager -o json -u rosterd-standalone.service |
	jq -c 'select(.ROSTERD_RUN) | [.PRIORITY, .SYSLOG_IDENTIFIER, .ROSTERD_ORGANISATION, .ROSTERD_CONNECTION, .MESSAGE]')" \
	'^\["5","rosterd","acme","people","run [0-9a-f]{8}: acme/people: 2 changes'
is "it has no capabilities" "$(inside sh -c 'grep CapEff /proc/$(systemctl show -P MainPID rosterd-standalone)/status')" \
	"CapEff:	0000000000000000"
ok "rosterd-standalone stops" inside systemctl stop rosterd-standalone
is "in order" "$(property rosterd-standalone Result)" success
is "and leaves nothing running" "$(inside pgrep rosterd; inside pgrep postgres)" ""

# ---- with another's, its socket held by systemd, its key a credential ----

inside "$SRCDIR/tests/peers/postgres.sh" start /var/lib/test-pg >/dev/null
inside chmod 755 /var/lib/test-pg
inside psql -q -h /var/lib/test-pg -U postgres -d postgres -f "$SRCDIR/schema/roles.sql" >/dev/null
inside sed -i '1i master_key = "credential:master.key"' /etc/rosterd/rosterd.conf
ok "rosterd.socket listens" inside systemctl start rosterd.socket
is "its socket is rosterd's" "$(inside stat -c '%U %G %a' /run/rosterd/rosterd.sock)" "rosterd rosterd 660"

inside systemctl start rosterd 2>/dev/null
is "without a master key there is no service" "$(property rosterd ExecMainStatus)" 78
like "and the journal says why" "$(inside journalctl --no-pager -o cat -u rosterd.service)" '"master_key": .*/master.key": No such file'
inside systemctl stop rosterd rosterd.socket
inside systemctl reset-failed
openssl rand -hex 32 | inside sh -c 'umask 077 && cat >/run/credstore/rosterd.master.key'

ok "rosterd.socket listens again" inside systemctl start rosterd.socket
is "rosterd has not been started" "$(property rosterd ActiveState)" inactive
ok "whoever asks starts it" ctl org list
[ "$(property rosterd ActiveState)" = active ] || failing rosterd
is "and it is ready" "$(property rosterd ActiveState)/$(property rosterd SubState)" active/running || failing rosterd
try_run rosterd
walls rosterd
ok "it is started again" inside systemctl restart rosterd
is "systemd has held the socket meanwhile" "$(property rosterd.socket ActiveState)" active
ok "rosterctl reaches it" ctl status
ok "it is asked to reload" inside systemctl reload rosterd
is "and goes on" "$(property rosterd ActiveState)" active

# ---- a daemon that does not move any more ----

inside mkdir -p /run/systemd/system/rosterd.service.d
printf '[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n' | inside sh -c 'cat >/run/systemd/system/rosterd.service.d/watchdog.conf'
inside systemctl daemon-reload
inside systemctl restart rosterd
first=$(property rosterd MainPID)
[ "$first" = 0 ] || inside kill -STOP "$first"
until_inside sh -c 'journalctl --no-pager -o cat -u rosterd.service | grep -q "Watchdog timeout"'
ok "a daemon that stands still is ended and started again" until_inside sh -c \
	"p=\$(systemctl show -P MainPID rosterd); [ \$p != 0 ] && [ \$p != $first ] && [ \$(systemctl show -P ActiveState rosterd) = active ]"
inside systemctl stop rosterd.socket rosterd
is "and stops in order" "$(property rosterd Result)" success
inside "$SRCDIR/tests/peers/postgres.sh" stop /var/lib/test-pg >/dev/null 2>&1
done_testing
