#!/bin/bash
# An organisation and its LDAP directory described by a file: made when the daemon starts, left alone by the next start, changed
# by the file alone.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
server_start 200 10

people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example
file=$flow_dir/orgs.d/acme.conf
last_audited() { query "SELECT coalesce(max(id), 0) FROM audit"; }
# What files did after an entry, oldest first
audited_by_file() {
	ctl audit list acme --json | jq -r --argjson after "${1:-0}" '[.items[] | select(.source == "file" and .id > $after)] |
		sort_by(.id) | map("\(.action) \(.target_name)") | join(", ")'
}
again() { flow_kill && flow_daemon; }
check() { "$BUILDDIR/rosterd" --config "$flow_dir/rosterd.conf" --check-config 2>&1; }
# describe [SED-EXPRESSION ...]: the file, with what these change
describe() {
	mkdir -p "$flow_dir/orgs.d"
	sed -e '' "${@/#/-e}" >"$file" <<CONF
name = "Acme Corporation"
domains = { "acme.example", "acme.co.example" }
default_role = viewer
connection people {
	plugin = ldap
	schedule = never
	guard {
		remove_most = 20
	}
	settings {
		url = "$SLAPD_LDAP"
		ca_certificate = "file:$SLAPD_CA"
		bind_dn = "$SLAPD_BIND_DN"
		bind_password = "file:$server/password"
		user_base = "$people"
		group_base = "$groups"
	}
	roles {
		support = member
		admins = admin
		billing = member
	}
	attributes {
		title = title
		department = departmentNumber
	}
}
CONF
}

describe
flow_start

# ---- made at the start ----------------------------------------------------------------------------------------------------------

is "the file's organisation is there, marked as the file's" \
	"$(ctl org show acme --json | jq -r '"\(.name), \(.type), \(.default_role), \(.managed_by)"')" \
	"Acme Corporation, enterprise, viewer, $file"
is "so are its domains" "$(ctl domain list acme --json | jq -r '[.items[] | "\(.domain) \(.state) \(.managed_by)"] | join(", ")')" \
	"acme.co.example verified $file, acme.example verified $file"
connection=$(ctl connection show acme/people --json)
is "so is the connection" "$(jq -r '"\(.plugin), \(.schedule), \(.remove_most), \(.managed_by)"' <<<"$connection")" \
	"ldap, never, 20, $file"
like "which shows whose it is to people, too" "$(ctl connection show acme/people)" "managed by +$file"
is "the certificate was read from its file" "$(jq -r .settings.ca_certificate <<<"$connection")" "$(cat "$SLAPD_CA")"
is "of the secret only that it is there is shown" "$(jq -c .settings.bind_password <<<"$connection")" '{"set":true}'
is "the roles keep the file's order" "$(jq -r '[.roles[] | "\(.group)=\(.role)"] | join(" ")' <<<"$connection")" \
	"support=member admins=admin billing=member"
is "each has its audit entry" "$(audited_by_file)" "organisation.created Acme Corporation, domain.verified acme.example, domain.verified acme.co.example, connection.created people"
is "no secret stands in what the database shows" "$(query "SELECT count(*) FROM audit a, connections c WHERE (a::text || c::text) LIKE '%$SLAPD_BIND_PASSWORD%'")" 0
ok "the connection works" ctl connection test acme/people
is "a run reads everybody" "$(sync | jq -r '"\(.state) \(.people)"')" "done 200"
like "who is in no group has the default role" "$(roster)" '^li viewer active$'
like "and who is in one has the role of that group" "$(roster)" '^zoe admin active$'

# ---- the same again -------------------------------------------------------------------------------------------------------------

before=$(last_audited) versions=$(query "SELECT string_agg(version::text, ' ') FROM (SELECT version FROM organisations UNION ALL SELECT version FROM connections) v")
again
is "a second start changes nothing and writes no audit entry" "$(last_audited)" "$before"
is "and no version moves" "$(query "SELECT string_agg(version::text, ' ') FROM (SELECT version FROM organisations UNION ALL SELECT version FROM connections) v")" "$versions"
is "nor does a run have anything to do" "$(sync | counts)" ""

# ---- by nobody else -------------------------------------------------------------------------------------------------------------

refused_by_file() {
	local name=$1 said
	shift
	said=$(ctl "$@" 2>&1)
	is "$name is refused" "$?" 7
	like "$name: the file is named" "$said" "$file:[0-9]+\"; change it there"
}
refused_by_file "changing the connection" connection set acme/people --schedule 1h
refused_by_file "deleting the connection" connection delete acme/people --yes
refused_by_file "changing the organisation" org set acme --name Other
refused_by_file "removing a domain" domain remove acme acme.example
is "none of it left a trace in the connection" "$(ctl connection show acme/people --json | jq -c 'del(.last_run)')" \
	"$(jq -c 'del(.last_run)' <<<"$connection")"

# ---- by the file ----------------------------------------------------------------------------------------------------------------

before=$(last_audited)
describe 's/Acme Corporation/Acme/' 's/schedule = never/schedule = "2h"/' '/billing = member/d'
again
is "what the file changes is changed, with an entry each" "$(audited_by_file "$before")" "organisation.updated Acme, connection.updated people"
is "the connection is as the file has it now" "$(ctl connection show acme/people --json | jq -r '"\(.schedule) \(.roles | length)"')" "2h 2"

