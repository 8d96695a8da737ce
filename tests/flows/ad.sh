#!/bin/bash
# An Active Directory that changes at random decides who is in an organisation. What changed is read by DirSync or by numbers of changes;
# after each reading a whole listing finds nothing that it has missed.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ad_server.sh"
flow_start
ad_start 12 4
RANDOM=${AD_SEED:-11}
rounds=${AD_ROUNDS:-4}

# ---- a town whose people and groups change ----
declare -A place name primary enabled # of people by number; place is "" (there is none), people or elsewhere
declare -A gplace gname member        # of groups; member["g u"] and member["g gG"]
last=0 ldif='' there='' mail=''
base=$SAMBA_BASE
dn() { echo "CN=Random ${name[$1]},OU=${place[$1]},$base"; }
gdn() { echo "CN=random-group-${gname[$1]},OU=${gplace[$1]},$base"; }
add() { ldif+="$1"$'\n\n'; }
# RANDOM is another one in a shell within: it is asked for here alone.
somewhere() { if ((RANDOM % 4)); then there=$1; else there=elsewhere; fi; }

edit_person() { # edit_person U
	local u=$1 old
	if [ -z "${place[$u]:-}" ]; then
		somewhere people
		place[$u]=$there name[$u]=$((++last)) primary[$u]='' enabled[$u]=544
		add "dn: $(dn "$u")
changetype: add
objectClass: user
sAMAccountName: r${name[$u]}
displayName: Number ${name[$u]}
mail: r${name[$u]}@acme.example
userAccountControl: 544"
		return
	fi
	old=$(dn "$u")
	case $((RANDOM % 7)) in
	0)
		add "dn: $old
changetype: delete"
		place[$u]=
		for g in "${!gplace[@]}"; do unset "member[$g $u]"; done
		;;
	1 | 2)
		if ((RANDOM % 2)); then name[$u]=$((++last)); elif [ "${place[$u]}" = people ]; then place[$u]=elsewhere; else place[$u]=people; fi
		add "dn: $old
changetype: modrdn
newrdn: CN=Random ${name[$u]}
deleteoldrdn: 1
newsuperior: OU=${place[$u]},$base"
		;;
	3 | 4)
		enabled[$u]=$((enabled[u] ^ 2))
		add "dn: $old
changetype: modify
replace: userAccountControl
userAccountControl: ${enabled[$u]}"
		;;
	5)
		add "dn: $old
changetype: modify
replace: displayName
displayName: Name $((++last))"
		;;
	6)
		if ((RANDOM % 2)); then mail="mail: other$((++last))@acme.example"; else mail=-; fi
		add "dn: $old
changetype: modify
replace: mail
$mail"
		;;
	esac
}

edit_group() { # edit_group G U
	local g=$1 u=$2 inner=$((RANDOM % ($1 + 1))) old what=add
	if [ -z "${gplace[$g]:-}" ]; then
		somewhere groups
		gplace[$g]=$there gname[$g]=$((++last))
		add "dn: $(gdn "$g")
changetype: add
objectClass: group
sAMAccountName: random-group-${gname[$g]}"
		return
	fi
	old=$(gdn "$g")
	case $((RANDOM % 8)) in
	0)
		for other in "${!primary[@]}"; do [ -z "${place[$other]}" ] || [ "${primary[$other]}" != "$g" ] || return 0; done
		add "dn: $old
changetype: delete"
		gplace[$g]=
		for key in "${!member[@]}"; do [[ $key != "$g "* && $key != *" g$g" ]] || unset "member[$key]"; done
		;;
	1)
		if ((RANDOM % 2)); then gname[$g]=$((++last)); elif [ "${gplace[$g]}" = groups ]; then gplace[$g]=elsewhere; else gplace[$g]=groups; fi
		add "dn: $old
changetype: modrdn
newrdn: CN=random-group-${gname[$g]}
deleteoldrdn: 1
newsuperior: OU=${gplace[$g]},$base"
		;;
	2)
		[ "$inner" -lt "$g" ] && [ -n "${gplace[$inner]:-}" ] || return 0
		if [ -n "${member["$g g$inner"]:-}" ]; then what=delete; unset "member[$g g$inner]"; else member["$g g$inner"]=1; fi
		add "dn: $old
changetype: modify
$what: member
member: $(gdn "$inner")"
		;;
	*)
		[ -n "${place[$u]:-}" ] && [ "${primary[$u]}" != "$g" ] || return 0
		if [ -n "${member["$g $u"]:-}" ]; then what=delete; unset "member[$g $u]"; else member["$g $u"]=1; fi
		add "dn: $old
changetype: modify
$what: member
member: $(dn "$u")"
		;;
	esac
}

