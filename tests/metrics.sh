#!/bin/sh
# The table of figures, docs/metrics.md, the dashboard and the alert rules name the same figures, with the same type, labels and
# words; what rules and dashboard select by has the labels that they say.
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/tap.sh"

table=$("$BUILDDIR/tests/unit/base/metric_list")
ok "there are figures" test "$(printf '%s\n' "$table" | wc -l)" -ge 40

documented=$(awk -F ' *[|] *' '/^\| `(rosterd|process)_/ { gsub(/`/, ""); gsub(/, /, ",", $4); print $2 "\t" $3 "\t" $4 "\t" $5 }' \
	"$SRCDIR/docs/metrics.md")
is "docs/metrics.md tells of each as the table does" "$(printf '%s\n' "$documented" | sort)" "$(printf '%s\n' "$table" | sort)"

# Every name that there is to select, a line each: a histogram has three, none of them the bare one.
names=$(printf '%s\n' "$table" | awk -F '\t' '
	$2 == "histogram" { print $1 "_bucket"; print $1 "_sum"; print $1 "_count"; next } { print $1 }')

# Names and labels in PromQL texts on standard input: "NAME" or "NAME LABEL".
selected() {
	grep -oE '\b(rosterd|process)_[a-z_]+(\{[^}]*\})?' | awk '{
		split($0, part, "{"); print part[1]
		n = split(part[2], pair, ",")
		for (i = 1; i <= n; i++) if (match(pair[i], /^ *[a-z_]+/)) { label = substr(pair[i], RSTART, RLENGTH); gsub(/ /, "", label); print part[1], label }
	}' | sort -u
}
labels_of() { # labels_of NAME
	printf '%s\n' "$table" | awk -F '\t' -v name="$1" '
		name == $1 || ($2 == "histogram" && (name == $1 "_bucket" || name == $1 "_sum" || name == $1 "_count")) { print $3 ",job,instance,le" }'
}
check() { # check WORDS PROMQL...: every name and label of it is one of ours
	words=$1
	printf '%s\n' "$2" | selected >"$list"
	ok "$words: figures are named" test -s "$list"
	is "$words: each figure exists" "$(awk '{ print $1 }' "$list" | sort -u | while read -r name; do
		printf '%s\n' "$names" | grep -qx "$name" || echo "$name"
	done)" ""
	is "$words: each label exists" "$(awk 'NF == 2' "$list" | while read -r name label; do
		labels_of "$name" | tr , '\n' | grep -qx "$label" || echo "$name{$label}"
	done)" ""
}
list=$(mktemp) || exit 2
trap 'rm -f "$list"' EXIT

rules=$SRCDIR/etc/prometheus/rosterd.rules.yml
check "the alert rules" "$(grep -v '^ *#' "$rules")"
dashboard=$SRCDIR/etc/grafana/rosterd.json
ok "the dashboard is JSON" jq -e . "$dashboard"
check "the dashboard" "$(jq -r '.. | .expr? // empty' "$dashboard")"
is "the dashboard shows each figure, but for when something last was and what the system itself shows" "$(printf '%s\n' "$table" | cut -f1 | grep -vE '^process_|_timestamp_seconds$' |
	while read -r name; do grep -qE "\b${name}(_bucket|_sum|_count)?\b" "$dashboard" || echo "$name"; done)" ""
is "no two panels of the dashboard have one id" "$(jq -r '.panels[].id' "$dashboard" | sort | uniq -d)" ""
is "each panel asks something" "$(jq -r '.panels[] | select(.type != "row") | select((.targets // []) | length == 0) | .title' "$dashboard")" ""

# A rule is whole: a name, an expression, how long, how bad, and words for whoever is woken.
alerts=$(grep -c '^ *- alert:' "$rules")
ok "there are alerts ($alerts)" test "$alerts" -ge 8
for part in expr for severity summary description; do
	is "each alert has its $part" "$(grep -cE "^ +$part:" "$rules")" "$alerts"
done
is "no two alerts have one name" "$(sed -n 's/^ *- alert: //p' "$rules" | sort | uniq -d)" ""
for alert in HeldRun FailingSync OverdueSync DatabaseDown PoolExhausted ChildCrashes ExpiringTokens AbsentOwner; do
	ok "there is an alert Rosterd$alert" grep -q "^ *- alert: Rosterd$alert\$" "$rules"
done
if command -v promtool >/dev/null; then
	ok "promtool takes the rules" promtool check rules "$rules"
else
	skip "promtool takes the rules" "there is no promtool here (Debian's package prometheus has it)"
fi
done_testing
