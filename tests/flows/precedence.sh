#!/bin/bash
# Two directories and a person say something of the same people: whose word counts, and who is next.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# show NAME TEXT: what the directory shows from now on, and a run of it
show() {
	printf '%s\n' "$2" >"$flow_dir/$1.txt"
	ctl connection set "acme/$1" --set directory=@"$flow_dir/$1.txt" >/dev/null
	ctl sync run "acme/$1" --wait --json 2>"$flow_dir/sync.err" | counts
}
# What the member with this address anywhere shows: "name|title|department|role role_source|state|connection"
shows() {
	query "SELECT concat_ws('|', m.name, coalesce(m.title, '-'), coalesce(m.department, '-'), m.role || ' ' || m.role_source, m.state, c.name)
		FROM members m LEFT JOIN connections c ON c.organisation = m.organisation AND c.id = m.connection
		WHERE m.user_id = '$1'"
}
leads() { query "UPDATE connections SET precedence = $2 WHERE name = '$1'"; }
ada_in_hr='person: id=h1; user=ada; email=ada@acme.example; name=Ada Lovelace; title=Countess; department=Engines'
bob_in_hr='person: id=h2; user=bob; email=bob@acme.example; name=Bob'
bosses='group: id=g1; name=Bosses
member: group=g1; member=h1'
ada_in_it='person: id=i1; user=alove; email=ada@acme.example; name=A. Lovelace; title=Admin'
crew='person: id=i2; user=eve; email=eve@acme.example; name=Eve
group: id=g7; name=Crew
member: group=g7; member=i1'

printf '%s\n' "$ada_in_hr" "$bob_in_hr" "$bosses" >"$flow_dir/hr.txt"
printf '%s\n' "$ada_in_it" "$crew" >"$flow_dir/it.txt"
ctl org create Acme --type enterprise >/dev/null
ctl domain add acme acme.example >/dev/null
ctl connection create acme example hr --set directory=@"$flow_dir/hr.txt" --role Bosses=admin --remove-most 9 --remove-admins-most 9 >/dev/null
ctl connection create acme example it --set directory=@"$flow_dir/it.txt" --role Crew=viewer --remove-most 9 --remove-admins-most 9 >/dev/null
ctl sync run acme/hr --wait >/dev/null 2>&1
ada=$(query "SELECT user_id FROM accounts WHERE remote_id = 'h1'")

# ---- the older one leads
is "an entry in a second directory changes nobody whom the first one has" "$(ctl sync run acme/it --wait --json | counts)" \
	"account.linked=1 group.created=1 group.member_added=1 member.joined=1"
is "the older connection leads" "$(shows "$ada")" "Ada Lovelace|Countess|Engines|admin mapping|active|hr"
is "what the other one changes is kept with its account" "$(show it "${ada_in_it/Admin/Root}
$crew")" "account.updated=1"
is "and shown nowhere" "$(shows "$ada")" "Ada Lovelace|Countess|Engines|admin mapping|active|hr"
is "where the leading one says nothing, the next one is asked" "$(show hr "${ada_in_hr/; title=Countess/}
$bob_in_hr
$bosses" >/dev/null; shows "$ada")" "Ada Lovelace|Root|Engines|admin mapping|active|hr"
is "so for the role" "$(show hr "$ada_in_hr
$bob_in_hr
${bosses%%
*}" >/dev/null; shows "$ada")" "Ada Lovelace|Countess|Engines|viewer mapping|active|hr"
is "a title that changes nothing else is one line" "$(show hr "${ada_in_hr/Countess/Lady}
$bob_in_hr
$bosses")" "group.member_added=1 member.role_changed=1 member.updated=1"

# ---- handing over
is "lost by the leading one, kept by the other: handed over" "$(show hr "$bob_in_hr
${bosses%%
*}")" "account.gone=1 group.member_removed=1 member.handed_over=1 member.role_changed=1"
is "with everything that the next one says" "$(shows "$ada")" "A. Lovelace|Root|-|viewer mapping|active|it"
is "in words" "$(query "SELECT personal::jsonb -> 'before' || '{}' FROM audit WHERE action = 'member.handed_over' AND target = '$ada'
	ORDER BY id DESC LIMIT 1")" '{"name": "Ada Lovelace", "title": "Lady", "connection": "hr", "department": "Engines"}'
