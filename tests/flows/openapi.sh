#!/bin/sh
# schema/openapi.yaml and the daemon's table of addresses say the same: methods, paths and query parameters, both ways.
. "${SRCDIR:-.}/tests/tap.sh"

# The file's own layout is relied on: a path at two blanks, a method at four, a parameter's reference below it.
described=$(awk '
	/^components:/ { inside = 0 }
	/^paths:/ { inside = 1; next }
	!inside { next }
	/^  \// { path = $1; sub(/:$/, "", path); next }
	/^    (get|post|patch|put|delete):/ { if (line) print line; method = $1; sub(/:$/, "", method); line = toupper(method) " " path }
	/parameters\/query_/ { name = $0; sub(/.*query_/, "", name); sub(/.$/, "", name); line = line " " name }
	END { if (line) print line }' "${SRCDIR:-.}/schema/openapi.yaml" | sort)
answered=$("${BUILDDIR:-.}/tests/flows/routes" | sort)

like "the daemon's table is read" "$answered" '^GET /healthz'
is "what is described is answered, and what is answered is described" "$described" "$answered"
is "no operation has another's name" "$(sed -n 's/^      operationId: //p' "${SRCDIR:-.}/schema/openapi.yaml" | sort | uniq -d)" ""
missing=$(sed -n "s|.*\$ref: '#/components/[a-z]*/\([A-Za-z_]*\)'.*|\1|p" "${SRCDIR:-.}/schema/openapi.yaml" | sort -u |
	while read -r name; do grep -q "^    $name:" "${SRCDIR:-.}/schema/openapi.yaml" || echo "$name"; done)
is "every reference leads somewhere" "$missing" ""
is "the scopes are those of access/scope" "$(sed -n '/^    Scope:/,/^    [A-Z]/s/^        - //p' "${SRCDIR:-.}/schema/openapi.yaml")" \
	"$("${BUILDDIR:-.}/tests/flows/routes" scopes)"
done_testing
