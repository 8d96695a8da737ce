#!/bin/bash
# People sign on by a connection: a browser is sent to a login page, comes back, and is signed in, if all of it is as it must be. The login page is the
# one of the example plug-in, played here: it signs whom it has seen.
. "$SRCDIR/tests/flows/flow.sh"
FLOW_LISTEN="127.0.0.1:$(free_port)"
here=http://$FLOW_LISTEN
FLOW_SETTINGS="public_url = \"$here\"
sign_on {
	return_to = { \"https://app.example/\", \"https://docs.example/home\" }
}"
flow_start
secret=correct-horse
(umask 077 && printf %s "$secret" >"$flow_dir/secret")
: >"$flow_dir/empty"

made() { # made NAME: a connection of acme that only signs on; its id
	printf '# nobody\n' >"$flow_dir/people.txt"
	ctl connection create acme example "$1" --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
		--secret login_secret=@"$flow_dir/secret" --json "${@:2}" | jq -r .id
}
ctl org create Acme --type enterprise --default-role viewer >/dev/null
ctl domain add acme acme.example >/dev/null
connection=$(made door --role staff=member --role bosses=admin)

# A browser: jar NAME. What it asks and is told: $status, $location, $body.
ask() { # ask JAR [CURL WORDS]
	local jar=$flow_dir/jar.$1
	shift
	status=$(curl -s -o "$flow_dir/body" -D "$flow_dir/head" -w '%{http_code}' -b "$jar" -c "$jar" "$@")
	location=$(sed -n 's/^location: //Ip' "$flow_dir/head" | tr -d '\r')
	body=$(cat "$flow_dir/body")
}
header() { sed -n "s/^$1: //Ip" "$flow_dir/head" | tr -d '\r'; }
begin() { ask "$1" "$here/sso/$connection/begin${2:-}"; state=$(sed -n 's/.*[?&]state=\([^&]*\).*/\1/p' <<<"$location") nonce=$(sed -n 's/.*[?&]nonce=\([^&]*\).*/\1/p' <<<"$location"); }
signed() { printf '%s\n' "$1" "$2" "$3" "$4" "$5" "$6" | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1; }
# finish JAR PERSON EMAIL VERIFIED [GROUPS]: comes back from the login page; without GROUPS nothing is said of them
finish() {
	local words=(-d "state=$state" -d "nonce=$nonce" -d "person=$2" -d "email=$3" -d "verified=$4" -d session=theirs
		-d "signature=$(signed "$state" "$nonce" "$2" "$3" "$4" "${5:-}")")
	[ $# -lt 5 ] || words+=(-d "groups=$5")
	ask "$1" "${words[@]}" "$here/sso/$connection/callback"
}
sign_on() { begin "$1" && finish "$@"; }
whoami() { ask "$1" "$here/session"; echo "$status $(jq -r '.email // .code' <<<"$body")"; }
trace() { grep -o '[0-9a-f]\{8\}-[0-9a-f-]*' <<<"$body" | head -1; }
why() { query "SELECT outcome || ' ' || coalesce(code, '') FROM sign_ons WHERE id = '$(trace)'"; }
member() { ctl member list acme --json | jq -r --arg email "$1" '.items[] | select(.email == $email) | "\(.role) \(.state)"'; }

# ---- somebody new ---------------------------------------------------------------------------------------------------------------

is "nobody is signed in" "$(whoami ada)" "401 session.none"
begin ada "?return_to=https://app.example/start"
is "the browser is sent to the login page" "$status ${location%%\?*}" "303 https://login.example/in"
like "with where to come back to" "$location" "back=$here/sso/$connection/callback"
like "its cookie is of this host alone, over https, and for no script" "$(header set-cookie)" '^__Host-rosterd-browser=[A-Za-z0-9_-]{43}; Path=/; Secure; HttpOnly; SameSite=None'
finish ada u1 ada@acme.example yes staff
is "whoever has an address of a verified domain comes in, and goes where they wanted to" "$status $location" "303 https://app.example/start"
like "the cookie of the session is not sent along by other sites" "$(header set-cookie)" '^__Host-rosterd=rses_[A-Za-z0-9_-]{43}; Path=/; Secure; HttpOnly; SameSite=Lax$'
is "they are signed in" "$(whoami ada)" "200 ada@acme.example"
is "as a member with the role of their group" "$(member ada@acme.example)" "member active"
is "the audit has how they came" "$(query "SELECT string_agg(action, ' ' ORDER BY id) FROM audit WHERE action IN ('member.joined', 'session.began')")" \
	"member.joined session.began"
is "no cookie and no state stands in the database" "$(query "SELECT count(*) FROM sessions s, sign_ons a WHERE s::text || a::text LIKE '%rses_%'")" 0
unlike "nor in the log" "$(cat "$flow_dir/log")" "rses_|$state|ada@acme"

sign_on bob u2 bob@acme.example yes
is "without groups it is the default role" "$status $(member bob@acme.example)" "303 viewer active"
is "and the first of the addresses that are allowed" "$location" https://app.example/
sign_on eve u3 eve@acme.example no
is "an address that the provider does not vouch for lets nobody in" "$status $(why) $(member eve@acme.example)" "403 refused sso.unproven_address "
sign_on eve u3 eve@elsewhere.example yes
is "nor does one of another domain" "$status $(why)" "403 refused sso.unproven_address"
unlike "the person is told nothing of it" "$body" "domain|vouch|eve@"
sign_on eve u4 ada@acme.example no
is "nobody becomes another one by an address that they typed" "$status $(why) $(whoami eve)" "403 refused sso.unproven_address 401 session.none"
sign_on eve u4 ada@acme.example yes
is "nor by one that a second entry of the provider shows" "$status $(whoami eve)" "403 401 session.none"
like "which stands there to be decided" "$(refused acme/door)" "^u4 "

# ---- the same again ---------------------------------------------------------------------------------------------------------------

before=$(query "SELECT count(*) FROM runs")
sign_on ada u1 ada@acme.example yes staff
is "who is as we know them costs no run" "$status $(query "SELECT count(*) FROM runs")" "303 $before"
sign_on ada u1 ada@acme.example yes
is "nobody loses a role because no groups were said" "$status $(member ada@acme.example)" "303 member active"
sign_on ada u1 ada@acme.example yes staff,bosses
is "the first line of the mapping still counts" "$(member ada@acme.example)" "member active"
sign_on ada u1 ada@acme.example yes bosses
is "a role follows the groups that are said" "$(member ada@acme.example)" "admin active"
sign_on ada u1 ada@acme.example yes bosses
is "a browser has one session: the one before ends" "$(query "SELECT count(*) FROM sessions WHERE ended_at IS NULL")" 2

# ---- only what is proven is said to applications ------------------------------------------------------------------------------------

pam() { ask pam "$here/session"; echo "$status $(jq -c .email <<<"$body")"; }
sign_on pam u9 pam@acme.example yes
is "whoever came in by a proven address has it" "$(whoami pam)" "200 pam@acme.example"
sign_on pam u9 victim@other.example yes
is "an address of a domain that is not verified here is nobody's" "$(pam)" "200 null"
sign_on pam u9 bob@acme.example yes
is "nor is that of a colleague somebody else's" "$(pam)" "200 null"
is "which is still theirs" "$(sign_on bob u2 bob@acme.example yes; whoami bob)" "200 bob@acme.example"
sign_on pam u9 pam@acme.example yes
is "and their own is theirs again" "$(pam)" '200 "pam@acme.example"'

# ---- what is not as it must be ----------------------------------------------------------------------------------------------------

begin ada
old_state=$state old_nonce=$nonce
finish ada u1 ada@acme.example yes
is "an attempt is answered" "$status" 303
state=$old_state nonce=$old_nonce
finish ada u1 ada@acme.example yes
is "once" "$status $(why)" "403 refused sso.attempt"
begin ada
finish thief u1 ada@acme.example yes
is "and in the browser that began it" "$status $(why) $(whoami thief)" "403 refused sso.browser 401 session.none"
finish ada u1 ada@acme.example yes
is "which nobody else can spoil" "$status" 303
begin ada
state=$(tr 'A-Za-z' 'N-ZA-Mn-za-m' <<<"$state")
finish ada u1 ada@acme.example yes
is "a state that nobody was given is refused" "$status $(why)" "403 refused sso.attempt"
state=
finish ada u1 ada@acme.example yes
is "none at all is of no attempt, and the plug-in wants one" "$status $(why)" "403 refused plugin.denied"
begin ada
nonce=another
finish ada u1 ada@acme.example yes
is "what the plug-in refuses is refused" "$status $(why)" "403 refused plugin.denied"
id=$(trace)
begin ada
query "UPDATE sign_ons SET expires_at = now() - interval '1 second' WHERE outcome = 'begun'" >/dev/null
finish ada u1 ada@acme.example yes
is "an attempt has its time" "$status $(why)" "403 refused sso.attempt"
shown=$(curl -s --unix-socket "$socket" "http://x/v1/organisations/acme/sign-ons/$id")
is "an administrator sees what was looked at" "$(jq -r '[.trace.checks[] | "\(.check)=\(.passed)"] | join(" ")' <<<"$shown")" \
	"attempt=true browser=true connection=true signature=true nonce=false"
like "what came, and what to do" "$(jq -r '.trace.checks[-1] | "\(.received) \(.advice)"' <<<"$shown")" '^another begin again: '
like "as rosterctl tells it" "$(ctl sso explain "acme/$id" | tr -s " \n" " ")" "outcome refused why plugin.denied .* nonce no .* another begin again"
is "and what was refused lately" "$(ctl sso list acme --limit 2 --json | jq -r '[.items[].code] | join(" ")')" \
	"sso.attempt plugin.denied"

ask ada "$here/sso/$connection/begin?return_to=https://evil.example/"
is "nobody is sent elsewhere" "$status $(jq -r .code <<<"$body")" "400 sso.return_to"
for address in //evil.example '/\evil.example' 'https://app.example.evil.example/' 'https://app.example@evil.example/' 'https://docs.example/homes'; do
	ask ada -G --data-urlencode "return_to=$address" "$here/sso/$connection/begin"
	is "not by $address either" "$status" 400
done
begin ada "?return_to=https://docs.example/home%3Fa=1"
is "what is allowed is allowed with its query" "$status" 303
ask ada "$here/sso/01938f2a-0000-7000-8000-000000000001/begin"
is "a connection that there is not is not found" "$status" 404

# ---- who is let go ------------------------------------------------------------------------------------------------------------------

sign_on bob u2 bob@acme.example yes
is "bob is signed in" "$(whoami bob)" "200 bob@acme.example"
ctl member suspend acme bob@acme.example >/dev/null
is "whoever is suspended is out at once" "$(whoami bob)" "401 session.none"
is "their sessions have ended for good" "$(query "SELECT string_agg(DISTINCT ended_by, ' ') FROM sessions WHERE ended_by <> 'replaced'")" "state suspended"
sign_on bob u2 bob@acme.example yes staff
is "and they do not come in again, whatever the provider says" "$status $(why) $(member bob@acme.example)" "403 refused sso.not_active member suspended"
ctl member restore acme bob@acme.example >/dev/null
is "once they are back they sign on anew" "$(whoami bob)" "401 session.none"
sign_on bob u2 bob@acme.example yes
is "which works" "$(whoami bob)" "200 bob@acme.example"

# ---- what ends while somebody signs on ----------------------------------------------------------------------------------------------

# during SQL JAR ...: they come back while a transaction that has done this is open; it is committed once the sign-on waits for it, or is over
mkfifo "$flow_dir/sql"
during() {
	local sql=$1 pid server
	shift
	begin "$1"
	psql -q -X -A -t -h "$flow_dir/pg" -U postgres -d rosterd <"$flow_dir/sql" >"$flow_dir/sql.out" 2>&1 &
	server=$!
	exec 7>"$flow_dir/sql"
	echo "SET search_path = rosterd; BEGIN; $sql; SELECT 'open';" >&7
	for _ in $(seq 200); do grep -q open "$flow_dir/sql.out" && break; sleep 0.05; done
	finish "$@" &
	pid=$!
	for _ in $(seq 200); do
		[ "$(query "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" = 0 ] && kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	echo "COMMIT;" >&7
	exec 7>&-
	wait "$pid" "$server"
	body=$(cat "$flow_dir/body")
}
during "UPDATE members SET state = 'suspended', suspended_by = 'admin', suspended_at = now() WHERE email = 'bob@acme.example'" bob u2 bob@acme.example yes
is "whoever is suspended at that moment is not signed on" "$(why) $(whoami bob)" "refused sso.not_active 401 session.none"
ctl member restore acme bob@acme.example >/dev/null
is "nor has a session when they are back" "$(whoami bob)" "401 session.none"
sign_on bob u2 bob@acme.example yes
first=$connection connection=$(made brief)
during "UPDATE connections SET state = 'deleted', deleted_at = now(), purge_after = now() + interval '1 day' WHERE id = '$connection'" \
	kim k1 kim@acme.example yes
is "nor by a connection that is deleted at that moment" "$(why) $(whoami kim)$(member kim@acme.example)" "refused sso.closed 401 session.none"
connection=$(made long --set script="good_for_s 700000")
sign_on kim k1 kim@acme.example yes
is "what is good for longer than it is remembered is refused" "$(why) $(whoami kim)" "refused sso.good_too_long 401 session.none"
connection=$first

# ---- who is signed in is asked before another site signs them in elsewhere ----------------------------------------------------------

ctl org create Other --type enterprise --default-role viewer >/dev/null
ctl domain add other other.example >/dev/null
sign_on pam u9 pam@acme.example yes
cp "$flow_dir/jar.pam" "$flow_dir/jar.before"
connection=$(ctl connection create other example door --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
	--secret login_secret=@"$flow_dir/secret" --json | jq -r .id)
ask pam -H "Sec-Fetch-Site: cross-site" "$here/sso/$connection/begin?return_to=https://app.example/%3Fa&login_hint=x"
is "another site leads them to a page" "$status $location$(header set-cookie)" "200 "
link=$(sed -n 's/.*<a href="\([^"]*\)".*/\1/p' <<<"$body")
is "that goes on from here" "$(sed 's/&amp;/\&/g' <<<"$link")" "/sso/$connection/begin?return_to=https://app.example/%3Fa&login_hint=x"
is "nothing has changed" "$(pam)" '200 "pam@acme.example"'
ask eve -H "Sec-Fetch-Site: cross-site" "$here/sso/$connection/begin"
is "nobody else is asked" "$status" 303
begin pam
cp "$flow_dir/jar.pam" "$flow_dir/jar.both"
sed -i '/__Host-rosterd\t/d' "$flow_dir/jar.pam" # a provider's answer may come as the form of another site
finish pam o1 pam@other.example yes
is "if they mean it they are signed in there" "$(pam)" '200 "pam@other.example"'
is "and here not any more" "$(whoami before)" "401 session.none"
is "as the audit of this organisation says" "$(query "SELECT s.ended_by, a.actor_kind FROM sessions s JOIN audit a ON a.organisation = s.organisation
	AND a.target = s.id::text AND a.action = 'session.ended' WHERE s.organisation = (SELECT organisation FROM organisations WHERE slug = 'acme')
	ORDER BY a.id DESC LIMIT 1")" "replaced|daemon"
connection=$first

# ---- signing off --------------------------------------------------------------------------------------------------------------------

ask bob "$here/logout"
like "signing off is a form" "$body" '<form method="post" action="/logout">'
is "that runs no scripts and stands in no frame" "$(header content-security-policy)" \
	"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: http:"
ask bob -X POST -H "Origin: https://evil.example" "$here/logout"
is "another site signs nobody off" "$status $(whoami bob)" "403 200 bob@acme.example"
ask nobody -X POST -H "Origin: null" "$here/logout"
is "nor does one that hides take the cookie away" "$status$(header set-cookie)" 200
query "UPDATE organisations SET ip_allow_list = '{192.0.2.0/24}' WHERE slug = 'acme'"
becomes "who is where the organisation lets nobody is not signed in" "401 session.none" whoami bob
cp "$flow_dir/jar.bob" "$flow_dir/jar.outside"
ask outside -X POST -H "Origin: null" -H "Sec-Fetch-Site: same-origin" "$here/logout"
like "but can sign off" "$status $(header set-cookie)" '^303 __Host-rosterd=; .*Max-Age=0'
query "UPDATE organisations SET ip_allow_list = '{}' WHERE slug = 'acme'"
is "for good" "$(whoami bob)" "401 session.none"
sign_on bob u2 bob@acme.example yes
ask bob -X POST "$here/logout"
is "the provider is told" "$status $location" "303 https://login.example/in?logout=theirs"
is "and they are signed off" "$(whoami bob)" "401 session.none"

# ---- administrators -----------------------------------------------------------------------------------------------------------------

sign_on bob u2 bob@acme.example yes
is "the sessions of a member are listed" "$(ctl session list acme --member bob@acme.example --json | jq -r '[.items[].email] | join(" ")')" "bob@acme.example"
is "and ended" "$(ctl session end acme --member bob@acme.example) $(whoami bob)" '1 sessions have ended 401 session.none'
sign_on second u1 ada@acme.example yes
one=$(ctl session list acme --json | jq -r '.items[-1].id')
like "or one of them" "$(ctl session end acme "$one")" 'has ended$'
like "that is over" "$(ctl session end acme "$one" 2>&1)" 'there is no session '
is "ada is still in" "$(whoami ada)" "200 ada@acme.example"
like "all of the organisation are ended" "$(ctl session end acme --all --yes)" '^[1-9] sessions have ended'
is "so she is not any more" "$(whoami ada)" "401 session.none"
sign_on ada u1 ada@acme.example yes
query "UPDATE sessions SET seen_at = now() - interval '8 hours 1 second' WHERE ended_at IS NULL" >/dev/null
becomes "a session that nobody used for so long is over" "401 session.none" whoami ada
sign_on ada u1 ada@acme.example yes
query "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE ended_at IS NULL" >/dev/null
becomes "and so is one that has lasted long enough" "401 session.none" whoami ada

# ---- whoever knows nothing but their address ----------------------------------------------------------------------------------------

login() { ask "$1" --data-urlencode "email=$2" -d "return_to=https://app.example/start" "$here/login"; }
ask cat "$here/login"
like "the page asks for an address" "$body" '<label for="email">.*' 
unlike "and needs no script" "$body" '<script|style|onload|src='
login cat 'Cat+1@ACME.example'
is "the domain says by which connection" "$status $location" \
	"303 /sso/$connection/begin?login_hint=cat%2B1%40acme.example&return_to=https%3A%2F%2Fapp.example%2Fstart"
ask cat "$here$location"
is "which is begun with it" "$status ${location%%\?*}" "303 https://login.example/in"
login cat nobody.knows@acme.example
is "whoever it is" "$status" 303
login cat cat@elsewhere.example
is "a domain that is nobody's has no way in" "$status" 200
like "and is asked for a password of ours" "$body" '<form method="post" action="/login/password">'
login cat '"><script>@x'
unlike "nothing that was typed becomes part of the page" "$body" '<script'
ask cat "$here/login?organisation=acme"
is "or the organisation says by which" "$status $location" "303 /sso/$connection/begin"
ask cat -d email=cat@acme.example -d return_to=https://evil.example/ "$here/login"
is "nobody is sent elsewhere from here either" "$status" 400
second=$(made side)
login cat cat@acme.example
is "a connection that nobody has tried is no way in" "$status" 303
url=$(ctl sso test acme/side --json | jq -r .url)
first=$connection connection=$second
begin_test() { ask admin "$1"; state=$(sed -n 's/.*[?&]state=\([^&]*\).*/\1/p' <<<"$location") nonce=$(sed -n 's/.*[?&]nonce=\([^&]*\).*/\1/p' <<<"$location"); }
begin_test "$url"
finish admin t2 tess@elsewhere.example yes
is "a test tells who would be refused" "$status $(why) $(grep -c 'It was a test' "$flow_dir/body")" "403 refused sso.unproven_address 1"
begin_test "$url"
finish admin t1 tess@acme.example yes bosses
is "an administrator tries it" "$status $(grep -c 'It was a test' "$flow_dir/body")" "200 1"
is "and nobody is signed on by that, nor comes in" "$(whoami admin) $(member tess@acme.example)" "401 session.none "
is "it is kept what was looked at" "$(ctl sso list acme --limit 1 --json | jq -r '.items[0] | "\(.outcome) \(.test)"')" "tested true"
login cat cat@acme.example
is "from then on it is a way in" "$status $(grep -c '<li><a href="/sso/' "$flow_dir/body")" "200 2"
ask admin "${url%?}x"
is "a test that nobody has asked for is none" "$status $(jq -r .code <<<"$body")" "400 sso.test"
ask admin "${url/$second/$first}"
is "nor is one of another connection" "$status" 400

# ---- the directory of the same connection has the word ------------------------------------------------------------------------------

printf 'person: id=d1; user=dan; email=dan@acme.example\n' >"$flow_dir/people.txt"
connection=$(ctl connection create acme example people --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
	--secret login_secret=@"$flow_dir/secret" --json | jq -r .id)
sync >/dev/null
sign_on dan d1 dan@acme.example yes bosses
is "who is in the directory signs on, and a token gives them no role" "$status $(member dan@acme.example)" "303 viewer active"
sign_on new d2 new@acme.example yes
is "who is not in it does not" "$status $(why) $(member new@acme.example)" "403 refused sso.not_in_directory "
printf 'person: id=d1; user=dan; email=dan@acme.example\nperson: id=d2; user=new; email=new@acme.example\n' >"$flow_dir/people.txt"
ctl connection set acme/people --set directory=@"$flow_dir/people.txt" --secret login_secret=@"$flow_dir/secret" >/dev/null
sign_on new d2 new@acme.example yes
is "though it is asked about them" "$status $(why)" "403 refused sso.not_in_directory"
for _ in $(seq 300); do [ -n "$(member new@acme.example)" ] && break; sleep 0.05; done
sign_on new d2 new@acme.example yes
is "so that a moment later they are in" "$status $(whoami new)" "303 200 new@acme.example"
ctl connection set acme/people --state paused >/dev/null
is "a connection that is paused ends no session" "$(whoami new)" "200 new@acme.example"
begin dan
is "and signs nobody on" "$status $(why)" "403 refused sso.closed"
ctl connection set acme/people --state active >/dev/null
ctl connection delete acme/people --people suspend --yes >/dev/null 2>&1
is "one that is deleted ends them" "$(whoami new)" "401 session.none"

# ---- whom a directory lets go, a sign-on by another connection does not keep ---------------------------------------------------------

pushing=$(ctl connection create acme scim hr --precedence 200 --json)
push() { # push METHOD PATH [BODY]
	printf 'header = "Authorization: Bearer %s"\n' "$(jq -r .token <<<"$pushing")" >"$flow_dir/auth"
	curl -s --unix-socket "$socket" -K "$flow_dir/auth" -X "$1" ${3:+-H 'Content-Type: application/scim+json' --data-binary "$3"} \
		"http://localhost/scim/v2/$(jq -r .base_url <<<"$pushing" | sed 's/.*\///')$2"
}
pushed() { push POST /Users "{\"userName\":\"$1@acme.example\",\"active\":true,\"displayName\":\"$1\"}" | jq -r .id; }
switched() { push PATCH "/Users/$1" "{\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":$2}}]}" >/dev/null; }
until_member() { # until_member WORDS EMAIL STATE
	for _ in $(seq 400); do [ "$(member "$2")" = "$3" ] && break; sleep 0.05; done
	is "$1" "$(member "$2")" "$3"
}
state_word() { ctl member explain acme "$1" --json | jq -r --arg by "$2" '.words[] | select(.attribute == "state" and .source == $by) | "\(.value) \(.verdict)"'; }
connection=$first
fay=$(pushed fay)
until_member "a directory that pushes shows somebody" fay@acme.example "viewer active"
sign_on fay f1 fay@acme.example yes
is "who signs on by a connection that is older and comes first" "$status $(whoami fay)" "303 200 fay@acme.example"
is "and is still the directory's" "$(query "SELECT c.name FROM members m JOIN connections c ON c.id = m.connection WHERE m.email = 'fay@acme.example'")" hr
is "which alone has a word on their state" "$(state_word fay@acme.example door), $(state_word fay@acme.example hr)" "null silent, active leads"
switched "$fay" false
until_member "switched off there, they are suspended" fay@acme.example "viewer suspended"
is "and out" "$(whoami fay)" "401 session.none"
sign_on fay f1 fay@acme.example yes staff
is "and do not come in again, whatever the provider says" "$status $(why) $(member fay@acme.example | cut -d' ' -f2)" "403 refused sso.not_active suspended"
push DELETE "/Users/$fay" >/dev/null
for _ in $(seq 400); do [ "$(query "SELECT count(*) FROM accounts WHERE user_name = 'fay@acme.example' AND gone_at IS NOT NULL")" = 1 ] && break; sleep 0.05; done
is "nor does it help that they are deleted there afterwards" "$(member fay@acme.example | cut -d' ' -f2) $(whoami fay)" "suspended 401 session.none"
sign_on fay f1 fay@acme.example yes bosses
is "or that the provider says something else" "$status $(why) $(member fay@acme.example | cut -d' ' -f2)" "403 refused sso.not_active suspended"
is "nobody has a word on their state any more" "$(state_word fay@acme.example door), $(state_word fay@acme.example hr)" "null silent, suspended gone"
ctl member restore acme fay@acme.example >/dev/null 2>&1
sign_on fay f1 fay@acme.example yes staff
is "whom a person lets in, no sign-on suspends" "$(member fay@acme.example | cut -d' ' -f2)" active

