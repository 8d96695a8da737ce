#!/bin/bash
# PostgreSQL dies in the middle of a run. What was staged is lost with it (staging is not logged), so the run begins again; it never
# takes the rest for the whole.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

crowd=3000
postgres() { "$SRCDIR/tests/peers/postgres.sh" "$1" "$flow_dir/pg" >/dev/null; }
members() { query "SELECT count(*) FROM members WHERE source = 'connector' AND state = 'active'"; }
until_run() { for _ in $(seq 1500); do [ "$(query "SELECT $2 FROM runs WHERE id = '$1'" 2>/dev/null)" = t ] && return 0; sleep 0.02; done; return 1; }
ask() { ctl sync run acme/people --json | jq -r .id; }

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
group: id=g1; name=Admins
member: group=g1; member=u1' --role Admins=admin --set generated=$crowd --set script='page_size 50'
sync >/dev/null
is "all are here" "$(members)" $((crowd + 1))
ctl connection set acme/people --set generated=$((crowd + 10)) --set script='page_size 10' >/dev/null

# ---- while it reads
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 12)" # or it is through before the server has ended
id=$(ask)
moment_wait
entries=$(audited)
postgres restart
for _ in $(seq 100); do [ -n "$(query "SELECT 1" 2>/dev/null)" ] && break; sleep 0.1; done
is "the server came back without what was staged, or in the middle of it" \
	"$(query "SELECT state IN ('asked', 'reading', 'reconciling') FROM runs WHERE id = '$id'")" t
is "nobody is gone" "$(members)" $((crowd + 1))
moment_over
for _ in $(seq 400); do
	state=$(query "SELECT state FROM runs WHERE id = '$id'")
	case $state in done | failed | held) break ;; esac
	flow_age # a run that nobody could give back grows old; not by the clock, here
	sleep 0.1
done
is "the run is done" "$state" done
is "it began again: the listing is whole" "$(query "SELECT people >= $crowd + 11 FROM runs WHERE id = '$id'")" t
is "nobody was gone, ten have joined" "$(query "SELECT string_agg(action || ' ' || n, ', ') FROM (SELECT action, count(*) AS n FROM audit
	WHERE run = '$id' AND source = 'run' GROUP BY action) l")" "member.joined 10"
is "the roster agrees" "$(members)" $((crowd + 11))
is "and so does the audit" "$(audited)" $((entries + 10))
is "roles are as they were" "$(query "SELECT count(*) FROM members WHERE role = 'admin'")" 1

# ---- rows that vanish without anybody noticing
ctl connection set acme/people --set generated=$((crowd + 20)) --set script='page_size 10
fail_at 20 try_later 1000' >/dev/null
id=$(ask)
until_run "$id" "claimed_by IS NULL AND people > 100"
ctl connection set acme/people --set script='page_size 10' >/dev/null
query "DO \$\$ BEGIN EXECUTE 'DELETE FROM staging.people_' || replace('$id', '-', ''); END \$\$"
until_run "$id" "state IN ('done', 'failed', 'held')"
is "rows that vanish from staging are found out" "$(query "SELECT state FROM runs WHERE id = '$id'")" done
is "before anybody is called gone" "$(members)" $((crowd + 21))
is "nor is any membership" "$(query "SELECT count(*) FROM group_accounts")" 1

# ---- while a run is held
ctl connection set acme/people --set generated=100 --set script='' >/dev/null
sync >/dev/null
is "most are gone: held" "$?" 6
id=$(ctl sync list acme --json | jq -r '.items[0].id')
postgres restart
for _ in $(seq 100); do ctl sync show "acme/$id" >/dev/null 2>&1 && break; sleep 0.1; done
ctl sync approve "acme/$id" --wait >/dev/null 2>&1
is "approved after what was staged is lost: it is read again, and held again" "$?" 6
is "nobody is gone" "$(members)" $((crowd + 21))
is "approved again, it is applied" "$(ctl sync approve "acme/$id" --wait --json | jq -r .state)" done
is "to the letter" "$(members)" 101

# ---- the server is away for long
ctl connection set acme/people --set generated=$((crowd + 30)) --set script='page_size 10' >/dev/null
id=$(ask)
until_run "$id" "people > 100"
as=$(stat -c %U "$flow_dir/pg/data")
bin=$(pg_config --bindir 2>/dev/null || ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
stop() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid="$as" --clear-groups "$bin/pg_ctl" -D "$flow_dir/pg/data" -m immediate -w stop); else "$bin/pg_ctl" -D "$flow_dir/pg/data" -m immediate -w stop; fi; }
stop >/dev/null 2>&1
sleep 4
postgres start
for _ in $(seq 600); do
	state=$(query "SELECT state FROM runs WHERE id = '$id'" 2>/dev/null)
	case $state in done | failed | held) break ;; esac
	flow_age 2>/dev/null
	sleep 0.1
done
is "a server that was away for a while: the run is taken up again" "$state" done
is "and all are here" "$(members)" $((crowd + 31))
done_testing
