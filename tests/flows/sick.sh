#!/bin/bash
# Directories that hang, never come to an end, drip, lie or fail: they wait for one another, and nobody who is well waits for them, nor whoever signs on. Proved by counting:
# of the sick, more have no end than there are workers of both kinds, and while they are at it everybody who is well is read as often as asked.
#
# SICK_WELL and SICK_ILL: how many connections, each of its own organisation; SICK_ROUNDS: how often they are due; SICK_WORKERS.
. "$SRCDIR/tests/flows/flow.sh"
well=${SICK_WELL:-6} ill=${SICK_ILL:-7} rounds=${SICK_ROUNDS:-2} workers=${SICK_WORKERS:-2} slow=2
FLOW_LISTEN="127.0.0.1:$(free_port)"
FLOW_SETTINGS="public_url = \"http://$FLOW_LISTEN\"
sign_on {
	return_to = { \"https://app.example/\" }
}
workers = $workers
slow_workers = $slow
sync {
	slow_after = \"1s\"
	call_timeout = \"30m\"
}"
flow_start
eventually() { # eventually SQL
	for _ in $(seq "${PATIENCE:-1200}"); do [ "$(query "SELECT $1")" = t ] && return 0; sleep 0.1; done
	diag "$(query "SELECT r.state, r.slow, r.claimed_by IS NOT NULL AS claimed, r.attempts, r.error_code, c.name, count(*) FROM runs r JOIN connections c ON c.id = r.connection GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 7 DESC LIMIT 20")"
	return 1
}

# More without an end than there are workers of both kinds.
kinds=('hang_at 1' 'endless 1' $'slow_ms 100\nendless 1' 'hang_at 1' 'garbage_at 1' $'slow_ms 100\nendless 1' 'fail_at 1 try_later')
endless=0
connect() { # connect NAME SCRIPT
	ctl org create "$1" --type enterprise --slug "$1" >/dev/null &&
		ctl connection create "$1" example "$1" --set generated=30 --set directory='# nobody else' --set script="$2" --schedule never >/dev/null
}
for n in $(seq "$well"); do connect "well$n" '' || break; done
for n in $(seq "$ill"); do
	kind=${kinds[(n - 1) % ${#kinds[@]}]}
	[[ $kind == *hang* || $kind == *endless* ]] && endless=$((endless + 1))
	connect "ill$n" "$kind" || break
done
is "there are as many as that" "$(query "SELECT count(*) FROM connections")" $((well + ill))
ok "more of them have no end than there are workers" test "$endless" -gt $((workers + slow))
query "CREATE TABLE public.held (slow bigint, others bigint); GRANT INSERT ON public.held TO PUBLIC;
	CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN
		INSERT INTO public.held SELECT count(*) FILTER (WHERE r.slow), count(*) FILTER (WHERE NOT r.slow) FROM rosterd.runs r JOIN rosterd.connections c ON c.id = r.connection
		WHERE r.claimed_by IS NOT NULL AND r.state IN (''asked'', ''reading'') AND c.name LIKE ''ill%''; RETURN NEW; END';
	CREATE TRIGGER look AFTER UPDATE ON runs FOR EACH ROW WHEN (NEW.state = 'done' AND NEW.asked_by <> 'sign-on') EXECUTE FUNCTION public.look()"
due() { query "UPDATE connections SET next_due_at = now() WHERE name LIKE '$1%'; NOTIFY rosterd_run"; }
ended() { echo "FROM runs r JOIN connections c ON c.id = r.connection WHERE c.name LIKE '$1%' AND r.state = '$2'"; }

# ---- whoever signs on meanwhile, at an organisation of their own
(umask 077; printf correct-horse >"$flow_dir/login.secret")
ctl org create door --type enterprise --slug door >/dev/null && ctl domain add door door.example >/dev/null
door=http://$FLOW_LISTEN/sso/$(ctl connection create door example door --json --schedule never --set directory='# signs on alone' --set login_url=https://login.example/in \
	--secret login_secret=@"$flow_dir/login.secret" | jq -r .id)
signs_on() { # signs_on PERSON: prints the status of the answer; how long it took goes to $flow_dir/signed_on
	local begun
	begun=$(curl -s -m 60 -o /dev/null -w '%{http_code} %{time_total} %header{location} %header{set-cookie}' "$door/begin")
	[[ $begun =~ ^303\ ([0-9.]+)\ [^\ ]*[?\&]state=([^\&\ ]*)\&nonce=([^\&\ ]*)[^\ ]*\ ([^\;]*) ]] || { echo "began: $begun"; return; }
	set -- "$1" "${BASH_REMATCH[@]:1}"
	curl -s -m 60 -o /dev/null -w "%{http_code} $2 %{time_total}\n" -H "Cookie: $5" -d "state=$3&nonce=$4&person=$1&email=$1@door.example&verified=yes" \
		-d "signature=$(printf '%s\n' "$3" "$4" "$1" "$1@door.example" yes '' | openssl dgst -sha256 -hmac correct-horse -r | cut -d' ' -f1)" "$door/callback" |
		awk -v file="$flow_dir/signed_on" '{ print $1; print $2 + $3 >>file }'
}

# ---- the sick come first, and take everything
due ill
ok "the sick take all workers" eventually "count(*) FILTER (WHERE claimed_by IS NOT NULL AND state = 'reading') >= $workers FROM runs"
is "whoever signs on is signed on" "$(signs_on ada)" 303
due well
ok "who is well is read all the same" eventually "count(*) = $well $(ended well 'done')"
ok "those that can fail have failed" eventually "count(*) = $((ill - endless)) $(ended ill failed)"
times=1
known() { # (in a shell of its own) whoever is left with a worker leaves it once somebody waits for that
	for _ in $(seq 20); do
		[ "$(query "SELECT count(*) FILTER (WHERE slow) $(ended ill reading)")" = "$endless" ] && return
		due well
		times=$((times + 1))
		eventually "count(*) = $((well * times)) $(ended well 'done')" || return
	done
	return 1
}
ok "each of the others is known for what it is" known
times=$(($(query "SELECT count(*) $(ended well 'done')") / well))

# ---- and never take a worker again
query "TRUNCATE public.held"
due ill
for round in $(seq "$rounds"); do
	due well
	is "round $round: whoever signs on is signed on" "$(signs_on "p$round")" 303
	ok "round $round: who is well is read" eventually "count(*) = $((well * (times + round))) $(ended well 'done')"
done
is "each as often as it was due" "$(query "SELECT DISTINCT count(*) $(ended well 'done') GROUP BY c.id")" "$((times + rounds))"
is "by nobody's failure" "$(query "SELECT count(*) $(ended well failed)") $(query "SELECT count(*) FROM runs r JOIN connections c ON c.id = r.connection WHERE c.name LIKE 'well%' AND (r.slow OR r.attempts > 1)")" "0 0"
is "all the while those who are sick had the places for slow ones and no worker" \
	"$(query "SELECT count(*) = $((well * rounds)), max(slow) <= $slow, max(others) FROM public.held")" "t|t|0"
is "they are still at it, or wait for one another" "$(query "SELECT count(*) $(ended ill 'reading')")" "$endless"
diag "$(query "SELECT 'a run of one that is well waited ' || percentile_disc(0.5) WITHIN GROUP (ORDER BY started_at - asked_at) || ' and at most ' || max(started_at - asked_at) || ' for a worker' $(ended well 'done')")"
diag "signing on took $(sort -n "$flow_dir/signed_on" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] " s, at most " v[NR] " s" }')"
like "which can be watched" "$(ctl metrics 2>/dev/null)" "rosterd_workers_slow $slow"

# ---- whoever is well again
flow_kill KILL
for n in $(seq "$ill"); do query "UPDATE connections SET settings = settings - 'script', version = version + 1 WHERE name = 'ill$n'"; done
flow_age
flow_daemon
due ill
ok "is read, and no longer slow" eventually "count(DISTINCT c.id) = $ill $(ended ill 'done')"
due ill
ok "nor kept apart the next time" eventually "count(DISTINCT c.id) = $ill $(ended ill 'done') AND NOT r.slow"
done_testing
