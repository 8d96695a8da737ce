#!/bin/bash
# A connection of a real LDAP server whose url or bases are changed to others': two servers that hold as many people, one server with a part of
# them, the same server by another way. Nobody goes before a person has looked.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
flow_start

second=$flow_dir/ldap2
second_end() { [ ! -e "$second/env" ] || "$SRCDIR/tests/peers/slapd.sh" stop "$second"; }
flow_also=second_end

server_start 120 12
one=$SLAPD_LDAP people=$SLAPD_USER_BASE groups=$SLAPD_GROUP_BASE
"$SRCDIR/tests/peers/slapd.sh" start "$second" 120 12 --seed 2 || { echo "Bail out! no second slapd"; exit 1; }
two=$(. "$second/env" && echo "$SLAPD_LDAP")

last() { ctl sync list acme --json | jq -r '.items[0].id'; }
reason() { sync_run "$(last)" | jq -r .held_reason; }
count() { sync_run "$(last)" | jq -r --arg kind "$1" '.counts[$kind] // 0'; }
# held WORDS: the run is held, says WORDS, and nobody was suspended
held() {
	is "$1: held" "$(sync | jq -r .state) $(sync_run "$(last)" | jq -r .whole)" "held true"
	like "$1: it says why" "$(reason)" "$2"
	is "$1: nobody has gone" "$(query "SELECT count(*) FROM audit WHERE action = 'member.suspended'")" "$gone"
}
drop() { ctl sync drop "acme/$(last)" >/dev/null; }
set_to() { ctl connection set acme/people "$@" --secret bind_password=@"$server/password" >/dev/null; }
active() { query "SELECT count(*) FROM members WHERE state = 'active'"; }
gone=0

ctl org create Acme --type enterprise >/dev/null
ctl domain add acme acme.example >/dev/null
ok "a connection" ctl connection create acme ldap people --set url="$one" --set tls=none --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" \
	--remove-most 1000 --remove-admins-most 1000 --remove-group-most 1000
is "is read" "$(sync | jq -r '.state, .whole' | paste -sd' ')" "done true"
all=$(active)

# ---- another server, as large
set_to --set url="$two"
held "another server" "\"url\" was \"$one\" and is \"$two\""
like "another server: nobody has the keys of before" "$(reason)" 'of its [0-9]+ people, 0 are found again by key'
found=$(reason | grep -o '[0-9]* by a proven address' | cut -d' ' -f 1)
is "another server: the plan suspends who is not found" "$(count member.suspended)" "$((all - found))"
drop
ctl sync run acme/people --scope changed --wait --json >/dev/null 2>&1
is "nor by a reading of what changed" "$(sync_run "$(last)" | jq -r '.state, .scope' | paste -sd' ')" "held all"
drop
set_to --set url="$one"
is "and back: nothing has happened" "$(sync | jq -r '.state') $(active)" "done $all"

# ---- the same server by another way
set_to --set url="$SLAPD_LDAPI"
server_change "dn: uid=new,$people
changetype: add
objectClass: inetOrgPerson
uid: new
cn: New
sn: New
mail: new@acme.example"
is "the same entries by another url: it is the same directory, and asks nobody" "$(sync | jq -r '.state, .counts["member.joined"]' | paste -sd' ')" "done 1"

# ---- a part of it, and a base beside it
server_change "dn: ou=branch,$SLAPD_BASE
changetype: add
objectClass: organizationalUnit
ou: branch

$(for n in $(seq "$((all + 1))"); do printf 'dn: uid=b%d,ou=branch,%s\nchangetype: add\nobjectClass: inetOrgPerson\nuid: b%d\ncn: B %d\nsn: B\nmail: b%d@branch.example\n\n' \
	"$n" "$SLAPD_BASE" "$n" "$n" "$n"; done)"
set_to --set user_base="ou=branch,$SLAPD_BASE"
held "another base, with as many people" "\"user_base\" was \"$people\" and is \"ou=branch,$SLAPD_BASE\""
is "another base: all would go" "$(count member.suspended) $(count member.joined)" "$((all + 1)) $((all + 1))"
drop
set_to --set user_base="$SLAPD_BASE"
held "a wider base" '0 members would be suspended, and [0-9]+ join'
is "a wider base: approved, they join" "$(ctl sync approve "acme/$(last)" --wait --json | jq -r '.state, .counts["member.joined"], .counts["member.suspended"]' | paste -sd' ')" \
	"done $((all + 1)) null"
set_to --set user_base="$people"
held "the narrower one again" "found again by key"
is "the narrower one again: those of the branch would go" "$(count member.suspended)" "$((all + 1))"
is "approved, it goes through without a limit raised" "$(ctl sync approve "acme/$(last)" --wait --json | jq -r '.state, .counts["member.suspended"]' | paste -sd' ')" \
	"done $((all + 1))"
gone=$((all + 1))
is "the rest is as it was" "$(active)" "$((all + 1))"

# ---- without groups
set_to --unset group_base 2>/dev/null || set_to --set group_base=
held "groups that are read no more" '"group_base" was .* and is ""'
drop
set_to --set group_base="$groups"
is "and back" "$(sync | counts)" ""

# ---- a base that is renamed is the same
server_change "dn: $people
changetype: modrdn
newrdn: ou=staff
deleteoldrdn: 1"
set_to --set user_base="ou=staff,$SLAPD_BASE"
run=$(sync)
is "a base that was renamed is the same entry: nobody is asked, nobody goes" "$(jq -r .state <<<"$run") $(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(active)" \
	"done 0 $((all + 1))"
done_testing
