#!/bin/bash
# People whom a directory shows with an address outside the verified domains: members by that connection alone, shown as guests. Nobody is linked
# by such an address, in two organisations or in two directories of one.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

connect() {
	printf '%s\n' "$3" >"$flow_dir/$1-$2.txt"
	ctl connection create "$1" example "$2" --set directory=@"$flow_dir/$1-$2.txt" --remove-most 100 >/dev/null
}
run() { ctl sync run "$1" --wait --json 2>"$flow_dir/sync.err" | counts; }
show() {
	printf '%s\n' "$3" >"$flow_dir/$1-$2.txt"
	ctl connection set "$1/$2" --set directory=@"$flow_dir/$1-$2.txt" >/dev/null
	run "$1/$2"
}
user_of() { query "SELECT a.user_id FROM accounts a JOIN connections c ON c.id = a.connection JOIN organisations o ON o.organisation = c.organisation
	WHERE o.slug = '$1' AND c.name = '$2' AND a.remote_id = '$3'"; }
guests() { ctl member list "$1" --json | jq -r '[.items[] | select(.guest) | .name] | sort | join(" ")'; }
users() { query "SELECT count(*) FROM users"; }

for org in acme bolt; do
	ctl org create "$org" --slug "$org" --type enterprise >/dev/null 2>&1 || ctl org create "$org" --type enterprise >/dev/null
	ctl domain add "$org" "$org.example" >/dev/null
done
connect acme people 'person: id=a1; user=ada; email=ada@acme.example; name=Ada
person: id=a2; user=pat; email=pat@freelance.example; name=Pat
person: id=a3; user=rob; name=Robot'
connect bolt people 'person: id=b1; user=bea; email=bea@bolt.example; name=Bea
person: id=b2; user=pat; email=Pat@Freelance.example; name=Pat B
person: id=b3; user=ada; email=ada@acme.example; name=Ada B'
is "both organisations have the same contractor" "$(run acme/people) $(run bolt/people)" "member.joined=3 member.joined=3"
pat=$(user_of acme people a2)
is "who is two people, and linked to nobody" "$(users) $(query "SELECT count(*) FROM members WHERE user_id = '$pat'")" "6 1"
is "their addresses prove nothing" "$(query "SELECT string_agg(address, ' ' ORDER BY address) FROM addresses")" "ada@acme.example bea@bolt.example"
is "they are shown as guests" "$(guests acme)" "Pat"
is "so is whoever has another organisation's address" "$(guests bolt)" "Ada B Pat B"
is "each by itself, too" "$(ctl member show acme "$pat" --json | jq .guest) $(ctl member show acme "$(user_of acme people a1)" --json | jq .guest)" "true false"
is "they are members like others" "$(ctl member show acme "$pat" --json | jq -r '.state + " " + .role')" "active member"

connect acme other 'person: id=o1; user=pat; email=pat@freelance.example; name=Pat O'
is "another directory of the organisation does not link them either" "$(run acme/other) $(users)" "member.joined=1 7"
both=$(ctl member show acme pat@freelance.example 2>&1)
is "by the address nobody is meant" "$? $(grep -o member.ambiguous <<<"$both")" "7 member.ambiguous"
like "but each is named, with what tells them apart" "$both" "$(user_of acme other o1) \(guest, member, active, from other\), $pat \(guest, member, active, from people\)"
is "a list shows their ids and who is a guest" "$(ctl member list acme --ids --match pat@ | awk 'NR > 1 { print $1 }' | sort | paste -sd ' ') $(ctl member list acme --ids --match pat@ | grep -c ' yes ')" \
	"$({ echo "$pat"; user_of acme other o1; } | sort | paste -sd ' ') 2"
is "gone from theirs, they are suspended, whoever else is shown with the address" "$(show acme people 'person: id=a1; user=ada; email=ada@acme.example; name=Ada
person: id=a3; user=rob; name=Robot') $(query "SELECT state FROM members WHERE user_id = '$pat'")" "member.suspended=1 suspended"
is "and back, as who they were" "$(show acme people 'person: id=a1; user=ada; email=ada@acme.example; name=Ada
person: id=a2; user=pat; email=pat@freelance.example; name=Pat
person: id=a3; user=rob; name=Robot') $(user_of acme people a2)" "member.restored=1 $pat"
is "a guest whose address becomes one of ours is the same person, and no guest" "$(show acme people 'person: id=a1; user=ada; email=ada@acme.example; name=Ada
person: id=a2; user=pat; email=pat@acme.example; name=Pat
person: id=a3; user=rob; name=Robot') $(user_of acme people a2) $(guests acme)" "member.updated=1 $pat Pat O"

ctl domain add bolt freelance.example >/dev/null
is "once the domain is verified, they are no guests" "$(guests bolt)" "Ada B"
is "and the next run proves the address" "$(run bolt/people) $(query "SELECT user_id FROM addresses WHERE address = 'pat@freelance.example'")" \
	"address.proven=1 $(user_of bolt people b2)"
is "which links nobody elsewhere" "$(run acme/other) $(users) $(guests acme)" " 7 Pat O"

kept=$(user_of acme other o1)
ctl connection delete acme/other --people keep --yes >/dev/null 2>&1
is "kept when their directory is deleted, a guest is one still, and is called as there" "$(query "SELECT connection IS NULL FROM members WHERE user_id = '$kept'") \
$(ctl member show acme "$kept" --json | jq -r '"\(.guest) \(.user_name)"')" "t true pat"
member=$(ctl member add acme hal@elsewhere.example Hal --json 2>/dev/null | jq -r .id)
is "whom an administrator made is none" "$(ctl member show acme "$member" --json | jq .guest)" false
done_testing
