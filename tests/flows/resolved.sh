#!/bin/bash
# An address that somebody had whose entry is gone, on a new entry: whether they came back or the address was handed on is a person's to say.
# What they say is a plan like any other, and stands in the audit.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

resolve() { ctl connection resolve acme/people "$@" --json >"$flow_dir/run" 2>"$flow_dir/err"; }
code() { resolve "$@"; grep -o '(refusal\.[a-z_]*' "$flow_dir/err" | tr -d '('; }
resolved() { jq -r '.counts // .run.counts | to_entries | sort_by(.key) | map("\(.key)=\(.value)") | join(" ")' "$flow_dir/run"; }
user_of() { query "SELECT user_id FROM accounts WHERE remote_id = '$1' AND gone_at IS NULL"; }
account_of() { query "SELECT id FROM accounts WHERE remote_id = '$1'"; }
member() { query "SELECT state, role FROM members WHERE user_id = '$1'"; }
address() { query "SELECT user_id FROM addresses WHERE address = '$1'"; }
token_of() { query "SELECT suspended_at IS NULL AND revoked_at IS NULL FROM tokens WHERE id = '$1'"; }
make_token() { ctl token create "$1" --organisation acme --member "$2" --expires 30d --json 2>/dev/null | jq -r .id; }

rest='person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
person: id=u8; user=yan; email=yan@acme.example; name=Yan
group: id=g1; name=Engineers'
acme "person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
$rest
member: group=g1; member=u1" --remove-most 1000 --remove-admins-most 1000 --remove-group-most 1000
sync >/dev/null
ada=$(user_of u1) bob=$(user_of u2)
ctl member set-role acme "$ada" admin >/dev/null 2>&1 || ctl member role acme "$ada" admin >/dev/null
is "an admin" "$(member "$ada")" "active|admin"
hers=$(make_token hers "$ada") his=$(make_token his "$bob")

# ---- made again under a new key
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
$rest
member: group=g1; member=n1"
sync >/dev/null
is "two entries were made again, or are somebody else's: refused" "$(refused)" "n1 person.address_taken
n2 person.address_taken"
like "with what to do" "$(ctl connection refused acme/people --json | jq -r '.items[0].reason')" 'an administrator must say so \(rosterctl connection resolve\)$'
is "who had the addresses is suspended, with their tokens" "$(member "$ada") $(member "$bob") $(token_of "$hers") $(token_of "$his")" \
	"suspended|admin suspended|member f f"
resolve n1 --same-person
is "the same person: done" "$? $(resolved)" "0 account.linked=1 group.member_added=1 member.restored=1 token.restored=1"
is "she is who she was" "$(user_of n1) $(member "$ada") $(token_of "$hers")" "$ada active|admin t"
is "in the entry that she has now" "$(query "SELECT count(*) FROM accounts WHERE user_id = '$ada'") $(query "SELECT count(*) FROM accounts WHERE remote_id = 'u1'")" "1 0"
is "it is audited, with who said so" "$(ctl audit list acme --json | jq -r '[.items[] | select(.action == "refusal.resolved")][0] | .after.as + " " + .actor_kind')" \
	"same-person operator"
is "and that the link has moved" "$(ctl audit list acme --json | jq -r '[.items[] | select(.action == "account.linked")][0] | .before.remote_id + " " + .after.remote_id')" "u1 n1"
resolve n2 --new-person
is "another person: done" "$? $(resolved)" "0 address.given_up=1 member.joined=1"
is "he is somebody new" "$(query "SELECT '$(user_of n2)' <> '$bob'")" t
is "with the address" "$(address bob@acme.example)" "$(user_of n2)"
is "and the default role" "$(member "$(user_of n2)")" "active|member"
is "who had it stays suspended, and so does their token" "$(member "$bob") $(token_of "$his")" "suspended|member f"
is "nobody is refused any more" "$(refused)" ""
is "nothing is left to be said" "$(query "SELECT count(*) FROM verdicts")" 0
is "the next whole listing has nothing to add" "$(sync | counts)" ""
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
person: id=u2; user=bob; email=bob.too@acme.example; name=Bob
$rest
member: group=g1; member=n1"
is "who had it comes back with another address: as who he was" "$(sync | counts) $(user_of u2)" "member.restored=1 token.restored=1 $bob"

