#!/bin/bash
# A directory is asked to send messages: once, again before it ends or when the connection is another, and no more when it is paused or deleted. What the
# plug-in keeps for that is sealed, and opens for its connection alone.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
FLOW_SETTINGS='public_url = "https://roster.example"
metrics {
	interval = "1s"
}'
flow_start

serve 'person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1'
acme_notified
of() { echo "FROM subscriptions s JOIN connections c ON c.id = s.connection WHERE c.name = '${1:-people}'"; }
of_people=$(of)
kept() { query "SELECT count(*) FROM connection_kept k JOIN connections c ON c.id = k.connection WHERE c.name = '${1:-people}' AND k.name = 'subscription'"; }
overdue() { query "UPDATE subscriptions SET renew_at = now() - interval '1 second', renewed_at = renewed_at - interval '1 day' WHERE renew_at IS NOT NULL"; }

ok "the directory is asked for messages" eventually "s.state = 'active' $(of)"
is "what it is called is kept" "$(kept)" 1
is "and sealed" "$(query "SELECT count(*) FROM connection_kept WHERE position('example to'::bytea IN sealed) > 0")" 0
is "until when it counts is shown" "$(ctl connection show acme/people --json | jq -r '.subscription | "\(.state) \(.renew_at > .renewed_at) \(.error_text) \(.tries)"')" "active true null 0"
like "to people, too" "$(ctl connection show acme/people)" 'subscription +active'
overdue
ok "it is renewed before it ends" eventually "s.renewed_at > now() - interval '1 minute' AND s.renew_at > now() $(of)"
query "DELETE FROM connection_kept"
overdue
ok "one that is gone there is made again" eventually "s.state = 'active' AND s.renewed_at > now() - interval '1 minute' $(of)"
is "under a name that is kept" "$(kept)" 1
version=$(query "SELECT s.version $(of)")
ctl connection set acme/people --remove-most 9 >/dev/null
ok "another connection than before asks again" eventually "s.version > $version AND s.state = 'active' $(of)"

