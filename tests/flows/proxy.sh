#!/bin/bash
# The example of etc/nginx in front of a daemon, in the real nginx: TLS, who the client is, and limits that fit ours.
. "$SRCDIR/tests/flows/flow.sh"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || { echo "1..0 # SKIP no nginx is installed"; exit 0; }

port=$(free_port) web=$flow_dir/nginx
until FLOW_LISTEN=127.0.0.1:$(free_port); [ "$FLOW_LISTEN" != "127.0.0.1:$port" ]; do :; done
FLOW_SETTINGS="public_url = \"https://rosterd.example.org\"
trusted_proxies = { \"127.0.0.1\" }"
flow_start
"$SRCDIR/tests/peers/certificates.sh" "$flow_dir/tls" rosterd.example.org
mkdir -p "$web"
example() { # the example, with addresses and files of this test, and so little room on the way that a slow client is felt
	sed -e "s#listen 443 #listen 127.0.0.1:$port sndbuf=16k #" -e '/listen \[::\]/d' -e "s#server 127.0.0.1:8080;#server $FLOW_LISTEN;#" \
		-e "s#/etc/ssl/rosterd/fullchain.pem#$flow_dir/tls/server.pem#; s#/etc/ssl/rosterd/key.pem#$flow_dir/tls/server.key#" \
		-e "s#/var/log/nginx#$web#" "$SRCDIR/etc/nginx/rosterd.conf"
}
{
	[ "$(id -u)" != 0 ] || echo "user nobody nogroup;"
	printf '%s\n' "worker_processes 1;" "pid $web/pid;" "error_log $web/error warn;" "daemon off;" "events {}" "http {"
	for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $web/$kind;"; done
	example
	echo "}"
} >"$web/nginx.conf"
ok "nginx takes the example" nginx -t -q -e "$web/error" -p "$web" -c "$web/nginx.conf"
is "without a word" "$(cat "$web/error")" ""
nginx -e "$web/error" -p "$web" -c "$web/nginx.conf" &
nginx_pid=$!
flow_also='kill -TERM "$nginx_pid" 2>/dev/null; wait "$nginx_pid" 2>/dev/null'

(umask 077; ctl token create proxied 2>/dev/null >"$flow_dir/token"; sed 's/^/Authorization: Bearer /' "$flow_dir/token" >"$flow_dir/header")
# Clients come from 127.0.0.9, which is nobody whom the daemon trusts; the answer's status, headers and body are left in files.
from_outside() {
	curl -s -m 60 --interface 127.0.0.9 -H @"$flow_dir/header" -D "$flow_dir/heads" -o "$flow_dir/body" -w '%{http_code}' "$@"
}
away() { from_outside --cacert "$flow_dir/tls/ca.pem" --connect-to "rosterd.example.org:443:127.0.0.1:$port" "${@:2}" "https://rosterd.example.org$1"; }
past() { from_outside "${@:2}" "http://$FLOW_LISTEN$1"; }
made() { # made HOW NAME [CURL WORDS]: an organisation is made; prints the status, and whom the audit calls its client
	local status
	status=$("$1" /v1/organisations -H 'Content-Type: application/json' -d "{\"name\":\"$2\",\"type\":\"team\"}" "${@:3}")
	echo "$status $(ctl audit list "${2,,}" --json | jq -r '.items[-1].ip')"
}
problem() { jq -r '"\(.status) \(.code)"' "$flow_dir/body"; }
forged=(-H 'X-Forwarded-For: 203.0.113.7' -H 'Forwarded: for=203.0.113.7;proto=https' -H 'X-Forwarded-Proto: http' -H 'X-Request-Id: chosen-by-me')

for _ in $(seq 100); do [ "$(away /livez)" = 200 ] && break; sleep 0.1; done
is "the audit has the client's address, not nginx's" "$(made away First)" "201 127.0.0.9"
is "what a client says of itself is not believed" "$(made away Second "${forged[@]}")" "201 127.0.0.9"
unlike "nor what it calls its request" "$(cat "$flow_dir/heads")" 'chosen-by-me'
like "nginx's log has the id that the answer has" "$(tail -n 1 "$web/rosterd.log")" \
	"$(sed -n 's/^x-request-id: \([^\r]*\).*/\1/Ip' "$flow_dir/heads" | head -n 1)\$"
is "nor is it believed of somebody who comes past nginx" "$(made past Third "${forged[@]}")" "201 127.0.0.9"
is "whom the daemon trusts is believed: the address is not from elsewhere" \
	"$(made past Fourth --interface 127.0.0.1 -H 'X-Forwarded-For: 203.0.113.7')" "201 203.0.113.7"
like "the answer is HTTP/2, and asks for TLS from now on" "$(away /livez >/dev/null; tr -d '\r' <"$flow_dir/heads" | paste -sd ' ')" \
	'^HTTP/2 200 .*strict-transport-security: max-age'
is "a token counts through it" "$(away /v1/whoami >/dev/null; jq -r .role "$flow_dir/body")" operator

# ---- limits
acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
head -c 1048576 /dev/zero | tr '\0' ' ' >"$flow_dir/large" # blanks, in which there is no JSON
is "the largest body that any request may have reaches the daemon" \
	"$(away /v1/organisations/acme/connections -H 'Content-Type: application/json' --data-binary @"$flow_dir/large") $(problem)" "400 400 json.syntax"
echo >>"$flow_dir/large"
is "and what a request may not have is told by the daemon" \
	"$(away /v1/organisations -H 'Content-Type: application/json' -d "{\"name\":\"$(head -c 8000 /dev/zero | tr '\0' x)\"}") $(problem)" "413 413 http.body"
is "far above that, by nginx, before the daemon would hang up on it" \
	"$(away /v1/organisations -H 'Content-Type: application/json' --data-binary @"$flow_dir/large") $(problem)" "413 413 proxy.large"
is "one byte more than the largest does not" "$(away /v1/organisations/acme/connections -H 'Content-Type: application/json' --data-binary @"$flow_dir/large") $(problem)" "413 413 proxy.large"
nobody=018f0000-0000-7000-8000-000000000000
edge() { # edge WHAT PATH BYTES ANSWER [TYPE]: the largest body of this address reaches the daemon, which answers so, and a larger one does not
	head -c "$3" /dev/zero | tr '\0' ' ' >"$flow_dir/large"
	is "$1 of $3 bytes reaches the daemon" "$(away "$2" -H "Content-Type: ${5:-application/json}" --data-binary @"$flow_dir/large") $(problem)" "$4"
	echo >>"$flow_dir/large"
	is "and one byte more does not" "$(away "$2" -H "Content-Type: ${5:-application/json}" --data-binary @"$flow_dir/large") $(problem)" "413 413 proxy.large"
}
edge "the end of a connection" /v1/organisations/acme/connections/people/delete 8388608 "400 400 json.syntax"
edge "an order of connections" /v1/organisations/acme/precedence 65536 "400 400 json.syntax"
edge "what a directory pushes" "/scim/v2/$nobody/Groups" 8388608 "403 403 null"
edge "a message of a directory" "/hooks/$nobody" 1048576 "404 404 hook.unknown"
edge "what a browser brings back" "/sso/$nobody/acs" 589824 "404 404 sso.unknown" application/x-www-form-urlencoded
away "/sso/$nobody/callback?code=not-for-logs" >/dev/null
like "nginx's log has the path of a sign-on" "$(tail -n 1 "$web/rosterd.log")" "\"GET /sso/$nobody/callback HTTP/2.0\" 404 "
unlike "and nothing of what stands behind it" "$(cat "$web/rosterd.log")" 'not-for-logs'
is "a head of ten thousand bytes is well" "$(away /v1/organisations/first -H "X-Long: $(head -c 10000 /dev/zero | tr '\0' x)")" 200

# ---- the export, which is long, and taken slowly
ctl connection set acme/people --set generated=3000 >/dev/null
sync >/dev/null
for _ in $(seq 600); do
	[ "$(query "SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE (s.organisation, s.entry) = (a.organisation, a.id))")" = 0 ] && break
	sleep 0.05
done
is "an export comes" "$(away /v1/organisations/acme/audit/export --http1.1 --limit-rate 1M)" 200
ok "it is long ($(stat -c %s "$flow_dir/body") bytes)" test "$(stat -c %s "$flow_dir/body")" -gt 1000000
ok "whole" "$BUILDDIR/rosterctl/rosterctl" audit verify "$flow_dir/body"
is "and lay in no file of nginx" "$(grep -c 'upstream response is buffered to a temporary file' "$web/error")" 0

# ---- without a daemon
flow_kill TERM
is "a daemon that is away is said so, in our form" "$(away /v1/organisations) $(problem)" "503 503 proxy.away"
like "with a time to come again" "$(cat "$flow_dir/heads")" '^retry-after: 5'
flow_daemon
is "and is found again" "$(away /v1/organisations/first)" 200
done_testing
