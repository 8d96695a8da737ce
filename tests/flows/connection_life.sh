#!/bin/bash
# The life of a connection: paused, deleted with a choice for its people, brought back, replaced by another one.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# connect NAME TEXT [WORDS], show NAME TEXT, run NAME: a connection of acme, what its directory shows, a run of it
connect() {
	local name=$1
	printf '%s\n' "$2" >"$flow_dir/$name.txt"
	shift 2
	ctl connection create acme example "$name" --set directory=@"$flow_dir/$name.txt" --remove-most 50 --remove-admins-most 50 "$@" >/dev/null
}
run() { ctl sync run "acme/$1" --wait --json 2>"$flow_dir/sync.err" | counts; }
show() {
	printf '%s\n' "$2" >"$flow_dir/$1.txt"
	ctl connection set "acme/$1" --set directory=@"$flow_dir/$1.txt" >/dev/null
	run "$1"
}
# Members in one line each: "name role role_source state connection"
people() {
	query "SELECT concat_ws(' ', m.name, m.role, m.role_source, m.state, coalesce(c.name, '-')) FROM members m
		LEFT JOIN connections c ON c.organisation = m.organisation AND c.id = m.connection ORDER BY m.name"
}
# end WORDS: deletes connection okta without a word; the plan's lines are printed, the run's id kept
end() {
	ctl connection delete acme/okta --json "$@" >"$flow_dir/run" 2>"$flow_dir/err"
	echo $? >"$flow_dir/status"
	ctl sync changes "acme/$(held)" --json | jq -r '.items[] | "\(.kind) \(.name)"' | sort | paste -sd,
}
held() { jq -r '.run.id // .id' "$flow_dir/run"; }
reason() { ctl sync show "acme/$(held)" --json | jq -r .held_reason; }
approve() { ctl sync approve "acme/$(held)" --wait --json 2>"$flow_dir/err" | jq -r .state; }
drop() { ctl sync drop "acme/$(held)" >/dev/null; }
back() { ctl connection restore acme/okta --json 2>"$flow_dir/err" | counts; }

ctl org create Acme --type enterprise >/dev/null
ctl domain add acme acme.example >/dev/null
ada='person: id=o1; user=ada; email=ada@acme.example; name=Ada'
bob='person: id=o2; user=bob; email=bob@acme.example; name=Bob'
cyd='person: id=o3; user=cyd; email=cyd@acme.example; name=Cyd'
dan='person: id=o4; user=dan; email=dan@acme.example; name=Dan; suspended=yes'
admins='group: id=g; name=Admins
member: group=g; member=o1
member: group=g; member=o3'
connect okta "$ada
$bob
$cyd
$admins" --role Admins=admin
connect entra 'person: id=e1; user=ada; email=ada@acme.example; name=Ada E
person: id=e9; user=eve; email=eve@acme.example; name=Eve'
run okta >/dev/null
run entra >/dev/null
begun="Ada admin mapping active okta
Bob member default active okta
Cyd admin mapping active okta
Eve member default active entra"
is "two directories, one of them leads" "$(people)" "$begun"

# ---- paused
ctl connection set acme/okta --state paused >/dev/null
is "paused: nothing happens to its people" "$(people)" "$begun"
is "it says since when" "$(ctl connection show acme/okta --json | jq '.paused_at != null')" true
is "and its word counts as it was" "$(show entra 'person: id=e1; user=ada; email=ada@acme.example; name=Ada Entra
person: id=e9; user=eve; email=eve@acme.example; name=Eve')" "account.updated=1"
ctl connection set acme/okta --state active >/dev/null
is "active again, it is paused since never" "$(ctl connection show acme/okta --json | jq -r .paused_at)" null

# ---- deleted, in three ways, and undone each time
ctl connection delete acme/okta --yes >/dev/null 2>"$flow_dir/err"
is "a connection that has people is not deleted without a choice" "$?" 7
like "which it names" "$(cat "$flow_dir/err")" 'has people; say what becomes of them: --people keep, suspend or hand-over'
is "a plan is shown, and nothing done" "$(end --people suspend --plan-only) $(people | md5sum)" \
	"member.handed_over Ada Entra,member.role_changed Ada Entra,member.suspended Bob,member.suspended Cyd $(people | md5sum)"
