#!/bin/bash
# Seats: a limit refuses no run, whoever finds no seat waits without access, and comes in when there is one.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

person() { echo "person: id=$1; user=$2; email=$2@acme.example; name=$2${3:+; $3}"; }
id_of() { query "SELECT user_id FROM accounts WHERE remote_id = '$1'"; }
groups='group: id=g1; name=Admins
group: id=g2; name=Viewers'
# The rule, looked at from outside: people against the limit.
beyond() { query "SELECT count(*) FROM members WHERE role IN ('owner', 'admin', 'member') AND (state = 'active' OR role = 'owner')"; }
until_roster() { # until_roster NAME WANTED
	for _ in $(seq 100); do
		[ "$(roster | grep "^$1 ")" = "$1 $2" ] && return 0
		sleep 0.1
	done
	return 1
}

acme "$(person u1 ada; person u2 bob; person u3 cyd)
$groups" --role Admins=admin --role Viewers=viewer --remove-most 9 --remove-admins-most 9
like "an enterprise has no limit" "$(ctl org show acme)" 'seats in all +-'
sync >/dev/null
ctl org set acme --seats 2 >/dev/null 2>"$flow_dir/err"
is "a limit below what is there is refused" "$?" 1
like "with the number of those whom it would keep out" "$(cat "$flow_dir/err")" '1 people would have no seat any more: 2 would be allowed, 3 are taken'
ctl org set acme --seats 3 >/dev/null
like "a limit is shown with what is taken of it" "$(ctl org show acme)" 'seats taken +3'

# ---- joining
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan; person u5 eve; person u6 fay; person u7 gus)
$groups
member: group=g1; member=u6
member: group=g2; member=u7"
is "who finds no seat waits, and the run is done" "$(sync | counts)" "group.member_added=2 member.joined=1 member.waiting=3"
is "a viewer takes none" "$(roster | grep gus)" "gus viewer active"
is "the others are seen" "$(ctl member list acme --state waiting --json-lines | wc -l)" 3
is "nobody is beyond the limit" "$(beyond)" 3
is "with an entry each" "$(ctl audit list acme --action member.waiting --json-lines | wc -l)" 3
is "the next run has nothing to say of it" "$(sync | counts)" ""
# ---- by hand
ctl member add acme hal@elsewhere.example Hal >/dev/null 2>"$flow_dir/err"
is "adding by hand is refused" "$?" 1
like "and says what the limit is and what to do" "$(cat "$flow_dir/err")" 'no seat left: 3 of 3 are taken \(plan "enterprise"\), waiting: 3; upgrade'
ctl member role acme "$(id_of u7)" member >/dev/null 2>"$flow_dir/err"
is "so is a role that takes a seat" "$?" 1

# ---- admission
ctl member suspend acme "$(id_of u3)" >/dev/null
ok "an admin comes in first when somebody goes" until_roster fay "admin active"
is "and nobody else" "$(roster | grep -c waiting)" 2
is "with an entry" "$(ctl audit list acme --action member.admitted --json-lines | wc -l)" 1
is "nobody is beyond the limit then" "$(beyond)" 3
ctl member restore acme "$(id_of u3)" >/dev/null 2>&1
is "who was suspended finds no seat" "$?" 1

# ---- roles
directory "$(person u1 ada; person u2 bob; person u3 cyd; person u4 dan; person u5 eve; person u6 fay; person u7 gus)
$groups
member: group=g1; member=u6"
is "a role that finds no seat waits" "$(sync | counts)" "group.member_removed=1 member.role_waiting=1"
is "and the viewer goes on meanwhile" "$(roster | grep gus)" "gus viewer active"
is "the next run has nothing to say of that either" "$(sync | counts)" ""
like "it can be seen" "$(ctl member show acme "$(id_of u7)")" 'waiting to be +member'

# ---- gone while waiting, gone and come in one run
directory "$(person u1 ada; person u3 cyd; person u4 dan; person u6 fay; person u7 gus; person u8 ivy)
$groups
member: group=g1; member=u6
member: group=g1; member=u8"
is "who waits and is gone is just gone, and others come first" "$(sync | counts)" \
	"group.member_added=1 member.suspended=1 member.waiting=1 member.withdrawn=1"
ok "the seat of who left goes to the admin" until_roster ivy "admin active"
is "nobody is beyond the limit after that" "$(beyond)" 3
ctl org set acme --seats none >/dev/null
ok "without a limit everybody comes in" until_roster dan "member active"
ok "and has their role" until_roster gus "member active"
is "nobody waits" "$(query "SELECT count(*) FROM members WHERE waiting_since IS NOT NULL")" 0

# ---- a smaller limit
secret=$(ctl token create speaker --organisation acme --member "$(id_of u7)" --json | jq -r .token)
whoami() { printf 'header = "Authorization: Bearer %s"\n' "$secret" | curl -s -K - --unix-socket "$socket" -o /dev/null -w '%{http_code}' http://rosterd/v1/whoami; }
is "an active member's token counts" "$(whoami)" 200
like "somebody who came last waits when the limit is lowered" \
	"$(ctl org set acme --seats 4 --let-wait)" 'waiting for one +1'
is "and is not an admin" "$(roster | grep waiting)" "gus member waiting"
is "who waits has no access" "$(whoami)" 401
directory "$(person u1 ada; person u4 dan; person u6 fay; person u7 gus; person u8 ivy; person u9 joe)
$groups
member: group=g1; member=u6
member: group=g1; member=u8"
is "who comes then waits behind them" "$(sync | counts)" "account.gone=1 member.waiting=1"
ctl org set acme --seats 9 >/dev/null
ok "with more seats they come in" until_roster gus "member active"
is "and their tokens with them" "$(whoami) $(ctl audit list acme --action token.restored --json-lines | wc -l)" "200 1"
is "the recount agrees" "$(query "SET ROLE rosterd_worker; SELECT count(*) FROM rosterd.seats_miscounted()" | tail -n 1)" 0
done_testing
