# For the flows about Google Workspace: the account, its service account, and the connection. Source it after vendor_server.sh.
#
#   google_start [OPTION ...]        starts the account; the service account's key file is $flow_dir/google.json
#   google_connection [OPTION ...]   creates the connection acme/people
#   google_set [OPTION ...]          changes it: with its secrets, which go where the new settings say
google_start() {
	(
		umask 077
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$flow_dir/google.key" 2>/dev/null
		jq -n --rawfile key "$flow_dir/google.key" '{type: "service_account", project_id: "acme-123", private_key_id: "0123abcd", private_key: $key,
			client_email: "rosterd@acme-123.iam.gserviceaccount.com", client_id: "123456789012345678901", token_uri: "https://oauth2.googleapis.com/token"}' \
			>"$flow_dir/google.json"
	)
	openssl pkey -in "$flow_dir/google.key" -pubout -out "$flow_dir/google.pem"
	vendor_start google --account-key="$flow_dir/google.pem" "$@"
}
google_connection() {
	ctl connection create acme google people --set administrator=person000000@acme.example --set api_url="$vendor_url" --set token_url="$vendor_url/token" \
		--set ca_certificate=@"$vendor_ca" --secret service_account=@"$flow_dir/google.json" --schedule never "$@"
}
google_set() {
	local secrets=(--secret service_account=@"$flow_dir/google.json")
	[ ! -f "$flow_dir/channel" ] || secrets+=(--secret channel_token=@"$flow_dir/channel")
	ctl connection set acme/people "$@" "${secrets[@]}" >/dev/null
}
