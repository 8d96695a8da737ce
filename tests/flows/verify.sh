#!/bin/bash
# What a proxy asks at every request, answered from memory: by two daemons on one database, in the real nginx; when notices are lost, when nothing is
# heard any more, and when the database is away.
. "$SRCDIR/tests/flows/flow.sh"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || { echo "1..0 # SKIP no nginx is installed"; exit 0; }

port=$(free_port) web=$flow_dir/nginx
until FLOW_LISTEN=127.0.0.1:$(free_port); [ "$FLOW_LISTEN" != "127.0.0.1:$port" ]; do :; done
until elsewhere=127.0.0.1:$(free_port); [ "$elsewhere" != "127.0.0.1:$port" ] && [ "$elsewhere" != "$FLOW_LISTEN" ]; do :; done
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\"
trusted_proxies = { \"127.0.0.1\" }
verify {
	stale_limit = \"1s\"
}
sign_on {
	return_to = { \"https://app.example/\" }
}"
flow_start
secret=correct-horse
(umask 077 && printf %s "$secret" >"$flow_dir/secret")
printf '# nobody\n' >"$flow_dir/people.txt"
ctl org create Acme --type enterprise --default-role viewer >/dev/null
ctl domain add acme acme.example >/dev/null
connection=$(ctl connection create acme example door --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
	--secret login_secret=@"$flow_dir/secret" --role bosses=admin --json | jq -r .id)

# A browser: jar NAME.
ask() { # ask JAR [CURL WORDS]: $status, $location, $body
	local jar=$flow_dir/jar.$1
	shift
	status=$(curl -s -m 20 -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$jar" -c "$jar" "$@")
	location=$(header location) body=$(cat "$flow_dir/body")
}
header() { sed -n "s/^$1: //Ip" "$flow_dir/head" | tr -d '\r'; }
signed() { printf '%s\n' "$1" "$2" "$3" "$4" "$5" "$6" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1; }
sign_on() { # sign_on JAR PERSON EMAIL [GROUPS]
	local state nonce
	ask "$1" "$here/sso/$connection/begin"
	state=$(sed -n 's/.*[?&]state=\([^&]*\).*/\1/p' <<<"$location") nonce=$(sed -n 's/.*[?&]nonce=\([^&]*\).*/\1/p' <<<"$location")
	ask "$1" -d "state=$state" -d "nonce=$nonce" -d "person=$2" -d "email=$3" -d verified=yes -d session=theirs -d "groups=${4:-}" \
		-d "signature=$(signed "$state" "$nonce" "$2" "$3" yes "${4:-}")" "$here/sso/$connection/callback"
}
# The question itself; at=... asks another daemon.
at=$here
verify() { ask "$1" "$at/verify/session${2:-}" "${@:3}"; echo "$status $(if [ "$status" = 200 ]; then header remote-role; else jq -r .code <<<"$body"; fi)"; }
there() { at=http://$elsewhere verify "$@"; }
whoami() { ask "$1" "$here/session"; echo "$status $(jq -r '.email // .code' <<<"$body")"; }
figure() { curl -s --unix-socket "${2:-$socket}" http://x/metrics | sed -n "s/^$1 //p"; }
from_memory() { figure 'rosterd_verify_total{kind="session",outcome="memory"}' "${1:-}"; }
looked_up() { figure 'rosterd_verify_total{kind="session",outcome="database"}' "${1:-}"; }

# ---- who it is --------------------------------------------------------------------------------------------------------------------

is "nobody is signed in" "$(verify ada)" "401 session.none"
is "and a cookie that is none of ours is nobody's" "$(verify none '' -H "Cookie: __Host-rosterd=rses_0123456789012345678901234567890123456789012")" "401 session.none"
is "nor one of another form" "$(verify none '' -H "Cookie: __Host-rosterd=x")" "401 session.none"
sign_on ada u1 ada@acme.example bosses
member=$(query "SELECT user_id FROM members WHERE email = 'ada@acme.example'")
is "somebody is" "$(verify ada)" "200 admin"
is "as the headers say" "$(header remote-user) $(header remote-organisation) $(header remote-role) $(header remote-email)" "$member acme admin ada@acme.example"
is "and the body has nothing" "$body" ""
before=$(from_memory)
for _ in 1 2 3 4 5; do verify ada >/dev/null; done
is "from then on it is answered from memory" "$(($(from_memory) - before)) $(looked_up)" "5 1"
queries=$(query "SELECT xact_commit FROM pg_stat_database WHERE datname = 'rosterd'")
for _ in $(seq 200); do echo "url = \"$here/verify/session\""; echo "output = /dev/null"; done >"$flow_dir/many"
curl -s -b "$flow_dir/jar.ada" -K "$flow_dir/many"
is "not a statement for a request" "$([ $(($(query "SELECT pg_stat_clear_snapshot() IS NULL" >/dev/null; query "SELECT xact_commit FROM pg_stat_database WHERE datname = 'rosterd'") - queries)) -lt 100 ] && echo few)" few
is "the same for /session" "$(whoami ada)" "200 ada@acme.example"

is "a question may want an organisation" "$(verify ada '?organisation=acme') $(verify ada '?organisation=other')" "200 admin 403 verify.organisation"
is "and roles" "$(verify ada '?roles=owner,admin') $(verify ada '?roles=owner') $(verify ada '?roles=')" "200 admin 403 verify.role 403 verify.role"
is "and nothing else" "$(verify ada '?role=admin')" "400 request.parameter"
sign_on pam u2 pam@acme.example
sign_on pam u2 victim@other.example
is "an address that is not proven is not said" "$(verify pam) $(header remote-email)" "200 viewer "

# ---- where to sign on -------------------------------------------------------------------------------------------------------------

verify nobody '' -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: app.example' -H 'X-Forwarded-Uri: /start?a=1' >/dev/null
is "whoever is nobody is told where to sign on" "$(header rosterd-sign-on)" "$here/login?return_to=https%3A%2F%2Fapp.example%2Fstart%3Fa%3D1"
verify nobody '?organisation=acme' -H 'X-Original-URL: https://app.example/start' >/dev/null
is "and of which organisation" "$(header rosterd-sign-on)" "$here/login?organisation=acme&return_to=https%3A%2F%2Fapp.example%2Fstart"
verify nobody '' -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: evil.example' -H 'X-Forwarded-Uri: /' >/dev/null
is "not to lead anywhere else" "$(header rosterd-sign-on)" "$here/login"
ask nobody "$here/verify/session?sign_on=redirect" -H 'Accept: text/html' -H 'X-Forwarded-Method: GET'
is "a browser is sent there, if the proxy wants that" "$status $location" "303 $here/login"
is "but no script, and no form" "$(verify nobody '?sign_on=redirect' -H 'Accept: */*') $(verify nobody '?sign_on=redirect' -H 'Accept: text/html' -H 'X-Forwarded-Method: POST')" \
	"401 session.none 401 session.none"

# ---- two daemons ------------------------------------------------------------------------------------------------------------------

sed -e "s#^socket = .*#socket = \"$flow_dir/other.sock\"#" -e "s#^listen = .*#listen = { \"$elsewhere\" }#" "$flow_dir/rosterd.conf" >"$flow_dir/other.conf"
other_daemon() {
	"$BUILDDIR/rosterd" --config "$flow_dir/other.conf" >>"$flow_dir/other.log" 2>&1 &
	other=$!
	flow_also="kill -CONT $other 2>/dev/null; kill $other 2>/dev/null; wait $other 2>/dev/null; $flow_also_web"
	for _ in $(seq 200); do "$BUILDDIR/rosterctl/rosterctl" --socket "$flow_dir/other.sock" status >/dev/null 2>&1 && return; sleep 0.1; done
}
flow_also_web=:
other_daemon
is "another daemon knows her as well" "$(there ada)" "200 admin"
is "from memory, too" "$(there ada) $(from_memory "$flow_dir/other.sock")" "200 admin 1"
sign_on bob u3 bob@acme.example
is "and bob" "$(there bob) $(there bob)" "200 viewer 200 viewer"
ctl member suspend acme bob@acme.example >/dev/null
is "who is suspended is out where that was said, before it is answered" "$(verify bob)" "401 session.none"
becomes "and at the other one" "401 session.none" there bob
ctl member restore acme bob@acme.example >/dev/null
sign_on bob u3 bob@acme.example bosses
is "a role" "$(there bob)" "200 admin"
ctl member role acme bob@acme.example viewer >/dev/null
is "that changes" "$(verify bob)" "200 viewer"
becomes "changes there" "200 viewer" there bob
there ada >/dev/null
ctl session end acme --member ada@acme.example >/dev/null
is "an administrator ends her sessions" "$(verify ada)" "401 session.none"
becomes "there, too" "401 session.none" there ada
sign_on ada u1 ada@acme.example bosses
is "she comes back" "$(there ada)" "200 admin"
ask ada -X POST "$here/logout"

is "whoever signs off is off" "$(verify ada)" "401 session.none"
there bob >/dev/null
ctl org set acme --state suspended >/dev/null
is "nobody of an organisation that is suspended is in" "$(verify bob)" "401 session.none"
becomes "nor there" "401 session.none" there bob
ctl org set acme --state active >/dev/null
becomes "until it is not any more" "200 viewer" there bob
is "as here" "$(verify bob)" "200 viewer"
verify bob >/dev/null
query "UPDATE domains SET state = 'lost', proven_at = NULL, proven_by = NULL WHERE domain = 'acme.example'"
email_of() { verify "$1" >/dev/null; header remote-email; }
becomes "an address of a domain that is lost is no longer said" "" email_of bob
query "UPDATE domains SET state = 'verified', proven_at = now(), proven_by = 'operator' WHERE domain = 'acme.example'"
becomes "until it is proven again" bob@acme.example email_of bob
query "UPDATE organisations SET ip_allow_list = '{192.0.2.0/24}' WHERE slug = 'acme'"
becomes "whoever comes from where nobody may is kept out" "403 access.address" verify bob
is "unless the proxy says that they come from there" "$(verify bob '' -H 'X-Forwarded-For: 192.0.2.9')" "200 viewer"
query "UPDATE organisations SET ip_allow_list = '{}' WHERE slug = 'acme'"
becomes "from anywhere again" "200 viewer" verify bob

# ---- how long it counts -----------------------------------------------------------------------------------------------------------

query "UPDATE sessions SET idle_ms = 1 WHERE user_id = (SELECT user_id FROM members WHERE email = 'bob@acme.example') AND ended_at IS NULL"
becomes "a session that nobody used for too long is over" "401 session.none" verify bob
sign_on bob u3 bob@acme.example
verify bob >/dev/null
query "UPDATE sessions SET expires_at = now() WHERE ended_at IS NULL"
becomes "and one whose time is over" "401 session.none" verify bob
sign_on bob u3 bob@acme.example
query "UPDATE sessions SET seen_at = now() - interval '2 minutes' WHERE ended_at IS NULL"
seen() { verify bob >/dev/null; query "SELECT bool_and(seen_at > now() - interval '1 minute') FROM sessions WHERE ended_at IS NULL AND expires_at > now() AND user_id = (SELECT user_id FROM members WHERE email = 'bob@acme.example')"; }
becomes "that it is used is written down, some time later" t seen

ctl org set acme --session-idle 20m --session-length 2h >/dev/null
is "an organisation may have it shorter, for those who are signed in as well" "$(query "SELECT bool_and(idle_ms = 1200000 AND expires_at <= began_at + interval '2 hours')
	FROM sessions WHERE ended_at IS NULL AND expires_at > now()") $(ctl org show acme --json | jq -r '"\(.session_idle) \(.session_length)"')" "t 20m 2h"
query "UPDATE sessions SET began_at = now() - interval '90 minutes' WHERE ended_at IS NULL"
ctl org set acme --session-length 1h >/dev/null
is "which is felt before it is answered" "$(verify bob)" "401 session.none"
becomes "and elsewhere" "401 session.none" there bob
sign_on bob u3 bob@acme.example
is "and for those who come" "$(query "SELECT idle_ms, expires_at = began_at + interval '1 hour' FROM sessions WHERE ended_at IS NULL ORDER BY began_at DESC LIMIT 1")" "1200000|t"
ctl org set acme --session-idle default --session-length default >/dev/null
sign_on bob u3 bob@acme.example
is "or as the operator has it" "$(query "SELECT idle_ms FROM sessions WHERE ended_at IS NULL ORDER BY began_at DESC LIMIT 1")" 28800000
like "not longer than that can be" "$(ctl org set acme --session-idle 25d 2>&1)" 'from 5m to 24d'

# ---- a notice that is lost --------------------------------------------------------------------------------------------------------

is "bob is known to both" "$(verify bob) $(there bob)" "200 viewer 200 viewer"
query "CREATE TABLE kept AS SELECT pg_get_functiondef('verify_changed'::regproc) AS text"
query "CREATE OR REPLACE FUNCTION verify_changed(of_organisation uuid, of_users uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER
	SET search_path = rosterd, pg_temp AS 'INSERT INTO verify_changes (organisation, user_id) SELECT of_organisation, unnest(of_users)'"
missed=$(figure rosterd_verify_missed_total "$flow_dir/other.sock")
there bob >/dev/null
ctl session end acme --member bob@acme.example >/dev/null
becomes "a change that nobody was notified of is found in the log, though another one of the same person was told a moment ago" "401 session.none" there bob
missed() { [ "$(figure rosterd_verify_missed_total "$flow_dir/other.sock")" -gt "$missed" ] && echo some; }
query "UPDATE members SET name = name || '!' WHERE email = 'bob@acme.example'"
becomes "and counted" some missed
query "DO \$\$ BEGIN EXECUTE (SELECT text FROM kept); END \$\$; DROP TABLE kept"

# The connection that listens is cut, and something changes before there is another one.
listeners="application_name = 'rosterd' AND query LIKE '%verify_beat%'"
is "each daemon listens by a connection of its own" "$(query "SELECT count(*) FROM pg_stat_activity WHERE $listeners AND pid <> pg_backend_pid()")" 2
sign_on bob u3 bob@acme.example
there bob >/dev/null
query "BEGIN; UPDATE sessions SET ended_at = now(), ended_by = 'test' WHERE ended_at IS NULL; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE $listeners AND pid <> pg_backend_pid(); COMMIT" >/dev/null
becomes "what changes while nobody listens is felt" "401 session.none" there bob
becomes "by either" "401 session.none" verify bob

# ---- nothing is heard -------------------------------------------------------------------------------------------------------------

sign_on bob u3 bob@acme.example
is "bob is known to both once more" "$(verify bob) $(there bob)" "200 viewer 200 viewer"
pids=$(query "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE $listeners AND pid <> pg_backend_pid()")
kill -STOP $pids
becomes "a daemon that hears nothing knows nothing" "503 verify.unknown" there bob
there bob >/dev/null
like "and says why" "$(jq -r .detail <<<"$body") $(header retry-after)" '^nothing was heard from the database for [0-9.]+ s, .* 1$'
becomes "nor does the other one" "503 verify.unknown" verify bob
is "nobody is nobody all the same" "$(verify nobody)" "401 session.none"
is "whoever asks for themselves is answered by the database" "$(whoami bob)" "200 bob@acme.example"
kill -CONT $pids
becomes "until it is heard again" "200 viewer" there bob
becomes "by both" "200 viewer" verify bob

sed -i 's/^	stale_limit = .*/&\n	when_stale = "lease"\n	lease = "1h"/' "$flow_dir/other.conf"
kill -HUP "$other"
pids=$(query "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE $listeners AND pid <> pg_backend_pid()")
kill -STOP $pids
stale() { there bob >/dev/null; echo "$status $(header rosterd-stale | grep -c '^[0-9]*$')"; }
becomes "an operator may want what was known last, which says so" "200 1" stale
is "of nobody else" "$(cp "$flow_dir/jar.bob" "$flow_dir/jar.twin"; sed -i 's/rses_./rses_~/' "$flow_dir/jar.twin"; there twin)" "503 verify.unknown"
becomes "where that is not wanted it is not told" "503 verify.unknown" verify bob
kill -CONT $pids
becomes "what is heard is not marked" "200 0" stale

# ---- the database is away, and comes back -----------------------------------------------------------------------------------------

"$SRCDIR/tests/peers/postgres.sh" halt "$flow_dir/pg" >/dev/null
becomes "without a database nobody knows" "503 verify.unknown" verify bob
becomes "or knows what was known last" "200 1" stale
"$SRCDIR/tests/peers/postgres.sh" start "$flow_dir/pg" >/dev/null
becomes "once it is back everything is as it was" "200 viewer" verify bob
becomes "and unmarked" "200 0" stale
ctl session end acme --member bob@acme.example >/dev/null
is "and what ends has ended" "$(verify bob)" "401 session.none"
becomes "everywhere" "401 session.none" there bob

# A daemon that starts while nobody answers it, and is asked at once.
kill "$other"; wait "$other" 2>/dev/null
sign_on bob u3 bob@acme.example
other_daemon
is "a daemon that has just begun answers rightly" "$(there bob)" "200 viewer"

# ---- many at once -----------------------------------------------------------------------------------------------------------------

for n in $(seq 12); do echo "person: id=m$n; user=m$n; email=m$n@acme.example; name=m$n"; done >"$flow_dir/people.txt"
ctl connection create acme example people --set directory=@"$flow_dir/people.txt" >/dev/null
sync >/dev/null
sessions() { # a session for each of them, as a sign-on makes it
	local n values=
	for n in $(seq 12); do
		cookies[n]=rses_$(openssl rand -base64 33 | tr '/+' '_-' | cut -c1-43)
		values="$values${values:+, }('m$n@acme.example', '${cookies[n]}')"
	done
	query "INSERT INTO sessions (hash, organisation, id, user_id, idle_ms, expires_at) SELECT sha256(convert_to(v.cookie, 'UTF8')), m.organisation,
		gen_random_uuid(), m.user_id, 3600000, now() + interval '1 hour' FROM (VALUES $values) v (email, cookie) JOIN members m ON m.email = v.email"
}
cookies=()
of() { "$1" none '' -H "Cookie: __Host-rosterd=${cookies[$2]}"; } # of verify|there N
still() { for n in $(seq 12); do of "$1" "$n"; done | sort | uniq -c | tr -s ' '; }
sessions
is "a dozen are signed in" "$(still verify)$(still there)" " 12 200 viewer 12 200 viewer"
for n in $(seq 12); do
	{ [ $((n % 2)) = 0 ] && ctl session end acme --member "m$n@acme.example" || ctl member suspend acme "m$n@acme.example"; } >/dev/null 2>&1 &
	enders="${enders:-} $!"
done
wait $enders
is "whoever is ended while others are is out here at once" "$(still verify)" " 12 401 session.none"
becomes "and there" " 12 401 session.none" still there
for n in $(seq 12); do ctl member restore acme "m$n@acme.example" >/dev/null 2>&1; done
sessions
is "they are back" "$(still there)" " 12 200 viewer"
ctl session end acme --all --yes >/dev/null
becomes "all of an organisation are ended by one word" " 12 401 session.none" still there
is "of more than a few one line is kept" "$(query "SELECT user_id IS NULL FROM verify_changes ORDER BY at DESC LIMIT 1")" t

# ---- in nginx ---------------------------------------------------------------------------------------------------------------------

mkdir -p "$web/app"
"$SRCDIR/tests/peers/certificates.sh" "$flow_dir/tls" app.example
{
	[ "$(id -u)" != 0 ] || echo "user nobody nogroup;"
	printf '%s\n' "worker_processes 1;" "pid $web/pid;" "error_log $web/error warn;" "daemon off;" "events {}" "http {" "access_log off;"
	for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $web/$kind;"; done
	sed -e "s#listen 443 #listen 127.0.0.1:$port #" -e '/listen \[::\]/d' -e "s#127.0.0.1:8080#$FLOW_LISTEN#; s#127.0.0.1:3000#unix:$web/app.sock#" -e "s#app.example.org#app.example#" \
		-e "s#/etc/ssl/app/fullchain.pem#$flow_dir/tls/server.pem#; s#/etc/ssl/app/key.pem#$flow_dir/tls/server.key#" "$SRCDIR/etc/nginx/app.conf"
	# The application: says whom it was told to serve.
	printf '%s\n' "server {" "listen unix:$web/app.sock;" 'location / { return 200 "app $http_remote_user $http_remote_role $http_remote_email\n"; }' "}" "}"
} >"$web/nginx.conf"
ok "nginx takes the example" nginx -t -q -e "$web/error" -p "$web" -c "$web/nginx.conf"
nginx -e "$web/error" -p "$web" -c "$web/nginx.conf" &
nginx_pid=$!
flow_also_web='kill -TERM "$nginx_pid" 2>/dev/null; wait "$nginx_pid" 2>/dev/null'
flow_also="kill $other 2>/dev/null; wait $other 2>/dev/null; $flow_also_web"
app() { ask "$1" --cacert "$flow_dir/tls/ca.pem" --connect-to "app.example:443:127.0.0.1:$port" "https://app.example${2:-/}" "${@:3}"; echo "$status $body"; }
sign_on bob u3 bob@acme.example
cookie=$(awk '$6 == "__Host-rosterd" { print $7 }' "$flow_dir/jar.bob")
bob=$(query "SELECT user_id FROM members WHERE email = 'bob@acme.example'")
let_in=(-H "Cookie: __Host-rosterd=$cookie")
for _ in $(seq 100); do [ "$(app nobody /livez 2>/dev/null | cut -c1-3)" != 000 ] && break; sleep 0.1; done
is "the application is told who it is" "$(app x / "${let_in[@]}")" "200 app $bob viewer bob@acme.example"
is "and not what somebody says of themselves" "$(app x / "${let_in[@]}" -H 'Remote-User: root' -H 'Remote-Role: owner' -H 'Remote-Email: root@acme.example')" \
	"200 app $bob viewer bob@acme.example"
app y /start?a=1 -H 'Remote-User: root' >/dev/null
is "whoever is nobody is sent to sign on, and back" "$status $location" "302 $here/login?return_to=https%3A%2F%2Fapp.example%2Fstart%3Fa%3D1"
is "the question itself is not the world's to ask" "$(app y /verify/session | head -c 3)" 404
ctl session end acme --member bob@acme.example >/dev/null
app x / "${let_in[@]}" >/dev/null
is "whose session ends is out with the next request" "$status" 302
sign_on bob u3 bob@acme.example
let_in=(-H "Cookie: __Host-rosterd=$(awk '$6 == "__Host-rosterd" { print $7 }' "$flow_dir/jar.bob")")
is "and back in" "$(app x / "${let_in[@]}" | cut -c1-7)" "200 app"
"$SRCDIR/tests/peers/postgres.sh" halt "$flow_dir/pg" >/dev/null
unknown() { app x / "${let_in[@]}" >/dev/null; echo "$status"; }
becomes "nobody is let in while nobody knows" 503 unknown
unlike "no cookie stands in a log" "$(cat "$flow_dir/log" "$flow_dir/other.log")" 'rses_'

done_testing
