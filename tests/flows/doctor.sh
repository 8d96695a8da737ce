#!/bin/bash
# An installation is broken in one way after another; the doctor names each by its code, and changes nothing.
FLOW_POSTGRES='fsync=on full_page_writes=on'
. "$SRCDIR/tests/flows/flow.sh"
flow_start

conf=$flow_dir/rosterd.conf
doctor() { # doctor [WORDS]: what rosterd finds, in $found; its exit code in $status
	"$BUILDDIR/rosterd" --doctor --json --config "$conf" "$@" >"$flow_dir/doctor.json" 2>"$flow_dir/doctor.err"
	status=$?
	found=$(jq -r '.findings[] | select(.level == "problem" or .level == "warning") | .code' "$flow_dir/doctor.json" | sort -u |
		grep -vE "$elsewhere" | tr '\n' ' ')
	found=${found% }
}
# What this machine may lack is not what is tested.
elsewhere='^(kernel\.|clock\.unsynchronised|limit\.|disk\.|folder\.writable)'
finding() { jq -r --arg code "$1" '.findings[] | select(.code == $code) | .found, .why, .todo' "$flow_dir/doctor.json"; }
# broken NAME CODES: the doctor finds these and nothing else
broken() {
	doctor
	is "$1: $2" "$found" "$2"
	for code in $2; do
		[ -n "$(finding "$code" | sed -n 3p)" ] || fail "$1: $code says what to do"
	done
	is "$1: nothing goes wrong in the doctor itself" "$(cat "$flow_dir/doctor.err")" ""
}

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
sync >/dev/null
digest() { query "SELECT md5(string_agg(l, '')) FROM (SELECT r::text AS l FROM runs r UNION ALL SELECT c::text FROM connections c
	UNION ALL SELECT a::text FROM audit a UNION ALL SELECT m::text FROM migrations m ORDER BY 1) x"; }
before=$(digest)

broken "a good installation" ""
like "it says what is well" "$(jq -r '.findings[] | select(.level == "ok") | .code' "$flow_dir/doctor.json" | tr '\n' ' ')" \
	'config.ok .*plugin.ok .*database.ok .*database.version .*role.ok .*schema.ok .*rls.ok .*key.ok'
like "people get words" "$("$BUILDDIR/rosterd" --doctor --config "$conf" 2>&1)" '^ok +schema.ok: all [0-9]+ migrations'

# ---- rosterctl adds what the daemon and its service manager say
whole() { "$BUILDDIR/rosterctl/rosterctl" doctor --program "$BUILDDIR/rosterd" --config "$conf" "$@"; }
codes() { jq -r '.findings[].code' | tr '\n' ' '; }
like "rosterctl asks the daemon, too" "$(whole --json 2>/dev/null | codes)" 'config.ok .*rls.ok .*service\..* daemon.ok'
without() { "$BUILDDIR/rosterctl/rosterctl" doctor --program /nonexistent --socket "$socket" "$@"; }
like "without the daemon's program it says so" "$(without --json 2>/dev/null | codes)" \
	'^doctor.program .*daemon.ok'
without >/dev/null 2>&1
is "which is a problem" "$?" 10
like "people read what is not well" "$(without 2>/dev/null)" '^problem +doctor.program: could not run'
unlike "what is well is only counted" "$(whole 2>/dev/null)" '^ok '
like "and what is well if they ask" "$(whole --all 2>/dev/null)" '^ok +database.ok: '

# ---- files
chmod 0644 "$flow_dir/master.key"
broken "a key that others may read" "config.mistake file.mode key.missing"
chmod 0600 "$flow_dir/master.key"
chmod 0666 "$conf"
broken "a configuration that others may change" "config.mistake file.writable"
is "problems are exit code 10" "$status" 10
chmod 0644 "$conf"
cp "$conf" "$flow_dir/good.conf"
echo 'worker = 3' >>"$conf"
broken "a mistake in the configuration" "config.mistake"
like "it is told with file and line" "$(finding config.mistake)" "rosterd.conf:[0-9]+: .*did you mean"
cp "$flow_dir/good.conf" "$conf"

