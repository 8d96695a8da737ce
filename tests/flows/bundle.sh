#!/bin/bash
# A support bundle has what helps, and neither a secret nor a person nor a customer: they are planted wherever they could come from.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

# What must not come out: each stands somewhere below.
planted='quillon|vexley|zephyrine|brontebank|hushhush|swordfish|tr0ub4dor|pa55phrase|192\.0\.2\.77|2001:db8::77|rst_|BEGIN|5550123456'

printf 'tr0ub4dor-hushhush' >"$flow_dir/password" && chmod 600 "$flow_dir/password"
printf '%s\n' 'person: id=u1; user=quillon; email=quillon@zephyrine.example; given=Quillon; family=Vexley' \
	'group: id=g1; name=Brontebank Vexley Admins' 'member: group=g1; member=u1' >"$flow_dir/people.txt"
ctl org create "Zephyrine Brontebank" --type enterprise --slug zephyrine >/dev/null
ctl domain add zephyrine zephyrine.example >/dev/null
ctl connection create zephyrine example quillon --set directory=@"$flow_dir/people.txt" --role "Brontebank Vexley Admins=admin" >/dev/null
ctl connection create zephyrine ldap vexley --set url=ldaps://swordfish.zephyrine.example --set user_base=ou=people,dc=zephyrine \
	--set bind_dn=uid=quillon,dc=zephyrine --secret bind_password=@"$flow_dir/password" >/dev/null
ctl sync run zephyrine/quillon --wait >/dev/null 2>&1
ctl sync run zephyrine/vexley --wait >/dev/null 2>&1
ctl token create vexley --organisation zephyrine --role viewer >"$flow_dir/token" 2>/dev/null
is "there is a member to give away" "$(query "SELECT name FROM members")" "Quillon Vexley"

# A customer and a connection that are called like words of the program.
ctl org create "Sealed Retention" --type enterprise --slug retention >/dev/null
ctl connection create retention example transaction --set directory='person: id=u1; user=a; email=a@b.example; name=A' >/dev/null
ctl sync run retention/transaction --wait >/dev/null 2>&1
ok "the log names them" grep -q 'retention/transaction: ' "$flow_dir/log"
cat >>"$flow_dir/log" <<LOG
rosterd: run 1: zephyrine/quillon: plug-in "ldap" says: uid=quillon,dc=zephyrine has no mail, call Quillon Vexley at 5550123456
rosterd: could not start: password swordfish of quillon@zephyrine.example from 192.0.2.77 or 2001:db8::77
LOG
cp "$flow_dir/rosterd.conf" "$flow_dir/planted.conf"
sed -i "s|conninfo = .*|conninfo = \"host=$flow_dir/pg dbname=rosterd\" # swordfish|" "$flow_dir/planted.conf"
cat >>"$flow_dir/planted.conf" <<CONF
# pa55phrase of quillon@zephyrine.example
previous_master_kye = "pa55phrase"
previous_master_key = "pa55phrase"
CONF

bundle() { # bundle [WORDS]: unpacked into $flow_dir/unpacked
	rm -rf "$flow_dir/unpacked" "$flow_dir/bundle.tar"
	mkdir "$flow_dir/unpacked"
	"$BUILDDIR/rosterctl/rosterctl" support-bundle "$flow_dir/bundle.tar" --program "$BUILDDIR/rosterd" --socket "$socket" "$@" \
		>"$flow_dir/out" 2>"$flow_dir/err" && tar -xf "$flow_dir/bundle.tar" -C "$flow_dir/unpacked"
}
inside() { ls "$flow_dir/unpacked/rosterd-support" | tr '\n' ' '; }
part() { cat "$flow_dir/unpacked/rosterd-support/$1"; }
leaks() { [ -s "$flow_dir/unpacked/rosterd-support/MANIFEST" ] || echo nothing was unpacked; grep -rniE "$planted" "$flow_dir/unpacked" "$flow_dir/out"; }

ok "a bundle is written" bundle --config "$flow_dir/rosterd.conf" --log "$flow_dir/log"
is "only its owner may read it" "$(stat -c %a "$flow_dir/bundle.tar")" 600
is "all parts are in it" "$(inside)" \
	"MANIFEST configuration.json database.json doctor.json log.txt metrics.txt status.json versions.txt "
is "nothing of what was planted comes out" "$(leaks)" ""
is "each part is named in the manifest" "$(for f in $(inside); do part MANIFEST | grep -q "^  $f " || echo "$f"; done)" MANIFEST
like "which says what was left out" "$(part MANIFEST)" '^  secrets '
words='retention|transaction'
is "nor is a customer who is called like a word of ours" "$(part log.txt | grep -cE "(^|[^a-z])($words)([^a-z]|$)"; part doctor.json | jq -r '.[].found' | grep -cE "$words")" "0
0"
ok "findings are JSON" jq -e 'length > 20' "$flow_dir/unpacked/rosterd-support/doctor.json"
like "findings can still be read" "$(part doctor.json | jq -r '.[] | select(.code == "rls.ok") | .found')" '^row-level security is forced on [0-9]+ tables$'
is "the configuration has what was set" "$(part configuration.json | jq -r '."plugins.memory"[0]')" 1G
like "and where secrets are" "$(part configuration.json | jq -r .master_key[0])" '^file:/.*master.key$'
is "migrations are listed" "$(part database.json | jq '.migrations | length')" "$(query 'SELECT count(*) FROM migrations')"
is "tables have sizes" "$(part database.json | jq '[.tables[] | select(.table == "members" and .bytes > 0)] | length')" 1
like "runs are counted by plug-in" "$(part database.json | jq -r '.runs[] | "\(.plugin) \(.state)"')" '^ldap failed$'
like "the log can still be read" "$(part log.txt)" 'ready: '
like "without its names" "$(part log.txt)" 'run 1: \*/\*: plug-in "ldap" says: .*could not start: password \* of <address> from <ip> or <ip>|says:'
like "the daemon's figures are there" "$(part metrics.txt)" '^# TYPE '

"$BUILDDIR/rosterctl/rosterctl" support-bundle "$flow_dir/bundle.tar" --program "$BUILDDIR/rosterd" >/dev/null 2>&1
is "a file that is there is not overwritten" "$?" 1

ok "a configuration with secrets where none belong" bundle --config "$flow_dir/planted.conf" --log "$flow_dir/log"
is "nothing of them comes out" "$(leaks)" ""
is "it is told that something stood there" "$(part configuration.json | jq -r '.previous_master_key[0]')" "(removed)"

flow_kill
"$SRCDIR/tests/peers/postgres.sh" stop "$flow_dir/pg" >/dev/null 2>&1
ok "without daemon and database there is a bundle, too" bundle --config "$flow_dir/rosterd.conf" --log "$flow_dir/log"
like "which says what is not in it" "$(part MANIFEST)" '^  metrics.txt +the daemon did not answer'
is "and gives nothing away" "$(leaks)" ""
is "the log alone tells whose words they are" "$(part log.txt | grep -cE "(^|[^a-z])($words)([^a-z]|$)")" 0
rm "$flow_dir/bundle.tar"
"$BUILDDIR/rosterctl/rosterctl" support-bundle "$flow_dir/bundle.tar" --program /nonexistent --log "$flow_dir/log" >/dev/null 2>&1
like "without the daemon's program no word of a log is known to be harmless" "$(tar -xOf "$flow_dir/bundle.tar" rosterd-support/MANIFEST)" \
	'^  log.txt +without the daemon'
done_testing
