#!/bin/bash
# One vendor's directory of PEOPLE with GROUPS groups, by its simulator over HTTPS with its limits on: what a first reading, a reading of what changed and a
# message about one person cost in requests, and whether whoever left is out.
#
#   NAME-first      requests of the first reading, by the least that there are pages; the goal is 1.05
#   NAME-changed    requests of a reading after five changes; the goal is 20, however many people there are
#   NAME-message    requests for a message about one who left; the goal is 2
#   NAME-still-in   who left and is a member, has a session or a token that counts; the goal is 0
#
# Times are shown, and judge nothing.
#
#   tests/bench/vendors.sh okta|entra|google|auth0 [PEOPLE [GROUPS]]     50000 with 500
FLOW_POSTGRES="fsync=on full_page_writes=on shared_buffers=256MB max_wal_size=4GB"
FLOW_SETTINGS='public_url = "https://roster.example"'
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/vendor_server.sh"
. "$SRCDIR/tests/flows/google_account.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
name=$1 people=${2:-50000} groups=${3:-500}
PATIENCE=12000

figure() { awk -v n="vendor-$name-$1" -v v="$2" -v g="$3" 'BEGIN { printf "%s %s %s %s\n", n, v, g, v + 0 <= g + 0 ? "ok" : "short" }'; }
pages() { echo $((($1 + $2 - 1) / $2)); } # pages RECORDS SIZE
member_pages() { # member_pages SIZE: of all groups, each of which is asked for once at least
	query "SELECT sum(greatest(1, ceil(n / $1.0))) FROM (SELECT count(k.account_id) AS n FROM groups g LEFT JOIN group_accounts k ON k.organisation = g.organisation AND k.group_id = g.id GROUP BY g.id) c"
}
secret() { (umask 077 && printf %s "$2" >"$flow_dir/$1"); }
post() { printf %s "$1" | curl -s -m 60 --unix-socket "$socket" -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "${@:2}" --data-binary @- "http://localhost$hook"; }
connect() { ctl connection create acme "$name" people --set ca_certificate=@"$vendor_ca" --schedule never --remove-most 1000 "$@" >/dev/null; }

# ---- the four: how each is set up, the least requests of a first reading, who leaves there, and the message about them

okta_open() {
	secret token 00theToken
	secret hook 'my shared secret'
	vendor_start okta --people="$people" --groups="$groups" --token=00theToken
	connect --set org_url="$vendor_url" --secret api_token=@"$flow_dir/token" --secret hook_secret=@"$flow_dir/hook"
}
# People, those who are deactivated, groups, the members of each, and which org it is.
okta_least() { echo $(($(pages "$people" 200) + 1 + $(pages "$groups" 200) + $(member_pages 1000) + 1)); }
okta_leaves() { vendor_tell "status $1 DEPROVISIONED" >/dev/null; }
okta_message() {
	post '{"eventType":"com.okta.event_hook","eventId":"e1","data":{"events":[{"uuid":"e1","eventType":"user.lifecycle.deactivate","target":[{"id":"'"$1"'","type":"User"}]}]}}' \
		-H 'Authorization: my shared secret'
}

entra_open() {
	secret secret theSecret~1
	secret state theClientState
	vendor_start entra --people="$people" --groups="$groups" --tenant=84bd8158-6d4d-4958-8b9f-9d6445542f95 --client=535fb089-9ff3-47b6-9bfb-4f1264799865 --secret=theSecret~1
	vendor_tell "hook-socket $socket" >/dev/null
	connect --set tenant=84bd8158-6d4d-4958-8b9f-9d6445542f95 --set client_id=535fb089-9ff3-47b6-9bfb-4f1264799865 --set graph_url="$vendor_url" --set login_url="$vendor_url" \
		--secret client_secret=@"$flow_dir/secret" --secret client_state=@"$flow_dir/state"
}
# A delta query gives 200 people a page, and groups with 500 members of theirs.
entra_least() { echo $(($(pages "$people" 200) + $(pages "$groups" 200) + people * 2 / 500)); }
entra_leaves() { vendor_tell "disable $1" >/dev/null; }
entra_message() {
	post '{"value":[{"id":"m1","subscriptionId":"7f105c7d-2dc5-4530-97cd-4e7ae6534c07","clientState":"theClientState","changeType":"updated","resource":"Users/'"$1"'","tenantId":"84bd8158-6d4d-4958-8b9f-9d6445542f95","resourceData":{"@odata.type":"#Microsoft.Graph.User","id":"'"$1"'"}}]}'
}

