#!/bin/bash
# Somebody is renamed, and a directory that says who comes into a group and who goes out of it goes on calling them by their old name: that says
# nothing as long as it says nothing, and takes them out at once when it says so.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

serve 'person: id=u1; reference=ada; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; reference=bob; user=bob; email=bob@acme.example; name=Bob; at=1
group: id=g1; reference=admins; name=Admins; at=1
group: id=g2; reference=inner; name=Inner; at=1
member: group=admins; member=ada; at=1
member: group=admins; member=inner; at=1
member: group=inner; member=bob; at=1'
acme_served --role Admins=admin --remove-admins-most 9 --remove-most 9
sync >/dev/null
is "two admins, one by a group in a group" "$(roster)" "ada admin active
bob admin active"
waiting() { query "SELECT coalesce(string_agg(former_key, ' ' ORDER BY former_key COLLATE \"C\"), 'nobody') FROM renames"; }
changed() { sync --scope changed | counts; }

# ---- out of a group, by the old name
serve "$(served)" 's/id=u1; reference=ada; \(.*\)at=1/id=u1; reference=ada2; \1at=2/'
is "renamed: the group says nothing" "$(changed)" ""
is "and they stay in it" "$(roster | head -n 1) $(waiting)" "ada admin active ada"
serve "$(served)
gone: group=admins; member=ada; at=3" '/^member: group=admins; member=ada;/d'
is "the group says that the old name is out of it: they are, at once" "$(changed)" "group.member_removed=1 member.role_changed=1"
is "really" "$(roster)" "ada member active
bob admin active"
is "which a listing of everything sees the same way" "$(sync | jq -r '"\(.missed) \(.counts)"')" "0 {}"

# ---- the group is rewritten
serve "$(served)
member: group=admins; member=ada2; at=4"
is "in again, by the new name" "$(changed)" "group.member_added=1 member.role_changed=1"
serve "$(served)
gone: group=admins; member=ada2; at=5
member: group=admins; member=ada3; at=5" '/^member: group=admins; member=ada2;/d
s/id=u1; reference=ada2; \(.*\)at=2/id=u1; reference=ada3; \1at=5/'
is "renamed, the old name is out and the new one in: nothing happened" "$(changed)" ""
is "to them either" "$(roster | head -n 1)" "ada admin active"
serve "$(served)
gone: group=admins; member=ada3; at=6" '/^member: group=admins; member=ada3;/d
s/id=u1; reference=ada3; \(.*\)at=5/id=u1; reference=ada4; \1at=6/'
is "renamed and out by the old name, in one reading" "$(changed)" "group.member_removed=1 member.role_changed=1"
is "leaves nothing to ask" "$(roster | head -n 1) $(query "SELECT count(*) FROM renames WHERE former_key = 'ada3'")" "ada member active 0"

# ---- a group out of a group
serve "$(served)" 's/id=g2; reference=inner; name=Inner; at=1/id=g2; reference=inner2; name=Inner; at=10/
s/group=inner;/group=inner2;/'
is "a group is renamed: what it is in says nothing" "$(changed)" "group.updated=1"
is "and its members keep what it yields" "$(roster | grep bob)" "bob admin active"
serve "$(served)
gone: group=admins; member=inner; at=11" '/^member: group=admins; member=inner;/d'
is "it is out by its old name: it is, at once" "$(changed)" "group.group_removed=1 member.role_changed=1"
is "and its members have nothing by it" "$(roster | grep bob)" "bob member active"
is "which a listing of everything sees the same way" "$(sync | jq -r '"\(.missed) \(.counts)"')" "0 {}"

