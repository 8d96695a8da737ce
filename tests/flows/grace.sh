#!/bin/bash
# How long somebody can come back, who waits for a seat then, who comes back in the moment in which it ends, and whom nobody lets go.
. "$SRCDIR/tests/flows/departing.sh"

flow_start
acme "$everybody" --role Admins=admin --remove-most 100 --remove-admins-most 100 --remove-group-most 100
sync >/dev/null
user=$(member ada)

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

# ---- back in the very moment at which the grace time ends
directory "$(but u1)"
sync >/dev/null
coproc sweeping { psql -q -X -h "$flow_dir/pg" -U postgres -d rosterd 2>&1; }
sweeper=${sweeping_PID:-}
echo "BEGIN; UPDATE rosterd.members SET state = 'left', suspended_by = NULL, left_by = 'grace', role_manual = NULL WHERE user_id = '$user';" >&"${sweeping[1]}"
moment_count "usename = 'postgres' AND state = 'idle in transaction'"
directory "$everybody"
ctl sync run acme/people --wait --json >"$flow_dir/late.json" 2>/dev/null &
late=$!
ok "a run waits for who lets her go" moment_count "usename = 'rosterd_worker' AND wait_event_type = 'Lock'"
echo "COMMIT; \\q" >&"${sweeping[1]}"
wait "$sweeper" 2>/dev/null
wait "$late"
is "and has her join as somebody new, not come back" "$(counts <"$flow_dir/late.json")" "group.member_added=1 member.joined=1"
is "without her keys" "$(counts_now adas-late)" ""

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
