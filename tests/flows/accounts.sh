#!/bin/bash
# People sign on with a password of ours, by the pages that a browser sees: a link sets it, once, and nothing tells who has an account.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/accounts_browser.sh"

ctl org create Team --type team --slug team >/dev/null
ctl org create Acme --type enterprise --slug acme >/dev/null
ctl member add team ada@mail.example 'Ada Lovelace' >/dev/null
ctl member add team bob@mail.example 'Bob' >/dev/null
ctl member add acme eve@acme.example 'Eve' >/dev/null
ctl member add acme own@acme.example 'Olive Owner' >/dev/null
ctl org owner acme own@acme.example >/dev/null

# ---- a link sets a password --------------------------------------------------------------------------------------------------------

url=$(link team ada@mail.example)
like "an administrator makes a link" "$url" "^$here/login/link\?token=racc_[A-Za-z0-9_-]{43}$"
is "which the audit has" "$(last)" account.link_created
is "no link stands in the database" "$(query "SELECT count(*) FROM account_tokens t WHERE t::text LIKE '%racc_%'")" 0
ask ada "$url"
is "it leads to a form" "$status $(heading)" "200 Choose a password"
unlike "which needs no script" "$body" '<script|style=|onload|src='
ask ada "$url"
is "and opening it uses nothing up" "$status" 200
set_password ada "$url" short
like "a password is long" "$status $(flat)" '^400 .*5 characters; 15 to 256'
set_password ada "$url" ada@mail.example
like "not the address" "$status $(flat)" '^400 .*anybody would try first'
set_password ada "$url" aaaaaaaaaaaaaaaaaaaa
like "nor one letter" "$status $(flat)" '^400 .*different characters'
set_password ada "$url" "$(printf 'x1%.0s' $(seq 600))"
is "nor without end" "$status" 400
set_password ada "$url" "$good" "$other"
like "and the same twice" "$status $(flat)" '^400 .*not the same'
ask ada "$url"
ask mallory -d "token=$(field token)" --data-urlencode "form=$(field form)" --data-urlencode "password=$other" --data-urlencode "again=$other" "$here/login/link"
is "a form is good in the browser that it was made for" "$status" 403
set_password ada "$url" "$good"
is "then it is set" "$status $(heading) $(last)" "200 Your password is set account.password_set"
is "as Argon2id" "$(query "SELECT substr(password, 1, 10) FROM local_accounts")" '$argon2id$'
set_password ada "$url" "$other"
is "the link is good once" "$status $(heading)" "404 This link is not good any more"
is "whoever sets a password is not signed in by that" "$(whoami ada)" "401 session.none"

# ---- signing on --------------------------------------------------------------------------------------------------------------------

sign_on ada ada@mail.example "$good" -d return_to=https://app.example/start
is "it signs on" "$status $location" "303 https://app.example/start"
is "the person" "$(whoami ada)" "200 Ada Lovelace"
is "as the audit says" "$(last)" session.began
is "who is listed" "$(ctl account list team --json | jq -r '.items[] | "\(.address) \(.counts) \(.used_at != null)"')" "ada@mail.example true true"
sign_on ada ADA@mail.EXAMPLE "$good"
is "however the address is written, and the session before ends" "$status $(query "SELECT count(*) FROM sessions WHERE ended_at IS NULL")" "303 1"
sign_on ada ada@mail.example "$good" -d return_to=https://evil.example/
is "nobody is sent elsewhere" "$status" 400
ask ada --data-urlencode email=ada@mail.example "$here/login"
is "who says their address at /login comes to the same form" "$status $(heading) $(field email)" "200 Sign in ada@mail.example"

# ---- who has an account is told to nobody --------------------------------------------------------------------------------------------

page() { flat | sed 's/name="form" value="[^"]*"/FORM/; s/\(name="email" .* value=\)"[^"]*"\(><.p>.*current-password\)/\1ADDRESS\2/'; }
sign_on x bob@mail.example "$other"
unset_page="$status $(page)"
sign_on x ada@mail.example "$other"
wrong_page="$status $(page)"
like "a wrong password is refused" "$wrong_page" '^403 .*The address or the password is not right'
is "somebody without a password reads the same" "$unset_page" "$wrong_page"
sign_on x nobody@mail.example "$other"
is "and so does somebody whom nobody knows" "$status $(page)" "$wrong_page"
sign_on x 'not an address' "$other"
is "or what is no address" "$status $(page)" "$wrong_page"
sign_on x ada@mail.example ''
is "an empty password is none" "$status $(page)" "$wrong_page"
sign_on x ada@mail.example "$good" -d organisation=acme
is "nor is one good in another organisation" "$status $(whoami x)" "403 401 session.none"
for _ in $(seq 15); do
	ask x -d email=carl@mail.example -d password=x "$here/login/password"
	[ "$status" != 429 ] || break
