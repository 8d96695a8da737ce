#!/bin/bash
# An Okta org's bad days: limits that are used up, answers that break off, pages that repeat, are missing or lead elsewhere, tokens that end, clocks
# that are wrong. Whatever happens, nobody is removed who is there, and nobody stays who is not.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
flow_start
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$flow_dir/client.key" 2>/dev/null
openssl pkey -in "$flow_dir/client.key" -pubout -out "$flow_dir/client.pem"
chmod 600 "$flow_dir/client.key"
vendor_start okta --people=230 --groups=4 --token=00theToken --client=0oaRosterd --client-key="$flow_dir/client.pem" --dpop=yes
vendor_tell "window 2"

state_of() { ctl member list acme --json | jq -r --arg name "$(printf 'person%06d' "$1")@acme.example" '.items[] | select(.user_name == $name) | .state'; }

ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ok "a connection with an application's key is created" ctl connection create acme okta people --set org_url="$vendor_url" \
	--set ca_certificate=@"$vendor_ca" --set client_id=0oaRosterd --secret private_key=@"$flow_dir/client.key" --set page_size=50 \
	--set member_page_size=20 --schedule never
said=$(ctl connection test acme/people 2>&1)
like "its token is bound to a key, since the org demands it" "$said" 'has the scopes "okta.users.read okta.groups.read okta.logs.read" and is bound to a key \(DPoP\)'
is "the first run takes everybody in" "$(sync | jq -r '"\(.state) \(.counts["member.joined"])"')" "done 230"
before=$(roster_digest)

# ---- what passes: the run waits, or asks again, and ends as if nothing had been ------------------------------------------------------

passes() { # passes WORDS COMMANDS
	vendor_tell "$2"
	is "$1: the run is done, whole, and changes nothing" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"
	vendor_tell well
}
passes "a storm of 429" "fault 429 users 2 2"
passes "429 of requests at the same time" "fault concurrent * 3 1"
passes "a limit that is used up" "limit users 3
limit groups/id 15"
vendor_tell "limit users 600
limit groups/id 500"
passes "500, 502, 503, 504" "fault 500 users 1 1
fault 502 groups 0 1
fault 503 groups/id 1 1
fault 504 groups/id 3 1"
passes "an answer that ends in the middle of its JSON" "fault truncate users 1 1
fault truncate groups/id 0 1"
passes "a connection that ends in the middle of an answer" "fault cut users 1 1
fault cut groups/id 2 1"
passes "a connection that ends without an answer" "fault reset groups/id 2 2"
passes "a page of somebody in between, as if all were well" "fault html users 2 1"
passes "tokens that end while it is read" "expire"
passes "another nonce" "nonce
expire"
passes "a clock that is an hour ahead" "clock 3600
expire"
passes "a clock that is an hour behind" "clock -3600
expire"
vendor_tell "clock 0"

# ---- what does not pass: nobody is touched ---------------------------------------------------------------------------------------

stops() { # stops WORDS COMMANDS ERROR
	vendor_tell "$2"
	like "$1 is told" "$(sync >/dev/null; cat "$flow_dir/sync.err")" "$3"
	is "$1 touches nobody" "$(roster_digest)" "$before"
	vendor_tell well
}
stops "a page that leads to itself" "fault repeat users 0 100" 'the same pages are given again and again'
stops "a page that leads elsewhere" "fault elsewhere users 1 1" 'the next page is said to be at "https://elsewhere\.example/.*which is not the org'
stops "a scope that was taken away" "scopes okta.users.read
expire" 'does not give the scopes'
vendor_tell "scopes okta.users.read okta.groups.read okta.logs.read"

# ---- what looks whole and is not --------------------------------------------------------------------------------------------------

vendor_tell "fault missing users 1 1"
run=$(sync)
is "a page that is left out: nobody who is there is removed" "$(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(roster_digest)" "0 $before"
vendor_tell "well
fault nolink users 1 1"
run=$(sync)
is "a chain that ends too early: nobody who is there is removed" "$(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(roster_digest)" "0 $before"
vendor_tell "well
delete 77
status 78 DEPROVISIONED"
run=$(sync)
is "afterwards whoever was deleted or deactivated is out" "$(state_of 77) $(state_of 78)" "suspended suspended"
is "and nobody else" "$(jq -r '.counts["member.suspended"]' <<<"$run")" 2

# ---- on the way out ---------------------------------------------------------------------------------------------------------------

"$BUILDDIR/tests/peers/connect_proxy" "$flow_dir/proxy.port" "$flow_dir/proxy.log" &
flow_also="kill $! 2>/dev/null; $flow_also"
for _ in $(seq 200); do [ -s "$flow_dir/proxy.port" ] && break; sleep 0.03; done
ctl connection set acme/people --set proxy="http://localhost:$(cat "$flow_dir/proxy.port")" --secret private_key=@"$flow_dir/client.key" >/dev/null
is "through a proxy the same is read" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"
is "over one connection, to the org by its name" "$(cat "$flow_dir/proxy.log")" "${vendor_url#https://}"
ctl connection set acme/people --set proxy="http://localhost:1" --secret private_key=@"$flow_dir/client.key" >/dev/null
like "a proxy that is not there is told" "$(ctl connection test acme/people 2>&1)" 'could not connect to localhost port 1 '
ctl connection set acme/people --set proxy="http://169.254.169.254:80" --secret private_key=@"$flow_dir/client.key" >/dev/null
like "one at an address that is never allowed is refused" "$(ctl connection test acme/people 2>&1)" 'may not connect to 169\.254\.169\.254'

secrets=$(grep -c -e 00theToken -e 'BEGIN PRIVATE' -e eyJ "$flow_dir/log")
is "no token is in the log" "$secrets" 0
done_testing
