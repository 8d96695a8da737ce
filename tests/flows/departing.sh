# What the tests of departures share: four people, of whom two are admins by their group, and who of them counts. Source it.
. "$SRCDIR/tests/flows/flow.sh"

ada='person: id=u1; user=ada; email=ada@acme.example; name=Ada'
bob='person: id=u2; user=bob; email=bob@acme.example; name=Bob'
cyd='person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd'
dan='person: id=u4; user=dan; email=dan@acme.example; name=Dan'
admins='group: id=g1; name=Admins
member: group=g1; member=u1
member: group=g1; member=u2'
everybody="$ada
$bob
$cyd
$dan
$admins"
but() { grep -v "id=$1;\|member=$1\$" <<<"$everybody"; }

token() { (umask 077; ctl token create "$1" --organisation acme "${@:2}" 2>/dev/null >"$flow_dir/$1"); }
as() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/$1" "${@:2}"; }
counts_now() { for t; do as "$t" whoami >/dev/null 2>&1 && printf '%s ' "$t"; done; }
id_of() { query "SELECT id FROM tokens WHERE name = '$1' ORDER BY id DESC LIMIT 1"; }
member() { query "SELECT user_id FROM members WHERE email = '$1@acme.example'"; }
shown() { ctl member show acme "$1@acme.example" --json | jq -r "$2"; }
# pass_grace USER: their grace time is over; left USER: until the sweep has let them go
pass_grace() { query "UPDATE members SET grace_until = now() - interval '1 second' WHERE user_id = '$1'"; }
left() { for _ in $(seq 200); do [ "$(query "SELECT state FROM members WHERE user_id = '$1'")" = left ] && return 0; sleep 0.1; done; return 1; }
