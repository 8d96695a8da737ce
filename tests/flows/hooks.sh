#!/bin/bash
# A directory that sends messages: whoever is not it is not believed; what it says is kept before it is answered, becomes few runs, and none
# of it is lost, whatever dies in between.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
FLOW_SETTINGS='public_url = "https://roster.example"
workers = 4'
flow_start

serve "$(for n in $(seq 1 5); do echo "person: id=u$n; user=user$n; email=user$n@acme.example; name=U$n; at=1"; done)
group: id=g1; name=Engineers; at=1
member: group=g1; member=u1; at=1"
acme_notified --remove-most 9
sync >/dev/null
is "five are here" "$(query "SELECT count(*) FROM members WHERE state = 'active'")" 5
is "the connection says where its messages go" "$(ctl connection show acme/people --json | jq -r .hook_url)" "https://roster.example$hook"
like "so does its test" "$(ctl connection test acme/people 2>&1)" "messages are taken at https://roster.example$hook"

# ---- who it is
is "a challenge is answered to the letter" "$(curl -s --unix-socket "$socket" "http://localhost$hook?challenge=abc-123")" "abc-123"
like "as plain text" "$(curl -s -D - -o /dev/null --unix-socket "$socket" "http://localhost$hook?challenge=abc")" "Content-Type: text/plain"
is "a signed message is taken" "$(hook 'id: m1
person: u1')" 204
is "a forged signature is not believed" "$(hook_send "$(hook_sign 'person: u2')" 'person: u1') $(jq -r .code "$flow_dir/hook.answer")" "401 hook.not_authentic"
is "nor none" "$(curl -s -o "$flow_dir/none" -w '%{http_code}' --unix-socket "$socket" -d 'person: u1' "http://localhost$hook")" 401
unlike "and the answer does not say why" "$(cat "$flow_dir/none")" 'signature|is not signed|hook_secret'
told=$(grep -a 'messages of acme/' "$flow_dir/log")
like "the log does" "$told" 'messages of acme/[0-9a-f-]*: not authentic: the signature is not that of "hook_secret"'
unlike "without what was sent" "$told" "$(hook_sign 'person: u2')|person"
is "nothing of it is kept" "$(query "SELECT count(*) FROM notifications")" 1
is "nor in the audit" "$(query "SELECT count(*) FROM audit WHERE action = 'access.denied'")" 0
is "what cannot be understood is said to be so" "$(hook 'who knows: what')" 400
nobody=$hook
for hook in /hooks/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 /hooks/x; do
	is "nobody's address answers like that of one who hears nothing ($hook)" "$(hook 'person: u1') $(jq -r .code "$flow_dir/hook.answer")" "404 hook.unknown"
done
ctl connection create acme scim pushed >/dev/null
hook=/hooks/$(query "SELECT id FROM connections WHERE name = 'pushed'")
is "so does one that pushes" "$(hook 'person: u1') $(jq -r .code "$flow_dir/hook.answer")" "404 hook.unknown"
hook=$nobody
head -c 1100000 /dev/zero | tr '\0' x >"$flow_dir/large"
is "a body that is too large is refused" "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" --data-binary @"$flow_dir/large" "http://localhost$hook")" 413
is "other methods too" "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" -X PUT "http://localhost$hook")" 405

# ---- a message becomes a run
ok "the first message has been applied" eventually "count(*) = 1 FROM notifications WHERE state = 'applied'"
is "its body is gone" "$(query "SELECT count(*) FROM notifications WHERE body IS NOT NULL")" 0
(umask 077; ctl token create ones --organisation acme --member user1@acme.example 2>/dev/null >"$flow_dir/ones")
whoami() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/ones" whoami; }
ok "somebody's token counts" whoami
serve "$(served)" '/user=user1;/d; /member=u1/d'
is "somebody is dismissed, and the directory says so" "$(hook 'id: m2
person: u1
group: g1')" 204
ok "they are suspended" eventually "state = 'suspended' FROM members WHERE name = 'U1'"
ok "and their token counts no more" test "$(whoami >/dev/null 2>&1 && echo it does)" = ""
run=$(query "SELECT run FROM audit WHERE action = 'member.suspended' ORDER BY id DESC LIMIT 1")
is "by a run about them, which nobody asked for" "$(query "SELECT scope || ' ' || asked_by || ' ' || named::text || ' ' || named_groups::text FROM runs WHERE id = '$run'")" \
	"named notification {u1} {g1}"
is "and how long that took is in the audit" "$(query "SELECT target = '$run', personal::jsonb->'after'->>'people',
	(SELECT count(*) FROM jsonb_each_text(personal::jsonb->'after') p WHERE p.key ~ '^until_(asked|answered|refused)_ms$' AND p.value::int BETWEEN 0 AND 60000)
	FROM audit WHERE action = 'run.offboarded'")" "t|1|3"