is "back in the leading one: back" "$(show hr "$ada_in_hr
$bob_in_hr
$bosses")" "account.seen=1 group.member_added=1 member.handed_over=1 member.role_changed=1"
is "as before" "$(shows "$ada")" "Ada Lovelace|Countess|Engines|admin mapping|active|hr"

# ---- the state
is "suspended by the leading one, whatever the other one says" "$(show hr "$ada_in_hr; suspended=yes
$bob_in_hr
$bosses")" "member.role_changed=1 member.suspended=1"
is "who is switched off there is no admin from there" "$(shows "$ada")" "Ada Lovelace|Countess|Engines|viewer mapping|suspended|hr"
is "the other one does not bring them back" "$(show it "$ada_in_it
$crew")" "account.updated=1"
is "gone from the leading one, the other one's word counts" "$(show hr "$bob_in_hr
${bosses%%
*}")" "group.member_removed=1 member.restored=1"
is "and it has them" "$(shows "$ada")" "A. Lovelace|Admin|-|viewer mapping|active|it"
is "suspended by the one that does not lead: nothing happens" "$(show hr "$ada_in_hr
$bob_in_hr
$bosses" >/dev/null; show it "$ada_in_it; suspended=yes
$crew")" "account.updated=1"
is "lost by both: suspended" "$(show it "${crew/member: *}" >/dev/null; show hr "$bob_in_hr
${bosses%%
*}")" "group.member_removed=1 member.suspended=1"
show hr "$ada_in_hr
$bob_in_hr
$bosses" >/dev/null
show it "$ada_in_it
$crew" >/dev/null
is "and back in both" "$(shows "$ada")" "Ada Lovelace|Countess|Engines|admin mapping|active|hr"

# ---- a role that a person set
ctl member role acme "$ada" member >/dev/null
is "stays, whatever the groups yield" "$(show hr "$ada_in_hr
$bob_in_hr
${bosses%%
*}" >/dev/null; shows "$ada")" "Ada Lovelace|Countess|Engines|member manual|active|hr"

# ---- somebody made by hand keeps name and address when a directory finds them
cyd=$(ctl member add acme cyd@acme.example "Cyd by hand" --json | jq -r .id)
query "INSERT INTO addresses (address, domain, user_id, proven_by) VALUES ('cyd@acme.example', 'acme.example', '$cyd', 'mail')"
is "a directory finds somebody made by hand" "$(show it "$ada_in_it
person: id=i3; user=cyd; email=cyd@acme.example; name=Cyd in IT; title=Guest
$crew
member: group=g7; member=i3")" "account.linked=1 group.member_added=1 member.handed_over=1 member.role_changed=1"
is "who keeps the name, and gets what nobody said yet" "$(shows "$cyd")" "Cyd by hand|Guest|-|viewer mapping|active|it"

# ---- another order is a plan
lines() { jq -r '.changes.items[] | "\(.kind) \(.name)"' | sort | paste -sd,; }
order() { ctl precedence set acme --json "$@" 2>"$flow_dir/err"; }
refuses() { # refuses WHAT CODE WORDS: the order is refused
	local what=$1 code=$2
	shift 2
	order "$@" >/dev/null
	is "$what" "$? $(grep -o "$code" "$flow_dir/err" | head -n 1)" "2 $code"
}
is "the order is shown" "$(ctl precedence show acme --json | jq -c '[.connections, .rules, .order.role, .order.state]')" \
	'[{"hr":100,"it":100},{},["manual","hr","it"],["hr","it"]]'
like "to people, too" "$(ctl precedence show acme)" 'role +manual, hr, it'
before=$(shows "$ada")
is "a plan of another order" "$(order --connection it=10 --plan-only | lines)" "member.handed_over A. Lovelace"
is "changes nothing" "$(shows "$ada") $(query "SELECT string_agg(precedence::text, ' ') FROM connections")" "$before 100 100"
is "done, it is one change" "$(order --connection it=10 | jq -r .state) $(shows "$ada")" "done A. Lovelace|Admin|Engines|member manual|active|it"
is "the audit has who wanted it, and the order" "$(query "SELECT actor_kind, personal::jsonb -> 'after' -> 'connections' ->> '$(query "SELECT id
	FROM connections WHERE name = 'it'")' FROM audit WHERE action = 'precedence.changed'")" "operator|10"
