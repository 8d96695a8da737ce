#!/bin/bash
# Two PostgreSQL servers, a primary and a standby that streams from it. The primary is killed and the standby takes over: the daemon finds
# it by itself, what was answered is there, and the database is at home on it.
. "$SRCDIR/tests/flows/flow.sh"

. "$SRCDIR/tests/flows/two_servers.sh"
# asked PATH [CURL WORDS]: the status, the type of the content and Retry-After
asked() { curl -s -m 30 -o "$flow_dir/body" -w '%{http_code} %{content_type} %header{retry-after}' --unix-socket "$socket" "${@:2}" "http://localhost$1"; }
who() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/$1" whoami >/dev/null 2>&1; echo $?; }
run_over() { # run_over RUN: waits until it is, and prints how
	local state
	for _ in $(seq 600); do
		state=$(query "SELECT state FROM runs WHERE id = '$1'" 2>/dev/null)
		case $state in done | failed | held) break ;; esac
		flow_age 2>/dev/null # a run that nobody could give back grows old; not by the clock, here
		sleep 0.1
	done
	echo "$state"
}

flow_start
crowd=1000
acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada' --set generated=$crowd --set script='page_size 50'
sync >/dev/null
(umask 077; ctl token create kept 2>/dev/null >"$flow_dir/kept"; ctl token create gone 2>/dev/null >"$flow_dir/gone")
ok "a standby streams" standby second pg
ok "and is waited for" synchronous pg
is "the standby is at home as well, before anybody serves from it" "$(on second "SELECT pg_is_in_recovery(), installation_at_home()")" "t|t"

# ---- the primary is killed in the middle of a run
ctl connection set acme/people --set generated=$((crowd + 10)) --set script='page_size 10' >/dev/null
run=$(ctl sync run acme/people --json | jq -r .id)
until_run "$run" "people > 50"
ctl member add acme last@acme.example "The last" >/dev/null
is "a change is acknowledged" $? 0
ctl token revoke "$(ctl token list --json | jq -r '.items[] | select(.name == "gone").id')" >/dev/null
is "and a token is revoked" $? 0
peer halt pg
like "while nobody takes writes, one is told to come again" "$(asked /v1/organisations/acme)" '^503 application/problem\+json [1-9][0-9]*$'
like "in words" "$(jq -r '.code + ": " + .detail' "$flow_dir/body")" '^store\.[a-z_]+: .*database'
like "a change as well" "$(asked /v1/organisations -H 'Content-Type: application/json' -d '{"name":"Late","type":"team"}')" '^503 application/problem\+json'
for _ in $(seq 200); do case $(asked /readyz) in 503*) break ;; esac; sleep 0.1; done
like "the daemon is not ready, and lives" "$(asked /readyz) $(asked /livez)" '^503 .* 200 '
ok "the standby is promoted" promote second
ok "the daemon finds it by itself" serves
ok "in the same process" kill -0 "$flow_pid"
is "what was acknowledged is there" "$(query "SELECT count(*) FROM members WHERE name = 'The last'")" 1
is "what was refused is not" "$(query "SELECT count(*) FROM organisations WHERE name = 'Late'")" 0
is "at home: a token counts, and the revoked one does not" "$(query "SELECT installation_at_home()") $(who kept) $(who gone)" "t 0 4"
is "the run is taken up again, and done" "$(run_over "$run")" done
is "nobody is gone, ten have joined" "$(query "SELECT string_agg(action || ' ' || n, ', ') FROM (SELECT action, count(*) AS n FROM audit
	WHERE run = '$run' AND source = 'run' GROUP BY action) l")" "member.joined 10"
ok "changes are taken" ctl org create Next --type team
is "notices are heard there" "$(query "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'")" 1

# ---- the one that was killed comes back as the standby of the other, and the daemon is not misled by the first name
rm -rf "$flow_dir/pg"
ok "it comes back as a standby" standby pg second
ok "and is waited for again" synchronous second
flow_kill TERM
is "the daemon ends well" "$flow_status" 0
flow_daemon
is "a daemon starts with the standby named first" "$(ctl org show next --json | jq -r .name)" Next
ok "and changes" ctl org set next --name Changed
is "a run" "$(sync | jq -r .state)" done

# ---- back again, while nothing runs
peer halt second
ok "the first is promoted" promote pg
ok "found again" serves
is "whole" "$(ctl org show next --json | jq -r .name) $(query "SELECT count(*) FROM members WHERE source = 'connector' AND state = 'active'")" \
	"Changed $((crowd + 11))"
is "at home, with the same tokens" "$(query "SELECT installation_at_home()") $(who kept) $(who gone)" "t 0 4"
unlike "nobody takes it for a copy" "$(cat "$flow_dir/log")" 'is a copy'
done_testing