before=$(last_audited)
printf wrong >"$server/password"
again
is "another secret in its file is a change" "$(audited_by_file "$before")" "connection.updated people"
like "which is used from now on" "$(ctl connection test acme/people 2>&1)" 'invalid credentials'
before=$(last_audited)
again
is "and the same start again is none" "$(audited_by_file "$before")" ""
printf '%s' "$SLAPD_BIND_PASSWORD" >"$server/password"

before=$(last_audited)
describe "s|url = .*|url = \"$SLAPD_LDAPI\"|" '/bind_dn/s/.*/bind = external/' '/bind_password/d'
again
is "a secret that the file names no more is forgotten" "$(ctl connection show acme/people --json | jq -r '.settings.bind_password')" null
ok "and another way to sign in is used" ctl connection test acme/people
before=$(last_audited)
again
is "nothing of that is done twice" "$(audited_by_file "$before")" ""

before=$(last_audited)
describe '/^connection/,$d' 's/, "acme.co.example"//'
again
is "what the file names no more stays" "$(ctl connection show acme/people --json | jq -r .name) $(ctl domain list acme --json | jq '.items | length')" "people 2"
like "the log says so" "$(cat "$flow_dir/log")" 'connection "people" was described by .*acme.conf:[0-9]+ and no longer is'
is "and there is an entry each" "$(audited_by_file "$before")" \
	"domain.orphaned acme.co.example, connection.orphaned people"
before=$(last_audited)
again
is "but one alone" "$(audited_by_file "$before")" ""
ctl connection adopt acme/people >/dev/null
ok "who wants it otherwise can say so now: another schedule" ctl connection set acme/people --schedule 1h
ok "and a domain less" ctl domain remove acme acme.co.example
before=$(last_audited)
describe '1i adopt = yes'
again
is "named again by a file that may take it over, it is the file's again" "$(audited_by_file "$before")" "domain.verified acme.co.example, connection.updated people"
refused_by_file "changing it" connection set acme/people --schedule 1h

# ---- made by hand before --------------------------------------------------------------------------------------------------------

ctl org create Beta --type enterprise >/dev/null
ctl domain add beta beta.example >/dev/null
ctl org set beta --default-role viewer >/dev/null
ctl connection create beta example legacy --set directory='# nobody' >/dev/null
printf 'name = Other\ndomains = { beta.example }\n' >"$flow_dir/orgs.d/beta.conf"
is "what was made by hand is not taken over in silence" "$(ctl reload 2>&1 | grep -c "beta.conf:1: organisation \"beta\": organisation \"beta\" was made by hand")" 1
like "the way out is told" "$(ctl reload 2>&1)" 'say adopt = yes in the file'
is "and nothing is lost" "$(ctl org show beta --json | jq -r '.name, .default_role, .managed_by' | paste -sd' ')" "Beta viewer null"
printf 'name = Beta\nadopt = yes\ndomains = { beta.example }\n' >"$flow_dir/orgs.d/beta.conf"
again
is "with that word it becomes the file's" \
	"$(ctl org show beta --json | jq -r .managed_by) $(ctl domain list beta --json | jq -r '.items[].managed_by')" \
	"$flow_dir/orgs.d/beta.conf $flow_dir/orgs.d/beta.conf"
is "but not what the file does not name" "$(ctl connection show beta/legacy --json | jq -r .managed_by)" null
like "which is told, so that somebody notices" "$(ctl reload --json | jq -c '[.events[] | select(.organisation == "beta")]')" \
	'"action":"connection.left_unmanaged","kind":"connection","name":"legacy"|"kind":"connection","name":"legacy"'
like "and stands in the log" "$(cat "$flow_dir/log")" 'beta: connection "legacy" was made by hand, and the file with adopt = yes does not name it'

# ---- a file that is wrong -------------------------------------------------------------------------------------------------------

wrong() { # wrong NAME REGEX SED-EXPRESSION ...
	local name=$1 regex=$2 said
	shift 2
	describe "$@"
	said=$(check)
	is "$name: --check-config fails" "$?" 1
	like "$name: it names file, line and what is expected" "$said" "^$file:$regex"
}
wrong "a setting is missing" '[0-9]+: .*"user_base"' '/user_base/d'
wrong "a setting is misspelt" '15: plug-in "ldap" has no setting "user_bsae"; did you mean "user_base"\?' 's/user_base/user_bsae/'
wrong "a secret stands in the file" '14: .*"bind_password".*file:' 's/bind_password = .*/bind_password = "sync-secret"/'
unlike "which is not repeated" "$(check)" 'sync-secret'
wrong "the certificate is not there" '12: "ca_certificate": file "/nowhere" could not be opened: No such file' 's|file:.*ca.pem|file:/nowhere|'
wrong "the certificate is none" '12: .*"ca_certificate".*PEM' "s|file:.*ca.pem|file:$server/slapd.conf|"
chmod 644 "$server/password"
wrong "others may read the secret" '14: "bind_password": .*others may read or change it; mode 0600 is expected' 's/^$//'
done_testing
