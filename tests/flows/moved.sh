#!/bin/bash
# A connection whose settings lead to another directory than before: whoever is not there may be elsewhere, so nobody goes before a person
# has looked. They see who is found again, who would be suspended and who joins, and approve it to the letter; or say that it is the same.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# at TENANT TEXT: the connection's settings lead there, where the directory shows TEXT
at() {
	printf '%s\n' "$2" >"$flow_dir/people.txt"
	ctl connection set acme/people --set tenant="$1" --set directory=@"$flow_dir/people.txt" >/dev/null
}
last() { ctl sync list acme --json | jq -r '.items[0].id'; }
reason() { sync_run "$(last)" | jq -r .held_reason; }
lines() { ctl sync changes "acme/$(last)" --json | jq -r '.items[] | "\(.kind) \(.name)"' | sort; }
drop() { ctl sync drop "acme/$(last)" >/dev/null; }
approve() { ctl sync approve "acme/$(last)" --wait --json 2>"$flow_dir/err"; }
who() { query "SELECT a.remote_id || ' ' || a.user_id FROM accounts a WHERE a.gone_at IS NULL ORDER BY 1"; }
active() { roster | grep -c ' active$'; }
suspensions() { query "SELECT count(*) FROM audit WHERE action = 'member.suspended'"; }

first='person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@elsewhere.example; name=Dan
group: id=g1; name=Admins
member: group=g1; member=u1'
acme "$first" --set tenant=one --role Admins=admin --remove-most 1000 --remove-admins-most 1000 --remove-group-most 1000
is "the first directory" "$(sync | counts)" "group.created=1 group.member_added=1 member.joined=4"
ada=$(query "SELECT user_id FROM accounts WHERE remote_id = 'u1'")
token=$(ctl token create ci --organisation acme --member "$ada" --expires 30d --json 2>"$flow_dir/err" | jq -r .id)
query "UPDATE members SET role = 'viewer', role_source = 'manual', role_manual = 'viewer' FROM accounts a WHERE a.remote_id = 'u2' AND members.user_id = a.user_id"

# ---- another directory of as many people
other='person: id=e1; user=ada.l; email=ada@acme.example; name=Ada Lovelace
person: id=e2; user=eve; email=eve@acme.example; name=Eve
person: id=e3; user=fay; email=fay@acme.example; name=Fay
person: id=e4; user=gus; email=dan@elsewhere.example; name=Gus
group: id=h1; name=Admins
member: group=h1; member=e1'
at two "$other"
before=$(roster_digest)
sync >/dev/null
is "another directory, as large: the run is held" "$?" 6
like "it says what changed" "$(reason)" 'connection "people" reads another directory than its people came from: "tenant" was "one" and is "two"'
like "who is found, who would go and who joins" "$(reason)" 'of its 4 people, 0 are found again by key and 1 by a proven address; 3 members would be suspended, and 3 join'
like "and what to do" "$(reason)" 'Approve this plan if that is meant; if it is the same directory: rosterctl connection same-directory acme/people; if neither: drop it'
is "its plan is what that comes to" "$(lines)" "account.linked Ada
group.created Admins
group.member_added Admins
group.member_removed Admins
group.removed Admins
member.joined Eve
member.joined Fay
member.joined Gus
member.suspended Bob
member.suspended Cyd
member.suspended Dan
member.updated Ada Lovelace"
is "nothing has changed" "$(roster_digest)" "$before"
drop
is "dropped, and nothing has changed" "$(roster_digest)" "$before"
sync >/dev/null
is "the next run is held as well" "$?" 6
drop
ctl sync run acme/people --person u1 --wait --json >/dev/null 2>"$flow_dir/err"
is "nobody is looked at by the key that they had in the other one" "$(sync_run "$(last)" | jq -r .error.code)" run.moved
is "and a plan changes nothing, but says so" "$(ctl sync plan acme/people --json 2>/dev/null | jq -r '.run.held_reason' | cut -c 1-50)" \
	'connection "people" reads another directory than i'
is "nor does it" "$(roster_digest)" "$before"

