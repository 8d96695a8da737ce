#!/bin/bash
# Two and three directories that show the same people, read in any order and at the same time, people who set things by hand in between, and
# orders of sources that change: after each step everybody shows what the declared order makes of what the sources say now, which is
# worked out here once more, in another way. Two histories of the same end come to the same.
#
# ORDER_SEED: the first seed; ORDER_SEEDS: how many; ORDER_STEPS: of each history; ORDER_PEOPLE.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_SETTINGS='workers = 3'
flow_start
seed=${ORDER_SEED:-1} seeds=${ORDER_SEEDS:-2} steps=${ORDER_STEPS:-5} people=${ORDER_PEOPLE:-8}

all_dirs=(hr it ad)
attributes=(name email title department role state)
# Of an organisation: TEXT[org,dir,person] is what a directory shows, READ the same as it was read last, as "standing|name|title|department|
# email|groups" (standing 0: not there, 1 active, 2 suspended; groups 0 none, 1 Bosses, 2 Crew, 3 both). FINAL[dir,person] is how it ends.
declare -A TEXT READ FINAL NUMBER RULE MANUAL KEPT_OUT

# pick N: r is one of 0 to N-1. Not in a subshell, which would begin anew.
pick() { r=$((RANDOM % $1)); }
pick_word() { # pick_word DIR PERSON ORG: w is what a directory may say. The first person is always there, or it would look broken
	local standing=1 name title= department= email groups
	pick 10
	[ "$2" -gt 1 ] && { [ $r -lt 2 ] && standing=0; [ $r = 2 ] && standing=2; }
	pick 3; name="P$2 $1 $r"
	pick 2; [ $r = 0 ] || { pick 2; title="T$1$r"; }
	pick 2; [ $r = 0 ] || department="D$1"
	pick 4; [ $r = 0 ] && email="p$2.$1@elsewhere.example" || email="p$2@DOMAIN"
	pick 4; groups=$r
	w="$standing|$name|$title|$department|$email|$groups"
}
known_by_address() { w="1|P$1|||p$1@DOMAIN|0"; } # how each directory shows everybody first, so that they are one person