is "of which the audit says so" "$(query "SELECT actor_kind || ' ' || coalesce(on_behalf_of, 'nobody') FROM audit WHERE action = 'member.suspended'")" "connector nobody"
ok "the message has been applied" eventually "state = 'applied' FROM notifications WHERE message_id = 'm2'"
is "and the run says by which messages" "$(ctl connection notifications acme/people --run "$run" --json | jq -r '.items[] | "\(.message_id) \(.subjects) \(.state) \(.run_state) \(.tries)"')" \
	"m2 2 applied done 0"
is "a message that is repeated is answered as the first" "$(hook 'id: m2
person: u1
group: g1')" 204
is "and costs nothing" "$(query "SELECT count(*) FROM notifications WHERE message_id = 'm2'") $(query "SELECT count(*) FROM runs WHERE asked_by = 'notification'")" "1 2"
is "about nobody: nothing is kept" "$(hook 'id: m3') $(query "SELECT count(*) FROM notifications")" "204 2"
serve "$(served)
person: id=u6; user=user6; email=user6@acme.example; name=U6; at=2"
is "something changed" "$(hook 'id: m4
changes:')" 204
ok "who came is here" eventually "count(*) = 1 FROM members WHERE name = 'U6'"
is "by a run of what changed" "$(query "SELECT scope FROM runs WHERE asked_by = 'notification' ORDER BY asked_at DESC LIMIT 1")" changed

# ---- many messages, few runs, and the order
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.asked_by = 'notification' AND NEW.state = 'reconciling')"
before=$(query "SELECT count(*) FROM runs WHERE asked_by = 'notification'")
is "one is looked at" "$(hook 'person: u2')" 204
moment_wait
serve "$(served)" 's/name=U\([2-6]\);/name=V\1;/'
for n in $(seq 200); do printf 'id: b%d\nperson: u%d' "$n" $((n % 5 + 2)) >"$flow_dir/burst.$n"; done
burst() {
	for n in $(seq "$1" 4 200); do
		[ "$(hook_until "$(cat "$flow_dir/burst.$n")")" = 204 ] || echo "message $n is lost"
	done
}
lost=$(for k in 1 2 3 4; do burst $k & done; wait)
is "200 messages are taken while it is" "$lost $(query "SELECT count(*) FROM notifications WHERE message_id ~ '^b'")" " 200"
is "and wait for it" "$(query "SELECT count(*) FROM notification_due WHERE run IS NULL AND ended_at IS NULL")" 200
moment_over
ok "all are applied" eventually "count(*) = 0 FROM notifications WHERE state = 'waiting'"
is "none is given up" "$(query "SELECT count(*) FROM notifications WHERE state <> 'applied'")" 0
is "what changed after the first look is here" "$(query "SELECT string_agg(name, ' ' ORDER BY name) FROM members WHERE state = 'active'")" "V2 V3 V4 V5 V6"
ok "by few runs" test "$(($(query "SELECT count(*) FROM runs WHERE asked_by = 'notification'") - before))" -le 4
is "of which never two read at a time" "$(query "SELECT count(*) FROM runs a JOIN runs b ON b.connection = a.connection AND b.id <> a.id AND a.scope = 'named' AND b.scope = 'named'
	AND b.started_at > a.started_at AND b.started_at < a.finished_at WHERE a.asked_by = 'notification' AND b.asked_by = 'notification'")" 0

# ---- the daemon dies between the answer and the run
moment "INSERT ON runs FOR EACH ROW WHEN (NEW.asked_by = 'notification')"
serve "$(served)" '/user=user2;/d'
is "a message is answered" "$(hook 'id: k1
person: u2')" 204
moment_wait
flow_kill KILL
moment_over
is "nothing was done about it" "$(query "SELECT state FROM members WHERE name = 'V2'") $(query "SELECT count(*) FROM notification_due WHERE ended_at IS NULL")" "active 1"
flow_daemon
ok "another daemon does it" eventually "state = 'suspended' FROM members WHERE name = 'V2'"

# ---- paused, failed, given up
ctl connection set acme/people --state paused >/dev/null
serve "$(served)" '/user=user3;/d'
is "a paused connection takes messages" "$(hook_until 'id: p1
person: u3')" 204
is "and does nothing about them" "$(sleep 3; query "SELECT state FROM members WHERE name = 'V3'")" active
ctl connection set acme/people --state active >/dev/null
ok "until it goes on" eventually "state = 'suspended' FROM members WHERE name = 'V3'"
script "fail_at 1 refused"
serve "$(served)" '/user=user4;/d'
is "a message is taken though the directory refuses us" "$(hook_until 'id: f1
person: u4')" 204
ok "it is to be tried again, later" eventually "tries = 1 AND run IS NULL AND not_before > now() FROM notification_due WHERE remote_id = 'u4' AND ended_at IS NULL"
query "UPDATE notification_due SET tries = 9, not_before = now() WHERE ended_at IS NULL"
ok "and given up in the end" eventually "state = 'given_up' FROM notifications WHERE message_id = 'f1'"
is "which can be seen" "$(ctl connection notifications acme/people --json | jq -r '.items[0] | "\(.message_id) \(.state) \(.run_state) \(.tries)"')" "f1 given_up failed 10"
script ""
passed() { query "UPDATE runs SET finished_at = finished_at - interval '1 day' WHERE state = 'failed'; UPDATE notification_due SET not_before = now() WHERE ended_at IS NULL"; }
passed # by the clock of the database
is "the schedule makes it good" "$(sync | jq -r .state) $(query "SELECT state FROM members WHERE name = 'V4'")" "done suspended"

