#!/bin/bash
# A reading of what changed that says who is left: whoever is not among them is gone by the same proof as in a listing of all. They are asked for
# by key, and a loss is held against what was proved before; what is not proven leaves people and the place where they are.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/increments_server.sh"
flow_start

lines='person: id=u1; user=ada; email=ada@acme.example; name=Ada; at=1
person: id=u2; user=bob; email=bob@acme.example; name=Bob; at=1
person: id=u3; user=cyd; email=cyd@acme.example; name=Cyd; at=1
person: id=u4; user=dan; email=dan@acme.example; name=Dan; at=1
group: id=g1; name=Engineers; at=1
member: group=g1; member=u1; at=1'
# shows MARK WHO [SED]: the directory, whose mark is MARK and which says that we are WHO
shows() { serve "proof: name=change; evidence=later; value=people $1
proof: name=rights; evidence=same; value=$2
$lines" "${3:-}"; }
changed() { sync --scope changed; }
ended() { jq -r '.state + " " + .scope + " " + (if .whole then "whole" elif .whole == false then "incomplete" else "-" end)' <<<"$1"; }
part() { jq -r --arg part "$1" '.proof_parts[] | select(.part == $part) | .state + ": " + .words' <<<"$run"; }
active() { roster | grep ' active$' | cut -d' ' -f 1 | paste -sd' '; }
place() { query "SELECT encode(cursor, 'escape') FROM readings"; }

shows 001 us
acme_served --set script=present --remove-most 100
is "a listing of all" "$(ended "$(sync)")" "done all whole"
run=$(changed)
is "nothing changed: whoever is left is here" "$(ended "$run") $(counts <<<"$run")" "done changed whole "
is "it says how it knows" "$(jq -r '[.proof_parts[] | "\(.part): \(.state)"] | join(", ")' <<<"$run")" "change: held, rights: held, asked again: held"

# ---- who is there when asked for
shows 002 us 's/^\(person: id=u2.*\)/\1; hidden=yes/'
before=$(place)
run=$(changed)
is "somebody is left out who is there: nobody goes" "$(ended "$run") $(active)" "done changed incomplete ada bob cyd dan"
like "it says so" "$(part "asked again")" '^missing: 1 person that the listing did not show is there when asked for by key \(of 1 asked for\)'
is "the place stays" "$(place)" "$before"
shows 003 us 's/^\(group: id=g1.*\)/\1; hidden=yes/'
run=$(changed)
is "a group is left out that is there: it stays" "$(ended "$run") $(query "SELECT count(*) FROM groups")" "done changed incomplete 1"
shows 003 us '/id=u2/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/;s/^\(person: id=u3.*\)/\1; hidden=yes/'
run=$(changed)
is "one is gone and one is left out: neither goes, and what is told is taken" "$(ended "$run") $(active) $(counts <<<"$run")" \
	"done changed incomplete ada bob cyd dan member.updated=1"

# ---- against what was proved
shows 003 us '/id=u2/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
run=$(changed)
is "who is really gone goes" "$(ended "$run") $(counts <<<"$run") $(active)" "done changed whole member.suspended=1 ada cyd dan"
shows 003 us '/id=u[23]/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
before=$(place)
run=$(changed)
is "one more is not shown, and the directory has not changed since that reading" "$(ended "$run") $(active)" "done changed incomplete ada cyd dan"
like "it says so" "$(part change)" '^missing: 1 person is no longer shown, but the directory has not changed since'
is "the place stays" "$(place)" "$before"
shows 004 others '/id=u[23]/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
run=$(changed)
is "to somebody else than before nobody is gone" "$(ended "$run") $(active)" "done changed incomplete ada cyd dan"
like "it says so" "$(part rights)" '^missing: .*it was us when'
serve "$lines" '/id=u[23]/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
run=$(changed)
is "of a directory that tells neither, the question by key and the guard are what stands" "$(ended "$run") $(active)" "done changed whole ada dan"
shows 004 us '/id=u2/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
is "back in a listing of all, one is back" "$(ended "$(sync)") $(active)" "done all whole ada cyd dan"
shows 005 us '/id=u[23]/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
run=$(changed)
is "with the mark moved and the rights of before, one goes" "$(ended "$run") $(active)" "done changed whole ada dan"

# ---- a listing of all finds what readings of changes have missed
shows 005 us '/id=u[234]/d;s/name=Ada;/name=Ada King;/;s/\(id=u1.*\)at=1/\1at=5/'
is "what a reading proved is not what a listing of all is held against" "$(ended "$(sync)") $(active)" "done all whole ada"
shows 006 us 's/^person: id=u1.*/gone: id=u1; at=9/;/person/d'
run=$(changed)
is "the guard is the same" "$(ended "$run") $(jq -r .held_reason <<<"$run" | grep -o '^the directory showed nobody at all')" \
	"held changed whole the directory showed nobody at all"
done_testing
