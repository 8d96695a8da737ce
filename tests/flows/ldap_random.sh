#!/bin/bash
# A directory that changes at random, on a real OpenLDAP: readings of what changed, one after the other, are together what a reading
# of everything shows, each time; by content synchronisation with a session log and without, with a server that keeps groups whole,
# and by versions. RANDOM_PEOPLE (2000), RANDOM_ROUNDS (2 each), RANDOM_EDITS (40 a round), RANDOM_SEED (1): make torture takes more.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
PEOPLE=${RANDOM_PEOPLE:-2000} ROUNDS=${RANDOM_ROUNDS:-2} EDITS=${RANDOM_EDITS:-40} SEED=${RANDOM_SEED:-1} GROUPS_MADE=$((${RANDOM_PEOPLE:-2000} / 50))
flow_start
server_start "$PEOPLE" "$GROUPS_MADE"
people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example

# The edits of all ways, one file a round
made=0
edits() {
	awk -v people="$PEOPLE" -v groups="$GROUPS_MADE" -v rounds="$((4 * ROUNDS))" -v edits="$EDITS" -v seed="$SEED" -v base=dc=acme,dc=example -v rename_groups=1 \
		-v out="$flow_dir/round-" -f "$SRCDIR/tests/peers/edits.awk"
}
next_round() {
	made=$((made + 1))
	"$SRCDIR/tests/peers/slapd.sh" modify "$server" <"$flow_dir/round-$made.ldif" >"$flow_dir/modify.out" 2>&1 ||
		{ tail -n 3 "$flow_dir/modify.out"; echo "Bail out! the server does not take round $made"; exit 1; }
}

# What stands, without what a reading notes for itself: a whole listing and an increment stamp rows at other times.
state() {
	query "SELECT 'member ' || m.user_id || ' ' || m.role || ' ' || m.state || ' ' || coalesce(m.name, '') FROM members m
		UNION ALL SELECT 'account ' || a.remote_id || ' ' || a.user_name || ' ' || coalesce(a.email, '') || ' ' || coalesce(a.display_name, '') || ' '
			|| a.standing || ' ' || (a.gone_at IS NULL) || ' ' || coalesce(a.mapped_role, '') || ' ' || coalesce(a.reference, '') FROM accounts a WHERE a.gone_at IS NULL
		UNION ALL SELECT 'group ' || g.remote_id || ' ' || g.name || ' ' || coalesce(g.reference, '') FROM groups g
		UNION ALL SELECT 'in ' || g.remote_id || ' ' || a.remote_id FROM group_accounts k JOIN groups g ON g.id = k.group_id JOIN accounts a ON a.id = k.account_id
		UNION ALL SELECT 'nested ' || g.remote_id || ' ' || c.remote_id FROM group_groups k JOIN groups g ON g.id = k.group_id JOIN groups c ON c.id = k.child_id" | sort
}

# Members of groups that are nobody's name. A server that keeps groups whole leaves none in the end: it needs its time, and says nothing.
names() { ldapsearch -x -LLL -o ldif-wrap=no -H "$SLAPD_LDAP" -D "$SLAPD_BIND_DN" -w "$SLAPD_BIND_PASSWORD" -b "$SLAPD_BASE" "$@"; }
dangling() {
	names '(objectClass=*)' 1.1 | sed -n 's/^dn: //p' | sort -u >"$flow_dir/names"
	# but for those who are spelled in other ways (people.awk)
	names '(objectClass=groupOfNames)' member | grep -vi ou=special | sed -n 's/^member: //p' | sort -u | comm -23 - "$flow_dir/names"
}
until_whole() {
	for _ in $(seq 600); do [ "$(dangling | comm -23 - "$flow_dir/before" | wc -l)" = 0 ] && return 0; sleep 0.3; done
	return 1
}

# The time that the directory has for who was renamed is over: they are asked for.
settle() {
	query "UPDATE renames SET settles_at = now(), ask_at = now()" >/dev/null
	cleared_up
}

# way NAME OPTION ...: some rounds with a server of these options
way() {
	local name=$1 run whole given=0 changed=0
	shift
	server_again "$@"
	dangling >"$flow_dir/before"
	sync >/dev/null
	for _ in $(seq "$ROUNDS"); do
		next_round
		run=$(sync --scope changed)
		cleared_up
		state >"$flow_dir/increments"
		is "$name: what changed is read by itself" "$(jq -r '"\(.state) \(.scope)"' <<<"$run")" "done changed"
		given=$((given + $(jq '.people + .groups' <<<"$run")))
		changed=$((changed + $(grep '^dn: ' "$flow_dir/round-$made.ldif" | sort -u | wc -l)))
		whole=$(sync)
		state >"$flow_dir/whole"
		is "$name: a reading of everything finds nothing more" "$(jq -r '"\(.state) \(.scope) \(.missed) \(.counts)"' <<<"$whole")" "done all 0 {}"
		diff "$flow_dir/increments" "$flow_dir/whole" >"$flow_dir/difference"
		is "$name: and what stands is the same" "$?" 0
		[ ! -s "$flow_dir/difference" ] || diag "$(head -n 10 "$flow_dir/difference")"
	done
	diag "$name: $given people and groups were given for $changed that changed"
	[ "$*" != --memberof-refint ] || ok "$name: the server has had its time" until_whole
	ok "$name: who was renamed is asked for" settle
	is "$name: all of them" "$(query "SELECT count(*) FROM renames")" 0
	is "$name: and a reading of everything finds nothing more" "$(sync | jq -r '"\(.state) \(.scope) \(.missed // 0) \(.counts)"')" "done all 0 {}"
}

ok "an organisation" ctl org create Acme --type enterprise --default-role member
ctl domain add acme acme.example >/dev/null
ok "and its directory" ctl connection create acme ldap people --set url="$SLAPD_LDAPI" --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" \
	--set 'disabled_filter=(employeeType=gone)' --role developers=admin --role team-0010=viewer --schedule never \
	--remove-most 1000000 --remove-share 100 --remove-admins-most 1000000 --remove-admins-share 100 --remove-group-most 1000000 --remove-group-share 100
edits
way "a session log"
way "no session log" --sessionlog 0
way "groups kept whole" --memberof-refint
way "versions" --no-syncprov
done_testing
