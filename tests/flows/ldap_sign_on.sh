#!/bin/bash
# People sign on with the name and the password that a real LDAP server knows: searched for, and bound as.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\""
flow_start
server_start 20 3
people=ou=people,dc=acme,dc=example
person() { # person UID PASSWORD MAIL [LINE]
	server_change "dn: uid=$1,$people
changetype: add
objectClass: inetOrgPerson
uid: $1
cn: $1
sn: $1
mail: $3
userPassword: $2${4:+
$4}"
}
person ada 'correct horse' ada@acme.example
person gone 'correct horse' gone@acme.example 'employeeType: gone'
person star 'correct horse' 'star@acme.example'
person twin1 'correct horse' twin@acme.example
person twin2 'correct horse' twin@acme.example
ctl org create Acme --type enterprise --default-role member >/dev/null
ctl domain add acme acme.example >/dev/null
made() { # made NAME WORDS
	ctl connection create acme ldap "$1" --set bind_dn="$SLAPD_BIND_DN" --secret bind_password=@"$server/password" --set user_base="$people" \
		--set group_base=ou=groups,dc=acme,dc=example --set 'disabled_filter=(employeeType=gone)' --schedule never --json "${@:2}" | jq -r .id
}
connection=$(made people --set url="$SLAPD_LDAP" --set tls=starttls --set ca_certificate=@"$SLAPD_CA")
sync >/dev/null

ask() {
	status=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$flow_dir/jar" -c "$flow_dir/jar" "$@")
	location=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
}
sign_on() { # sign_on NAME PASSWORD: $result is the status, and what was refused
	rm -f "$flow_dir/jar"
	ask "$here/sso/$connection/begin"
	page=$location
	ask "$page"
	ask --data-urlencode "state=${page#*state=}" --data-urlencode "user_name=$1" --data-urlencode "password=$2" "${page%%\?*}"
	id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' "$flow_dir/body" | head -1)
	result=$status
	[ "$status" = 303 ] || result="$status $(ctl sso explain "acme/$id" --json 2>/dev/null | jq -r 'first(.trace.checks[] | select(.passed | not)) | .check')"
}
whoami() { curl -s -b "$flow_dir/jar" "$here/session" | jq -r '.email // .code'; }

sign_on ada 'correct horse'
is "somebody signs on by name and password" "$result $(whoami)" "303 ada@acme.example"
sign_on ada@acme.example 'correct horse'
is "or by their address" "$result $(whoami)" "303 ada@acme.example"
sign_on ada wrong
is "a wrong password is none" "$result $(whoami)" "403 password session.none"
like "which the person is told" "$(cat "$flow_dir/body")" 'The name or the password is not right'
wrong=$(sed "s/[0-9a-f]\{8\}-[0-9a-f-]*//g" "$flow_dir/body")
sign_on nobody 'correct horse'
is "nor is anybody's for a name that nobody has" "$result" "403 password"
is "and that reads the same" "$(sed "s/[0-9a-f]\{8\}-[0-9a-f-]*//g" "$flow_dir/body")" "$wrong"
sign_on ada ''
is "an empty password proves nothing, though the server takes such a bind" "$result $(whoami)" "403 form session.none"
for name in '*' 'a*' 'ada)(uid=*' '*)(|(uid=*' 'ad\61' 'ada,ou=people'; do
	sign_on "$name" 'correct horse'
	is "what was typed is a name and no filter: $name" "$result $(whoami)" "403 password session.none"
done
for name in ' ada' 'ada ' 'ada  ' $'a\tda' $'ada\u00a0' $'ad\u00ada' $'ada\u200b'; do
	sign_on "$name" 'correct horse'
	is "nor is it taken with what cannot be seen: $(printf %q "$name")" "$status $(jq -r .code "$flow_dir/body") $(whoami)" "400 sso.user_name session.none"
done
for name in $'\uff41da' $'\uff41\uff44\uff41'; do
	sign_on "$name" 'correct horse'
	is "a server that finds somebody by another spelling ($name) does not give them more tries" "$result $(whoami)" "403 password session.none"
done
sign_on ADA 'correct horse'
is "but case does not count" "$result $(whoami)" "303 ada@acme.example"
sign_on gone 'correct horse'
is "whoever is switched off is not found" "$result" "403 password"
sign_on twin@acme.example 'correct horse'
is "an address that two have is nobody's" "$result $(whoami)" "403 person session.none"
for _ in $(seq 15); do
	for name in star ' star' STAR; do
		sign_on "$name" wrong
		[ "$status" != 429 ] || break 2
	done
done
is "a name is not tried without end, however it is written" "$status $(jq -r .code "$flow_dir/body")" "429 rate.password"
rm -f "$flow_dir/jar"
ask -d state=x -d user_name=ada -d password=x "$here/sso/$connection/password"
is "without a sign-on that was begun no password is looked at" "$status $(query "SELECT code FROM sign_ons ORDER BY id DESC LIMIT 1")" "403 sso.attempt"
unlike "no password stands in the log" "$(cat "$flow_dir/log")" "correct horse|wrong"
connection=$(made plain --set url="$SLAPD_LDAP" --set tls=none)
sign_on ada 'correct horse'
is "no password goes anywhere in the clear" "$status" 503
like "which is told" "$(ctl sso explain "acme/$id" --json | jq -r .trace.reason)" 'in the clear; use ldaps:// or StartTLS'
done_testing
