#!/bin/bash
# A directory that pushes, from its administrator's first command to people who leave: what is pushed is readable at once and takes
# effect by the same plan, guard and audit as everything else.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

ctl org create Acme --type enterprise >/dev/null && ctl domain add acme acme.example >/dev/null || { echo "Bail out! no acme"; exit 1; }
made=$(ctl connection create acme scim okta --json --role Admins=admin --remove-most 20)
token=$(jq -r .token <<<"$made")
base=$(jq -r .base_url <<<"$made")
like "creating the connection prints where to push" "$base" '/scim/v2/[0-9a-f-]{36}$'
like "and the token" "$token" '^rsc_'
unlike "which is shown once" "$(ctl connection show acme/okta --json)" 'rsc_'
is "and not kept" "$(query "SELECT count(*) FROM scim_tokens WHERE position('${token#rsc_}' IN scim_tokens::text) > 0")" 0

# push METHOD PATH [BODY]: prints the answer, its status in $flow_dir/status
push() {
	printf 'header = "Authorization: Bearer %s"\n' "$token" >"$flow_dir/auth"
	curl -s --unix-socket "$socket" -K "$flow_dir/auth" -X "$1" ${3:+-H 'Content-Type: application/scim+json' --data-binary "$3"} \
		-o "$flow_dir/answer" -w '%{http_code}' "http://localhost/scim/v2/${base##*/}$2" >"$flow_dir/status"
	cat "$flow_dir/answer"
}
status() { cat "$flow_dir/status"; }
user() { push POST /Users "{\"userName\":\"$1@acme.example\",\"active\":true,\"name\":{\"givenName\":\"${2:-Test}\",\"familyName\":\"User\"},\"externalId\":\"x-$1\"}" | jq -r .id; }
active() { push PATCH "/Users/$1" "{\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":$2}}]}" >/dev/null; }
# until_sql WORDS SQL: waits until it is true
until_sql() {
	for _ in $(seq 400); do
		[ "$(query "SELECT $2")" = t ] && { pass "$1"; return; }
		sleep 0.05
	done
	fail "$1"
	diag "$(query "SELECT state, scope, asked_by, held_reason, error_text FROM runs ORDER BY asked_at DESC LIMIT 3")"
	diag "$(tail -n 5 "$flow_dir/log")"
}
state_of() { query "SELECT m.state || ' ' || m.role FROM members m JOIN accounts a USING (organisation, user_id) WHERE a.user_name = '$1@acme.example'"; }

ada=$(user ada Ada)
is "a user is taken" "$(status)" 201
until_sql "and is a member by itself" "EXISTS (SELECT FROM members WHERE email = 'ada@acme.example' AND state = 'active')"
is "with the default role" "$(state_of ada)" "active member"
is "the audit says which directory" "$(query "SELECT DISTINCT actor_kind || ' ' || source FROM audit WHERE action = 'member.joined'")" "connector run"
is "and the run who asked" "$(ctl sync list acme --json | jq -r '.items[0] | .scope + " " + .asked_by')" "named push"

bob=$(user bob Bob)
group=$(push POST /Groups "{\"displayName\":\"Admins\",\"members\":[{\"value\":\"$ada\"}]}" | jq -r .id)
until_sql "a group yields its role" "EXISTS (SELECT FROM members WHERE email = 'ada@acme.example' AND role = 'admin')"
push PATCH "/Groups/$group" "{\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"$bob\"}]}]}" >/dev/null
until_sql "one more is added without the others" "(SELECT count(*) = 2 FROM members WHERE role = 'admin')"
push PATCH "/Groups/$group" "{\"Operations\":[{\"op\":\"remove\",\"path\":\"members[value eq \\\"$bob\\\"]\"}]}" >/dev/null
until_sql "and taken out again" "EXISTS (SELECT FROM members WHERE email = 'bob@acme.example' AND role = 'member')"
is "the others stay" "$(state_of ada)" "active admin"

second=$(ctl scim token-create acme/okta second --json | jq -r .id)
query "UPDATE scim_tokens SET created_by = 'member ' || (SELECT user_id FROM members LIMIT 1) WHERE name = 'second'" >/dev/null
is "whose maker is there" "$(ctl scim tokens acme/okta --json | jq -c '[.items[].maker_gone]')" "[false,false]"
query "UPDATE scim_tokens SET created_by = 'member ' || gen_random_uuid() WHERE name = 'second'" >/dev/null
is "and whose is not" "$(ctl scim tokens acme/okta --json | jq -c '[.items[] | select(.maker_gone).name]')" '["second"]'
is "the tokens are listed" "$(ctl scim tokens acme/okta --json | jq -r '.items | length')" 2
ok "and one is revoked" ctl scim token-revoke acme/okta "$second"
is "which leaves the other" "$(ctl scim tokens acme/okta --json | jq -r '.items[].name')" first