is "the same again changes nobody" "$(order --connection it=10 | jq -c .counts)" '{}'
is "a rule for one attribute" "$(order --rule name=hr --json | jq -r .state; shows "$ada")" "done
Ada Lovelace|Admin|Engines|member manual|active|it"
is "is shown" "$(ctl precedence show acme --json | jq -c '[.rules, .order.name, .order.title]')" '[{"name":["hr"]},["hr","manual","it"],["manual","it","hr"]]'
is "a rule may put a directory before what a person set" "$(order --rule role=it,manual | jq -r .state; shows "$ada")" "done
Ada Lovelace|Admin|Engines|viewer mapping|active|it"
ctl member role acme "$ada" admin >/dev/null 2>"$flow_dir/err"
is "a role by hand that would not count is refused" "$? $(grep -o 'member.role_led' "$flow_dir/err") $(shows "$ada" | cut -d '|' -f 4)" \
	"7 member.role_led viewer mapping"
like "with whose word counts" "$(cat "$flow_dir/err")" '"it" leads for the role and says "viewer"'
is "and what the person set is there when it has no word" "$(show it "$ada_in_it
${crew/member: *}" >/dev/null; shows "$ada")" "Ada Lovelace|Admin|Engines|member manual|active|it"
is "what was set by hand while it led, too" "$(ctl member role acme "$ada" admin >/dev/null; show it "$ada_in_it; department=Ops
${crew/member: *}" >/dev/null; shows "$ada")" "Ada Lovelace|Admin|Ops|admin manual|active|it"
is "somebody who leads by a rule gives the state" "$(order --rule state=hr >/dev/null; shows "$ada" | cut -d '|' -f 5-)" "active|hr"
order --rule role=none --rule state=none --rule name=none --connection it=100 >/dev/null
is "rules are taken away" "$(ctl precedence show acme --json | jq -c .rules) $(shows "$ada")" "{} Ada Lovelace|Countess|Engines|admin manual|active|hr"

# ---- a role that was set by hand is given back
gives_back() { ctl member role acme "$1" --by-directory --json 2>"$flow_dir/err" | jq -r '"\(.role) \(.role_source)"'; }
show hr "$ada_in_hr
$bob_in_hr
$bosses" >/dev/null
show it "$ada_in_it
$crew" >/dev/null
ctl member role acme "$ada" viewer >/dev/null
is "to the directories: the role is what the one that leads says" "$(gives_back "$ada")" "admin mapping"
is "the audit has both" "$(query "SELECT personal::jsonb ->> 'before' || (personal::jsonb ->> 'after') FROM audit WHERE action = 'member.role_changed'
	AND source = 'api' ORDER BY id DESC LIMIT 1")" '{"role": "viewer", "role_source": "manual"}{"role": "admin", "role_source": "mapping"}'
is "a run finds nothing to do about it" "$(show hr "$ada_in_hr
$bob_in_hr
$bosses")" ""
is "once more is nothing" "$(gives_back "$ada") $(query "SELECT count(*) FROM audit WHERE action = 'member.role_changed' AND source = 'api'")" \
	"admin mapping $(query "SELECT count(*) FROM audit WHERE action = 'member.role_changed' AND source = 'api'")"
is "the groups decide again" "$(show hr "$ada_in_hr
$bob_in_hr
${bosses%%
*}" >/dev/null; shows "$ada" | cut -d '|' -f 4)" "viewer mapping"
bob=$(query "SELECT user_id FROM accounts WHERE remote_id = 'h2'")
ctl member role acme "$bob" admin >/dev/null
is "of whom no directory has a word, the default one" "$(gives_back "$bob")" "member default"
is "and it stays so" "$(show hr "$ada_in_hr
$bob_in_hr
$bosses" >/dev/null; shows "$bob" | cut -d '|' -f 4)" "member default"
dan=$(ctl member add acme dan@acme.example Dan --role viewer --json | jq -r .id)
gives_back "$dan" >/dev/null
is "whom no directory shows nobody else decides for" "$(grep -o 'member.no_directory' "$flow_dir/err") $(query "SELECT role || ' ' || role_source FROM members WHERE user_id = '$dan'")" \
	"member.no_directory viewer manual"
ctl member role acme "$ada" viewer --by-directory >/dev/null 2>"$flow_dir/err"
is "a role and --by-directory are two things" "$?" 2
ctl member role acme "$ada" >/dev/null 2>"$flow_dir/err"
is "and neither is none" "$?" 2
member=$(ctl token create probe-member --role member --organisation acme --json | jq -r .token)
is "it is for whoever may change roles" "$(curl -s -X DELETE -H "Authorization: Bearer $member" --unix-socket "$socket" "http://x/v1/organisations/acme/members/$ada/role" | jq -r .code)" permission.role
ctl member role acme "$ada" admin >/dev/null