write_text() { # write_text ORG DIR: gives the connection what it shows
	local p standing name title department email groups
	{
		printf 'group: id=b; name=Bosses\ngroup: id=c; name=Crew\n'
		for ((p = 1; p <= people; p++)); do
			IFS='|' read -r standing name title department email groups <<<"${TEXT[$1,$2,$p]}"
			[ "$standing" = 0 ] && continue
			printf 'person: id=p%s; user=p%s; email=%s; name=%s%s%s%s\n' $p $p "${email/DOMAIN/$1.example}" "$name" \
				"${title:+; title=$title}" "${department:+; department=$department}" "$([ "$standing" = 2 ] && echo '; suspended=yes')"
			[ $((groups & 1)) = 0 ] || echo "member: group=b; member=p$p"
			[ $((groups & 2)) = 0 ] || echo "member: group=c; member=p$p"
		done
	} >"$flow_dir/$1.$2.txt"
	ctl connection set "$1/$2" --set directory=@"$flow_dir/$1.$2.txt" >/dev/null
}
was_read() { local p; for ((p = 1; p <= people; p++)); do READ[$1,$2,$p]=${TEXT[$1,$2,$p]}; done; }
run_of() { # run_of ORG DIR [PERSON]: until it is done (rosterctl looks less often). All for whom a directory leads may go: that is held, and approved
	local id
	id=$(ctl sync run "$1/$2" ${3:+--person "$3"} --json 2>"$flow_dir/run.$2" | jq -r .id)
	for _ in 1 2 3 4 5; do
		until_run "$id" "state IN ('done', 'held')" || break
		[ "$(query "SELECT state FROM runs WHERE id = '$id'")" = held ] || return
		ctl sync approve "$1/$id" >/dev/null 2>&1
	done
	echo "$1/$2 $3: $(cat "$flow_dir/run.$2") $(query "SELECT state, error_text, held_reason FROM runs WHERE id = '$id'")" >>"$flow_dir/undone"
}
read_dirs() { # read_dirs ORG DIR...: one after the other in this order, or at the same time
	local org=$1 d
	shift
	for d in "$@"; do write_text "$org" "$d"; done
	pick 3
	if [ $r = 0 ]; then
		for d in "$@"; do run_of "$org" "$d" & running[${#running[@]}]=$!; done
		[ -z "${started:-}" ] || meanwhile "$org"
		wait "${running[@]}"
		running=()
	else
		for d in "$@"; do run_of "$org" "$d"; done
	fi
	for d in "$@"; do was_read "$org" "$d"; done
}
meanwhile() { # meanwhile ORG: a person sets or gives back a role while directories are read. What becomes of it is whatever was answered
	local p role
	pick "$people"; p=$((r + 1))
	pick 3; role=${roles[r]}
	pick 3
	if [ $r = 0 ]; then role= ; set -- "$1" --by-directory; else set -- "$1" "$role"; fi
	ctl member role "$1" "$(member_of "$1" $p)" "$2" >/dev/null 2>"$flow_dir/err.meanwhile" && MANUAL[$1,$p]=$role
	meant="$meant p$p $2 meanwhile: $?"
}
shuffle() { # shuffle WORD...: into mixed
	mixed=("$@")
	local i t
	for ((i = ${#mixed[@]} - 1; i > 0; i--)); do pick $((i + 1)); t=${mixed[i]}; mixed[i]=${mixed[r]}; mixed[r]=$t; done
}

# ---- the same choice, in another way

order_of() { # order_of ORG ATTRIBUTE: who leads, in order
	local s
	[ -z "${RULE[$1,$2]}" ] || printf '%s\n' ${RULE[$1,$2]}
	{
		echo "-1 0 manual"
		for s in "${!dirs[@]}"; do echo "${NUMBER[$1,${dirs[s]}]} $s ${dirs[s]}"; done
	} | sort -k1,1n -k2,2n | while read -r _ _ s; do case " ${RULE[$1,$2]} " in *" $s "*) ;; *) echo "$s" ;; esac; done
}
remember_order() { local a; for a in "${attributes[@]}"; do ORDER[$1,$a]=$(order_of "$1" "$a" | paste -sd' '); done; }
declare -A ORDER
role_of() { # role_of DIR GROUPS: what the first line of its mapping gives
	case $1$2 in ad1) v=viewer ;; ad2 | ad3) v=member ;; ad0 | *0) v= ;; *1 | *3) v=admin ;; *2) v=viewer ;; esac
}
# lead ORG PERSON ATTRIBUTE [MANUAL-ROLE]: l is who leads and v what they say; both empty if nobody says anything
lead() {
	local d standing name title department email groups active=0
	for d in "${dirs[@]}"; do [ "${READ[$1,$d,$2]%%|*}" = 1 ] && active=1; done
	for l in ${ORDER[$1,$3]}; do
		if [ "$l" = manual ]; then
			v=
			[ "$3" = role ] && v=${4-${MANUAL[$1,$2]}}
			[ -n "$v" ] && return
			continue
		fi
		IFS='|' read -r standing name title department email groups <<<"${READ[$1,$l,$2]}"
		[ "$standing" = 0 ] && continue
		case $3 in
		name) v=$name ;;
		email) v=${email/DOMAIN/$1.example} ;;
		title) v=$title ;;
		department) v=$department ;;
		role) role_of "$l" "$groups"; [ "$standing" = 2 ] && [ $active = 1 ] && v= ;;
		state) v=$standing ;;
		esac
		[ -n "$v" ] && return
	done
	l= v=
}
is_spoken_of() { local d; for d in "${dirs[@]}"; do [ "${READ[$1,$d,$2]%%|*}" != 0 ] && return 0; done; return 1; }
# expected ORG: a line for each person; of whom no directory shows the state alone
expected() {
	local p a line state
	for ((p = 1; p <= people; p++)); do
		lead "$1" $p state
		state="suspended connector"
		[ "$v" = 1 ] && state=active
		[ -n "${KEPT_OUT[$1,$p]}" ] && state="suspended operator"
		if [ -z "$l" ]; then echo "$p|$state"; continue; fi
		line="$p|$state|$l"
		for a in name email title department; do lead "$1" $p $a; line="$line|$v"; done
		lead "$1" $p role
		case $l in '') line="$line|member default" ;; manual) line="$line|$v manual" ;; *) line="$line|$v mapping" ;; esac
		echo "$line"
	done
}
shown() { # shown ORG: the same, as it is
	local p spoken=
	for ((p = 1; p <= people; p++)); do is_spoken_of "$1" $p && spoken="$spoken,$p"; done
	query "SELECT concat_ws('|', substr(a.remote_id, 2), concat_ws(' ', m.state, m.suspended_by)) || CASE WHEN substr(a.remote_id, 2) = ANY (string_to_array('$spoken', ','))
		THEN '|' || concat_ws('|', c.name, m.name, m.email, coalesce(m.title, ''), coalesce(m.department, ''), m.role || ' ' || m.role_source) ELSE '' END
		FROM organisations o JOIN connections h ON h.organisation = o.organisation AND h.name = 'hr'
		JOIN accounts a ON a.organisation = o.organisation AND a.connection = h.id
		JOIN members m ON m.organisation = o.organisation AND m.user_id = a.user_id
		LEFT JOIN connections c ON c.organisation = o.organisation AND c.id = m.connection
		WHERE o.slug = '$1' ORDER BY substr(a.remote_id, 2)::int"
}
agree() { # agree ORG WHAT: fails the history at its first difference
	local wanted is
	[ -n "$differs" ] && return
	wanted=$(expected "$1") is=$(shown "$1")
	[ "$wanted" = "$is" ] && return
	differs="seed $s, $1, after: $2
$(diff <(echo "$wanted") <(echo "$is") | sed 's/^</wanted/; s/^>/is    /')
order: $(for a in "${attributes[@]}"; do echo "$a: ${ORDER[$1,$a]}"; done | paste -sd';')"
}

