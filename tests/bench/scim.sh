#!/bin/bash
# What a push costs, beside a minimal program that runs one prepared statement a request on the same tables: CPU of the server and of
# PostgreSQL together, and requests a second, at 1, 8 and 32 clients of one organisation and at 8 of as many; and what the size of a
# group costs. Prints the figures of bench.sh.
#
#   BENCH_ROUNDS  5   BENCH_REQUESTS  4000
set -u
FLOW_POSTGRES="fsync=on full_page_writes=on shared_buffers=1GB max_wal_size=8GB checkpoint_timeout=30min"
FLOW_SETTINGS='scim {
	requests_per_second = 0
}'
. "$SRCDIR/tests/flows/flow.sh"
rounds=${BENCH_ROUNDS:-5} requests=${BENCH_REQUESTS:-4000} only=${BENCH_ONLY:-}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
figure() { awk -v n="$1" -v v="$(median)" -v g="$2" 'BEGIN { printf "%s %.3f %s %s\n", n, v, g, v <= g ? "ok" : "short" }'; }
ticks=$(getconf CLK_TCK)
postmaster() { head -1 "$flow_dir"/pg/*.pid "$flow_dir"/pg/*/postmaster.pid 2>/dev/null | grep -E '^[0-9]+$' | head -1; }
# CPU seconds that a server and PostgreSQL have taken so far; nobody of them ends meanwhile.
cpu() { cat "/proc/$1/stat" $(pgrep -P "$pg" | sed 's|.*|/proc/&/stat|') 2>/dev/null | sed 's/^.*) //' | awk -v t="$ticks" '{ s += $12 + $13 } END { print s / t }'; }

flow_start
pg=$(postmaster)
[ -n "$pg" ] || pg=$(pgrep -f "^[^ ]*postgres .*$flow_dir/pg" | head -1)
ctl org create Bench --type enterprise >/dev/null && ctl domain add bench bench.example >/dev/null || exit 1
connect() { # connect SLUG: organisation, connection, token and base of a new connection
	local made
	made=$(ctl connection create "$1" scim push --json)
	token=$(jq -r .token <<<"$made") connection=$(jq -r .id <<<"$made") base=/scim/v2/$connection
	organisation=$(query "SELECT organisation FROM organisations WHERE slug = '$1'")
	ctl connection set "$1/push" --state paused >/dev/null # what is pushed is kept, and reconciled by nobody just now
}
connect bench
"$BUILDDIR/tests/bench/scim_floor" "$flow_dir/floor.sock" "host=$flow_dir/pg dbname=rosterd user=rosterd_request" 8 "$organisation" "$connection" 2>>"$flow_dir/log" &
floor_pid=$!
flow_also="kill $floor_pid 2>/dev/null"
people() { # people COUNT FILE: of both, and their ids
	query "INSERT INTO scim_users (organisation, connection, id, user_key, active, schemas, document) SELECT '$organisation', '$connection', gen_random_uuid(),
		'known' || n, true, '[\"urn:ietf:params:scim:schemas:core:2.0:User\"]', jsonb_build_object('userName', 'known' || n, 'active', true, 'name',
		jsonb_build_object('givenName', 'Known', 'familyName', 'Person ' || n), 'emails', jsonb_build_array(jsonb_build_object('type', 'work', 'primary', true,
		'value', 'known' || n || '@bench.example'))) FROM generate_series(0, $1 - 1) n" >/dev/null
	query "SELECT id FROM scim_users WHERE connection = '$connection' AND user_key LIKE 'known%' ORDER BY user_key" >"$2"
}
ids=$flow_dir/ids
people 10000 "$ids"
group() { # group NAME SIZE
	query "WITH g AS (INSERT INTO scim_groups (organisation, connection, id, name_key, schemas, document) VALUES ('$organisation', '$connection', gen_random_uuid(),
		'$1', '[]', '{\"displayName\":\"$1\"}') RETURNING id), m AS (INSERT INTO scim_members SELECT '$organisation', '$connection', g.id, gen_random_uuid()
		FROM g, generate_series(1, $2)) SELECT id FROM g" | head -1
}
small=$(group small 10) large=$(group large 100000)
query "ANALYZE" >/dev/null
query "CHECKPOINT" >/dev/null

