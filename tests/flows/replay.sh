#!/bin/bash
# Whole lives of people and groups, as directories that push tell them: tests/flows/scim/*.http, one file a client, replayed over HTTP
# against a daemon that reconciles beside it. A file says:
#
#   # words               what the next request is for
#   * Header: value       sent with all requests that follow
#   > METHOD PATH         one request, behind the base URL; the path as it stands on the wire
#   + Header: value       for this one alone
#   {...}                 its body: all lines that begin with a bracket or a blank
#   < 201                 the status that must come back
#   ? FILTER              of jq, which must be true of the answer
#   = NAME FILTER         of jq: ${NAME} stands for what it finds, from here on
#   @ roster NAME STATE ROLE, ...     the whole roster as it must become, in the order of the names
#   @ group NAME: USERNAME, ...       who is in a group, as the roster has it
#   ~ NAME ...            what was tolerated and counted in all of the file, and nothing else
#
# ${at} is "@" and the organisation's domain. One organisation and one connection a file.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

declare -A var
expand() {
	text=$1
	for key in "${!var[@]}"; do text=${text//"\${$key}"/"${var[$key]}"}; done
	printf '%s' "$text"
}

deviations() { ctl metrics | sed -n 's/^rosterd_scim_deviations_total{deviation="\([a-z_]*\)"} \([0-9.]*\)$/\1 \2/p' | sort; }

# until_is WORDS SQL WANTED
until_is() {
	for _ in $(seq 300); do
		got=$(query "$2")
		[ "$got" = "$3" ] && { pass "$1"; return; }
		sleep 0.05
	done
	is "$1" "$got" "$3"
	diag "$(query "SELECT state, scope, asked_by, held_reason, error_text FROM runs ORDER BY asked_at DESC LIMIT 3")"
}

roster_sql() {
	echo "SELECT coalesce(string_agg(a.user_name || ' ' || m.state || ' ' || m.role, ', ' ORDER BY a.user_name), '') FROM members m
		JOIN organisations o USING (organisation) JOIN accounts a USING (organisation, user_id) WHERE o.slug = '$slug'"
}
group_sql() {
	echo "SELECT coalesce(string_agg(a.user_name, ', ' ORDER BY a.user_name), '') FROM groups g JOIN organisations o USING (organisation)
		LEFT JOIN group_accounts k ON k.organisation = g.organisation AND k.group_id = g.id
		LEFT JOIN accounts a ON a.organisation = g.organisation AND a.id = k.account_id WHERE o.slug = '$slug' AND g.name = '$1'"
}

begin_request() { method=$1 path=$(expand "$2") body= headers=("${common[@]}") where="$name:$line: $1 $2"; }

send() {
	local header=()
	for each in "${headers[@]}"; do header+=(-H "$(expand "$each")"); done
	case " ${headers[*]}" in *" Authorization:"*) ;; *) header+=(-H "Authorization: Bearer ${var[token]}") ;; esac
	[ -z "$body" ] || { expand "$body" >"$flow_dir/body"; header+=(--data-binary "@$flow_dir/body"); }
	status=$(curl -s --path-as-is --unix-socket "$socket" -X "$method" "${header[@]}" -D "$flow_dir/head" -o "$flow_dir/answer" -w '%{http_code}' \
		"http://localhost$base$path")
	is "$where" "$status" "$1"
	[ "$status" = "$1" ] || diag "$(cat "$flow_dir/answer")"
	# Whatever has a body says so in SCIM's own words.
	[ ! -s "$flow_dir/answer" ] || grep -qi '^content-type: application/scim+json' "$flow_dir/head" || fail "$where: the media type"
	: >>"$flow_dir/answer"
}

compare() { # KIND REST
	case $1 in
	roster) until_is "$name:$line: the roster" "$(roster_sql)" "$(expand "$2")" ;;
	group) until_is "$name:$line: the group ${2%%:*}" "$(group_sql "${2%%:*}")" "$(expand "${2#*: }")" ;;
	*) fail "$name:$line: \"@ $1\" is not known" ;;
	esac
}

tolerated() {
	deviations >"$flow_dir/after"
	is "$name: what was tolerated" "$(comm -13 "$flow_dir/before" "$flow_dir/after" | cut -d' ' -f1 | paste -sd' ')" \
		"$(printf '%s\n' $1 | sort | paste -sd' ')"
}

replay() {
	name=${1##*/} slug=$(basename "$1" .http | tr _ -) line=0 common=()
	ctl org create "$slug" --type enterprise >/dev/null && ctl domain add "$slug" "$slug.example" >/dev/null &&
		made=$(ctl connection create "$slug" scim push --json --role Admins=admin --remove-most 20 --remove-admins-most 20) ||
		{ fail "$name: an organisation"; return; }
	var=([token]=$(jq -r .token <<<"$made") [at]="@$slug.example")
	base=$(jq -r .base_url <<<"$made")
	base=/scim/v2/${base##*/}
	deviations >"$flow_dir/before"
	while IFS= read -r text; do
		line=$((line + 1)) rest=${text#??}
		case $text in
		'' | '#'*) ;;
		'* '*) common+=("$rest") ;;
		'> '*) begin_request "${rest%% *}" "${rest#* }" ;;
		'+ '*) headers+=("$rest") ;;
		[{}]* | [][]* | [[:blank:]]*) body+=$text$'\n' ;;
		'< '*) send "$rest" ;;
		'? '*) jq -e "$(expand "$rest")" <"$flow_dir/answer" >/dev/null && pass "$name:$line: $rest" ||
			{ fail "$name:$line: $rest"; diag "$(head -c 2000 "$flow_dir/answer")"; } ;;
		'= '*) var[${rest%% *}]=$(jq -r "${rest#* }" <"$flow_dir/answer") ;;
		'@ '*) compare "${rest%% *}" "${rest#* }" ;;
		'~'*) tolerated "${text#\~}" ;;
		*) fail "$name:$line: this line is not understood" ;;
		esac
	done <"$1"
}

if [ $# = 0 ]; then set -- "$SRCDIR"/tests/flows/scim/*.http; fi
for file; do replay "$file"; done
done_testing