is "suspend: as if all were gone" "$(end --people suspend)" \
	"member.handed_over Ada Entra,member.role_changed Ada Entra,member.suspended Bob,member.suspended Cyd"
is "without somebody who says yes it is held" "$(cat "$flow_dir/status")" 6
like "with a reason" "$(reason)" 'without connection "okta": 1 member will be another connection.s, 0 members kept as they are, 2 members suspended'
is "nothing has changed meanwhile" "$(people)" "$begun"
drop
end --people suspend >/dev/null
ctl member role acme bob@acme.example viewer >/dev/null
is "approved after the roster moved in a way that is not about it: done" "$(approve)" done
is "whoever is in no other directory is suspended" "$(people)" "Ada Entra member default active entra
Bob viewer manual suspended okta
Cyd admin mapping suspended okta
Eve member default active entra"
is "it is hidden" "$(ctl connection list acme --json | jq -r '.items[].name')" entra
is "and in the bin" "$(ctl connection list acme --deleted --json | jq -r '.items[].name')" okta
ctl sync run acme/okta >/dev/null 2>&1
is "nobody can run it" "$?" 3
is "the audit says who wanted it" "$(query "SELECT actor_kind || ' ' || action FROM audit WHERE action = 'connection.deleted'")" "operator connection.deleted"
is "brought back, its people are" "$(back)" "member.handed_over=1 member.restored=2 member.role_changed=1"
ctl connection restore acme/okta >/dev/null 2>"$flow_dir/err"
is "what is not deleted is not brought back" "$? $(cat "$flow_dir/err")" '7 rosterctl: connection "okta" is not deleted; there is nothing to bring back (connection.not_deleted'"$(sed 's/.*connection.not_deleted//' "$flow_dir/err")"
is "as they were, but for what a person set meanwhile" "$(people)" "${begun/Bob member default/Bob viewer manual}"
is "it comes back paused" "$(ctl connection show acme/okta --json | jq -r .state)" paused
ctl connection set acme/okta --state active >/dev/null

is "keep: members stay" "$(end --people keep)" "member.handed_over Ada Entra,member.kept Bob,member.kept Cyd,member.role_changed Ada Entra"
is "approved" "$(approve)" done
kept="Ada Entra member default active entra
Bob viewer manual active -
Cyd admin manual active -
Eve member default active entra"
is "with their roles, as people's own" "$(people)" "$kept"
is "another run of the other directory changes nothing about them" "$(run entra) $(people | md5sum)" " $(echo "$kept" | md5sum)"
connect okta 'person: id=x1; user=x; email=x@acme.example; name=X'
back >/dev/null
is "while another one has its name it does not come back" "$(grep -c 'connection.name_taken' "$flow_dir/err")" 1
ctl connection set acme/okta --name okta2 >/dev/null
back >/dev/null
is "brought back, what was fixed for them is let go" "$(people)" "${begun/Bob member default/Bob viewer manual}"
ctl connection set acme/okta --state active >/dev/null
ctl connection delete acme/okta2 --yes >/dev/null
is "one that shows nobody goes at once" "$?" 0
is "a run of it finds nothing to do" "$(run okta)" ""

is "hand-over: who is found there is theirs, the others are kept" "$(end --people hand-over --to entra)" \
	"member.handed_over Ada Entra,member.kept Bob,member.kept Cyd,member.role_changed Ada Entra"
drop
is "or suspended, if that is wanted" "$(end --people hand-over --to entra --others suspend)" \
	"member.handed_over Ada Entra,member.role_changed Ada Entra,member.suspended Bob,member.suspended Cyd"
drop

# ---- refused
api() { curl -s --unix-socket "$socket" -H 'Content-Type: application/json' -d "$1" http://x/v1/organisations/acme/connections/okta/delete | jq -r .code; }
is "a choice that is none is refused" "$(api '{"people":"hand-over"}') $(api '{"people":"keep","to":"entra"}') $(api '{"people":"hand-over","to":"okta"}') $(
	api '{"people":"hand-over","to":"entra","pairs":[{"from":"o1"}]}') $(api '{"people":"hand-over","to":"entra","pairs":7}')" \
	"connection.to connection.to connection.to_itself connection.pair connection.pairs"
