#!/bin/bash
# What changed since the last reading: people, groups, memberships and roles come and go with it, and nothing else is touched; when it cannot
# be told, everything is read.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

lines='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=1
person: id=u4; user=dan; email=dan@acme.example; name=Dan; at=1
group: id=g1; name=Admins; at=1
group: id=g2; name=Inner; at=1
group: id=g3; name=Owls; at=1
member: group=g1; member=u1; at=1
member: group=g1; member=g2; at=1
member: group=g2; member=u2; at=1
member: group=g3; member=u9; at=1'
serve "$lines"
acme_served --role Admins=admin --remove-admins-most 9 --remove-most 2
is "without a reading before, what changed is everything" "$(sync --scope changed | jq -r '"\(.state) \(.scope): \(.scope_reason)"')" \
	"done all: there was no whole listing before"
is "everybody is here" "$(roster)" "ada admin active
bob admin active
cyd member active
dan member active"

is "nothing changed: nothing is read" "$(sync --scope changed | jq -r '"\(.state) \(.scope) \(.people) \(.whole)"')" "done changed 0 null"
before=$(roster_digest)
is "and a whole listing has nothing to add" "$(sync | counts)" ""
is "not even what a reading keeps for itself" "$(roster_digest)" "$before"

serve "$lines
person: id=u5; user=eve; email=eve@acme.example; name=Eve; at=2" "s/name=Bob; at=1/name=Bobby; at=2/"
is "who is new comes, who is different changes" "$(sync --scope changed | counts)" "member.joined=1 member.updated=1"
is "and they alone were read" "$(query "SELECT people FROM runs ORDER BY asked_at DESC LIMIT 1")" 2
is "their roles are as they were" "$(roster | head -n 2)" "ada admin active
bob admin active"
is "without a scope everything is read, and nothing was missed" "$(sync | jq -r '"\(.scope) \(.missed) \(.counts)"')" "all 0 {}"

# ---- who is gone ----
lines=$(printf '%s\n' "$(served)" | sed '/user=dan/d')
serve "$lines
gone: id=u4; at=3
gone: id=never; at=3"
is "who is gone goes; whom we never knew is nobody's loss" "$(sync --scope changed | counts)" "member.suspended=1"
is "and nobody else" "$(roster | grep -c active)" 4
serve "$(served)" 's/^gone: id=u4; at=3$/person: id=u4; user=dan; email=dan@acme.example; name=Dan; at=4/'
is "who comes back is back" "$(sync --scope changed | counts)" "member.restored=1"
is "in the same account" "$(query "SELECT count(*), count(gone_at) FROM accounts WHERE remote_id = 'u4'")" "1|0"

# ---- groups ----
serve "$(served)
member: group=g2; member=u3; at=5"
is "a member more, by name alone: through a nested group" "$(sync --scope changed | counts)" "group.member_added=1 member.role_changed=1"
is "has its role" "$(roster | grep cyd)" "cyd admin active"
is "the other member of that group stays" "$(query "SELECT count(*) FROM group_accounts k JOIN groups g ON g.id = k.group_id WHERE g.remote_id = 'g2'")" 2
serve "$(served)
gone: group=g2; member=u2; at=6" '/^member: group=g2; member=u2/d'
is "a member less" "$(sync --scope changed | counts)" "group.member_removed=1 member.role_changed=1"
is "has lost it" "$(roster | grep bob)" "bob member active"
serve "$(served)
gone: group=g1; member=g2; at=7" '/^member: group=g1; member=g2/d'
is "a group that is nested no more" "$(sync --scope changed | counts)" "group.group_removed=1 member.role_changed=1"
is "yields nothing" "$(roster | grep -c admin)" 1
serve "$(served)" 's/^group: id=g2; name=Inner; at=1/group: id=g2; name=Admins; at=8/; s/^group: id=g1; name=Admins; at=1/group: id=g1; name=Engineers; at=8/'
is "names change places, and what they yield with them" "$(sync --scope changed | counts)" "group.updated=2 member.role_changed=2"
is "to whom it concerns" "$(roster)" "ada member active
bob member active
cyd admin active
dan member active
eve member active"
serve "$(served)
person: id=u9; user=ida; email=ida@acme.example; name=Ida; at=9"
is "a member whom a group named before they were there" "$(sync --scope changed | counts)" "group.member_added=1 member.joined=1"
serve "$(served)
gone: group=g3; at=10" '/^group: id=g3/d;/^member: group=g3;/d'
is "a group that is gone" "$(sync --scope changed | counts)" "group.member_removed=1 group.removed=1"
is "all of it, as a whole listing sees it" "$(sync | jq -r '"\(.scope) \(.missed) \(.counts)"')" "all 0 {}"

