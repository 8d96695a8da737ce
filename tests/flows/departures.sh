#!/bin/bash
# Somebody leaves: what goes along, for how long it can be undone, and what comes back with them. The clock of the database counts; the days
# that pass here pass in its rows.
. "$SRCDIR/tests/flows/flow.sh"

ada='person: id=u1; user=ada; email=ada@acme.example; name=Ada'
bob='person: id=u2; user=bob; email=bob@acme.example; name=Bob'
cyd='person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd'
dan='person: id=u4; user=dan; email=dan@acme.example; name=Dan'
admins='group: id=g1; name=Admins
member: group=g1; member=u1
member: group=g1; member=u2'
everybody="$ada
$bob
$cyd
$dan
$admins"
but() { grep -v "id=$1;\|member=$1\$" <<<"$everybody"; }

token() { (umask 077; ctl token create "$1" --organisation acme "${@:2}" 2>/dev/null >"$flow_dir/$1"); }
as() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/$1" "${@:2}"; }
counts_now() { for t; do as "$t" whoami >/dev/null 2>&1 && printf '%s ' "$t"; done; }
id_of() { query "SELECT id FROM tokens WHERE name = '$1' ORDER BY id DESC LIMIT 1"; }
member() { query "SELECT user_id FROM members WHERE email = '$1@acme.example'"; }
shown() { ctl member show acme "$1@acme.example" --json | jq -r "$2"; }
told() { ctl audit list acme --action "$1" --limit 1000 --json | jq -r "[.items[]$2] | length"; }
# pass MEMBER: their grace time is over; swept: until the sweep has let them go
pass_grace() { query "UPDATE members SET grace_until = now() - interval '1 second' WHERE user_id = '$1'"; }
left() { for _ in $(seq 200); do [ "$(query "SELECT state FROM members WHERE user_id = '$1'")" = left ] && return 0; sleep 0.1; done; return 1; }

flow_start
acme "$everybody" --role Admins=admin --remove-most 100 --remove-admins-most 100 --remove-group-most 100
sync >/dev/null
token adas --member ada@acme.example
token bobs --member bob@acme.example
(umask 077; as adas token create adas-robot --organisation acme --role viewer 2>/dev/null >"$flow_dir/adas-robot")
(umask 077; as adas token create adas-other --organisation acme --role viewer 2>/dev/null >"$flow_dir/adas-other")
(umask 077; as adas token create adas-revoked --organisation acme --role viewer 2>/dev/null >"$flow_dir/adas-revoked")
token ours --role viewer
ctl member role acme ada@acme.example viewer >/dev/null
is "everybody is here" "$(roster | paste -sd,)" "ada viewer active,bob admin active,cyd member active,dan member active"
is "and all tokens count" "$(counts_now adas bobs adas-robot adas-other adas-revoked ours)" "adas bobs adas-robot adas-other adas-revoked ours "

# ---- the plan tells it, the run does it
directory "$(but u1)"
ctl sync plan acme/people --json >"$flow_dir/plan" 2>/dev/null
like "a plan tells what goes along" "$(ctl sync plan acme/people)" 'token.suspended +adas-robot'
is "and does nothing" "$(counts_now adas adas-robot)" "adas adas-robot "
counted=$(sync | counts)
is "member and tokens go in one run" "$counted" "group.member_removed=1 member.suspended=1 token.suspended=4"
is "none of hers counts, everybody else's does" "$(counts_now adas adas-robot adas-other adas-revoked bobs ours)" "bobs ours "
is "each has its entry, by the run" "$(ctl audit list acme --action token.suspended --json | jq -r '[.items[] | select(.source == "run") | .target_name] | sort | join(" ")')" \
	"adas adas-other adas-revoked adas-robot"
is "in the transaction of the member's" "$(query "SELECT count(DISTINCT at) FROM audit WHERE action IN ('token.suspended', 'member.suspended')")" 1
is "since when, and until when, is kept" "$(query "SELECT state || ' ' || suspended_by || ' true ' || round(extract(epoch FROM grace_until - suspended_at) / 86400) FROM members WHERE user_id = '$(member ada)'")" \
	"suspended connector true 30"
like "and in words" "$(ctl member show acme ada@acme.example)" 'can come back until +20'
is "a token says since when" "$(ctl token list --organisation acme --json | jq -r '.items[] | select(.name == "adas") | "\(.asleep) \(.suspended_at != null)"')" "true true"
like "the token does not even count if the member's row said otherwise" "$(query "BEGIN; ALTER TABLE members DISABLE TRIGGER USER;
	UPDATE members SET state = 'active', suspended_by = NULL WHERE user_id = '$(member ada)';
	SELECT count(id) FROM token_speaker((SELECT hash FROM tokens WHERE name = 'adas')); ROLLBACK" | grep -v '^$' | head -n 1)" '^0$'

