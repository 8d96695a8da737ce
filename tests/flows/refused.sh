#!/bin/bash
# Who could not be taken is a row that somebody can see, with the reason; it goes when the trouble is mended. Nobody is called
# gone because their record could not be read.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

long=$(printf 'x%.0s' $(seq 300))
acme "person: id=u1; user=; email=one@acme.example
person: id=u2; user=$long; email=two@acme.example
person: id=u3; user=cyd; email=same@acme.example; name=Cyd
person: id=u4; user=dan; email=Same@Acme.Example; name=Dan
person: id=u5; user=eve; email=not-an-address; name=Eve
person: id=u6; user=fay; name=Fay
person: id=$long; user=gus; email=gus@acme.example; name=Gus" --remove-most 0 --remove-share 100
is "the run is done" "$(sync | jq -r .state)" done
is "who can be taken is taken" "$(roster)" "cyd member active
eve member active
fay member active
gus member active"
is "who cannot be is a row with a reason" "$(refused)" "u1 person.incomplete
u2 person.too_long
u4 person.address_same
u5 person.no_address"
like "in words" "$(ctl connection refused acme/people --json | jq -r '.items[] | select(.remote_id == "u2").reason')" \
	'^the user name has 300 bytes; at most 256 are taken$'
is "the run counts them" "$(ctl sync list acme --json | jq '.items[0].refused')" 4
is "and so does the connection" "$(ctl connection show acme/people --json | jq .refused)" 4
like "for people, too" "$(ctl connection show acme/people)" 'not taken +4'
is "a bad address is not taken" "$(query "SELECT coalesce(email, 'none') FROM accounts WHERE remote_id = 'u5'")" none
is "the first keeps an address that is given twice" \
	"$(query "SELECT a.remote_id FROM addresses d JOIN accounts a ON a.user_id = d.user_id WHERE d.address = 'same@acme.example'")" u3

directory "person: id=u1; user=ann; email=one@acme.example
person: id=u2; user=bob; email=two@acme.example
person: id=u3; user=cyd; email=same@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@acme.example; name=Dan
person: id=u5; user=eve; email=eve@acme.example; name=Eve
person: id=u6; user=fay; name=Fay
person: id=$long; user=gus; email=gus@acme.example; name=Gus"
is "mended, they join" "$(sync | counts)" "member.joined=3 member.updated=1"
is "and nothing is left to be seen" "$(refused) $(ctl connection list acme --json | jq '.items[0].refused')" " 0"

directory "person: id=u1; user=ann; email=one@acme.example
person: id=u2; user=; email=two@acme.example
person: id=u3; user=cyd; email=same@acme.example; name=Cyd
person: id=u4; user=dan; email=same@acme.example; name=Dan
person: id=u5; user=eve; email=broken; name=Eve
person: id=u6; user=$long; name=Fay
person: id=$long; user=; email=gus@acme.example; name=Gus"
is "a record that became unreadable is not called gone" "$(sync | counts)" "member.updated=5"
is "everybody is still here, by the name that they had" "$(roster | cut -d ' ' -f 1,3 | tr '\n' ' ')" \
	"ann active bob active cyd active dan active eve active fay active gus active "
like "which is said" "$(ctl connection refused acme/people --json | jq -r '.items[] | select(.remote_id == "u6").reason')" \
	'^the user name has 300 bytes; at most 256 are taken; taken with the user name that they had$'
is "with a row each" "$(refused | cut -c 1-24)" "u2 person.incomplete
u4 person.address_taken
u5 person.no_address
u6 person.too_long
$(printf '%s' "$long" | cut -c 1-24)"
is "an address that is another's is not proven" \
	"$(query "SELECT claimed FROM accounts WHERE remote_id = 'u4'")" f
script 'incomplete_at 1'
directory "person: id=u1; user=ann; email=one@acme.example"
sync >/dev/null
is "a listing that was cut off forgets none of them" "$(refused | wc -l)" 5

# What the plug-in itself could not read: "line 0", which is nobody's key.
script "refuse_at 1"
directory "person: id=u1; user=ann; email=one@acme.example
person: id=u2; user=bob; email=two@acme.example
person: id=u3; user=cyd; email=same@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@acme.example; name=Dan
person: id=u5; user=eve; email=eve@acme.example; name=Eve
person: id=u6; user=fay; name=Fay"
sync >/dev/null
is "a record with no key may be the one who is missing: a person must look" "$?" 6
like "the reason says so" "$(ctl sync list acme --json | jq -r '.items[0].held_reason')" \
	'^1 member would be suspended, and 1 record that could not be read may be one of them'
like "the record can be seen" "$(refused)" '^line 0 record.unreadable$'
ctl sync drop "acme/$(ctl sync list acme --json | jq -r '.items[0].id')" >/dev/null
sync >/dev/null
is "and again, until somebody has" "$?" 6
id=$(ctl sync list acme --json | jq -r '.items[0].id')
is "approved, the person goes" "$(ctl sync approve "acme/$id" --wait --json | counts)" \
	"member.suspended=1 member.updated=4"
directory "person: id=u1; user=ann; email=one@acme.example
person: id=u2; user=bob; email=two@acme.example
person: id=u3; user=cyd; email=same@acme.example; name=Cyd
person: id=u4; user=dan; email=dan@acme.example; name=Dan
person: id=u5; user=eve; email=eve@acme.example; name=Eve"
is "a record that was so when all were here hides nobody" "$(sync | counts)" "member.suspended=1"
directory "person: id=line 0; user=ann; email=zero@acme.example"
ctl connection set acme/people --remove-most 100 >/dev/null
is "a key that was refused and given is of somebody who is here" "$(sync >/dev/null; refused)" "line 0 record.unreadable"
done_testing
