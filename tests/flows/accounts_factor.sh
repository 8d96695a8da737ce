#!/bin/bash
# A second factor beside a password of ours: set up, asked for, used once, lost, and taken off.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/accounts_browser.sh"

ctl org create Team --type team --slug team >/dev/null
ctl member add team dan@mail.example Dan >/dev/null
set_password dan "$(link team dan@mail.example)" "$good"
is "an organisation says who must have one" "$(ctl account policy team --json | jq -r .second_factor) $(ctl account policy team --second-factor all --json | jq -r .second_factor)" \
	"optional all"
sign_on dan dan@mail.example "$good"
is "whoever must and has none is offered a key, and is not in yet" "$status $(heading) $(location=; whoami dan)" "200 Set up an authenticator 401 session.none"
sign_on dan dan@mail.example "$good"
secret=$(key) first_offer=$(field step)
answer dan /login/enrol 000000
is "a code must show that it was taken" "$status $(key) $(query "SELECT count(*) FROM local_accounts WHERE factor_at IS NOT NULL")" "403 $secret 0"
shown=$(code "$secret")
answer dan /login/enrol "$shown"
is "then there are recovery codes" "$status $(heading) $(grep -c '<li><code>' <<<"$body")" "200 Your recovery codes 10"
spare=$(sed -n 's|<li><code>\(.*\)</code></li>|\1|p' <<<"$body" | head -1)
is "and they are in" "$(whoami dan) $(last 2)" "200 Dan session.began account.second_factor_set"
is "neither the key nor these stand in the database" \
	"$(query "SELECT count(*) FROM local_accounts a, recovery_codes c WHERE (a::text || c::text) ~ '$secret|$spare' OR position('$secret'::bytea IN a.totp) > 0")" 0
is "administrators see that there is one" "$(ctl account show team dan@mail.example --json | jq -c '[.second_factor, .second_factor_needed, .recovery_codes]')" "[true,true,10]"

sign_on two dan@mail.example "$good"
is "from now on the password alone is not enough" "$status $(heading) $(field step | wc -c)" "200 Your code $(field step | wc -c)"
page_form=$(field form) page_step=$(field step)
is "nobody is in by it" "$(whoami two)" "401 session.none"
body="<input name=\"form\" value=\"$page_form\"><input name=\"step\" value=\"$page_step\">"
answer two /login/code "$shown"
like "a code counts once: the one that was shown at first is used" "$status $(flat)" '^403 .*not right, or was used already'
next=$(code "$secret" 1)
answer two /login/code "$next"
is "the next one is good" "$status $(whoami two)" "303 200 Dan"
sign_on three dan@mail.example "$good"
answer three /login/code "$next"
is "and then it was used" "$status $(whoami three)" "403 401 session.none"
sign_on three dan@mail.example "$good"
stolen=$(field step)
ask thief "$here/login/password"
ask thief --data-urlencode "form=$(field form)" --data-urlencode "step=$stolen" --data-urlencode "code=$spare" "$here/login/code"
is "the step between is of one browser" "$status $(whoami thief)" "403 401 session.none"
sign_on three dan@mail.example "$good"
answer three /login/enrol "$(code "$secret")"
is "and of one purpose" "$status" 403
query "UPDATE local_accounts SET totp_step = NULL" >/dev/null
sign_on four dan@mail.example "$good"
answer four /login/code "$(tr 'a-z-' 'A-Z ' <<<"$spare")"
is "without the authenticator there is a recovery code" "$status $(whoami four) $(last 2)" "303 200 Dan session.began account.recovery_code_used"
ctl account link team dan@mail.example >/dev/null # tries are counted by the minute: another person goes on

ctl member add team fay@mail.example Fay >/dev/null
set_password fay "$(link team fay@mail.example)" "$good"
sign_on fay fay@mail.example "$good"
secret=$(key)
answer fay /login/enrol "$(code "$secret")"
spare=$(sed -n 's|<li><code>\(.*\)</code></li>|\1|p' <<<"$body" | head -1)
account fay codes "$good"
is "there are new ones for whoever shows the password again" "$status $(heading)" "200 Your recovery codes"
account fay remove "$good"
is "who must have a second factor cannot take it off" "$status" 409
ctl account policy team --second-factor admins >/dev/null
account fay remove "$other"
is "nor can anybody without the password" "$status $(ctl account show team fay@mail.example --json | jq .second_factor)" "403 true"
ask evil "$here/account"
is "nor does anybody see that page who is not signed in" "$status" 401
query "UPDATE local_accounts SET totp_step = NULL, code_failures = 9" >/dev/null
sign_on fay2 fay@mail.example "$good"
answer fay2 /login/code "$spare"
like "codes of before are none, and after ten wrong ones none is looked at" "$status $(flat)" '^403 .*not right'
answer fay2 /login/code "$(code "$secret")"
like "not even a right one" "$status $(flat)" '^403 .*For an hour none is looked at'
account fay remove "$good"
is "whoever need not have it takes it off" "$status $(last)" "303 account.second_factor_removed"
sign_on fay fay@mail.example "$good"
is "and signs on without" "$status" 303
account fay password "$good" --data-urlencode "new=$other" --data-urlencode "again=$other"
is "a password is changed by whoever has it, and signs on anew" "$status $(heading) $(whoami fay)" "200 Your password is set 401 session.none"
ctl account second-factor-remove team dan@mail.example --yes >/dev/null
is "an administrator takes it off for somebody who has lost it" "$(ctl account show team dan@mail.example --json | jq -c '[.second_factor, .recovery_codes]') $(last)" \
	"[false,0] account.second_factor_removed"


# ---- another master key -------------------------------------------------------------------------------------------------------------

ctl member add team kim@mail.example Kim >/dev/null
set_password kim "$(link team kim@mail.example)" "$good"
sign_on kim kim@mail.example "$good"
account kim offer "$good"
secret=$(key)
answer kim /login/enrol "$(code "$secret")"
is "whoever is signed in sets one up, though they need not" "$status $(heading)" "200 Your recovery codes"
flow_kill
mv "$flow_dir/master.key" "$flow_dir/former.key"
(umask 077 && openssl rand -hex 32 >"$flow_dir/master.key")
sed -i "1i previous_master_key = \"file:$flow_dir/former.key\"" "$flow_dir/rosterd.conf"
flow_daemon
ctl master-key reseal >/dev/null
flow_kill
sed -i 1d "$flow_dir/rosterd.conf"
flow_daemon
query "UPDATE local_accounts SET totp_step = NULL" >/dev/null
sign_on kim kim@mail.example "$good"
answer kim /login/code "$(code "$secret")"
is "a new master key seals it again, and the former one is not needed any more" "$status $(whoami kim)" "303 200 Kim"
done_testing