seq=0
body_of_user='{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"NEW-{seq}","name":{"givenName":"Test","familyName":"User"},"active":true,"emails":[{"primary":true,"value":"NEW-{seq}@bench.example","type":"work"}]}'
load() { # load SOCKET CLIENTS OPERATION: "requests/s median bad"
	case $3 in
	post) set -- "$1" "$2" POST /Users "${body_of_user//NEW/n$seq}" ;;
	get) set -- "$1" "$2" GET "/Users/{id}" "" ;;
	filter) set -- "$1" "$2" GET "/Users?filter=userName%20eq%20%22known{seq}%22" "" ;;
	patch) set -- "$1" "$2" PATCH "/Users/{id}" "{\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":$([ $((seq / 2 % 2)) = 0 ] && echo false || echo true)}}]}" ;;
	member) set -- "$1" "$2" PATCH "/Groups/$small" '{"Operations":[{"op":"add","path":"members","value":[{"value":"{id}"}]}]}' ;;
	esac
	"$BUILDDIR/tests/bench/scim_load" "$1" "$2" "$requests" "$3" "$base$4" "$5" "$token" "$ids"
}
measure() { # measure SOCKET PID CLIENTS OPERATION: "CPU-microseconds-a-request requests/s"
	local before after said
	[ "$4" != member ] || query "DELETE FROM scim_members WHERE group_id = '$small' AND member_id IN (SELECT id FROM scim_users)" >/dev/null
	before=$(cpu "$2")
	said=$(load "$1" "$3" "$4") || return 1
	after=$(cpu "$2")
	[ "${said##* }" = 0 ] || { echo "# $4: ${said##* } were refused" >&2; grep -m3 "^# " "$flow_dir/log" >&2; return 1; }
	awk -v a="$before" -v b="$after" -v n="$requests" -v s="$said" 'BEGIN { split(s, w, " "); printf "%.1f %s\n", (b - a) * 1e6 / n, w[1] }'
}
for operation in post get filter patch member; do
	case $operation in get | filter) goal=2 ;; *) goal=2.5 ;; esac
	for clients in 1 8 32; do
		[[ "scim-$operation-$clients" == "$only"* ]] || [[ $only == scim ]] || continue
		: >"$flow_dir/cpu"; : >"$flow_dir/rps"
		for round in $(seq "$rounds"); do
			seq=$((seq + 1))
			ours=$(measure "$socket" "$flow_pid" "$clients" "$operation") || exit 1
			seq=$((seq + 1))
			floor=$(measure "$flow_dir/floor.sock" "$floor_pid" "$clients" "$operation") || exit 1
			echo "# $operation, $clients clients: ours ${ours% *} us CPU, ${ours#* } a second; floor ${floor% *} us CPU, ${floor#* } a second" >&2
			awk -v a="${ours% *}" -v b="${floor% *}" 'BEGIN { print a / b }' >>"$flow_dir/cpu"
			awk -v a="${ours#* }" -v b="${floor#* }" 'BEGIN { print b / a }' >>"$flow_dir/rps"
		done
		figure "scim-$operation-$clients-cpu" "$goal" <"$flow_dir/cpu"
		figure "scim-$operation-$clients-time" 4 <"$flow_dir/rps"
	done
done

# One member more, in a group of 10 and of 100,000: the medians of both.
if [[ scim-size == "$only"* ]] || [[ $only == scim ]]; then
	for round in $(seq "$rounds"); do
		for which in small large; do
			query "DELETE FROM scim_members WHERE group_id = '${!which}' AND member_id IN (SELECT id FROM scim_users)" >/dev/null
			said=$("$BUILDDIR/tests/bench/scim_load" "$socket" 1 1000 PATCH "$base/Groups/${!which}" \
				'{"Operations":[{"op":"add","path":"members","value":[{"value":"{id}"}]}]}' "$token" "$ids") || exit 1
			eval "$which"_us="$(cut -d' ' -f2 <<<"$said")"
		done
		echo "# one member more: $small_us us in a group of 10, $large_us us in one of 100,000" >&2
		awk -v a="$large_us" -v b="$small_us" 'BEGIN { print a / b }'
	done | figure scim-size 1.2
