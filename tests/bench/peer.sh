#!/bin/bash
# A directory that pushes, beside a public peer that is pushed into the same way: requests a second of 8 clients, as ratios of alternated
# rounds. Each has a PostgreSQL of its own with the same settings. It needs node and npm, which fetches the peer (or PEER_DIR, where
# that was done), so it is run by hand:
#
#     cd build && make tests/bench/scim_load && SRCDIR=$PWD/.. BUILDDIR=$PWD bash ../tests/bench/peer.sh
#
#   BENCH_ROUNDS  5   BENCH_REQUESTS  2000 of ours, a tenth of the peer's   PEER_PORT  55433, of its PostgreSQL
set -u
FLOW_POSTGRES="fsync=on full_page_writes=on shared_buffers=1GB max_wal_size=8GB checkpoint_timeout=30min"
FLOW_SETTINGS='scim {
	requests_per_second = 0
}'
PEER=@boxyhq/saml-jackson@26.2.0
. "$SRCDIR/tests/flows/flow.sh"
rounds=${BENCH_ROUNDS:-5} requests=${BENCH_REQUESTS:-2000} port=${PEER_PORT:-55433} folder=${PEER_DIR:-}
goal=15

figure() { sort -n | awk -v n="$1" -v g=$goal '{ v[NR] = $1 } END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
	printf "%s %.1f %s %s\n", n, m, g, m >= g ? "ok" : "short" }'; }

flow_start
if [ -z "$folder" ]; then
	folder=$flow_dir/npm
	mkdir "$folder" && (cd "$folder" && npm init -y && npm install --ignore-scripts "$PEER") >>"$flow_dir/log" 2>&1 || { echo "npm could not fetch $PEER" >&2; exit 1; }
fi
"$SRCDIR/tests/peers/postgres.sh" start "$flow_dir/peer-pg" $FLOW_POSTGRES listen_addresses=127.0.0.1 port="$port" >/dev/null || exit 1
flow_also="$SRCDIR/tests/peers/postgres.sh stop $flow_dir/peer-pg >/dev/null 2>&1"
peer_sql() { psql -q -X -A -t -h "$flow_dir/peer-pg" -p "$port" -U postgres -d "${2:-peer}" -c "$1"; }
peer_sql "CREATE DATABASE peer" postgres || exit 1
node "$SRCDIR/tests/bench/peer.mjs" "$folder" "postgres://postgres@127.0.0.1:$port/peer" "$flow_dir/peer.sock" >"$flow_dir/peer" 2>>"$flow_dir/log" &
flow_also="kill $! 2>/dev/null; $flow_also"
for _ in $(seq 300); do [ -s "$flow_dir/peer" ] && break; sleep 0.2; done
read -r directory secret <"$flow_dir/peer" || { echo "the peer did not start" >&2; exit 1; }

ctl org create Bench --type enterprise >/dev/null && ctl domain add bench bench.example >/dev/null || exit 1
made=$(ctl connection create bench scim push --json)
declare -A socket_of=([ours]=$socket [peer]=$flow_dir/peer.sock) token_of=([ours]=$(jq -r .token <<<"$made") [peer]=$secret)
declare -A base_of=([ours]=/scim/v2/$(jq -r .id <<<"$made") [peer]=/scim/v2.0/$directory) group_of=() count_of=([ours]=$requests [peer]=$((requests / 10)))
seq=0
body='{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"NEW-{seq}@bench.example","externalId":"x-NEW-{seq}","name":{"givenName":"Test","familyName":"User"},"displayName":"Test User","emails":[{"primary":true,"value":"NEW-{seq}@bench.example","type":"work"}],"locale":"en-US","groups":[],"active":true}'
# ask WHO METHOD PATH [BODY]: one request; its answer
ask() {
	printf 'header = "Authorization: Bearer %s"\n' "${token_of[$1]}" >"$flow_dir/auth"
	curl -s --unix-socket "${socket_of[$1]}" -K "$flow_dir/auth" -X "$2" ${4:+-H 'Content-Type: application/scim+json' --data-binary "$4"} "http://localhost${base_of[$1]}$3"
}
# load WHO COUNT METHOD PATH [BODY]: "requests/s median bad"
load() { "$BUILDDIR/tests/bench/scim_load" "${socket_of[$1]}" 8 "$2" "$3" "${base_of[$1]}$4" "${5:-}" "${token_of[$1]}" "$flow_dir/ids.$1"; }

: >"$flow_dir/ids.ours" >"$flow_dir/ids.peer"
for who in ours peer; do
	load "$who" 2000 POST /Users "${body//NEW/known}" >/dev/null || exit 1
done
query "SELECT id FROM scim_users ORDER BY user_key" >"$flow_dir/ids.ours"
peer_sql "SELECT split_part(key, ':', 5) FROM jackson_store WHERE key LIKE 'dsync:users:%'" >"$flow_dir/ids.peer"
if ! grep -qE '^[0-9a-f-]{36}$' "$flow_dir/ids.peer"; then # by whatever keys it keeps them
	for start in $(seq 1 100 1901); do ask peer GET "/Users?startIndex=$start&count=100" | jq -r '.Resources[].id'; done >"$flow_dir/ids.peer"
fi
for who in ours peer; do
	members=$(head -1000 "$flow_dir/ids.$who" | sed 's/.*/{"value":"&"}/' | paste -sd,)
	group_of[$who]=$(ask "$who" POST /Groups '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"bench"}' | jq -r .id)
	ask "$who" PATCH "/Groups/${group_of[$who]}" \
		"{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[$members]}]}" >/dev/null
done
query "ANALYZE" >/dev/null
peer_sql "ANALYZE"

run() { # run WHO OPERATION
	case $2 in
	post) load "$1" "${count_of[$1]}" POST /Users "${body//NEW/n$seq}" ;;
	get) load "$1" "${count_of[$1]}" GET "/Users/{id}" ;;
	filter) load "$1" "${count_of[$1]}" GET "/Users?filter=userName%20eq%20%22known-{seq}@bench.example%22" ;;
	patch) load "$1" "${count_of[$1]}" PATCH "/Users/{id}" "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":$([ $((seq % 2)) = 0 ] && echo false || echo true)}}]}" ;;
	member) load "$1" "${count_of[$1]}" PATCH "/Groups/${group_of[$1]}" '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"{id}"}]}]}' ;;
	esac
}
for operation in post get filter patch member; do
	for round in $(seq "$rounds"); do
		seq=$((seq + 1))
		[ "$operation" != member ] || query "DELETE FROM scim_members WHERE member_id NOT IN (SELECT id FROM scim_users ORDER BY user_key LIMIT 1000)" >/dev/null
		ours=$(run ours "$operation") theirs=$(run peer "$operation") || exit 1
		[ "${ours##* }${theirs##* }" = 00 ] || echo "# $operation: refused: ours ${ours##* }, theirs ${theirs##* }" >&2
		echo "# $operation: ours ${ours%% *} a second, the peer ${theirs%% *}; load $(cut -d' ' -f1 /proc/loadavg)" >&2
		awk -v a="${ours%% *}" -v b="${theirs%% *}" 'BEGIN { print a / b }'
	done | figure "peer-$operation"
done
