#!/bin/bash
# What will soon end is told once, as an event: tokens without a successor, tokens of directories that push, certificates in settings.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

ctl org create Acme --type enterprise >/dev/null
token() { (umask 077; ctl token create "$1" "${@:2}" >"$flow_dir/$1" 2>/dev/null); }
ends_in() { query "UPDATE $1 SET created_at = created_at - interval '90 days', expires_at = now() + interval '$3' WHERE name = '$2'"; }
certificate() { openssl req -x509 -newkey rsa:2048 -nodes -days "$1" -subj /CN=directory -keyout /dev/null -out "$flow_dir/$1.pem" 2>/dev/null; }
told() { query "SELECT string_agg(t, ' ' ORDER BY t) FROM (SELECT action || ':' || coalesce(personal::json->'after'->>'token',
	personal::json->'after'->>'setting', personal::json->>'target_name') AS t FROM audit WHERE action LIKE '%expiring') told"; }
# A daemon looks when it starts; its look is over when it has told of the last connection, whose certificate is another each time.
looks=0
look() {
	flow_kill TERM
	flow_daemon
	for _ in $(seq 200); do
		[ "$(query "SELECT count(*) FROM certificates_told WHERE connection = '$last' AND until = '$(seen)'")" = 1 ] && return 0
		sleep 0.05
	done
	diag "no look: $(tail -n 3 "$flow_dir/log")"
	return 1
}
seen() { openssl x509 -in "$flow_dir/seen.pem" -noout -enddate | cut -d= -f2; }
mark() {
	looks=$((looks + 1))
	certificate "$looks"
	cp "$flow_dir/$looks.pem" "$flow_dir/seen.pem"
	ctl connection set acme/zz --set ca_certificate=@"$flow_dir/seen.pem" >/dev/null
}

token monitor --expires 60d
token reporting --organisation acme --role viewer --expires 60d
token short --organisation acme --role viewer --expires 10d
token replaced --organisation acme --role viewer --expires 60d
token long --organisation acme --role viewer --expires 60d
token unlimited --organisation acme --role viewer
id=$(query "SELECT id FROM tokens WHERE name = 'replaced'")
(umask 077; ctl token rotate "$id" --organisation acme --overlap 3d >"$flow_dir/successor")
is "one of them has a successor, and ends soon" "$(query "SELECT count(*) FROM tokens t JOIN tokens n ON n.replaces = t.id WHERE t.id = '$id' AND t.expires_at < now() + interval '4 days'")" 1
ends_in tokens monitor '3 days'
ends_in tokens reporting '13 days'
query "UPDATE tokens SET created_at = created_at - interval '90 days' WHERE id = '$id'"
ctl connection create acme scim okta --json >/dev/null
ctl scim token-create acme/okta autumn --expires 60d --json >/dev/null
ends_in scim_tokens autumn '1 day'
certificate 300
certificate 9
directory_at() { ctl connection create acme ldap "$1" --set url=ldaps://127.0.0.1:9 --set bind_dn=cn=reader,dc=acme --set user_base=dc=acme "${@:2}" >/dev/null; }
directory_at fresh --set ca_certificate=@"$flow_dir/300.pem"
cat "$flow_dir/300.pem" "$flow_dir/9.pem" >"$flow_dir/both.pem"
directory_at old --set ca_certificate=@"$flow_dir/both.pem"
printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >"$flow_dir/none.pem"
directory_at damaged --set ca_certificate=@"$flow_dir/300.pem"
query "UPDATE connections SET settings = settings || jsonb_build_object('ca_certificate', '$(cat "$flow_dir/none.pem")') WHERE name = 'damaged'"
directory_at zz
last=$(query "SELECT id FROM connections WHERE name = 'zz'")

expected="connection.certificate_expiring:ca_certificate connection.certificate_expiring:ca_certificate connection.token_expiring:autumn token.expiring:monitor token.expiring:reporting"
mark
ok "a daemon that starts looks" look
is "what ends soon is told: not what was made for a short time, is replaced, or cannot be read" "$(told)" "$expected"
is "of the connection that has it" "$(query "SELECT count(*) FROM audit WHERE action = 'connection.certificate_expiring' AND target = (SELECT id::text FROM connections WHERE name = 'old')")" 1
is "with the time" "$(query "SELECT (personal::json->'after'->>'expires_at')::timestamptz = (SELECT expires_at FROM tokens WHERE name = 'reporting')
	FROM audit WHERE action = 'token.expiring' AND personal::json->>'target_name' = 'reporting'")" t
is "to the operator what is the operator's" "$(query "SELECT count(*) FROM audit WHERE action = 'token.expiring' AND organisation = '00000000-0000-0000-0000-000000000000'")" 1
mark
ok "and looks again" look
is "what was told is not told again" "$(told)" "connection.certificate_expiring:ca_certificate $expected"
ends_in tokens reporting '2 days'
mark
ok "and again" look
is "but at another time it is" "$(told)" "connection.certificate_expiring:ca_certificate connection.certificate_expiring:ca_certificate $expected token.expiring:reporting"
done_testing
