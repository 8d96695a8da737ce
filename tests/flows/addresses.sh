#!/bin/bash
# Whose address changes in a directory stays who they are, whatever tells of it (a listing, what changed, a real LDAP server, a push): to another
# address, to one of a domain that nobody has verified, in exchange with somebody else's, and back.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

# Each kind of source: mails ADA BOB sets their addresses, look has it read, look_all reads everything.
mails_listing() {
	printf 'person: id=u1; user=ada; email=%s; name=Ada\nperson: id=u2; user=bob; email=%s; name=Bob\n' "$1" "$2" >"$flow_dir/people.txt"
	ctl connection set acme/people --set directory=@"$flow_dir/people.txt" >/dev/null
}
look_listing() { sync >/dev/null; }
look_all_listing() { sync >/dev/null; }

at=1
mails_changed() {
	at=$((at + 1))
	serve "person: id=u1; user=ada; email=$1; name=Ada; at=$at
person: id=u2; user=bob; email=$2; name=Bob; at=$at"
}
look_changed() { is "$kind: what changed is read" "$(sync --scope changed | jq -r .scope)" changed; }
look_all_changed() { sync >/dev/null; }

mails_ldap() {
	server_change "$(printf 'dn: uid=%s,%s\nchangetype: modify\nreplace: mail\nmail: %s\n\n' ada "$SLAPD_USER_BASE" "$1" bob "$SLAPD_USER_BASE" "$2")"
}
look_ldap() { is "$kind: what changed is read" "$(sync --scope changed | jq -r .scope)" changed; }
look_all_ldap() { sync >/dev/null; }

push() {
	curl -s --unix-socket "$socket" -K "$flow_dir/auth" -X "$1" -H 'Content-Type: application/scim+json' --data-binary "$3" \
		"http://localhost/scim/v2/$scim$2"
}
mails_push() {
	local body='{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"emails","value":[{"type":"work","primary":true,"value":"%s"}]}]}'
	push PATCH "/Users/$pushed_ada" "$(printf "$body" "$1")" >/dev/null
	push PATCH "/Users/$pushed_bob" "$(printf "$body" "$2")" >/dev/null
}
look_push() {
	for _ in $(seq 200); do
		[ "$(query "SELECT (SELECT count(*) FROM scim_due) + (SELECT count(*) FROM runs WHERE state IN ('asked', 'reading', 'reconciling'))")" = 0 ] && return
		sleep 0.05
	done
}
look_all_push() { sync >/dev/null; }

mail_of() { query "SELECT coalesce(m.email, '-') FROM members m WHERE m.user_id = '$1'"; }
both() { echo "$(mail_of "$ada") $(mail_of "$bob")"; }
proven() { query "SELECT coalesce(string_agg(address, ' ' ORDER BY user_id <> '$ada'), '-') FROM addresses WHERE user_id IN ('$ada', '$bob')"; }
state() { query "SELECT string_agg(state, ' ') FROM members WHERE user_id IN ('$ada', '$bob')"; }

# story KIND: with organisation acme and its connection "people", whose people are there already
story() {
	kind=$1
	ada=$(query "SELECT user_id FROM accounts WHERE user_name LIKE 'ada%'") bob=$(query "SELECT user_id FROM accounts WHERE user_name LIKE 'bob%'")
	is "$kind: two people" "$(both)" "ada@acme.example bob@acme.example"
	"mails_$kind" ada.king@acme.example bob@acme.example
	"look_$kind"
	is "$kind: another address, the same person" "$(both) $(state)" "ada.king@acme.example bob@acme.example active active"
	is "$kind: it is proven, and the old one is free" "$(proven)" "ada.king@acme.example bob@acme.example"
	"mails_$kind" ada@outside.example bob@acme.example
	"look_$kind"
	is "$kind: an address of an unverified domain, the same person" "$(both) $(state)" "ada@outside.example bob@acme.example active active"
	is "$kind: it proves nothing, and the old one is free" "$(proven)" "bob@acme.example"
	"mails_$kind" ada@acme.example bob@acme.example
	"look_$kind"
	is "$kind: and back" "$(both) $(state) $(proven)" "ada@acme.example bob@acme.example active active ada@acme.example bob@acme.example"
	"mails_$kind" bob@acme.example ada@acme.example
	"look_$kind"
	is "$kind: exchanged, each is who they were" "$(both) $(state)" "bob@acme.example ada@acme.example active active"
	"look_all_$kind"
	is "$kind: and has the other's address by the next whole listing" "$(proven) $(refused)" "bob@acme.example ada@acme.example "
	is "$kind: there are two people, and nobody was ever gone" \
		"$(query "SELECT (SELECT count(*) FROM members), (SELECT count(*) FROM users), (SELECT count(*) FROM audit WHERE action = 'member.suspended')")" "2|2|0"
}
# Another organisation of the same name, with nothing of the last one.
anew() {
	query "TRUNCATE members, accounts, addresses, users, refusals, runs, readings, connections, groups, domains, organisations, audit CASCADE" >/dev/null 2>&1
	flow_kill
	flow_daemon
	ctl org create Acme --type enterprise >/dev/null && ctl domain add acme acme.example >/dev/null
}
first='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1'

acme "$first"
sync >/dev/null
story listing

anew
serve "$first"
ctl connection create acme example people --set directory='# elsewhere' --set source="127.0.0.1:$(cat "$flow_dir/served.port")" >/dev/null
sync >/dev/null
story changed

anew
made=$(ctl connection create acme scim people --json)
scim=$(jq -r .base_url <<<"$made")
scim=${scim##*/}
printf 'header = "Authorization: Bearer %s"\n' "$(jq -r .token <<<"$made")" >"$flow_dir/auth"
pushed_user() {
	push POST /Users "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"$1\",\"active\":true,\"emails\":[{\"type\":\"work\",\"primary\":true,\"value\":\"$1@acme.example\"}]}" | jq -r .id
}
pushed_ada=$(pushed_user ada) pushed_bob=$(pushed_user bob)
look_push
story push

anew
. "$SRCDIR/tests/flows/ldap_server.sh"
server_start 0 0
for name in ada bob; do
	server_change "dn: uid=$name,$SLAPD_USER_BASE
changetype: add
objectClass: inetOrgPerson
uid: $name
cn: $name
sn: $name
mail: $name@acme.example"
done
ctl connection create acme ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" --secret bind_password=@"$server/password" \
	--set user_base="$SLAPD_USER_BASE" >/dev/null
sync >/dev/null
story ldap
done_testing
