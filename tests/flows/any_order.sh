#!/bin/bash
# The same people are changed in a directory that is read and sends messages, in one that pushes, by hand, and by what a provider says of them when they sign
# on. Whatever comes first, and whether each is waited for or all come at once: the same final state. Of a few people in all orders (of which one in
# ANY_EVERY, 10, is looked at); with ANY_ROUNDS, of random changes in random orders, each perhaps twice, and the daemon killed on the way.
#
# The final state is who is a member, in which role and by whose word, active or suspended and by whom, what they show, which entries of the directories are
# theirs and whether these are gone, addresses, groups and who is in them, and which tokens count. Ids, versions, times and the history are not, nor what a
# member shows of whom no directory speaks any more: they keep what they showed last. Nor is whether somebody new, whom one of them had in and the one before
# it has switched off, was a member for a moment, and is suspended, or never became one. Whoever was turned away tries again in the end, as people do:
# then the same people are signed on, too.
#
# A further kind of step is a function step_KIND ORG, and its word in `kinds`.
#
# ANY_SEED: of the random rounds; ANY_ROUNDS: how many (0); ANY_ORGS: organisations that are compared in them.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/hooks_client.sh"
rounds=${ANY_ROUNDS:-0} RANDOM=${ANY_SEED:-1}
kinds=(message pull push manual sign_on)
people=8
FLOW_LISTEN="127.0.0.1:$(free_port)"
login_secret=correct-horse
FLOW_SETTINGS='workers = 6
public_url = "http://'$FLOW_LISTEN'"
trusted_proxies = { "127.0.0.0/8" }
sign_on {
	return_to = { "https://app.example/" }
}
sync {
	call_timeout = "60s"
}'
flow_start

# ---- what the directories show, and what people do: the same for each organisation

# Of a person: "standing|name|title|department|groups". standing: 0 not there, 1 active, 2 switched off; groups: 0, or 1 for that of the directory.
# SIGNED: what the provider says of them: "-" that they do not sign on, otherwise their groups ("none" if it says that they have none; nothing: it does not say).
declare -A READ PUSHED WAS_PUSHED HAND SIGNED
first() {
	local p
	for ((p = 1; p <= people; p++)); do READ[$p]="1|Read P$p|||0" PUSHED[$p]="1|Pushed P$p|||0" HAND[$p]= SIGNED[$p]=; done
	READ[6]='0||||0' PUSHED[6]='0||||0'           # whoever is to come
	PUSHED[7]='2|Pushed P7|||0'           # whoever is to be switched on
	SIGNED[3]=- SIGNED[6]=- SIGNED[8]=-   # who has not signed on so far
}
then_all() {
	READ[1]='1|Read Again|Reader||1' PUSHED[1]='1|Pushed Again|Pusher|Pushing|1' HAND[1]='role viewer'
	READ[2]='0||||0' PUSHED[2]='2|Pushed P2|||0' HAND[2]='role viewer'   # leaves everywhere
	READ[3]='0||||0' PUSHED[3]='1|Pushed Stays|Stayer||1'                # leaves one of them
	READ[4]='2|Read Off|||1' PUSHED[4]='1|Pushed On|||0' HAND[4]=suspend
	READ[5]='0||||0' PUSHED[5]='0||||0' HAND[5]=suspend
	READ[6]='1|Read Comes|||1' PUSHED[6]='1|Pushed Comes|Comer||1'
	READ[7]='1|Read Back|||0' PUSHED[7]='1|Pushed Back|Backer||1' HAND[7]='role viewer'
	READ[8]='1|Read Both|||1' PUSHED[8]='1|Pushed Both|||1'              # in a group of either
	SIGNED[1]=Staff SIGNED[2]=Staff SIGNED[3]=none SIGNED[4]=Staff SIGNED[6]=Staff SIGNED[8]=
}

# ---- the organisations

