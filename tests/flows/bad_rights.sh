#!/bin/bash
# A directory's bad day: it answers well, and shows less than before, because rights there were narrowed or its bases are others. Nobody
# goes for that; what is meant goes with --anew; and whoever is really let go, few or many, goes by the usual way.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
. "$SRCDIR/tests/flows/misbehaving.sh"

# narrowed NAME STATE WORDS [OPTION ...]: slapd with these options; nobody is gone who is there
narrowed() {
	local name=$1 state=$2 words=$3
	shift 3
	server_again "$@"
	look before
	run=$(sync)
	look have
	is "$name: nobody and nothing is gone that is there" "$(wrongly_gone | head -n 5)" ""
	like "$name: the run is $state" "$(ended "$run")" "^($state)\$"
	like "$name: it says why" "$(words "$run")" "$words"
	[ "$(jq -r .state <<<"$run")" != held ] || ctl sync drop "acme/$(jq -r .id <<<"$run")" >/dev/null
}
mended() { server_again; healthy "$1"; }
few='(uid=u00010*)' # ten people

run=$(sync)
is "a whole listing says how it knows, part by part" "$(jq -r '[.proof_parts[] | "\(.part): \(.state)"] | join(", ")' <<<"$run")" \
	"results: held, shown: held, referrals: held, pages: held, members: held, bases: held, rights: held, change: held, canaries: untold, asked again: held"

# ---- rights ---------------------------------------------------------------------------------------------------------------------

narrowed "ten are hidden, and nothing changed" "done incomplete" '10 people are no longer shown, but the directory has not changed since the last whole listing .*were our rights' \
	--hide-entries "$few"
like "and which part is missing stands in rosterctl sync show" "$(ctl sync show "acme/$(jq -r .id <<<"$run")")" 'change +missing +10 people are no longer shown'
narrowed "the next run is no wiser" "done incomplete" 'were our rights' --hide-entries "$few"
mended "ten are hidden, and nothing changed"

a_day_passes
narrowed "the members of groups are hidden" "done incomplete" '24 groups show none.* it was 0 then, and .* no longer shown' --hide-attribute member
mended "the members of groups are hidden"

a_day_passes
ctl connection set acme/people --set canary=u000105 >/dev/null
healthy "with a canary"
like "a canary that is seen" "$(words "$run")" 'canaries: held: all 1 were shown'
a_day_passes
narrowed "a canary is hidden among ten" "done incomplete" '"u000105" must be in each listing and was not shown' --hide-entries "$few"
mended "a canary is hidden among ten"
ctl connection set acme/people --set canary= >/dev/null

a_day_passes
narrowed "a quarter is hidden" held 'active members would be suspended' --hide-entries '(|(uid=u00010*)(uid=u00011*)(uid=u00015*)(uid=u00016*)(uid=u00019*)(uid=u00020*))'
mended "a quarter is hidden"

# ---- who we are, and what the bases are -------------------------------------------------------------------------------------------

(umask 077 && printf %s "$SLAPD_ADMIN_PASSWORD" >"$flow_dir/admin.password")
ok "the connection binds as somebody who may see all" ctl connection set acme/people --set bind_dn="$SLAPD_ADMIN_DN" \
	--secret bind_password=@"$flow_dir/admin.password"
healthy "as somebody who may see all"
a_day_passes
ctl connection set acme/people --set bind_dn="$SLAPD_BIND_DN" --secret bind_password=@"$server/password" >/dev/null
narrowed "as somebody who may see less" "done incomplete" 'the server says that we are "dn:cn=sync,.*it was dn:cn=admin,' --hide-entries "$few"
server_again
run=$(sync)
is "as somebody else who may see as much: whoever has really left waits" "$(ended "$run")" "done incomplete"
like "and it says what to do" "$(words "$run")" '1 person is no longer shown.*if this is meant: rosterctl sync run acme/people --anew'
is "judged anew, one goes" "$(sync --anew | jq -r '.counts["member.suspended"]')" 1
healthy "as somebody who may see as much"

rename() { # rename FROM TO
	server_change "dn: ou=$1,dc=acme,dc=example
changetype: modrdn
newrdn: ou=$2
deleteoldrdn: 1"
}
rename people staff
run=$(sync)
is "the base of people is renamed: the run fails" "$(ended "$run")" failed
like "and says so" "$(words "$run")" "under \"$people\".*no such object \(32\)"
rename staff people
healthy "the base of people is back"

rename groups teams
server_change "dn: $groups
changetype: add
objectClass: organizationalUnit
ou: groups

dn: cn=newcomers,$groups
changetype: add
objectClass: groupOfNames
cn: newcomers
member: uid=u000150,$people"
run=$(sync)
like "another entry in the place of the base of groups" "$(words "$run")" 'bases: missing: the entries at the bases are .*; it was .* when a whole listing was applied last'
is "no group goes" "$(ended "$run") $(query "SELECT count(*) FROM groups")" "done incomplete 24"
server_change "dn: cn=newcomers,$groups
changetype: delete

dn: $groups
changetype: delete"
rename teams groups
healthy "the base of groups is back"

# ---- what is meant ------------------------------------------------------------------------------------------------------------------

server_again --hide-entries "$few"
run=$(sync)
is "rights that were narrowed on purpose: nobody goes by itself" "$(ended "$run")" "done incomplete"
is "nor does a plan call them gone" "$(ctl sync plan acme/people --json 2>/dev/null | jq -r '.run.counts["member.suspended"] // 0')" 0
is "a plan that judges anew does" "$(ctl sync plan acme/people --anew --json | jq -r '.run.counts["member.suspended"]')" 10
is "and so does a run" "$(sync --anew | jq -r '.counts["member.suspended"]')" 10
run=$(sync)
is "after that it is what others are held against" "$(ended "$run") $(counts <<<"$run")" "done whole "
server_again
is "they come back with the rights" "$(sync | jq -r '.counts["member.restored"]')" 10
healthy "all are back"

# ---- who is really let go -------------------------------------------------------------------------------------------------------------

limits() { query "SELECT row(remove_most, remove_share, remove_admins_most, remove_admins_share, remove_group_most, remove_group_share) FROM connections"; }
limits=$(limits)
server_change "$(for n in $(seq 110 169); do printf 'dn: uid=u%06d,%s\nchangetype: delete\n\n' "$n" "$people"; done)"
run=$(sync)
is "sixty leave: it is held" "$(ended "$run")" held
like "though it is proven" "$(words "$run")" 'asked again: held: 6[0-9] of 6[0-9]'
id=$(jq -r .id <<<"$run")
run=$(ctl sync approve "acme/$id" --wait --json)
is "approved once, it goes through" "$(ended "$run") $(jq -r '.counts["member.suspended"]' <<<"$run")" "done whole 60"
look have
is "the roster is what the directory is" "$(diff <(grep -v '^name' "$flow_dir/truth") <(grep -v '^name' "$flow_dir/have"))" ""
is "no limit was raised" "$(limits)" "$limits"
done_testing