sign_on gil g1 gil@acme.example yes staff
is "somebody signs on before their directory shows them" "$status $(member gil@acme.example)" "303 member active"
gil=$(pushed gil)
for _ in $(seq 400); do [ "$(query "SELECT count(*) FROM accounts a JOIN connections c ON c.id = a.connection WHERE c.name = 'hr' AND a.user_name = 'gil@acme.example'")" = 1 ] && break; sleep 0.05; done
is "and stays in once it does, with the role of their groups" "$(member gil@acme.example) $(whoami gil)" "member active 200 gil@acme.example"
push DELETE "/Users/$gil" >/dev/null
until_member "deleted there, they are suspended" gil@acme.example "member suspended"
is "and out at once" "$(whoami gil)" "401 session.none"
sign_on gil g1 gil@acme.example yes bosses
is "for good" "$status $(why) $(member gil@acme.example | cut -d' ' -f2)" "403 refused sso.not_active suspended"
sign_on hal g2 hal@acme.example yes staff
sign_on hal g2 hal@acme.example yes bosses
is "whom no directory knows, the sign-on has the word on" "$status $(member hal@acme.example) $(state_word hal@acme.example door)" "303 admin active active leads"

printf 'person: id=i1; user=ida; email=ida@acme.example\nperson: id=i2; user=jon; email=jon@acme.example\n' >"$flow_dir/people.txt"
both=$(ctl connection create acme example both --schedule never --set directory=@"$flow_dir/people.txt" --set login_url=https://login.example/in \
	--remove-share 100 --secret login_secret=@"$flow_dir/secret" --json | jq -r .id)
