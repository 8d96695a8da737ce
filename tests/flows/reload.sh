#!/bin/bash
# The configuration is read again while the daemon runs: taken whole or refused whole, by a signal or by the API, under load, during
# a run, and by several at once.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_SETTINGS='log {
	level = notice
}
http {
	drain = "3s"
}'

people=$flow_dir/people.txt
printf 'person: id=u1; user=ada; email=ada@acme.example; name=Ada\n' >"$people"
file=$flow_dir/orgs.d/acme.conf
conf=$flow_dir/rosterd.conf

# describe [SED-EXPRESSION ...]: the organisation's file, with what these change
describe() {
	mkdir -p "$flow_dir/orgs.d"
	sed -e '' "${@/#/-e}" >"$file" <<CONF
name = "Acme Corporation"
domains = { "acme.example" }
connection people {
	plugin = example
	schedule = never
	settings {
		directory = "person: id=u1; user=ada; email=ada@acme.example; name=Ada"
	}
	roles {
		admins = admin
	}
}
CONF
}
# configure SED-EXPRESSION ...: changes rosterd.conf, from what it was at first
configure() { sed -e '' "${@/#/-e}" "$flow_dir/first.conf" >"$conf"; }
said() { tail -c +"$((${logged:-0} + 1))" "$flow_dir/log"; }
from_here() { logged=$(stat -c %s "$flow_dir/log"); }
# until COMMAND ...: waits until it succeeds; fails if it never does
until_so() {
	for _ in $(seq 300); do
		"$@" && return 0
		sleep 0.03
	done
	return 1
}
has_said() { said | grep -q "$1"; }
hang_up() {
	kill -HUP "$flow_pid"
	until_so has_said "${1:-taken$}"
}
reload() { ctl reload --json 2>"$flow_dir/err"; }

describe
flow_start
cp "$conf" "$flow_dir/first.conf"

# ---- taken ----------------------------------------------------------------------------------------------------------------------

answer=$(reload)
is "nothing has changed: taken, and nothing to tell" "$? $(jq -c . <<<"$answer")" \
	'0 {"taken":[],"restart":[],"events":[],"events_beyond":0,"orphans":[]}'
configure '/level = notice/s/notice/debug/'
answer=$(reload)
is "another level of the log is taken" "$(jq -c '[.taken, .restart]' <<<"$answer")" '[["log.level"],[]]'
like "and is said in the log" "$(cat "$flow_dir/log")" 'configuration: "log.level" has changed'
ctl org list >/dev/null
ok "and counts from then on" until_so has_said "GET /v1/organisations"
describe 's/Acme Corporation/Acme/' 's/schedule = never/schedule = "1h"/'
answer=$(reload)
is "what a file of an organisation changes is told" "$(jq -r '.events[] | "\(.action) \(.organisation) \(.kind) \(.name)"' <<<"$answer")" \
	"organisation.updated acme organisation Acme
connection.updated acme connection people"
is "and done" "$(ctl org show acme --json | jq -r .name) $(ctl connection show acme/people --json | jq -r .schedule)" "Acme 1h"
printf 'name = Beta\n' >"$flow_dir/orgs.d/beta.conf"
answer=$(ctl reload)
is "a new file is a new organisation; people read a line each" "$? $answer" "0 beta: organisation.created \"Beta\"
the configuration was taken"
like "the operator's audit has it" "$(ctl audit list --json | jq -r '.items[0] | "\(.action) \(.actor_kind)"')" '^configuration\.taken operator$'
configure
from_here
ok "a signal does the same" hang_up
is "and the log says what changed" "$(said | grep -c '"log.level" has changed')" 1

# ---- what waits for a restart ---------------------------------------------------------------------------------------------------

configure '/^http/a threads = 3' '/drain/s/3s/4s/' 's/^listen.*/listen = { "127.0.0.1:1" }/'
answer=$(reload)
is "what waits for a restart is named beside what is taken" "$? $(jq -c '[.taken, .restart]' <<<"$answer")" \
	'0 [["http.drain"],["listen","http.threads"]]'