edit() { # edit COUNT: applied at once
	ldif=
	for _ in $(seq "$1"); do
		if ((RANDOM % 2)); then edit_person $((RANDOM % 25)); else edit_group $((RANDOM % 7)) $((RANDOM % 25)); fi
	done
	[ -z "$ldif" ] || ad_change "$ldif"
}

# A member becomes one of those whose primary group it is; of the former primary group an ordinary member.
change_primary() {
	local key g u rid former
	for key in "${!member[@]}"; do
		g=${key% *} u=${key#* }
		[[ $u != g* ]] && [ -n "${gplace[$g]}" ] || continue
		rid=$(ldbsearch -H "$server/dc/private/sam.ldb" --configfile="$server/dc/etc/smb.conf" "(cn=random-group-${gname[$g]})" objectSid \
			2>/dev/null | sed -n 's/^objectSid: .*-//p')
		ad_change "dn: $(dn "$u")
changetype: modify
replace: primaryGroupID
primaryGroupID: $rid"
		former=${primary[$u]}
		unset "member[$g $u]"
		[ -z "$former" ] || member["$former $u"]=1
		primary[$u]=$g
		return
	done
}

# One reading of what changed, and a whole one behind it.
changed() { # changed WORDS
	local run whole before
	run=$(sync --scope changed)
	before=$(roster_digest)
	whole=$(sync)
	is "$1: what changed is read" "$(jq -r '"\(.state) \(.scope)"' <<<"$run")" "done changed"
	[ "$(jq -r .scope <<<"$run")" = changed ] || diag "$(jq -r .scope_reason <<<"$run")"
	is "$1: a whole listing finds nothing else" "$(jq -r '"\(.whole) \(.missed) \(.counts)"' <<<"$whole")" "true 0 {}"
	is "$1: and changes nothing" "$(roster_digest)" "$before"
	counted+=" $(jq -r '[.counts[]] | add // 0' <<<"$run")"
}

ok "an organisation is created" ctl org create Acme --type enterprise
ok "a domain is named by the operator" ctl domain add acme acme.example
edit 150
ad_bind "$SAMBA_BOTH"
ok "a connection is created, with an account that may replicate and see what was deleted" ctl connection create acme ldap people \
	"${ad_words[@]}" --role group-1=admin --role random-group-3=viewer --schedule never --remove-most 1000 --remove-share 100 \
	--remove-admins-most 1000
like "its test tells how what changed is read" "$(ctl connection test acme/people 2>&1)" 'what changed is read by DirSync$'
run=$(sync)
is "everybody joins who is enabled" "$(jq -r '"\(.state) \(.whole)"' <<<"$run")" "done true"
is "as many as the directory has" "$(query "SELECT count(*) FROM accounts WHERE gone_at IS NULL")" "$(jq -r .people <<<"$run")"

counted=
for round in $(seq "$rounds"); do
	edit $((1 + RANDOM % 8))
	((round % 2)) || change_primary
	changed "DirSync, round $round"
done
diag "changes a round:$counted"
like "something was changed by it" "$counted" '[1-9]'

ad_bind "$SAMBA_PLAIN"
ok "another account, without rights" ctl connection set acme/people "${ad_words[@]}"
said=$(ctl connection test acme/people 2>&1)
like "the test tells which way is left" "$said" 'what changed is read by uSNChanged and a comparison of all keys'
like "and which rights would give a better one" "$said" 'grant it "Replicating Directory Changes"'
is "it begins with everything, which is as it was" "$(sync | counts)" ""
counted=
for round in $(seq "$rounds"); do
	edit $((1 + RANDOM % 8))
	((round % 2)) || change_primary
	changed "numbers of changes, round $round"
done
diag "changes a round:$counted"
like "something was changed by it, too" "$counted" '[1-9]'

# ---- when it cannot be told ----
before=$(roster_digest)
"$SRCDIR/tests/peers/samba.sh" renew "$server"
run=$(sync --scope changed)
like "after a restore of the controller everything is read" "$(jq -r '"\(.scope) \(.scope_reason)"' <<<"$run")" '^all the place was lost: .*database was restored'
is "and nothing is different" "$(jq -r .counts <<<"$run")" "{}"
"$SRCDIR/tests/peers/samba.sh" hide "$server" "$SAMBA_USER_BASE"
ad_change "dn: CN=User 0001,OU=people,$base
changetype: modify
replace: displayName
displayName: Nobody sees this"
run=$(sync --scope changed)
is "people who are hidden from us are not gone" "$(jq -r '"\(.counts) \(.state)"' <<<"$run" | grep -c 'member.suspended')" 0
is "whatever is read" "$(sync | jq -r .counts)" "{}"
is "the roster is as it was" "$(roster_digest)" "$before"
done_testing
