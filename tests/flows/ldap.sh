#!/bin/bash
# An LDAP directory of ten thousand people decides who is in an organisation, day after day: a first run, the same again,
# people hired, renamed, moved, gone, disabled and back.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
PEOPLE=10000 GROUPS_MADE=200
flow_start
server_start "$PEOPLE" "$GROUPS_MADE"

people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example
# What the directory's own export says that there is to read.
memberships=$(grep -c '^member:' "$server/people.ldif")
nested=$((GROUPS_MADE / 10))

# "name role state" of one member, by user name
member() { ctl member list acme --json | jq -r --arg name "$1" '.items[] | select(.user_name == $name) | "\(.name) \(.role) \(.state)"'; }
# The user names in a group, but for those that the generator numbered
special() { ctl group members acme "$1" --json | jq -r '.items[].user_name | select(test("^u[0-9]+$") | not)' | sort | tr '\n' ' '; }
# Whom the export lists in a group, as user names
listed() { awk -v dn="dn: cn=$1,$groups" '$0 == dn { on = 1 } $0 == "" { on = 0 } on' "$server/people.ldif" | sed -n 's/^member: uid=\(u[0-9]*\),.*/\1/p'; }
# The nth whom the export lists in one group and not in another
only_in() { comm -23 <(listed "$1" | sort) <(listed "$2" | sort) | sed -n "$3p"; }

ok "an organisation is created" ctl org create Acme --type enterprise --default-role member
ok "a domain is named by the operator" ctl domain add acme acme.example
ok "a connection is created, with the authority and the password from files" ctl connection create acme ldap people \
	--set url="$SLAPD_LDAP" --set tls=starttls --set ca_certificate=@"$SLAPD_CA" --set page_size=500 \
	--set bind_dn="$SLAPD_BIND_DN" --secret bind_password=@"$server/password" \
	--set user_base="$people" --set group_base="$groups" --set 'disabled_filter=(employeeType=gone)' \
	--role admins=admin --role team-0010=viewer --schedule never
said=$(ctl connection test acme/people 2>&1)
like "its test tells that it speaks TLS" "$said" 'OpenLDAP; TLSv1\.3, certificate valid until'
like "and how many people the first page shows" "$said" "500 people under \"$people\" on the first page, and more"

# ---- the first run --------------------------------------------------------------------------------------------------------------

run=$(sync)
diag "$(jq -r '"read and applied in \(.pages) pages, from \(.started_at) to \(.finished_at)"' <<<"$run")"
is "the first run is done" "$(jq -r .state <<<"$run")" done
like "it proves that the listing was whole" "$(jq -r '"\(.whole) \(.proof)"' <<<"$run")" \
	"^true result 0 on every base: $PEOPLE people in [0-9]+ pages under \"$people\", $GROUPS_MADE groups"
is "it counts what it did" "$(counts <<<"$run")" \
	"group.created=$GROUPS_MADE group.group_added=$nested group.member_added=$((memberships - nested)) member.joined=$PEOPLE"
is "the first group's members are found by other spellings of their names" "$(special admins)" \
	"anna anna.smith quoted spaces two.parts zoe "
is "a name beyond ASCII arrives whole, with the role of its group" "$(member zoe)" "Zoë Müller admin active"
is "so does a name that its distinguished name had to escape" "$(member anna.smith)" "Anna Smith admin active"
is "two who differ in case alone are two" "$(member anna), $(member ANNA)" "Anna Small admin active, Anna Large member active"
is "without a group that gives one, the role is the default" "$(member li)" "小龙 李 member active"
inner=$(only_in team-0009 team-0010 1)
like "who is in a group of the group has its role" "$(member "$inner")" ' viewer active$'
is "the same again changes nothing" "$(sync | counts)" ""
said=$(ctl sync plan acme/people 2>&1)
like "and a plan of it says so" "$said" 'planned +nothing'

# ---- a day's work ---------------------------------------------------------------------------------------------------------------

moved=$(only_in team-0009 admins 2)
gone=$(only_in developers admins 1)
gone_groups=$(grep -c "^member: uid=$gone,$people\$" "$server/people.ldif")
disabled=$(only_in billing developers 1)
audited=$(query "SELECT count(*) FROM audit WHERE source = 'run'")
ok "the directory changes" server_change "dn: uid=hired,$people
changetype: add
objectClass: inetOrgPerson
uid: hired
cn: Hilda Hired
sn: Hired
displayName: Hilda Hired
mail: hilda.hired@acme.example

dn: cn=developers,$groups
changetype: modify
add: member
member: uid=hired,$people

dn: cn=Zoë Müller,ou=special,$people
changetype: modrdn
newrdn: cn=Zoë Öztürk
deleteoldrdn: 1

dn: cn=Zoë Öztürk,ou=special,$people
changetype: modify
replace: displayName
displayName: Zoë Öztürk