# Groups before users: who is named is somebody later.
early=$(push POST /Groups '{"displayName":"Early"}' | jq -r .id)
cyd=$(user cyd Cyd)
push PATCH "/Groups/$early" "{\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"$cyd\"}]}]}" >/dev/null
until_sql "a membership reaches the roster" "EXISTS (SELECT FROM group_accounts k JOIN groups g ON g.id = k.group_id JOIN accounts a ON a.id = k.account_id
	WHERE g.name = 'Early' AND a.user_name = 'cyd@acme.example')"

active "$bob" false
until_sql "who is switched off is suspended" "EXISTS (SELECT FROM members WHERE email = 'bob@acme.example' AND state = 'suspended')"
active "$bob" true
until_sql "and restored" "EXISTS (SELECT FROM members WHERE email = 'bob@acme.example' AND state = 'active')"
push PUT "/Users/$bob" '{"userName":"bob@acme.example","displayName":"Robert","active":true}' >/dev/null
until_sql "a name is changed" "EXISTS (SELECT FROM members WHERE name = 'Robert')"
push DELETE "/Users/$cyd" >/dev/null
is "a user is deleted" "$(status)" 204
until_sql "and suspended" "EXISTS (SELECT FROM members WHERE email = 'cyd@acme.example' AND state = 'suspended')"
again=$(user cyd Cyd)
until_sql "made again it is the same person" "EXISTS (SELECT FROM members WHERE email = 'cyd@acme.example' AND state = 'active')"
is "with the same id there" "$again" "$cyd"
is "and one membership here" "$(query "SELECT count(*) FROM members WHERE email = 'cyd@acme.example'")" 1

push DELETE "/Users/$cyd" >/dev/null
until_sql "gone once more" "EXISTS (SELECT FROM members WHERE email = 'cyd@acme.example' AND state = 'suspended')"
push POST /Users '{"userName":"cyd@acme.example","active":true,"externalId":"another"}' >/dev/null
until_sql "somebody else with that address is for an administrator to decide" "EXISTS (SELECT FROM refusals WHERE code = 'person.address_taken')"
is "and gets nobody's membership" "$(query "SELECT state FROM members WHERE email = 'cyd@acme.example'")" suspended

# Everything that was ever pushed, reconciled whole: nothing is left to do.
until_sql "nothing waits" "NOT EXISTS (SELECT FROM runs WHERE state IN ('asked', 'reading', 'reconciling'))"
whole=$(ctl sync run acme/okta --wait --json)
is "a whole reading agrees with the pushes" "$(jq -r '.state + " " + (.counts | length | tostring)' <<<"$whole")" "done 0"
like "and is whole" "$(jq -r .proof <<<"$whole")" '^all that the directory has pushed: 3 users, 2 groups'

# Too many at once, with those who went today: taken, readable, and held.
ctl connection set acme/okta --remove-most 5 --remove-share 0 >/dev/null
for n in 1 2 3 4; do eval "u$n=\$(user many$n)"; done
until_sql "six are here" "(SELECT count(*) = 6 FROM members WHERE state = 'active')"
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.state = 'reading' AND OLD.state = 'asked')"
push PATCH "/Users/$ada" '{"Operations":[{"op":"replace","path":"displayName","value":"Ada King"}]}' >/dev/null
moment_wait
for n in 1 2 3 4; do eval "active \$u$n false"; is "switching off is taken ($n)" "$(status)" 200; done
moment_over
until_sql "and held" "EXISTS (SELECT FROM runs WHERE state = 'held' AND scope = 'named')"
is "nobody is suspended" "$(query "SELECT count(*) FROM members WHERE email LIKE 'many%' AND state = 'active'")" 4
is "it can be read back" "$(push GET "/Users/$u1" | jq -r .active)" false
dan=$(user dan)
until_sql "what is pushed meanwhile is not held up" "EXISTS (SELECT FROM members WHERE email = 'dan@acme.example' AND state = 'active')"
held=$(query "SELECT id FROM runs WHERE state = 'held'")
is "approved it is applied" "$(ctl sync approve "acme/$held" --wait --json | jq -r .state)" done
is "to the letter" "$(query "SELECT count(*) FROM members WHERE email LIKE 'many%' AND state = 'suspended'")" 4
until_sql "what was looked at is no longer due" "NOT EXISTS (SELECT FROM scim_due)"

