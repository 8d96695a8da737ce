#!/bin/bash
# How long it takes until whoever left is out: two daemons on one database, told by an org of Okta (a simulator that keeps a limit of requests) of
# EVENTS events a second, each about somebody; some of those have left. Each had a token, and both daemons must refuse it.
#
#   offboarding-lost      who left and is still in, or whose token a daemon still takes, once every message was handled; the goal is 0
#   offboarding-requests  requests to the vendor for each message; the goal is 1 (few: many messages become one question)
#
# Absolute times are shown, and judge nothing: from the receipt of a message to the question, from the answer to the commit, and, as an application sees it,
# from the message being sent to the first refusal of the token.
#
#   tests/bench/offboarding.sh [EVENTS [SECONDS [LIMIT]]]     50 a second for 10 seconds; LIMIT: requests that the org allows in ten seconds, 1000 and then 20
FLOW_POSTGRES="fsync=on full_page_writes=on shared_buffers=256MB"
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
events=${1:-50} seconds=${2:-10} limits=${3:-1000 20}
people=$((events * seconds)) leavers=$((events * seconds / 25))
flow_start
vendor_start okta --people="$people" --groups=1 --token=00theToken
sed "s#^socket = .*#socket = \"$flow_dir/other.sock\"#; s#^listen = .*#listen = { \"127.0.0.1:0\" }#" "$flow_dir/rosterd.conf" >"$flow_dir/other.conf"
"$BUILDDIR/rosterd" --config "$flow_dir/other.conf" >>"$flow_dir/other.log" 2>&1 &
flow_also="kill $! 2>/dev/null; $flow_also"
(umask 077 && printf 00theToken >"$flow_dir/token" && printf 'my shared secret' >"$flow_dir/secret")
ctl org create Acme --type enterprise --default-role member >/dev/null && ctl domain add acme acme.example >/dev/null &&
	ctl connection create acme okta people --set org_url="$vendor_url" --set ca_certificate=@"$vendor_ca" --secret api_token=@"$flow_dir/token" \
		--secret hook_secret=@"$flow_dir/secret" --schedule never --remove-most 100000 >/dev/null && sync >/dev/null || exit 1
id=$(ctl connection show acme/people --json | jq -r .id)

figure() { awk -v n="$1" -v v="$2" -v g="$3" 'BEGIN { printf "%s %s %s %s\n", n, v, g, v <= g ? "ok" : "short" }'; }
# What curl sends from one of the two senders: each person once, in the order of their number, every other one.
sender() { # sender ROUND FIRST SOCKET
	local n user first=yes
	while IFS='|' read -r n user; do
		[ $((n % 2)) = "$2" ] || continue
		[ -n "$first" ] || echo next
		first=
		printf 'url = "http://localhost/hooks/%s"\nunix-socket = "%s"\nheader = "Authorization: my shared secret"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\nsilent\n' "$id" "$3"
		printf 'data = "{\\"eventType\\":\\"com.okta.event_hook\\",\\"eventTypeVersion\\":\\"1.0\\",\\"cloudEventsVersion\\":\\"0.1\\",\\"source\\":\\"https://acme.okta.com/api/v1/eventHooks/who7\\",\\"eventId\\":\\"r%s-%s\\",\\"contentType\\":\\"application/json\\",\\"data\\":{\\"events\\":[{\\"uuid\\":\\"r%s-%s\\",\\"published\\":\\"2026-11-29T18:00:00.000Z\\",\\"eventType\\":\\"user.lifecycle.deactivate\\",\\"version\\":\\"0\\",\\"severity\\":\\"INFO\\",\\"target\\":[{\\"id\\":\\"%s\\",\\"type\\":\\"User\\",\\"alternateId\\":\\"a@acme.example\\",\\"displayName\\":\\"A\\"}]}]}}"\n' \
			"$1" "$n" "$1" "$n" "$user"
	done <"$flow_dir/users"
}
taken_by() { "$BUILDDIR/rosterctl/rosterctl" --socket "$1" --token-file "$2" whoami >/dev/null 2>&1; } # SOCKET TOKEN-FILE
sum_of() { # sum_of METRIC: over both daemons
	{ ctl metrics; "$BUILDDIR/rosterctl/rosterctl" --socket "$flow_dir/other.sock" metrics; } 2>/dev/null | awk -v m="$1" 'index($1, m) == 1 { s += $2 } END { print s + 0 }'
}
query "SELECT substr(a.user_name, 7, 6)::int || '|' || a.remote_id FROM accounts a WHERE a.user_name ~ '^person[0-9]{6}@' ORDER BY a.user_name" >"$flow_dir/users"
round=0
for limit in $limits; do
	round=$((round + 1))
	leaving=$(awk -F'|' -v n=$leavers -v r=$round -v of="$people" '{ if ((NR + 12) % int(of / n) == r) print $1 }' "$flow_dir/users")
	for n in $leaving; do
		(umask 077; ctl token create "t$n" --organisation acme --member "$(printf 'person%06d@acme.example' "$n")" 2>/dev/null >"$flow_dir/token.$n")
	done
	vendor_tell "window 10
