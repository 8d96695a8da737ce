#!/bin/bash
# What a reading of changes costs goes with the changes, not with the roster: the rows that PostgreSQL reads for the same changes are as many
# in an organisation of 3000 people as in one of 300.
FLOW_SETTINGS='metrics {
	interval = "1h"
}'
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

lines='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=1
group: id=g1; name=Admins; at=1
group: id=g2; name=Inner; at=1
member: group=g1; member=g2; at=1
member: group=g2; member=u1; at=1'
changed=$(printf '%s\n' "$lines" | sed '/user=cyd/d; s/name=Bob; at=1/name=Bobby; at=2/')'
gone: id=u3; at=3
person: id=u4; user=dan; email=dan@acme.example; name=Dan; at=4
member: group=g2; member=u2; at=5'
rows() {
	query "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename IN ('rosterd_worker', 'rosterd_request')" >/dev/null
	for _ in $(seq 100); do ctl connection show "org$1/people" >/dev/null 2>&1 && break; sleep 0.1; done
	query "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE schemaname = 'rosterd'
		AND relname IN ('accounts', 'members', 'addresses', 'users', 'groups', 'group_accounts', 'group_groups', 'group_strangers')"
}
cost() { # PEOPLE: sets `counted` and `read`
	serve "$lines"
	ctl org create "Org $1" --type enterprise --slug "org$1" >/dev/null
	ctl connection create "org$1" example people --set directory='# elsewhere' --set source="127.0.0.1:$(cat "$flow_dir/served.port")" \
		--set generated="$1" --role Admins=admin --remove-most 1 >/dev/null
	ctl sync run "org$1/people" --wait >/dev/null 2>&1
	query "ANALYZE"
	serve "$changed"
	before=$(rows "$1")
	counted=$(ctl sync run "org$1/people" --scope changed --wait --json 2>/dev/null | jq -r '.scope + " " + (.counts | to_entries | sort_by(.key) | from_entries | tostring)')
	read=$(($(rows "$1") - before))
	before=$(rows "$1")
	named=$(ctl sync run "org$1/people" --person u1 --wait --json 2>/dev/null | jq -r '.state')
	read_named=$(($(rows "$1") - before))
}
cost 300
few=$read few_named=$read_named
is "changes of every kind" "$counted" 'changed {"group.member_added":1,"member.joined":1,"member.role_changed":1,"member.suspended":1,"member.updated":1}'
cost 3000
is "the same of more people" "$counted $named" 'changed {"group.member_added":1,"member.joined":1,"member.role_changed":1,"member.suspended":1,"member.updated":1} done'
diag "rows read: $few of 300 people, $read of 3000; for one named person $few_named and $read_named"
ok "read hardly more of the roster" test "$read" -le $((few * 12 / 10 + 50))
ok "nor does one person who is looked at" test "$read_named" -le $((few_named * 12 / 10 + 50))
ok "which is little" test "$read" -lt 1000
done_testing