is "an entry stands in one pair" "$(api '{"people":"hand-over","to":"entra","pairs":[{"from":"o1","to":"e1"},{"from":"o1","to":"e2"}]}') $(
	api '{"people":"hand-over","to":"entra","pairs":[{"from":"o1","to":"e1"},{"from":"o2","to":"e1"}]}')" "connection.pairs connection.pairs"
printf 'o1 e1\n' >"$flow_dir/pairs"
ctl connection replace acme/okta entra --pairs "$flow_dir/pairs" >/dev/null 2>"$flow_dir/err"
like "so is a file that holds no pairs" "$(cat "$flow_dir/err")" 'pairs:1: two keys with a comma or a tab between are expected'

# ---- replaced: Entra has read nothing of Bob and Cyd yet
printf '# old, new\no2,e2\no3\te3\no7,e7\n' >"$flow_dir/pairs"
ctl connection replace acme/okta entra --pairs "$flow_dir/pairs" --json >"$flow_dir/run" 2>/dev/null
is "replaced, with a file that says who is who" "$(ctl sync changes "acme/$(held)" --json | jq -r '.items[] | "\(.kind) \(.name)"' | sort | paste -sd,)" \
	"account.linked Bob,account.linked Cyd,member.handed_over Ada Entra,member.handed_over Bob,member.handed_over Cyd,member.role_changed Ada Entra"
like "it tells what leads nowhere" "$(reason)" '3 members will be .*; 1 of the pairs lead nowhere'
suspensions=$(query "SELECT count(*) FROM audit WHERE action = 'member.suspended'")
is "approved" "$(approve)" done
is "all are the new one's, with the roles that they had" "$(people)" "Ada Entra member default active entra
Bob viewer manual active entra
Cyd admin mapping active entra
Eve member default active entra"
is "the new directory finds its own" "$(show entra 'person: id=e1; user=ada; email=ada@acme.example; name=Ada Entra
person: id=e2; user=bob; email=bob@elsewhere.example; name=Bob E
person: id=e3; user=cyd; email=cyd@acme.example; name=Cyd E
person: id=e9; user=eve; email=eve@acme.example; name=Eve' >/dev/null; people)" "Ada Entra member default active entra
Bob E viewer manual active entra
Cyd E member default active entra
Eve member default active entra"
is "nobody was suspended on the way" "$(query "SELECT count(*) FROM audit WHERE action = 'member.suspended'")" "$suspensions"
is "the same people as before" "$(query "SELECT count(*) FROM users")" 4

# ---- thrown away
query "UPDATE connections SET purge_after = now() - interval '1 second' WHERE state = 'deleted'" >/dev/null
flow_kill
flow_daemon
for _ in $(seq 100); do [ "$(query "SELECT count(*) FROM connections")" = 1 ] && break; sleep 0.1; done
is "when its time is over it is thrown away, with what it knew" "$(query "SELECT (SELECT count(*) FROM connections), (SELECT count(*) FROM accounts
	WHERE connection NOT IN (SELECT id FROM connections))")" "1|0"

# ---- the tokens with which a directory pushes end with its connection, and come back with it
ctl connection create acme scim pushed >/dev/null
ctl scim token-revoke acme/pushed "$(ctl scim token-create acme/pushed lost --json | jq -r .id)" >/dev/null
ctl scim token-create acme/pushed spare >/dev/null
ctl connection delete acme/pushed --plan-only --json >"$flow_dir/run"
is "the plan of its end lists those that work" "$(ctl sync changes "acme/$(held)" --json | jq -r '.items[] | "\(.kind) \(.name)"' | sort | paste -sd,)" \
	"connection.token_suspended first,connection.token_suspended spare"
is "and is a plan alone, though nobody is in it" "$(ctl connection list acme --json | jq -r '.items[].name' | grep -c pushed)" 1
ctl connection delete acme/pushed --people keep --yes --json >"$flow_dir/run"
is "done, each has its entry" "$(ctl audit list acme --action connection.token_suspended --json | jq -r '[.items[].target_name] | sort | join(" ")')" "first spare"
is "and comes back with it" "$(ctl connection restore acme/pushed --json | counts)" "connection.token_restored=2"
done_testing
