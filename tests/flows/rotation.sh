#!/bin/bash
# Tokens that take one another's place: two count for a while, never three.
. "$SRCDIR/tests/flows/flow.sh"
flow_start
ctl org create Acme --type enterprise >/dev/null
ctl org create Other --type enterprise >/dev/null
token() { (umask 077; ctl "$@" 2>"$flow_dir/err" >"$flow_dir/$name"); }
who() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/$1" whoami --json 2>/dev/null | jq -r .role || true; }
newest() { query "SELECT id FROM tokens WHERE name = '$1' ORDER BY id DESC LIMIT 1"; }

name=one token token create ci --organisation acme --role viewer --expires 30d
one=$(newest ci)
name=two token token rotate "$one" --organisation acme --overlap 1h
two=$(newest ci)
is "two count, with the same role" "$(who one) $(who two)" "viewer viewer"
is "the new one lives as long as the old one was to" "$(query "SELECT round(extract(epoch FROM expires_at - created_at) / 86400) FROM tokens WHERE id = '$two'")" 30
is "the old one ends with the overlap" "$(query "SELECT expires_at BETWEEN now() + interval '50 minutes' AND now() + interval '1 hour' FROM tokens WHERE id = '$one'")" t
like "who has been replaced is not replaced again" "$(ctl token rotate "$one" --organisation acme 2>&1)" "rotated already; the one in its place is $two"
name=three token token rotate "$two" --organisation acme
is "never more than two" "$(who one) $(who two) $(who three)" " viewer viewer"
three=$(newest ci)
name=four token token rotate "$three" --organisation acme --overlap 0s
is "without an overlap one alone" "$(who two) $(who three) $(who four)" "  viewer"
four=$(newest ci)
is "each rotation has its entry" "$(ctl audit list acme --action token.rotated --json | jq -r '[.items[].target] | length, .[0]' | tr '\n' ' ')" "3 $three "

like "an overlap that is none" "$(ctl token rotate "$four" --organisation acme --overlap soon 2>&1)" '"overlap" is "soon"; a time such as "1h" is expected, at most 30d'
like "nor one that is too long" "$(ctl token rotate "$four" --organisation acme --overlap 31d 2>&1)" 'at most 30d'
like "one of another organisation is not there" "$(ctl token rotate "$four" --organisation other 2>&1)" 'there is no token'
like "what has ended cannot be rotated" "$(ctl token rotate "$one" --organisation acme 2>&1)" 'revoked or expired, which is final'
like "who may not make tokens may not rotate them" "$("$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/four" token rotate "$four" \
	--organisation acme 2>&1)" 'may not|not allowed|cannot'
is "and nothing was made" "$(newest ci)" "$four"

moment "UPDATE ON tokens FOR EACH ROW WHEN (NEW.revoked_at IS NOT NULL)"
ctl token revoke "$four" --organisation acme >/dev/null 2>&1 &
revoking=$!
moment_wait
ctl token rotate "$four" --organisation acme >"$flow_dir/five" 2>&1 &
rotating=$!
moment_count "wait_event_type = 'Lock' AND wait_event <> 'advisory'"
moment_over
wait "$revoking" "$rotating"
like "what is being revoked at the same moment has no successor" "$(cat "$flow_dir/five")" 'revoked or expired, which is final'
is "and none was made" "$(newest ci)" "$four"

# ---- revoked with what it made of itself
as() { "$BUILDDIR/rosterctl/rosterctl" --socket "$socket" --token-file "$flow_dir/$1" "${@:2}"; }
counts_of() { query "SELECT string_agg(name, ' ' ORDER BY name) FROM tokens WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AND name LIKE '$1%'"; }
name=s1 token token create stolen --organisation acme --role admin
s1=$(newest stolen)
as s1 token create stolen-other --organisation acme --role viewer >/dev/null 2>&1
(umask 077; as s1 token rotate "$s1" --organisation acme --overlap 30d >"$flow_dir/s2" 2>/dev/null)
s2=$(newest stolen)
(umask 077; as s2 token rotate "$s2" --organisation acme --overlap 30d >"$flow_dir/s3" 2>/dev/null)
s3=$(newest stolen)
is "a thief has made three of one, of which two count, and another" "$(who s2) $(who s3) $(counts_of stolen)" "admin admin stolen stolen stolen-other"
said=$(ctl token revoke "$s1" --organisation acme 2>&1)
is "revoking the first ends those that took its place by its own word" "$(who s1)$(who s2)$(who s3)" ""
like "and says which" "$said" "revoked as well.*$s2"
like "all of them" "$said" "$s3"
like "and what else was made with it and still counts" "$said" "made with it.*stolen-other"
is "which is left" "$(counts_of stolen)" "stolen-other"
is "each has its entry" "$(ctl audit list acme --action token.revoked --json | jq -r '.items[].target' | grep -cE "$s1|$s2|$s3")" 3
is "and so has why" "$(ctl audit list acme --action token.revoked --json | jq -r ".items[] | select(.target == \"$s3\") | .after.because" | grep -c "$s1")" 1

name=k1 token token create kept --organisation acme --role viewer
k1=$(newest kept)
name=k2 token token rotate "$k1" --organisation acme
ctl token revoke "$k1" --organisation acme >/dev/null 2>&1
is "one that somebody else rotated leaves its successor" "$(who k1) $(who k2)" " viewer"
name=w1 token token create wanted --organisation acme --role admin
w1=$(newest wanted)
(umask 077; as w1 token rotate "$w1" --organisation acme >"$flow_dir/w2" 2>/dev/null)
ctl token revoke "$w1" --organisation acme --keep-successors >/dev/null 2>&1
is "and so does one whose successors are to be kept" "$(who w1) $(who w2)" " admin"

name=op token token create monitor
name=op2 token token rotate "$(newest monitor)"
is "the operator's as well" "$(who op) $(who op2)" "operator operator"
done_testing
