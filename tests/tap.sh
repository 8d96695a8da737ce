# Shell tests speak TAP: source this, call ok/is/like, end with done_testing.
tap_count=0 tap_failed=0
pass() { tap_count=$((tap_count + 1)); echo "ok $tap_count - $*"; }
fail() { tap_count=$((tap_count + 1)); tap_failed=$((tap_failed + 1)); echo "not ok $tap_count - $*"; }
skip() { tap_count=$((tap_count + 1)); echo "ok $tap_count - $1 # SKIP $2"; }
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
# ok NAME COMMAND...: the command succeeds
ok() { local name=$1 out; shift; if out=$("$@" 2>&1); then pass "$name"; else fail "$name"; diag "$out"; fi; }
# is NAME GOT WANTED
is() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1"; diag "got:    $2"; diag "wanted: $3"; fi; }
# like NAME TEXT REGEX (extended)
like() { if printf '%s' "$2" | grep -qE -- "$3"; then pass "$1"; else fail "$1"; diag "got: $2"; diag "no match for: $3"; fi; }
unlike() { if printf '%s' "$2" | grep -qE -- "$3"; then fail "$1"; diag "got: $2"; diag "matches: $3"; else pass "$1"; fi; }
done_testing() { echo "1..$tap_count"; [ "$tap_failed" = 0 ]; }