# ---- roles
query "ALTER ROLE rosterd_request BYPASSRLS"
broken "a role that may bypass the policies" "role.bypassrls"
like "the remedy is a statement" "$(finding role.bypassrls)" '^ALTER ROLE "rosterd_request" NOBYPASSRLS;$'
query "ALTER ROLE rosterd_request NOBYPASSRLS"
query "ALTER ROLE rosterd_worker SUPERUSER"
broken "a superuser" "role.superuser"
query "ALTER ROLE rosterd_worker NOSUPERUSER"
query "GRANT rosterd_owner TO rosterd_request"
broken "a role that can become the owner" "role.member"
query "REVOKE rosterd_owner FROM rosterd_request"
query "ALTER ROLE rosterd_worker RENAME TO rosterd_laborer"
broken "a role that is missing" "role.missing role.refused"
query "ALTER ROLE rosterd_laborer RENAME TO rosterd_worker"
query "ALTER ROLE rosterd_request RESET search_path"
broken "a role that looks elsewhere" "role.path"
query "ALTER ROLE rosterd_request SET search_path = rosterd, pg_temp"
query "GRANT DELETE ON audit TO rosterd_worker"
broken "an audit that can be deleted" "role.excess"
query "REVOKE DELETE ON audit FROM rosterd_worker"
query "REVOKE SELECT ON migrations FROM rosterd_worker"
broken "a table that cannot be read" "role.lack"
query "GRANT SELECT ON migrations TO rosterd_worker"

# ---- tables
query "ALTER TABLE members DISABLE ROW LEVEL SECURITY"
broken "row-level security that is off" "rls.off"
like "the table is named" "$(finding rls.off)" '"members"'
query "ALTER TABLE members ENABLE ROW LEVEL SECURITY; ALTER TABLE groups NO FORCE ROW LEVEL SECURITY"
broken "row-level security that is not forced" "rls.off"
query "ALTER TABLE groups FORCE ROW LEVEL SECURITY; CREATE POLICY mistake ON runs TO rosterd_request USING (true)"
broken "a policy that lets everything through" "rls.open"
query "DROP POLICY mistake ON runs"
last=$(query "SELECT max(number) FROM migrations")
query "INSERT INTO migrations (number, name, sha256, oldest_daemon) VALUES ($((last + 1)), '0999_future.sql', sha256('x'), '99.0.0')"
broken "a migration of the future" "schema.new"
query "UPDATE migrations SET oldest_daemon = '0.0.1' WHERE number > $last"
broken "a migration that suffers us" ""
is "is a note" "$(jq -r '.findings[] | select(.code == "schema.ahead") | .level' "$flow_dir/doctor.json")" note
query "DELETE FROM migrations WHERE number > $last"
query "UPDATE migrations SET sha256 = sha256('y') WHERE number = 1"
broken "a migration that has changed" "schema.changed"
query "UPDATE migrations SET sha256 = sha256(pg_read_binary_file('$SRCDIR/schema/0001_core.sql')) WHERE number = 1"
broken "and is back" ""

# ---- server
query "ALTER DATABASE rosterd CONNECTION LIMIT 15"
broken "fewer connections than the pools may open" "database.connections"
query "ALTER DATABASE rosterd CONNECTION LIMIT -1"
query "ALTER ROLE rosterd_owner SET synchronous_commit = off"
query "ALTER ROLE rosterd_request SET synchronous_commit = off"
query "ALTER ROLE rosterd_worker SET synchronous_commit = off"
broken "commits that are not kept" "database.commit"
is "warnings are exit code 11" "$status" 11
for role in owner request worker; do query "ALTER ROLE rosterd_$role RESET synchronous_commit"; done

# ---- queues
query "UPDATE connections SET state = 'paused'"
query "INSERT INTO runs (organisation, id, connection, state, asked_by, asked_at, not_before, claimed_by, beat_at)
	SELECT organisation, gen_random_uuid(), id, 'held', 'test', now(), now(), NULL, NULL FROM connections"
broken "a run that is held" "runs.held"
like "and how to go on" "$(finding runs.held)" 'rosterctl sync changes acme/'
query "DELETE FROM runs WHERE asked_by = 'test'"
query "UPDATE installation SET home = 'elsewhere'"
broken "a database that is a copy" "installation.copy"
query "UPDATE installation SET home = installation_here()"
query "CREATE TABLE staging.people_0123456789abcdef0123456789abcdef (x integer); ALTER TABLE
	staging.people_0123456789abcdef0123456789abcdef OWNER TO rosterd_worker"
