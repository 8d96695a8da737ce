# For the flows about what changed: a server that gives the directory's text, which a test changes meanwhile.
#
#   serve TEXT [SED]   what it gives from now on (and the line "end:"), after this edit
#   served             what it gives, without that line
#   acme_served [WORDS] organisation acme of acme.example, with a connection "people" that reads it
serve() {
	printf '%s\n' "$1" | sed -e "${2:-}" >"$flow_dir/served.new"
	echo end: >>"$flow_dir/served.new"
	mv "$flow_dir/served.new" "$flow_dir/served"
	[ -n "${server_pid:-}" ] && return
	"$BUILDDIR/tests/peers/text_server" "$flow_dir/served" "$flow_dir/served.port" &
	server_pid=$!
	flow_also="kill $server_pid 2>/dev/null; $flow_also"
	for _ in $(seq 200); do [ -s "$flow_dir/served.port" ] && return; sleep 0.03; done
	echo "Bail out! no server for the directory"
	exit 1
}
served() { sed '$d' "$flow_dir/served"; }
acme_served() { acme '# stands elsewhere' --set source="127.0.0.1:$(cat "$flow_dir/served.port")" "$@"; }
