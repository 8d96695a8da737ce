#!/bin/bash
# Several at a time: daemons on one database, directories of one organisation, an administrator and a run.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

person() { echo "person: id=$1; user=$1; email=$1@acme.example; name=$1"; }
over() { until_run "$1" "state IN ('done', 'failed', 'held')"; query "SELECT state FROM runs WHERE id = '$1'"; }

acme "$(person ada)
$(person bob)
$(person cyd)" --remove-most 9
sync >/dev/null

# ---- two directories that lose the same person at the same moment
{ person ada; person bob; person cyd; } >"$flow_dir/staff.txt"
ctl connection create acme example staff --set directory=@"$flow_dir/staff.txt" --remove-most 9 >/dev/null
ctl sync run acme/staff --wait >/dev/null 2>&1
is "all are in both" "$(query "SELECT count(*) FROM accounts") $(query "SELECT count(*) FROM members")" "6 3"
{ person bob; person cyd; } >"$flow_dir/people.txt"
for name in people staff; do ctl connection set acme/$name --set directory=@"$flow_dir/people.txt" >/dev/null; done
moment "UPDATE ON accounts FOR EACH ROW"
one=$(ctl sync run acme/people --json | jq -r .id)
two=$(ctl sync run acme/staff --json | jq -r .id)
moment_wait
sleep 0.5
moment_over
is "two directories lose the same person at the same time" "$(over "$one") $(over "$two")" "done done"
is "neither relies on the other: she is suspended" "$(query "SELECT state FROM members WHERE name = 'ada'")" suspended

# ---- an administrator, while a run is between its plan and its end
bob=$(query "SELECT user_id FROM members WHERE name = 'bob'")
person cyd >"$flow_dir/people.txt"
ctl connection set acme/people --set directory=@"$flow_dir/people.txt" >/dev/null
ctl connection delete acme/staff --people keep --yes >/dev/null
moment "UPDATE ON accounts FOR EACH ROW"
one=$(ctl sync run acme/people --json | jq -r .id)
moment_wait
ctl member suspend acme "$bob" >"$flow_dir/suspend" 2>&1 &
admin=$!
sleep 0.5
moment_over
wait "$admin"
status=$?
over "$one" >/dev/null
like "whoever comes second is told so, or has the last word" \
	"$([ "$status" = 7 ] || [ "$status" = 14 ] && echo told || query "SELECT suspended_by FROM members WHERE user_id = '$bob'")" '^(told|operator)$'
is "each change of a member has an entry" "$(query "SELECT m.version - 1 = (SELECT count(*) FROM audit a WHERE a.target = m.user_id::text
	AND a.action IN ('member.suspended', 'member.restored', 'member.updated')) FROM members m WHERE user_id = '$bob'")" t

# ---- two daemons
cp "$flow_dir/rosterd.conf" "$flow_dir/other.conf"
sed -i "s#^socket = .*#socket = \"$flow_dir/other.sock\"#" "$flow_dir/other.conf"
"$BUILDDIR/rosterd" --config "$flow_dir/other.conf" >>"$flow_dir/other.log" 2>&1 &
other=$!
for _ in $(seq 200); do "$BUILDDIR/rosterctl/rosterctl" --socket "$flow_dir/other.sock" status >/dev/null 2>&1 && break; sleep 0.1; done
ok "another daemon on the same database" "$BUILDDIR/rosterctl/rosterctl" --socket "$flow_dir/other.sock" status
for n in $(seq 8); do
	ctl org create "Org $n" --type enterprise --slug "org$n" >/dev/null
	ctl connection create "org$n" example people --set directory='# made up' --set generated=200 --set script='page_size 20' >/dev/null
done
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 2)"
for n in $(seq 8); do ctl sync run "org$n/people" >/dev/null; done
moment_wait
sleep 0.5
is "both work" "$(query "SELECT count(DISTINCT claimed_by) FROM runs WHERE claimed_by IS NOT NULL")" 2
moment_over
for _ in $(seq 200); do
	[ "$(query "SELECT count(*) FROM runs WHERE state IN ('asked', 'reading', 'reconciling')")" = 0 ] && break
	sleep 0.1
done
is "each run is done" "$(query "SELECT count(*) FROM runs r JOIN organisations o USING (organisation) WHERE slug LIKE 'org%' AND r.state = 'done'")" 8
is "once" "$(query "SELECT count(*) FROM runs WHERE attempts <> 1 AND state = 'done'")" 0
is "by one of them: a member each, an entry each" \
	"$(query "SELECT count(*) FROM members JOIN organisations o USING (organisation) WHERE slug LIKE 'org%'") $(query "SELECT count(*)
	FROM audit JOIN organisations o USING (organisation) WHERE slug LIKE 'org%' AND audit.source = 'run'")" "1600 1600"

# ---- one of them hangs: the other takes its run over, and the first finds out
ctl connection set org1/people --set generated=300 >/dev/null
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 5)"
id=$(ctl sync run org1/people --json | jq -r .id)
moment_wait
whose=$(query "SELECT claimed_by FROM runs WHERE id = '$id'")
query "UPDATE runs SET beat_at = now() - interval '1 minute', claimed_by = gen_random_uuid() WHERE id = '$id'" &
sleep 0.3
moment_over
wait $!
is "a run that was taken over is done all the same" "$(over "$id")" done
is "and by nobody twice" "$(query "SELECT count(*) FROM members JOIN organisations o USING (organisation) WHERE slug = 'org1'")" 300
kill -TERM $other
wait $other
is "the other one ends well" "$?" 0
done_testing
