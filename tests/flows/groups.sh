#!/bin/bash
# Groups and what they yield: order of the mapping, nesting, rings, renames, disorder, and groups that could not be read.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

group() { query "SELECT string_agg(a.user_name, ' ' ORDER BY a.user_name) FROM group_accounts k JOIN groups g ON g.id = k.group_id
	JOIN accounts a ON a.id = k.account_id WHERE g.remote_id = '$1'"; }
trio='person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd'

acme "$trio
group: id=g1; name=Viewers
group: id=g2; name=Admins
group: id=g3; name=Inner
member: group=g1; member=u1
member: group=g2; member=u1
member: group=g1; member=g3
member: group=g3; member=u3" --role Viewers=viewer --role Admins=admin --role g3=member --remove-admins-most 9
sync >/dev/null
is "the first line that names a group of theirs wins, nesting or not" "$(roster)" "ada viewer active
bob member active
cyd viewer active"
ctl connection set acme/people --role Admins=admin --role Viewers=viewer >/dev/null
is "another order, another role" "$(sync | counts)" "member.role_changed=1"
is "for whom it concerns" "$(roster | head -n 1)" "ada admin active"
is "role by role: where they come from" "$(query "SELECT string_agg(role_source, ' ' ORDER BY name) FROM members")" \
	"mapping default mapping"

directory "$trio
group: id=g1; name=Viewers
group: id=g2; name=Admins
group: id=g3; name=Inner
member: group=g1; member=u1
member: group=g2; member=g1
member: group=g1; member=g3
member: group=g3; member=u3
member: group=g3; member=g2
member: group=g3; member=g3"
sync >/dev/null
is "groups in a ring yield what they reach" "$(roster)" "ada admin active
bob member active
cyd admin active"
is "and are kept as they are" "$(query "SELECT count(*) FROM group_groups")" 4
is "the same again changes nothing" "$(sync | counts)" ""

directory "$trio
group: id=g1; name=Viewers
group: id=g2; name=Staff
group: id=g3; name=Inner
member: group=g2; member=u1
member: group=g3; member=u3"
sync >/dev/null
is "a renamed group keeps its members" "$(group g2)" "ada"
is "and no longer yields what its old name did" "$(roster)" "ada member active
bob member active
cyd member active"
# A mapping by name means whatever group has the name: who may rename a group there gives its members the role here.
# A mapping by the directory's own key does not move.
directory "$trio
group: id=g1; name=Viewers
group: id=g2; name=Staff
group: id=g3; name=Admins
member: group=g2; member=u1
member: group=g3; member=u3"
is "renamed onto a mapped name: its members have the role, and the change is a line each" "$(sync | counts)" \
	"group.updated=1 member.role_changed=1"
is "as was said" "$(roster | grep admin)" "cyd admin active"
ctl connection set acme/people --role g2=admin >/dev/null
sync >/dev/null
is "a mapping by key follows the group, whatever its name" "$(roster | grep admin)" "ada admin active"
directory "$trio
group: id=g1; name=Viewers
group: id=g2; name=Called something else
group: id=g3; name=g2
member: group=g2; member=u1
member: group=g3; member=u3"
sync >/dev/null
is "through every rename, and nobody gets the role by a group called what another one's key is" "$(roster | grep admin)" \
	"ada admin active"

# A person's key that is also a group's.
directory "$trio
person: id=7; user=dan; email=dan@acme.example; name=Dan
group: id=g2; name=Staff
group: id=7; name=Everybody
member: group=g2; member=7
member: group=7; member=u2"
sync >/dev/null
is "a key of a person and of a group is the person" "$(roster)" "ada member active
bob member active
cyd member active
dan admin active"
is "and nests nothing" "$(query "SELECT count(*) FROM group_groups")" 0

# ---- groups that cannot be read
directory "$trio
group: id=line 0; name=Staff
group: id=g9; name=Nine
member: group=line 0; member=u1
member: group=g9; member=u1
member: group=line 0; member=g9
member: group=g9; member=u2"
ctl connection set acme/people --role 'line 0=admin' --remove-most 9 >/dev/null
sync >/dev/null
is "direct and nested members have the role" "$(roster | grep -c 'admin active')" 2
script 'refuse_at 1'
directory "$trio
group: id=g9; name=Nine
member: group=g9; member=u2
member: group=g9; member=u3"
sync >/dev/null
is "a group that could not be read keeps its direct members ..." "$(group 'line 0')" "ada"
is "... its nested groups, and what it yields" "$(roster)" "ada admin active
bob admin active
cyd admin active
dan admin suspended"
is "and is a row that somebody can see" "$(refused)" "line 0 record.unreadable"
script ""
is "the group is gone for good: so is what it yields" "$(sync | counts)" \
	"group.group_removed=1 group.member_removed=1 group.removed=1 member.role_changed=3"

directory "$trio"
sync >/dev/null
is "a listing without any group is looked at by a person" "$?" 6
like "who reads why" "$(ctl sync list acme --json | jq -r '.items[0].held_reason')" '^the directory showed no group at all; 1 groups? would be removed'
ctl sync drop "acme/$(ctl sync list acme --json | jq -r '.items[0].id')" >/dev/null

# ---- disorder and duplicates
messy="$trio
group: id=g1; name=Admins
group: id=g2; name=Inner
member: group=g1; member=g2
member: group=g2; member=u1
member: group=g2; member=nobody
member: group=nothing; member=u1
person: id=u1; user=ada; email=ada@acme.example; name=Ada Seen Last"
ctl connection set acme/people --role Admins=admin >/dev/null
directory "$messy"
script 'disorder
duplicates
page_size 4'
sync >/dev/null
is "disorder and duplicates come to the same" "$(roster | grep active)" "ada admin active
bob member active
cyd member active"
is "memberships are once" "$(query "SELECT count(*) FROM group_accounts") $(query "SELECT count(*) FROM group_groups")" "1 1"
is "who stands twice is who was seen last" "$(query "SELECT display_name FROM accounts WHERE remote_id = 'u1'")" "Ada Seen Last"
script 'duplicates'
is "in order, with duplicates: nothing to do" "$(sync | counts)" ""
done_testing
