#!/bin/bash
# A directory decides who is in an organisation: hired, renamed, moved, gone; and what an incomplete listing, a guard and a
# careful administrator make of it.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

ok "an organisation is created" ctl org create Acme --type enterprise
ok "a domain is named by the operator" ctl domain add acme acme.example
people='person: id=u1; user=ada; email=ada@acme.example; given=Ada; family=Lovelace
person: id=u2; user=bob; email=bob@acme.example; name=Bob Stone
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@elsewhere.example; name=Dan
group: id=g1; name=Engineers
group: id=g2; name=Admins
group: id=g3; name=Everybody
member: group=g1; member=u1
member: group=g1; member=u2
member: group=g2; member=u3
member: group=g3; member=g1'
printf '%s\n' "$people" >"$flow_dir/people.txt"
ok "a connection is created" ctl connection create acme example people --set directory=@"$flow_dir/people.txt" \
	--role Admins=admin --role Everybody=viewer --remove-most 1 --remove-share 30
ok "its test succeeds" ctl connection test acme/people

run=$(sync)
diag "$(cat "$flow_dir/sync.err")"
is "the first run is done" "$(jq -r .state <<<"$run")" done
is "it counts what it did" "$(counts <<<"$run")" "group.created=3 group.group_added=1 group.member_added=3 member.joined=4"
is "roles come from groups, through nesting" "$(roster)" "ada viewer active
bob viewer active
cyd admin active
dan member active"
is "the same again changes nothing" "$(sync | counts)" ""

people='person: id=u1; user=ada; email=ada@acme.example; given=Ada; family=King
person: id=u2; user=bob; email=bob@acme.example; name=Bob Stone
person: id=u4; user=dan; email=dan@elsewhere.example; name=Dan
person: id=u5; user=eve; email=eve@acme.example; name=Eve
group: id=g1; name=Engineers
group: id=g2; name=Admins
group: id=g3; name=Everybody
member: group=g1; member=u1
member: group=g2; member=u2
member: group=g3; member=g1'
directory "$people"
plan=$(ctl sync plan acme/people)
diag "$plan"
is "a plan changes nothing" "$(roster | wc -l)" 4
is "hired, renamed, moved and gone are exactly what is done" "$(sync | counts)" \
	"group.member_added=1 group.member_removed=2 member.joined=1 member.role_changed=1 member.suspended=1 member.updated=1"
is "the roster agrees" "$(roster)" "ada viewer active
bob admin active
cyd admin suspended
dan member active
eve member active"
is "each change has its audit entry" \
	"$(ctl audit list acme --json | jq -r '[.items[] | select(.source == "run")] | length')" 18
diag "$(ctl audit list acme)"
done_testing