done
is "an address that nobody has is not tried without end" "$status $(jq -r .code <<<"$body")" "429 rate.password"
unlike "no password and no address stands in the log" "$(cat "$flow_dir/log")" "$good|$other|ada@mail|racc_"

# ---- a form of another site -----------------------------------------------------------------------------------------------------------

ask evil "$here/login/password"
ask evil -d form= --data-urlencode email=ada@mail.example --data-urlencode "password=$good" "$here/login/password"
is "without its field a form signs nobody on" "$status $(whoami evil)" "403 401 session.none"
ask evil "$here/login/password"
form=$(field form)
ask victim "$here/login/password"
ask victim -d "form=$form" --data-urlencode email=ada@mail.example --data-urlencode "password=$good" "$here/login/password"
is "nor with the field of another browser" "$status $(whoami victim)" "403 401 session.none"
ask evil "$here/login/password"
ask evil -H 'Sec-Fetch-Site: cross-site' -d "form=$(field form)" --data-urlencode email=ada@mail.example --data-urlencode "password=$good" "$here/login/password"
is "nor posted by another site" "$status" 403
fixed=rses_$(printf 'A%.0s' $(seq 43))
rm -f "$flow_dir/jar.fixed"
ask fixed "$here/login/password"
ask fixed -b "__Host-rosterd=$fixed" \
	--data-urlencode "form=$(field form)" --data-urlencode email=ada@mail.example --data-urlencode "password=$good" "$here/login/password"
is "a session that somebody else chose is not taken up" "$status $(curl -s -b "__Host-rosterd=$fixed" "$here/session" | jq -r .code)" "303 session.none"

# ---- what ends it -------------------------------------------------------------------------------------------------------------------

ctl member add team cal@mail.example Cal >/dev/null
set_password cal "$(link team cal@mail.example)" "$good"
sign_on cal cal@mail.example "$good"
sign_on phone cal@mail.example "$good"
first=$(link team cal@mail.example) second=$(link team cal@mail.example)
ask ada2 "$first"
form=$(field form) one=$(field token)
use() { curl -s -o /dev/null -w '%{http_code}\n' -b "$flow_dir/jar.ada2" --data-urlencode "form=$form" --data-urlencode "token=$one" \
	--data-urlencode "password=$1" --data-urlencode "again=$1" "$here/login/link"; }
is "of two who use a link at the same time one does" "$( (use "$other" & use "$other" & wait) | sort | xargs)" "200 404"
is "all who were signed in as them are not any more" "$(whoami cal) $(whoami phone)" "401 session.none 401 session.none"
set_password cal "$second" "$good"
is "and other links for it have ended" "$status" 404
sign_on cal cal@mail.example "$good"
is "the old password is none any more" "$status" 403
sign_on cal cal@mail.example "$other"
is "the new one is" "$status $(whoami cal)" "303 200 Cal"
ctl member suspend team cal@mail.example >/dev/null
is "whoever is suspended is out" "$(whoami cal)" "401 session.none"
sign_on cal cal@mail.example "$other"
is "and does not come in" "$status $(page)" "$wrong_page"
ctl member restore team cal@mail.example >/dev/null
sign_on cal cal@mail.example "$other"
is "until they are let in again" "$status" 303
ctl account delete team cal@mail.example --yes >/dev/null
is "an account that is taken away signs nobody on, and ends the session" "$(whoami cal) $(last)" "401 session.none account.deleted"
ctl account link team bob@mail.example --expires 1h >/dev/null
query "UPDATE account_tokens SET expires_at = now() - interval '1 second'" >/dev/null
url=$(link team bob@mail.example)
query "UPDATE account_tokens SET expires_at = now() - interval '1 second'" >/dev/null
ask bob "$url"
is "a link does not last" "$status" 404
set_password bob "$(link team bob@mail.example)" "$good"
ctl member remove team bob@mail.example --yes >/dev/null
is "whoever leaves has no account" "$(query "SELECT count(*) FROM local_accounts WHERE address = 'bob@mail.example'")" 0

