# What the bad days of a directory share: a real slapd with 300 people and 24 groups behind a proxy that misbehaves, and organisation acme
# that has seen it well. Source it after flow.sh and ldap_server.sh.
#
#   fault NAME RULES STATE WORDS   a day passes; the proxy follows RULES (ldap_proxy.c; page 1 is groups, pages 2 to 7 are people, 50
#                   each but for the last); a run ends as STATE (failed, held, "done whole", "done incomplete", or several with "|" between) and
#                   says WORDS; then a healthy run. Nobody who is there loses anything, and in the end the roster is what the directory is.
#   a_day_passes    in the directory one is hired into a group, one renamed, one let go
#   bad, healthy    the two runs of fault
#   look WHERE      remembers what we have as before or have, and the truth
#
# BAD_DAY_ONLY: the faults that match, and no others.
flow_start
server_start 300 24
people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example
script=$flow_dir/proxy.script
: >"$script"
mkfifo "$flow_dir/proxy.stdin"
"$BUILDDIR/tests/peers/ldap_proxy" "${SLAPD_LDAP##*:}" "$script" <"$flow_dir/proxy.stdin" >"$flow_dir/proxy.port" 2>"$flow_dir/proxy.err" &
exec 7>"$flow_dir/proxy.stdin"
flow_also='exec 7>&-'
for _ in $(seq 100); do [ -s "$flow_dir/proxy.port" ] && break; sleep 0.05; done
proxy=ldap://127.0.0.1:$(cat "$flow_dir/proxy.port")

# ---- what is true, and what we have ---------------------------------------------------------------------------------------------

search() { ldapsearch -x -LLL -o ldif-wrap=no -H "$SLAPD_LDAP" -D "$SLAPD_ADMIN_DN" -w "$SLAPD_ADMIN_PASSWORD" "$@"; }
# Lines "person UID", "name UID NAME", "role UID admin", "in GROUP UID" and "nested GROUP GROUP"; of people whom the generator numbered
truth() {
	{
		search -b "$people" '(objectClass=inetOrgPerson)' uid displayName
		search -b "$groups" '(objectClass=groupOfNames)' cn member
	} | awk '
		/^dn:/ { uid = ""; group = "" }
		/^uid: / { uid = $2; if (uid ~ /^[uh][0-9]+$/) { here[uid] = 1; print "person " uid } }
		/^displayName: / && uid ~ /^[uh][0-9]+$/ { sub(/^displayName: /, ""); print "name " uid " " $0 }
		/^cn: / { group = $2 }
		/^member: uid=[uh][0-9]+,/ { split($2, part, /[=,]/); pairs[++n] = group " " part[2] }
		/^member: cn=[a-z0-9-]+,ou=groups/ { split($2, part, /[=,]/); print "nested " group " " part[2] }
		END { for (i = 1; i <= n; i++) { split(pairs[i], p, " "); if (here[p[2]]) {
			print "in " pairs[i]; if (p[1] == "admins") print "role " p[2] " admin" } } }' | sort -u
}
have() {
	query "WITH a AS (SELECT a.id, a.user_name, m.name, m.role FROM accounts a JOIN members m ON m.organisation = a.organisation
		AND m.user_id = a.user_id WHERE m.state = 'active' AND a.user_name ~ '^[uh][0-9]+\$')
		SELECT 'person ' || user_name FROM a UNION ALL SELECT 'name ' || user_name || ' ' || name FROM a WHERE name ~ '^[ -~]*\$'
		UNION ALL SELECT 'role ' || user_name || ' admin' FROM a WHERE role = 'admin'
		UNION ALL SELECT 'in ' || g.name || ' ' || a.user_name FROM a JOIN group_accounts k ON k.account_id = a.id JOIN groups g ON g.id = k.group_id
		UNION ALL SELECT 'nested ' || g.name || ' ' || c.name FROM group_groups k JOIN groups g ON g.id = k.group_id JOIN groups c ON c.id = k.child_id" | sort -u
}
# What was there, is there in truth, and is there no more: nothing, or something is very wrong. Names are not taken away.
wrongly_gone() { comm -23 <(comm -12 "$flow_dir/before" "$flow_dir/truth" | grep -v '^name ') "$flow_dir/have"; }
look() { have >"$flow_dir/$1"; truth >"$flow_dir/truth"; }

# One is hired into a group, one renamed, one let go, for the Nth time.
day=0
a_day_passes() {
	day=$((day + 1))
	query "UPDATE removals SET at = at - interval '1 day'" # so that the guard counts each by itself
	server_change "dn: uid=h$day,$people
changetype: add
objectClass: inetOrgPerson
uid: h$day
cn: Hired $day
sn: $day
displayName: Hired $day
mail: h$day@acme.example

dn: cn=developers,$groups
changetype: modify
add: member
member: uid=h$day,$people

dn: uid=u$(printf %06d $((280 - day % 20))),$people
changetype: modify
replace: displayName
displayName: Name of day $day

dn: uid=$(leaver $day),$people
changetype: delete" || fail "day $day"
}
# Of those who are here from the beginning, and then of the hired
leaver() { if [ "$1" -le 200 ]; then printf 'u%06d' $(($1 + 20)); else echo "h$(($1 - 200))"; fi; }

# ---- one bad run, and a healthy one ---------------------------------------------------------------------------------------------

# All that an administrator reads of it
words() { jq -r '[.proof, .held_reason, .error.text, (.proof_parts // [] | .[] | "\(.part): \(.state): \(.words)")] | map(select(. != null)) | join(" | ")' <<<"$1"; }
ended() { jq -r '.state + (if .state == "done" then (if .whole then " whole" else " incomplete" end) else "" end)' <<<"$1"; }
healthy() { # healthy NAME
	: >"$script"
	run=$(sync)
	look have
	is "$1: a healthy run is done" "$(jq -r '"\(.state) \(.whole)"' <<<"$run")" "done true"
	is "$1: then the roster is what the directory is" "$(diff <(grep -v '^name' "$flow_dir/truth") <(grep -v '^name' "$flow_dir/have") | head -n 5)" ""
}
bad() { # bad NAME RULES STATE WORDS
	printf '%s\n' "$2" >"$script"
	: >"$script.log"
	look before
	run=$(sync)
	look have
	is "$1: the proxy misbehaved" "$(grep -c 'fired .' "$script.log")" 1
	is "$1: nobody and nothing is gone that is there" "$(wrongly_gone | head -n 5)" ""
	like "$1: the run is $3" "$(ended "$run")" "^($3)\$"
	like "$1: it says why" "$(words "$run")" "$4"
	[ -z "${BAD_DAY_ONLY:-}" ] || diag "$(words "$run")"
	if [ "$(jq -r .state <<<"$run")" = held ]; then ctl sync drop "acme/$(jq -r .id <<<"$run")" >/dev/null; fi
}
fault() { [[ $1 =~ ${BAD_DAY_ONLY:-.} ]] || return; a_day_passes; bad "$@"; healthy "$1"; }

ok "an organisation" ctl org create Acme --type enterprise
ok "its directory" ctl connection create acme ldap people --set url="$proxy" --set tls=none --set bind_dn="$SLAPD_BIND_DN" \
	--secret bind_password=@"$server/password" --set user_base="$people" --set group_base="$groups" --set page_size=50 \
	--set timeout=1s --role admins=admin --schedule never
healthy "the first run"
is "everybody is there" "$(grep -c ^person "$flow_dir/have")" 290

