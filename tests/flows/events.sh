#!/bin/bash
# What happened, as a feed: oldest first, nothing twice and nothing missed for whoever remembers their place, each organisation for itself
# and all of them for the operator.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada Lovelace
person: id=u2; user=bob; email=bob@acme.example; name=Bob'
ctl org create Other --type team >/dev/null
id=$(query "SELECT organisation FROM organisations WHERE slug = 'acme'")
other=$(query "SELECT organisation FROM organisations WHERE slug = 'other'")
ask() { curl -s --unix-socket "$socket" "http://localhost$1" ${2:+-H "Authorization: Bearer $2"}; }
feed() { ask "/v1/organisations/acme/events$1" "${2:-}"; }
sealed() {
	for _ in $(seq 600); do
		[ "$(query "SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE (s.organisation, s.entry) = (a.organisation, a.id))")" = 0 ] && return 0
		sleep 0.05
	done
	return 1
}
types() { jq -r '.items | map(.type) | join(" ")'; }

sync >/dev/null
ok "what was written is sealed" sealed
all=$(feed '?limit=1000')
is "an organisation's events are its audit, oldest first" "$(jq -r '.items | map("\(.data.audit_id) \(.type)") | join(", ")' <<<"$all")" \
	"$(query "SELECT string_agg(a.id || ' ' || a.action, ', ' ORDER BY s.position) FROM audit a JOIN audit_seals s ON s.organisation = a.organisation
		AND s.entry = a.id WHERE a.organisation = '$id'")"
is "that was all" "$(jq -r .next <<<"$all")" null
is "an event tells whom and what" "$(jq -r '.items[] | select(.type == "member.joined" and .data.target_name == "Ada Lovelace")
	| "\(.organisation) \(.data.after.role) \(.data.actor_kind) \(.data.source) \(.data.run | length)"' <<<"$all")" "$id member connector run 36"
is "it is called by its place" "$(jq -r '[.items[] | .id == "evt_\(.organisation)_\(.data.position)"] | unique | tostring' <<<"$all")" '[true]'

# ---- page by page
seen= after=
for _ in $(seq 100); do
	page=$(feed "?limit=3${after:+&after=$after}")
	seen="$seen $(types <<<"$page")"
	after=$(jq -r .cursor <<<"$page")
	[ "$(jq -r .next <<<"$page")" != null ] || break
done
is "in pages they are the same" "${seen# }" "$(types <<<"$all")"
is "at the end there is nothing, and the place stays" "$(feed "?after=$after" | jq -c '[.items, .next, .cursor]')" "[[],null,\"$after\"]"
is "from the end on there is nothing" "$(feed '?after=end' | jq -c '[.items, .next, .cursor]')" "[[],null,\"$after\"]"
ctl member role acme ada@acme.example admin >/dev/null
ok "something happens" sealed
is "what happens then comes behind it" "$(feed "?after=$after" | types)" member.role_changed
is "one type" "$(feed '?type=member.joined' | types)" "member.joined member.joined"
is "all of a noun" "$(feed '?type=member.*' | types)" "member.joined member.joined member.role_changed"
is "a type that is no other's beginning" "$(feed '?type=mem.*' | types)" ""

# ---- all organisations
all=$(ask '/v1/events?limit=1000')
is "the operator's feed has those of all" "$(jq -r '.items | map(.organisation // "operator") | unique | sort | join(" ")' <<<"$all")" \
	"$(query "SELECT string_agg(DISTINCT CASE s.organisation WHEN '00000000-0000-0000-0000-000000000000' THEN 'operator' ELSE s.organisation::text END, ' ') FROM audit_seals s")"
is "in the order of sealing" "$(jq -r '.items | map("\(.data.audit_id)") | join(" ")' <<<"$all")" \
	"$(query "SELECT string_agg(entry::text, ' ' ORDER BY number) FROM audit_seals")"
is "each with what is personal" "$(jq -r '[.items[] | select(.type == "member.joined") | .data.target_name] | sort | join(", ")' <<<"$all")" "Ada Lovelace, Bob"
is "they are called the same in both" "$(jq -c --arg id "$id" '[.items[] | select(.organisation == $id) | .id]' <<<"$all")" "$(feed '?limit=1000' | jq -c '[.items[].id]')"
seen= after=
for _ in $(seq 100); do
	page=$(ask "/v1/events?limit=2${after:+&after=$after}")
	seen="$seen $(types <<<"$page")"
	after=$(jq -r .cursor <<<"$page")
	[ "$(jq -r .next <<<"$page")" != null ] || break
done
is "in pages they are the same there" "${seen# }" "$(types <<<"$all")"
is "from the end on there is nothing there" "$(ask '/v1/events?after=end' | jq -c '[.items, .cursor]')" "[[],\"$after\"]"

# ---- a page has an end
query "INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
	SELECT o, 'daemon', 'test', 'test.large', 'test', n::text, 'daemon', p, '\\x00', audit_commitment('\\x00', p)
	FROM generate_series(1, 8) n, (VALUES ('$id'::uuid), ('$other'::uuid)) v(o), (SELECT format('{\"target_name\":\"%s\"}', repeat('x', 900000)) AS p) t"
ok "large ones are sealed" sealed
for path in /v1/organisations/acme/events /v1/events; do
	count=0 after=0 pages=0
	while [ "$pages" -lt 60 ]; do
		page=$(ask "$path?type=test.*&limit=1000&after=$after")
		count=$((count + $(jq '.items | length' <<<"$page"))) after=$(jq -r .cursor <<<"$page") pages=$((pages + 1))
		[ "$(jq -r .next <<<"$page")" != null ] || break
	done
	is "of large ones a page is short, and nothing is missed: $path" "$count $([ "$pages" -gt 1 ] && echo pages)" \
		"$([ $path = /v1/events ] && echo 16 || echo 8) pages"
done

# ---- who may
admin=$(ctl token create reader --organisation acme --role admin --json | jq -r .token)
narrow=$(ctl token create narrow --organisation acme --role admin --scope events:read --json | jq -r .token)
blind=$(ctl token create blind --organisation acme --role admin --scope members:read --json | jq -r .token)
plain=$(ctl token create plain --organisation acme --role member --json | jq -r .token)
code() { jq -r '.code // "told"'; }
is "an admin may" "$(feed '' "$admin" | code)" told
is "with the scope, too" "$(feed '' "$narrow" | code)" told
is "without it not" "$(feed "" "$blind" | code)" scope.missing
is "a member not" "$(feed '' "$plain" | code)" permission.role
is "nobody of an organisation all of them" "$(ask /v1/events "$admin" | code)" permission.operator
is "nor another's" "$(ask /v1/organisations/other/events "$admin" | code)" organisation.unknown
for bad in after=x after=-1 after=99999999999999999999 type=member type=member. type='*' type=a.b.c limit=0 limit=1001; do
	like "refused: $bad" "$(feed "?$bad" | code)" '^request\.'
done
is "what was erased stays an event" "$(query "SELECT audit_erase('$id', (SELECT user_id FROM members WHERE organisation = '$id' AND email = 'bob@acme.example'))" >/dev/null
	feed '?type=member.joined' | jq -c '[.items[] | .data.target_name] | sort')" '[null,"Ada Lovelace"]'
done_testing
