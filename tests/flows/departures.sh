#!/bin/bash
# Somebody leaves: what goes along, what comes back with them within the grace time, and what is gone after it. The clock of the database
# counts; the days that pass here pass in its rows.
. "$SRCDIR/tests/flows/departing.sh"

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
done_testing
