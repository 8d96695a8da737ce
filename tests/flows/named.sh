#!/bin/bash
# These people alone: looked at beside whatever else is under way, by whatever name an administrator knows them; what they show is newer than a
# listing that began before.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
FLOW_SETTINGS='workers = 4' # of which one organisation holds two
flow_start

named() { sync "$@" | counts; }
lines='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=1
group: id=g1; name=Admins; at=1
member: group=g1; member=u1; at=1'
serve "$lines"
acme_served --role Admins=admin --remove-most 9 --remove-admins-most 9
sync >/dev/null

# ---- by any name
serve "$(served)
person: id=u4; user=dan; email=dan@acme.example; name=Dan
member: group=g1; member=u3" 's/name=Ada;/name=Ada L;/; s/name=Bob;/name=Bobby;/; /user=cyd/s/at=1/suspended=yes; at=1/'
is "one by the directory's key, and nobody else" "$(named --person u1)" "member.updated=1"
is "by a user name there" "$(named --person bob)" "member.updated=1"
is "by a member's id" "$(named --person "$(query "SELECT user_id FROM accounts WHERE remote_id = 'u3'")")" "member.suspended=1"
is "who is not known here, by the key" "$(named --person u4)" "member.joined=1"
is "whom nobody knows" "$(named --person nobody)" ""
like "which is said" "$(ctl sync run acme/people --person nobody --wait 2>&1)" "nobody   was found: the directory has none of those"
is "of who is there it is not" "$(ctl sync run acme/people --person u1 --wait 2>&1 | grep -c 'was found')" 0
is "a group, with all its members" "$(named --group g1)" "group.member_added=1 member.role_changed=1"
serve "$(served)" '/user=dan/d; /user=cyd/s/suspended=yes; //'
is "several, who came back and who went" "$(named --person cyd --person dan)" "member.restored=1 member.suspended=1"
is "with the role that their groups yield" "$(roster)" "ada admin active
bob member active
cyd admin active
dan member suspended"
is "the place for what changed has not moved" "$(query "SELECT convert_from(cursor, 'UTF8') FROM readings")" "1 0 1"
is "a plan changes nothing" "$(serve "$(served)" '/user=bob/d'; ctl sync plan acme/people --person bob --json 2>/dev/null | jq -r '.changes.items[].kind'; roster | grep bob)" \
	"member.suspended
bob member active"
ctl sync run acme/people --scope all --person u1 >"$flow_dir/both" 2>&1
is "a scope and a person do not go together" "$?" 2
serve "$lines" 's/name=Ada;/name=Ada L;/; s/name=Bob;/name=Bobby;/'
sync >/dev/null

# ---- a listing that was read before: it neither overwrites nor removes
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.scope = 'all' AND NEW.state = 'reconciling')"
whole=$(ctl sync run acme/people --json | jq -r .id)
moment_wait
serve "$(served)
person: id=u5; user=eve; email=eve@acme.example; name=Eve
group: id=g2; name=Newcomers
member: group=g2; member=u5" 's/name=Ada L;/name=Ada the Third;/; /user=cyd/d; s/^member: group=g1; member=u1; at=1/member: group=g1; member=u2; at=1/'
is "beside a listing that is under way, people are looked at" "$(named --person u1 --person u3 --person u5 --group g1 --group g2)" \
	"group.created=1 group.member_added=2 group.member_removed=1 member.joined=1 member.role_changed=2 member.suspended=1 member.updated=1"
now=$(roster; query "SELECT name FROM members ORDER BY name")
moment_over
ok "the listing is done after that" until_run "$whole" "state = 'done'"
is "and has taken back nothing of it" "$(roster; query "SELECT name FROM members ORDER BY name")" "$now"
is "because it planned nothing" "$(sync_run "$whole" | counts)" ""
is "the next one agrees" "$(sync | counts)" ""

# ---- nobody waits for a long reconcile, unless for the very person whom it changes
{ echo 'person: id=s1; user=bob; email=bob@acme.example; name=Bob of the staff'; } >"$flow_dir/staff.txt"
ctl connection create acme example staff --set directory=@"$flow_dir/staff.txt" --remove-most 9 >/dev/null
ctl sync run acme/staff --wait >/dev/null 2>&1
serve "$(served)" 's/name=Ada the Third;/name=Ada the Fourth;/'
moment "UPDATE ON members FOR EACH ROW WHEN (NEW.name = 'Ada the Fourth')"
whole=$(ctl sync run acme/people --json | jq -r .id)
moment_wait
serve "$(served)" 's/name=Bobby;/name=Robert;/'
one=$(ctl sync run acme/people --person bob --json | jq -r .id)
ok "somebody else of the same connection is looked at meanwhile" until_run "$one" "state = 'done'"
is "and has changed" "$(query "SELECT display_name FROM accounts WHERE remote_id = 'u2'")" Robert
sed -i 's/of the staff/of staff/' "$flow_dir/staff.txt"
ctl connection set acme/staff --set directory=@"$flow_dir/staff.txt" >/dev/null
two=$(ctl sync run acme/staff --json | jq -r .id)
ok "so is all of another connection" until_run "$two" "state = 'done'"
bob=$(query "SELECT user_id FROM accounts WHERE remote_id = 'u2'")
ok "and an administrator changes somebody else" ctl member role acme "$bob" viewer
is "nobody waits but for the moment itself" "$(query "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event <> 'advisory'")" 0
three=$(ctl sync run acme/people --person ada --json | jq -r .id)
ok "who looks at the very person waits for that row" moment_count "wait_event_type = 'Lock' AND wait_event IN ('tuple', 'transactionid')"
moment_over
ok "until it is over" until_run "$whole" "state = 'done'"
ok "and then looks" until_run "$three" "state = 'done'"
is "nothing is left to do" "$(sync | counts)" ""

# ---- two who take the same new person at the same moment: one of them again
serve "$(served)
person: id=u7; user=gus; email=gus@acme.example; name=Gus"
moment "INSERT ON accounts FOR EACH ROW WHEN (NEW.remote_id = 'u7')"
one=$(ctl sync run acme/people --person u7 --json | jq -r .id)
two=$(ctl sync run acme/people --json | jq -r .id)
moment_wait
moment_count "wait_event_type = 'Lock' AND wait_event = 'advisory' AND pid <> (SELECT min(pid) FROM pg_stat_activity WHERE wait_event = 'advisory')"
moment_over
ok "the one is done" until_run "$one" "state = 'done'"
ok "and the other" until_run "$two" "state = 'done'"
is "there is one of them" "$(query "SELECT count(*) FROM accounts WHERE remote_id = 'u7'") $(query "SELECT count(*) FROM members WHERE name = 'Gus'")" "1 1"

# ---- how many at a time
query "INSERT INTO runs (organisation, id, connection, state, scope, asked_by, named, not_before) SELECT organisation, gen_random_uuid(), id, 'asked', 'named',
	'test', '{u1}', now() + interval '1 day' FROM connections, generate_series(1, 100) WHERE name = 'people'"
ctl sync run acme/people --person u1 >"$flow_dir/many" 2>&1
like "there is a limit to questions" "$(cat "$flow_dir/many")" "100 questions about people of this connection .*limit.runs"
done_testing