like "in the log, too" "$(said)" '"http.threads" has changed, which is taken when rosterd is started again'
like "and to people" "$(ctl reload)" '^waits for a restart: http\.threads$'
configure
reload >/dev/null
is "put back as it was, nothing waits any more" "$(reload | jq -c '[.taken, .restart]')" '[[],[]]'

# ---- refused --------------------------------------------------------------------------------------------------------------------

before=$(query "SELECT count(*) || ' ' || max(id) FROM audit WHERE source = 'file'")
configure '/level/s/notice/loud/' '/^http/a exchanges = 0' '$a nonsense = 1' '$a workers = many' '$a admin_users = { root, "no-such-user" }'
describe 's/plugin = example/plugin = exmaple/' 's/never/"5 parsecs"/' 's/admins = admin/admins = owner/' 's/Acme Corporation/Taken/' \
	'$a surprise = 1'
printf 'nme = Gamma\n' >"$flow_dir/orgs.d/gamma.conf"
printf 'name = Delta\n' >"$flow_dir/orgs.d/delta.conf"
answer=$(reload)
is "many mistakes: refused" "$?" 7
is "each with its file and its line" "$(jq -r '.mistakes[] | "\(.file | sub(".*/"; "")):\(.line)"' <<<"$answer")" "$(
	grep -nE '= (loud|0|1|many|\{ root.*)$' "$conf" | grep -v ' listen' | sed 's/:.*//; s/^/rosterd.conf:/')
acme.conf:4
acme.conf:5
acme.conf:10
acme.conf:13
gamma.conf:1
gamma.conf:1"
is "with the reload's own code" "$(jq -r '"\(.status) \(.code)"' <<<"$answer")" "409 reload.refused"
people_read=$(ctl reload 2>&1)
is "people read them a line each" "$? $(grep -c "^$flow_dir/.*:[0-9]*: " <<<"$people_read")" "7 11"
like "with what was meant" "$people_read" 'did you mean "example"\?'
like "and with what came of it" "$people_read" 'the configuration has 11 mistakes and was not taken'
is "nothing of it was taken: not the name" "$(ctl org show acme --json | jq -r .name)" "Acme"
is "nor the good file among them" "$(query "SELECT count(*) FROM organisations WHERE slug = 'delta'")" 0
is "and no entry was written by a file" "$(query "SELECT count(*) || ' ' || max(id) FROM audit WHERE source = 'file'")" "$before"
like "the operator's audit has that it was refused" "$(ctl audit list --json | jq -r '.items[0].action')" '^configuration\.refused$'
from_here
ok "a signal is refused, too" hang_up 'was not taken'
is "with all mistakes in the log" "$(said | grep -c "\.conf:[0-9]*: ")" 11
configure
rm "$flow_dir/orgs.d/gamma.conf" "$flow_dir/orgs.d/delta.conf"

# What only the database knows is a mistake with a line, too, and keeps everything back.
ctl org create Omega --type enterprise >/dev/null && ctl domain add omega omega.example >/dev/null
describe 's/acme.example" }/acme.example", "omega.example" }/'
printf 'name = Delta\n' >"$flow_dir/orgs.d/delta.conf"
answer=$(reload)
is "a domain that somebody else has is a mistake" "$(jq -r '.mistakes[] | "\(.file | sub(".*/"; "")):\(.line): \(.text)"' <<<"$answer")" \
	'acme.conf:2: organisation "acme": the domain "omega.example" already belongs to another organisation than "acme": if this file was renamed, say slug = "..." in it, with the name that it had; otherwise remove the domain there first'
is "and the organisation of the next file was not made" "$(query "SELECT count(*) FROM organisations WHERE slug = 'delta'")" 0
rm "$flow_dir/orgs.d/delta.conf"
describe
ok "mended, it is taken" ctl reload

# ---- keys and secrets -----------------------------------------------------------------------------------------------------------

