#!/bin/bash
# What can be watched from outside: alive, ready and figures, with the database there, gone and back; while the daemon ends; and
# one request's id in its answer, the log and the audit.
. "$(dirname "$0")/flow.sh"

port=$(free_port)
FLOW_LISTEN=127.0.0.1:$port
monitors=127.0.0.1:$(free_port)
FLOW_SETTINGS="metrics {
	listen = { \"$monitors\" }
	interval = \"1s\"
}
log {
	form = json
	level = info
}"
flow_start

at() { curl -s -o "$flow_dir/answer" -w '%{http_code}' "http://$monitors$1"; }
operator() { curl -s --unix-socket "$socket" "http://localhost$1"; }
# figure NAME{LABELS}: its value now; "" if it is not there
figure() { curl -s "http://$monitors/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }
# until_is WANTED COMMAND...: waits until it prints that
until_is() {
	local wanted=$1
	shift
	for _ in $(seq 300); do
		[ "$("$@")" = "$wanted" ] && return 0
		sleep 0.1
	done
	return 1
}

# ---- who may ask what, and where ----
is "monitors ask whether it lives" "$(at /livez)" 200
is "and whether it is ready" "$(at /readyz)" 200
is "which says no more than that" "$(jq -c . "$flow_dir/answer")" '{"status":"ready"}'
is "unless it is asked" "$(at '/readyz?verbose'; jq -c .checks "$flow_dir/answer")" '200{"database":"ok","schema":"ok","installation":"ok","listener":"ok"}'
is "they get figures" "$(at /metrics)" 200
is "and nothing else" "$(at /v1/whoami)" 404
is "not with a body, either" "$(curl -s -o /dev/null -w '%{http_code}' -d x "http://$monitors/livez")" 413
is "where the public asks, figures are for the operator" "$(curl -s "http://127.0.0.1:$port/metrics" | jq -r .code)" access.none
is "and so is the status" "$(curl -s "http://127.0.0.1:$port/v1/status" | jq -r .code)" access.none
is "whether it is ready is for anybody" "$(curl -s "http://127.0.0.1:$port/readyz" | jq -r .status)" ready
reader=$(curl -s --unix-socket "$socket" -H 'Content-Type: application/json' -d '{"name":"prometheus","scopes":["daemon:read"]}' \
	http://localhost/v1/tokens | jq -r .token)
ok "a token that may read about the daemon gets them, too" \
	sh -c "curl -sf -H 'Authorization: Bearer $reader' http://127.0.0.1:$port/metrics | grep -q '^rosterd_ready 1'"
is "denied ones are counted" "$(figure 'rosterd_access_denied_total{reason="none"}')" 2
curl -s -o /dev/null -H "Authorization: Bearer rst_$(printf 'x%.0s' $(seq 43))" "http://127.0.0.1:$port/v1/whoami"
is "and tokens that are none" "$(figure 'rosterd_access_denied_total{reason="token"}')" 1

# ---- a run ----
acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
group: id=g1; name=Admins
member: group=g1; member=u2'
sync >/dev/null
is "a run is counted" "$(figure 'rosterd_runs_ended_total{plugin="example",outcome="done"}')" 1
is "with its time" "$(figure 'rosterd_run_duration_seconds_count{plugin="example"}')" 1
is "whom it read" "$(figure 'rosterd_people_read_total{plugin="example"}')" 2
is "and what it changed" "$(figure 'rosterd_changes_total{kind="member.joined"}') $(figure 'rosterd_changes_total{kind="group.created"}')" "2 1"
is "entries of the audit are counted as they are committed" \
	"$(($(figure 'rosterd_audit_entries_total{role="worker"}')))" "$(audited)"
started=$(figure 'rosterd_plugin_children_started_total{plugin="example"}')
is "every child that was started has ended" "$(figure 'rosterd_plugin_children_ended_total{plugin="example",reason="ended"}') $(figure rosterd_plugin_children)" "$started 0"
ok "the connection is there" until_is 1 figure 'rosterd_connections{state="active"}'
ok "people without an owner are seen" until_is 1 figure rosterd_organisations_ownerless

script 'crash_at 1'
sync >/dev/null
is "a run that failed is counted" "$(figure 'rosterd_runs_ended_total{plugin="example",outcome="failed"}')" 1
bad=$(curl -s "http://$monitors/metrics" | awk '/^rosterd_plugin_children_ended_total/ && !/reason="ended"/ { n += $2 } END { print n + 0 }')
is "and so is the child that crashed" "$bad" 1
ok "its connection is failing" until_is 1 figure rosterd_connections_failing
script ''
ctl connection set acme/people --remove-most 0 --remove-share 0 >/dev/null
directory 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
sync >/dev/null
is "a held run is counted" "$(figure 'rosterd_runs_ended_total{plugin="example",outcome="held"}')" 1
ok "and seen while it waits" until_is 1 figure 'rosterd_runs{state="held"}'
ok "longer and longer" sh -c "curl -s http://$monitors/metrics | grep -E '^rosterd_runs_oldest_held_seconds [0-9.]*[1-9]'"
query "UPDATE connections SET created_at = now() - interval '1 day', schedule_ms = 60000, next_due_at = NULL;
	UPDATE runs SET finished_at = now() - interval '1 day' WHERE state = 'done'"
ok "who is not in step is overdue" until_is 1 figure rosterd_connections_overdue
ok "for so long" sh -c "curl -s http://$monitors/metrics | grep -E '^rosterd_connections_oldest_success_seconds 864[0-9]{2}\\.'"
ctl token create soon --expires 13d >/dev/null
ctl token create later --expires 15d >/dev/null
ok "tokens that end soon are seen" until_is 1 figure rosterd_tokens_expiring

# ---- rosterctl ----
like "rosterctl shows the operator a page" "$(ctl status | tr -s ' ' | paste -sd /)" \
	': ready, up [0-9]+ .*/database answers; [0-9]+ migrations, [0-9]+ of 8 .*/connections 1 active, 0 paused; 1 failing, 1 overdue/runs 0 asked for, 0 under way, 1 held, the oldest since '
is "or what the API says" "$(ctl status --json | jq -r '.status, .tokens_expiring')" "ready
1"
like "and the figures" "$(ctl metrics)" '^rosterd_connections_overdue 1'

# ---- the text ----
curl -s "http://$monitors/metrics" >"$flow_dir/metrics"
ok "every line is by the rules of the format" "$BUILDDIR/tests/flows/exposition" "$flow_dir/metrics"
unlike "nobody's name is in it" "$(cat "$flow_dir/metrics")" 'acme|Acme|people"|[Aa]da|[Bb]ob'
before=$(wc -l <"$flow_dir/metrics")
for i in $(seq 60); do echo "url = http://127.0.0.1:$port/v1/organisations/o$i/members/m$i?p$i"; done >"$flow_dir/urls"
curl -s -K "$flow_dir/urls" -X POST >/dev/null
for i in $(seq 60); do echo "url = http://127.0.0.1:$port/nothing/$i"; done >"$flow_dir/urls"
curl -s -K "$flow_dir/urls" -X BREW >/dev/null
after=$(curl -s "http://$monitors/metrics" | wc -l)
ok "what clients make up is no label ($before lines before, $after after)" test "$after" -le $((before + 60))

# ---- one request, told three times ----
id=$(curl -s -D - -o /dev/null --unix-socket "$socket" -H 'Content-Type: application/json' -d '{"name":"x","slug":"traced","type":"team"}' \
	'http://localhost/v1/organisations' | sed -nE 's/^[Xx]-[Rr]equest-[Ii]d: ([^[:space:]]+).*/\1/p')
like "the answer has the request's id" "$id" '^[0-9a-f-]{36}$'
is "so has the audit" "$(query "SELECT count(*) > 0 FROM audit WHERE request = '$id' AND action = 'organisation.created'")" t
line=$(grep -F "\"request\":\"$id\"" "$flow_dir/log")
is "and the log, in one line" "$(printf '%s\n' "$line" | wc -l)" 1
is "which says what was asked, who asked, and how it went" \
	"$(jq -r '[.level, .method, .route, .status, .principal] | join(" ")' <<<"$line")" "info POST /v1/organisations 201 operator uid $(id -u)"
ok "and how long it took" jq -e '.ms | tonumber >= 0' <<<"$line"
id=$(curl -s --unix-socket "$socket" 'http://localhost/v1/organisations/none/members?role=admin' | jq -r .request)
line=$(grep -F "\"request\":\"$id\"" "$flow_dir/log")
is "one that failed has its code" "$(jq -r '[.route, .status, .code] | join(" ")' <<<"$line")" \
	"/v1/organisations/{organisation}/members 404 organisation.unknown"
unlike "no query and no path stands in the log" "$(grep -F "$id" "$flow_dir/log")" 'role=|/none/'
run=$(query "SELECT id FROM runs WHERE state = 'held'")
line=$(grep -F "\"run\":\"$run\"" "$flow_dir/log" | tail -n 1)
is "a line of a run has the run, whose it is, and by which connection" \
	"$(jq -r '[.run, .organisation, .connection] | join(" ")' <<<"$line")" "$run acme people"
ok "every line is JSON" jq -es 'length > 5' "$flow_dir/log"

# ---- the database goes, and comes back ----
"$SRCDIR/tests/peers/postgres.sh" halt "$flow_dir/pg"
ok "without the database it is not ready" until_is 503 at /readyz
is "which says why" "$(at '/readyz?verbose'; jq -r .checks.listener "$flow_dir/answer")" 503ok
unlike "in a code" "$(at '/readyz?verbose'; jq -r .checks.database "$flow_dir/answer")" '^503ok$'
is "it lives" "$(at /livez)" 200
is "and counts" "$(figure rosterd_database_up) $(figure rosterd_ready)" "0 0"
is "rosterctl says so, too" "$(ctl status >"$flow_dir/page" 2>&1; echo $?)" 1
like "in words" "$(cat "$flow_dir/page")" 'the database cannot be reached|not ready: database'
is "the operator is told so" "$(operator /v1/status | jq -r '.status, .checks.database')" "not ready
store.down"
ok "and gets figures" sh -c "curl -s --unix-socket '$socket' http://localhost/metrics | grep -q '^rosterd_database_up 0'"
"$SRCDIR/tests/peers/postgres.sh" start "$flow_dir/pg" ${FLOW_POSTGRES:-} >/dev/null
ok "it comes back by itself" until_is 200 at /readyz
is "and says so" "$(figure rosterd_database_up)" 1

# ---- a schema that is not ours any more ----
query "UPDATE migrations SET oldest_daemon = '99.0.0' WHERE number = 1"
ok "who is too old for the schema is not ready" until_is 503 at /readyz
is "for that reason" "$(at '/readyz?verbose'; jq -r .checks.schema "$flow_dir/answer")" 503schema.new
query "UPDATE migrations SET oldest_daemon = '0.1.0' WHERE number = 1"
ok "until it is put right" until_is 200 at /readyz

# ---- a socket that somebody removed ----
mv "$socket" "$socket.away"
is "a socket that is gone is seen" "$(at '/readyz?verbose'; jq -r .checks.listener "$flow_dir/answer")" 503http.socket
mv "$socket.away" "$socket"
is "and that it is back" "$(at /readyz)" 200

# ---- the end: a request holds the door open ----
moment "INSERT ON organisations FOR EACH ROW"
curl -s -o "$flow_dir/last" --unix-socket "$socket" -H 'Content-Type: application/json' -d '{"name":"y","slug":"last","type":"team"}' \
	'http://localhost/v1/organisations' &
last=$!
moment_wait
kill -TERM "$flow_pid"
ok "while it ends it is not ready" until_is 503 at /readyz
is "because it ends" "$(at '/readyz?verbose'; jq -r .checks.listener "$flow_dir/answer")" 503http.ending
is "and lives" "$(at /livez)" 200
moment_over
wait "$last"
is "what had begun is answered" "$(jq -r .slug "$flow_dir/last")" last
wait "$flow_pid"
is "it ends well" "$?" 0
flow_pid=
done_testing
