#!/bin/bash
# Whatever a directory does wrong: the run fails with a line that helps, nothing changes, and the next good run goes on.
FLOW_SETTINGS='sync {
	call_timeout = "2s"
}'
. "$SRCDIR/tests/flows/flow.sh"
flow_start

people() { for n in $(seq "$1" "$2"); do echo "person: id=u$n; user=p$n; email=p$n@acme.example; name=Person $n"; done; }
acme "$(people 1 30)
group: id=g1; name=Admins
member: group=g1; member=u1" --role Admins=admin --remove-most 0
sync >/dev/null
directory "$(people 1 31)
group: id=g1; name=Admins
member: group=g1; member=u2"
before=$(roster_digest)

# trouble NAME SCRIPT CODE REGEX
trouble() {
	script "page_size 10
$2"
	sync >"$flow_dir/run"
	is "$1: rosterctl says that it failed" "$?" 1
	is "$1: the run says so" "$(jq -r '.state + " " + .error.code' "$flow_dir/run")" "failed $3"
	like "$1: and why" "$(jq -r .error.text "$flow_dir/run")" "$4"
	is "$1: nothing changed" "$(roster_digest)" "$before"
	is "$1: nothing is left lying about" "$(query "SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace")" 0
}
trouble refused 'fail_at 2 refused' plugin.refused 'page 2 fails'
trouble nonsense 'fail_at 2 nonsense' plugin.nonsense 'page 2 fails'
trouble misconfigured 'fail_at 2 misconfigured' plugin.misconfigured 'page 2 fails'
trouble 'place lost' 'fail_at 3 lost_place' plugin.lost_place 'page 3 fails'
trouble busy 'fail_at 2 try_later' plugin.try_later 'page 2 fails'
# The sanitizers report a crash themselves, and leave with an exit code.
crashed=plugin.crashed
grep -q '^#define SANITIZED 1' "$BUILDDIR/platform.h" && crashed=plugin.ended
trouble crash 'crash_at 2' $crashed 'reading page 2'
trouble hang 'hang_at 2' plugin.deadline 'reading page 2'
trouble garbage 'garbage_at 2' plugin.nonsense 'UTF-8'

# Busy, with a time to come back: the same run goes on by itself.
script 'page_size 10
fail_at 2 try_later 300'
id=$(ctl sync run acme/people --json | jq -r .id)
for _ in $(seq 50); do
	[ "$(query "SELECT attempts > 1 FROM runs WHERE id = '$id'")" = t ] && break
	sleep 0.2
done
is "busy until a time: the run waits and goes on" "$(query "SELECT state IN ('asked', 'reading') FROM runs WHERE id = '$id'")" t
like "and says meanwhile what it waits for" "$(sync_run "$id" | jq -r .error.text)" 'page 2 fails'
script ''
for _ in $(seq 100); do
	state=$(sync_run "$id" | jq -r .state)
	case $state in done | failed | held) break ;; esac
	sleep 0.2
done
is "it comes to its end when the directory is well again" "$state" done
is "what it did is what a run that had no trouble does" "$(sync_run "$id" | counts)" \
	"group.member_added=1 group.member_removed=1 member.joined=1 member.role_changed=2"
is "the same again changes nothing" "$(sync | counts)" ""
is "a run that only plans fails the same way" "$(script 'fail_at 1 refused'; ctl sync plan acme/people >/dev/null 2>&1; echo $?)" 1

script ''
before=$(roster_digest)
directory "$(people 1 30)
person: id=u31; user"
is "a setting that the plug-in cannot read: the run fails" "$(sync | jq -r .error.code)" plugin.misconfigured
is "nothing changed" "$(roster_digest)" "$before"
query "UPDATE runs SET state = 'failed' WHERE state IN ('asked', 'reading')"

# A run that takes its daemon down each time must come to an end.
directory "$(people 1 31)"
flow_kill KILL
query "INSERT INTO runs (organisation, id, connection, state, asked_by, attempts) SELECT organisation, gen_random_uuid(), id, 'asked',
	'test', 20 FROM connections"
flow_daemon
for _ in $(seq 50); do
	[ "$(query "SELECT count(*) FROM runs WHERE state = 'failed' AND error_code = 'run.endless'")" = 1 ] && break
	sleep 0.2
done
is "a run that was begun too often ends" "$(query "SELECT state || ' ' || error_code FROM runs WHERE asked_by = 'test'")" \
	"failed run.endless"
done_testing