printf 'before' >"$flow_dir/secret" && chmod 600 "$flow_dir/secret"
sealed() { query "SELECT md5(sealed) FROM connection_secrets"; }
(umask 077 && openssl rand -hex 32 >"$flow_dir/other.key")
configure "s|^master_key.*|master_key = \"file:$flow_dir/other.key\"|"
like "another master key alone is refused" "$(ctl reload 2>&1)" 'rosterd.conf:3: "master_key" is another than the one in use.*"previous_master_key"'
configure "s|^master_key.*|master_key = \"file:$flow_dir/other.key\"|" "\$a previous_master_key = \"file:$flow_dir/master.key\""
is "with the former one behind it, it is taken" "$(reload | jq -c .taken)" '["master_key","previous_master_key"]'
ok "and the daemon works with it" ctl connection test acme/people
configure
reload >/dev/null
is "back to the key that has sealed nothing: that is refused" "$?" 7
configure "s|^master_key.*|master_key = \"file:$flow_dir/other.key\"|" "\$a previous_master_key = \"file:$flow_dir/master.key\""

# ---- by several, under load, during a run -----------------------------------------------------------------------------------------

for n in 1 2 3 4 5 6; do
	ctl reload >"$flow_dir/reload.$n" 2>&1
	echo $? >"$flow_dir/status.$n"
done &
first=$!
for n in 11 12 13 14 15 16; do
	(ctl reload >"$flow_dir/reload.$n" 2>&1; echo $? >"$flow_dir/status.$n") &
	pids="${pids:-} $!"
done
wait "$first" $pids
is "of many at once each is taken or told to come again" \
	"$(cat "$flow_dir"/status.* | grep -vxc '0\|8') $(cat "$flow_dir"/status.* | grep -qx 0 && echo taken)" "0 taken"

from_here
ask_until() { # requests until the file is there; counts those that did not succeed
	local bad=0 all=0
	until [ -e "$flow_dir/enough" ]; do
		all=$((all + 1))
		[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" http://localhost/v1/organisations/acme/members)" = 200 ] ||
			bad=$((bad + 1))
	done
	echo "$all $bad"
}
for n in 1 2 3; do
	ask_until >"$flow_dir/asked.$n" &
	askers="${askers:-} $!"
done
changes=0
for n in $(seq 12); do
	configure "s|^master_key.*|master_key = \"file:$flow_dir/other.key\"|" "\$a previous_master_key = \"file:$flow_dir/master.key\"" \
		"\$a workers = $((n % 3 + 1))" "/drain/s/3s/${n}s/" "/conninfo/a request_connections = $((n % 4 + 2))" "/level/s/notice/info/"
	[ "$(reload | jq '.taken | length')" -ge 2 ] && changes=$((changes + 1))
done
touch "$flow_dir/enough"
wait $askers
is "twelve reloads under load are taken" $changes 12
is "and no request was lost" "$(cut -d' ' -f2 "$flow_dir"/asked.* | sort -u)" 0
ok "while there were many" test "$(cut -d' ' -f1 "$flow_dir"/asked.* | paste -sd+ | bc)" -ge 12

describe 's/\("person.*\)"$/\1"\n\t\tscript = "page_size 50"\n\t\tgenerated = 400/'
ctl reload >/dev/null
moment "UPDATE ON runs FOR EACH ROW WHEN (NEW.pages = 3)"
id=$(ctl sync run acme/people --json | jq -r .id)
ok "a run is under way" moment_wait
describe 's/schedule = never/schedule = "2h"/' 's/\("person.*\)"$/\1"\n\t\tscript = "page_size 50"\n\t\tgenerated = 400/'
ok "a reload meanwhile is taken" ctl reload
moment_over
ok "and the run comes to its end" until_run "$id" "state = 'done'"
is "with everybody" "$(query "SELECT people FROM runs WHERE id = '$id'")" 401
flow_kill TERM
is "after all that the daemon ends as it should" "$flow_status" 0

done_testing