# ---- the new name in, and the old one out, in two readings
serve 'person: id=u1; reference=ada; user=ada; email=ada@acme.example; name=Ada; at=20
person: id=u2; reference=bob; user=bob; email=bob@acme.example; name=Bob; at=20
person: id=u3; reference=cyd; user=cyd; email=cyd@acme.example; name=Cyd; at=20
group: id=g1; reference=admins; name=Admins; at=20
group: id=g2; reference=inner; name=Inner; at=20
group: id=g3; reference=staff; name=Staff; at=20
member: group=admins; member=ada; at=20
member: group=staff; member=ada; at=20
member: group=admins; member=inner; at=20
member: group=staff; member=inner; at=20
member: group=inner; member=bob; at=20'
sync >/dev/null
query "DELETE FROM renames"
is "two admins again" "$(roster)" "ada admin active
bob admin active
cyd member active"
serve "$(served)
member: group=admins; member=ada2; at=21" 's/id=u1; reference=ada; \(.*\)at=20/id=u1; reference=ada2; \1at=21/'
is "renamed, and the new name is in one group" "$(changed) $(waiting)" " ada"
serve "$(served)
gone: group=admins; member=ada; at=22" '/^member: group=admins; member=ada;/d'
is "then the old one is out of it: they stay" "$(changed) $(roster | head -n 1)" " ada admin active"
serve "$(served)
gone: group=staff; member=ada; at=23" '/^member: group=staff; member=ada;/d'
is "out of a group that has not said the new name, they are" "$(changed)" "group.member_removed=1"
is "which a listing of everything sees the same way" "$(sync | jq -r '"\(.missed) \(.counts)"')" "0 {}"

serve "$(served)
member: group=admins; member=ada3; at=24"
is "the new name is in before anybody has it" "$(changed)" ""
serve "$(served)
gone: group=admins; member=ada2; at=25" '/^member: group=admins; member=ada2;/d
s/id=u1; reference=ada2; \(.*\)at=21/id=u1; reference=ada3; \1at=25/'
is "renamed and the old one out: they stay" "$(changed) $(roster | head -n 1)" " ada admin active"
is "which a listing of everything sees the same way" "$(sync | jq -r '"\(.missed) \(.counts)"')" "0 {}"
serve "$(served)
member: group=admins; member=inner2; at=26" 's/id=g2; reference=inner; name=Inner; at=20/id=g2; reference=inner2; name=Inner; at=26/
s/group=inner;/group=inner2;/'
is "a group, likewise: the new name in" "$(changed)" "group.updated=1"
serve "$(served)
gone: group=admins; member=inner; at=27" '/^member: group=admins; member=inner;/d'
is "and the old one out: it stays" "$(changed) $(roster | grep bob)" " bob admin active"
serve "$(served)
gone: group=admins; member=inner2; at=28" '/^member: group=admins; member=inner2;/d'
is "out by the name of now, it is out" "$(changed) $(roster | grep bob)" "group.group_removed=1 member.role_changed=1 bob member active"

# ---- somebody takes the name
serve "$(served)" 's/id=u1; reference=ada3; \(.*\)at=25/id=u1; reference=ada4; \1at=30/
s/id=u3; reference=cyd; \(.*\)at=20/id=u3; reference=ada3; \1at=30/'
is "a name changes hands, and the group says nothing" "$(changed) $(roster)" " ada admin active
bob member active
cyd member active"
is "nor when it is read with everything" "$(sync | counts) $(roster | head -n 1)" " ada admin active"
query "UPDATE renames SET settles_at = now(), ask_at = now()"
for _ in $(seq 600); do [ "$(roster | grep cyd)" = "cyd admin active" ] && break; sleep 0.1; query "UPDATE renames SET ask_at = now() WHERE ask_at > now()"; done
is "when the directory had its time, it means whose name it is now: its groups are asked, where people do not say theirs" "$(roster)" "ada member active
bob member active
cyd admin active"
is "and nobody is left to ask" "$(waiting)" nobody
is "which a listing of everything sees the same way" "$(sync | counts)" ""

# ---- and the one who had it is taken out by it
serve "$(served)" 's/id=u3; reference=ada3; \(.*\)at=30/id=u3; reference=cyd; \1at=40/
s/id=u1; reference=ada4; \(.*\)at=30/id=u1; reference=ada3; \1at=40/'
is "the name goes back" "$(changed) $(roster | grep -v bob)" " ada member active
cyd admin active"
serve "$(served)
gone: group=admins; member=ada3; at=41" '/^member: group=admins; member=ada3;/d'
is "and is out of the group: nobody is in it" "$(changed) $(roster | grep -c admin)" "group.member_removed=1 member.role_changed=1 0"
is "which a listing of everything sees the same way" "$(sync | counts)" ""
done_testing
