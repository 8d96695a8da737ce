#!/bin/bash
# Events are brought to whoever asked for them: signed, in order, nothing lost while nobody answers, and nobody else's.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_SETTINGS='metrics {
	interval = "1s"
}'
flow_start

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada Lovelace
person: id=u2; user=bob; email=bob@acme.example; name=Bob'
ctl org create Other --type team >/dev/null
id=$(query "SELECT organisation FROM organisations WHERE slug = 'acme'")
nobody=00000000-0000-0000-0000-000000000000

# The application that listens: what it was told, and what it answers
"$BUILDDIR/tests/peers/vendor/listener" --port-file="$flow_dir/port" >"$flow_dir/listener.log" 2>&1 &
listener=$!
flow_also="kill $listener"
for _ in $(seq 100); do [ -s "$flow_dir/port" ] && break; sleep 0.05; done
at=http://127.0.0.1:$(cat "$flow_dir/port")
tell() { curl -s --data-binary "$*" "$at/_tell"; }
heard() { tell "heard $1"; } # JSON lines of what came to a path: {"id", "timestamp", "signature", "body"}
types() { heard "$1" | jq -r '.body | fromjson | .type' | tr '\n' ' '; }
until_heard() { # until_heard PATH COUNT
	for _ in $(seq 600); do [ "$(heard "$1" | wc -l)" -ge "$2" ] && return 0; sleep 0.05; done
	return 1
}
# That an organisation has this name now: until_named PATH NAME
until_named() {
	for _ in $(seq 600); do
		[ "$(heard "$1" | jq -r --arg n "$2" '.body | fromjson | select(.type == "organisation.changed" and .data.after.name == $n) | .id' | wc -l)" -ge 1 ] && return 0
		sleep 0.05
	done
	return 1
}
until_so() { # until_so SQL: of the endpoints
	for _ in $(seq 600); do [ "$(query "SELECT count(*) FROM event_endpoints WHERE $1")" = 1 ] && return 0; sleep 0.05; done
	return 1
}
hurry() { query "UPDATE event_endpoints SET not_before = now()"; }
signed() { # signed SECRET: is each message of standard input signed by it?
	local key
	key=$(printf '%s' "${1#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
	while read -r line; do
		jq -j '"\(.id).\(.timestamp).\(.body)"' <<<"$line" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A >"$flow_dir/mac"
		jq -r .signature <<<"$line" | tr ' ' '\n' | grep -qxF "v1,$(cat "$flow_dir/mac")" || return 1
	done
}

# ---- the operator's own hears of all
made=$(ctl event endpoint-create all "$at/all" --json)
secret=$(jq -r .secret <<<"$made")
like "its secret is shown where it is made" "$secret" '^whsec_[A-Za-z0-9+/]{43}=$'
is "and nowhere else" "$(ctl event endpoint-show all --json | jq -r '.secret // "none"')" none
is "nor is it in the database" "$(query "SELECT count(*) FROM event_secrets WHERE position('${secret#whsec_}' in encode(sealed, 'base64')) > 0")" 0
sync >/dev/null
until_joined() { for _ in $(seq 600); do [ "$(types "$1" | grep -o member.joined | wc -l)" -ge "$2" ] && return 0; sleep 0.05; done; return 1; }
ok "what happens is told" until_joined all 2
is "each event once, as the feed has them" "$(heard all | jq -r '.body | fromjson | .id' | sort | uniq -d)" ""
like "what happened, in its order" "$(types all)" 'event_endpoint.created .*member.joined member.joined $'
is "the header names the event" "$(heard all | jq -r 'select(.id != (.body | fromjson | .id)) | .id')" ""
ok "and is signed" signed "$secret" < <(heard all)
is "by another secret it is not" "$(signed whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= < <(heard all) && echo yes || echo no)" no
is "it is JSON" "$(heard all | jq -r .content_type | sort -u)" application/json
is "the body is what the feed has" "$(heard all | jq -c '.body | fromjson | select(.type == "member.joined")' | sort)" \
	"$(curl -s --unix-socket "$socket" 'http://localhost/v1/events?type=member.joined' | jq -c '.items[]' | sort)"

# ---- an organisation's hears of itself, and only what it asked for
ctl event endpoint-create acme/crm "$at/crm" --type 'member.*' >"$flow_dir/made" 2>&1
like "an organisation's must be https" "$(cat "$flow_dir/made")" 'an address that begins with "https://" is expected'
query "INSERT INTO event_endpoints (organisation, id, name, url, types, private_addresses, created_by, place)
	VALUES ('$id', gen_random_uuid(), 'crm', '$at/crm', '{member.*}', true, 'test', 0)"
ctl event endpoint-rotate acme/crm >/dev/null
ok "it is told from where it was set" until_joined crm 2
ctl org set other --name Others >/dev/null
ctl member role acme ada@acme.example admin >/dev/null
ok "what happens to its members" until_heard crm 3
is "and nothing else" "$(types crm)" "member.joined member.joined member.role_changed "
ok "it has come to its end" until_so "name = 'crm' AND place = (SELECT max(position) FROM audit_seals WHERE organisation = '$id')"
is "the two do not know of each other" "$(heard crm | jq -r '.body | fromjson | .organisation' | sort -u)" "$id"

# ---- another secret, without a gap
new=$(ctl event endpoint-rotate all --overlap 1h --json | jq -r .secret)
tell unheard >/dev/null
ctl org set other --name Another >/dev/null
ok "something happens" until_named all Another
ok "it is signed with the new secret" signed "$new" < <(heard all)
ok "and with the old one" signed "$secret" < <(heard all)
query "UPDATE event_secrets SET until = now() - interval '1 second' WHERE name = 'former'"
tell unheard >/dev/null
ctl org set other --name Other >/dev/null
ok "later something else" until_named all Other
ok "and that is written down" until_so "name = 'all' AND place = (SELECT number FROM audit_sealer)"
is "then with the new one alone" "$(signed "$new" < <(heard all) && echo new) $(signed "$secret" < <(heard all) && echo old)" "new "

# ---- nobody answers: everything waits in its order
tell unheard >/dev/null
tell "answer all 503" >/dev/null
ctl org set other --name One >/dev/null
ok "what is refused is seen" until_so "name = 'all' AND tries = 1 AND last_error LIKE '%503%' AND failing_since IS NOT NULL"
ctl org set other --name Two >/dev/null
hurry
ok "it is tried again" until_so "name = 'all' AND tries = 2 AND not_before > now() + interval '10 seconds'"
is "one after the other" "$(heard all | jq -r '.body | fromjson | .data.after.name' | sort -u)" One
like "administrators see it" "$(ctl event endpoint-show all)" 'it answers 503|it answered 503'
tell "answer all 200" >/dev/null
hurry
ok "then all of it comes" until_so "name = 'all' AND tries = 0 AND failing_since IS NULL AND last_error IS NULL AND place = (SELECT number FROM audit_sealer)"
is "in its order" "$(heard all | jq -r 'select(.answered == 200) | .body | fromjson | .data.after.name' | tr '\n' ' ')" "One Two "
is "the id stays the same however often it is tried" "$(heard all | jq -r 'select(.body | fromjson | .data.after.name == "One") | .id' | sort -u | wc -l)" 1

# ---- one that is refused for what it is
tell unheard >/dev/null
tell "answer all 422" >/dev/null
ctl org set other --name Bad >/dev/null
ok "it is refused" until_so "name = 'all' AND tries = 1"
ctl org set other --name Good >/dev/null
for n in 2 3 4; do hurry; ok "try $n" until_so "name = 'all' AND tries = $n"; done
is "it is not passed over before" "$(query "SELECT count(*) FROM event_rejects")" 0
tell "answer-once all 422 200" >/dev/null # this time, and from then on
hurry
ok "then the next one comes" until_so "name = 'all' AND tries = 0 AND place = (SELECT number FROM audit_sealer)"
is "what was passed over can be seen" "$(ctl event passed-over all --json | jq -r '.items[] | "\(.type) \(.status)"')" "organisation.changed 422"
is "what was delivered" "$(heard all | jq -r 'select(.answered == 200) | .body | fromjson | .data.after.name' | tr '\n' ' ')" "Good "
tell unheard >/dev/null
ctl event endpoint-replay all "$(($(ctl event passed-over all --json | jq -r '.items[0].cursor') - 1))" >/dev/null
ok "and be asked for again" until_named all Good
is "from there on" "$(heard all | jq -r '.body | fromjson | select(.type == "organisation.changed") | .data.after.name' | head -2 | tr '\n' ' ')" "Bad Good "

# ---- gone, paused, deleted
tell "answer all 410" >/dev/null
ctl org set other --name Third >/dev/null
ok "an application that says that it is gone is told nothing more" until_so "name = 'all' AND state = 'stopped'"
is "which is in the audit" "$(query "SELECT count(*) FROM audit WHERE action = 'event_endpoint.stopped' AND organisation = '$nobody'")" 1
figures() { for _ in $(seq 300); do metrics=$(ctl metrics 2>/dev/null); grep -qxE "$1" <<<"$metrics" && return 0; sleep 0.1; done; diag "$(grep endpoints <<<"$metrics")"; return 1; }
ok "in the figures" figures 'rosterd_event_endpoints\{state="stopped"\} 1'
like "in what the daemon says of itself" "$(ctl status)" 'events +delivered to [0-9]+ applications, .*, 1 stopped'
like "and in what the doctor finds" "$("$BUILDDIR/rosterd" --doctor --json --config "$flow_dir/rosterd.conf" 2>/dev/null | jq -r '.findings[] | select(.code == "events.stopped") | .found')" '"all" any more \(.*410'
tell "answer all 200" >/dev/null
tell unheard >/dev/null
ctl event endpoint-set all --state active >/dev/null
ok "until somebody lets it go on, behind what it was told last" until_named all Third
ctl event endpoint-set all --state paused >/dev/null
ok "it is paused" until_so "name = 'all' AND state = 'paused'"
tell unheard >/dev/null
ctl org set other --name Fourth >/dev/null
ctl event endpoint-set acme/crm --types all >/dev/null
ok "one that is paused does not keep the others waiting" until_heard crm 1
is "and is told nothing" "$(heard all | wc -l)" 0
ctl event endpoint-set all --state active >/dev/null
ok "afterwards it is told what it missed" until_named all Fourth

# ---- the test
is "a test says that it works" "$(ctl event endpoint-test all)" "it took the test event"
tell "answer all 500" >/dev/null
like "or what was answered" "$(ctl event endpoint-test all 2>&1)" '500'
tell "answer all 200" >/dev/null
ctl event endpoint-set all --to http://127.0.0.1:1/x >/dev/null
like "or that nothing was" "$(ctl event endpoint-test all 2>&1)" 'nothing was answered: .*127.0.0.1'
ctl event endpoint-set all --to "$at/all" >/dev/null

# ---- a slow one keeps nobody waiting, and what an administrator changes counts at once
"$BUILDDIR/tests/peers/vendor/listener" --port-file="$flow_dir/port2" >"$flow_dir/listener2.log" 2>&1 &
flow_also="kill $listener $!"
for _ in $(seq 100); do [ -s "$flow_dir/port2" ] && break; sleep 0.05; done
slow=http://127.0.0.1:$(cat "$flow_dir/port2")
slowly() { curl -s --data-binary "$*" "$slow/_tell"; }
slowly "slow one 1500
slow two 1500" >/dev/null
for name in one two; do
	query "INSERT INTO event_endpoints (organisation, id, name, url, types, private_addresses, created_by, place)
		VALUES ('$id', gen_random_uuid(), '$name', '$slow/$name', '{}', true, 'test', 0)"
	ctl event endpoint-rotate "acme/$name" >/dev/null
done
for _ in $(seq 600); do [ -n "$(slowly 'heard one')$(slowly 'heard two')" ] && break; sleep 0.05; done
tell unheard >/dev/null
ctl org set other --name Quick >/dev/null
ok "two slow ones of an organisation do not keep another one waiting" until_named all Quick
is "one of them is told at a time" "$(query "SELECT count(*) FROM event_endpoints e JOIN audit_streams s ON s.name = 'events ' || e.id
	WHERE e.organisation = '$id' AND s.held_to > now()" | awk '{ print ($1 <= 1) ? "yes" : $1 }')" yes
ctl event endpoint-set acme/two --state paused >/dev/null
for _ in $(seq 600); do [ "$(slowly 'heard one' | wc -l)" -ge 2 ] && break; sleep 0.05; done
ctl event endpoint-set acme/one --state paused >/dev/null
slowly unheard >/dev/null
query "SELECT pg_sleep(4)" >/dev/null
is "one that was paused is told nothing more but what was under way" "$(slowly 'heard one' | wc -l | awk '{ print ($1 <= 1) ? "nothing" : $1 }')" nothing
slowly "answer one 500
slow one 3000" >/dev/null
query "UPDATE event_endpoints SET tries = 7, failing_since = now() - interval '5 days 1 hour', state = 'active', not_before = now() WHERE name = 'one'"
# the listener answers nobody else meanwhile, so the daemon is asked
for _ in $(seq 1000); do
	[ "$(query "SELECT count(*) FROM event_endpoints e JOIN audit_streams s ON s.name = 'events ' || e.id WHERE e.name = 'one' AND s.held_to > now()")" = 1 ] && break
	sleep 0.01
done
tell unheard >/dev/null
query "UPDATE event_endpoints SET url = '$at/mended', version = version + 1, tries = 0, failing_since = NULL, not_before = now() WHERE name = 'one'"
ok "one that was mended while an attempt failed goes on" until_heard mended 1
is "and is not stopped for it" "$(query "SELECT state || ' ' || tries FROM event_endpoints WHERE name = 'one'")" "active 0"
for name in one two; do ctl event endpoint-delete "acme/$name" --yes >/dev/null; done

# ---- the daemon dies in the middle
tell unheard >/dev/null
tell "slow all 300" >/dev/null
for n in 1 2 3 4 5 6; do ctl org set other --name "Name $n" >/dev/null; done
ok "it is being told" until_heard all 2
flow_kill KILL
query "UPDATE audit_streams SET held_to = now() WHERE name LIKE 'events %'"
tell "slow all 0" >/dev/null
flow_daemon
hurry
for _ in $(seq 600); do [ "$(heard all | jq -r '.body | fromjson | .data.after.name' | grep -c 'Name 6')" -ge 1 ] && break; sleep 0.05; done
is "after it has died nothing is missing, and the order is the same" "$(heard all | jq -r '.body | fromjson | .data.after.name // empty' | awk '/^Name/ && !seen[$0]++' | tr '\n' ' ')" \
	"Name 1 Name 2 Name 3 Name 4 Name 5 Name 6 "

# ---- who may, and what is refused
like "it is no directory" "$(ctl connection create acme webhook x --set url=https://crm.example/ 2>&1)" 'reads no directory'
admin=$(ctl token create admin --organisation acme --role admin --json | jq -r .token)
api() { curl -s --unix-socket "$socket" -X "$1" -H 'Content-Type: application/json' ${4:+-H "Authorization: Bearer $4"} ${3:+--data "$3"} "http://localhost$2" | jq -r '.code // "done"'; }
is "an admin may see those of the organisation" "$(api GET /v1/organisations/acme/event-endpoints '' "$admin")" done
is "not the operator's" "$(api GET /v1/event-endpoints '' "$admin")" permission.operator
is "may make one" "$(api POST /v1/organisations/acme/event-endpoints '{"name":"mine","url":"https://hooks.acme.example/x"}' "$admin")" done
is "not inside our own networks" "$(query "SELECT private_addresses FROM event_endpoints WHERE name = 'mine'")" f
like "which a test tells" "$(query "UPDATE event_endpoints SET url = '$at/mine' WHERE name = 'mine'"; ctl event endpoint-test acme/mine 2>&1)" 'the address is not public'
post() { api POST /v1/event-endpoints "$1"; }
is "no user in an address" "$(post '{"name":"x","url":"https://user:pass@crm.example/"}')" event_endpoint.url
is "no other scheme" "$(post '{"name":"x","url":"ftp://crm.example/"}')" event_endpoint.url
is "no blank in it" "$(post '{"name":"x","url":"https://crm.example/a b"}')" event_endpoint.url
is "no name that is none" "$(post '{"name":"X Y","url":"https://crm.example/"}')" event_endpoint.name
for name in . .. -x x- x. 01938f2a-0000-7000-8000-000000000001; do is "nor $name" "$(post "{\"name\":\"$name\",\"url\":\"https://crm.example/\"}")" event_endpoint.name; done
for url in https:/// https://:443/ https://crm.example:99999/ https://crm.example:abc/ https://crm.example:/ https://a.example,b.example/ 'https://[::1/'; do
	is "nor is $url an address" "$(post "{\"name\":\"x\",\"url\":\"$url\"}")" event_endpoint.url
done
is "one is found by its id as well" "$(api GET "/v1/event-endpoints/$(query "SELECT id FROM event_endpoints WHERE name = 'all'")")" done
is "where it is posted to is told to no other" "$(query "SELECT count(*) FROM audit WHERE personal LIKE '%/all\"%' AND action LIKE 'event_endpoint.%'")" 0
is "no type that is none" "$(post '{"name":"x","url":"https://crm.example/","types":["member"]}')" event_endpoint.types
is "no place that there is not" "$(post '{"name":"x","url":"https://crm.example/","after":"999999"}')" event_endpoint.after
is "no second one of a name" "$(post '{"name":"all","url":"https://crm.example/"}')" event_endpoint.taken
is "nothing of one that is not there" "$(api GET /v1/event-endpoints/nowhere)" event_endpoint.unknown
for n in $(seq 15); do post "{\"name\":\"more$n\",\"url\":\"https://crm.example/\"}" >/dev/null; done
is "not more than a few" "$(post '{"name":"last","url":"https://crm.example/"}')" limit.event_endpoints
ctl event endpoint-delete acme/crm --yes >/dev/null
is "a deleted one leaves nothing" "$(query "SELECT (SELECT count(*) FROM event_endpoints WHERE name = 'crm') + (SELECT count(*) FROM event_secrets s WHERE NOT EXISTS
	(SELECT FROM event_endpoints e WHERE e.id = s.endpoint)) + (SELECT count(*) FROM audit_streams WHERE name LIKE 'events %')
	- (SELECT count(*) FROM event_endpoints)")" 0
# ---- a copy of the database tells nobody anything
flow_kill TERM
claims() { query "SELECT count(*) FROM event_claim(gen_random_uuid(), '0') WHERE endpoint IS NOT NULL"; }
query "UPDATE event_endpoints SET not_before = now(); UPDATE audit_streams SET held_to = now(), number = 0 WHERE name LIKE 'events %'"
home=$(query "SELECT home FROM installation")
query "UPDATE installation SET home = 'elsewhere'"
is "a copy does not know whom to tell" "$(claims)" 0
query "UPDATE installation SET home = '$home'"
is "at home it does" "$(claims)" 1
is "no secret is in the log" "$(grep -c -F "${new#whsec_}" "$flow_dir/log")" 0
done_testing