# ---- who is there, instead of who is gone ----
script present
sync >/dev/null
serve "$(served)" '/user=eve/d'
is "who is neither given nor there is gone, after the word that this was all" \
	"$(sync --scope changed | jq -r '"\(.whole) \(.counts)"')" 'true {"member.suspended":1}'
query "UPDATE accounts SET gone_at = now() WHERE remote_id = 'u9'"
is "who is said to be as they were, and is not known: everything" "$(sync --scope changed | jq -r '"\(.scope): \(.scope_reason)"')" \
	"all: 1 of those who are said to be as they were are not known here"
script ""
sync >/dev/null

# ---- held, and dropped ----
serve "$(served)
gone: id=u1; at=12
gone: id=u2; at=12
gone: id=u3; at=12" '/^person: id=u[123];/d'
held=$(sync --scope changed)
is "the guard is the same" "$(jq -r .state <<<"$held")" held
like "with the same words" "$(jq -r .held_reason <<<"$held")" "3 of 5 active members would be suspended.*; at most 2 may"
is "the place has not moved" "$(query "SELECT convert_from(cursor, 'UTF8') FROM readings")" "10 0 10"
ctl sync drop "acme/$(jq -r .id <<<"$held")" >/dev/null
is "after a dropped one, everything is read" "$(sync --scope changed | jq -r '"\(.scope) \(.state) \(.scope_reason)"')" \
	"all held there is no place to go on from"
ctl sync drop "acme/$(query "SELECT id FROM runs WHERE state = 'held'")" >/dev/null
serve "$(served)
person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=13
person: id=u2; user=bob; email=bob@acme.example; name=Bobby; at=13
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=13" '/^gone: id=u[123]; at=12/d'
is "with everybody back there is nothing to do" "$(sync | counts)" ""

# ---- when what changed cannot be told ----
serve "$(served)
forgotten: at=14
person: id=u6; user=fay; email=fay@acme.example; name=Fay; at=15"
is "a place that is lost: everything, in the same run" "$(sync --scope changed | jq -r '"\(.state) \(.scope): \(.scope_reason)"')" \
	"done all: the place was lost: what was removed up to change 14 is forgotten, we know of 13"
ctl connection set acme/people --role Admins=viewer >/dev/null
is "another mapping: everything" "$(sync --scope changed | jq -r '"\(.scope): \(.scope_reason)"')" \
	"all: settings, mappings or verified domains are not those of the last reading"
is "and then what changed again" "$(sync --scope changed | jq -r .scope)" changed
query "UPDATE runs SET state = 'failed', error_code = 'plugin.deadline', error_text = 'late' WHERE id = (SELECT id FROM runs ORDER BY asked_at DESC LIMIT 1)"
is "more than one call has the time for: everything, whose pages are small" "$(sync --scope changed | jq -r '"\(.scope): \(.scope_reason)"')" \
	"all: a reading of what changed took longer than a plug-in may"
is "and then what changed again" "$(sync --scope changed | jq -r .scope)" changed
ctl domain add acme other.example >/dev/null
is "another verified domain: everything" "$(sync --scope changed | jq -r .scope)" all
script "incomplete_at 1"
sync >/dev/null
script ""
is "after a listing that was not whole: everything" "$(sync --scope changed | jq -r .scope)" all

# ---- whose time has come ----
ctl connection set acme/people --schedule 10s >/dev/null
until_runs() { for _ in $(seq 400); do [ "$(query "SELECT count(*) FROM runs WHERE asked_by = 'schedule' AND state = 'done' AND $1")" -gt 0 ] && return 0; sleep 0.1; done; return 1; }
ok "what is due is what changed" until_runs "scope = 'changed'"
query "UPDATE readings SET whole_at = now() - interval '25 hours'; UPDATE connections SET next_due_at = now()"
ok "once a day it is everything" until_runs "scope = 'all' AND scope_reason = 'a whole listing is due'"
done_testing
