#!/bin/bash
# A listing that was cut off adds and updates people; it removes nobody, and leaves groups and roles as they are.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd
group: id=g1; name=Admins
member: group=g1; member=u1
member: group=g1; member=u3' --role Admins=admin --remove-admins-most 9
is "everybody is here" "$(sync | jq -r .state)" done

directory 'person: id=u1; user=ada; email=ada@acme.example; name=Ada King
person: id=u4; user=dan; email=dan@acme.example; name=Dan
person: id=u2; user=bob; email=bob@acme.example; name=Bob; suspended=yes
group: id=g1; name=Renamed
group: id=g9; name=Nine
member: group=g9; member=u4'
script 'page_size 3
incomplete_at 1'
run=$(sync)
is "the run is done" "$(jq -r .state <<<"$run")" done
is "it says that it was not whole" "$(jq -r .whole <<<"$run")" false
like "and why" "$(jq -r .proof <<<"$run")" 'cut off after page 1'
is "who is shown is added, updated and suspended" "$(counts <<<"$run")" "member.joined=1 member.suspended=1 member.updated=1"
is "who is not shown stays, with their role" "$(roster)" "ada admin active
bob member suspended
cyd admin active
dan member active"
is "groups are as they were" "$(query "SELECT string_agg(name, ' ') FROM groups")" Admins
is "and so are their members" "$(query "SELECT count(*) FROM group_accounts")" 2

directory 'person: id=u1; user=ada; email=ada@acme.example; name=Ada King'
script 'incomplete_at 1'
is "cut off with hardly anybody, nobody goes" "$(sync | counts)" ""
directory '# nobody at all'
is "cut off with nobody, nobody goes" "$(sync | jq -r .state)" done
is "the roster is as it was" "$(roster | grep -c active)" 3

directory 'person: id=u1; user=ada; email=ada@acme.example; name=Ada King
person: id=u4; user=dan; email=dan@acme.example; name=Dan
group: id=g1; name=Renamed
member: group=g1; member=u1'
script ""
is "the next whole listing does what was left undone" "$(sync | counts)" \
	"account.gone=1 group.member_removed=1 group.updated=1 member.role_changed=1 member.suspended=1"
is "roles follow the groups again" "$(roster)" "ada member active
bob member suspended
cyd admin suspended
dan member active"
done_testing
