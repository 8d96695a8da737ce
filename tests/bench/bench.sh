#!/bin/bash
# The figures of `make bench`: NAME VALUE GOAL ok|short. Each value is a ratio (or bytes) of one run against a floor that
# ran beside it, the median of BENCH_ROUNDS rounds. Lines that begin with # are absolute, and judge nothing.
#
#   BENCH_PEOPLE  1000000   BENCH_ROUNDS  5   BENCH_ONLY  a name's beginning
set -u
# Durable as PostgreSQL is by default; the memory of a small server.
FLOW_POSTGRES="fsync=on full_page_writes=on shared_buffers=1GB max_wal_size=8GB checkpoint_timeout=30min"
. "$SRCDIR/tests/flows/flow.sh"
people=${BENCH_PEOPLE:-1000000} rounds=${BENCH_ROUNDS:-5} only=${BENCH_ONLY:-}
organisation= connection= run_of=bench/crowd

now() { date +%s.%N; }
seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b - a }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
figure() { # figure NAME GOAL: the values of the rounds on standard input
	local value
	value=$(median)
	awk -v n="$1" -v v="$value" -v g="$2" 'BEGIN { printf "%s %.3f %s %s\n", n, v, g, v <= g ? "ok" : "short" }'
}
wanted() { [[ $1 == "$only"* ]]; }
worker() { psql -q -X -A -t -h "$flow_dir/pg" -U rosterd_worker -d rosterd -v organisation="$organisation" -v connection="$connection" "$@"; }
anonymous() { awk '/^RssAnon:/ { print $2 * 1024 }' "/proc/$1/status" 2>/dev/null || echo 0; }

crowd() { # crowd N: how many people the directory has from now on
	ctl connection set bench/crowd --set generated="$1" >/dev/null
}
set_up() {
	ctl org create Bench --type enterprise >/dev/null && ctl domain add bench generated.example >/dev/null &&
		printf '# nobody else\n' >"$flow_dir/nobody" &&
		ctl connection create bench example crowd --set directory=@"$flow_dir/nobody" --set generated="$people" >/dev/null || exit 1
	organisation=$(query "SELECT organisation FROM organisations WHERE slug = 'bench'")
	connection=$(query "SELECT id FROM connections WHERE name = 'crowd'")
}
# As after installation, but for the organisation, its connection and its domain; everything written and known.
empty() {
	until query "TRUNCATE users, addresses, members, accounts, groups, group_accounts, group_groups, audit, audit_seals, refusals, runs, changes, readings CASCADE" >/dev/null 2>&1; do sleep 0.1; done # the sealer may be at it
	query "CHECKPOINT" >/dev/null
}
# The chain of the audit is made after the commit, beside whatever comes next: it must not be paid for there.
sealed() { until [ "$(query "SELECT entries FROM audit_lag()")" = 0 ]; do sleep 0.2; done; }
settle() { sealed; query "ANALYZE" >/dev/null; query "CHECKPOINT" >/dev/null; }
run_seconds() { # one run, waited for: its seconds
	ctl sync run "$run_of" --wait --json >"$flow_dir/run.json" 2>>"$flow_dir/log" || { cat "$flow_dir/run.json" >&2; return 1; }
	query "SELECT extract(epoch FROM finished_at - started_at)::numeric(10,3) FROM runs ORDER BY asked_at DESC LIMIT 1"
}

# Our staging tables with the rows that a run would have put there, and the same as pages in files.
make_pages() {
	query "DROP TABLE IF EXISTS staging.bench" >/dev/null
	query "CREATE UNLOGGED TABLE staging.bench AS SELECT id, remote_id, 'uid=' || user_name || ',ou=people,dc=generated,dc=example'
		AS key, user_name, email, split_part(email, '@', 2) AS domain, given_name, family_name, display_name, title, department,
		locale, standing, fingerprint FROM accounts ORDER BY remote_id" >/dev/null
	query "GRANT ALL ON staging.bench TO rosterd_worker" >/dev/null
	query "CREATE INDEX bench_pages ON staging.bench (remote_id)" >/dev/null
	mkdir -p "$flow_dir/pages" && chmod 777 "$flow_dir/pages"
	query "DO \$\$ DECLARE b record; BEGIN FOR b IN SELECT row_number() OVER (ORDER BY remote_id) - 1 AS page, remote_id AS first,
		lead(remote_id) OVER (ORDER BY remote_id) AS next FROM (SELECT remote_id, row_number() OVER (ORDER BY remote_id) AS n FROM staging.bench) r
		WHERE n % 1000 = 1 LOOP
		EXECUTE format('COPY (SELECT * FROM staging.bench WHERE remote_id >= %L AND (%L IS NULL OR remote_id < %L)) TO %L (FORMAT binary)',
			b.first, b.next, b.next, '$flow_dir/pages/' || b.page); END LOOP; END \$\$" >/dev/null
	query "DROP INDEX staging.bench_pages" >/dev/null
	for page in $(seq 0 $(((people + 999) / 1000 - 1))); do
		echo "\\copy staging.bench FROM '$flow_dir/pages/$page' (FORMAT binary)"
	done >"$flow_dir/pages.psql"
}