google_open() {
	secret channel theChannelToken
	google_start --people="$people" --groups="$groups"
	google_connection --secret channel_token=@"$flow_dir/channel" --remove-most 1000 >/dev/null
}
# People, groups, members of each, the administrator, a token, and where the Reports API is.
google_least() { echo $(($(pages "$people" 500) + $(pages "$groups" 200) + $(member_pages 200) + 3)); }
google_leaves() { vendor_tell "suspend $1" >/dev/null; }
google_message() {
	post '{"kind":"admin#directory#user","id":"'"$1"'","etag":"\"x\"","primaryEmail":"a@acme.example"}' -H 'X-Goog-Channel-ID: 01234567-89ab-cdef-0123456789ab' \
		-H 'X-Goog-Channel-Token: theChannelToken' -H 'X-Goog-Resource-State: update' -H 'X-Goog-Message-Number: 10' -H 'X-Goog-Resource-ID: B4ibMJiIhTjAQd7Ff2K2bexk8G4'
}

auth0_open() {
	secret secret theSecret
	secret stream 'Bearer streamToken'
	vendor_start auth0 --people="$people" --groups="$groups" --client=aBcDeFgH --secret=theSecret
	connect --set domain="$vendor_url" --set client_id=aBcDeFgH --secret client_secret=@"$flow_dir/secret" --secret hook_authorization=@"$flow_dir/stream"
}
# People, roles, who has each, and a token. A search shows 1,000, so each page begins at the millisecond where the one before ended; in the simulator a
# thousandth of all were created in one, and they come again.
auth0_least() { echo $(($(pages "$people" $((99 - people / 1000))) + $(pages "$groups" 100) + $(member_pages 100) + 1)); }
auth0_leaves() { vendor_tell "block $1" >/dev/null; }
auth0_message() { post '{"id":"evt_1","type":"user.updated","specversion":"1.0","data":{"object":{"user_id":"'"$1"'"}}}' -H 'Authorization: Bearer streamToken'; }

# ---- what is measured

took() { query "SELECT extract(epoch FROM finished_at - started_at)::numeric(10,1) || ' s' FROM runs WHERE state = 'done' ORDER BY asked_at DESC LIMIT 1"; }
nothing_due() { eventually "NOT EXISTS (SELECT FROM notification_due WHERE ended_at IS NULL) AND NOT EXISTS (SELECT FROM runs WHERE state IN ('asked', 'reading', 'reconciling'))"; }
of_leaver="members m JOIN accounts a USING (organisation, user_id) WHERE a.user_name = 'person000080@acme.example'"

flow_start
ctl org create Acme --type enterprise --default-role member >/dev/null && ctl domain add acme acme.example >/dev/null && "${name}_open" || exit 1
hook_open
[ "$name" = okta ] || [ "$name" = auth0 ] || eventually "state = 'active' FROM subscriptions" || exit 1
vendor_tell forget >/dev/null
run=$(sync)
[ "$(jq -r '"\(.state) \(.whole)"' <<<"$run")" = "done true" ] || { diag "$run"; exit 1; }
echo "# $name: first reading: $(jq -r '"\(.people) people, \(.groups) groups, \(.memberships) memberships in"' <<<"$run") $(took), $(vendor_requests) requests: $(vendor_tell requests | tr '\n' ' ')" >&2
figure first "$(awk -v a="$(vendor_requests)" -v b="$("${name}_least")" 'BEGIN { printf "%.3f", a / b }')" 1.05

sync --scope changed >/dev/null # where the first one ends, what changed meanwhile is read once more
for n in 81 82 83 84; do "${name}_leaves" $n; done
vendor_tell "set 85 family_name Elsewhere
forget" >/dev/null
run=$(sync --scope changed)
echo "# $name: five changes: $(jq -rc '"\(.scope) \(.counts)"' <<<"$run") in $(took), $(vendor_requests) requests" >&2
figure changed "$(vendor_requests)" 20

(umask 077; ctl token create leaver --organisation acme --member person000080@acme.example 2>/dev/null >"$flow_dir/leaver")
query "INSERT INTO sessions (hash, organisation, id, user_id, idle_ms, expires_at)
	SELECT sha256('a session'), m.organisation, gen_random_uuid(), m.user_id, 3600000, now() + interval '1 hour' FROM $of_leaver" >/dev/null
"${name}_leaves" 80
id=$(query "SELECT remote_id FROM accounts WHERE user_name = 'person000080@acme.example'")
vendor_tell forget >/dev/null
status=$("${name}_message" "$id")
nothing_due
eventually "state = 'suspended' FROM $of_leaver"
echo "# $name: a message about one who left: answered $status, $(vendor_requests) requests, $(query "SELECT round(extract(epoch FROM r.finished_at - n.received_at)::numeric, 2)
	FROM notifications n, runs r WHERE r.asked_by = 'notification' ORDER BY r.asked_at DESC LIMIT 1") s until it was applied" >&2
figure message "$(vendor_requests)" 2
still=$(query "SELECT (SELECT count(*) FROM $of_leaver AND m.state <> 'suspended') + (SELECT count(*) FROM sessions WHERE ended_at IS NULL)")
! "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/leaver" whoami >/dev/null 2>&1 || still=$((still + 1))
figure still-in "$still" 0
