#!/bin/sh
# Every migration of schema/ is installed (one that is not listed would be missing on every machine but ours) and is as it was when
# it landed: a database that has applied it refuses a daemon that brings another text under the same number.
. "${SRCDIR:-.}/tests/tap.sh"
schema="${SRCDIR:-.}/schema"

# as_landed FILE: a change belongs into a new file; a new file's line comes with it (cd schema && sha256sum FILE >>landed.sha256)
as_landed()
{
	(cd "$schema" && grep " $1\$" landed.sha256 | sha256sum --check --strict --quiet)
}

for file in "$schema"/*.sql; do
	name=$(basename "$file")
	ok "schema/$name is listed in schema/Makefile.inc" grep -qE "^[[:space:]]schema/$name( |\$)" "$schema/Makefile.inc"
	case $name in
	[0-9]*) ok "schema/$name is as it landed, by schema/landed.sha256" as_landed "$name" ;;
	esac
done
ok "nothing in schema/landed.sha256 is missing" sh -c 'cd "$1" && sha256sum --check --strict --quiet landed.sha256' - "$schema"
done_testing