dn: cn=admins,$groups
changetype: modify
delete: member
member: cn=zoë müller,ou=special,$people
-
add: member
member: CN=Zo\\C3\\AB \\C3\\96zt\\C3\\BCrk, OU=Special,$people
member: uid=$moved,$people

dn: cn=team-0009,$groups
changetype: modify
delete: member
member: uid=$moved,$people

dn: uid=$gone,$people
changetype: delete

dn: uid=$disabled,$people
changetype: modify
replace: employeeType
employeeType: gone"

plan=$(ctl sync plan acme/people)
diag "$plan"
wanted="group.member_added=2 group.member_removed=$((1 + gone_groups)) member.joined=1 member.role_changed=1 member.suspended=2 member.updated=1"
is "hired, renamed, moved, gone and disabled are exactly what is planned" \
	"$(ctl sync plan acme/people --json | jq '.run' | counts)" "$wanted"
like "the plan shows who comes" "$plan" '^\+ +member\.joined +Hilda Hired'
like "and who goes" "$plan" "^- +member\.suspended"
like "and what is different" "$plan" "~ +member\.updated .*Zoë Müller -> Zoë Öztürk"
is "a plan changes nothing" "$(query "SELECT count(*) FROM audit WHERE source = 'run'")" "$audited"

run=$(sync)
is "they are exactly what is done" "$(counts <<<"$run")" "$wanted"
is "the hired one is in, with the default role" "$(member hired)" "Hilda Hired member active"
is "the renamed one has the new name and kept group and role" "$(member zoe)" "Zoë Öztürk admin active"
like "the moved one has the other group's role" "$(member "$moved")" ' admin active$'
like "the one who is gone is suspended" "$(member "$gone")" ' suspended$'
like "so is the disabled one" "$(member "$disabled")" ' suspended$'
is "the first group's members are still found" "$(special admins)" "anna anna.smith quoted spaces two.parts zoe "
is "each change has its audit entry, of this run" "$(ctl audit list acme --json |
	jq -r --arg run "$(jq -r .id <<<"$run")" '[.items[] | select(.run == $run)] | group_by(.action) |
		map("\(.[0].action)=\(length)") | join(" ")')" "$wanted"
is "the same again changes nothing" "$(sync | counts)" ""

ok "the disabled one is enabled again" server_change "dn: uid=$disabled,$people
changetype: modify
replace: employeeType
employeeType: staff"
is "the next run lets that one in again, and does nothing else" "$(sync | counts)" "member.restored=1"
like "with the old role" "$(member "$disabled")" ' active$'

ok "a group is renamed" server_change "dn: cn=developers,$groups
changetype: modrdn
newrdn: cn=engineers
deleteoldrdn: 1"
before=$(ctl group members acme developers --json | jq -r '.items[].user_name' | sort)
is "it stays the same group" "$(sync | counts)" "group.updated=1"
is "with the same members" "$(ctl group members acme engineers --json | jq -r '.items[].user_name' | sort)" "$before"

# ---- whoever is switched off has spoiled their entry before ---------------------------------------------------------------------

ok "somebody with a name that is too long is switched off" server_change "dn: uid=$disabled,$people
changetype: modify
replace: displayName
displayName: $(printf 'x%.0s' $(seq 5000))
-
replace: employeeType
employeeType: gone"
is "they are out" "$(sync | counts)" "member.suspended=1"
like "and what cannot be taken of them can be seen" "$(ctl connection refused acme/people --json | jq -r '.items[].reason')" \
	'^"displayName" is not UTF-8 text of at most 4096 bytes; correct it in the directory$'
ok "they are switched on" server_change "dn: uid=$disabled,$people
changetype: modify
replace: employeeType
employeeType: staff"
is "they are in again, looked at alone" "$(sync --person "$disabled" | counts)" "member.restored=1"
ok "and off" server_change "dn: uid=$disabled,$people
changetype: modify
replace: employeeType
employeeType: gone"
is "and out, looked at alone" "$(sync --person "$disabled" | counts)" "member.suspended=1"
ok "with an entry as it was" server_change "dn: uid=$disabled,$people
changetype: modify
replace: employeeType
employeeType: staff
-
delete: displayName"
is "they are back" "$(sync | counts)" "member.restored=1"
is "and nothing is left to be seen" "$(ctl connection refused acme/people --json | jq '.items | length')" 0

# ---- a filter that is too narrow --------------------------------------------------------------------------------------------------

before=$(roster_digest)
ctl connection set acme/people --set 'user_filter=(uid=u0000*)' >/dev/null
run=$(sync)
is "a filter that shows few of them: the run is held" "$?" 6
like "it says why" "$(jq -r .held_reason <<<"$run")" '[0-9]+ of [0-9]+'
is "and nobody is touched" "$(roster_digest)" "$before"
ok "it is dropped" ctl sync drop "acme/$(jq -r .id <<<"$run")"
ctl connection set acme/people --set 'user_filter=(objectClass=inetOrgPerson)' >/dev/null
is "with the right filter there is nothing to do" "$(sync | counts)" ""
done_testing
