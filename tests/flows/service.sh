#!/bin/bash
# Run by a service manager, without one being there: what it is told, the sockets and credentials that it hands in, and
# whether systemd takes the units.
: "${SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/flows/flow.sh"

told=$flow_dir/told
told() { tail -n "+$((told_from + 1))" "$told"; }
forget() { told_from=$(wc -l <"$told"); }
# Waits until as many messages as that have been told since forget.
until_told() { # until_told PATTERN [COUNT]
	for _ in $(seq 300); do
		[ "$(told | grep -cE -- "$1")" -ge "${2:-1}" ] && return 0
		sleep 0.05
	done
	diag "$(told)"
	return 1
}
end_notified() {
	kill "$notified_pid" 2>/dev/null
	flow_end
}
"$BUILDDIR/tests/peers/notified" "$flow_dir/notify" >"$told" &
notified_pid=$!
trap end_notified EXIT
told_from=0
until [ -S "$flow_dir/notify" ]; do kill -0 "$notified_pid" || exit 1; sleep 0.05; done
export NOTIFY_SOCKET=$flow_dir/notify

# ---- what it is told ----

WATCHDOG_USEC=800000 flow_start
ok "is told that the daemon is ready" until_told '^READY=1 STATUS=serving at '
is "once" "$(told | grep -c '^READY=1')" 1
like "and before it that the schema may take its time" "$(told | grep -B 100 '^READY=1')" \
	'EXTEND_TIMEOUT_USEC=[0-9]{9,} STATUS=bringing the schema up to date'
ok "is given signs of life, again and again" until_told '^WATCHDOG=1$' 3
forget
flow_kill TERM
is "the end is a good one" "$flow_status" 0
is "and begins with saying so" "$(told | grep -v '^WATCHDOG=1$' | head -1)" STOPPING=1
like "requests have the time of the setting" "$(told)" 'EXTEND_TIMEOUT_USEC=40000000 STATUS=answering what has been asked'
like "and runs the time of a page" "$(told)" 'EXTEND_TIMEOUT_USEC=150000000 STATUS=ending runs'
unlike "nothing is told of being ready" "$(told)" READY=1

# ---- signs of life ----

