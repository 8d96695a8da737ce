#!/bin/sh
# Every migration of schema/ is installed: one that is not listed would be missing on every machine but ours.
. "${SRCDIR:-.}/tests/tap.sh"
for file in "${SRCDIR:-.}"/schema/*.sql; do
	name=schema/$(basename "$file")
	ok "$name is listed in schema/Makefile.inc" grep -qE "^[[:space:]]$name( |\$)" "${SRCDIR:-.}/schema/Makefile.inc"
done
done_testing
