#!/bin/sh
# What is shipped was hardened: position-independent, read-only after relocation, no stack or page that can be written and
# executed, guards on the stack, checked copies, landing pads, and no path of the machine that built it.
# Usage: tests/hardened.sh BUILD-FOLDER, of a build without sanitizers
cd "$1" || exit 2
status=0

wrong() { echo "$*"; status=1; }
shows() { # shows WORDS PATTERN READELF-OPTIONS...: of $file
	words=$1 pattern=$2
	shift 2
	LC_ALL=C readelf -W "$@" "$file" 2>/dev/null | grep -qE "$pattern" || wrong "$file: $words"
}
hides() {
	words=$1 pattern=$2
	shift 2
	if LC_ALL=C readelf -W "$@" "$file" 2>/dev/null | grep -qE "$pattern"; then wrong "$file: $words"; fi
}
look() {
	shows "is not position-independent" 'Type:.* DYN ' --file-header
	shows "has no part that is read-only after relocation" 'GNU_RELRO' --segments
	shows "binds its symbols late" 'FLAGS.* NOW|BIND_NOW' --dynamic
	shows "says nothing of its stack" 'GNU_STACK .* RW ' --segments
	hides "has a segment that can be written and executed" '(LOAD|GNU_STACK) .* RWE ' --segments
	hides "names a path to look for libraries" 'RPATH|RUNPATH' --dynamic
	shows "has no guards on its stack" '__stack_chk_fail' --dyn-syms
	shows "has no checked copies (_FORTIFY_SOURCE)" '__[a-z]+_chk' --dyn-syms
}

plugins=$(ls plugins/*.so 2>/dev/null) || wrong "there are no plug-ins in $1"
for name in rosterd rosterd-connector rosterctl/rosterctl; do
	file=$name
	# libtool may have left a script in its place
	[ ! -x "$(dirname "$name")/.libs/$(basename "$name")" ] || file=$(dirname "$name")/.libs/$(basename "$name")
	[ -x "$file" ] || { wrong "there is no $file in $1"; continue; }
	look
	shows "is no position-independent program" 'FLAGS_1.* PIE' --dynamic
done
for file in $plugins; do look; done

# The C library's own first instructions have no landing pads, so the linker takes the mark off the whole; ours have it.
case $(uname -m) in
x86_64)
	for file in $(find daemon connectors rosterctl -name '*.o' ! -path '*/tests/*'); do
		shows "was built without landing pads (-fcf-protection)" 'IBT, SHSTK' --notes
	done
	;;
esac
exit $status
