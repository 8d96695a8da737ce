#!/bin/bash
# Whatever is wrong with an LDAP directory: testing the connection and running it tell an administrator what to do, nobody is
# touched, and when it is mended the next run catches up.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
flow_start
server_start 200 10

people=ou=people,dc=acme,dc=example groups=ou=groups,dc=acme,dc=example
# Where the password goes to may change only together with the password.
set_to() { ctl connection set acme/people --secret bind_password=@"$server/password" "$@" >/dev/null; }
tested() { ctl connection test acme/people 2>&1; }
ran() { ctl sync run acme/people --wait 2>&1; }

# Something to do for the next run that works.
pending=0
ask_for_change() {
	pending=$((pending + 1))
	server_change "dn: uid=u000100,$people
changetype: modify
replace: displayName
displayName: Name $pending"
}

# trouble NAME BREAK MEND TEST-REGEX [RUN-REGEX]: BREAK and MEND are commands; without RUN-REGEX a run says what the test says.
trouble() {
	local name=$1 break=$2 mend=$3 test=$4 run=${5:-$4} said before
	ask_for_change
	before=$(roster_digest)
	eval "$break"
	said=$(tested)
	is "$name: the test of the connection fails" "$?" 1
	like "$name: it says what to do" "$said" "$test"
	said=$(ran)
	is "$name: the run fails" "$?" 1
	like "$name: it says what to do" "$said" "$run"
	is "$name: nobody is touched" "$(roster_digest)" "$before"
	eval "$mend"
	is "$name: mended, the next run catches up" "$(sync | counts)" member.updated=1
}

ok "an organisation" ctl org create Acme --type enterprise
ok "and its directory" ctl connection create acme ldap people --set url="$SLAPD_LDAP" --set ca_certificate=@"$SLAPD_CA" \
	--set bind_dn="$SLAPD_BIND_DN" --secret bind_password=@"$server/password" --set user_base="$people" \
	--set group_base="$groups" --set timeout=2s --role admins=admin --schedule never
is "the first run" "$(sync | jq -r '"\(.state) \(.people)"')" "done 200"

# ---- the server -----------------------------------------------------------------------------------------------------------------

trouble "the server is down" '"$SRCDIR/tests/peers/slapd.sh" stop "$server"' server_again \
	"could not connect to 127\.0\.0\.1 port ${SLAPD_LDAP##*:}.*Connection refused"
trouble "the server hangs" 'kill -STOP $SLAPD_PID' 'kill -CONT $SLAPD_PID' \
	"StartTLS.* at \"$SLAPD_LDAP\": no answer for 2 s; see whether the server hangs, or raise \"timeout\""
trouble "the host has no address" 'set_to --set url=ldap://ldap.acme.invalid' 'set_to --set url=$SLAPD_LDAP' \
	'could not look up ldap\.acme\.invalid'

# ---- who it is, who we are ------------------------------------------------------------------------------------------------------

trouble "the certificate has expired" 'server_again --certificate expired' server_again \
	"securing \"$SLAPD_LDAP\": .*expired.* 2020-02-01"
trouble "the certificate is another host's" 'server_again --certificate other-host' server_again \
	"securing \"$SLAPD_LDAP\": .*ldap\.other\.example.*127\.0\.0\.1"
trouble "the authority is unknown" 'set_to --set ca_certificate=@$SLAPD_OTHER_CA' 'set_to --set ca_certificate=@$SLAPD_CA' \
	"securing \"$SLAPD_LDAP\": .*\"ca_certificate\""
trouble "the server has no certificate" 'server_again --no-tls' server_again \
	'refuses StartTLS.*give it a certificate, or use an ldaps:// address'
trouble "the password is wrong" 'printf wrong | ctl connection set acme/people --secret bind_password=@- >/dev/null' \
	set_to \
	"binding as $SLAPD_BIND_DN.*invalid credentials \(49\).*\"bind_dn\" and \"bind_password\""

# ---- what it shows --------------------------------------------------------------------------------------------------------------

trouble "the base does not exist" 'set_to --set user_base=ou=poeple,dc=acme,dc=example' 'set_to --set user_base=$people' \
	"under \"ou=poeple,dc=acme,dc=example\".*no such object \(32\); see whether the base is spelt right"
