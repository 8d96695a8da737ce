#!/bin/bash
# The worked example in docs/architecture.md is, byte for byte, what the schema makes of that entry.
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}"
. "$SRCDIR/tests/tap.sh"

doc=$SRCDIR/docs/architecture.md
dir=$(mktemp -d) || exit 2
chmod 755 "$dir"
trap '"$SRCDIR/tests/peers/postgres.sh" stop "$dir/pg"; rm -rf "$dir"' EXIT
sql() { psql -q -X -A -t -v ON_ERROR_STOP=1 -h "$dir/pg" "$@"; }

# A row of the example: | at byte | `length` | field | `value` |
rows() { awk -F ' *[|] *' '$4 ~ /^[a-z_]+$/ && $3 ~ /^`/ { gsub(/`/, ""); print $2 "|" $3 "|" $4 "|" $5 }' "$doc"; }
value() { rows | awk -F'|' -v field="$1" '$3 == field { print $4 }'; }
literal() { sed -n "s/^    $1  *//p" "$doc"; }

# What the document says, without asking the database.
from_document() {
	printf 'rosterd-audit-1\n'
	rows | while IFS='|' read -r at length field text; do
		printf "\\x${length// /\\x}"
		[ "$text" = NULL ] || printf '%s' "$text"
	done
}
hex() { od -An -v -tx1 | tr -d ' \n'; }

start_server() {
	"$SRCDIR/tests/peers/postgres.sh" start "$dir/pg" >/dev/null &&
		sql -U postgres -d postgres -f "$SRCDIR/schema/roles.sql" >/dev/null &&
		{
			echo "CREATE SCHEMA rosterd; CREATE TABLE rosterd.migrations ();"
			cat "$SRCDIR/schema/0001_core.sql"
		} | PGOPTIONS='-c client_min_messages=warning' sql -1 -U rosterd_owner -d rosterd
}
insert() {
	sql -U postgres -d rosterd -v salt="\\x$(literal salt)" -v personal="$(literal personal)" \
		-v organisation="$(value organisation)" -v id="$(value id)" -v at="$(value at)" \
		-v actor_kind="$(value actor_kind)" -v actor="$(value actor)" -v action="$(value action)" \
		-v target_kind="$(value target_kind)" -v target="$(value target)" -v source="$(value source)" \
		-v run="$(value run)" <<-'SQL'
		INSERT INTO rosterd.audit (organisation, id, at, actor_kind, actor, action, target_kind, target, source, run,
			personal, salt, commitment)
		VALUES (:'organisation', :'id', timestamptz 'epoch' + :'at'::bigint * interval '1 microsecond', :'actor_kind',
			:'actor', :'action', :'target_kind', :'target', :'source', :'run', :'personal', :'salt',
			rosterd.audit_commitment(:'salt', :'personal'));
	SQL
}
ask() { sql -U postgres -d rosterd -c 'SET search_path = rosterd' -c "SELECT $1 FROM audit e"; }

ok "a server with the schema" start_server
ok "the example's entry" insert
is "the document has a row for each field" "$(rows | wc -l | tr -d ' ')" 13
is "the salted commitment" "$(ask "encode(commitment, 'hex')")" "$(value commitment)"
is "every byte" "$(ask "encode(audit_encode(e), 'hex')")" "$(from_document | hex)"
is "length and digest" \
	"$(ask "format('%s bytes, SHA-256 %s', length(audit_encode(e)), encode(sha256(audit_encode(e)), 'hex'))")" \
	"$(sed -n 's/^    \([0-9]* bytes, SHA-256 .*\)/\1/p' "$doc")"
is "fields begin where the document says" "$(rows | awk -F'|' '
	BEGIN { at = 16 } { if ($1 != at) print $3; at += 4 + ($4 == "NULL" ? 0 : length($4)) }')" ""
done_testing
