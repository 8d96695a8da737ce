#!/bin/bash
# Roles by hand, the owner, suspension by one side and the other, and coming back.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

id_of() { query "SELECT user_id FROM accounts WHERE remote_id = '$1'"; }
person() { echo "person: id=$1; user=$2; email=$2@acme.example; name=$2${3:+; $3}"; }
groups='group: id=g1; name=Admins
group: id=g2; name=Viewers
group: id=g3; name=Owners'

acme "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g1; member=u2
member: group=g2; member=u3
member: group=g3; member=u4" --role Admins=admin --role Viewers=viewer --remove-most 9 --remove-admins-most 9
sync >/dev/null
ctl connection set acme/people --role Owners=owner >/dev/null 2>&1
is "no mapping yields an owner" "$?" 2
query "INSERT INTO role_mappings SELECT organisation, connection, 99, 'Owners', 'owner' FROM role_mappings LIMIT 1" 2>"$flow_dir/err"
like "not even past the API" "$(cat "$flow_dir/err")" 'role_mappings_role_check'

# ---- by hand
ctl member role acme "$(id_of u3)" admin >/dev/null
is "a role by hand is kept" "$(sync | counts)" ""
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g1; member=u2"
is "whatever the groups say" "$(sync >/dev/null; roster | grep cyd)" "cyd admin active"
directory "$(person u1 ada; person u2 bob; person u4 dan)
$groups
member: group=g1; member=u2"
sync >/dev/null
is "gone with it" "$(roster | grep cyd)" "cyd admin suspended"
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g2; member=u3
member: group=g1; member=u2"
sync >/dev/null
is "and back with it" "$(roster | grep cyd)" "cyd admin active"

# ---- the owner
ctl org owner acme "$(id_of u1)" >/dev/null
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g2; member=u1
member: group=g1; member=u2"
sync >/dev/null
is "no mapping takes the ownership" "$(roster | grep ada)" "ada owner active"
directory "$(person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g1; member=u2"
is "an owner who is gone is suspended" "$(sync | counts)" "group.member_removed=1 member.suspended=1"
is "and stays the owner on record" "$(roster | grep ada)" "ada owner suspended"
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g1; member=u2"
is "back, the owner is who they were" "$(sync >/dev/null; roster | grep ada)" "ada owner active"

# ---- suspended by an administrator
ctl member suspend acme "$(id_of u4)" >/dev/null
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan suspended=yes)
$groups
member: group=g1; member=u2"
sync >/dev/null
is "an administrator's suspension is not the directory's" \
	"$(query "SELECT state || ' ' || suspended_by FROM members WHERE user_id = '$(id_of u4)'")" "suspended operator"
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g1; member=u2"
is "which does not lift it" "$(sync >/dev/null; roster | grep dan)" "dan member suspended"
directory "$(person u1 ada; person u2 bob; person u3 cyd)
$groups
member: group=g1; member=u2"
is "gone: no more than noted" "$(sync | counts)" "account.gone=1"
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan)
$groups
member: group=g1; member=u2"
is "back: no more than noted" "$(sync | counts)" "account.seen=1"
is "and still out" "$(roster | grep dan)" "dan member suspended"
is "until the administrator lets them in" "$(ctl member restore acme "$(id_of u4)" >/dev/null; roster | grep dan)" "dan member active"

# ---- removed by an administrator
ctl member remove acme "$(id_of u4)" --yes >/dev/null
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 danny)
$groups
member: group=g1; member=u2
member: group=g1; member=u4"
sync >/dev/null
is "whom an administrator removed, no directory brings back" "$(query "SELECT state FROM members WHERE user_id = '$(id_of u4)'")" left

# ---- the directory's own suspension
directory "$(person u1 ada; person u2 bob suspended=yes; person u3 cyd; person u4 danny; person u5 eve suspended=yes)
$groups
member: group=g1; member=u2
member: group=g1; member=u5"
is "suspended there, suspended here; who is new and suspended is no member" "$(sync | counts)" \
	"account.seen=1 group.member_added=1 group.member_removed=1 member.role_changed=1 member.suspended=1"
is "the role is kept" "$(roster | grep bob)" "bob admin suspended"
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 danny; person u5 eve)
$groups
member: group=g1; member=u2
member: group=g1; member=u5"
is "active there, active here" "$(sync | counts)" "member.joined=1 member.restored=1"
is "with their roles" "$(roster | grep -E 'bob|eve')" "bob admin active
eve admin active"

# ---- gone and back
directory "$(person u1 ada; person u3 cyd; person u4 danny; person u5 eve)
$groups
member: group=g1; member=u5"
sync >/dev/null
is "gone" "$(roster | grep bob)" "bob admin suspended"
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 danny; person u5 eve)
$groups
member: group=g1; member=u2
member: group=g1; member=u5"
sync >/dev/null
is "back, with the former role" "$(roster | grep bob)" "bob admin active"
directory "$(person u1 ada; person u3 cyd; person u4 danny; person u5 eve)
$groups
member: group=g1; member=u5"
sync >/dev/null
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 danny; person u5 eve)
$groups
member: group=g1; member=u5"
is "back without the group: without its role, at once" "$(sync | counts)" "member.restored=1 member.role_changed=1"
is "not a run later" "$(roster | grep bob)" "bob member active"
done_testing
