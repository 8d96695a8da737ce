#!/bin/bash
# The end of an organisation through rosterctl and a daemon that sweeps: deleted, restored, deleted, purged with everything that it had
# but its audit.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# gone SQL: waits until a count is 0
gone() {
	for _ in $(seq 300); do
		[ "$(query "SELECT count(*) FROM $1")" = 0 ] && return 0
		sleep 0.1
	done
	return 1
}
# Every table that says whose a row is, but the audit and what belongs to it, and how many rows of acme it has
left_of() {
	query "SELECT format('SELECT %L AS name, count(*) AS rows FROM rosterd.%I WHERE organisation = %L', table_name, table_name, '$1')
		FROM information_schema.columns WHERE table_schema = 'rosterd' AND column_name = 'organisation'
		AND table_name NOT LIKE 'audit%' AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'rosterd')" |
		while read -r statement; do query "$statement"; done | grep -v '|0$'
}

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
group: id=g1; name=Admins
member: group=g1; member=u1'
acme=$(query "SELECT organisation FROM organisations WHERE slug = 'acme'")
sync >/dev/null
(umask 077; ctl token create robot --organisation acme --role viewer >"$flow_dir/robot" 2>/dev/null)
who() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/robot" whoami >/dev/null 2>&1; echo $?; }

# ---- runs are kept for as long as the organisation says
sync >/dev/null
query "UPDATE runs SET finished_at = now() - interval '31 days', asked_at = asked_at - interval '31 days' WHERE finished_at IS NOT NULL"
flow_kill TERM; flow_daemon
ok "a run that was kept long enough goes, and the last of its connection stays" gone "(SELECT 1 FROM runs OFFSET 1) AS r"
is "and what it changed stays in the audit" "$(query "SELECT count(*) > 0 FROM audit WHERE action = 'member.joined'")" t

# ---- deleted, and taken back
is "who has no owner is the operator's to delete" "$(ctl org delete acme --yes --json | jq -r .state)" deleted
is "nobody gets in" "$(who)" 4
like "nobody finds it" "$(ctl org show acme 2>&1)" 'there is no organisation "acme" here'
is "the operator sees what can be restored" "$(ctl org list --deleted --json | jq -r '.items[].slug')" acme
is "and restores it" "$(ctl org restore acme --json | jq -r .state)" active
is "with its tokens" "$(who)" 0
is "and its people" "$(ctl member list acme --json | jq -r '.items[].name')" Ada

# ---- deleted, and purged when its time is over
ctl org delete acme --yes >/dev/null
flow_kill TERM; flow_daemon
is "a daemon that starts keeps what has time" "$(query "SELECT state FROM organisations")" deleted
flow_kill TERM
ok "there is something to purge" test -n "$(left_of "$acme")"
query "UPDATE organisations SET purge_after = now() - interval '1 second'"
flow_daemon
ok "it goes when its time is over" gone organisations
is "and everything with it" "$(left_of "$acme")" ""
is "addresses too" "$(query "SELECT count(*) FROM addresses")" 0
is "its audit entries stay, and nothing personal in them" \
	"$(query "SELECT count(*) > 5, count(personal), count(salt) FROM audit WHERE organisation = '$acme'")" "t|0|0"
is "that it went stands in the operator's own audit" "$(ctl audit list --json | jq -r '.items[] | select(.action == "organisation.purged") | .target')" "$acme"
is "it cannot be restored any more" "$(ctl org restore "$acme" >/dev/null 2>&1; echo $?)" 3
is "its slug is free" "$(ctl org create "Acme again" --type team --slug acme --json | jq -r .slug)" acme
done_testing
