#!/bin/bash
# A directory that says when something changed: it is looked at then, once for many changes; failures are waited out; one daemon of several waits.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

eventually() { # SQL: becomes true
	for _ in $(seq 300); do [ "$(query "SELECT $1")" = t ] && return 0; sleep 0.1; done
	return 1
}
told() { query "SELECT count(*) FROM runs WHERE asked_by = 'watch'"; }
lines='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1'
serve "$lines"
acme_served --watch yes --remove-most 9
is "it is shown" "$(ctl connection show acme/people --json | jq .watch)" true
is "nobody waits before there was a whole listing" "$(sleep 3; query "SELECT count(*) FROM readings")" 0
sync >/dev/null
ok "then a daemon waits for the directory" eventually "watcher IS NOT NULL FROM readings"
serve "$(served)
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=2"
ok "who comes there is here without anybody asking" eventually "count(*) = 1 FROM members WHERE name = 'Cyd'"
is "by a reading of what changed" "$(query "SELECT DISTINCT scope FROM runs WHERE asked_by = 'watch'")" changed
is "of whom the audit says that nobody asked" "$(query "SELECT count(*) FROM audit WHERE action = 'member.joined' AND on_behalf_of IS NULL AND source = 'run'")" 1

# ---- many changes, few runs
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.asked_by = 'watch' AND NEW.state = 'reconciling')"
before=$(told)
for n in $(seq 10 40); do
	serve "$(served)
person: id=p$n; user=p$n; email=p$n@acme.example; name=P$n; at=$n"
done
moment_wait
moment_over
ok "many changes come" eventually "count(*) = 31 FROM members WHERE name ~ '^P'"
ok "what changes during a run comes with the next one, together" test "$(($(told) - before))" -le 3
is "that begin a second apart" "$(query "SELECT count(*) FROM (SELECT started_at - lag(asked_at) OVER (ORDER BY asked_at) AS apart FROM runs WHERE asked_by = 'watch') r
	WHERE apart < interval '0.99 seconds'")" 0

# ---- while another run is in the way, what changed is not forgotten
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.scope = 'all' AND NEW.state = 'reconciling')"
whole=$(ctl sync run acme/people --json | jq -r .id)
moment_wait
serve "$(served)
person: id=u4; user=dan; email=dan@acme.example; name=Dan; at=50"
sleep 2
moment_over
ok "the other run ends" until_run "$whole" "state = 'done'"
ok "and what changed meanwhile comes after it" eventually "count(*) = 1 FROM members WHERE name = 'Dan'"

# ---- failures, and other settings
script "fail_watch_at 1"
ok "a watch that fails is told" eventually "count(*) = 1 FROM connections WHERE version > 1"
for _ in $(seq 200); do grep -q "will be watched again: the script says so" "$flow_dir/log" && break; sleep 0.1; done
like "with its reason" "$(cat "$flow_dir/log")" "watch of people: will be watched again: the script says so: waiting 1 fails"
script ""
sync >/dev/null
serve "$(served)
person: id=u5; user=eve; email=eve@acme.example; name=Eve; at=60"
ok "with other settings it goes on by itself" eventually "count(*) = 1 FROM members WHERE name = 'Eve'"
is "as is counted" "$("$BUILDDIR/rosterctl/rosterctl" --socket "$socket" metrics 2>/dev/null | grep '^rosterd_watches ' | cut -d' ' -f2)" 1

# ---- the daemon that waits dies: another one does
cp "$flow_dir/rosterd.conf" "$flow_dir/other.conf"
sed -i "s#^socket = .*#socket = \"$flow_dir/other.sock\"#" "$flow_dir/other.conf"
first=$(query "SELECT watcher FROM readings")
"$BUILDDIR/rosterd" --config "$flow_dir/other.conf" >>"$flow_dir/other.log" 2>&1 &
other=$!
flow_also="kill $other 2>/dev/null; $flow_also"
for _ in $(seq 200); do "$BUILDDIR/rosterctl/rosterctl" --socket "$flow_dir/other.sock" status >/dev/null 2>&1 && break; sleep 0.1; done
sleep 3
is "a second daemon leaves it to the first" "$(query "SELECT watcher FROM readings")" "$first"
flow_kill KILL
query "UPDATE readings SET watched_at = now() - interval '1 minute'"
ok "until that one is silent" eventually "watcher <> '$first' FROM readings"
serve "$(served)
person: id=u6; user=fay; email=fay@acme.example; name=Fay; at=70"
ok "and waits instead" eventually "count(*) = 1 FROM members WHERE name = 'Fay'"
socket=$flow_dir/other.sock
ctl connection set acme/people --watch no >/dev/null
ok "who is no longer to be waited for is let go" eventually "watcher IS NULL FROM readings"
kill -TERM "$other"
wait "$other"
is "and the daemon ends well" "$?" 0
done_testing