fi
# A thousand members in one PATCH, and the statement that does it.
if [[ scim-thousand == "$only"* ]] || [[ $only == scim ]]; then
	body="{\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[$(head -1000 "$ids" | sed 's/.*/{"value":"&"}/' | paste -sd,)]}]}"
	list="ARRAY['$(head -1000 "$ids" | paste -sd, | sed "s/,/','/g")']::uuid[]"
	for round in $(seq "$rounds"); do
		clean="DELETE FROM scim_members WHERE group_id = '$small' AND member_id IN (SELECT id FROM scim_users)"
		query "$clean" >/dev/null
		ours=$("$BUILDDIR/tests/bench/scim_load" "$socket" 1 1 PATCH "$base/Groups/$small" "$body" "$token" | cut -d' ' -f2) || exit 1
		query "$clean" >/dev/null
		floor=$(psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d rosterd -c "SET search_path = rosterd" -c '\timing on' -c "WITH added AS (INSERT INTO scim_members
			SELECT '$organisation', '$connection', '$small', m FROM unnest($list) m ON CONFLICT DO NOTHING RETURNING member_id), due AS (INSERT INTO scim_due
			(organisation, connection, kind, id, member) SELECT '$organisation', '$connection', 'member_added', '$small', member_id FROM added)
			UPDATE scim_groups SET version = version + 1 WHERE id = '$small'" | awk '/^Time/ { print $2 * 1000 }')
		echo "# a thousand members: ours $ours us, the statement $floor us" >&2
		awk -v a="$ours" -v b="$floor" 'BEGIN { print a / b }'
	done | figure scim-thousand 3
fi
# As many organisations as clients: each has its own connection to either server, and the floor as many to PostgreSQL as above.
spread() { # spread SOCKETS OPERATION: requests a second of all, SOCKETS being ours or floor
	local begun at one pids=
	[ "$2" != member ] || query "DELETE FROM scim_members WHERE member_id IN (SELECT id FROM scim_users)" >/dev/null
	begun=$(date +%s%N)
	for at in $(seq 0 7); do
		(
			base=/scim/v2/${connections[at]} token=${tokens[at]} small=${groups[at]} ids=$flow_dir/ids.$at requests=$((requests / 8))
			one=$socket
			[ "$1" = ours ] || one=$flow_dir/floor.$at.sock
			said=$(load "$one" 1 "$2") && [ "${said##* }" = 0 ]
		) &
		pids="$pids $!"
	done
	for at in $pids; do wait "$at" || return 1; done
	awk -v a="$begun" -v b="$(date +%s%N)" -v n="$requests" 'BEGIN { printf "%.1f\n", n * 1e9 / (b - a) }'
}
if [[ scim-spread == "$only"* || $only == scim-spread* ]]; then
	connections=() tokens=() groups=()
	for at in $(seq 0 7); do
		(ctl org create "Spread $at" --slug "spread-$at" --type enterprise) >/dev/null || exit 1
		connect "spread-$at"
		connections[at]=$connection tokens[at]=$token groups[at]=$(group small 10)
		people 2000 "$flow_dir/ids.$at"
		"$BUILDDIR/tests/bench/scim_floor" "$flow_dir/floor.$at.sock" "host=$flow_dir/pg dbname=rosterd user=rosterd_request" 1 "$organisation" "$connection" 2>>"$flow_dir/log" &
		flow_also="$flow_also; kill $! 2>/dev/null"
	done
	query "ANALYZE" >/dev/null
	for operation in post get filter patch member; do
		[[ "scim-spread-$operation" == "$only"* ]] || continue
		for round in $(seq "$rounds"); do
			seq=$((seq + 1))
			ours=$(spread ours "$operation") || exit 1
			seq=$((seq + 1))
			floor=$(spread floor "$operation") || exit 1
			echo "# $operation, 8 organisations: ours $ours a second; floor $floor a second" >&2
			awk -v a="$ours" -v b="$floor" 'BEGIN { print b / a }'
		done >"$flow_dir/rps" || exit 1
		figure "scim-spread-$operation-time" 2.5 <"$flow_dir/rps"
	done
fi
