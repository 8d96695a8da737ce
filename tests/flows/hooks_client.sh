# For flows with a directory that sends messages: the example's, signed with the secret of its connection.
#
#   hook_open          where the messages for acme/people go: sets $hook, the path
#   hook_sign TEXT     the signature of a body
#   hook TEXT [CURL]   sends it; prints the status, the body is in $flow_dir/hook.answer, the headers in $flow_dir/hook.head
#   hook_until TEXT    sends it as vendors do: again while it is told so (503)
#   eventually SQL     until it is true
hook_secret='correct horse battery staple'
hook_open() { hook=/hooks/$(query "SELECT id FROM connections WHERE name = 'people' AND state <> 'deleted'"); }
hook_sign() { printf '%s' "$1" | openssl dgst -sha256 -hmac "$hook_secret" -r | cut -d' ' -f1; }
hook_send() { # SIGNATURE TEXT [CURL]
	local signature=$1 text=$2
	shift 2
	printf '%s' "$text" | curl -s -m 20 --unix-socket "$socket" -X POST -H "X-Example-Signature: sha256=$signature" -H 'Content-Type: text/plain' \
		--data-binary @- -D "$flow_dir/hook.head" -o "$flow_dir/hook.answer" -w '%{http_code}' "$@" "http://localhost$hook"
}
hook() {
	local text=$1
	shift
	hook_send "$(hook_sign "$text")" "$text" "$@"
}
hook_until() {
	local status
	for _ in $(seq 100); do
		status=$(hook "$1")
		[ "$status" = 503 ] || break
		sleep 0.1
	done
	echo "$status"
}
eventually() {
	for _ in $(seq 400); do [ "$(query "SELECT $1")" = t ] && return 0; sleep 0.05; done
	diag "$(query "SELECT state, scope, asked_by, named, named_groups, error_text FROM runs ORDER BY asked_at DESC LIMIT 4")"
	diag "$(query "SELECT kind, remote_id, run, tries, not_before > now() AS later, ended_at FROM notification_due ORDER BY seq DESC LIMIT 8")"
	diag "$(tail -n 5 "$flow_dir/log")"
	return 1
}
acme_notified() { # as acme_served, with the secret
	(umask 077; printf '%s' "$hook_secret" >"$flow_dir/hook.secret")
	acme_served --secret hook_secret=@"$flow_dir/hook.secret" "$@"
	hook_open
	case ${FLOW_SETTINGS:-} in
	*public_url*) eventually "state = 'active' FROM subscriptions" || { echo "Bail out! no subscription"; exit 1; } ;; # after the first listing more would be read
	esac
}