# stuck THREAD WORDS: while the threads of that name stand still, no sign of life is given and the status says why.
stuck() {
	local n
	mkfifo "$flow_dir/hold"
	"$BUILDDIR/tests/peers/freeze" "$flow_pid" "$1" <"$flow_dir/hold" >"$flow_dir/held" &
	exec 9>"$flow_dir/hold"
	rm "$flow_dir/hold"
	for _ in $(seq 100); do [ -s "$flow_dir/held" ] && break; sleep 0.05; done
	n=$(cat "$flow_dir/held")
	[ "${n:-0}" -gt 0 ] || { exec 9>&-; skip "$1: a thread that is stuck" "it cannot be traced here"; return; }
	${3:-true}
	forget
	ok "$1: the status says what is stuck" until_told "^STATUS=stuck: $2 is stuck, and should have moved [0-9]+ s ago"
	forget
	until_told '^STATUS=stuck: ' 3
	unlike "$1: there are no signs of life" "$(told)" WATCHDOG=1
	exec 9>&-
	ok "$1: when it moves again, there are" until_told '^WATCHDOG=1'
}
three_ask() { for _ in 1 2 3; do curl -s -o /dev/null --max-time 60 --unix-socket "$socket" http://localhost/v1/organisations 9>&- & done; }

printf 'http {\n\texchanges = 2\n}\n' >>"$flow_dir/rosterd.conf"
sed -i 's/^database {/&\nconnect_timeout = "1s"\nstatement_timeout = "1s"\nwait_timeout = "10ms"/' "$flow_dir/rosterd.conf"
WATCHDOG_USEC=800000 flow_daemon
stuck watch "the watch over the runs"
stuck exchange "the answering of requests" three_ask
flow_kill TERM
is "and the end is a good one" "$flow_status" 0

# ---- sockets ----

# handed NAMES -l WHERE...: the daemon with sockets that another has opened; started by whoever connects first.
handed() {
	local names=$1
	shift
	forget
	systemd-socket-activate --fdname="$names" -E NOTIFY_SOCKET -E ASAN_OPTIONS -E UBSAN_OPTIONS -E CREDENTIALS_DIRECTORY "$@" \
		"$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" >>"$flow_dir/log" 2>&1 &
	flow_pid=$!
}
knock() {
	for _ in $(seq 100); do
		curl -s -o /dev/null --max-time 20 --unix-socket "$socket" http://localhost/healthz && return 0
		kill -0 "$flow_pid" 2>/dev/null || return 1
		sleep 0.05
	done
}
refused_with() { # refused_with NAME PATTERN: it ended, with 78 and these words
	knock
	wait "$flow_pid"
	flow_status=$?
	flow_pid=
	is "$1" "$flow_status" 78
	like "$1: why" "$(tail -n 1 "$flow_dir/log")" "$2"
	rm -f "$socket"
}

handed socket -l "$socket"
ok "a socket that is handed in is answered" knock
like "rosterctl finds it" "$(ctl status 2>&1)" 'rosterd'
ok "by a daemon that is ready" until_told '^READY=1'
flow_kill TERM
is "which leaves it where it is" "$(test -S "$socket" && echo there)" there
rm -f "$socket"

port=$(free_port)
sed -i "s/^listen = .*/listen = { \"127.0.0.1:$port\" }/" "$flow_dir/rosterd.conf"
handed socket:listen -l "$socket" -l "127.0.0.1:$port"
ok "with a port beside it" knock
ok "which answers, too" curl -sf -o /dev/null "http://127.0.0.1:$port/healthz"
flow_kill TERM
rm -f "$socket"

handed unknown -l "$socket"
refused_with "a socket without a setting's name" 'called "unknown"; "FileDescriptorName=socket" or "=listen" is expected'
handed listen -l "$socket"
refused_with "a Unix socket in place of an address" 'a socket "listen" at "unix:.*", which "listen" does not name'
handed socket:listen -l "$socket" -l 127.0.0.1:$((port + 1))
refused_with "another port" "a socket \"listen\" at \"127.0.0.1:$((port + 1))\", which \"listen\" does not name"
handed socket:socket -l "$socket" -l "$flow_dir/other.sock"
refused_with "another path" "a socket \"socket\" at \"unix:$flow_dir/other.sock\", which \"socket\" does not name"
rm -f "$flow_dir/other.sock"

# ---- credentials ----

sed -i 's/^master_key = .*/master_key = "credential:master.key"/; s/^listen = .*/listen = { "127.0.0.1:0" }/' "$flow_dir/rosterd.conf"
(umask 077 && mkdir "$flow_dir/credentials" && mv "$flow_dir/master.key" "$flow_dir/credentials/master.key")
CREDENTIALS_DIRECTORY=$flow_dir/credentials flow_daemon
pass "the master key is a credential"
flow_kill TERM
"$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" >"$flow_dir/said" 2>&1
is "without credentials there is no start" $? 78
like "and it says which one is missing" "$(cat "$flow_dir/said")" 'there is no credential "master.key": CREDENTIALS_DIRECTORY is not set'
mkdir -m 700 "$flow_dir/empty"
CREDENTIALS_DIRECTORY=$flow_dir/empty "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" >"$flow_dir/said" 2>&1
like "nor with others" "$?: $(cat "$flow_dir/said")" '^78: .*"master_key": .*empty/master.key'

# ---- a PostgreSQL of its own that ends ----

# As nobody, where we are root: the daemon would become the system user rosterd.
alone() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$BUILDDIR/rosterd" "$@"
	else
		"$BUILDDIR/rosterd" "$@"
	fi
}
mkdir -m 700 "$flow_dir/alone"
[ "$(id -u)" != 0 ] || { chown nobody "$flow_dir/alone"; chmod a+w "$flow_dir/notify"; }
cat >"$flow_dir/alone.conf" <<CONF
listen = { }
organisations = "$flow_dir/alone.d"
database {
	schema = "$SRCDIR/schema"
}
plugins {
	directory = "$BUILDDIR/plugins"
	child = "$BUILDDIR/rosterd-connector"
	memory = "1G"
}
CONF
mkdir "$flow_dir/alone.d"
forget
WATCHDOG_USEC=800000 alone --standalone "$flow_dir/alone" --config "$flow_dir/alone.conf" >"$flow_dir/said" 2>&1 &
flow_pid=$!
ok "a daemon with a PostgreSQL of its own is ready" until_told '^READY=1' || diag "$(cat "$flow_dir/said")"
kill -INT "$(head -n 1 "$flow_dir/alone/data/postmaster.pid")"
for _ in $(seq 200); do kill -0 "$flow_pid" 2>/dev/null || break; sleep 0.1; done
flow_kill TERM
is "when that ends, so does the daemon, as a failure" "$flow_status" 69
like "and says what to look at" "$(cat "$flow_dir/said")" "own PostgreSQL has ended; the end of \"$flow_dir/alone/postgresql.log\" says why"

# ---- orders that contradict each other ----

"$BUILDDIR/rosterd" --restored --moved --config "$flow_dir/rosterd.conf" >"$flow_dir/said" 2>&1
is "who says two things of a copy has not answered" "$? $(cat "$flow_dir/said")" \
	"64 rosterd: one of --restored, --moved and --forget-secrets is expected, not several"

# ---- the units ----

units=$flow_dir/units
mkdir "$units"
for unit in rosterd rosterd-standalone; do
	sed "s|^ExecStart=[^ ]*|ExecStart=$BUILDDIR/rosterd|" "$BUILDDIR/etc/systemd/$unit.service" >"$units/$unit.service"
done
cp "$SRCDIR"/etc/systemd/*.socket "$units/"
is "systemd finds nothing wrong with the units" "$(systemd-analyze verify --man=no "$units"/*.service "$units"/*.socket 2>&1 |
	grep -v 'Failed to prepare filename\|unlisted system calls')" ""
for unit in rosterd rosterd-standalone; do
	ok "$unit.service is exposed to less than 2.0" \
		systemd-analyze security --no-pager --offline=yes --threshold=19 "$units/$unit.service"
done
done_testing
