#!/bin/bash
# While everything is read, somebody and groups in groups are renamed, and the directory rewrites at once whoever names them: what was read
# before that says their old names, what is read afterwards the new ones. Between whichever pages it happens, nobody leaves a group for it,
# not for a moment, and the readings that follow agree.
FLOW_SETTINGS='sync {
	renames_settle = "1h"
}'
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
flow_start
server_start 1 1
people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example

# Those whom the server shows first and last (in the order in which they were made), and groups in each other in both orders.
person() { server_change "dn: uid=$1,$people
changetype: add
objectClass: inetOrgPerson
uid: $1
cn: $1
sn: $1
mail: $1@acme.example"; }
group() { server_change "dn: cn=$1,$groups
changetype: add
objectClass: groupOfNames
cn: $1
$(shift; printf 'member: %s\n' "$@")"; }
round=0
names() { first=first$round last=last$round early=early$round late=late$round; }
names
person $first
for n in 1 2 3 4 5 6; do person "filler$n"; done
person $last
group $early "uid=filler1,$people"
for n in 1 2 3 4 5 6; do group "filler$n" "uid=filler2,$people"; done
group both "uid=$first,$people" "uid=$last,$people" "cn=$early,$groups"
group $late "uid=filler3,$people"
server_change "dn: cn=both,$groups
changetype: modify
add: member
member: cn=$late,$groups"

ok "an organisation" ctl org create Acme --type enterprise --default-role member
ctl domain add acme acme.example >/dev/null
ok "and its directory, two at a time" ctl connection create acme ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" --set page_size=2 \
	--role both=admin --schedule never --remove-admins-most 9
pages=$(sync | jq -r .pages)
standing() { query "SELECT (SELECT count(*) FROM group_accounts k JOIN groups g ON g.id = k.group_id WHERE g.name = 'both') || ' people '
	|| (SELECT count(*) FROM group_groups k JOIN groups g ON g.id = k.group_id WHERE g.name = 'both') || ' groups '
	|| (SELECT count(*) FROM members WHERE role = 'admin') || ' admins'"; }
removals() { query "SELECT count(*) FROM audit WHERE action IN ('group.member_removed', 'group.group_removed', 'member.role_changed')"; }
is "four admins: two people, and two by groups in a group" "$(standing)" "2 people 2 groups 4 admins"

rename_all() { # in the directory, in one go as far as anybody sees who reads pages
	local was_first=$first was_last=$last was_early=$early was_late=$late
	round=$((round + 1))
	names
	server_change "dn: uid=$was_first,$people
changetype: modrdn
newrdn: uid=$first
deleteoldrdn: 1

dn: uid=$was_last,$people
changetype: modrdn
newrdn: uid=$last
deleteoldrdn: 1

dn: cn=$was_early,$groups
changetype: modrdn
newrdn: cn=$early
deleteoldrdn: 1

dn: cn=$was_late,$groups
changetype: modrdn
newrdn: cn=$late
deleteoldrdn: 1

dn: cn=both,$groups
changetype: modify
replace: member
member: uid=$first,$people
member: uid=$last,$people
member: cn=$early,$groups
member: cn=$late,$groups"
}

for page in $(seq "$((pages - 1))"); do
	# The directory has changed since the last listing, or this one would prove no loss.
	server_change "dn: uid=filler1,$people
changetype: modify
replace: title
title: $page"
	moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.scope = 'all' AND NEW.pages = $page AND OLD.pages < NEW.pages)"
	sync >"$flow_dir/run" &
	reading=$!
	moment_wait
	rename_all
	moment_over
	wait "$reading"
	is "renamed after page $page of $pages: nobody is out of anything" "$(jq -r .state "$flow_dir/run") $(standing) $(removals)" \
		"done 2 people 2 groups 4 admins 0"
	[ "$((page % 2))" = 0 ] || is "nor by what changed" "$(sync --scope changed | jq -r .state) $(standing) $(removals)" \
		"done 2 people 2 groups 4 admins 0"
done
sync --scope changed >/dev/null
is "a listing of everything has nothing to add" "$(sync | counts) $(standing) $(removals)" " 2 people 2 groups 4 admins 0"

# ---- a name in a group that nobody answers to may be anybody's
changed_with() { # changed_with MEMBERS: what "both" holds from now on, and the directory has changed
	server_change "dn: cn=both,$groups
changetype: modify
replace: member
$(printf 'member: %s\n' "$@")"
}
cleared_up
query "DELETE FROM renames" # the renamed have had their time
changed_with "uid=$first,$people" "cn=$early,$groups" "cn=$late,$groups" "cn=printer,dc=acme,dc=example"
is "a listing in which a group has a stranger in place of somebody takes nobody out" "$(sync | counts)" ""
cleared_up
is "but asks for that person by name, and then they are out of it" "$(standing) $(query "SELECT count(*) FROM renames")" "1 people 2 groups 3 admins 0"
changed_with "uid=$first,$people" "cn=$early,$groups" "cn=printer,dc=acme,dc=example"
is "a stranger who is known says nothing" "$(sync | counts)" "group.group_removed=1 member.role_changed=1"
changed_with "uid=$first,$people" "cn=printer,dc=acme,dc=example" "cn=plotter,dc=acme,dc=example"
is "of what changed, a group in a group is not taken out for a stranger either" "$(sync --scope changed | counts)" ""
cleared_up
is "before it was asked for" "$(standing) $(query "SELECT count(*) FROM renames")" "1 people 0 groups 1 admins 0"

# ---- renamed two times: the group says a name that nobody has heard of
before=$(removals)
was=$first first=second
server_change "dn: uid=$was,$people
changetype: modrdn
newrdn: uid=$first
deleteoldrdn: 1"
changed_with "uid=$first,$people" "cn=printer,dc=acme,dc=example"
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.scope = 'all' AND NEW.pages = 5 AND OLD.pages < NEW.pages)"
sync >"$flow_dir/run" &
reading=$!
moment_wait
server_change "dn: uid=$first,$people
changetype: modrdn
newrdn: uid=third
deleteoldrdn: 1"
moment_over
wait "$reading"
is "the second time within the listing" "$(jq -r .state "$flow_dir/run") $(standing)" "done 1 people 0 groups 1 admins"
changed_with "uid=third,$people" "cn=printer,dc=acme,dc=example"
sync --scope changed >/dev/null
is "takes nothing away" "$(standing) $(($(removals) - before))" "1 people 0 groups 1 admins 0"
done_testing