# ---- back in time: exactly what this departure took
ctl token revoke "$(id_of adas-revoked)" --organisation acme >/dev/null
as bobs token adopt "$(id_of adas-other)" --organisation acme >/dev/null
is "who adopts a service wakes it up" "$(counts_now adas-other)" "adas-other "
ctl member role acme ada@acme.example admin >/dev/null
directory "$everybody"
is "she is back" "$(sync | counts)" "group.member_added=1 member.restored=1 token.restored=2"
is "with the role that she was given meanwhile" "$(shown ada '"\(.state) \(.role) \(.role_source) \(.suspended_at) \(.grace_until)"')" "active admin manual null null"
is "and with what this departure took, nothing else" "$(counts_now adas adas-robot adas-other adas-revoked)" "adas adas-robot adas-other "
is "each of these has its entry" "$(ctl audit list acme --action token.restored --json | jq -r '[.items[].target_name] | sort | join(" ")')" "adas adas-robot"
is "the same again is nothing" "$(sync | counts)" ""

# ---- suspended by an administrator meanwhile
directory "$(but u2)"
sync >/dev/null
as ours whoami >/dev/null
ctl token create cleaner --organisation acme --role admin 2>/dev/null >"$flow_dir/cleaner"; chmod 600 "$flow_dir/cleaner"
as cleaner member suspend acme bob@acme.example >/dev/null
is "an administrator's word comes on top: there is no end to it" "$(shown bob '"\(.state) \(.suspended_by) \(.grace_until)"')" "suspended admin null"
is "and an entry" "$(ctl audit list acme --action member.suspended --limit 1 --json | jq -r '.items[0] | "\(.source) \(.before.suspended_by) \(.after.suspended_by)"')" "api connector admin"
directory "$everybody"
sync >/dev/null
is "no directory brings him back" "$(shown bob .state) $(counts_now bobs)" "suspended "
as cleaner member restore acme bob@acme.example >/dev/null
is "she who suspended him does, with his keys" "$(shown bob .state) $(counts_now bobs)" "active bobs "

# ---- the grace time ends, while no daemon is there
directory "$(but u1)"
sync >/dev/null
user=$(member ada)
pass_grace "$user"
is "nothing happens before somebody looks" "$(shown ada .state)" suspended
flow_kill TERM
flow_daemon
ok "the next daemon lets her go" left "$user"
is "which is told, with why" "$(ctl audit list acme --action member.left --json | jq -r '.items[0] | "\(.actor_kind) \(.before.state) \(.after.because)"')" "daemon suspended the grace time ended"
is "what the departure took is revoked for good" "$(query "SELECT string_agg(name, ' ' ORDER BY name) FROM tokens WHERE revoked_at IS NOT NULL")" "adas adas-revoked adas-robot"
is "with an entry each" "$(ctl audit list acme --action token.revoked --json | jq -r '[.items[] | select(.actor_kind == "daemon") | .target_name] | sort | join(" ")')" "adas adas-robot"
is "what another one adopted goes on" "$(counts_now adas-other)" "adas-other "
is "she has left" "$(shown "ada" '"\(.state) \(.left_by) \(.left_at != null) \(.suspended_by) \(.grace_until)"')" "left grace true null null"

# ---- back too late: somebody new
directory "$(grep -v 'member=u1$' <<<"$everybody")"
like "the plan calls it joining" "$(ctl sync plan acme/people)" 'member.joined +Ada +state: left -> -|member.joined +Ada'
is "she joins" "$(sync | counts)" "member.joined=1"
is "with the default role, under the same id" "$(shown ada '"\(.id) \(.state) \(.role) \(.role_source) \(.left_at)"')" "$user active member default null"
is "and without her former keys" "$(counts_now adas adas-robot adas-revoked)" ""
is "the same again is nothing" "$(sync | counts)" ""
is "the entry says from where" "$(ctl audit list acme --action member.joined --limit 1 --json | jq -r '.items[0].before.state')" left

# ---- and into a group that is mapped
directory "$(but u1)"
sync >/dev/null
pass_grace "$user"
flow_kill TERM; flow_daemon
ok "gone again" left "$user"
directory "$everybody"
is "with the role of her groups" "$(sync | counts) $(shown ada '"\(.role) \(.role_source)"')" "group.member_added=1 member.joined=1 admin mapping"

