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
# What each of them must list follows from what it takes; what else it answered to a test, tests/flows/described.c holds it to.
unlisted=$(awk '
	function close_one() {
		if (op == "") return
		need = "400" (open ? "" : " 401 403") (path ~ /\{/ ? " 404" : "") (keyed ? " 409 422" : "") (held ? " 412" : "") (body ? " 413" : "")
		n = split(need, wanted, " ")
		for (i = 1; i <= n; i++) if (!((op, wanted[i]) in listed)) print op " does not list " wanted[i]
		op = ""
	}
	/^components:/ { close_one(); exit }
	/^  \// { close_one(); path = $1; sub(/:$/, "", path) }
	/^    (get|post|patch|put|delete):/ { close_one(); op = toupper($1) path; open = keyed = held = body = 0 }
	/^      security: \[\]/ { open = 1 }
	/parameters\/idempotency_key/ { keyed = 1 }
	/parameters\/if_match/ { held = 1 }
	/^      requestBody:/ { body = 1 }
	/^        "[0-9]+":/ { status = $1; gsub(/[":]/, "", status); listed[op, status] = 1 }' "${SRCDIR:-.}/schema/openapi.yaml")
is "each operation lists what it may refuse with" "$unlisted" ""
is "no operation has another's name" "$(sed -n 's/^      operationId: //p' "${SRCDIR:-.}/schema/openapi.yaml" | sort | uniq -d)" ""
missing=$(sed -n "s|.*\$ref: '#/components/[a-z]*/\([A-Za-z_]*\)'.*|\1|p" "${SRCDIR:-.}/schema/openapi.yaml" | sort -u |
	while read -r name; do grep -q "^    $name:" "${SRCDIR:-.}/schema/openapi.yaml" || echo "$name"; done)
is "every reference leads somewhere" "$missing" ""
is "the scopes are those of access/scope" "$(sed -n '/^    Scope:/,/^    [A-Z]/s/^        - //p' "${SRCDIR:-.}/schema/openapi.yaml")" \
	"$("${BUILDDIR:-.}/tests/flows/routes" scopes)"
done_testing