# ---- an order that takes somebody's role or place is looked at first
ctl member role acme "$ada" viewer >/dev/null
show hr "$ada_in_hr
$bob_in_hr
$bosses" >/dev/null
order --rule role=hr >/dev/null
is "given by a rule, she is an admin" "$(shows "$ada" | cut -d '|' -f 4)" "admin mapping"
order --rule role=none >"$flow_dir/run"
is "an order that takes an admin's role is held" "$?" 6
is "whoever looks at the order is told of it" "$(ctl precedence show acme --json | jq -r '[.pending.run, .pending.state] | join(" ")')" "$(jq -r .id "$flow_dir/run") held"
like "in words, too" "$(ctl precedence show acme | tail -n 1)" 'a change of it is held, so this is the order as it was: rosterctl sync show acme/'
like "and says so" "$(jq -r .held_reason "$flow_dir/run")" '0 members would be suspended, and 1 admin would lose the role'
is "until somebody approves" "$(shows "$ada" | cut -d '|' -f 4)" "admin mapping"
order --rule name=it >/dev/null
is "no other order is asked for meanwhile" "$? $(grep -o 'run.held' "$flow_dir/err")" "6 run.held"
ctl sync approve "acme/$(jq -r .id "$flow_dir/run")" --wait >/dev/null 2>&1
is "then nothing is pending" "$(ctl precedence show acme --json | jq -c .pending)" null
is "approved" "$(shows "$ada" | cut -d '|' -f 4)" "viewer manual"
show it "$ada_in_it; suspended=yes
$crew" >/dev/null
is "or who would be suspended by it" "$(order --connection it=1 --yes | jq -r .state; shows "$ada" | cut -d '|' -f 5-)" "done
suspended|it"
is "and comes back by another one" "$(order --connection it=100 | jq -c .counts)" '{"member.restored":1}'

# ---- a directory that leads for few and shows many
show it "$ada_in_it
$crew
person: id=i5; user=gil; email=gil@acme.example; name=Gil" >/dev/null
led=$(query "SELECT count(*) FROM members m JOIN connections c ON c.organisation = m.organisation AND c.id = m.connection WHERE c.name = 'it' AND m.state = 'active'")
show it "$ada_in_it
group: id=g7; name=Crew
member: group=g7; member=i1" >/dev/null
is "whoever loses all for whom it leads is looked at first, though it shows others" "$([ "$led" -gt 1 ] && echo several) $(query "SELECT state || ': ' || held_reason
	FROM runs ORDER BY asked_at DESC LIMIT 1")" "several held: the directory showed none of the members for whom it leads; all $led of them would be suspended"
ctl sync drop "acme/$(query "SELECT id FROM runs WHERE state = 'held'")" >/dev/null

# ---- refused
ctl precedence set acme 2>"$flow_dir/err"
is "an order that names nothing is not asked for" "$? $(grep -c -- '--connection NAME=N or --rule ATTR=NAMES' "$flow_dir/err")" "2 1"
like "a rule for what has none names those that have" "$(ctl precedence set acme --rule colour=hr 2>&1)" 'there is no rule for "colour"; one of "name", .*"state" is expected'
refuses "a connection that is not there" precedence.source --rule role=hr,nobody
refuses "an attribute that is none" precedence.attribute --rule nmae=hr
refuses "a source twice" precedence.twice --rule name=hr,hr
refuses "what a person set has no say on the state" precedence.state --rule state=manual,hr
refuses "nor a number" precedence.manual --connection manual=3
ctl connection create acme example manual --set directory=x >/dev/null 2>"$flow_dir/err"
like "no connection is called so" "$(cat "$flow_dir/err")" 'no connection can be called "manual"'
api() { curl -s --unix-socket "$socket" -H 'Content-Type: application/json' -d "$1" http://x/v1/organisations/acme/precedence | jq -r .code; }
is "nor is one by the API" "$(api '{}') $(api '{"rules":{},"connections":{}}')" "precedence.nothing precedence.nothing"
is "nonsense is refused" "$(api '{"rules":[]}') $(api '{"rules":{"name":"hr"}}') $(api '{"rules":{"name":[1]}}') $(api '{"connections":{"hr":-1}}')" \
	"precedence.object precedence.rule precedence.source precedence.number"
done_testing
