#!/bin/bash
# The tables in which readings of some people are planned stay in their session, empty: the next reading there finds them and nothing of the one
# before, whatever organisation that was of and however it ended. A whole listing throws them away.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

lines='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=1
group: id=g1; name=Admins; at=1
group: id=g2; name=Owls; at=1
member: group=g1; member=u1; at=1
member: group=g2; member=u2; at=1'
serve "$lines"
acme_served --role Admins=admin --remove-most 2 --remove-admins-most 9 --remove-group-most 9
ctl org create Other --type enterprise --slug other >/dev/null
ctl connection create other example people --set directory='# elsewhere' --set source="127.0.0.1:$(cat "$flow_dir/served.port")" --role Owls=admin \
	--remove-most 2 --remove-admins-most 9 --remove-group-most 9 >/dev/null
other() { ctl sync run other/people --wait --json "$@" 2>/dev/null; }
# In how many sessions they are, and how many bytes are in all of them
sessions() { query "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname LIKE 'pg_temp_%' AND relname = 'planned'"; }
bytes() { query "SELECT coalesce(sum(pg_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE nspname LIKE 'pg_temp_%' AND relkind = 'r'"; }

sync >/dev/null
other >/dev/null
is "whole listings leave nothing" "$(sessions)" 0
serve "$(served)" 's/name=Cyd; at=1/name=Cydney; at=2/'
is "what changed of one organisation" "$(sync --scope changed | counts)" "member.updated=1"
is "leaves its tables" "$(sessions)" 1
is "and nothing in them" "$(bytes)" 0
serve "$(served)
member: group=g1; member=u2; at=3
person: id=u4; user=dan; email=dan@acme.example; name=Dan; at=3
gone: id=u3; at=3" '/user=cyd/d'
is "of the other, with everything that there is" "$(other --scope changed | counts)" "group.member_added=1 member.joined=1 member.suspended=1"
is "the first has the same to do" "$(sync --scope changed | counts)" "group.member_added=1 member.joined=1 member.role_changed=1 member.suspended=1"
is "and then people alone: nothing is left of groups that were moved before" "$(serve "$(served)" 's/name=Dan; at=3/name=Daniel; at=4/'
	sync --scope changed | counts)" "member.updated=1"
is "a person by name" "$(other --person u4 | counts)" "member.updated=1"

# One that ends badly, and one that is held
query "CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''stumbled''; END'; GRANT EXECUTE ON FUNCTION stumble() TO PUBLIC;
	CREATE TRIGGER stumble BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION stumble()" >/dev/null
serve "$(served)" 's/name=Ada; at=1/name=Adele; at=5/'
is "a reading that fails at its end" "$(sync --scope changed | jq -r .state)" failed
query "DROP TRIGGER stumble ON members" >/dev/null
is "comes to the same end afterwards" "$(sync --scope changed | counts)" "member.updated=1"
ctl connection set acme/people --remove-most 0 --remove-share 0 >/dev/null
sync >/dev/null
serve "$(served)
gone: id=u4; at=6" '/user=dan/d'
is "a plan that is held" "$(sync --scope changed | jq -r '"\(.state) \(.scope)"')" "held changed"
held=$(ctl sync list acme --json | jq -r '.items[0].id')
is "is made again when it is approved" "$(ctl sync approve "acme/$held" --wait --json | jq -r .state)" done
is "whole listings find nothing that was missed" "$(sync | jq -c '[.missed, .counts]') $(other | jq -r .missed)" "[0,{}] 2"
is "nothing is left in any table" "$(bytes)" 0

# More readings than sessions; and a whole listing in each
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do ctl sync run acme/people --person u1 --wait >/dev/null 2>&1; done
few=$(sessions)
ok "sessions find their own tables again" test "$few" -ge 1 -a "$few" -lt 12
thrown_away() { for _ in $(seq 20); do sync >/dev/null; [ "$(sessions)" -lt "$few" ] && return 0; done; return 1; }
ok "a whole listing throws them away" thrown_away
done_testing
