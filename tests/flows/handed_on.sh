#!/bin/bash
# An address that goes from one person to another one by what a directory says: freely among those who are free, never past somebody's word
# that whoever had it is to be kept out.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

state() { query "SELECT m.state FROM members m JOIN accounts a ON a.user_id = m.user_id WHERE a.remote_id = '$1'"; }
user_of() { query "SELECT user_id FROM accounts WHERE remote_id = '$1'"; }
address() { query "SELECT a.remote_id FROM addresses d JOIN accounts a ON a.user_id = d.user_id WHERE d.address = '$1@acme.example'"; }
why() { ctl connection refused acme/people --json | jq -r ".items[] | select(.remote_id == \"$1\").reason"; }
# What becomes of it when the bearer of this token says that it was handed on
as_new() {
	curl -s --unix-socket "$socket" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
		-d "{\"remote_id\":\"$2\",\"as\":\"new-person\"}" http://x/v1/organisations/acme/connections/people/refused/resolve | jq -r '.code // .run.id // .id'
}

acme "person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@acme.example; name=Dan
person: id=u5; user=eve; email=eve@acme.example; name=Eve
person: id=u6; user=fay; email=fay@acme.example; name=Fay" --remove-most 99
sync >/dev/null
ctl member role acme "$(user_of u6)" admin >/dev/null
admin=$(ctl token create admins --organisation acme --role admin 2>/dev/null)
suspend() {
	curl -s --unix-socket "$socket" -H "Authorization: Bearer $1" -X PATCH -H 'Content-Type: application/merge-patch+json' \
		-d '{"state":"suspended"}' "http://x/v1/organisations/acme/members/$(user_of "$2")" >"$flow_dir/said"
}
ctl member suspend acme "$(user_of u2)" >/dev/null
suspend "$admin" u3
ctl member remove acme "$(user_of u4)" --yes >/dev/null
is "by whom they are kept out" "$(query "SELECT string_agg(a.remote_id || ' ' || coalesce(m.suspended_by, m.left_by, '-'), ', ' ORDER BY a.remote_id)
	FROM members m JOIN accounts a ON a.user_id = m.user_id")" "u1 -, u2 operator, u3 admin, u4 operator, u5 -, u6 -"

moved='person: id=u1; user=ada; email=ada.king@acme.example; name=Ada
person: id=u2; user=bob; email=bob.old@acme.example; name=Bob
person: id=u3; user=cyd; email=cyd.old@acme.example; name=Cyd
person: id=u4; user=dan; email=dan.old@acme.example; name=Dan
person: id=u5; user=eve; email=fay@acme.example; name=Eve
person: id=u6; user=fay; email=eve@acme.example; name=Fay
person: id=n1; user=new.ada; email=ada@acme.example; name=New Ada
person: id=n2; user=new.bob; email=bob@acme.example; name=New Bob
person: id=n3; user=new.cyd; email=cyd@acme.example; name=New Cyd
person: id=n4; user=new.dan; email=dan@acme.example; name=New Dan'
directory "$moved"
sync >/dev/null
is "with the listing that hands them on, nobody new comes in" "$(roster | grep -c new)" 0
is "and it can be seen" "$(refused | cut -d ' ' -f 1 | tr '\n' ' ')" "n1 n2 n3 n4 u5 u6 "
like "of an address that was given up" "$(why n1)" 'the next one that shows it takes this entry as it is$'
like "of one that was exchanged" "$(why u5)" 'not proven yet: .*the next one that reads this entry proves it$'
like "of one whom the operator suspended" "$(why n2)" 'whom the operator suspended.* the operator must say so \(rosterctl connection resolve\)$'
like "of one whom an administrator suspended" "$(why n3)" 'whom an administrator suspended.* an administrator must say so'
like "of one who was removed" "$(why n4)" 'whom the operator removed.* an administrator must say so'
sync >/dev/null
is "the next one lets in whose address is free" "$(state n1) $(address ada)" "active n1"
is "and proves what was exchanged" "$(address eve) $(address fay)" "u6 u5"
sync >/dev/null
is "nobody else, however often it is read" "$(refused | cut -d ' ' -f 1 | tr '\n' ' ')$(roster | grep -c new)" "n2 n3 n4 1"
is "the addresses are theirs who had them" "$(address bob) $(address cyd) $(address dan)" "u2 u3 u4"

is "a customer's administrator does not hand on whom the operator keeps out" "$(as_new "$admin" n2) $(state n2)" "member.suspended_by_operator "
ctl connection resolve acme/people n2 --new-person >/dev/null 2>&1
is "the operator does" "$(state n2) $(address bob) $(state u2)" "active n2 suspended"
ok "whom they suspended themselves, the administrator does" until_run "$(as_new "$admin" n3)" "state = 'done'"
is "and they are in, the other one is not" "$(state n3) $(address cyd) $(state u3)" "active n3 suspended"
ok "and so for whoever was removed" until_run "$(as_new "$admin" n4)" "state = 'done'"
is "who stays so" "$(state n4) $(state u4)" "active left"
is "nothing is left to be seen" "$(sync >/dev/null; refused)" ""
done_testing
