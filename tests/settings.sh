#!/bin/sh
# Each setting of the tables stands in the sample and in the manual, with the same default, and the reverse.
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/tap.sh"

# What a file of ours has, as the table prints it: "SECTION.NAME = DEFAULT".
from_sample() {
	sed -E 's/^(\t*)#([a-z_]+ = )/\1\2/; s/[[:space:]]+#.*//' "$1" | awk '
		/^[ \t]*[a-z_]+( [a-z]+)? \{$/ { section = $1 "."; inside[++depth] = section; next }
		/^[ \t]*\}$/ { depth--; section = depth ? inside[depth] : ""; next }
		/^[ \t]*[a-z_]+ = / && section !~ /^(settings|roles|attributes)\.$/ {
			name = $1; sub(/^[^=]*= /, ""); gsub(/[{}"] ?/, ""); sub(/ +$/, "")
			print section name " = " $0
		}'
}
# The manual has ".It Cm NAME = DEFAULT" below ".Ss SECTION".
from_manual() { # from_manual HEADING
	awk -v heading="$1" '
		/^\.Sh / { here = index($0, heading) > 0; section = "" }
		here && /^\.Ss / { section = $NF; section = section == "top" ? "" : section "." }
		here && /^\.It Cm / { sub(/^\.It Cm /, ""); gsub(/\\&/, ""); gsub(/"/, ""); print section $0 }' \
		"$SRCDIR/docs/rosterd.conf.5"
}
# What depends on the place of installation, or has no default, is compared by name alone.
comparable() {
	awk 'NR == FNR { if (/\((none|built in)\)$/) open[$1]; next } $1 in open { print $1 " = *"; next } { print }' \
		"$1" - | sort
}

table=$(mktemp) || exit 2
trap 'rm -f "$table"' EXIT
for file in rosterd.conf organisation; do
	"$BUILDDIR/tests/unit/config/list" | sed -n "s/^$file //p" >"$table"
	ok "there are settings of $file" test "$(wc -l <"$table")" -ge 5
	wanted=$(comparable "$table" <"$table")
	case $file in
	rosterd.conf) sample=etc/rosterd.conf heading=SETTINGS ;;
	organisation) sample=etc/orgs.d/acme.conf.sample heading=ORGANISATIONS ;;
	esac
	is "$sample has the settings and defaults of the table" \
		"$(from_sample "$SRCDIR/$sample" | comparable "$table")" "$wanted"
	is "rosterd.conf(5) has the settings and defaults of the table ($file)" \
		"$(from_manual $heading | comparable "$table")" "$wanted"
done

waits_in_manual() {
	awk '/^\.Sh / { here = /SETTINGS/; section = "" }
		here && /^\.Ss / { section = $NF == "top" ? "" : $NF "." }
		here && /^\.It Cm / { name = section $3 }
		here && /^A change waits for a restart\.$/ { print name }' "$SRCDIR/docs/rosterd.conf.5"
}
is "rosterd.conf(5) tells which settings wait for a restart" "$(waits_in_manual | sort)" "$("$BUILDDIR/tests/unit/config/list" restart | sort)"
done_testing
