# Two daemons on one database, under load. Source it after flow.sh.
#
#   two_start             a database, organisation acme with a connection, a token, daemons "one" and "two"; FLOW_DATABASE as in flow.sh
#   daemon NAME           starts one of them and waits until it serves
#   end NAME [SIGNAL]     ends it, and waits for that; its exit status is in $ended
#   load_begin [THREADS]  load on both of them
#   load_end              ends it; its counts are in $counts
#   count WORD            one of them
#   serves NAME           whether it answers
rounds=${TORTURE_ROUNDS:-1}
declare -A port pid
names="one two"

conf_of() { # conf_of NAME: its own socket and port
	port[$1]=$(free_port)
	sed -e "s#^socket = .*#socket = \"$flow_dir/$1.sock\"#" -e "s#^listen = .*#listen = { \"127.0.0.1:${port[$1]}\" }#" \
		"$flow_dir/rosterd.conf" >"$flow_dir/$1.conf"
}
asked() { "$BUILDDIR/rosterctl/rosterctl" --socket "$flow_dir/$1.sock" "${@:2}"; }
serves() { asked "$1" org show acme >/dev/null 2>&1; }
await() { # await COMMAND...: until it succeeds; fails after a minute
	for _ in $(seq 600); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}
daemon() {
	"$BUILDDIR/rosterd" --config "$flow_dir/$1.conf" >>"$flow_dir/$1.log" 2>&1 &
	pid[$1]=$!
	await asked "$1" status >/dev/null 2>&1 || { diag "$(tail -n 20 "$flow_dir/$1.log")"; echo "Bail out! daemon $1 does not start"; exit 1; }
}
end() {
	kill -"${2:-TERM}" "${pid[$1]}" 2>/dev/null
	wait "${pid[$1]}" 2>/dev/null
	ended=$?
	unset "pid[$1]"
}
two_end() {
	local name
	[ -z "${load_pid:-}" ] || kill -TERM "$load_pid" 2>/dev/null
	for name in "${!pid[@]}"; do end "$name"; done
}
flow_also=two_end

two_start() {
	flow_postgres
	flow_config
	for name in $names; do conf_of "$name"; done
	daemon one
	socket=$flow_dir/one.sock
	acme "${1:-person: id=u1; user=ada; email=ada@acme.example; name=Ada}"
	(umask 077; ctl token create load >"$flow_dir/token" 2>/dev/null)
	daemon two
}

load_begin() {
	"$BUILDDIR/tests/torture/load" "${1:-8}" acme "$flow_dir/token" "${port[one]}" "${port[two]}" >"$flow_dir/counts" 2>"$flow_dir/wrong" &
	load_pid=$!
	load_moves
}
made_so_far() { query "SELECT count(*) FROM members WHERE name = 'load'" 2>/dev/null || echo 0; }
# Until more has been made than before
load_moves() {
	local before
	before=$(made_so_far)
	await eval '[ "$(made_so_far)" -gt '"${before:-0}"' ]' && return
	load_end
	diag "$(tail -n 5 "$flow_dir"/one.log "$flow_dir"/two.log)"
	echo "Bail out! the load does not move"
	exit 1
}
load_end() {
	kill -TERM "$load_pid"
	wait "$load_pid"
	load_pid=
	counts=$(cat "$flow_dir/counts")
	[ ! -s "$flow_dir/wrong" ] || diag "$(head -c 2000 "$flow_dir/wrong")"
	diag "$counts"
}
count() { jq ".$1" <<<"$counts"; }
