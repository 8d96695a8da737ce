#!/bin/bash
# A reconcile of very many delays nobody else of the organisation: while it holds all that it has written, from its plan to its last entry, people
# sign on, a directory pushes, persons are looked at by name and administrators go on. The server counts who waits for a lock: nobody.
#
# Among the tests with UNHINDERED_PEOPLE (2000) people; in the torture with a million, and with rounds beside the whole of the run as well.
FLOW_POSTGRES="log_lock_waits=on deadlock_timeout=300ms shared_buffers=512MB max_wal_size=4GB"
. "$SRCDIR/tests/flows/flow.sh"
people=${UNHINDERED_PEOPLE:-2000}
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\"
sign_on {
	return_to = { \"https://app.example/\" }
}"
flow_start
secret=correct-horse
(umask 077 && printf %s "$secret" >"$flow_dir/secret")
acme 'person: id=solo; user=solo; email=solo@acme.example; name=Solo' --set generated="$people" --schedule never
ctl domain add acme generated.example >/dev/null
crowd=$(query "SELECT id FROM connections WHERE name = 'people'")
printf '# nobody\n' >"$flow_dir/nobody"
door=$(ctl connection create acme example door --schedule never --set directory=@"$flow_dir/nobody" --set login_url=https://login.example/in \
	--secret login_secret=@"$flow_dir/secret" --json | jq -r .id)
made=$(ctl connection create acme scim okta --remove-most 100000 --json)
token=$(jq -r .token <<<"$made") base=$(jq -r .base_url <<<"$made")
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$flow_dir/auth"

push() { curl -s --unix-socket "$socket" -K "$flow_dir/auth" -X "$1" -H 'Content-Type: application/scim+json' --data-binary "$3" "http://localhost/scim/v2/${base##*/}$2"; }
# In time: a run of what was pushed follows by itself
becomes() { # becomes NAME STATE
	for _ in $(seq 800); do
		[ "$(query "SELECT state FROM members WHERE name = '$1'")" = "$2" ] && return 0
		sleep 0.05
	done
	return 1
}
# sign_on PERSON: prints 303 if they are in
sign_on() {
	local jar=$flow_dir/jar.$1 at state nonce
	at=$(curl -s -o "$flow_dir/body" -D - -b "$jar" -c "$jar" "$here/sso/$door/begin" | sed -n 's/^location: //Ip')
	state=$(sed -n 's/.*[?&]state=\([^&]*\).*/\1/p' <<<"$at" | tr -d '\r') nonce=$(sed -n 's/.*[?&]nonce=\([^&]*\).*/\1/p' <<<"$at" | tr -d '\r')
	curl -s -o "$flow_dir/body" -w '%{http_code}' -b "$jar" -c "$jar" -d "state=$state" -d "nonce=$nonce" -d "person=$1" -d "email=$1@acme.example" \
		-d verified=yes -d session=theirs -d "signature=$(printf '%s\n' "$state" "$nonce" "$1" "$1@acme.example" yes '' |
			openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)" "$here/sso/$door/callback"
}
number=0
everybody_else() { # everybody_else WHEN: each of them does something
	local id member
	number=$((number + 1))
	is "$1: somebody new signs on, and once more" "$(sign_on "new$number") $(sign_on "new$number")" "303 303"
	id=$(push POST /Users "{\"userName\":\"pushed$number@acme.example\",\"displayName\":\"Pushed $number\",\"active\":true}" | jq -r .id)
	ok "$1: whoever is pushed is a member" becomes "Pushed $number" active
	push PATCH "/Users/$id" '{"Operations":[{"op":"replace","value":{"active":false}}]}' >/dev/null
	ok "$1: and is none when that is pushed" becomes "Pushed $number" suspended
	is "$1: a person of the same directory is looked at" "$(timeout 90 "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" sync run acme/people \
		--person solo --wait --json 2>/dev/null | jq -r .state)" done
	ctl member add acme "by-hand$number@acme.example" "By hand $number" --json >"$flow_dir/member"
	member=$(jq -r '.id // .user' "$flow_dir/member")
	ok "$1: an administrator adds a member" test -n "$member" -a "$member" != null
	ok "$1: and suspends them" ctl member suspend acme "$member"
}
# Who had to wait for a lock longer than deadlock_timeout, but for the moment that is made here, and whoever ends it
waits() {
	awk '/still waiting for/ && !/advisory lock \[[0-9]*,0,4711,/ { open = 1; next }
		open && /STATEMENT:/ { n += !/FUNCTION moment|FUNCTION IF EXISTS moment|TRIGGER moment/; open = 0 } END { print n + 0 }' "$flow_dir/pg/log"
}
held() { query "SELECT count(*) FROM pg_locks WHERE NOT granted AND NOT (locktype = 'advisory' AND objid = 4711)"; }

# Before: they can
everybody_else "before"
first_load() { :; } # everybody is new
changes() { query "UPDATE accounts SET fingerprint = '' WHERE connection = '$crowd' AND remote_id <> 'solo'" >/dev/null; }
for what in first_load changes; do
	$what
	moment "INSERT ON audit FOR EACH ROW WHEN (NEW.actor = '$crowd' AND NEW.run IS NOT NULL AND NEW.action <> 'run.asked')"
	# It takes longer than a run waits for a lock.
	query "CREATE OR REPLACE FUNCTION moment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
		'BEGIN PERFORM set_config(''lock_timeout'', ''0'', true); PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END'" >/dev/null
	id=$(ctl sync run acme/people --json | jq -r .id)
	rounds=0
	while [ "$people" -gt 100000 ] && ! query "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'" | grep -q 1; do
		rounds=$((rounds + 1))
		everybody_else "$what, beside it, $rounds"
	done
	ok "$what: the reconcile has written all but its entries" moment_wait
	is "$what: of everybody" "$(query "SELECT people FROM runs WHERE id = '$id'")" $((people + 1))
	everybody_else "$what, before its end"
	is "$what: nobody waits" "$(held)" 0
	query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moment'" >/dev/null
	for _ in $(seq 6000); do query "SELECT state FROM runs WHERE id = '$id'" | grep -qE 'done|failed|held' && break; sleep 0.1; done
	moment_over # its trigger goes only now: that waits for everybody who writes an entry
	is "$what: it is done" "$(query "SELECT state || ' ' || attempts FROM runs WHERE id = '$id'")" "done 1"
	diag "$what of $people: $(query "SELECT extract(epoch FROM finished_at - started_at)::numeric(10,1) FROM runs WHERE id = '$id'") s, $rounds rounds of the others beside it, $(waits) waits for a lock"
done
is "nobody has waited for a lock" "$(waits)" 0
[ "$(waits)" = 0 ] || diag "$(grep -A3 'still waiting for' "$flow_dir/pg/log")"
done_testing