# What was asked and what came of it, for administrators: by which token, and without anybody's name.
trace() { ctl scim trace acme/okta --json | jq -r "$1"; }
for _ in $(seq 100); do [ "$(trace ".items[0].target")" = /Users ] && break; sleep 0.1; done
is "the last requests are shown" "$(trace '.items[0] | .method + " " + .target + " " + .token_name + " " + (.status | tostring)')" "POST /Users first 201"
is "what was held says so, and by which run" "$(trace ".items[] | select(.target == \"/Users/$u3\" and .method == \"PATCH\") | .effect + \" \" + .run" | head -1)" \
	"done $held"
is "what changes nothing has no effect" "$(push PATCH "/Groups/$group" "{\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"$ada\"}]}]}"; sleep 2;
	trace '.items[0] | .method + " " + .effect + " " + (.request.Operations[0].op)')" "PATCH none add"
push POST /Users '{"userName":"ada@acme.example","password":"hunter2hunter2","name":{"familyName":"Lovelace"}}' >/dev/null
sleep 2
is "what was refused is shown with its reason" "$(trace '.items[0] | (.status | tostring) + " " + .code + " " + .answer.scimType + " " + .effect')" "409 scim.uniqueness uniqueness none"
unlike "and nobody's name or secret is in it" "$(query "SELECT t::text FROM scim_trace t")" "hunter2|Lovelace|@acme"
is "people read it too" "$(ctl scim trace acme/okta | grep -c "scim.uniqueness")" 1

# What one question reads does not grow with the connection, nor with how many others there are.
many=$(ctl connection create acme scim many --json)
ctl connection set acme/many --state paused >/dev/null
was_token=$token was_base=$base token=$(jq -r .token <<<"$many") base=$(jq -r .base_url <<<"$many")
of=$(query "SELECT organisation FROM organisations WHERE slug = 'acme'") by=${base##*/}
query "INSERT INTO scim_users (organisation, connection, id, user_key, external_id, active, schemas, document) SELECT '$of', '$by', gen_random_uuid(), 'many' || n, 'ext' || n, true,
	'[]', jsonb_build_object('userName', 'many' || n) FROM generate_series(1, 3000) n;
	INSERT INTO scim_groups (organisation, connection, id, name_key, schemas, document) SELECT '$of', '$by', gen_random_uuid(), 'group' || n, '[]',
	jsonb_build_object('displayName', 'group' || n) FROM generate_series(1, 3000) n;
	INSERT INTO scim_members SELECT '$of', '$by', g.id, u.id FROM scim_groups g JOIN scim_users u ON u.connection = g.connection
	AND substr(u.user_key, 5) = substr(g.name_key, 6) WHERE g.connection = '$by'" >/dev/null
query "SET session_replication_role = replica; INSERT INTO scim_users (organisation, connection, id, user_key, active, schemas, document)
	SELECT md5('o' || o)::uuid, md5('c' || o)::uuid, gen_random_uuid(), 'other' || n, true, '[]', '{}' FROM generate_series(1, 300) o, generate_series(1, 10) n;
	INSERT INTO scim_groups (organisation, connection, id, name_key, schemas, document) SELECT md5('o' || o)::uuid, md5('c' || o)::uuid,
	gen_random_uuid(), 'other' || n, '[]', '{}' FROM generate_series(1, 300) o, generate_series(1, 10) n;
	INSERT INTO scim_members SELECT md5('o' || o)::uuid, md5('c' || o)::uuid, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 300) o,
	generate_series(1, 10) n; SET session_replication_role = origin; ANALYZE scim_users, scim_groups, scim_members" >/dev/null