# ---- what happens

new_words() { # new_words ORG: some directories show something else
	local d p
	shuffle "${dirs[@]}"
	pick ${#dirs[@]}
	local some=("${mixed[@]:0:r+1}")
	for d in "${some[@]}"; do
		for ((p = 1; p <= people; p++)); do pick 2; [ $r = 0 ] || { pick_word "$d" $p "$1"; TEXT[$1,$d,$p]=$w; }; done
	done
	pick 4
	if [ $r = 0 ]; then
		write_text "$1" "${some[0]}"
		pick "$people"
		run_of "$1" "${some[0]}" "p$((r + 1))"
	fi
	meant=
	read_dirs "$1" "${some[@]}"
	what="read ${some[*]}$meant"
}
another_order() { # another_order ORG: a number, or a rule
	local a rule d
	pick 2
	if [ $r = 0 ]; then
		pick ${#dirs[@]}; d=${dirs[r]}
		pick 5; NUMBER[$1,$d]=$((r * 50))
		ctl precedence set "$1" --connection "$d=${NUMBER[$1,$d]}" --yes >/dev/null 2>"$flow_dir/err" || what="$(cat "$flow_dir/err")"
		what="$d=${NUMBER[$1,$d]} $what"
	else
		pick ${#attributes[@]}; a=${attributes[r]}
		[ "$a" = state ] && shuffle "${dirs[@]}" || shuffle manual "${dirs[@]}"
		pick $((${#mixed[@]} + 1)); rule=("${mixed[@]:0:r}")
		RULE[$1,$a]="${rule[*]}"
		rule=$(IFS=,; echo "${rule[*]}")
		ctl precedence set "$1" --rule "$a=${rule:-none}" --yes >/dev/null 2>"$flow_dir/err" || what="$(cat "$flow_dir/err")"
		what="$a=${rule:-none} $what"
	fi
	remember_order "$1"
}
roles=(admin member viewer)
member_of() { query "SELECT a.user_id FROM accounts a JOIN organisations o USING (organisation) WHERE o.slug = '$1' AND a.remote_id = 'p$2' LIMIT 1"; }
set_by_hand() { # set_by_hand ORG: a role, where it counts; refused where it does not
	local p role want=0 got
	pick "$people"; p=$((r + 1))
	pick 3; role=${roles[r]}
	lead "$1" $p role "$role"
	is_spoken_of "$1" $p && [ "$l" != manual ] && want=7
	ctl member role "$1" "$(member_of "$1" $p)" $role >/dev/null 2>"$flow_dir/err"
	got=$?
	[ $got = 0 ] && MANUAL[$1,$p]=$role
	what="p$p is $role by hand"
	[ $got = $want ] || differs="seed $s, $1: $what ended with $got and not with $want: $(cat "$flow_dir/err")"
}
give_back() { # give_back ORG PERSON
	local want=0 got
	[ -n "${MANUAL[$1,$2]}" ] && ! is_spoken_of "$1" "$2" && want=7
	ctl member role "$1" "$(member_of "$1" "$2")" --by-directory >/dev/null 2>"$flow_dir/err"
	got=$?
	[ $got = 0 ] && MANUAL[$1,$2]=
	what="p$2 by directory"
	[ $got = $want ] || differs="seed $s, $1: $what ended with $got and not with $want: $(cat "$flow_dir/err")"
}
let_in() { # let_in ORG PERSON: whom nobody but people keeps out
	lead "$1" "$2" state
	[ -n "${KEPT_OUT[$1,$2]}" ] && [ "$v" = 1 ] || return
	ctl member restore "$1" "$(member_of "$1" "$2")" >/dev/null && KEPT_OUT[$1,$2]=
	what="p$2 let in"
}
keep_out() { # keep_out ORG: somebody, or lets them in again
	local p
	pick "$people"; p=$((r + 1))
	if [ -n "${KEPT_OUT[$1,$p]}" ]; then let_in "$1" $p; return; fi
	ctl member suspend "$1" "$(member_of "$1" $p)" >/dev/null && KEPT_OUT[$1,$p]=yes
	what="p$p kept out"
}

begin() { # begin ORG: the organisation, and everybody in each of its directories
	local d p
	ctl org create "$1" --slug "$1" --type enterprise >/dev/null
	ctl domain add "$1" "$1.example" >/dev/null
	for ((p = 1; p <= people; p++)); do MANUAL[$1,$p]= KEPT_OUT[$1,$p]=; done
	for d in "${attributes[@]}"; do RULE[$1,$d]=; done
	for d in "${dirs[@]}"; do
		NUMBER[$1,$d]=100
		for ((p = 1; p <= people; p++)); do known_by_address $p; TEXT[$1,$d,$p]=$w; done
		roles_of_dir=(--role Bosses=admin --role Crew=viewer)
		[ "$d" = ad ] && roles_of_dir=(--role Crew=member --role Bosses=viewer)
		ctl connection create "$1" example "$d" --set directory=x "${roles_of_dir[@]}" --remove-most 1000 --remove-admins-most 1000 \
			--remove-group-most 1000 >/dev/null
	done
	remember_order "$1"
	shuffle "${dirs[@]}"
	started=
	read_dirs "$1" "${mixed[@]}"
	started=yes
	agree "$1" "everybody was shown first"
}
history() { # history ORG: what happens on the way
	local step
	begin "$1"
	for ((step = 1; step <= steps; step++)); do
		what=
		pick 10
		case $r in 0 | 1 | 2 | 3) new_words "$1" ;; 4 | 5) another_order "$1" ;; 6 | 7) set_by_hand "$1" ;;
		8) pick "$people"; give_back "$1" $((r + 1)) ;; 9) keep_out "$1" ;; esac
		agree "$1" "$what (step $step)"
		[ -z "$differs" ] || return
	done
}
finish() { # finish ORG: the end that both come to, by ways of their own
	local d p a options=()
	for d in "${dirs[@]}"; do
		NUMBER[$1,$d]=${END_NUMBER[$d]}
		options+=(--connection "$d=${NUMBER[$1,$d]}")
		for ((p = 1; p <= people; p++)); do TEXT[$1,$d,$p]=${FINAL[$d,$p]}; done
	done
	for a in "${attributes[@]}"; do
		RULE[$1,$a]=${END_RULE[$a]}
		rule=${RULE[$1,$a]// /,}
		options+=(--rule "$a=${rule:-none}")
	done
	order_first=$2
	[ "$order_first" = 0 ] || { ctl precedence set "$1" "${options[@]}" --yes >/dev/null 2>&1; remember_order "$1"; }
	shuffle "${dirs[@]}"
	read_dirs "$1" "${mixed[@]}"
	[ "$order_first" = 1 ] || { ctl precedence set "$1" "${options[@]}" --yes >/dev/null 2>&1; remember_order "$1"; }
	agree "$1" "the end"
	for ((p = 1; p <= people; p++)); do is_spoken_of "$1" $p && give_back "$1" $p; let_in "$1" $p; done
	agree "$1" "the end, given back"
}
declare -A END_NUMBER END_RULE
explained() { # explained ORG: explain says of each that it is what the sources come to, and names the one that leads
	local p a answer said
	for ((p = 1; p <= people; p++)); do
		is_spoken_of "$1" $p || continue
		answer=$(ctl member explain "$1" "$(member_of "$1" $p)" --json)
		for a in "${attributes[@]}"; do
			[ $a = state ] && [ -n "${KEPT_OUT[$1,$p]}" ] && continue
			lead "$1" $p $a
			said=$(jq -r --arg a $a '.attributes[] | select(.attribute == $a) | "\(.source // "") \(.agrees)"' <<<"$answer")
			[ "$said" = "$l true" ] || echo "seed $s, $1, p$p $a: explain says \"$said\", and \"$l\" leads"
		done
	done
}

for ((s = seed; s < seed + seeds; s++)); do
	RANDOM=$s
	differs= what= running=()
	: >"$flow_dir/undone"
	dirs=("${all_dirs[@]:0:2 + s % 2}")
	for d in "${dirs[@]}"; do
		pick 5; END_NUMBER[$d]=$((r * 50))
		for ((p = 1; p <= people; p++)); do pick_word "$d" $p; FINAL[$d,$p]=$w; done
	done
	for a in "${attributes[@]}"; do
		END_RULE[$a]=
		pick 2; [ $r = 0 ] && continue
		[ "$a" = state ] && shuffle "${dirs[@]}" || shuffle manual "${dirs[@]}"
		pick ${#mixed[@]}; END_RULE[$a]="${mixed[*]:0:r+1}"
	done
	for org in "one$s" "two$s"; do
		history "$org"
		[ -n "$differs" ] || finish "$org" $(((s + ${#org} + ${org/two*/1}0) % 2)) 2>/dev/null
	done
	is "seed $s (${#dirs[@]} directories): after each step everybody shows what the order makes of what is said" "$differs" ""
	is "seed $s: every run was done" "$(cat "$flow_dir/undone")" ""
	alike() { shown "$1" | grep '|.*|' | sed -E "s/$1/ORG/g; s/^([0-9]+)\|[a-z ]+/\1/"; }
	is "seed $s: two histories of the same end come to the same" "$(alike "one$s")" "$(alike "two$s")"
	again=
	for d in "${dirs[@]}"; do again="$again$(ctl sync run "two$s/$d" --wait --json 2>/dev/null | counts)"; done
	is "seed $s: read once more, nothing changes" "$again" ""
	is "seed $s: explain says the same" "$(explained "one$s")" ""
done
done_testing
