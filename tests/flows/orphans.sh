#!/bin/bash
# What a file describes is the file's; what it describes no more stays until somebody says what is to become of it.
. "$SRCDIR/tests/flows/flow.sh"

file=$flow_dir/orgs.d/acme.conf
describe() { # describe FILE [SED-EXPRESSION ...]
	local to=$1
	shift
	mkdir -p "$flow_dir/orgs.d"
	sed -e '' "${@/#/-e}" >"$to" <<CONF
# the first line
name = "Acme Corporation"
slug = acme
domains = { "acme.example", "acme.co.example" }
connection people {
	plugin = example
	schedule = never
	settings {
		directory = "person: id=u1; user=ada; email=ada@acme.example; name=Ada"
	}
	roles {
		admins = admin
	}
}
connection more {
	plugin = example
	schedule = never
	settings {
		directory = "person: id=u9; user=zoe; email=zoe@acme.example; name=Zoe"
	}
}
CONF
}
reload() { ctl reload --json; }
orphans() { jq -r '[.orphans[] | "\(.kind) \(.name)"] | join(", ")'; }
events() { jq -r '[.events[] | "\(.action) \(.name)"] | join(", ")'; }
# refused NAME PLACE COMMAND ...: it is refused as a file's own, with file and line
refused() {
	local name=$1 place=$2 said
	shift 2
	said=$(ctl "$@" 2>&1)
	is "$name is refused" "$?" 7
	like "$name: with file and line" "$said" "described by the file \"$place\"; change it there, then run \"rosterctl reload\""
}

describe "$file"
flow_start

# ---- refused elsewhere ----------------------------------------------------------------------------------------------------------

refused "the organisation's name" "$file:2" org set acme --name Other
refused "its default role" "$file:2" org set acme --default-role viewer
refused "its type" "$file:2" org set acme --type team
refused "removing a domain" "$file:4" domain remove acme acme.example
refused "a connection's schedule" "$file:5" connection set acme/people --schedule 1h
refused "its roles" "$file:5" connection set acme/people --role x=admin
refused "its settings" "$file:5" connection set acme/people --set directory=x
refused "pausing it" "$file:5" connection set acme/people --state paused
refused "deleting it" "$file:15" connection delete acme/more --yes
refused "adopting it" "$file:15" connection adopt acme/more
refused "adopting a domain" "$file:4" domain adopt acme acme.example
refused "adopting the organisation" "$file:2" org adopt acme
is "the line is shown" "$(ctl connection show acme/more --json | jq -c '[.managed_line, .orphaned_at]')" '[15,null]'
describe "$file" '1d'
is "another line alone is no change" "$(reload | events)" ""
refused "deleting it" "$file:14" connection delete acme/more --yes

# ---- a part of the file -----------------------------------------------------------------------------------------------------------

ctl sync run acme/people --wait >/dev/null
describe "$file" '/^connection more/,$d' 's/, "acme.co.example"//'
answer=$(reload)
is "a connection and a domain that the file has no more are orphans" "$(events <<<"$answer")" \
	"domain.orphaned acme.co.example, connection.orphaned more"
is "which the answer asks about" "$(orphans <<<"$answer")" "connection more, domain acme.co.example"
is "each time" "$(reload | orphans)" "connection more, domain acme.co.example"
like "people are told in words" "$(ctl reload)" 'acme: connection "more" is no longer described by .*acme.conf, since 2.*adopt it or delete it'
like "and the log" "$(cat "$flow_dir/log")" 'acme: connection "more" was described by .*acme.conf:14 and no longer is'
like "it is shown" "$(ctl connection show acme/more)" 'file gone since +20'
ok "its directory is read as before" ctl sync run acme/more --wait
is "nobody was thrown out" "$(roster | cut -d' ' -f1,3 | paste -sd,)" "ada active,zoe active"
like "it cannot be changed before it is adopted" "$(ctl connection set acme/more --schedule 1h 2>&1)" 'no longer is, since .*adopt it first'
flow_kill && flow_daemon
is "a restart forgets none of it" "$(reload | orphans)" "connection more, domain acme.co.example"
ok "the connection is adopted" ctl connection adopt acme/more
ok "and can be changed" ctl connection set acme/more --schedule 1h
ok "the domain is removed, which nobody has to adopt for" ctl domain remove acme acme.co.example
is "nothing waits any more" "$(reload | orphans)" ""
is "and not where the file was" "$(ctl audit list acme --json | jq -r '.items[] | select(.action == "connection.adopted") | .personal // . | tostring' | grep -c 'acme.conf')" 0
like "the audit has the answers" "$(ctl audit list acme --json | jq -r '[.items[].action] | join(" ")')" 'domain.removed connection.changed connection.adopted'

