#!/bin/bash
# Whose word counts, told by the file of an organisation: taken as a plan that is held like any other, and nowhere else.
. "$SRCDIR/tests/flows/flow.sh"

file=$flow_dir/orgs.d/acme.conf
hr='person: id=h1; user=ada; email=ada@acme.example; name=Ada Lovelace; title=Countess
group: id=g1; name=Bosses
member: group=g1; member=h1'
it='person: id=i1; user=alove; email=ada@acme.example; name=A. Lovelace; title=Admin
group: id=g7; name=Crew
member: group=g7; member=i1'
# describe NUMBER-OF-IT [LINES]: the file, with the precedence of "it" and further lines
describe() {
	mkdir -p "$flow_dir/orgs.d"
	cat >"$file" <<CONF
name = "Acme Corporation"
domains = { "acme.example" }
${2:-}
connection hr {
	plugin = example
	schedule = never
	settings {
		directory = "person: id=h1; user=ada; email=ada@acme.example; name=Ada Lovelace; title=Countess"
	}
	roles {
		Bosses = admin
	}
}
connection it {
	plugin = example
	schedule = never
	precedence = $1
	settings {
		directory = "person: id=i1; user=alove; email=ada@acme.example; name=A. Lovelace; title=Admin"
	}
	roles {
		Crew = viewer
	}
}
CONF
}
rules() { printf 'precedence {\n\t%s\n}' "$1"; }
shows() { query "SELECT concat_ws('|', m.name, m.title, m.role || ' ' || m.role_source, c.name) FROM members m
	JOIN connections c ON c.organisation = m.organisation AND c.id = m.connection WHERE m.user_id = '$ada'"; }
orders() { query "SELECT count(*) FROM runs WHERE kind = 'precedence'"; }
last() { query "SELECT $1 FROM runs WHERE kind = 'precedence' ORDER BY asked_at DESC, id DESC LIMIT 1"; }
# taken: reads the configuration again, and waits until the order that it asks for is settled
taken() {
	ctl reload >"$flow_dir/out" 2>&1 || { cat "$flow_dir/out"; return 1; }
	until_run "$(last id)" "state NOT IN ('asked', 'reconciling')"
	cat "$flow_dir/out"
}

describe 200
flow_start
# A text in a file has one line: the directories show more than that while they are read, which they are once.
for name in hr it; do
	query "UPDATE connections SET settings = jsonb_build_object('directory', '${!name}') WHERE name = '$name'"
done
ctl sync run acme/hr --wait >/dev/null 2>&1
ctl sync run acme/it --wait >/dev/null 2>&1
ada=$(query "SELECT user_id FROM accounts WHERE remote_id = 'h1'")
is "a connection is made with its number, and needs no plan" "$(query "SELECT string_agg(name || '=' || precedence, ' ' ORDER BY name) FROM connections") $(orders)" \
	"hr=100 it=200 0"
is "and the lower leads" "$(shows)" "Ada Lovelace|Countess|admin mapping|hr"

# ---- a rule: who is an admin stays one
describe 200 "$(rules 'title = { it }')"
like "a rule is asked for" "$(taken)" 'acme: precedence.asked "Acme Corporation"'
is "and done, as a run" "$(last "state || ' ' || asked_by") $(shows)" "done file $file Ada Lovelace|Admin|admin mapping|hr"
is "the audit says that a file wanted it" "$(query "SELECT actor_kind || ' ' || actor FROM audit WHERE action = 'precedence.changed'")" "file $file"
is "it is what precedence show has" "$(ctl precedence show acme --json | jq -c '[.rules, .connections]')" '[{"title":["it"]},{"hr":100,"it":200}]'
unlike "read again, nothing is asked for" "$(ctl reload)" precedence
is "so nothing is" "$(orders)" 1
describe 200
taken >/dev/null
is "without the section, the rules stay" "$(ctl precedence show acme --json | jq -c .rules) $(orders)" '{"title":["it"]} 1'
like "and the log says so" "$(tail -n 5 "$flow_dir/log")" 'the file has no section "precedence", and there are rules'
describe 200 "$(rules '')"
taken >/dev/null
is "an empty section takes them away" "$(ctl precedence show acme --json | jq -c .rules) $(shows)" '{} Ada Lovelace|Countess|admin mapping|hr'

# ---- another number would take an admin's role: looked at first
describe 10
taken >/dev/null
is "another number that takes an admin's role is held" "$(last state) $(shows)" "held Ada Lovelace|Countess|admin mapping|hr"
like "and says why" "$(last held_reason)" '0 members would be suspended, and 1 admin would lose the role'
is "until then the old order counts" "$(query "SELECT precedence FROM connections WHERE name = 'it'")" 200
n=$(orders)
ctl reload >/dev/null
flow_kill TERM
flow_daemon
is "neither a reload nor a restart asks for it twice" "$(orders)" "$n"
describe 200
ctl reload >/dev/null
is "a file that takes it back drops the plan" "$(last state) $(orders)" "dropped $n"
is "and the audit has that" "$(query "SELECT actor_kind || ' ' || target FROM audit WHERE action = 'run.dropped'")" "file $(last id)"
describe 10
taken >/dev/null
held=$(last id)
describe 20
taken >/dev/null
is "another number takes the place of a plan that is held" "$(query "SELECT state FROM runs WHERE id = '$held'") $(last state) $(orders)" "dropped held $((n + 2))"
ctl sync approve "acme/$(last id)" --wait >/dev/null 2>&1
is "approved" "$(last state) $(shows) $(query "SELECT precedence FROM connections WHERE name = 'it'")" "done A. Lovelace|Admin|viewer mapping|it 20"
ctl reload >/dev/null
is "and asked for no more" "$(orders)" "$((n + 2))"
describe 20 "$(rules 'role = { hr, manual }')"
taken >/dev/null
is "a rule before what a person set" "$(shows)" "A. Lovelace|Admin|admin mapping|it"
describe 20 "$(rules 'role = { manual, it }')"
taken >/dev/null
ctl sync drop "acme/$(last id)" >/dev/null
is "a plan that somebody dropped" "$(last state) $(shows)" "dropped A. Lovelace|Admin|admin mapping|it"
n=$(orders)
taken >/dev/null
is "is asked for again, for as long as the file says so" "$(last state) $(orders)" "held $((n + 1))"

# ---- the file's, and nobody else's
ctl precedence set acme --connection it=5 >/dev/null 2>"$flow_dir/err"
is "refused elsewhere" "$? $(grep -o managed_by_file "$flow_dir/err")" "7 managed_by_file"
like "with the file" "$(cat "$flow_dir/err")" "$file"
ctl precedence set acme --rule name=it >/dev/null 2>"$flow_dir/err"
is "and so are rules" "$? $(grep -o managed_by_file "$flow_dir/err")" "7 managed_by_file"

# ---- mistakes
describe 20 "$(rules 'role = { hr, itt }')"
ctl reload >/dev/null 2>"$flow_dir/err"
is "a connection that is not in the file" "$? $(sed "s|$file|FILE|" "$flow_dir/err" | grep FILE)" \
	"7 FILE:4: \"precedence.role\": there is no connection \"itt\" in this file; one of them, or \"manual\" for what a person set, is expected; did you mean \"it\"?"
is "changes nothing" "$(last state) $(orders)" "held $((n + 1))"
done_testing
