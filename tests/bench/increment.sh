#!/bin/bash
# The bench figures of readings of what changed, from a real slapd with a session log through the whole daemon:
#
#   increment-share  one of a hundred people changed, against the floor: ldapsearch of those who changed, by an index, and the SQL that
#                    writes them: the rows of accounts and members and an entry of an audit each, in one durable transaction (an entry
#                    without commitment, and no plan); the goal is 2
#   increment-one    one person changed among PEOPLE, against one among a tenth of them; the goal is 1.2
#
#   tests/bench/increment.sh [PEOPLE [ROUNDS]]      100000 people and 5 rounds by default
FLOW_POSTGRES="fsync=on full_page_writes=on shared_buffers=1GB max_wal_size=8GB checkpoint_timeout=30min"
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
people_most=${1:-100000} rounds=${2:-5}
flow_start
users=ou=people,dc=acme,dc=example

figure() { # figure NAME GOAL: the values of the rounds on standard input
	sort -n | awk -v n="$1" -v g="$2" '{ v[NR] = $1 } END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		printf "%s %.3f %s %s\n", n, m, g, m <= g ? "ok" : "short" }'
}
now() { date +%s.%N; }
seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b - a }'; }
search() { ldapsearch -x -LLL -o ldif-wrap=no -H "$SLAPD_LDAP" -D "$SLAPD_BIND_DN" -w "$SLAPD_BIND_PASSWORD" -b "$users" "$@"; }

# A directory of N people, and the organisation that has read it.
prepare() {
	server=$flow_dir/ldap-$1
	server_start "$1" 0 >/dev/null
	ctl org create "Acme $1" --type enterprise --default-role member >/dev/null
	ctl domain add "acme-$1" acme.example >/dev/null 2>&1
	ctl connection create "acme-$1" ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" \
		--secret bind_password=@"$server/password" --set user_base="$users" --schedule never >/dev/null || exit 1
	ctl sync run "acme-$1/people" --wait >/dev/null 2>&1
	query "ANALYZE" >/dev/null
}
tick=0
change() { # change HOW_MANY OF: that many of so many have another name
	tick=$((tick + 1))
	awk -v n="$1" -v of="$2" -v tick="$tick" -v users="$users" 'BEGIN { step = int((of - 11) / n); for (i = 0; i < n; i++)
		printf "dn: uid=u%06d,%s\nchangetype: modify\nreplace: displayName\ndisplayName: Name %d of %d\n\n", 11 + i * step, users, tick, i }' |
		"$SRCDIR/tests/peers/slapd.sh" modify "$server" >/dev/null
}
increment() { # increment N: the seconds of a reading of what changed
	ctl sync run "acme-$1/people" --scope changed --wait --json >"$flow_dir/run.json" 2>/dev/null
	[ "$(jq -r '"\(.state) \(.scope)"' "$flow_dir/run.json")" = "done changed" ] || { cat "$flow_dir/run.json" >&2; grep -h refused "$flow_dir"/log* | tail -n 2 >&2; exit 1; }
	query "SELECT extract(epoch FROM finished_at - started_at)::numeric(10,4) FROM runs ORDER BY asked_at DESC LIMIT 1"
}
csn() { ldapsearch -x -LLL -H "$SLAPD_LDAP" -D "$SLAPD_BIND_DN" -w "$SLAPD_BIND_PASSWORD" -b "$SLAPD_BASE" -s base contextCSN | sed -n 's/^contextCSN: //p'; }
floor() { # floor CSN: the seconds that cannot be saved
	local before after
	before=$(now)
	search "(entryCSN>=$1)" entryUUID entryCSN uid mail givenName sn displayName cn >/dev/null
	query "BEGIN; UPDATE accounts SET display_name = left(display_name || 'x', 60) WHERE remote_id IN (SELECT remote_id FROM bench_touched);
		UPDATE members SET name = left(name || 'x', 60) WHERE user_id IN (SELECT user_id FROM bench_touched);
		INSERT INTO bench_rows SELECT * FROM bench_touched; COMMIT" >/dev/null
	after=$(now)
	seconds "$before" "$after"
}

small=$((people_most / 10)) share=$((people_most / 100))
prepare "$small" && small_env=$server/env
prepare "$people_most" && large_env=$server/env
query "CREATE TABLE bench_touched AS SELECT a.remote_id, a.user_id, a.user_name, a.display_name FROM accounts a JOIN connections c ON c.id = a.connection
	JOIN organisations o ON o.organisation = a.organisation WHERE o.slug = 'acme-$people_most' LIMIT $share;
	CREATE TABLE bench_rows (LIKE bench_touched); ANALYZE bench_touched" >/dev/null
: >"$flow_dir/share" >"$flow_dir/one"
for round in $(seq "$rounds"); do
	. "$large_env"; server=${large_env%/env}
	from=$(csn)
	change "$share" "$people_most"
	ours=$(increment "$people_most") theirs=$(floor "$from")
	change 1 "$people_most"
	large=$(increment "$people_most")
	. "$small_env"; server=${small_env%/env}
	change 1 "$small"
	little=$(increment "$small")
	echo "# round $round: $share of $people_most in $ours s, the floor $theirs s; one of $people_most in $large s, one of $small in $little s" >&2
	awk -v a="$ours" -v b="$theirs" 'BEGIN { print a / b }' >>"$flow_dir/share"
	awk -v a="$large" -v b="$little" 'BEGIN { print a / b }' >>"$flow_dir/one"
done
figure increment-share 2 <"$flow_dir/share"
figure increment-one 1.2 <"$flow_dir/one"
"$SRCDIR/tests/peers/slapd.sh" stop "${large_env%/env}" # the other is the flow's to stop
