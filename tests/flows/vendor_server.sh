# For the flows about vendors' APIs: a simulator of tests/peers/vendor over HTTPS. Source it after flow.sh.
#
#   vendor_start NAME [OPTION ...]   starts one; $vendor_url is where it is, $vendor_ca its authority's certificate
#   vendor_tell COMMAND              what happens there; prints its answer
#   vendor_requests [BUCKET]         how many requests it has had, in all or of one kind
vendor_start() {
	vendor=$flow_dir/vendor
	mkdir -p "$vendor"
	"$SRCDIR/tests/peers/certificates.sh" "$vendor/tls" localhost
	"$BUILDDIR/tests/peers/vendor/$1" --port-file="$vendor/port" --certificate="$vendor/tls/server.pem" --key="$vendor/tls/server.key" "${@:2}" \
		2>"$vendor/log" &
	vendor_pid=$!
	flow_also="kill $vendor_pid 2>/dev/null; $flow_also"
	for _ in $(seq 600); do [ -s "$vendor/port" ] && break; sleep 0.05; done
	[ -s "$vendor/port" ] || { echo "Bail out! no simulator: $(cat "$vendor/log")"; exit 1; }
	vendor_url=https://localhost:$(cat "$vendor/port")
	vendor_ca=$vendor/tls/ca.pem
}
vendor_tell() { curl -sS --fail-with-body --cacert "$vendor_ca" --data-binary "$*" "$vendor_url/_tell"; }
vendor_requests() { vendor_tell requests | awk -v bucket="${1:-}" 'bucket == "" || $1 == bucket { sum += $2 } END { print sum + 0 }'; }