# ---- roles ------------------------------------------------------------------------------------------------------------------------

describe "$file" '/roles/,/^\t}/d' '/^connection more/,$d' 's/, "acme.co.example"//'
reload >/dev/null
is "without their section the roles stay" "$(ctl connection show acme/people --json | jq -c '.roles | length')" 1
like "and the log says how to remove them" "$(cat "$flow_dir/log")" 'no section "roles" any more; its 1 roles stay until the file has an empty one'
describe "$file" '/admins/d' '/^connection more/,$d' 's/, "acme.co.example"//'
reload >/dev/null
is "with an empty one they are gone" "$(ctl connection show acme/people --json | jq -c '.roles | length')" 0

# ---- the whole file ---------------------------------------------------------------------------------------------------------------

roster_before=$(roster)
mv "$file" "$flow_dir/away"
answer=$(reload)
is "a file that is gone makes its organisation an orphan" "$(events <<<"$answer"); $(orphans <<<"$answer")" \
	"organisation.orphaned Acme Corporation; organisation acme"
like "which is shown" "$(ctl org show acme)" 'file gone since +20'
is "everybody is still there" "$(roster)" "$roster_before"
ok "the directory is read as before" ctl sync run acme/people --wait
like "a connection of it waits with it" "$(ctl connection set acme/people --schedule 1h 2>&1)" 'adopt it first'
mv "$flow_dir/away" "$file"
answer=$(reload)
is "put back, it is the file's again" "$(events <<<"$answer"); $(orphans <<<"$answer")" "organisation.reclaimed Acme Corporation; "
refused "and changing it" "$file:2" org set acme --name Other

before=$(ctl org show acme --json | jq -r .id)
mv "$file" "$flow_dir/orgs.d/renamed.conf"
answer=$(reload)
is "a file of another name is no loss" "$(ctl org show acme --json | jq -r '.id, .managed_by' | paste -sd' ') $(orphans <<<"$answer")" \
	"$before $flow_dir/orgs.d/renamed.conf "
is "for its people neither" "$(roster)" "$roster_before"
cp "$flow_dir/orgs.d/renamed.conf" "$flow_dir/away"
sed -i '/^slug/d' "$flow_dir/orgs.d/renamed.conf"
like "without its slug it would be another organisation, and that is said" "$(ctl reload 2>&1)" \
	"renamed.conf:[0-9]+: .*already belongs to another organisation than \"renamed\": if this file was renamed, say slug"
mv "$flow_dir/away" "$flow_dir/orgs.d/renamed.conf"

rm "$flow_dir/orgs.d/renamed.conf"
flow_kill && flow_daemon
like "gone at a start, it is an orphan, too" "$(cat "$flow_dir/log")" 'acme: organisation "acme" was described by .*renamed.conf:2 and no longer is'
ok "it is adopted" ctl org adopt acme
ok "and can be changed, itself" ctl org set acme --name Mine
ok "and everything of it" ctl connection set acme/people --schedule 1h
is "nothing waits any more" "$(reload | orphans)" ""
is "a second adoption is refused" "$(ctl org adopt acme 2>&1 | grep -c 'described by no file')" 1
is "and the roster is what it was" "$(roster)" "$roster_before"
done_testing