# ---- removed by an administrator: no directory brings them back
token cyds --member cyd@acme.example
(umask 077; ctl member role acme cyd@acme.example admin >/dev/null; as cyds token create cyds-robot --organisation acme --role viewer 2>/dev/null >"$flow_dir/cyds-robot")
said=$(ctl member remove acme cyd@acme.example --yes)
like "removing says what was done to their keys" "$said" "token $(id_of cyds) \"cyds\": revoked"
like "services wait for somebody" "$said" "token $(id_of cyds-robot) \"cyds-robot\": suspended.*adopt"
is "none of these counts" "$(counts_now cyds cyds-robot)" ""
sync >/dev/null
is "the directory does not bring them back" "$(shown cyd '"\(.state) \(.left_by)"')" "left operator"
as bobs token adopt "$(id_of cyds-robot)" --organisation acme >/dev/null
is "the service goes on with who adopts it" "$(counts_now cyds cyds-robot)" "cyds-robot "

# ---- how long
is "never is without end" "$(ctl connection set acme/people --grace never --json | jq -r .grace)" never
directory "$(but u4)"
sync >/dev/null
is "then there is none" "$(shown dan '"\(.state) \(.grace_until)"')" "suspended null"
directory "$everybody"
sync >/dev/null
ctl connection set acme/people --grace organisation >/dev/null
ctl org set acme --grace 2h >/dev/null
directory "$(but u4)"
sync >/dev/null
is "the organisation's is two hours now" "$(query "SELECT grace_until - suspended_at FROM members WHERE user_id = '$(member dan)'")" "02:00:00"
directory "$everybody"
sync >/dev/null
ctl connection set acme/people --grace 3h >/dev/null
directory "$(but u4)"
sync >/dev/null
is "a connection's own comes first" "$(query "SELECT grace_until - suspended_at FROM members WHERE user_id = '$(member dan)'")" "03:00:00"
ctl connection set acme/people --grace 9h >/dev/null
is "who has gone keeps the time that they were told" "$(query "SELECT grace_until - suspended_at FROM members WHERE user_id = '$(member dan)'")" "03:00:00"
like "what is no time is refused" "$(ctl org set acme --grace soon 2>&1)" '"grace" is "soon"; a time such as "30d"'
like "nor one that is too short" "$(ctl connection set acme/people --grace 5m 2>&1)" 'from 1h to 3650d'

# ---- back, and no seat is free
directory "$everybody"
sync >/dev/null
(umask 077; ctl token create adas-late --organisation acme --member ada@acme.example 2>/dev/null >"$flow_dir/adas-late")
directory "$(but u1)"
sync >/dev/null
ctl org set acme --seats 2 --let-wait >/dev/null
directory "$everybody"
sync >/dev/null
is "who comes back waits, and so do their keys" "$(shown ada .state) $(counts_now adas-late)" "waiting "
is "which is not told as if they had come back" "$(query "SELECT count(*) FROM audit WHERE action = 'token.restored' AND target = '$(id_of adas-late)'")" 0
ctl org set acme --seats none >/dev/null
for _ in $(seq 200); do [ "$(query "SELECT state FROM members WHERE user_id = '$user'")" = active ] && break; sleep 0.1; done
is "with a seat both are back" "$(shown ada .state) $(counts_now adas-late)" "active adas-late "
is "and that is told" "$(query "SELECT count(*) FROM audit WHERE action = 'token.restored' AND target = '$(id_of adas-late)'")" 1
directory "$(but u1)"
sync >/dev/null
pass_grace "$user"
flow_kill TERM; flow_daemon
ok "gone for good" left "$user"
ctl org set acme --seats 2 --let-wait >/dev/null
directory "$everybody"
is "who comes back too late waits as somebody new" "$(sync | counts) $(shown ada '"\(.state) \(.role) \(.role_source)"') $(counts_now adas-late)" \
	"group.member_added=1 member.waiting=1 waiting admin mapping "
ctl org set acme --seats none >/dev/null
for _ in $(seq 200); do [ "$(query "SELECT state FROM members WHERE user_id = '$user'")" = active ] && break; sleep 0.1; done
is "and comes in as that" "$(shown ada '"\(.state) \(.role)"') $(counts_now adas-late)" "active admin "

# ---- whom nobody lets go
directory "$everybody"
sync >/dev/null
ctl org owner acme dan@acme.example --yes >/dev/null 2>&1 || ctl org owner acme dan@acme.example >/dev/null
is "dan owns it" "$(shown dan '"\(.role) \(.state)"')" "owner active"
directory "$ada
$admins"
sync >/dev/null
is "his directory loses him as well" "$(shown dan '"\(.role) \(.state)"')" "owner suspended"
query "UPDATE members SET grace_until = now() - interval '1 second' WHERE state = 'suspended'"
query "UPDATE organisations SET state = 'suspended'"
is "while the operator has suspended it all, nobody is to leave" "$(query "SELECT count(*) FROM departures_due()")" 0
query "UPDATE organisations SET state = 'active'"
flow_kill TERM; flow_daemon
ok "somebody is let go" left "$(member bob)"
is "the owner is not" "$(query "SELECT state FROM members WHERE user_id = '$(member dan)'")" suspended
done_testing
