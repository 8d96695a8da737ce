#!/bin/bash
# What it costs to say who is signed in, at GET /session and /verify/session: CPU of the daemon for a request, beside the server library alone that answers
# with the same head and body, in turns. Prints the figures of bench.sh.
#
#   BENCH_ROUNDS  5   BENCH_REQUESTS  60000   BENCH_SESSIONS  10000
set -u
. "$SRCDIR/tests/flows/flow.sh"
FLOW_LISTEN="127.0.0.1:$(free_port)"
FLOW_SETTINGS="public_url = \"https://app.example\"
trusted_proxies = { \"127.0.0.1\" }"
rounds=${BENCH_ROUNDS:-5} requests=${BENCH_REQUESTS:-60000} people=${BENCH_SESSIONS:-10000} only=${BENCH_ONLY:-}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
figure() { awk -v n="$1" -v v="$(median)" -v g="$2" 'BEGIN { printf "%s %.3f %s %s\n", n, v, g, v <= g ? "ok" : "short" }'; }
ticks=$(getconf CLK_TCK)
cpu() { sed 's/^.*) //' "/proc/$1/stat" | awk -v t="$ticks" '{ print ($12 + $13) / t }'; }
rss() { awk '/^RssAnon:/ { print $2 * 1024 }' "/proc/$1/status"; }

flow_start
ctl org create Bench --type enterprise >/dev/null && ctl domain add bench generated.example >/dev/null && printf '# nobody else\n' >"$flow_dir/nobody" &&
	ctl connection create bench example crowd --set directory=@"$flow_dir/nobody" --set generated="$people" >/dev/null &&
	ctl sync run bench/crowd --wait >/dev/null || exit 1
for n in $(seq "$people"); do printf 'rses_%043d\n' "$n"; done >"$flow_dir/cookies"
query "INSERT INTO sessions (hash, organisation, id, user_id, idle_ms, expires_at) SELECT sha256(convert_to('rses_' || lpad(n::text, 43, '0'), 'UTF8')), organisation,
	gen_random_uuid(), user_id, 36000000, now() + interval '10 hours' FROM (SELECT m.*, row_number() OVER () AS n FROM members m) m" >/dev/null
query "ANALYZE" >/dev/null

for where in /verify/session /session; do
	name=session$([ "$where" = /session ] || echo -verify)
	[[ $name == "$only"* || $only == session* ]] || continue
	printf 'GET %s HTTP/1.1\r\nHost: app.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: text/html,application/xhtml+xml\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Original-URL: https://app.example/some/page?with=query\r\nCookie: __Host-rosterd={word}\r\n\r\n' \
		"$where" >"$flow_dir/request"
	curl -s -D "$flow_dir/head" -o "$flow_dir/body" -H "Cookie: __Host-rosterd=$(head -1 "$flow_dir/cookies")" "http://$FLOW_LISTEN$where"
	bare=$(free_port)
	"$BUILDDIR/tests/bench/bare_http" "$bare" "$flow_dir/head" "$flow_dir/body" &
	bare_pid=$!
	flow_also="kill $bare_pid 2>/dev/null"
	for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$bare") 2>/dev/null && break; sleep 0.05; done
	measure() { # measure PORT PID: CPU microseconds a request, and what the client saw
		local before said
		before=$(cpu "$2")
		said=$("$BUILDDIR/tests/bench/http_load" "$1" 8 "$requests" "$flow_dir/request" "$flow_dir/cookies") || return 1
		[ "${said##* }" = 0 ] || { echo "# $where: ${said##* } were not answered with 200" >&2; return 1; }
		awk -v a="$before" -v b="$(cpu "$2")" -v n="$requests" -v s="$said" 'BEGIN { split(s, w, " "); printf "%.2f %s %s\n", (b - a) * 1e6 / n, w[1], w[2] }'
	}
	before=$(rss "$flow_pid")
	"$BUILDDIR/tests/bench/http_load" "${FLOW_LISTEN##*:}" 8 "$people" "$flow_dir/request" "$flow_dir/cookies" >/dev/null # each is looked up once
	echo "# $where: $people sessions take $(awk -v a="$before" -v b="$(rss "$flow_pid")" -v n="$people" 'BEGIN { printf "%.0f", (b - a) / n }') bytes each in memory" >&2
	for round in $(seq "$rounds"); do
		ours=$(measure "${FLOW_LISTEN##*:}" "$flow_pid") || exit 1
		floor=$(measure "$bare" "$bare_pid") || exit 1
		echo "# $where: ours ${ours%% *} us CPU, ${ours#* } (a second, us); the library alone ${floor%% *} us CPU, ${floor#* }" >&2
		awk -v a="${ours%% *}" -v b="${floor%% *}" 'BEGIN { print a / b }'
	done >"$flow_dir/rounds" || exit 1
	figure "$name-cpu" 1.6 <"$flow_dir/rounds"
	kill "$bare_pid"; wait "$bare_pid" 2>/dev/null
done
