#!/bin/bash
# Who is who: only an address of a domain that an organisation has proven links an account to a user, and never across
# organisations that have not.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

user_of() { query "SELECT user_id FROM accounts JOIN connections c ON c.id = connection AND c.organisation = accounts.organisation
	WHERE c.name = '$1' AND remote_id = '$2'"; }
state_of() { query "SELECT state FROM members WHERE user_id = '$1' AND organisation = (SELECT organisation FROM organisations WHERE slug = '${2:-acme}')"; }
# connect ORG NAME TEXT [WORDS]
connect() {
	local org=$1 name=$2
	printf '%s\n' "$3" >"$flow_dir/$name.txt"
	shift 3
	ctl connection create "$org" example "$name" --set directory=@"$flow_dir/$name.txt" "$@" >/dev/null
}
# show ORG NAME TEXT: another text, and a run
show() {
	printf '%s\n' "$3" >"$flow_dir/$2.txt"
	ctl connection set "$1/$2" --set directory=@"$flow_dir/$2.txt" >/dev/null
	ctl sync run "$1/$2" --wait --json 2>"$flow_dir/sync.err"
}
reread() { ctl sync run "$1" --wait --json 2>"$flow_dir/sync.err"; }

acme 'person: id=u1; user=ada; email=Ada@ACME.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' --remove-most 9
sync >/dev/null
ada=$(user_of people u1)
is "addresses of the verified domain are proven" "$(query "SELECT string_agg(address, ' ' ORDER BY address) FROM addresses")" \
	"ada@acme.example bob@acme.example"

# ---- a second directory of the same organisation
connect acme staff 'person: id=s1; user=ada.l; email=ada@acme.example; name=Ada L
person: id=s2; user=zoe; email=zoe@later.example; name=Zoe' --remove-most 9
is "another directory's entry links by a proven address alone" "$(reread acme/staff | counts)" "account.linked=1 member.joined=1"
is "it is the same person" "$(user_of staff s1)" "$ada"
is "an unproven address makes another person" "$(query "SELECT count(DISTINCT user_id) FROM accounts WHERE email = 'zoe@later.example'")" 2
is "gone in one, here in the other: stays" "$(show acme people '# but Bob
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' | counts)" "account.gone=1 member.handed_over=1"
is "and is active" "$(state_of "$ada")" active
is "suspended in the other too: suspended" "$(show acme staff 'person: id=s1; user=ada.l; email=ada@acme.example; name=Ada L; suspended=yes
person: id=s2; user=zoe; email=zoe@later.example; name=Zoe' | counts)" "member.suspended=1"
is "back in either: back" "$(show acme people 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' | counts)" "member.restored=1"

# ---- another organisation
ctl org create Mallory --type enterprise >/dev/null
ctl domain add mallory mallory.example >/dev/null
connect mallory people2 'person: id=m1; user=ada; email=ada@acme.example; name=Ada
person: id=m2; user=mal; email=mal@mallory.example; name=Mal' --role Admins=admin --remove-most 9
is "a foreign directory's claim of our addresses makes other people" "$(reread mallory/people2 | counts)" "member.joined=2"
is "never ours" "$(query "SELECT count(*) FROM members WHERE user_id = '$ada'")" 1
is "and proves nothing" "$(query "SELECT count(*) FROM addresses WHERE user_id = '$(user_of people2 m1)'")" 0
ctl domain add mallory acme.example >/dev/null 2>&1
is "nor can it take our domain" "$?" 7
is "not even suspending and renaming touches ours" "$(show mallory people2 'person: id=m1; user=ada; email=ada@acme.example; name=Evil; suspended=yes
person: id=m2; user=mal; email=bob@acme.example; name=Bob' >/dev/null; query "SELECT string_agg(m.name || ' ' || m.state, ', ' ORDER BY m.name)
	FROM members m JOIN organisations o USING (organisation) WHERE slug = 'acme'")" \
	"Ada active, Bob active, Zoe active, Zoe active"

# ---- a domain that changed hands, and one person in two organisations
show mallory people2 'person: id=m2; user=mal; email=mal@mallory.example; name=Mal' >/dev/null
mal=$(user_of people2 m2)
ctl domain remove mallory mallory.example >/dev/null
ctl domain add acme mallory.example >/dev/null
is "what its former owner had proven counts no longer" "$(query "SELECT count(*) FROM addresses WHERE user_id = '$mal'")" 0
# Somebody who has proven an address here, too.
query "INSERT INTO addresses (address, domain, user_id, proven_by) VALUES ('mal@acme.example', 'acme.example', '$mal', 'mail')"
is "whoever has an address of the domain now is another person" "$(show acme people 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe
person: id=u5; user=mal; email=mal@acme.example; name=Mal Here
person: id=u6; user=mel; email=mal@mallory.example; name=Mel' | counts)" "member.joined=2"
is "who is nobody of the former owner" "$(query "SELECT count(*) FROM members WHERE user_id = '$(user_of people u6)'")" 1
is "one person in two organisations" "$(user_of people u5)" "$mal"
is "has a name in each" "$(query "SELECT string_agg(name, ', ' ORDER BY name) FROM members WHERE user_id = '$mal'")" "Mal, Mal Here"
show acme people 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' >/dev/null
is "leaving one ..." "$(state_of "$mal" acme)" suspended
is "... does not touch the other" "$(state_of "$mal" mallory)" active

# ---- addresses in time
is "an address that was given to a new entry is refused" "$(show acme people 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
person: id=u9; user=bob2; email=bob@acme.example; name=Bobby
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' | counts)" "member.suspended=1"
is "visibly" "$(refused)" "u9 person.address_taken"
is "a changed address frees the old one" "$(show acme people 'person: id=u1; user=ada; email=ada.king@acme.example; name=Ada
person: id=u2; user=bob; email=bob@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' | counts)" "member.restored=1 member.updated=1"
is "but not while another directory gives it to the same person" \
	"$(query "SELECT string_agg(address, ' ' ORDER BY address) FROM addresses WHERE user_id = '$ada'")" "ada.king@acme.example ada@acme.example"
is "the person is the same" "$(user_of people u1)" "$ada"
show acme people 'person: id=u1; user=ada; email=bob@acme.example; name=Ada
person: id=u2; user=bob; email=ada.king@acme.example; name=Bob
person: id=u3; user=zoe; email=zoe@later.example; name=Zoe' >/dev/null
is "two who exchange addresses are taken" "$(query "SELECT string_agg(email, ' ' ORDER BY remote_id) FROM accounts
	JOIN connections c ON c.id = connection WHERE c.name = 'people' AND remote_id IN ('u1', 'u2')")" "bob@acme.example ada.king@acme.example"
reread acme/people >/dev/null
is "proven by the next run at the latest" "$(query "SELECT string_agg(a.remote_id || ' ' || d.address, ', ' ORDER BY a.remote_id)
	FROM addresses d JOIN accounts a ON a.user_id = d.user_id AND a.email = d.address
	JOIN connections c ON c.id = connection WHERE c.name = 'people' AND a.gone_at IS NULL")" "u1 bob@acme.example, u2 ada.king@acme.example"
is "and nothing is left to be seen" "$(refused)" ""

# ---- a domain verified after the first run
ctl domain add acme later.example >/dev/null
is "a domain that is verified later proves addresses in the next run" "$(reread acme/people | counts)" "address.proven=1"
is "two entries that were two people until then stay two, visibly" "$(reread acme/staff >/dev/null; refused acme/staff)" \
	"s2 person.address_taken"
is "the same again changes nothing" "$(reread acme/people | counts)" ""

# ---- one user, two addresses, two new entries in a third directory
connect acme second 'person: id=x1; user=pia; email=pia@acme.example; name=Pia' --remove-most 9
connect acme other 'person: id=y1; user=pia; email=pia@acme.example; name=Pia' --remove-most 9
reread acme/second >/dev/null
reread acme/other >/dev/null
show acme other 'person: id=y1; user=pia; email=pia.too@acme.example; name=Pia' >/dev/null
is "one person has two proven addresses" "$(query "SELECT count(*) FROM addresses WHERE user_id = '$(user_of second x1)'")" 2
connect acme third 'person: id=t1; user=one; email=pia@acme.example; name=One
person: id=t2; user=two; email=pia.too@acme.example; name=Two'
is "two new entries never become one person" "$(reread acme/third | counts)" "account.linked=1"
is "the second is refused" "$(refused acme/third)" "t2 person.address_taken"

# ---- a connection that is no more vouches for nobody
ctl connection delete acme/staff --people keep --yes >/dev/null
directory 'person: id=u2; user=bob; email=bob@acme.example; name=Bob'
is "gone from the last directory that is left: suspended" "$(sync >/dev/null; state_of "$ada")" suspended
done_testing