ctl sync run acme/both --wait >/dev/null
pushed ida >/dev/null
for _ in $(seq 400); do [ "$(query "SELECT count(*) FROM accounts WHERE user_name LIKE 'ida%'")" = 2 ] && break; sleep 0.05; done
connection=$both
sign_on ida i1 ida@acme.example yes
is "whom two directories show, signs on by one" "$status $(whoami ida)" "303 200 ida@acme.example"
shown() { # shown LINE: what the directory has from now on
	printf '%s\nperson: id=i2; user=jon; email=jon@acme.example\n' "$1" >"$flow_dir/people.txt"
	ctl connection set acme/both --set directory=@"$flow_dir/people.txt" --secret login_secret=@"$flow_dir/secret" >/dev/null
	ctl sync run acme/both --wait >/dev/null
}
shown 'person: id=i1; user=ida; email=ida@acme.example; suspended=yes'
ctl precedence set acme --rule state=hr >/dev/null
sign_on ida i1 ida@acme.example yes
is "not if that one has them switched off, though another has them active" "$status $(why) $(member ida@acme.example)" \
	"403 refused sso.not_in_directory viewer active"
shown '#'
sign_on ida i1 ida@acme.example yes
is "nor if it has lost them" "$status $(why) $(member ida@acme.example)" "403 refused sso.not_in_directory viewer active"

# ---- what is over is thrown away when a daemon sweeps, and nothing else -------------------------------------------------------------

query "UPDATE sign_ons SET began_at = began_at - interval '31 days' WHERE id = (SELECT id FROM sign_ons ORDER BY id LIMIT 1);
	UPDATE sessions SET ended_at = ended_at - interval '31 days' WHERE id = (SELECT id FROM sessions WHERE ended_at IS NOT NULL ORDER BY id LIMIT 1);
	INSERT INTO sign_on_marks SELECT organisation, connection, sha256('over'), now() - interval '1 second' FROM sign_ons LIMIT 1"
left() { query "SELECT (SELECT count(*) FROM sign_ons) || ' ' || (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM sign_on_marks)"; }
read -r attempts sessions marks <<<"$(left)"
flow_kill TERM
flow_daemon
wanted="$((attempts - 1)) $((sessions - 1)) $((marks - 1))"
for _ in $(seq 200); do [ "$(left)" = "$wanted" ] && break; sleep 0.05; done
is "an attempt, a session and a mark are gone, and the others are there" "$(left)" "$wanted"
done_testing