declare -A HOOK BASE TOKEN ID GROUP DOOR A
members_of() { query "SELECT substr(split_part(m.email, '@', 1), 2), user_id FROM members m JOIN organisations o USING (organisation) WHERE o.slug = '$1' ORDER BY 1"; }
show() { # show ORG CHANGE: what the directory that is read shows from now on, by its so-manyth change
	local p standing name title department groups
	{
		printf 'group: id=g; name=Bosses; at=%s\n' "$2"
		for ((p = 1; p <= people; p++)); do
			IFS='|' read -r standing name title department groups <<<"${READ[$p]}"
			[ "$standing" = 0 ] && { echo "gone: id=p$p; at=$2"; continue; }
			printf 'person: id=p%s; user=p%s; email=p%s@%s.example; name=%s%s%s%s; at=%s\n' $p $p $p "$1" "$name" \
				"${title:+; title=$title}" "${department:+; department=$department}" "$([ "$standing" = 2 ] && echo '; suspended=yes')" "$2"
			[ "$groups" = 0 ] && echo "gone: group=g; member=p$p; at=$2" || echo "member: group=g; member=p$p; at=$2"
		done
		echo end:
	} >"$flow_dir/$1.new"
	mv "$flow_dir/$1.new" "$flow_dir/$1.text"
}
scim() { # scim ORG METHOD PATH [BODY]
	curl -s -m 60 --unix-socket "$socket" -H "Authorization: Bearer ${TOKEN[$1]}" -X "$2" ${4:+-H 'Content-Type: application/scim+json' --data-binary "$4"} \
		"http://localhost/scim/v2/${BASE[$1]}$3"
}
# What is pushed of those who are something else than before: the users in one request, and who is in the group in another.
push_all() { # push_all ORG
	local p was standing name title department groups operations= edits= method path
	for ((p = 1; p <= people; p++)); do
		was=${WAS_PUSHED[$1,$p]:-0||||0}
		[ "${PUSHED[$p]}" = "$was" ] || [ "${PUSHED[$p]%%|*}${was%%|*}" = 00 ] && continue
		IFS='|' read -r standing name title department groups <<<"${PUSHED[$p]}"
		method=PUT path=/Users/${ID[$1,$p]:-}
		[ "${was%%|*}" != 0 ] || method=POST path=/Users
		[ "$standing" != 0 ] || method=DELETE
		operations="$operations$method|$path|p$p|$standing|$name|$title|$department
"
	done
	[ -n "$operations" ] || return
	operations=$(jq -R -s -c --arg org "$1" '{schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], Operations: [split("\n")[] | select(. != "") | split("|")
		| {method: .[0], path: .[1], bulkId: .[2]} + if .[0] == "DELETE" then {} else {data: ({schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
		userName: "\(.[2])@\($org).example", displayName: .[4], active: (.[3] == "1")} + if .[5] == "" then {} else {title: .[5]} end
		+ if .[6] == "" then {} else {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {department: .[6]}} end)} end]}' <<<"$operations")
	scim "$1" POST /Bulk "$operations" >"$flow_dir/$1.bulk"
	jq -e '[.Operations[].status | tonumber] | all(. < 300)' "$flow_dir/$1.bulk" >/dev/null 2>&1 || echo "$1: pushed: $(cat "$flow_dir/$1.bulk")" >>"$flow_dir/trouble"
	while IFS='|' read -r p path; do ID[$1,${p#p}]=${path##*/}; done < <(jq -r '.Operations[] | select(.method == "POST") | "\(.bulkId)|\(.location)"' "$flow_dir/$1.bulk")
	for ((p = 1; p <= people; p++)); do
		was=${WAS_PUSHED[$1,$p]:-0||||0} groups=${PUSHED[$p]##*|}
		[ "${was%%|*}" != 0 ] || was=0
		WAS_PUSHED[$1,$p]=${PUSHED[$p]}
		[ "$groups" = "${was##*|}" ] || [ -z "${ID[$1,$p]:-}" ] || [ "${PUSHED[$p]%%|*}" = 0 ] && continue
		if [ "$groups" = 1 ]; then edits="$edits,{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"${ID[$1,$p]}\"}]}"
		else edits="$edits,{\"op\":\"remove\",\"path\":\"members[value eq \\\"${ID[$1,$p]}\\\"]\"}"; fi
	done
	[ -z "$edits" ] || scim "$1" PATCH "/Groups/${GROUP[$1]}" "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[${edits#,}]}" >/dev/null
}
begin() { # begin ORG: the organisation, and everybody in it
	local made
	show "$1" 1
	"$BUILDDIR/tests/peers/text_server" "$flow_dir/$1.text" "$flow_dir/$1.port" &
	flow_also="kill $! 2>/dev/null; $flow_also"
	ctl org create "$1" --slug "$1" --type enterprise >/dev/null && ctl domain add "$1" "$1.example" >/dev/null
	until [ -s "$flow_dir/$1.port" ]; do sleep 0.02; done
	ctl connection create "$1" example read --set directory='# stands elsewhere' --set source="127.0.0.1:$(cat "$flow_dir/$1.port")" --role Bosses=admin \
		--secret hook_secret=@"$flow_dir/hook.secret" --remove-most 100 --remove-admins-most 100 --remove-group-most 100 --schedule never >/dev/null
	made=$(ctl connection create "$1" scim pushed --json --role Crew=viewer --remove-most 100 --remove-admins-most 100 --remove-group-most 100)
	TOKEN[$1]=$(jq -r .token <<<"$made") BASE[$1]=$(jq -r '.base_url | split("/") | last' <<<"$made")
	HOOK[$1]=/hooks/$(query "SELECT c.id FROM connections c JOIN organisations o USING (organisation) WHERE o.slug = '$1' AND c.name = 'read'")
	DOOR[$1]=$(ctl connection create "$1" example door --json --schedule never --set directory='# signs on alone' --set login_url=https://login.example/in \
		--secret login_secret=@"$flow_dir/login.secret" --role Staff=viewer --remove-most 100 --remove-admins-most 100 --remove-group-most 100 | jq -r .id)
	GROUP[$1]=$(scim "$1" POST /Groups '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Crew"}' | jq -r .id)
	step_pull "$1"
	step_push "$1"
}
settled() { # until nothing is due or under way any more
	eventually "NOT EXISTS (SELECT FROM notification_due WHERE ended_at IS NULL) AND NOT EXISTS (SELECT FROM scim_due)
		AND NOT EXISTS (SELECT FROM runs WHERE state IN ('asked', 'reading', 'reconciling')) AND NOT EXISTS (SELECT FROM connections WHERE next_due_at <= now())"
}

# ---- the steps

step_message() {
	local p text= hook=${HOOK[$1]}
	for ((p = 1; p <= people; p++)); do text="${text}person: p$p
"; done
	[ "$(hook_until "${text}group: g")" = 204 ] || echo "$1: a message was not taken" >>"$flow_dir/trouble"
}
step_pull() { query "UPDATE connections c SET next_due_at = now() FROM organisations o WHERE o.organisation = c.organisation AND o.slug = '$1' AND c.name = 'read'; NOTIFY rosterd_run"; }
step_push() { push_all "$1"; }
step_manual() {
	local p id
	while IFS='|' read -r p id; do
		case ${HAND[$p]:-} in
		role*) by_hand "$1" role "$id" "${HAND[$p]#role }" ;;
		?*) by_hand "$1" "${HAND[$p]}" "$id" ;;
		esac
	done < <(members_of "$1")
}
by_hand() { # by_hand ORG VERB MEMBER [WORDS]: as somebody does who reads again when a directory was quicker
	local _
	for _ in $(seq 20); do
		ctl member "$2" "$1" "${@:3}" >/dev/null 2>"$flow_dir/err" && return 0
		grep -q 'member\.changed' "$flow_dir/err" || break
	done
	echo "$1: $2 ${*:4}: $(cat "$flow_dir/err")" >>"$flow_dir/trouble"
}
# Everybody in a browser of their own, from an address of their own: sent to the login page, which says who they are, and back. Again where it was too busy.
step_sign_on() {
	local p who=() _
	for ((p = 1; p <= people; p++)); do [ "${SIGNED[$p]}" = - ] || who+=("$p"); done
	for _ in $(seq 50); do
		sign_on "$1" "${who[@]}"
		who=("${again[@]}")
		[ ${#who[@]} != 0 ] || return 0
		sleep 0.2
	done
	echo "$1: could not sign on: ${who[*]}: $(cat "$flow_dir/$1.answers")" >>"$flow_dir/trouble"
}
sign_on() { # sign_on ORG PERSON...: whoever was neither signed on nor turned away stands in again
	local org=$1 at=http://$FLOW_LISTEN/sso/${DOOR[$1]} i p words=() begun answers came=()
	shift
	again=()
	for p in "$@"; do words+=(${words:+--next} "${browser[@]}" -H "X-Forwarded-For: 2001:db8:${org#?}:$p::1" -w '%{http_code} %header{location} %header{set-cookie}\n' "$at/begin"); done
	mapfile -t begun < <(curl "${words[@]}")
	words=()
	for ((i = 0; i < $#; i++)); do
		p=${*:i+1:1}
		[[ ${begun[i]:-} =~ ^303\ [^\ ]*[?\&]state=([^\&\ ]*)\&nonce=([^\&\ ]*)[^\ ]*\ ([^\;]*) ]] || { again+=("$p"); continue; }
		came+=("$p")
		words+=(${words:+--next} "${browser[@]}" -H "X-Forwarded-For: 2001:db8:${org#?}:$p::1" -H "Cookie: ${BASH_REMATCH[3]}" -w '%{http_code}\n'
			-d "state=${BASH_REMATCH[1]}&nonce=${BASH_REMATCH[2]}&person=p$p&email=p$p@$org.example&verified=yes${SIGNED[$p]:+&groups=${SIGNED[$p]#none}}"
			-d "signature=$(printf '%s\n' "${BASH_REMATCH[@]:1:2}" "p$p" "p$p@$org.example" yes "${SIGNED[$p]#none}" | openssl dgst -sha256 -hmac "$login_secret" -r | cut -d' ' -f1)"
			"$at/callback")
	done
	[ ${#came[@]} = 0 ] || mapfile -t answers < <(curl "${words[@]}")
	printf '%s\n' "${begun[@]}" "${answers[@]}" >"$flow_dir/$org.answers"
	for i in "${!came[@]}"; do [[ ${answers[i]:-} = [34]03 ]] || again+=("${came[i]}"); done
}
browser=(-s -m 60 -o /dev/null)
final() { # final ORG: its state, a line for each thing
	query "WITH o AS (SELECT organisation FROM organisations WHERE slug = '$1'), never AS (SELECT m.organisation, m.user_id FROM members m, o
			WHERE m.organisation = o.organisation AND m.suspended_by = 'connector' AND split_part(m.email, '@', 1) = ANY ('{$newcomers}')) SELECT replace(line, '$1.example', 'DOMAIN') FROM (
		SELECT concat_ws('|', 'member', m.email, m.state, m.suspended_by) || CASE WHEN EXISTS (SELECT FROM accounts a WHERE a.organisation = m.organisation
			AND a.user_id = m.user_id AND a.gone_at IS NULL AND NOT a.by_sign_on) THEN concat_ws('|', '', m.role, m.role_source, m.name, m.title, m.department, c.name, m.waiting_role) ELSE '' END AS line
			FROM members m LEFT JOIN connections c ON c.organisation = m.organisation AND c.id = m.connection, o WHERE m.organisation = o.organisation
			AND m.user_id NOT IN (SELECT user_id FROM never)
		UNION ALL SELECT concat_ws('|', 'entry', c.name, a.user_name, a.email, a.display_name, a.title, a.department, a.standing, a.gone_at IS NOT NULL,
			(SELECT m.email FROM members m WHERE m.organisation = a.organisation AND m.user_id = a.user_id AND m.user_id NOT IN (SELECT user_id FROM never)))
			FROM accounts a JOIN connections c ON c.organisation = a.organisation AND c.id = a.connection, o WHERE a.organisation = o.organisation
		UNION ALL SELECT concat_ws('|', 'address', d.address, d.proven_by, (SELECT count(*) FROM members m WHERE m.user_id = d.user_id AND m.email = d.address
			AND m.user_id NOT IN (SELECT user_id FROM never)))
			FROM addresses d, o WHERE d.domain = '$1.example'
		UNION ALL SELECT concat_ws('|', 'group', g.name, (SELECT string_agg(a.user_name, ' ' ORDER BY a.user_name) FROM group_accounts k
			JOIN accounts a ON a.organisation = k.organisation AND a.id = k.account_id WHERE k.organisation = g.organisation AND k.group_id = g.id))
			FROM groups g, o WHERE g.organisation = o.organisation
		UNION ALL SELECT concat_ws('|', 'token', t.name, t.revoked_at IS NOT NULL, t.suspended_by IS NOT NULL) FROM tokens t, o WHERE t.organisation = o.organisation
		UNION ALL SELECT concat_ws('|', 'refused', r.remote_id, r.code) FROM refusals r, o WHERE r.organisation = o.organisation AND r.remote_id LIKE 'p%'
		UNION ALL SELECT concat_ws('|', 'held', r.held_reason) FROM runs r, o WHERE r.organisation = o.organisation AND r.state IN ('held', 'failed')
	) l ORDER BY 1" | sort
}
signed_on() { # and who is signed on
	final "$1"
	query "SELECT DISTINCT 'session|' || split_part(m.email, '@', 1) FROM sessions s JOIN members m USING (organisation, user_id) JOIN organisations o USING (organisation)
		WHERE o.slug = '$1' AND s.ended_at IS NULL AND s.expires_at > now() ORDER BY 1"
}
compare() { # compare WORDS ORG...: each as the first, by the function in $by
	local words=$1 wanted other org
	shift
	wanted=$($by "$1") differs=
	for org in "$@"; do
		other=$($by "$org")
		[ "$wanted" = "$other" ] && continue
		differs="$org (${A[$org]:-}) and not $1 (${A[$1]:-})
$(diff <(echo "$wanted") <(echo "$other"))"
		break
	done
	is "$words" "$differs" ""
}

by=final
newcomers= # "p6,p7": who was in nowhere before the changes that are compared
find_newcomers() { # find_newcomers ORG
	newcomers=$(comm -23 <(seq -f p%g "$people") <(final "$1" | sed -n 's/^member|\(p[0-9]*\)@.*/\1/p' | sort) | paste -sd,)
}
# Once more, when everything is as it will be: whoever was turned away for what was so at that moment.
try_again() { for org in "${one_by_one[@]}" "${at_once[@]}"; do step_sign_on "$org"; done; }
# ---- all orders of a few

orders() { # orders BEFORE KIND...: a line for each
	local before=$1 i
	shift
	[ $# = 0 ] && { echo "$before"; return; }
	for ((i = 1; i <= $#; i++)); do orders "$before ${!i}" "${@:1:i-1}" "${@:i+1}"; done
}
mapfile -t every < <(orders '' "${kinds[@]}")
for ((i = 0; i * ${ANY_EVERY:-10} < ${#every[@]}; i++)); do all+=("${every[i * ${ANY_EVERY:-10} + i % ${ANY_EVERY:-10}]}"); done # each kind in each place
(umask 077; printf '%s' "$hook_secret" >"$flow_dir/hook.secret"; printf '%s' "$login_secret" >"$flow_dir/login.secret")
first
one_by_one=() at_once=()
for i in "${!all[@]}"; do
	one_by_one+=("o$i") A["o$i"]=${all[i]}
	[ $((i % 12)) != 7 ] || { at_once+=("t$i"); A["t$i"]="${all[i]} at once"; }
done
[ "$rounds" = 0 ] || { one_by_one=() at_once=(); A=(); for ((i = 0; i < ${ANY_ORGS:-8}; i++)); do at_once+=("r$i"); done; }
for org in "${one_by_one[@]}" "${at_once[@]}"; do begin "$org"; done
ok "everybody is there" settled
for org in "${one_by_one[@]}" "${at_once[@]}"; do (umask 077; ctl token create theirs --organisation "$org" --member "p2@$org.example" >/dev/null 2>"$flow_dir/err") || diag "$(cat "$flow_dir/err")"; done
try_again
ok "and signed on" settled
compare "they all begin alike" "${one_by_one[@]}" "${at_once[@]}"
if [ "$rounds" = 0 ]; then
	then_all
	for org in "${one_by_one[@]}" "${at_once[@]}"; do show "$org" 2; done
	for ((k = 0; k < ${#kinds[@]}; k++)); do
		for org in "${one_by_one[@]}"; do
			read -ra order <<<"${A[$org]}"
			"step_${order[k]}" "$org"
		done
		[ $k != 0 ] || for org in "${at_once[@]}"; do for kind in ${A[$org]% at once}; do "step_$kind" "$org"; done; done
		ok "step $((k + 1)) of each order is settled" settled
	done
	is "nothing that was done was refused" "$(cat "$flow_dir/trouble" 2>/dev/null)" ""
	compare "in ${#all[@]} of ${#every[@]} orders, and all at once in some: the same final state" "${one_by_one[@]}" "${at_once[@]}"
	try_again
	ok "whoever was turned away has tried again" settled
	by=signed_on
	compare "and the same people are signed on" "${one_by_one[@]}" "${at_once[@]}"
	is "which is what was to be" "$(final o0 | sed -n 's/^member|//p')" "p1@DOMAIN|active|viewer|manual|Read Again|Reader|Pushing|read
p2@DOMAIN|suspended|connector|viewer|manual|Pushed P2|pushed
p3@DOMAIN|active|viewer|mapping|Pushed Stays|Stayer|pushed
p4@DOMAIN|suspended|operator|viewer|mapping|Read Off|read
p5@DOMAIN|suspended|operator
p6@DOMAIN|active|admin|mapping|Read Comes|Comer|read
p7@DOMAIN|active|viewer|manual|Read Back|Backer|read
p8@DOMAIN|active|admin|mapping|Read Both|read"
	is "signed on is who is active" "$(signed_on o0 | grep '^session' | paste -sd ' ')" "session|p1 session|p3 session|p6 session|p7 session|p8"
	is "the token of whoever left counts no more" "$(final o0 | grep '^token')" "token|theirs|f|t"
fi

# ---- random ones, each perhaps twice, and the daemon killed on the way

pick() { r=$((RANDOM % $1)); }
declare -A KEPT_OUT
another() { # another DIR PERSON: w is what a directory may show. The first person is always there, or it would look broken
	local standing=1 title= department= groups
	pick 10
	[ "$2" -gt 1 ] && { [ $r -lt 3 ] && standing=0; [ $r = 3 ] && standing=2; }
	pick 2; [ $r = 0 ] || { pick 3; title="T$1$r"; }
	pick 2; [ $r = 0 ] || department="D$1"
	pick 2; groups=$r
	pick 3; w="$standing|$1 $r|$title|$department|$groups"
}
# What people do must not depend on what is there by then: it is done to those whom the directory that is read has shown and still shows.
then_random() {
	local p was
	for ((p = 1; p <= people; p++)); do
		was=${READ[$p]%%|*} HAND[$p]=
		pick 5
		case $r in 0) SIGNED[$p]=- ;; 1) SIGNED[$p]=none ;; 2) SIGNED[$p]=Staff ;; 3) SIGNED[$p]= ;; esac
		pick 2; [ $r = 0 ] || { another Read $p; READ[$p]=$w; }
		pick 2; [ $r = 0 ] || { another Pushed $p; PUSHED[$p]=$w; }
		[ "$was${READ[$p]%%|*}" = 11 ] || continue
		pick 8
		case $r in
		0) HAND[$p]='role admin' ;; 1) HAND[$p]='role viewer' ;; 2) HAND[$p]='role --by-directory' ;;
		3) [ $p = 1 ] || [ -n "${KEPT_OUT[$p]:-}" ] || { HAND[$p]=suspend; KEPT_OUT[$p]=yes; } ;;
		4 | 5) [ -z "${KEPT_OUT[$p]:-}" ] || { HAND[$p]=restore; KEPT_OUT[$p]=; } ;;
		esac
	done
}
shuffled() { # shuffled WORD...: into mixed
	local i t
	mixed=("$@")
	for ((i = ${#mixed[@]} - 1; i > 0; i--)); do pick $((i + 1)); t=${mixed[i]}; mixed[i]=${mixed[r]}; mixed[r]=$t; done
}
died() { # and comes back
	flow_kill KILL
	flow_age
	flow_daemon
}
for ((round = 1; round <= rounds; round++)); do
	then_random
	find_newcomers "${at_once[0]}"
	for org in "${at_once[@]}"; do
		show "$org" $((round + 1))
		more=()
		for kind in message pull push sign_on; do pick 2; [ $r = 0 ] || more+=("$kind"); done
		shuffled "${kinds[@]}" "${more[@]}"
		A[$org]=${mixed[*]}
	done
	for ((k = 0; k < ${#kinds[@]} + 4; k++)); do
		pick ${#at_once[@]}; dies=$r
		for i in "${!at_once[@]}"; do
			read -ra order <<<"${A[${at_once[i]}]}"
			[ $k -ge ${#order[@]} ] || "step_${order[k]}" "${at_once[i]}"
			[ "$i" != "$dies" ] || died
		done
	done
	ok "round $round: everything is settled" settled || break
	is "round $round: nothing that was done was refused" "$(cat "$flow_dir/trouble" 2>/dev/null)" ""
	by=final
	compare "round $round, seed ${ANY_SEED:-1}: the same final state" "${at_once[@]}"
	try_again
	by=signed_on
	compare "round $round: and the same people are signed on" "${at_once[@]}"
	: >"$flow_dir/trouble"
done
done_testing
