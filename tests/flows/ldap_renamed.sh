#!/bin/bash
# Somebody is renamed, and groups name them by their old name for a while: a server that keeps references whole (OpenLDAP's refint) rewrites
# groups some time later and without a word. Nobody leaves a group, or loses a role, for having been renamed; who is named by nobody in the end
# does. The server of this test rewrites nothing by itself, so that the moments in between can be looked at.
FLOW_SETTINGS='sync {
	renames_settle = "1h"
}'
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
flow_start
server_start 40 10
people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example

rename() { server_change "dn: $1
changetype: modrdn
newrdn: $2
deleteoldrdn: 1"; }
members() { # members GROUP DN ...: all of them
	local group=$1
	shift
	server_change "dn: cn=$group,$groups
changetype: modify
replace: member
$(printf 'member: %s\n' "$@")"
}
ada() { query "SELECT m.role || ' ' || (SELECT count(*) FROM group_accounts k JOIN groups g ON g.id = k.group_id WHERE k.account_id = a.id AND g.name IN ('crew', 'squad'))
	FROM accounts a JOIN members m USING (organisation, user_id) WHERE a.remote_id = '$ada'"; }
removals() { query "SELECT count(*) FROM audit WHERE action IN ('group.member_removed', 'group.group_removed', 'member.role_changed')"; }
waiting() { query "SELECT count(*) FROM renames"; }
# The time that a directory may take is over: it is asked, without anybody's doing.
settle() {
	local before
	before=$(query "SELECT count(*) FROM runs WHERE asked_by = 'rename'")
	query "UPDATE renames SET settles_at = now(), ask_at = now()"
	for _ in $(seq 600); do
		[ "$(query "SELECT count(*) FILTER (WHERE state = 'done') = count(*) AND count(*) > $before FROM runs WHERE asked_by = 'rename'")" = t ] && break
		sleep 0.1
	done
	query "SELECT state || ' ' || scope || ' ' || counts FROM runs WHERE asked_by = 'rename' ORDER BY asked_at DESC LIMIT 1"
}

server_change "dn: uid=ada0,$people
changetype: add
objectClass: inetOrgPerson
uid: ada0
cn: Ada
sn: Lovelace
mail: ada@acme.example

dn: cn=crew,$groups
changetype: add
objectClass: groupOfNames
cn: crew
member: uid=ada0,$people
member: uid=u000021,$people

dn: cn=outer,$groups
changetype: add
objectClass: groupOfNames
cn: outer
member: cn=crew,$groups"
ok "an organisation" ctl org create Acme --type enterprise --default-role member
ctl domain add acme acme.example >/dev/null
ok "and its directory" ctl connection create acme ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" --role outer=admin --schedule never \
	--remove-admins-most 9
sync >/dev/null
ada=$(query "SELECT remote_id FROM accounts WHERE user_name = 'ada0'")
is "an admin, by a group in a group" "$(ada)" "admin 1"

# ---- renamed, and the group is not rewritten yet
rename "uid=ada0,$people" uid=ada
is "renamed: a reading of what changed" "$(sync --scope changed | jq -r '"\(.state) \(.scope) \(.counts | keys | join(" "))"')" "done changed member.updated"
is "takes nobody out of a group that still has the old name" "$(ada)" "admin 1"
members crew "uid=ada0,$people" "uid=u000021,$people" "uid=u000022,$people"
is "the group changes otherwise: what it says counts" "$(sync --scope changed | counts)" "group.member_added=1 member.role_changed=1"
is "and the old name in it is theirs for a while" "$(ada)" "admin 1"
is "a listing of everything finds nothing more" "$(sync | jq -r '"\(.scope) \(.missed) \(.counts)"')" "all 0 {}"
is "somebody looks at that person" "$(sync --person "$ada" | counts)" ""
is "and all is as it was" "$(ada) $(waiting)" "admin 1 1"
members crew "uid=u000021,$people" "uid=u000022,$people"
is "a group that has neither name has lost them, at once" "$(sync --scope changed | counts)" "group.member_removed=1 member.role_changed=1"
is "really" "$(ada)" "member 0"
members crew "uid=ada,$people" "uid=u000021,$people"
sync --scope changed >/dev/null

# ---- a listing of everything comes first
rename "uid=ada,$people" uid=ada2
before=$(removals)
is "renamed: a listing of everything" "$(sync | counts)" "member.updated=1"
is "takes nobody out of a group either" "$(ada) $(removals)" "admin 1 $before"

# ---- the server has rewritten the group meanwhile
members crew "uid=ada2,$people" "uid=u000021,$people"
is "when the directory had its time, it is asked, and nothing changes" "$(settle)" "done named {}"
is "nothing is left to ask" "$(ada) $(removals) $(waiting)" "admin 1 $before 0"

# ---- the server rewrites nothing
rename "uid=ada2,$people" uid=ada3
sync --scope changed >/dev/null
is "renamed once more" "$(ada)" "admin 1"
is "when the directory had its time and no group names them, they are in none" "$(settle)" 'done named {"member.role_changed": 1, "group.member_removed": 1}'
is "and have no role by it" "$(ada) $(waiting)" "member 0 0"
is "which a listing of everything sees the same way" "$(sync | counts)" ""
members crew "uid=ada3,$people" "uid=u000021,$people"
sync --scope changed >/dev/null

# ---- a group in a group
before=$(removals)
rename "cn=crew,$groups" cn=squad
is "a group is renamed" "$(sync --scope changed | counts)" "group.updated=1"
is "what it is in still names the old one" "$(ada)" "admin 1"
is "a listing of everything takes nothing away" "$(sync | counts)" ""
is "nor has anything" "$(ada) $(removals)" "admin 1 $before"
is "when the directory had its time, it is in none" "$(settle)" 'done named {"group.group_removed": 1, "member.role_changed": 2}'
is "and yields nothing" "$(ada) $(waiting)" "member 1 0"
is "which a listing of everything sees the same way" "$(sync | counts)" ""

# ---- somebody else gets the name, and the group may mean either
roles() { query "SELECT coalesce(string_agg(a.user_name, ' ' ORDER BY a.user_name), 'nobody') FROM accounts a JOIN members m USING (organisation, user_id)
	JOIN group_accounts k ON k.account_id = a.id JOIN groups g ON g.id = k.group_id WHERE g.name = 'squad' AND m.role = 'admin'"; }
members squad "uid=ada3,$people" "uid=u000021,$people"
members outer "cn=squad,$groups"
sync --scope changed >/dev/null
rename "uid=ada3,$people" uid=ada4
rename "uid=u000030,$people" uid=ada3
is "a name changes hands: nobody comes into a group by it, and nobody goes" "$(sync --scope changed | counts) $(roles)" "member.updated=2 ada4 u000021"
members squad "uid=ada3,$people" "uid=u000021,$people" "uid=u000022,$people"
is "nor when the group is read itself" "$(sync --scope changed | counts) $(roles)" "group.member_added=1 member.role_changed=1 ada4 u000021 u000022"
is "nor when everything is" "$(sync | counts) $(roles)" " ada4 u000021 u000022"
other=$(query "SELECT remote_id FROM accounts WHERE user_name = 'ada3'")
is "nor when whoever has the name is looked at" "$(sync --person "$other" | counts) $(roles)" " ada4 u000021 u000022"
server_change "dn: uid=ada3,$people
changetype: modrdn
newrdn: uid=eve
deleteoldrdn: 1

dn: uid=ada3,$people
changetype: add
objectClass: inetOrgPerson
uid: ada3
cn: New
sn: Hire
mail: new.hire@acme.example"
is "nor by somebody who is hired under that name" "$(sync --scope changed | counts) $(roles)" "member.joined=1 member.updated=1 ada4 u000021 u000022"
like "when the directory had its time, the group means whose name it is now" "$(settle)" '^done named .*"group.member_added": 1, "member.role_changed": 2'
is "and not who had it" "$(roles) $(waiting)" "ada3 u000021 u000022 0"
is "which a listing of everything sees the same way" "$(sync | counts)" ""

# ---- the same, and a listing of everything is the first to see it; then the server rewrites the group
rename "uid=ada3,$people" uid=hire
rename "uid=eve,$people" uid=ada3
is "a name changes hands again: a listing of everything" "$(sync | counts) $(roles)" "member.updated=2 hire u000021 u000022"
members squad "uid=hire,$people" "uid=u000021,$people" "uid=u000022,$people"
is "when the group says the new name, nothing has changed" "$(sync --scope changed | counts) $(settle) $(roles)" " done named {} hire u000021 u000022"
members squad "uid=hire,$people" "uid=ada3,$people" "uid=u000022,$people"
is "and the old one is its owner's again, at once" "$(sync --scope changed | counts) $(roles)" \
	"group.member_added=1 group.member_removed=1 member.role_changed=2 ada3 hire u000022"
done_testing
