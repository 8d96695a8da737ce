#!/bin/bash
# Bad days of a directory at random: one misbehaviour or two at once, anywhere in a listing, drawn by a seed, while people really come and
# go. Whoever is still there loses nothing, whatever the mix, and a healthy run afterwards makes the roster what the directory is.
#
# BAD_DAYS: how many (among the tests eight; in the torture a hundred a round). BAD_DAYS_SEED: which.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/flows/ldap_server.sh"
. "$SRCDIR/tests/flows/misbehaving.sh"
days=${BAD_DAYS:-$((${TORTURE_ROUNDS:-0} * 100 + 8))}
RANDOM=${BAD_DAYS_SEED:-1}

page() { echo $((1 + RANDOM % 8)); }
one() { # one of what may go wrong
	case $((RANDOM % 24)) in
	0) echo "empty $(page)" ;;
	1) echo "short $(page)" ;;
	2) echo "uncontrolled $(page)" ;;
	3) echo "limit $((RANDOM % 330)) $((RANDOM % 2 ? 4 : RANDOM % 2 ? 3 : 11))" ;;
	4) local codes=(1 2 3 4 10 11 12 32 50 51 52 53 80); echo "result $(page) ${codes[RANDOM % 13]}" ;;
	5) echo "references $(page) $((1 + RANDOM % 3))" ;;
	6) echo "lose $(page) $((2 + RANDOM % 60))" ;;
	7) echo "hide $RANDOM $((2 + RANDOM % 5))" ;;
	8) echo "twice $(page)" ;;
	9) echo "again $(page)" ;;
	10) echo "same_cookie $(page)" ;;
	11) echo "ring $(page)" ;;
	12) echo "wrong_id $(page)" ;;
	13) echo "other_id $(page)" ;;
	14) echo "cut $(page)" ;;
	15) echo "cut_inside $(page)" ;;
	16 | 17 | 18) echo "cut_byte $((RANDOM * 4 % 130000))" ;;
	19) echo "reset_byte $((RANDOM * 4 % 130000))" ;;
	20) echo "delay $(page) $((RANDOM % 400))" ;;
	21) echo "garbage $(page) $((1 + RANDOM % 300))" ;;
	22) echo "nested $(page)" ;;
	23) echo "clock $(page) $((RANDOM % 60 - 30))" ;;
	esac
}
wrong=0 diverged=0
for n in $(seq "$days"); do
	a_day_passes
	rules=$(one)
	[ $((RANDOM % 3)) != 0 ] || rules="$rules
$(one)"
	printf '%s\n' "$rules" >"$script"
	look before
	run=$(sync)
	look have
	gone=$(wrongly_gone)
	if [ -n "$gone" ]; then
		wrong=$((wrong + 1))
		diag "day $n, $(xargs <<<"$rules"): $(ended "$run"): $(head -n 5 <<<"$gone" | xargs): $(words "$run")"
	fi
	[ "$(jq -r .state <<<"$run")" != held ] || ctl sync drop "acme/$(jq -r .id <<<"$run")" >/dev/null
	: >"$script"
	run=$(sync)
	look have
	if [ "$(ended "$run")" != "done whole" ] || ! cmp -s <(grep -v '^name' "$flow_dir/truth") <(grep -v '^name' "$flow_dir/have"); then
		diverged=$((diverged + 1))
		diag "day $n, after $(xargs <<<"$rules"): $(ended "$run"): $(words "$run")"
	fi
done
is "$days days: somebody or something was gone that is there" "$wrong" 0
is "$days days: the run afterwards did not make it right" "$diverged" 0
done_testing