# ---- what cannot be said
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
person: id=u2; user=bob; email=bob.too@acme.example; name=Bob
person: id=n3; user=zoe2; email=zoe@acme.example; name=Zoe Two
person: id=n4; user=; email=x@acme.example; name=None
person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
person: id=u8; user=yan; email=bob.too@acme.example; name=Yan
group: id=g1; name=Engineers
member: group=g1; member=n1"
sync >/dev/null
is "other troubles" "$(refused)" "n3 person.address_taken
n4 person.incomplete
u8 person.address_taken"
is "of an entry that is not refused" "$(resolve n9 --same-person; grep -c 'no refused entry "n9"' "$flow_dir/err")" 1
is "with a code that is a name" "$(code n9 --same-person)" refusal.unknown
is "of one that is refused for another reason" "$(code n4 --new-person)" refusal.other
is "of one whose address somebody has who is there" "$(code n3 --same-person) $(code n3 --new-person) $(code u8 --new-person)" \
	"refusal.still_there refusal.still_given refusal.still_given"
is "two people do not become one" "$(code u8 --same-person)" refusal.two_people
resolve n4
is "one of the two must be said" "$?" 2
is "nothing was kept of that" "$(query "SELECT count(*) FROM verdicts")" 0

# ---- said, and overtaken
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
$rest
member: group=g1; member=n1"
sync >/dev/null
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
person: id=m1; user=yan; email=yan@acme.example; name=Yan
person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
group: id=g1; name=Engineers
member: group=g1; member=n1"
sync >/dev/null
is "Yan under a new key" "$(refused)" "m1 person.address_taken"
yan=$(query "SELECT user_id FROM accounts WHERE remote_id = 'u8'")
script 'fail_at 1 refused 0'
resolve m1 --same-person
is "what was said while the directory did not answer" "$(query "SELECT count(*) FROM verdicts")" 1
script ''
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
person: id=m1; user=yan2; email=yan@acme.example; name=Yan Two
person: id=u8; user=yan; email=yan@acme.example; name=Yan
person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
group: id=g1; name=Engineers
member: group=g1; member=n1"
sync >/dev/null
is "counts for nothing once the old entry is back" "$(user_of u8) $(member "$yan") $(refused)" "$yan active|member m1 person.address_same"
is "and is forgotten" "$(query "SELECT count(*) FROM verdicts")" 0
directory "person: id=n1; user=ada; email=ada@acme.example; name=Ada
person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
person: id=m1; user=yan; email=yan@acme.example; name=Yan
person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
group: id=g1; name=Engineers
member: group=g1; member=n1"
sync >/dev/null
script 'fail_at 1 refused 0'
resolve m1 --same-person
script ''
is "a plan of it changes nothing" "$(ctl sync plan acme/people --json | jq -r '.run.counts["account.linked"]') $(account_of m1) $(member "$yan")" "1  suspended|member"
is "the next run takes it, whoever asks for that" "$(sync | counts) $(user_of m1)" "account.linked=1 member.restored=1 $yan"

query "DELETE FROM addresses WHERE address = 'yan@acme.example'"
query "INSERT INTO refusals (organisation, connection, remote_id, code, reason, email, run) SELECT organisation, id, 'q1', 'person.address_taken',
	'', 'yan@acme.example', id FROM connections"
is "of an address that is nobody's any more" "$(code q1 --new-person)" refusal.over

# ---- the owner
ctl org owner acme "$ada" >/dev/null 2>"$flow_dir/err" || diag "$(cat "$flow_dir/err")"
is "the owner" "$(member "$ada")" "active|owner"
directory "person: id=n2; user=bobby; email=bob@acme.example; name=Bobby
person: id=o1; user=ada; email=ada@acme.example; name=Ada
person: id=m1; user=yan; email=yan@acme.example; name=Yan
person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe
group: id=g1; name=Engineers"
sync >/dev/null
is "the owner's entry was made again: kept out, and still on record" "$(member "$ada") $(refused)" "suspended|owner o1 person.address_taken"
resolve o1 --same-person
is "the same person: the owner is back" "$? $(member "$ada") $(query "SELECT owner_absent_at IS NULL FROM organisations WHERE slug = 'acme'")" "0 active|owner t"
done_testing
