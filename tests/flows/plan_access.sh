#!/bin/bash
# A plan without a directory (the end of a connection, its return, another order) tells of the access that ends or comes back with the people,
# and whether the owner is among them.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

connect() {
	printf '%s\n' "$2" >"$flow_dir/$1.txt"
	ctl connection create acme example "$1" --set directory=@"$flow_dir/$1.txt" --remove-most 50 --remove-admins-most 50 >/dev/null
	ctl sync run "acme/$1" --wait >/dev/null
}
lines() { ctl sync changes "acme/$(jq -r '.run.id // .id' "$flow_dir/run")" --json | jq -r '.items[] | "\(.kind) \(.name)"' | sort | paste -sd,; }
reason() { ctl sync show "acme/$(jq -r '.run.id // .id' "$flow_dir/run")" --json | jq -r .held_reason; }
id_of() { query "SELECT user_id FROM members WHERE name = '$1'"; }
token() { ctl token create "$1" --organisation acme --expires 30d "${@:2}" --json 2>/dev/null | jq -r .id; }
counts_as() { query "SELECT CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN suspended_at IS NOT NULL THEN 'suspended' ELSE 'counts' END FROM tokens WHERE id = '$1'"; }

ctl org create Acme --type enterprise >/dev/null
ctl domain add acme acme.example >/dev/null
connect okta 'person: id=o1; user=ada; email=ada@acme.example; name=Ada
person: id=o2; user=bob; email=bob@acme.example; name=Bob
person: id=o3; user=cyd; email=cyd@acme.example; name=Cyd'
connect entra 'person: id=e3; user=cyd; email=cyd@acme.example; name=Cyd'
hers=$(token hers --member "$(id_of Ada)")
his=$(token his --member "$(id_of Bob)")
stays=$(token stays --member "$(id_of Cyd)")
over=$(token over --member "$(id_of Bob)")
ctl token revoke "$over" --organisation acme >/dev/null 2>"$flow_dir/err" || diag "$(cat "$flow_dir/err")"

ctl connection delete acme/okta --people suspend --plan-only --json >"$flow_dir/run" 2>/dev/null
is "the end of a connection lists the tokens that end with its people, and no other" "$(lines)" \
	"member.handed_over Cyd,member.suspended Ada,member.suspended Bob,token.suspended hers,token.suspended his"
unlike "without an owner among them, none is told of" "$(reason)" 'owner'
ctl org owner acme "$(id_of Ada)" >/dev/null
ctl connection delete acme/okta --people suspend --json >"$flow_dir/run" 2>/dev/null
like "the owner is named among them" "$(reason)" '; the owner is among those who would be suspended$'
id=$(jq -r '.run.id // .id' "$flow_dir/run")
is "approved, it is done to the letter" "$(ctl sync approve "acme/$id" --wait --json | jq -r .state) $(counts_as "$hers") $(counts_as "$his") $(counts_as "$stays")" \
	"done suspended suspended counts"
is "each token has its entry" "$(query "SELECT count(*) FROM audit WHERE action = 'token.suspended'")" 2
ctl connection restore acme/okta --json >"$flow_dir/run" 2>/dev/null
is "its return lists those that come back" "$(lines; jq -r '.counts | to_entries | map(select(.key | startswith("token"))) | map("\(.key)=\(.value)") | join(" ")' "$flow_dir/run")" \
	"
token.restored=2"
is "and so they do" "$(counts_as "$hers") $(counts_as "$his") $(counts_as "$over")" "counts counts revoked"

# ---- another order: Bob is switched off in the directory that would lead
ctl connection set acme/okta --state active >/dev/null
printf 'person: id=e2; user=bob; email=bob@acme.example; name=Bob; suspended=yes\nperson: id=e3; user=cyd; email=cyd@acme.example; name=Cyd\n' >"$flow_dir/entra.txt"
ctl connection set acme/entra --set directory=@"$flow_dir/entra.txt" >/dev/null
ctl sync run acme/entra --wait >/dev/null
ctl precedence set acme --connection entra=1 --json >"$flow_dir/run" 2>"$flow_dir/err"
like "another order tells of the tokens, too" "$(lines)" 'member.suspended Bob.*token.suspended his'
ctl sync drop "acme/$(jq -r '.run.id // .id' "$flow_dir/run")" >/dev/null

# ---- a run of a directory
printf '# nobody\n' >"$flow_dir/okta.txt"
ctl connection set acme/okta --set directory=@"$flow_dir/okta.txt" >/dev/null
ctl sync run acme/okta --wait --json >"$flow_dir/run" 2>/dev/null
like "a directory's plan that would suspend the owner says so" "$(ctl sync list acme/okta --json | jq -r '.items[0].held_reason')" '; the owner is among those who would be suspended$'
ctl sync drop "acme/$(ctl sync list acme/okta --json | jq -r '.items[0].id')" >/dev/null

# ---- no more connections than there may be
ctl connection create acme example spare --set directory='# nobody' >/dev/null
ctl connection delete acme/spare --yes >/dev/null
query "INSERT INTO connections (organisation, id, name, plugin, state) SELECT organisation, gen_random_uuid(), 'c' || n, 'example', 'paused'
	FROM organisations, generate_series(3, 100) n WHERE slug = 'acme'"
ctl connection restore acme/spare >/dev/null 2>"$flow_dir/err"
like "one from the bin is one more: no more than there may be" "$(cat "$flow_dir/err"; ctl sync list acme --json | jq -r '.items[0].error.text')" \
	'an organisation has at most 100 connections, and there are'
is "it stays in the bin" "$(query "SELECT state FROM connections WHERE name = 'spare'")" deleted
query "DELETE FROM connections WHERE name = 'c100'"
ok "with room it comes back" ctl connection restore acme/spare
done_testing
