# What the flows share: a private PostgreSQL, a rosterd on it, and rosterctl. Source it, then flow_start.
#
#   flow_start            database, configuration and daemon; gives up the test if one does not come up
#                         (FLOW_SETTINGS: further lines of rosterd.conf; FLOW_POSTGRES: further settings of the server)
#   flow_postgres, flow_config, flow_daemon   the same, a step at a time (FLOW_CONNINFO: where the daemon finds the server; FLOW_DATABASE:
#                         further lines of the section of the database)
#   flow_daemon           starts the daemon again (after flow_kill); FLOW_UNDER: what watches it, valgrind with its options,
#                         --error-exitcode=99 among them
#   flow_kill [SIGNAL]    ends it
#   ctl ...               rosterctl at its socket
#   acme TEXT [WORDS]     organisation acme of acme.example, with a connection "people" whose directory shows TEXT
#   directory TEXT        what the example plug-in's directory "people" shows from now on (organisation acme)
#   script TEXT           what goes wrong in it from now on; "" for nothing
#   sync [WORDS]          one run of acme/people, waited for; prints the run as JSON, whatever came of it
#   sync_run RUN          the run as JSON
#   query SQL             as the superuser, unaligned
#   audited               how many entries the runs of acme/people wrote
#   roster_digest         one line that changes if anything of the roster does
#   moment WHEN           from now on transactions stop at WHEN ("UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 5)") until moment_over
#   moment_wait           waits until one has
#   until_run RUN COND    waits until the run's row is so ("state = 'done'"); fails if it does not come about
#   becomes NAME WANTED CMD...   what the command prints is that, now or within some seconds
#   cleared_up            waits until whoever a group may mean by a name that nobody knows was asked for, and nothing is being read
#   flow_age              as if the daemon had not been heard of for a minute
. "$SRCDIR/tests/tap.sh"

# psql itself, not Debian's wrapper in Perl, which takes seven times as long to start.
PATH=$(pg_config --bindir 2>/dev/null || ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1):$PATH

flow_dir=$(mktemp -d "${TMPDIR:-/tmp}/rosterd-flow.XXXXXX")
chmod 755 "$flow_dir"
flow_pid=
flow_also= # commands that end what else was started
socket=$flow_dir/rosterd.sock

flow_end() {
	[ -z "${moment_pid:-}" ] || kill "$moment_pid" 2>/dev/null
	[ -z "$flow_pid" ] || flow_kill TERM
	eval "$flow_also"
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
listen = { "${FLOW_LISTEN:-127.0.0.1:0}" }
master_key = "file:$flow_dir/master.key"
organisations = "$flow_dir/orgs.d"
database {
	conninfo = "${FLOW_CONNINFO:-host=$flow_dir/pg dbname=rosterd}"
	schema = "$SRCDIR/schema"
	${FLOW_DATABASE:-}
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
	${FLOW_UNDER:-} "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" >>"$flow_dir/log" 2>&1 &
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
	[ "$flow_status" != 99 ] || flow_watched
}
# Whoever watched the daemon has found something. It is told after everything else, too late for the plan: an error of the test.
flow_watched() {
	grep -a '^==' "$flow_dir/log" | sed 's/^/# /'
	fail "nothing is wrong with the daemon under $FLOW_UNDER (exit code $flow_status)"
}

flow_postgres() {
	"$SRCDIR/tests/peers/postgres.sh" start "$flow_dir/pg" ${FLOW_POSTGRES:-} >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
	psql -q -h "$flow_dir/pg" -U postgres -d postgres -f "$SRCDIR/schema/roles.sql" >/dev/null
}

flow_start() {
	flow_postgres
	flow_config
	flow_daemon
}

# A port of 127.0.0.1 that nobody listens on just now, below those that the kernel gives to outgoing connections: nobody takes it by chance meanwhile,
# not even while a daemon that listens there is started anew.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}
ctl() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" "$@"; }
query() { psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d rosterd -c "SET search_path = rosterd" -c "$1"; }

acme() {
	local text=$1
	shift
	printf '%s\n' "$text" >"$flow_dir/people.txt"
	ctl org create Acme --type enterprise >/dev/null && ctl domain add acme acme.example >/dev/null &&
		ctl connection create acme example people --set directory=@"$flow_dir/people.txt" "$@" >/dev/null ||
		{ echo "Bail out! acme could not be set up"; exit 1; }
}

directory() {
	printf '%s\n' "$1" >"$flow_dir/people.txt"
	ctl connection set acme/people --set directory=@"$flow_dir/people.txt" >/dev/null
}

script() { ctl connection set acme/people --set script="$1" >/dev/null; }
sync_run() { ctl sync show "acme/$1" --json; }
flow_age() { query "UPDATE runs SET beat_at = now() - interval '1 minute' WHERE claimed_by IS NOT NULL"; }

sync() { ctl sync run acme/people --wait --json "$@" 2>"$flow_dir/sync.err"; }

# The counts of a run in one line, sorted: "member.joined=3 member.updated=1"
counts() { jq -r '.counts | to_entries | sort_by(.key) | map("\(.key)=\(.value)") | join(" ")'; }
# All members in one line each: "name role state"
roster() { ctl member list acme --json | jq -r '.items[] | "\(.user_name) \(.role) \(.state)"' | sort; }
# People who could not be taken: "remote_id code"
refused() { ctl connection refused "${1:-acme/people}" --json | jq -r '.items[] | "\(.remote_id) \(.code)"' | sort; }
audited() { query "SELECT count(*) FROM audit WHERE source = 'run'"; }
roster_digest() {
	query "SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
		SELECT m::text AS line FROM members m UNION ALL SELECT a::text FROM accounts a UNION ALL SELECT d::text FROM addresses d
		UNION ALL SELECT g::text FROM groups g UNION ALL SELECT k::text FROM group_accounts k
		UNION ALL SELECT n::text FROM group_groups n UNION ALL SELECT id::text FROM users) l"
}

