# What the flows share: a private PostgreSQL, a rosterd on it, and rosterctl. Source it, then flow_start.
#
#   flow_start            database, configuration and daemon; gives up the test if one does not come up
#                         (FLOW_SETTINGS: further lines of rosterd.conf; FLOW_POSTGRES: further settings of the server)
#   flow_daemon           starts the daemon again (after flow_kill)
#   flow_kill [SIGNAL]    ends it
#   ctl ...               rosterctl at its socket
#   directory TEXT        what the example plug-in's directory "people" shows from now on (organisation acme)
#   sync [WORDS]          one run of acme/people, waited for; prints the run as JSON, whatever came of it
#   query SQL             as the superuser, unaligned
. "$SRCDIR/tests/tap.sh"

flow_dir=$(mktemp -d "${TMPDIR:-/tmp}/rosterd-flow.XXXXXX")
chmod 755 "$flow_dir"
flow_pid=
socket=$flow_dir/rosterd.sock

flow_end() {
	[ -z "$flow_pid" ] || flow_kill TERM
	[ ! -d "$flow_dir/pg" ] || "$SRCDIR/tests/peers/postgres.sh" stop "$flow_dir/pg" >/dev/null 2>&1
	rm -rf "$flow_dir"
}
trap flow_end EXIT
trap 'exit 1' INT TERM

flow_config() {
	mkdir -p "$flow_dir/orgs.d"
	(umask 077 && openssl rand -hex 32 >"$flow_dir/master.key")
	cat >"$flow_dir/rosterd.conf" <<CONF
socket = "$socket"
listen = { "127.0.0.1:0" }
master_key = "file:$flow_dir/master.key"
organisations = "$flow_dir/orgs.d"
database {
	conninfo = "host=$flow_dir/pg dbname=rosterd"
	schema = "$SRCDIR/schema"
}
plugins {
	directory = "${FLOW_PLUGINS:-$BUILDDIR/plugins}"
	child = "$BUILDDIR/rosterd-connector"
	memory = "1G"
}
${FLOW_SETTINGS:-}
CONF
}

flow_daemon() {
	"$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" >>"$flow_dir/log" 2>&1 &
	flow_pid=$!
	for _ in $(seq 300); do
		"$BUILDDIR/rosterctl/rosterctl" --socket "$socket" status >/dev/null 2>&1 && return 0
		kill -0 "$flow_pid" 2>/dev/null || break
		sleep 0.1
	done
	diag "the daemon did not come up:"
	diag "$(tail -n 30 "$flow_dir/log")"
	echo "Bail out! no daemon"
	exit 1
}

flow_kill() {
	kill -"${1:-TERM}" "$flow_pid" 2>/dev/null
	wait "$flow_pid" 2>/dev/null
	flow_status=$?
	flow_pid=
}

flow_start() {
	"$SRCDIR/tests/peers/postgres.sh" start "$flow_dir/pg" ${FLOW_POSTGRES:-} >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
	psql -q -h "$flow_dir/pg" -U postgres -d postgres -f "$SRCDIR/schema/roles.sql" >/dev/null
	flow_config
	flow_daemon
}

ctl() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" "$@"; }
query() { psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d rosterd -c "SET search_path = rosterd" -c "$1"; }

directory() {
	printf '%s\n' "$1" >"$flow_dir/people.txt"
	ctl connection set acme/people --set directory=@"$flow_dir/people.txt" >/dev/null
}

sync() { ctl sync run acme/people --wait --json "$@" 2>"$flow_dir/sync.err"; }

# The counts of a run in one line, sorted: "member.joined=3 member.updated=1"
counts() { jq -r '.counts | to_entries | sort_by(.key) | map("\(.key)=\(.value)") | join(" ")'; }
# All members in one line each: "name role state"
roster() { ctl member list acme --json | jq -r '.items[] | "\(.user_name) \(.role) \(.state)"' | sort; }
