#!/bin/bash
# People can often write parts of their own entry. What they write there does not hide that the directory has switched them off, or that a group
# no longer names them; nor does one value of theirs stop the reading of everybody else.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

name=$(printf 'x%.0s' $(seq 300)) text=$(printf 'y%.0s' $(seq 5000)) bad=$'e\x01vil'
state() { query "SELECT m.state || ' ' || m.role FROM members m JOIN accounts a ON a.user_id = m.user_id WHERE a.remote_id = '$1'"; }
why() { ctl connection refused acme/people --json | jq -r ".items[] | select(.remote_id == \"$1\").reason"; }
groups_of() { query "SELECT count(*) FROM group_accounts k JOIN accounts a ON a.id = k.account_id WHERE a.remote_id = '$1'"; }
people='person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@acme.example; name=Dan
person: id=u5; user=eve; email=eve@acme.example; name=Eve
person: id=u6; user=fay; reference=fay-of-old; email=fay@acme.example; name=Fay
person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
group: id=g1; name=Admins'
members='member: group=g1; member=u1
member: group=g1; member=u2
member: group=g1; member=u3
member: group=g1; member=u4
member: group=g1; member=u5
member: group=g1; member=fay-of-old
member: group=g1; member=u9'
acme "$people
$members" --role Admins=admin --remove-most 99 --remove-share 100 --remove-admins-most 99 --remove-group-most 99
sync >/dev/null
is "seven admins" "$(roster | grep -c 'admin active')" 7

# ---- switched off, with an entry that is spoiled in each way
directory "$(sed -e "s/^person: id=u1; user=ada/person: id=u1; user=$name; suspended=yes/" \
	-e "s/^person: id=u2; user=bob/person: id=u2; user=$bad; suspended=yes/" \
	-e "s/name=Cyd/name=$text; suspended=yes/" -e "s/user=dan;/user=$text; suspended=yes;/" <<<"$people")
$members"
is "the run is done" "$(sync | jq -r .state)" done
is "a user name that is too long hides nobody" "$(state u1)" "suspended admin"
is "nor one with control characters" "$(state u2)" "suspended admin"
is "nor a name that the plug-in cannot give" "$(state u3)" "suspended admin"
is "nor a user name that it cannot" "$(state u4)" "suspended admin"
is "everybody else is as they were" "$(state u5) $(state u6) $(state u9)" "active admin active admin active admin"
like "it is said of what cannot be taken" "$(why u1)" '^the user name has 300 bytes; at most 256 are taken; taken with the user name that they had$'
like "and of what cannot be given" "$(why u3)" '^name= has more than 4096 bytes and was left out; correct it in the directory$'
is "the name is the one that they had" "$(roster | cut -d ' ' -f 1 | tr '\n' ' ')" "ada bob cyd dan eve fay zoe "
is "the same again changes nothing" "$(sync | counts)" ""
directory "$people
$members"
is "mended, they are back" "$(sync | counts)" "member.restored=4"
is "and nothing is left to be seen" "$(refused)" ""

# ---- taken out of the group
directory "$(sed -e "s/^person: id=u1; user=ada/person: id=u1; user=$name/" -e 's/^person: id=u5;/& broken=yes;/' -e 's/^person: id=u6;/& broken=yes;/' <<<"$people")
$(grep -v 'member=u1$\|member=fay' <<<"$members")"
is "whom the group no longer names is out of it" "$(sync | counts)" "group.member_removed=2 member.role_changed=2 member.updated=1"
is "whether their name is unusable" "$(state u1) $(groups_of u1)" "active member 0"
is "or all of their record" "$(state u6) $(groups_of u6)" "active member 0"
is "who is named stays in it though their record could not be read" "$(state u5) $(groups_of u5)" "active admin 1"
eve=$(query "SELECT user_id FROM accounts WHERE remote_id = 'u5'")
like "whoever asks why they are as they are is told" "$(ctl member explain acme "$eve")" \
	'^the entry in "people" is not taken whole since 20[0-9]{2}-[0-9:TZ. -]+: nothing but the id of line [0-9]+ can be read$'
is "and so is a program" "$(ctl member explain acme "$eve" --json | jq -r '.accounts[] | (.refused != null and .refused_since != null)')" true
is "and of nobody else" "$(ctl member explain acme "$(query "SELECT user_id FROM accounts WHERE remote_id = 'u9'")" | grep -c 'not taken whole')" 0
is "what could not be read at all can be seen" "$(refused)" "u1 person.too_long
u5 record.unreadable
u6 record.unreadable"
directory "$people
$members"
is "mended, and named again" "$(sync | counts)" "group.member_added=2 member.role_changed=2 member.updated=1"

# ---- looked at alone
directory "$(sed -e "s/^person: id=u1; user=ada/person: id=u1; user=$name; suspended=yes/" <<<"$people")
$members"
is "it is the same for one who is looked at alone" "$(sync --person u1 | counts) $(state u1)" "member.suspended=1 suspended admin"
is "and can be seen" "$(refused)" "u1 person.too_long"
directory "$people
$members"
is "who is back alone" "$(sync --person u1 | counts) $(state u1) $(refused)" "member.restored=1 active admin "

# ---- new ones
directory "$people
person: id=n1; user=$name; email=n1@acme.example; name=New
person: id=n2; user=gil; email=gil@acme.example; name=$text
person: id=$text; user=hal; email=hal@acme.example
$members
member: group=g1; member=n1"
is "nobody comes in without a usable user name, whoever else is there" "$(sync | counts)" "member.joined=1"
is "all of them can be seen" "$(refused)" "(too long) record.unreadable
n1 person.too_long
n2 record.unreadable"
is "and once the name is one, with their groups" "$(directory "$people
person: id=n1; user=new; email=n1@acme.example; name=New
person: id=n2; user=gil; email=gil@acme.example; name=Gil
$members
member: group=g1; member=n1"; sync | counts) $(state n1)" "group.member_added=1 member.joined=1 member.updated=1 active admin"
done_testing