bench_first() {
	local ours floor begun
	# Once for nothing: the server writes its first gigabytes of log into files that it must make, and later into old ones.
	empty; run_seconds >/dev/null || return 1
	[ -d "$flow_dir/pages" ] || make_pages
	for round in $(seq "$rounds"); do
		empty; settle
		ours=$(run_seconds) || return 1
		empty; settle
		begun=$(now)
		worker -f "$SRCDIR/tests/bench/first.sql" >/dev/null || return 1
		floor=$(seconds "$begun" "$(now)")
		echo "# first load of $people: ours $ours s, floor $floor s" >&2
		awk -v a="$ours" -v b="$floor" 'BEGIN { print a / b }'
	done
}
bench_same() {
	local ours floor begun
	empty; run_seconds >/dev/null || return 1
	[ -d "$flow_dir/pages" ] || make_pages
	query "VACUUM ANALYZE" >/dev/null
	for round in $(seq "$rounds"); do
		sealed
		query "CHECKPOINT" >/dev/null
		ours=$(run_seconds) || return 1
		query "TRUNCATE staging.bench" >/dev/null
		query "CHECKPOINT" >/dev/null
		begun=$(now)
		worker -f "$flow_dir/pages.psql" >/dev/null && worker -f "$SRCDIR/tests/bench/same.sql" >/dev/null || return 1
		floor=$(seconds "$begun" "$(now)")
		echo "# unchanged listing of $people: ours $ours s, floor $floor s" >&2
		awk -v a="$ours" -v b="$floor" 'BEGIN { print a / b }'
	done
}

# The most anonymous memory of the daemon and of its child while a run goes on: "DAEMON CHILD" in bytes.
watch_memory() {
	local most=0 child_most=0 is child run
	ctl sync run "$run_of" --wait --json >/dev/null 2>>"$flow_dir/log" &
	run=$!
	while kill -0 $run 2>/dev/null; do
		is=$(anonymous "$flow_pid"); [ "$is" -gt "$most" ] && most=$is
		for child in $(pgrep -P "$flow_pid" rosterd-connec); do
			is=$(anonymous "$child"); [ "${is:-0}" -gt "$child_most" ] && child_most=$is
		done
		sleep 0.02
	done
	wait $run
	echo "$most $child_most"
}
bench_memory() {
	local small large
	flow_kill TERM; empty; flow_daemon
	crowd 10000; small=$(watch_memory)
	crowd "$people"; empty; large=$(watch_memory)
	echo "# anonymous memory of daemon and child: at 10,000 people $small, at $people $large bytes" >&2
	echo "$small $large"
}

bench_start() {
	local count ours floor
	count=$(query "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'rosterd_%'")
	flow_kill TERM
	for round in $(seq "$rounds"); do
		ours=$("$BUILDDIR/tests/bench/first_answer" "$socket" "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" 2>>"$flow_dir/log") || return 1
		floor=$("$BUILDDIR/tests/bench/first_answer" "$flow_dir/bare.sock" "$BUILDDIR/tests/bench/bare" "$flow_dir/bare.sock" \
			"host=$flow_dir/pg dbname=rosterd user=rosterd_request" "$count") || return 1
		echo "# start to first answer: ours $ours us, a bare program with $count connections $floor us" >&2
		awk -v a="$ours" -v b="$floor" 'BEGIN { print a / b }'
	done
	flow_daemon
}

flow_start
if wanted idle-memory; then
	sleep 2
	echo "$(anonymous "$flow_pid")" | figure idle-memory-bytes 16777216
fi
wanted start && bench_start >"$flow_dir/rounds" && figure start 2 <"$flow_dir/rounds"
set_up
wanted first && bench_first >"$flow_dir/rounds" && figure first-load 2 <"$flow_dir/rounds"
wanted same && bench_same >"$flow_dir/rounds" && figure same 2 <"$flow_dir/rounds"
if wanted memory && bench_memory >"$flow_dir/rounds"; then
	awk '{ print $3 - $1 }' "$flow_dir/rounds" | figure memory-daemon-growth-bytes 8388608
	awk -v n="$people" '{ print ($4 - $2) / (n - 10000) }' "$flow_dir/rounds" | figure memory-child-bytes-a-person 64
fi
if wanted json; then
	. "$SRCDIR/tests/bench/json.sh"
	bench_json >"$flow_dir/rounds" && figure json-same 2 <"$flow_dir/rounds" && bench_json_memory >"$flow_dir/rounds" && figure json-memory-bytes 67108864 <"$flow_dir/rounds"
fi
if wanted ldap-read && [ -e "$SRCDIR/tests/bench/ldap.sh" ]; then bash "$SRCDIR/tests/bench/ldap.sh"; fi
if wanted increment && [ -e "$SRCDIR/tests/bench/increment.sh" ]; then bash "$SRCDIR/tests/bench/increment.sh" "$people" "$rounds"; fi
if [[ session == "${only%%-*}"* ]]; then BENCH_ROUNDS=$rounds bash "$SRCDIR/tests/bench/session.sh"; fi
if wanted offboarding; then bash "$SRCDIR/tests/bench/offboarding.sh"; fi
for vendor in okta entra google auth0; do if wanted "vendor-$vendor"; then bash "$SRCDIR/tests/bench/vendors.sh" "$vendor"; fi; done
if [[ scim == "${only%%-*}"* ]]; then BENCH_ROUNDS=$rounds bash "$SRCDIR/tests/bench/scim.sh"; fi
true
