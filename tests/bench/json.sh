# A directory in the cloud, unchanged: pages of JSON over TLS on loopback, read by the child, staged and compared. Sourced by bench.sh.
#
#   json-same    against the sum of the floors: the same pages through yajl with events alone, the same rows COPYed to the same staging,
#                and one full join; the goal is 2
#   json-memory  the most anonymous memory of daemon and child together, in bytes
#
# The simulator of Google Workspace makes its pages up once; from then on it gives them from files.
json_set_up() {
	. "$SRCDIR/tests/flows/vendor_server.sh"
	. "$SRCDIR/tests/flows/google_account.sh"
	google_start --people="$people" --groups=1
	mkdir -p "$flow_dir/kept"
	vendor_tell "quota 1000000000
keep $flow_dir/kept" >/dev/null
	ctl org create Cloud --type enterprise --slug cloud >/dev/null && ctl domain add cloud acme.example >/dev/null || return 1
	ctl connection create cloud google crowd --set administrator=person000000@acme.example --set api_url="$vendor_url" --set token_url="$vendor_url/token" \
		--set ca_certificate=@"$vendor_ca" --secret service_account=@"$flow_dir/google.json" --set groups=no --schedule never >/dev/null || return 1
	organisation=$(query "SELECT organisation FROM organisations WHERE slug = 'cloud'")
	connection=$(query "SELECT id FROM connections WHERE organisation = '$organisation'")
	run_of=cloud/crowd
}
bench_json() {
	local ours floor events begun
	json_set_up || return 1
	empty; run_seconds >/dev/null || return 1
	echo "# $(query "SELECT people || ' people in ' || pages || ' pages' FROM runs ORDER BY asked_at DESC LIMIT 1"), $(du -sh "$flow_dir/kept" | cut -f1) of JSON" >&2
	rm -rf "$flow_dir/pages"
	make_pages
	query "VACUUM ANALYZE" >/dev/null
	for round in $(seq "$rounds"); do
		sealed
		query "CHECKPOINT" >/dev/null
		ours=$(run_seconds) || return 1
		query "TRUNCATE staging.bench" >/dev/null
		query "CHECKPOINT" >/dev/null
		events=$("$BUILDDIR/tests/bench/bare_json" "$flow_dir/kept") || return 1
		begun=$(now)
		worker -f "$flow_dir/pages.psql" >/dev/null && worker -f "$SRCDIR/tests/bench/same.sql" >/dev/null || return 1
		floor=$(seconds "$begun" "$(now)")
		echo "# unchanged listing of $people in JSON: ours $ours s, floors ${events#* } s (${events% *} events) and $floor s" >&2
		awk -v a="$ours" -v b="$floor" -v c="${events#* }" 'BEGIN { print a / (b + c) }'
	done
}
bench_json_memory() {
	flow_kill TERM; flow_daemon
	set -- $(watch_memory)
	echo "# anonymous memory with $people people in JSON: daemon $1, child $2 bytes" >&2
	echo $(($1 + $2))
}