# ---- part of it
ctl connection set acme/people --set script='incomplete_at 1' >/dev/null
sync >/dev/null
is "a listing of it that is not whole is held, too" "$?" 6
is "and calls nobody gone" "$(lines | grep -c suspended)" 0
is "who was found by address could be here twice: they are refused" "$(approve | jq -r .state) $(refused)" "done e1 person.address_taken"
is "approved, those who are new have joined" "$(active)" 7
ctl connection set acme/people --set script= >/dev/null
sync >/dev/null
is "what it is held against is still the first" "$? $(reason | grep -c 'was "one" and is "two"')" "6 1"
count=$(suspensions)
is "approved, it is done to the letter" "$(approve | counts)" \
	"account.linked=1 group.created=1 group.member_added=1 group.member_removed=1 group.removed=1 member.suspended=3 member.updated=1"
is "and those went who were in the plan" "$(suspensions) $(roster | grep suspended | cut -d' ' -f 1 | paste -sd' ')" "$((count + 3)) bob cyd dan"
is "who was found is who they were" "$(query "SELECT user_id FROM accounts WHERE remote_id = 'e1'")" "$ada"
is "with their role" "$(roster | grep '^ada')" "ada.l admin active"
is "and their token" "$(query "SELECT suspended_at IS NULL AND revoked_at IS NULL FROM tokens WHERE id = '$token'")" t
is "an unproven address links nobody" "$(query "SELECT count(DISTINCT user_id) FROM accounts WHERE email = 'dan@elsewhere.example'")" 2
is "the next run goes as ever" "$(sync | jq -r .state)" done

# ---- the same keys for others
at three 'person: id=e1; user=xan; email=xan@acme.example; name=Xan
person: id=e2; user=yan; email=yan@acme.example; name=Yan
person: id=e3; user=zed; email=zed@acme.example; name=Zed
person: id=e4; user=zoe; email=zoe@acme.example; name=Zoe'
before=$(roster_digest)
sync >/dev/null
is "a directory that has the same keys for others is held" "$? $(reason | grep -c '4 are found again by key')" "6 1"
is "nobody becomes somebody else" "$(roster_digest)" "$before"
drop

# ---- the same directory
at four "$other"
is "settings that lead to the very same people ask nobody" "$(sync | jq -r .state)" done
is "nor again" "$(sync | counts)" ""
fewer=$(grep -v 'id=e3' <<<"$other")
at five "$fewer"
sync >/dev/null
is "somebody has left the same directory meanwhile: it is held" "$?" 6
ok "it is said to be the same" ctl connection same-directory acme/people
ok "what was held is judged again" until_run "$(last)" "state = 'done'"
is "and the one has gone" "$(sync_run "$(last)" | counts)" "member.suspended=1"
is "who said so stands in the audit" "$(ctl audit list acme --json | jq -r '[.items[] | select(.action == "connection.same_directory")][0].after.held_run')" "judged again"
ctl connection set acme/people --remove-most 0 --remove-share 0 >/dev/null
at six "$(grep -v 'id=e2' <<<"$fewer")"
ctl connection same-directory acme/people >/dev/null
sync >/dev/null
is "the guard stands" "$? $(reason | grep -c 'another directory') $(reason | grep -c remove_most)" "6 0 1"
drop
at five "$fewer"
ctl connection same-directory acme/people >/dev/null
is "and back" "$(sync | jq -r .state)" done

# ---- settings that change while it is read
at five "$fewer"
ctl connection set acme/people --remove-most 1000 --set script='page_size 1' >/dev/null
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.state = 'reading' AND OLD.state = 'asked')"
ctl sync run acme/people >/dev/null
moment_wait
at seven "$first"
moment_over
before=$(query "SELECT count(*) FROM members WHERE state = 'active'")
ok "settings that changed as the reading began are those of a reading of their own" until_run "$(last)" "state = 'held'"
is "which is held" "$(reason | grep -c '"tenant" was "five" and is "seven"')" 1
is "so nobody has gone" "$(query "SELECT count(*) FROM members WHERE state = 'active'")" "$before"
drop

# ---- a connection that has shown nobody
ctl connection create acme example fresh --set directory='# nobody' --set tenant=one >/dev/null
ctl connection same-directory acme/fresh >/dev/null 2>"$flow_dir/err"
is "nothing was read: it is the same as nothing" "$? $(grep -c 'nothing of connection "fresh" was applied so far' "$flow_dir/err")" "7 1"
ctl sync run acme/fresh --wait >/dev/null
ctl connection set acme/fresh --set tenant=two --set directory='person: id=n1; user=new; email=new@acme.example; name=New' >/dev/null
is "nobody came from there: whoever joins from elsewhere is not asked about" "$(ctl sync run acme/fresh --wait --json | counts)" "member.joined=1"
done_testing
