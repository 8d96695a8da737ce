#!/bin/bash
# Into our own networks goes a connection that the operator made, described or allowed, and no other: an administrator of an organisation
# cannot look round with one.
. "$SRCDIR/tests/flows/flow.sh"
port=$(free_port)
mkdir -p "$flow_dir/orgs.d"
cat >"$flow_dir/orgs.d/filed.conf" <<CONF
name = Filed
connection inside {
	plugin = example
	schedule = never
	settings {
		directory = "person: id=u1; user=ada; email=ada@filed.example; name=Ada"
		server = "127.0.0.1:$port"
	}
}
connection outside {
	plugin = example
	schedule = never
	private_addresses = no
	settings {
		directory = "person: id=u1; user=ada; email=ada@filed.example; name=Ada"
		server = "127.0.0.1:$port"
	}
}
CONF
flow_start
ctl org create Acme --type enterprise >/dev/null
(umask 077; ctl token create admin --organisation acme --role admin >"$flow_dir/admin" 2>/dev/null)
admin() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/admin" "$@"; }
create() { "$1" connection create acme example "$2" --set directory='person: id=u1; user=ada; email=a@acme.example; name=Ada' --set server="127.0.0.1:$port" "${@:3}"; }
# tested CTL CONNECTION: how far its test came. Nobody listens there, which only who may go there learns.
tested() { "$1" connection test "$2" --json 2>/dev/null | jq -r .error.code; }
may() { ctl connection show "$1" --json | jq .private_addresses; }

create admin hers >/dev/null
is "an admin's connection does not go there" "$(may acme/hers) $(tested admin acme/hers)" "false plugin.misconfigured"
like "and is told whose matter that is" "$(admin connection test acme/hers 2>&1)" 'the operator can let it be reached'
is "nor if the operator tests it" "$(tested ctl acme/hers)" plugin.misconfigured
is "nor in a run" "$(admin connection set acme/hers --set source="127.0.0.1:$port" >/dev/null; admin sync run acme/hers --wait --json 2>/dev/null | jq -r .error.code)" plugin.misconfigured
like "she cannot ask for it" "$(create admin other --private-addresses yes 2>&1)" "is the operator's to say"
like "nor take it" "$(admin connection set acme/hers --private-addresses yes 2>&1)" "is the operator's to say"
ctl connection set acme/hers --private-addresses yes >/dev/null
is "the operator allows it" "$(may acme/hers) $(tested admin acme/hers)" "true plugin.try_later"
like "then where it leads is not hers to say" "$(admin connection set acme/hers --set server=127.0.0.1:22 2>&1)" "so where it leads and what it reads there \(\"server\"\) is the operator's to say"
like "nor what is read there" "$(admin connection set acme/hers --set directory='person: id=u2; user=bob' 2>&1)" "what it reads there \(\"directory\"\) is"
like "nor from which attributes" "$(admin connection set acme/hers --attribute email=description 2>&1)" "what it reads there \(\"attributes\"\) is"
is "and is what it was" "$(ctl connection show acme/hers --json | jq -r .settings.server)" "127.0.0.1:$port"
ok "everything else is" admin connection set acme/hers --schedule 1h
like "as an attempt it stands in the audit" "$(ctl audit list acme --action access.denied --json | jq -r '.items[].after.code')" connection.private_addresses
ok "she can give it up and lead it elsewhere" admin connection set acme/hers --private-addresses no --set server=127.0.0.1:22
is "where it does not go" "$(may acme/hers) $(tested admin acme/hers)" "false plugin.misconfigured"
create ctl ours >/dev/null
is "the operator's own goes there" "$(may acme/ours) $(tested admin acme/ours)" "true plugin.try_later"
create ctl careful --private-addresses no >/dev/null
is "unless they say no" "$(may acme/careful) $(tested ctl acme/careful)" "false plugin.misconfigured"
is "one of a file goes there" "$(may filed/inside) $(tested ctl filed/inside)" "true plugin.try_later"
is "unless it says no" "$(may filed/outside) $(tested ctl filed/outside)" "false plugin.misconfigured"
flow_kill TERM
sed -i '/^plugins {/a\\tallow_private_addresses = no' "$flow_dir/rosterd.conf"
flow_daemon
is "and none of them where the operator lets none" "$(tested ctl acme/ours) $(tested ctl filed/inside)" "plugin.misconfigured plugin.misconfigured"

# ---- connections of before this was kept
query "UPDATE connections SET private_addresses = false"
query "$(sed -n '/^UPDATE connections/,/;$/p' "$SRCDIR/schema/0015_departures.sql")"
is "those of before keep what they had if an operator or a file made them" \
	"$(query "SELECT string_agg(name || ' ' || private_addresses, ', ' ORDER BY name) FROM connections")" \
	"careful true, hers false, inside true, ours true, outside true"

# ---- what the operator's secret reads
printf ours | create ctl sealed --secret hook_secret=@- >/dev/null
sealed() { curl -s --unix-socket "$socket" -X PATCH -H "Authorization: Bearer $(cat "$flow_dir/admin")" -H 'Content-Type: application/json' -d "$1" \
	http://localhost/v1/organisations/acme/connections/sealed | jq -r '.code // "done"'; }
is "with the operator's secret she reads nothing else" "$(sealed '{"private_addresses":false,"settings":{"directory":"person: id=u2; user=bob"}}')" connection.secret_again
is "nor one step at a time" "$(sealed '{"private_addresses":false}') $(may acme/sealed)" "connection.secret_again true"
is "with her own she does" "$(sealed '{"private_addresses":false,"settings":{"hook_secret":"hers","directory":"person: id=u2; user=bob"}}') $(may acme/sealed)" "done false"
done_testing