trouble "the base is no name" 'set_to --set user_base=people' 'set_to --set user_base=$people' 'not a distinguished name|\(34\)'
trouble "the filter is none" "set_to --set 'user_filter=(objectClass=person'" 'set_to --set "user_filter=(objectClass=inetOrgPerson)"' \
	'"user_filter".*a filter in brackets is expected'

# What a run cannot see whole removes nobody: it is done, and says what it could not see.
unseen() { # unseen NAME BREAK MEND TEST-REGEX RUN-REGEX
	local name=$1 break=$2 mend=$3 test=$4 run=$5 said before
	before=$(roster_digest)
	eval "$break"
	said=$(tested)
	is "$name: the test of the connection fails" "$?" 1
	like "$name: it says what to do" "$said" "$test"
	like "$name: and what was well before that" "$said" '^connected to "ldap'
	said=$(ran)
	is "$name: a run that has not seen everybody has an exit code of its own" "$?" 12
	like "$name: the run says that it has not seen everybody" "$said" "^not all +$run"
	is "$name: nobody is touched" "$(roster_digest)" "$before"
	ask_for_change
	eval "$mend"
	is "$name: mended, the next run catches up" "$(sync | counts)" member.updated=1
}
unseen "a size limit" 'server_again --size-limit 50' server_again \
	"reading people under \"$people\".*size limit exceeded \(4\).*raise the server's size limit for the account" \
	"reading people under \"$people\" ended after 50: size limit exceeded \(4\).*raise the server's size limit"
unseen "people may not be seen" 'server_again --hide people' server_again \
	"nothing there matches \"\(objectClass=inetOrgPerson\)\", or the account that we bind as may not read it" \
	"the server shows nobody under \"$people\".*may the account that we bind as read there"
unseen "groups may not be seen" 'server_again --hide groups' server_again \
	"reading groups under \"$groups\": nothing there matches .* or the account that we bind as may not read it" \
	"the server shows nobody under \"$groups\".*leave \"group_base\" out"

# ---- several servers ------------------------------------------------------------------------------------------------------------

ask_for_change
set_to --set url="ldap://127.0.0.1:1 $SLAPD_LDAP"
said=$(tested)
like "the first of two servers is down: the test says that it takes the next" "$said" '"ldap://127\.0\.0\.1:1" cannot be used, trying the next'
like "and why" "$said" '^could not connect to 127\.0\.0\.1 port 1 .*Connection refused'
is "and a run asks the second" "$(sync | counts)" member.updated=1
set_to --set url="ldap://127.0.0.1:1 ldap://127.0.0.1:2"
like "both are down: a run says so" "$(ran)" 'could not connect to 127\.0\.0\.1 port 2.*Connection refused'
set_to --set url="$SLAPD_LDAP"
said=$(ctl connection set acme/people --set url=ldap://ldap.acme.invalid 2>&1)
is "another server without the password is refused" "$?" 2
like "it says what is needed" "$said" 'bind_password'

# ---- settings -------------------------------------------------------------------------------------------------------------------

creates() { ctl connection create acme ldap other "$@" 2>&1; }
said=$(creates --set bind_dn=cn=x)
is "a setting is missing: there is no connection" "$?" 2
like "it says which, all at once" "$said" 'plug-in "ldap" also needs "url", "user_base"'
said=$(creates --set url=ldap://x --set user_bsae="$people")
is "a setting is misspelt: there is no connection" "$?" 2
like "it says which was meant" "$said" 'no setting "user_bsae"; did you mean "user_base"\?'
like "a word that is none of the choices" "$(creates --set url=ldap://x --set user_base=x --set tls=maybe)" \
	'"tls" is "maybe".*starttls.*none'
like "a number that is none" "$(creates --set url=ldap://x --set user_base=x --set page_size=many)" '"page_size" is "many"'
like "a time that is none" "$(creates --set url=ldap://x --set user_base=x --set timeout=5parsecs)" '"timeout" is "5parsecs".*30s'
like "an authority that is none" "$(creates --set url=ldap://x --set user_base=x --set ca_certificate=no)" '"ca_certificate".*PEM'
like "an address of another kind" "$(ctl connection create acme ldap other --set url=http://x --set user_base=x >/dev/null 2>&1
	ctl connection test acme/other 2>&1)" '"url" has "http://x": .*ldaps://'
like "nobody to bind as" "$(ctl connection set acme/other --set url="$SLAPD_LDAP" >/dev/null; ctl connection test acme/other 2>&1)" \
	'"bind_dn" is not set; bind=simple needs "bind_dn" and "bind_password"'
done_testing
