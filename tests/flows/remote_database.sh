# What the flows with a PostgreSQL on the network share: TLS and SCRAM are wanted of everybody who comes by TCP. Source it after flow.sh.
#
#   remote_start [SETTING=VALUE ...]   server on 127.0.0.1:$PGPORT as "db.test"; certificates in $flow_dir/tls, passwords in $flow_dir/*.password
#   remote_conninfo PORT [CA]          what a daemon says to find what listens there
remote_roles='rosterd_owner rosterd_request rosterd_worker'

remote_passwords() {
	local role
	for role in $remote_roles; do
		(umask 077 && openssl rand -hex 16 >"$flow_dir/$role.password")
		query_as_superuser "ALTER ROLE $role PASSWORD '$(cat "$flow_dir/$role.password")'"
		(umask 077 && printf '"%s" "%s"\n' "$role" "$(cat "$flow_dir/$role.password")" >>"$flow_dir/users")
	done
	FLOW_DATABASE="${FLOW_DATABASE:-}
	owner_password = \"file:$flow_dir/rosterd_owner.password\"
	request_password = \"file:$flow_dir/rosterd_request.password\"
	worker_password = \"file:$flow_dir/rosterd_worker.password\""
}
query_as_superuser() { psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d postgres -c "$1"; }

remote_start() {
	PGPORT=$(free_port)
	export PGPORT
	"$SRCDIR/tests/peers/certificates.sh" "$flow_dir/tls" db.test
	install -d -m 755 "$flow_dir/pgtls"
	install -m 600 "$flow_dir/tls/server.pem" "$flow_dir/tls/server.key" "$flow_dir/pgtls/"
	[ "$(id -u)" != 0 ] || chown -R "$(id postgres >/dev/null 2>&1 && echo postgres || echo nobody)" "$flow_dir/pgtls"
	FLOW_POSTGRES="listen_addresses=127.0.0.1 port=$PGPORT ssl=on ssl_cert_file=$flow_dir/pgtls/server.pem
		ssl_key_file=$flow_dir/pgtls/server.key password_encryption=scram-sha-256 $*"
	flow_postgres
	remote_passwords
	printf '%s\n' 'local all all trust' 'local replication all trust' 'hostssl all all 127.0.0.1/32 scram-sha-256' \
		>"$flow_dir/pg/data/pg_hba.conf"
	query_as_superuser "SELECT pg_reload_conf()" >/dev/null
}
remote_conninfo() {
	echo "host=db.test hostaddr=127.0.0.1 port=$1 dbname=rosterd sslmode=verify-full sslrootcert=${2:-$flow_dir/tls/ca.pem}"
}