until_run() {
	for _ in $(seq 600); do
		[ "$(query "SELECT $2 FROM runs WHERE id = '$1'" 2>/dev/null)" = t ] && return 0
		sleep 0.03
	done
	return 1
}

becomes() {
	local name=$1 wanted=$2 got
	shift 2
	for _ in $(seq 200); do
		got=$("$@")
		[ "$got" = "$wanted" ] && break
		sleep 0.05
	done
	is "$name" "$got" "$wanted"
}

cleared_up() {
	for _ in $(seq 600); do
		[ "$(query "SELECT NOT EXISTS (SELECT FROM renames WHERE ask_at <= now()) AND NOT EXISTS (SELECT FROM runs WHERE state IN ('asked', 'reading', 'reconciling'))")" = t ] && return 0
		sleep 0.1
	done
	return 1
}

# A moment is a trigger that waits for a lock which somebody here holds.
moment() {
	query "DROP FUNCTION IF EXISTS moment CASCADE;
		CREATE FUNCTION moment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
			'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END';
		CREATE TRIGGER moment BEFORE $1 EXECUTE FUNCTION moment()" 2>/dev/null
	PGAPPNAME=moment psql -q -X -h "$flow_dir/pg" -U postgres -d rosterd -c "SELECT pg_advisory_lock(4711)" -c "SELECT pg_sleep(600)" \
		>/dev/null 2>&1 &
	moment_pid=$!
	moment_count "application_name = 'moment' AND query LIKE '%pg_sleep%'"
}
moment_count() {
	for _ in $(seq 200); do
		[ "$(query "SELECT count(*) FROM pg_stat_activity WHERE $1")" -gt 0 ] && return 0
		sleep 0.03
	done
	return 1
}
moment_wait() { moment_count "wait_event_type = 'Lock' AND wait_event = 'advisory'" || fail "a transaction stops at the moment"; }
moment_over() {
	query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moment'" >/dev/null
	wait "$moment_pid" 2>/dev/null
	moment_pid=
	query "DROP FUNCTION moment CASCADE" 2>/dev/null
}
# Nobody of a daemon that was killed is in the database any more.
moment_gone() {
	for _ in $(seq 200); do
		[ "$(query "SELECT count(*) FROM pg_stat_activity WHERE usename = 'rosterd_worker'")" = 0 ] && return 0
		sleep 0.03
	done
	return 1
}