broken "a staging table without a run" "staging.orphans"
query "DROP TABLE staging.people_0123456789abcdef0123456789abcdef"
flow_kill
query "UPDATE connections SET state = 'active', next_due_at = now() - interval '1 hour'"
broken "nobody reads directories" "runs.overdue socket.missing"
query "UPDATE connections SET next_due_at = NULL"

like "rosterctl: nobody answers" "$(whole 2>/dev/null)" '^problem +daemon.down: '

# ---- the daemon
flow_daemon
flow_kill KILL
broken "a socket that a killed daemon left" "socket.stale"
flow_daemon

# ---- connections
query "UPDATE connections SET plugin = 'gone'"
broken "a plug-in that is not there" "plugin.missing"
query "UPDATE connections SET plugin = 'example'"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out "$flow_dir/ca.pem" -subj /CN=old \
	-days 10 >/dev/null 2>&1
cp "$flow_dir/people.txt" "$flow_dir/kept.txt"
query "UPDATE connections SET settings = settings || jsonb_build_object('ca_certificate', pg_read_file('$flow_dir/ca.pem'))" 2>/dev/null ||
	query "UPDATE connections SET settings = settings || jsonb_build_object('ca_certificate', \$pem\$$(cat "$flow_dir/ca.pem")\$pem\$::text)"
broken "a certificate that ends soon" "certificate.expiring"
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out "$flow_dir/old.key" 2>/dev/null
openssl req -new -key "$flow_dir/old.key" -subj /CN=old -out "$flow_dir/old.csr" 2>/dev/null
openssl x509 -req -in "$flow_dir/old.csr" -signkey "$flow_dir/old.key" -days -1 -out "$flow_dir/ca.pem" 2>/dev/null
query "UPDATE connections SET settings = settings || jsonb_build_object('ca_certificate', \$pem\$$(cat "$flow_dir/ca.pem")\$pem\$::text)"
broken "a certificate that has ended" "certificate.expired"
query "UPDATE connections SET settings = settings - 'ca_certificate'"

query "INSERT INTO scim_tokens (hash, id, organisation, connection, name, created_by) SELECT sha256('x'), gen_random_uuid(), organisation, id, 'spring',
	'member ' || gen_random_uuid() FROM connections LIMIT 1"
broken "a token for a directory, whose maker has left" "scim.maker"
query "UPDATE scim_tokens SET revoked_at = now()"
broken "which is revoked" ""

# ---- secrets
query "INSERT INTO connection_secrets (organisation, connection, name, sealed) SELECT organisation, id, 'planted', '\x01' FROM connections"
broken "a secret that is damaged" "key.damaged"
query "DELETE FROM connection_secrets WHERE name = 'planted'"

printf hush >"$flow_dir/password" && chmod 600 "$flow_dir/password"
ctl connection create acme ldap corporate --set url=ldaps://ldap.acme.example --set user_base=ou=people,dc=acme \
	--set bind_dn=cn=reader,dc=acme --secret bind_password=@"$flow_dir/password" >/dev/null
broken "a secret that opens" ""
like "is counted" "$(finding key.ok)" 'all 1 sealed'
cp "$flow_dir/master.key" "$flow_dir/kept.key"
(umask 077 && openssl rand -hex 32 >"$flow_dir/master.key")
broken "another master key" "key.wrong"
like "the connection is named" "$(finding key.wrong)" 'acme/corporate'
unlike "no secret is printed" "$(cat "$flow_dir/doctor.json")" 'hush'
cp "$flow_dir/kept.key" "$flow_dir/master.key"

# ---- the database
is "the doctor has changed nothing" "$(digest)" "$(query "UPDATE connections SET state = 'active'" >/dev/null; digest)"
flow_kill
"$SRCDIR/tests/peers/postgres.sh" stop "$flow_dir/pg" >/dev/null 2>&1
broken "a database that is down" "database.unreachable socket.missing"

# ---- the manual
all=$(grep -hoE '"[a-z_]+\.[a-z_]+"' "$SRCDIR"/daemon/doctor/*.c "$SRCDIR/daemon/consult.c" "$SRCDIR/rosterctl/examine.c" |
	tr -d '"' | grep -vE '^(visit|crypt|details)\.|\.(h|service)$|^doctor.(secrets|details)' | sort -u)
is "rosterd(8) lists every code" "$(for code in $all; do grep -qE "^\.It Cm .*\b$code\b" "$SRCDIR/docs/rosterd.8" || echo "$code"; done)" ""
done_testing
