#!/bin/bash
# An OpenLDAP server that says when something changed: what is done there is here without anybody asking, also after it was gone.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
flow_start
server_start 50 10
people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example
eventually() { # SQL: becomes true
	for _ in $(seq 300); do [ "$(query "SELECT $1")" = t ] && return 0; sleep 0.1; done
	return 1
}
name() { server_change "dn: uid=u000020,$people
changetype: modify
replace: displayName
displayName: $1"; }

ok "an organisation" ctl org create Acme --type enterprise
ok "and its directory, which is waited for" ctl connection create acme ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" --schedule never --watch yes
is "the first run" "$(sync | jq -r '"\(.state) \(.people)"')" "done 50"
ok "a daemon waits" eventually "watcher IS NOT NULL FROM readings"
name "First Name"
ok "another name is here" eventually "count(*) = 1 FROM members WHERE name = 'First Name'"
server_change "dn: uid=u000021,$people
changetype: delete"
ok "who is deleted is suspended" eventually "count(*) = 1 FROM members m JOIN accounts a USING (organisation, user_id) WHERE a.user_name = 'u000021' AND m.state = 'suspended'"
is "by readings of what changed alone" "$(query "SELECT DISTINCT scope FROM runs WHERE asked_by = 'watch'")" changed

"$SRCDIR/tests/peers/slapd.sh" crash "$server"
sleep 2
server_again
name "Second Name"
ok "the server was gone: what changed is here when it is back" eventually "count(*) = 1 FROM members WHERE name = 'Second Name'"

# It hangs without a word, and its connection stays open: nobody hears that it is gone, so it is asked from time to time.
ok "a daemon waits again" eventually "count(*) = 1 FROM readings WHERE watcher IS NOT NULL"
name "Third Name"
ok "and hears" eventually "count(*) = 1 FROM members WHERE name = 'Third Name'"
frozen='no answer for [0-9]+ s; see whether the server hangs'
lines=$(wc -l <"$flow_dir/log")
"$SRCDIR/tests/peers/slapd.sh" freeze "$server"
for _ in $(seq 700); do tail -n +"$((lines + 1))" "$flow_dir/log" | grep -qE "$frozen" && break; sleep 0.1; done
like "a server that hangs is noticed" "$(tail -n +"$((lines + 1))" "$flow_dir/log")" "$frozen"
is "and nobody has gone for that" "$(query "SELECT count(*) FROM audit WHERE action = 'member.suspended'")" 1
"$SRCDIR/tests/peers/slapd.sh" thaw "$server"
name "Fourth Name"
ok "it goes on: what changed is here" eventually "count(*) = 1 FROM members WHERE name = 'Fourth Name'"
done_testing
