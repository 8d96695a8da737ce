#!/bin/bash
# Somebody who may not, tries: another organisation's ids and slugs at every address, the password of a directory sent to a
# server of the thief's own, the daemon's own socket, all of its threads, and its database without saying for whom.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_SETTINGS='log {
	level = info
}'
secret=correct-horse-battery
silent=

# A server on this machine that takes whoever comes and never says a word; sets $silent_port.
silent_start() {
	perl -MIO::Socket::INET -e '$| = 1; $SIG{TERM} = sub { exit };
		$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 50) or die; print $s->sockport, "\n";
		push @all, $s->accept while 1' >"$flow_dir/silent" &
	silent=$!
	until [ -s "$flow_dir/silent" ]; do sleep 0.05; done
	silent_port=$(cat "$flow_dir/silent")
}
silent_end() { [ -z "$silent" ] || { kill "$silent"; wait "$silent"; } 2>/dev/null; }
trap 'silent_end; flow_end' EXIT

# ask TOKEN METHOD PATH [BODY]: the answer's body, and its status in a line below
ask() {
	local body=()
	[ $# -lt 4 ] || body=(-H 'Content-Type: application/json' -d "$4")
	curl -sS --max-time 60 --unix-socket "$socket" -H "Authorization: Bearer $1" -X "$2" "${body[@]}" -w '\n%{http_code}\n' "http://rosterd$3"
}
# In one line: its status and its code
short() { ask "$@" | awk 'NR > 1 { printf "%s\n", before } { before = $0 } END { print }' | jq -rs '"\(.[1]) \(.[0].code? // "")"'; }
token() { ctl token create "$2" --organisation "$1" --role "$2"; }
path_of() { # path_of PATTERN ORGANISATION: with what acme has in the other places
	sed "s/{organisation}/$2/; s/{member}/$member/; s/{group}/$group/; s/{run}/$run/; s/{connection}/$connection/; s/{domain}/acme.example/; s/{token}/$token/" <<<"$1"
}

flow_start
silent_start
acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada
group: id=g1; name=Engineers
member: group=g1; member=u1'
sync >/dev/null
ctl org create Evil --type enterprise >/dev/null
acme_admin=$(token acme admin) evil_admin=$(token evil admin) evil_viewer=$(token evil viewer)
organisation=$(ctl org show acme --json | jq -r .id)
first() { ask "$acme_admin" GET "/v1/organisations/acme/$1" | head -n 1 | jq -r '.items[0].id'; }
member=$(first members) group=$(first groups) run=$(first runs) connection=$(first connections) token=$(first tokens)

# ---- another organisation ----

"$BUILDDIR/tests/flows/routes" | awk '$2 ~ /{organisation}/ { print $1, $2 }' >"$flow_dir/routes"
ok "there are addresses of organisations" [ "$(wc -l <"$flow_dir/routes")" -ge 25 ]
leaks=$(while read -r method pattern; do
	for named in acme "$organisation" "${organisation^^}"; do
		for who in "$evil_admin" "$evil_viewer"; do
			got=$(short "$who" "$method" "$(path_of "$pattern" "$named")")
			[ "$got" = "404 organisation.unknown" ] || echo "$method $pattern of $named: $got"
		done
	done
done <"$flow_dir/routes")
is "an organisation that one is not of looks like none, at every address" "$leaks" ""
leaks=$(awk '$2 ~ /}.*{/' "$flow_dir/routes" | while read -r method pattern; do
	got=$(short "$evil_admin" "$method" "$(path_of "$pattern" evil)" '{}')
	[[ $got = 40[04]\ * || $got = 413\ * ]] || echo "$method $pattern: $got"
done)
is "what another organisation has is not there in one's own" "$leaks" ""
changes=$(grep -v '^GET\|/check$' "$flow_dir/routes" | while read -r method pattern; do
	got=$(short "$evil_viewer" "$method" "$(path_of "$pattern" evil)" '{}')
	[[ $got = 4* ]] || echo "$method $pattern: $got"
done)
is "a viewer changes nothing" "$changes" ""
is "the id that stands for the operator is no organisation" \
	"$(ctl audit list 00000000-0000-0000-0000-000000000000 2>&1 >/dev/null | grep -o 'organisation\.unknown')" organisation.unknown

# ---- a directory's password, and the daemon's own socket ----

corporate() { printf '{"plugin":"ldap","name":"%s","settings":{"url":"%s","tls":"none","timeout":"1h","bind_dn":"cn=reader","bind_password":"%s","user_base":"dc=x"}}' "$1" "$2" "$secret"; }
is "a directory is connected" "$(short "$acme_admin" POST /v1/organisations/acme/connections "$(corporate corporate ldaps://ldap.acme.example)")" "201 "
is "its password cannot be sent elsewhere" "$(short "$acme_admin" PATCH /v1/organisations/acme/connections/corporate \
	"{\"settings\":{\"url\":\"ldap://127.0.0.1:$silent_port\"}}")" "400 connection.secret_again"
is "an administrator cannot name a socket of the machine" "$(short "$acme_admin" POST /v1/organisations/acme/connections \
	"$(corporate socket "ldapi://${socket//\//%2F}")")" "403 connection.socket"
corporate socket "ldapi://${socket//\//%2F}" >"$flow_dir/body"
curl -sS --unix-socket "$socket" -H 'Content-Type: application/json' -d @"$flow_dir/body" http://rosterd/v1/organisations/acme/connections >/dev/null
like "and the daemon never calls itself, whoever named it" "$(ctl connection test acme/socket 2>&1)" "own, or a database's"
is "its value is nowhere to be read" "$(ask "$acme_admin" GET /v1/organisations/acme/connections | grep -c "$secret")" 0
is "nor in the audit" "$(query 'SELECT personal FROM audit' | grep -c "$secret")" 0

# ---- all of the threads ----

is "a directory that never answers is connected" "$(short "$evil_admin" POST /v1/organisations/evil/connections "$(corporate hole "ldap://127.0.0.1:$silent_port")")" "201 "
like "into our networks it does not go by its administrator's word" "$(ask "$evil_admin" POST /v1/organisations/evil/connections/hole/test)" 'the operator can let it be reached'
ctl connection set evil/hole --private-addresses yes >/dev/null
for n in 1 2 3 4 5 6 7 8 9 10; do
	short "$evil_admin" POST /v1/organisations/evil/connections/hole/test >"$flow_dir/test.$n" 2>/dev/null &
	waiting+=($!)
done
for _ in $(seq 100); do
	[ "$(grep -l busy.organisation "$flow_dir"/test.* 2>/dev/null | wc -l)" -ge 8 ] && break
	sleep 0.1
done
is "ten tests at once hold two threads" "$(cat "$flow_dir"/test.* | sort | uniq -c | tr -s ' ' | sed 's/^ //')" "8 503 busy.organisation"
is "and everybody else is answered" "$(short "$acme_admin" GET /v1/organisations/acme)" "200 "
silent_end
silent=
wait "${waiting[@]}"

# ---- the database ----

as() { psql -q -X -A -t -h "$flow_dir/pg" -U "$1" -d rosterd -c "$2" 2>&1; }
tenant_tables=$(query "SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE relnamespace = 'rosterd'::regnamespace AND relkind = 'r' AND attname = 'organisation' AND relname <> 'tokens'")
for role in rosterd_request rosterd_worker; do
	is "$role sees no row without an organisation" "$(for table in $tenant_tables; do as $role "SELECT '$table' FROM $table LIMIT 1"; done | grep -v "permission denied for table")" ""
	is "$role sees the rows of the one it named" "$(as $role "SET rosterd.organisation = '$organisation'; SELECT count(DISTINCT organisation) FROM audit")" 1
	like "$role cannot become the owner" "$(as $role 'SET ROLE rosterd_owner')" 'permission denied'
	like "$role cannot undo the audit" "$(as $role 'DELETE FROM audit')" 'permission denied'
	like "$role cannot look past the policies" "$(as $role 'SET row_security = off; SELECT count(*) FROM members')" 'row-level security'
done
is "whatever runs as the owner finds its own tables first" \
	"$(query "SELECT proname FROM pg_proc WHERE prosecdef AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=rosterd, pg_temp']")" ""
is "and is nobody's to call who was not named" "$(query "SELECT proname FROM pg_proc WHERE pronamespace = 'rosterd'::regnamespace AND (proacl IS NULL OR proacl::text LIKE '%{=%' OR proacl::text LIKE '%,=%')")" ""
is "every table of tenants forces its policies" \
	"$(query "SELECT relname FROM pg_class WHERE relnamespace = 'rosterd'::regnamespace AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1" | tr '\n' ' ')" "installation migrations plans users "

# ---- all of the workers ----

for name in two three; do
	short "$evil_admin" POST /v1/organisations/evil/connections "$(corporate $name "ldap://127.0.0.1:$silent_port")" >/dev/null
done
flow_kill
query "DELETE FROM runs;
	INSERT INTO runs (organisation, id, connection, state, asked_by, not_before)
	SELECT organisation, gen_random_uuid(), id, 'asked', 'test', now() - CASE name WHEN 'people' THEN 1 ELSE 2 END * interval '1 minute'
	FROM connections WHERE name IN ('people', 'hole', 'two', 'three')"
claim() { as rosterd_worker "SELECT organisation_slug FROM (SELECT organisation AS o FROM runs_claim('$organisation', '20 s', ${1:-0})) c,
	LATERAL (SELECT CASE WHEN o = '$organisation' THEN 'acme' WHEN o IS NOT NULL THEN 'evil' ELSE 'nobody' END AS organisation_slug) s"; }
is "many slow directories of one organisation do not hold up another's" "$(claim; claim; claim; claim; claim)" "evil
acme
evil
evil
nobody"
query "UPDATE runs SET claimed_by = NULL, beat_at = NULL"
is "and hold no more than their share" "$(claim 2; claim 2; claim 2; claim 2)" "evil
acme
evil
nobody"
is "which is each daemon's own" "$(query "UPDATE runs SET claimed_by = gen_random_uuid() WHERE claimed_by IS NOT NULL"; claim 2)" evil

is "no password and no token is in the log" "$(grep -cF -e "$secret" -e "$acme_admin" -e "$evil_admin" "$flow_dir/log")" 0
done_testing
