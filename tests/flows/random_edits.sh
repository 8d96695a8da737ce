#!/bin/bash
# Random edits of one directory, read by three organisations: by what changed, by what changed and who is there, and whole each time. After each
# reading all three have the same roster.  SEED and ROUNDS choose others than the usual.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start
seed=${SEED:-1} rounds=${ROUNDS:-6}

edited() { awk -v seed="$((seed * 1000 + $1))" -v edits="$2" -f "$SRCDIR/tests/peers/text_edits.awk" "$flow_dir/text" >"$flow_dir/text.new" &&
	sort "$flow_dir/text.new" >"$flow_dir/text"; serve "$(cat "$flow_dir/text")"; }
: >"$flow_dir/text"
edited 0 0
for org in told there whole; do
	ctl org create "$org" --type enterprise >/dev/null
	ctl connection create "$org" example people --set directory='# elsewhere' --set source="127.0.0.1:$(cat "$flow_dir/served.port")" \
		--set script="page_size 7$([ $org = there ] && printf '\npresent')" --role Admins=admin --role g20=viewer --role Viewers=viewer \
		--remove-most 1000 --remove-admins-most 1000 --remove-group-most 1000 >/dev/null
done
# What there is, in the directory's own words
shown() {
	query "SELECT line FROM (
		SELECT 'member ' || a.remote_id || ' ' || m.state || ' ' || m.role || ' ' || m.role_source || ' ' || m.name AS line, a.organisation FROM accounts a
			JOIN members m ON m.organisation = a.organisation AND m.user_id = a.user_id
		UNION ALL SELECT 'account ' || remote_id || ' ' || user_name || ' ' || display_name || ' ' || standing || ' ' || (gone_at IS NULL)
			|| CASE WHEN gone_at IS NULL THEN coalesce(' ' || mapped_role, '') || coalesce(' ' || reference, '') ELSE '' END, organisation FROM accounts
		UNION ALL SELECT 'group ' || remote_id || ' ' || name || coalesce(' ' || reference, ''), organisation FROM groups
		UNION ALL SELECT 'in ' || g.remote_id || ' ' || a.remote_id, g.organisation FROM group_accounts k
			JOIN groups g ON g.organisation = k.organisation AND g.id = k.group_id JOIN accounts a ON a.organisation = k.organisation AND a.id = k.account_id
		UNION ALL SELECT 'nests ' || g.remote_id || ' ' || c.remote_id, g.organisation FROM group_groups k
			JOIN groups g ON g.organisation = k.organisation AND g.id = k.group_id JOIN groups c ON c.organisation = k.organisation AND c.id = k.child_id
		UNION ALL SELECT 'stranger ' || g.remote_id || ' ' || t.member_key, g.organisation FROM group_strangers t
			JOIN groups g ON g.organisation = t.organisation AND g.id = t.group_id) l
		JOIN organisations o USING (organisation) WHERE o.slug = '$1' ORDER BY line"
}
states=
read_all() {
	for org in told there whole; do
		scope=changed
		[ $org = whole ] && scope=all
		states="$states $(ctl sync run $org/people --scope $scope --wait --json 2>/dev/null | jq -r '.state + "-" + .scope')"
	done
}
read_all
[ "$(shown told)" = "$(shown whole)" ] && pass "the same to begin with" || fail "the same to begin with"
for round in $(seq "$rounds"); do
	edited "$round" $(((round * 7) % 6 + 1))
	[ $((round % 3)) = 0 ] && ctl sync run told/people --wait --person "u$((round * 5 % 24 + 1))" --person "u$((round * 11 % 24 + 1))" --group g20 >/dev/null 2>&1
	read_all
	cleared_up
	shown whole >"$flow_dir/whole"
	for org in told there; do
		shown $org >"$flow_dir/$org"
		ok "round $round of seed $seed: the same, $org" diff "$flow_dir/$org" "$flow_dir/whole"
	done
done
is "each reading was done" "$(tr ' ' '\n' <<<"$states" | grep -v '^$' | cut -d- -f1 | sort -u)" "done"
ok "some of them of what changed" test "$(grep -o done-changed <<<"$states" | wc -l)" -gt 0
for org in told there; do
	is "whole listings find nothing that was missed, $org" "$(ctl sync run $org/people --wait --json 2>/dev/null | jq -c '[.missed // 0, .counts]')" "[0,{}]"
done
done_testing