someone=$(query "SELECT id FROM scim_users WHERE connection = '$by' AND user_key = 'many7'")
some=$(query "SELECT id FROM scim_groups WHERE connection = '$by' AND name_key = 'group7'")
reads() { query "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), sum(coalesce(idx_scan, 0)) FROM pg_stat_user_tables WHERE relname IN ('scim_users', 'scim_groups', 'scim_members')"; }
# costs WORDS METHOD PATH [BODY]: at most a hundred rows are read for it, of ten thousand
costs() {
	local before after
	before=$(reads)
	push "${@:2}" >/dev/null
	for _ in $(seq 100); do
		after=$(reads)
		[ "${after#*|}" != "${before#*|}" ] && break
		sleep 0.1
	done
	sleep 1.2 # the rest of it
	after=$(reads)
	ok "$1 ($(status)): $((${after%|*} - ${before%|*})) rows are read" test "$((${after%|*} - ${before%|*}))" -le 100
}
costs "a user by id" GET "/Users/$someone"
costs "a user by name" GET "/Users?filter=userName%20eq%20%22many9%22"
costs "a user by the directory's key" GET "/Users?filter=externalId%20eq%20%22ext9%22"
costs "a group by id" GET "/Groups/$some"
costs "a group by name" GET "/Groups?filter=displayName%20eq%20%22Group9%22"
costs "a change of a user" PATCH "/Users/$someone" '{"Operations":[{"op":"replace","value":{"active":false}}]}'
costs "a member more" PATCH "/Groups/$some" "{\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"$(query "SELECT id FROM scim_users WHERE connection = '$by' AND user_key = 'many8'")\"}]}]}"
costs "a user made" POST /Users '{"userName":"many-more@acme.example"}'
costs "a user gone" DELETE "/Users/$someone"
costs "a group gone" DELETE "/Groups/$some"
is "and out of it" "$(query "SELECT count(*) FROM scim_members WHERE connection = '$by' AND '$some' IN (group_id, member_id)")" 0
# 64 at once on one group: each of them counts. First all come; then half of them go while as many others come.
writers=$(push POST /Groups '{"displayName":"Writers"}' | jq -r .id)
write() { # write: lines "add ID" or "remove ID", each by a client of its own; the statuses with their numbers
	sed 's/^add \(.*\)/{"Operations":[{"op":"add","path":"members","value":[{"value":"\1"}]}]}/; s/^remove \(.*\)/{"Operations":[{"op":"remove","path":"members","value":[{"value":"\1"}]}]}/' |
		xargs -d '\n' -P 64 -I@ curl -s -o /dev/null -w '%{http_code}\n' --unix-socket "$socket" -K "$flow_dir/auth" -X PATCH \
			-H 'Content-Type: application/scim+json' --data-binary @ "http://localhost/scim/v2/${base##*/}/Groups/$writers" | sort | uniq -c | tr -s ' '
}
version() { query "SELECT version FROM scim_groups WHERE id = '$writers'"; }
query "SELECT id FROM scim_users WHERE connection = '$by' ORDER BY id LIMIT 96" >"$flow_dir/writers"
is "64 writers on one group are heard" "$(head -64 "$flow_dir/writers" | sed 's/^/add /' | write)" " 64 204"
is "and nobody is lost" "$(query "SELECT count(*) FROM scim_members WHERE group_id = '$writers'") $(version)" "64 65"
is "some go while others come" "$( (head -32 "$flow_dir/writers" | sed 's/^/remove /'; tail -32 "$flow_dir/writers" | sed 's/^/add /') | shuf | write)" " 64 204"
is "and it is who it should be" "$(query "SELECT member_id FROM scim_members WHERE group_id = '$writers' ORDER BY member_id")" "$(tail -64 "$flow_dir/writers")"
is "with a version for each" "$(version)" 129
is "and what a run is to look at for each" "$(query "SELECT count(*) FROM scim_due WHERE id = '$writers' AND kind LIKE 'member_%'")" 128
token=$was_token base=$was_base

# More than its share: told when to come again, and another connection has its own.
printf 'scim {\n\trequests_per_second = 1\n\tburst = 2\n}\n' >>"$flow_dir/rosterd.conf"
ok "the rate is set as the daemon runs" ctl reload
push GET /Users?count=0 >/dev/null
curl -s -D - -o "$flow_dir/limited#1" --unix-socket "$socket" -K "$flow_dir/auth" "http://localhost/scim/v2/${base##*/}/Users?count=0&again=[1-20]" |
	tr -d '\r' >"$flow_dir/limited"
like "who pushes too much is told so (rate.scim)" "$(grep HTTP "$flow_dir/limited")" ' 429 '
like "with when to come again" "$(cat "$flow_dir/limited")" '^Retry-After: 1$'
like "in SCIM's form" "$(jq -r '.schemas[0] + " " + .status' "$flow_dir"/limited?*)" "^urn:ietf:params:scim:api:messages:2.0:Error 429$"
other=$(ctl connection create acme scim second --json)
is "another connection is not held up" "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" -H "Authorization: Bearer $(jq -r .token <<<"$other")" \
	"http://localhost/scim/v2/$(jq -r .id <<<"$other")/Users")" 200

unlike "the log knows neither the token nor anybody" "$(cat "$flow_dir/log")" "rsc_|ada@acme|Robert"
done_testing
