#!/bin/bash
# A directory's plug-in that hangs, crashes or answers nonsense over a message: that connection is answered with "repeat it", nobody else
# notices, and it is listened to again when its settings have changed.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
FLOW_SETTINGS='http {
	exchanges = 4
}'
flow_start

serve 'person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1'
acme_notified
healthy=$hook
ctl connection create acme example sick --set directory='# nobody' --secret hook_secret=@"$flow_dir/hook.secret" >/dev/null
sick=/hooks/$(query "SELECT id FROM connections WHERE name = 'sick'")
to() { # PATH: sends a message there
	local hook=$1
	hook "$2"
}
code() { jq -r .code "$flow_dir/hook.answer"; }
spoil() { ctl connection set acme/sick --set script="$1" --secret hook_secret=@"$flow_dir/hook.secret" >/dev/null; }

spoil "hang_message_at 1"
for n in 1 2 3 4 5 6; do
	(flow_dir=$flow_dir/hung.$n; mkdir "$flow_dir"; to "$sick" 'person: u1' >"$flow_dir/status") &
	hung="${hung:-} $!"
done
ok "somebody hangs" eventually "true"
for n in 1 2 3 4 5; do
	is "who is well is listened to beside one who hangs ($n)" "$(hook=$healthy; hook_until "id: w$n
person: u1")" 204
done
wait $hung
is "whoever hangs is told to repeat it" "$(cat "$flow_dir"/hung.*/status)" 503503503503503503
is "and not asked again for a while" "$(to "$sick" 'person: u1') $(code)" "503 hook.unavailable"
told=$(grep -a 'messages of acme/' "$flow_dir/log")
like "as the log tells" "$told" 'could not be taken: no answer within [0-9]+ ms from plug-in "example"'
is "once, and not of those who did not get to it" "$(wc -l <<<"$told")" 1
like "for how long, too" "$(cat "$flow_dir/hook.head")" 'Retry-After: [1-9]'
ok "those who were well have been looked at" eventually "count(*) = 5 FROM notifications WHERE state = 'applied' AND message_id ~ '^w'"

spoil "crash_message_at 2"
is "with other settings it is asked again" "$(to "$sick" 'id: c1')" 204
is "until it crashes" "$(to "$sick" 'id: c2') $(code)" "503 hook.unavailable"
spoil "reply_status 302"
is "what it answers is not passed on" "$(to "$sick" 'id: c3') $(code)" "503 hook.unavailable"
spoil "later_message_at 1 5000"
is "it may want a message to be repeated" "$(to "$sick" 'id: c4') $(code)" "503 hook.unavailable"
is "which costs no child" "$(to "$sick" 'id: c4')" 204
spoil "wild_message_at 1"
is "whoever names too many is not understood" "$(to "$sick" 'id: c5') $(code)" "400 hook.nonsense"
spoil ""
is "who is well again is listened to" "$(to "$sick" 'id: c6
person: u1')" 204
metrics=$(ctl metrics 2>/dev/null)
like "children that died are counted" "$metrics" 'rosterd_plugin_children_ended_total\{plugin="example",reason="killed"\} [1-9]'

# ---- what is kept of it goes with its organisation
ok "everything is handled" eventually "count(*) = 0 FROM notifications WHERE state = 'waiting'"
applied=$(query "SELECT count(*) FROM notifications WHERE state = 'applied'")
ended() { query "SELECT count(*) FROM notification_due WHERE notification IS NOT NULL AND ended_at IS NOT NULL"; }
before=$(ended)
query "UPDATE notifications SET until = now() - interval '1 second', received_at = now() - interval '9 days' WHERE state <> 'waiting'"
is "what is old enough is thrown away" "$(query "SELECT notifications_purge(3)") $(query "SELECT count(*) FROM notifications WHERE state = 'applied'")" "3 $((applied - 3))"
is "with what it was about" "$(ended)" "$((before - 3))"
is "nobody of another organisation sees any" "$(query "SET ROLE rosterd_request; SELECT set_config('rosterd.organisation', gen_random_uuid()::text, false); SELECT count(*) FROM notifications" | tail -1)" 0
done_testing