limit users $limit
limit users/id $limit
forget
$(for n in $leaving; do echo "status $n DEPROVISIONED"; done)" >/dev/null
	asked=$(sum_of rosterd_notification_asked_seconds_sum) asked_count=$(sum_of rosterd_notification_asked_seconds_count)
	refused=$(sum_of rosterd_offboarding_seconds_sum) refused_count=$(sum_of rosterd_offboarding_seconds_count)
	sender $round 0 "$socket" >"$flow_dir/one.curl"
	sender $round 1 "$flow_dir/other.sock" >"$flow_dir/two.curl"
	curl -K "$flow_dir/one.curl" --rate $((events / 2))/s >"$flow_dir/one.status" & one=$!
	curl -K "$flow_dir/two.curl" --rate $((events / 2))/s >"$flow_dir/two.status" & two=$!
	begun=$(date +%s.%N)
	wait $one $two
	sent=$(awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
	for _ in $(seq 3000); do [ "$(query "SELECT count(*) FROM notifications WHERE state = 'waiting'")" = 0 ] && break; sleep 0.2; done
	lost=0
	for n in $leaving; do
		[ "$(query "SELECT m.state FROM members m JOIN accounts a USING (organisation, user_id) WHERE a.user_name = '$(printf 'person%06d@acme.example' "$n")'")" = suspended ] &&
			! taken_by "$socket" "$flow_dir/token.$n" && ! taken_by "$flow_dir/other.sock" "$flow_dir/token.$n" || lost=$((lost + 1))
	done
	messages=$(query "SELECT count(*) FROM notifications WHERE message_id LIKE 'r$round-%'")
	requests=$(vendor_requests)
	echo "# $(cat "$flow_dir/one.status" "$flow_dir/two.status" | sort | uniq -c | awk '{ printf "%s answered %s, ", $1, $2 }')sent in $sent s; $messages messages became $(query "SELECT count(*) FROM runs WHERE asked_by = 'notification' AND id IN (SELECT d.run FROM notification_due d JOIN notifications n ON n.id = d.notification WHERE n.message_id LIKE 'r$round-%')") runs and $requests requests, of $limit that are allowed in 10 s" >&2
	awk -v a="$(sum_of rosterd_notification_asked_seconds_sum)" -v b="$asked" -v c="$(sum_of rosterd_notification_asked_seconds_count)" -v d="$asked_count" \
		-v e="$(sum_of rosterd_offboarding_seconds_sum)" -v f="$refused" -v g="$(sum_of rosterd_offboarding_seconds_count)" -v h="$refused_count" 'BEGIN {
		printf "# from a message to the question %.3f s on average of %d, from the answer to the commit %.3f s of %d who left\n", (a - b) / (c - d), c - d, (e - f) / (g - h), g - h }' >&2
	query "SELECT '# from a message to its end: median ' || round(percentile_disc(0.5) WITHIN GROUP (ORDER BY s)::numeric, 3) || ' s, 99 of 100 ' || round(percentile_disc(0.99) WITHIN GROUP (ORDER BY s)::numeric, 3) || ' s, at most ' || round(max(s)::numeric, 3) || ' s'
		FROM (SELECT extract(epoch FROM d.ended_at - d.received_at) AS s FROM notification_due d JOIN notifications n ON n.id = d.notification WHERE n.message_id LIKE 'r$round-%') q" >&2
	figure offboarding-lost "$((lost + people - messages))" 0
	figure offboarding-requests "$(awk -v a="$requests" -v b="$messages" 'BEGIN { printf "%.3f", a / b }')" 1
done