# ---- what nobody was told meanwhile
due() { query "SELECT count(*) FROM notification_due"; }
is "before anybody has read the directory, nothing was missed" "$(due)" 0
is "everybody is read" "$(sync | jq -r '"\(.state) \(.scope)"')" "done all"
overdue
ok "one that is renewed in time" eventually "s.renewed_at > now() - interval '1 minute' AND s.renew_at > now() $of_people"
ctl connection set acme/people --remove-most 8 >/dev/null
ok "or goes on as its connection is changed" eventually "s.state = 'active' AND s.version = c.version $of_people"
is "misses nothing" "$(due)" 0
missed() { # missed WHAT NAME: somebody new, whom no message is about, is found
	serve "$(served)
person: id=$2; user=$2; email=$2@acme.example; name=$2; at=${2#u}"
	eval "$3"
	ok "$1: what was not told is read" eventually "count(*) = 1 FROM members WHERE name = '$2'"
	is "by a reading of what changed, which nobody asked for" "$(query "SELECT scope || ' ' || asked_by FROM runs ORDER BY asked_at DESC LIMIT 1")" "changed notification"
}
missed "one that was gone" u2 'query "DELETE FROM connection_kept"; overdue'
missed "one that may have ended before it was renewed" u3 \
	"query \"UPDATE subscriptions SET renew_at = now() - interval '1 hour', renewed_at = renewed_at - interval '1 day' WHERE renew_at IS NOT NULL\""
missed "one that was taken back meanwhile" u4 "ctl connection set acme/people --state paused >/dev/null
	ok 'paused' eventually \"s.state = 'none' $of_people\"
	ctl connection set acme/people --state active >/dev/null"
moves() { # moves TO: the world reaches us there from now on
	sed -i "s#^public_url = .*#public_url = \"$1\"#" "$flow_dir/rosterd.conf"
	ctl reload >/dev/null
}
before=$(query "SELECT sealed FROM connection_kept WHERE name = 'subscription'")
missed "one to an address where we were" u5 'query "UPDATE subscriptions SET asked_at = now() - interval '"'1 hour'"'"; moves https://moved.example'
ok "messages are asked to the new address" test "$(query "SELECT sealed FROM connection_kept WHERE name = 'subscription'")" != "$before"
ok "once" eventually "s.address = 'https://moved.example' AND s.asked_at > now() - interval '1 minute' AND s.claimed_by IS NULL $of_people"
asked=$(query "SELECT s.asked_at $of_people")
moves https://roster.example
sleep 3
is "and no sooner again than a minute later, for daemons that do not agree where they are" "$(query "SELECT s.asked_at $of_people")" "$asked"
query "UPDATE subscriptions SET asked_at = now() - interval '1 hour'"
ok "but then" eventually "s.address = 'https://roster.example' $of_people"
metrics=$(ctl metrics 2>/dev/null)
like "askings are counted" "$metrics" 'rosterd_subscription_requests_total\{plugin="example",action="renew",result="failed"\} 2'
like "by what was wanted" "$metrics" 'rosterd_subscription_requests_total\{plugin="example",action="unsubscribe",result="done"\} 1'
figures() { for _ in $(seq 100); do metrics=$(ctl metrics 2>/dev/null); grep -qxE "$1" <<<"$metrics" && return 0; sleep 0.1; done; diag "$(grep rosterd_subscriptions <<<"$metrics")"; return 1; }
ok "and those that there are" figures 'rosterd_subscriptions\{state="active"\} 1'

# ---- in another's place
printf 'other' >"$flow_dir/other.secret"; chmod 600 "$flow_dir/other.secret"
ctl connection create acme example other --set directory='# nobody' --secret hook_secret=@"$flow_dir/other.secret" >/dev/null
ok "another one has its own" eventually "s.state = 'active' $(of other)"
query "UPDATE connection_kept k SET sealed = (SELECT o.sealed FROM connection_kept o WHERE o.connection <> k.connection) WHERE connection = (SELECT id FROM connections WHERE name = 'other')"
query "UPDATE subscriptions SET renew_at = now() - interval '1 second', renewed_at = renewed_at - interval '1 day' WHERE connection = (SELECT id FROM connections WHERE name = 'other')"
before=$(query "SELECT sealed FROM connection_kept k JOIN connections c ON c.id = k.connection WHERE c.name = 'other'")
ok "what was sealed for one is nothing to the other" eventually "s.renewed_at > now() - interval '1 minute' $(of other)"
ok "which asks anew" test "$(query "SELECT sealed FROM connection_kept k JOIN connections c ON c.id = k.connection WHERE c.name = 'other'")" != "$before"

# ---- failures
ctl connection set acme/other --set script='fail_subscribe 1' --secret hook_secret=@"$flow_dir/other.secret" >/dev/null
ok "one that cannot be made is tried again later" eventually "s.tries = 1 AND s.not_before > now() $(of other)"
is "and says why" "$(ctl connection show acme/other --json | jq -r '.subscription | "\(.error_code) \(.error_text)"')" "plugin.try_later the script says so: no subscription"
query "UPDATE subscriptions SET not_before = now()"
ok "and again" eventually "s.tries = 2 $(of other)"
ctl connection set acme/other --set script= --secret hook_secret=@"$flow_dir/other.secret" >/dev/null
query "UPDATE subscriptions SET not_before = now()"
ok "until it goes well" eventually "s.state = 'active' AND s.tries = 0 AND s.error_text IS NULL $(of other)"
ctl connection create acme example quiet --set directory='# nobody' >/dev/null
ok "who wants none has none" eventually "s.state = 'none' AND s.tries = 0 AND s.version > 0 $(of quiet)"

# ---- the end
ctl connection set acme/people --state paused >/dev/null
ok "a paused connection wants no more" eventually "s.state = 'none' $(of)"
is "and keeps nothing of it" "$(kept)" 0
ctl connection set acme/people --state active >/dev/null
ok "once it goes on, it does" eventually "s.state = 'active' $(of)"
ctl connection delete acme/other --people keep --yes >/dev/null 2>&1
ok "a deleted one wants no more" eventually "s.state = 'none' $(of other)"
is "and nobody is at it any more" "$(query "SELECT count(*) FROM subscriptions WHERE claimed_by IS NOT NULL")" 0
done_testing
