#!/bin/bash
# What somebody should hear of is an event: a run that is held, a directory that can no longer be read, and again can.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_SETTINGS='guard {
	remove_most = 1
	remove_share = 1
}' flow_start

people=$(for n in $(seq 40); do echo "person: id=u$n; user=user$n; email=user$n@acme.example"; done)
acme "$people"
told() { query "SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM audit WHERE action IN ('run.held', 'connection.failing', 'connection.recovered')"; }
detail() { query "SELECT personal::json->'after'->>'$2' FROM audit WHERE action = '$1' ORDER BY id DESC LIMIT 1"; }

sync >/dev/null
is "a run that ends well is no news" "$(told)" ""

# ---- held
directory "$(head -n 2 <<<"$people")"
sync >"$flow_dir/run"
is "a run is held" "$(jq -r .state "$flow_dir/run")" held
is "which is told" "$(told)" run.held
is "with the reason" "$(detail run.held text)" "$(jq -r .held_reason "$flow_dir/run")"
is "of this run" "$(query "SELECT count(*) FROM audit WHERE action = 'run.held' AND target = '$(jq -r .id "$flow_dir/run")' AND target_kind = 'run'")" 1
ctl sync drop "acme/$(jq -r .id "$flow_dir/run")" >/dev/null
directory "$people"
sync >/dev/null
is "afterwards it is no news" "$(told)" run.held

# ---- failing
script 'fail_at 1 refused'
sync >/dev/null
is "a directory that cannot be read is told" "$(told)" "run.held connection.failing"
is "with what was said" "$(detail connection.failing code)" plugin.refused
sync >/dev/null
sync >/dev/null
is "once" "$(told)" "run.held connection.failing"
sync --person u1 >/dev/null
script ""
sync --person u1 >/dev/null
is "questions about somebody say nothing of it" "$(told)" "run.held connection.failing"
sync >/dev/null
is "when it can be read again that is told" "$(told)" "run.held connection.failing connection.recovered"
sync >/dev/null
is "once, too" "$(told)" "run.held connection.failing connection.recovered"
script 'fail_at 1 refused'
sync >/dev/null
is "the next time it is told again" "$(told)" "run.held connection.failing connection.recovered connection.failing"
done_testing
