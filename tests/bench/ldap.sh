#!/bin/sh
# The bench figure ldap-read: everything of a directory read through plug-in, child and wire into nothing, against ldapsearch with the
# same attributes and pages into nothing. They take turns; the figure is the median of the ratios.
#
#   tests/bench/ldap.sh [PEOPLE [ROUNDS]]       100000 people and 5 rounds by default; the goal is 1.3
#
# Environment: SRCDIR, BUILDDIR; SLAPD_DIRECTORY, a directory of slapd.sh that runs already (it is left running).
set -eu
export LC_ALL=C
people=${1:-100000} rounds=${2:-5} goal=1.3
source=${SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)} build=${BUILDDIR:-.}
work=$(mktemp -d)
server=${SLAPD_DIRECTORY:-$work/slapd}

tidy() {
	[ -n "${SLAPD_DIRECTORY:-}" ] || sh "$source/tests/peers/slapd.sh" stop "$server" || true
	rm -rf "$work"
}
trap tidy EXIT
[ -n "${SLAPD_DIRECTORY:-}" ] || sh "$source/tests/peers/slapd.sh" start "$server" "$people" 0
# shellcheck disable=SC1091
. "$server/env"

# Over TLS, as it is used. The attributes are those that the plug-in asks for by default.
by_search() {
	LDAPTLS_CACERT=$SLAPD_CA ldapsearch -x -LLL -H "$SLAPD_LDAPS" -D "$SLAPD_BIND_DN" -w "$SLAPD_BIND_PASSWORD" \
		-b "$SLAPD_USER_BASE" -E pr=1000/noprompt '(objectClass=inetOrgPerson)' entryUUID entryCSN uid mail givenName sn displayName cn \
		>/dev/null 2>&1
}

by_plugin() {
	BUILDDIR=$build "$build/tests/bench/drain" ldap url="$SLAPD_LDAPS" ca_certificate=@"$SLAPD_CA" bind_dn="$SLAPD_BIND_DN" \
		bind_password="$SLAPD_BIND_PASSWORD" user_base="$SLAPD_USER_BASE" >"$work/drained"
	grep -q "^people $SLAPD_PEOPLE .* whole: " "$work/drained" || {
		cat "$work/drained" >&2
		exit 1
	}
}

milliseconds() { # milliseconds COMMAND
	from=$(date +%s%N)
	"$@"
	echo $((($(date +%s%N) - from) / 1000000))
}

by_search # both warm
by_plugin
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	search=$(milliseconds by_search)
	plugin=$(milliseconds by_plugin)
	echo "# round $round: ldapsearch $search ms, plug-in $plugin ms" >&2
	echo "$plugin $search" >>"$work/rounds"
done
awk -v goal=$goal '{ print $1 / $2 }' "$work/rounds" | sort -n | awk -v goal=$goal '
	{ ratio[NR] = $1 }
	END {
		median = NR % 2 ? ratio[(NR + 1) / 2] : (ratio[NR / 2] + ratio[NR / 2 + 1]) / 2
		printf "ldap-read %.2f %s %s\n", median, goal, median <= goal ? "ok" : "short"
	}'