# ---- an enterprise's people have a provider -----------------------------------------------------------------------------------------

ctl account link acme eve@acme.example 2>"$flow_dir/err"
like "but for the owner nobody in an enterprise has one" "$(cat "$flow_dir/err")" 'nobody but the owner has a local account'
set_password own "$(link acme own@acme.example)" "$good"
sign_on own own@acme.example "$good"
is "nor does the owner's count by itself" "$status" 403
ctl account break-glass acme eve@acme.example 2>"$flow_dir/err"
like "it is named for the day on which the provider fails, and for nobody else" "$(cat "$flow_dir/err")" 'is not the owner'
ctl account break-glass acme own@acme.example >/dev/null
sign_on own own@acme.example "$good"
is "then it is a way in, never without a second factor" "$status $(heading) $(whoami own)" "200 Set up an authenticator 401 session.none"
sign_on own own@acme.example "$good"
answer own /login/enrol "$(code "$(key)")"
is "with one" "$status $(whoami own)" "200 200 Olive Owner"
(umask 077; ctl token create service --organisation acme --role admin >"$flow_dir/service" 2>/dev/null)
"$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/service" account link acme own@acme.example 2>"$flow_dir/err"
like "a service makes no such links" "$(cat "$flow_dir/err")" 'a person does'
# ---- people of a domain have no other way in than their provider ----------------------------------------------------------------------

ctl org create Club --type enterprise --slug club >/dev/null
ctl domain add club club.example >/dev/null
ctl member add club olga@club.example olga >/dev/null
ctl member add team gil@club.example gil >/dev/null
ctl org owner club olga@club.example >/dev/null
set_password gil "$(link team gil@club.example)" "$good"
sign_on gil gil@club.example "$good"
printf '# nobody\n' >"$flow_dir/people.txt"
connection=$(ctl connection create club example door --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
	--secret login_secret=@"$flow_dir/master.key" --json | jq -r .id)
ctl domain sso-only club club.example 2>"$flow_dir/err"
like "the other ways are shut only when that one was gone through" "$(cat "$flow_dir/err")" 'try one first .*domain.untested'
query "INSERT INTO sign_on_doors (organisation, connection) SELECT organisation, id FROM connections WHERE id = '$connection'" >/dev/null
is "somebody is in by a password" "$(whoami gil)" "200 gil"
is "then they are" "$(ctl domain sso-only club club.example --json | jq .sso_only) $(last)" "true domain.sso_only_began"
for who in gil nobody; do
	sign_on gil "$who@club.example" "$good"
	is "a password leads to the provider, in whichever organisation and whoever it is: $who" "$status $location" "303 /sso/$connection/begin?login_hint=$who%40club.example"
done
ctl account link team gil@club.example 2>"$flow_dir/err"
like "nor is there a link to set one" "$(cat "$flow_dir/err")" 'by their provider alone.*account.sso_only'
ctl account break-glass club olga@club.example >/dev/null
set_password olga "$(link club olga@club.example)" "$good"
sign_on olga olga@club.example "$other"
is "a wrong one of the owner leads there as well" "$status $location" "303 /sso/$connection/begin?login_hint=olga%40club.example"
sign_on olga olga@club.example "$good"
answer olga /login/enrol "$(code "$(key)")"
is "but break-glass is a way in, with a second factor" "$status $(whoami olga)" "200 200 olga"
is "which the audit tells by itself" "$(query "SELECT count(*) FROM audit WHERE action = 'account.break_glass_used' AND organisation = (SELECT organisation FROM organisations WHERE slug = 'club')")" 1
events() { curl -s --unix-socket "$socket" http://localhost/v1/organisations/club/events | jq -r '.items[] | .type'; }
for _ in $(seq 300); do # once it is sealed
	! events | grep -q account.break_glass_used || break
	sleep 0.1
done
like "and so do the events" "$(events)" '^account.break_glass_used$'
like "the log" "$(cat "$flow_dir/log")" 'the break-glass account of organisation .* was used'
like "and the metrics" "$(ctl metrics)" 'rosterd_sign_ons_total\{plugin="break-glass",outcome="signed_on"\} 2'
is "until that is over" "$(ctl domain sso-only club club.example --end --json | jq .sso_only) $(sign_on gil gil@club.example "$good"; whoami gil)" "false 200 gil"
done_testing
