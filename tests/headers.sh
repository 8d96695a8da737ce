#!/bin/sh
# Each header compiles alone.  Usage: tests/headers.sh BUILD-FOLDER
cd "$(dirname "$0")/.." || exit 2
build=$1 status=0
[ -e "$build/platform.h" ] || { echo "there is no platform.h in $build; configure it first"; exit 2; }
setting() { make -s -C "$build" --eval="print-it: ; @echo \$($1)" print-it | tail -n 1; } # what make may have to configure anew says so first
cc=$(setting CC) libraries=$(setting 'PQ_CFLAGS) $(CONFIG_CFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS) $(LDAP_CFLAGS) $(XML_CFLAGS')

alone() { # alone HEADER
	echo "#include \"$1\"" | $cc -x c -std=gnu17 -fsyntax-only -Wall -Wextra -Werror \
		-I"$build" -I. -Idaemon -Iconnectors -Itests $libraries - || { echo "$1 does not compile alone"; status=1; }
}

headers=$(find daemon connectors rosterctl tests -name '*.h' | sort)
[ -n "$headers" ] || { echo "there are no headers"; exit 2; }
for header in $headers; do alone "$header"; done
exit $status
