#!/bin/bash
# What happens to an OpenLDAP server, and to our place in it, between two readings of what changed: whatever it is, nobody is taken away
# who is still there, and after one more run the roster is what the directory is.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
flow_start
server_start 300 20
people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example

search() { ldapsearch -x -LLL -o ldif-wrap=no -H "$SLAPD_LDAP" -D "$SLAPD_ADMIN_DN" -w "$SLAPD_ADMIN_PASSWORD" "$@"; }
# Who is there in truth, and whom we have: "uid name"
truth() { search -b "$people" '(objectClass=inetOrgPerson)' uid displayName |
	awk '/^uid: [uh][0-9]+$/ { uid = $2 } /^displayName: / && uid != "" { sub(/^displayName: /, ""); print uid " " $0 } /^$/ { uid = "" }' | sort; }
have() { query "SELECT a.user_name || ' ' || m.name FROM members m JOIN accounts a ON a.organisation = m.organisation AND a.user_id = m.user_id
	WHERE m.state = 'active' AND a.user_name ~ '^[uh][0-9]+\$' AND m.name ~ '^[ -~]*\$'" | sort; }
ran() { sync --scope changed | jq -r '"\(.state) \(.scope)"'; }
because() { query "SELECT coalesce(scope_reason, '') FROM runs ORDER BY asked_at DESC LIMIT 1"; }

day=0
a_day_passes() {
	day=$((day + 1))
	server_change "dn: uid=h$day,$people
changetype: add
objectClass: inetOrgPerson
uid: h$day
cn: Hired $day
sn: Hired
displayName: Hired $day
mail: h$day@acme.example

dn: cn=developers,$groups
changetype: modify
add: member
member: uid=h$day,$people

dn: uid=u$(printf %06d $((100 + day))),$people
changetype: modify
replace: displayName
displayName: Day $day

dn: uid=u$(printf %06d $((200 + day))),$people
changetype: delete"
}

# fault NAME COMMAND SCOPE WORDS: a day passes, COMMAND is done, the next run is of SCOPE (or one of several with "|") and says why
fault() {
	local name=$1 what=$2 scope=$3 words=$4
	a_day_passes
	have >"$flow_dir/before"
	eval "$what"
	like "$name: the next run" "$(ran)" "^done ($scope)\$"
	like "$name: it says why" "because $(because)" "^because .*$words"
	truth >"$flow_dir/truth"
	have >"$flow_dir/have"
	is "$name: nobody is gone who is there" "$(comm -23 <(comm -12 <(cut -d' ' -f1 "$flow_dir/before") <(cut -d' ' -f1 "$flow_dir/truth")) \
		<(cut -d' ' -f1 "$flow_dir/have"))" ""
	is "$name: those are here who are there" "$(diff "$flow_dir/have" <(grep '^[^ ]* [ -~]*$' "$flow_dir/truth") | head -n 3)" ""
	is "$name: a reading of everything finds nothing more" "$(sync | jq -r '"\(.state) \(.missed // 0) \(.counts)"')" "done 0 {}"
}
place() { query "UPDATE readings SET cursor = $1" >/dev/null; }

ok "an organisation" ctl org create Acme --type enterprise --default-role member
ctl domain add acme acme.example >/dev/null
ok "and its directory" ctl connection create acme ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" --role admins=admin --schedule never \
	--remove-most 20 --remove-group-most 20 --remove-group-share 100
is "the first run" "$(sync | jq -r '"\(.state) \(.people)"')" "done 300"

fault "nothing" : changed '$'
fault "a restart" 'server_again' changed '$'
fault "killed without a warning" '"$SRCDIR/tests/peers/slapd.sh" crash "$server"; server_again' changed '$'
fault "no session log" 'server_again --sessionlog 0' changed '$'
fault "a session log of two" 'server_again --sessionlog 2; a_day_passes' changed '$'
fault "a place that is no place" "place \"decode('00ff', 'hex')\"" all 'the place is none of ours'
fault "a cookie of the future" "place \"convert_to(regexp_replace(convert_from(cursor, 'UTF8'), 'csn=20..', 'csn=2099', 'g'), 'UTF8')\"" all \
	'older than what we know'
fault "a cookie of another server" "place \"convert_to(regexp_replace(convert_from(cursor, 'UTF8'), '#000#000000', '#00f#000000', 'g'), 'UTF8')\"" all \
	'one of another server'
fault "a cookie older than all that there is" "place \"convert_to(regexp_replace(convert_from(cursor, 'UTF8'), 'csn=20..', 'csn=2001', 'g'), 'UTF8')\"" \
	'all|changed' ''
fault "no syncprov any more" 'server_again --no-syncprov' all 'a control is not supported'
fault "and none the next time" : changed '$'
is "a reading by versions says how it knows who is left" "$(sync --scope changed | jq -r '[.proof_parts[] | "\(.part): \(.state)"] | join(", ")')" \
	"bases: held, rights: held, asked again: held"

# What the directory says of its last change is older than before, so the listing proves no loss: an administrator must say so.
server_again
a_day_passes
like "syncprov again: everything is read" "$(ran) $(because)" '^done all .*a better way'
is "and judged by itself when an administrator says so" "$(sync --anew | jq -r .state)" done
is "then those are here who are there" "$(diff <(have) <(truth | grep '^[^ ]* [ -~]*$') | head -n 3)" ""
fault "groups kept whole" 'server_again --memberof-refint' changed '$'
fault "a branch that moves" 'server_change "dn: ou=special,$people
changetype: modrdn
newrdn: ou=very special
deleteoldrdn: 1"' all 'a branch of the directory was moved'

# A directory that was made anew has other people by its keys, though they look the same: an administrator is asked.
a_day_passes
have >"$flow_dir/before"
"$SRCDIR/tests/peers/slapd.sh" refill "$server" --seed 2
said=$(sync --scope changed | jq -r '"\(.state) \(.scope)"')
like "a directory made anew, with other keys: the run is held, or takes nobody away" "$said" '^(held|done) all$'
like "and reads everything" "$(because)" 'the directory was made anew'
have >"$flow_dir/have"
is "nobody is gone" "$(comm -23 <(cut -d' ' -f1 "$flow_dir/before") <(cut -d' ' -f1 "$flow_dir/have"))" ""
done_testing
