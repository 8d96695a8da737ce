#!/bin/bash
# A new master key beside the old one, on two daemons that take turns; every secret sealed again; the old one goes. A lost one, a wrong one.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
FLOW_SETTINGS='public_url = "https://roster.example"'
flow_start

conf=$flow_dir/rosterd.conf
refuses_to_start() { timeout 60 "$BUILDDIR/rosterd" --config "$conf" 2>&1; }
new_key() { (umask 077 && openssl rand -hex 32 >"$flow_dir/$1.key"); }
keys() { # keys MASTER [PREVIOUS]: what the configuration says from now on
	sed -i -e "s#^master_key = .*#master_key = \"file:$flow_dir/$1.key\"#" -e '/^previous_master_key/d' "$conf"
	[ -z "${2:-}" ] || echo "previous_master_key = \"file:$flow_dir/$2.key\"" >>"$conf"
}
restart() { flow_kill TERM; flow_daemon; }
uses() { ctl master-key list --json | jq -r '[.items[] | "\(.use) \(.secrets)"] | sort | join(", ")'; }
# Nobody listens there; but a link is only opened after its secrets are.
connect() { # connect ORG NAME SECRET
	(umask 077 && printf '%s' "$3" >"$flow_dir/secret")
	ctl connection create "$1" ldap "$2" --set url=ldaps://127.0.0.1:9 --set bind_dn=cn=reader,dc=acme --set user_base=dc=acme \
		--secret bind_password=@"$flow_dir/secret" >/dev/null
}
set_again() {
	(umask 077 && printf 'another one' >"$flow_dir/secret")
	ctl connection set "$1" --secret bind_password=@"$flow_dir/secret" >/dev/null
}
opens() { ctl connection test "$1" 2>&1 | grep -q 'could not connect' && echo opens || ctl connection test "$1" 2>&1; }

# keys_made [CONDITION]: there are two that can sign
keys_made() { for _ in $(seq 300); do [ "$(query "SELECT count(*) FROM signing_keys WHERE sealed IS NOT NULL ${1:-}")" = 2 ] && return 0; sleep 0.1; done; return 1; }

mv "$flow_dir/master.key" "$flow_dir/one.key"
keys one
ctl org create Acme --type enterprise >/dev/null
connect acme corporate 'first secret'
for n in $(seq 3); do
	ctl org create "Org $n" --type enterprise --slug "org$n" >/dev/null
	connect "org$n" a "secret $n a"
	connect "org$n" b "secret $n b"
done
ok "the keys that sign for applications are made" keys_made
is "one key seals all" "$(uses)" "seals 9"
new_key two

# ---- with several daemons the new key opens everywhere before it seals anywhere
keys one two
restart
is "the new key is known and seals nothing" "$(uses)" "opens 0, seals 9"
keys two one
restart
is "it seals from now on; the old one opens" "$(uses)" "opens 9, seals 0"
set_again org1/a
is "a secret that is set is sealed by the new one" "$(uses)" "opens 8, seals 1"
is "others are opened by the old one" "$(opens acme/corporate)" opens
is "everything is sealed again" "$(ctl master-key reseal)" "8 secrets were sealed again; previous_master_key is not needed any more"
is "by the new one" "$(uses)" "opens 0, seals 9"
is "a second time there is nothing to do" "$(ctl master-key reseal)" "0 secrets were sealed again; previous_master_key is not needed any more"
is "each organisation's audit says so" "$(query "SELECT count(*), count(DISTINCT organisation) FROM audit WHERE action = 'connection.secrets_resealed'")" "5|5"
keys two
restart
is "without the old one all is as before" "$(opens acme/corporate) $(opens org3/b)" "opens opens"

# ---- what cannot be opened is found before anything happens
new_key three
keys three
flow_kill TERM
said=$(refuses_to_start)
like "a wrong key: the daemon does not start" "$said" 'could not start: master_key is [0-9a-f]{16}, but [0-9a-f]{16} sealed 7 secrets'
like "it names some and counts the others" "$said" '\(acme/corporate bind_password, org1/a bind_password, org1/b bind_password and 4 more\)'
like "and says what to do" "$said" 'previous_master_key; if it is lost, "rosterd --forget-secrets"'
is "nothing was changed" "$(query "SELECT count(*) FROM connection_secrets")" 7

# ---- a row that was moved elsewhere, or damaged, stops the command and is named
keys three two
flow_daemon
query "UPDATE connection_secrets s SET sealed = (SELECT sealed FROM connection_secrets o WHERE o.organisation <> s.organisation LIMIT 1)
	WHERE connection = (SELECT id FROM connections c JOIN organisations USING (organisation) WHERE slug = 'org2' AND c.name = 'a')"
like "a secret that cannot be opened is named" "$(ctl master-key reseal 2>&1)" 'the secret "bind_password" of connection "org2/a": .*was changed, or moved'
set_again org2/a
like "set again, it is in nobody's way" "$(ctl master-key reseal)" 'not needed any more'
is "all by the third" "$(uses)" "opens 0, seals 9"

# ---- what plug-ins keep is sealed again as well; of what cannot be opened nothing is lost that is not made again
(umask 077 && printf 'hook secret' >"$flow_dir/secret")
for name in people others; do
	ctl connection create acme example "$name" --set directory='# nobody' --secret hook_secret=@"$flow_dir/secret" >/dev/null
done
kept="FROM connection_kept k JOIN connections c ON c.id = k.connection WHERE c.name"
ok "the directories are asked for messages" eventually "count(*) = 2 $kept IN ('people', 'others')"
query "UPDATE connection_kept SET sealed = (SELECT sealed $kept = 'others') WHERE connection = (SELECT id FROM connections WHERE name = 'people')"
new_key four
keys four three
restart
is "all secrets and both of what is kept are dealt with" "$(ctl master-key reseal)" "13 secrets were sealed again; previous_master_key is not needed any more"
is "what opens is there" "$(query "SELECT count(*) $kept = 'others'")" 1
is "what does not is gone" "$(query "SELECT count(*) $kept = 'people'")" 0

# ---- lost for ever
new_key five
keys five
signed=$(query "SELECT string_agg(quote_literal(id), ',') FROM signing_keys")
flow_kill TERM
forgotten=$("$BUILDDIR/rosterd" --forget-secrets --config "$conf" 2>&1)
like "the secrets are forgotten, each by name" "$forgotten" 'forgotten: acme/corporate bind_password; set it again with: rosterctl connection set acme/corporate --secret bind_password'
like "and counted" "$forgotten" '^9 secrets were forgotten'
is "there are none" "$(query "SELECT count(*) FROM connection_secrets")" 0
is "each with an entry where it was" "$(query "SELECT count(*), count(DISTINCT organisation) FROM audit WHERE action = 'connection.secret_forgotten'")" "9|4"
flow_daemon
is "the daemon starts" "$(ctl status >/dev/null 2>&1; echo $?)" 0
ok "other keys sign for applications at once, in place of those that nobody can open" keys_made "AND replaced_at IS NULL AND id NOT IN ($signed)"
unlike "no key stands in the log" "$(cat "$flow_dir/log" - <<<"$said")" "$(cat "$flow_dir"/*.key | paste -sd '|')"
done_testing