# ---- one whose record cannot be read holds up nobody else
script "poison 7"
serve "$(served)
person: id=u8; user=user8; email=user8@acme.example; name=U8; at=3
person: id=u9; user=user9; email=user9@acme.example; name=U9; at=3"
is "a message is about several, of whom one is trouble" "$(hook_until 'id: x1
person: u7
person: u8')" 204
ok "the run fails" eventually "count(*) = 2 FROM notification_due WHERE tries = 1 AND run IS NULL AND ended_at IS NULL"
is "and another message comes" "$(hook_until 'id: x2
person: u9')" 204
is "which waits a while, since the directory may be in trouble" "$(query "SELECT notifications_schedule(100, 100, 10, 10, 3600, 1000)") $(query "SELECT run IS NULL FROM notification_due WHERE remote_id = 'u9'")" "0 t"
query "UPDATE notification_due SET tries = 2 WHERE remote_id = 'u7' AND ended_at IS NULL"
passed
ok "then everybody else is looked at" eventually "count(*) = 2 FROM members WHERE name IN ('U8', 'U9')"
ok "and the one alone" eventually "tries = 3 AND run IS NULL FROM notification_due WHERE remote_id = 'u7' AND ended_at IS NULL"
is "in a run about nobody else" "$(query "SELECT named::text FROM runs WHERE asked_by = 'notification' AND state = 'failed' ORDER BY asked_at DESC LIMIT 1")" "{u7}"
script ""
passed
ok "until it can be read again" eventually "count(*) = 0 FROM notifications WHERE state = 'waiting'"

# ---- too many wait
ctl connection set acme/people --state paused >/dev/null
query "WITH many AS (INSERT INTO notifications (organisation, connection, id, size, subjects, until) SELECT organisation, id, gen_random_uuid(), 0, 1,
	now() + interval '1 day' FROM connections, generate_series(1, 1000) WHERE name = 'people' RETURNING *)
	INSERT INTO notification_due (organisation, connection, notification, kind, remote_id) SELECT organisation, connection, id, 'person', 'u5' FROM many"
serve "$(served)" '/user=user5;/d'
is "though too many wait, a message is taken" "$(hook_until 'person: u5') $(hook_until 'person: u6')" "204 204"
is "of which is kept that something changed, once" "$(query "SELECT count(*) FROM notification_due WHERE ended_at IS NULL AND kind = 'changes'") $(query "SELECT count(*) FROM notifications WHERE state = 'waiting'")" "1 1000"
ctl connection set acme/people --state active >/dev/null
ok "who is gone is suspended" eventually "state = 'suspended' FROM members WHERE name = 'V5'"
ok "nothing waits for ever" eventually "count(*) = 0 FROM notification_due WHERE ended_at IS NULL"

# ---- a stranger
for n in $(seq 30); do hook_send 00 'person: u5' >/dev/null; done
is "whoever forges many is not listened to for a while" "$(hook 'person: u5') $(jq -r .code "$flow_dir/hook.answer")" "503 hook.often"
like "and told when" "$(cat "$flow_dir/hook.head")" "Retry-After: [0-9]+"
is "no child was started for them" "$(query "SELECT 1" >/dev/null; ctl metrics 2>/dev/null | awk '/^rosterd_plugin_children_started_total/ && /example/ { print ($2 < 60) }')" 1
metrics=$(ctl metrics 2>/dev/null)
like "all is counted" "$metrics" 'rosterd_notifications_total\{plugin="example",outcome="not_authentic"\} [1-9]'
is "each who was suspended by a reading of this daemon is counted" "$(awk '/^rosterd_offboarding_seconds_count/ { print $2 }' <<<"$metrics")" "$(query "SELECT count(*) FROM audit a WHERE action = 'member.suspended' AND source = 'run'
	AND at > to_timestamp($(awk '/^process_start_time_seconds/ { print $2 }' <<<"$metrics"))")"
like "from receipt to the question" "$metrics" 'rosterd_notification_asked_seconds_count\{plugin="example"\} [1-9]'
like "from receipt to the end" "$metrics" 'rosterd_notification_applied_seconds_count\{plugin="example"\} [1-9]'

# ---- deleted
ctl connection delete acme/people --people keep --yes >/dev/null 2>&1
is "a deleted connection is nobody" "$(hook 'person: u5') $(jq -r .code "$flow_dir/hook.answer")" "404 hook.unknown"
done_testing
