#!/bin/bash
# An Entra tenant's bad days: throttling, answers that break off, pages that repeat, are missing or lead elsewhere, places that are forgotten in the
# middle of a reading, tokens that end, clocks that are wrong. Whatever happens, nobody is removed who is there, and nobody stays who is not.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
TENANT=84bd8158-6d4d-4958-8b9f-9d6445542f95 CLIENT=535fb089-9ff3-47b6-9bfb-4f1264799865
flow_start
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$flow_dir/client.key" -out "$flow_dir/client.pem" -subj /CN=rosterd -days 2 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$flow_dir/other.key" -out "$flow_dir/other.pem" -subj /CN=other -days 2 2>/dev/null
chmod 600 "$flow_dir/client.key" "$flow_dir/other.key"
vendor_start entra --people=1000 --groups=4 --tenant="$TENANT" --client="$CLIENT" --client-certificate="$flow_dir/client.pem"
vendor_tell "window 2"

state_of() { ctl member list acme --json | jq -r --arg name "$(printf 'person%06d' "$1")@acme.example" '.items[] | select(.user_name == $name) | .state'; }
changed() { sync --scope changed; }

ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
ok "a connection with a certificate is created" ctl connection create acme entra people --set tenant=acme.example --set client_id="$CLIENT" \
	--set graph_url="$vendor_url" --set login_url="$vendor_url/" --set ca_certificate=@"$vendor_ca" --set certificate=@"$flow_dir/client.pem" \
	--secret private_key=@"$flow_dir/client.key" --schedule never
like "it works" "$(ctl connection test acme/people 2>&1)" 'works'
is "the first run takes everybody in" "$(sync | jq -r '"\(.state) \(.counts["member.joined"])"')" "done 1000"
is "and then there is nothing new" "$(changed | jq -r '"\(.scope) \(.counts)"')" "changed {}"
before=$(roster_digest)

# ---- what passes: the run waits, or asks again, and ends as if nothing had been ------------------------------------------------------

passes() { # passes WORDS COMMANDS
	vendor_tell "$2"
	is "$1: the run is done, whole, and changes nothing" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"') $(cat "$flow_dir/sync.err")" "done true {} "
	vendor_tell well
}
passes "a storm of 429" "fault 429 users 2 2"
passes "a limit that is used up" "limit users 2
limit groups 2"
vendor_tell "limit users 3500
limit groups 3500"
passes "500, 502, 503, 504" "fault 500 users 1 1
fault 502 groups 0 1
fault 503 users 3 1
fault 504 groups 1 1"
passes "an answer that ends in the middle of its JSON" "fault truncate users 1 1
fault truncate groups 1 1"
passes "a connection that ends in the middle of an answer" "fault cut users 1 1
fault cut groups 2 1"
passes "a connection that ends without an answer" "fault reset groups 1 2"
passes "a page of somebody in between, as if all were well" "fault html users 2 1"
passes "a page without anybody, and another behind it" "fault empty users 1 2"
passes "tokens that end while it is read" "expire"
passes "a clock that is an hour ahead" "clock 3600
expire"
passes "a clock that is an hour behind" "clock -3600
expire"
vendor_tell "clock 0
expire"

# ---- what does not pass: nobody is touched ---------------------------------------------------------------------------------------

stops() { # stops WORDS COMMANDS ERROR
	vendor_tell "$2"
	like "$1 is told" "$(sync >/dev/null; cat "$flow_dir/sync.err")" "$3"
	is "$1 touches nobody" "$(roster_digest)" "$before"
	vendor_tell well
}
stops "a page that leads to itself" "fault repeat users 0 100" 'the same pages are given again and again'
stops "a page that leads elsewhere" "fault elsewhere users 1 1" 'the next page is said to be at "https://elsewhere\.example/.*which is not "https://localhost'
stops "a page that leads nowhere" "fault nolink users 1 1" 'says neither where the next page is nor that it was the last one'
stops "a permission that was taken away" "permissions User.Read.All
expire" 'Authorization_RequestDenied.*GroupMember\.Read\.All'
vendor_tell "permissions User.Read.All GroupMember.Read.All
expire"

# ---- what looks whole and is not --------------------------------------------------------------------------------------------------

vendor_tell "fault missing users 1 1"
run=$(sync)
is "a page that is left out: nobody who is there is removed" "$(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(roster_digest)" "0 $before"
vendor_tell "well
fault early users 1 1"
run=$(sync)
is "an end before the end: nobody who is there is removed" "$(jq -r '.counts["member.suspended"] // 0' <<<"$run") $(roster_digest)" "0 $before"
vendor_tell well
is "and nothing is new afterwards" "$(sync | counts)" ""

# ---- what happens while everybody is read -----------------------------------------------------------------------------------------

sync_slowly() { # sync_slowly COMMANDS: a whole listing; the commands are told when its second page has been asked for
	vendor_tell "forget
fault 503 users 2 4"
	sync >"$flow_dir/slow" &
	local pid=$!
	for _ in $(seq 400); do [ "$(vendor_requests users)" -ge 3 ] && break; sleep 0.05; done
	vendor_tell "$1" >/dev/null
	wait "$pid"
	vendor_tell well
}
sync_slowly "delete 3
disable 4
leave team-0001 5
hire"
is "whoever is hired or blocked meanwhile is seen at once" "$(jq -r '"\(.state) \(.counts["member.joined"]) \(.counts["member.suspended"])"' "$flow_dir/slow")" "done 1 1"
like "whoever was deleted meanwhile is out with the next reading" "$(changed | counts)" 'member.suspended=1$'
is "and is nobody else" "$(state_of 3) $(state_of 4) $(state_of 6)" "suspended suspended active"
is "which reading everybody confirms" "$(sync | counts)" ""
vendor_tell "forget
fault 503 users 2 4"
sync >"$flow_dir/slow" &
slow=$!
for _ in $(seq 400); do [ "$(vendor_requests users)" -ge 3 ] && break; sleep 0.05; done
vendor_tell "forget-places 410"
wait "$slow"
vendor_tell well
is "a place that is forgotten in the middle: it begins again, or fails, and nobody is touched" "$(jq -r '.counts["member.suspended"] // 0' "$flow_dir/slow")" 0
is "and the next one is whole" "$(sync | jq -r '"\(.state) \(.whole) \(.counts)"')" "done true {}"

# ---- who went ---------------------------------------------------------------------------------------------------------------------

vendor_tell "purge 77
disable 78"
run=$(changed)
is "afterwards whoever was deleted or blocked is out" "$(state_of 77) $(state_of 78)" "suspended suspended"
is "and nobody else" "$(jq -r '.counts["member.suspended"]' <<<"$run")" 2
like "a certificate that Entra does not have is told as such" \
	"$(ctl connection set acme/people --set certificate=@"$flow_dir/other.pem" --secret private_key=@"$flow_dir/other.key" >/dev/null; ctl connection test acme/people 2>&1)" \
	'AADSTS700027.*upload "certificate" to this app registration'
like "so is one that is another key's" \
	"$(ctl connection set acme/people --set certificate=@"$flow_dir/client.pem" --secret private_key=@"$flow_dir/other.key" 2>&1; ctl connection test acme/people 2>&1)" \
	'"certificate": the certificate is that of another private key'
secrets=$(grep -c -e 'BEGIN PRIVATE' -e eyJ "$flow_dir/log")
is "no key and no token is in the log" "$secrets" 0
is "and the plug-in has never crashed" "$(grep -ac 'plugin.crashed' "$flow_dir/log")" 0
done_testing
