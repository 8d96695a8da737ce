#!/bin/bash
# An upgrade without a break: a daemon of this version and one of the next, which brings a migration that expands, on one database under
# load, in both orders of going; and a migration that contracts, which an older daemon does not get past.
. "$SRCDIR/tests/flows/flow.sh"
. "$SRCDIR/tests/torture/two.sh"
cp -r "$SRCDIR/schema" "$flow_dir/this"
chmod -R u+w "$flow_dir/this"
cp -r "$flow_dir/this" "$flow_dir/next"
number() { printf '%04d' $(($(find "$1" -name '0*.sql' | wc -l) + 1)); }
cat >"$flow_dir/next/$(number "$flow_dir/next")_expands.sql" <<'SQL'
-- oldest: 0.1.0
SET LOCAL search_path = rosterd, pg_temp;
ALTER TABLE organisations ADD COLUMN motto text;
ALTER TABLE members ADD COLUMN nickname text NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN colour text;
CREATE TABLE mottos (organisation uuid PRIMARY KEY, motto text);
SQL
schema_of() { sed -i "s#^	schema = .*#	schema = \"$flow_dir/$2\"#" "$flow_dir/$1.conf"; }
refuses_to_start() { timeout 60 "$BUILDDIR/rosterd" --config "$flow_dir/$1.conf" 2>&1; }
migrations() { query "SELECT count(*) FROM migrations"; }

two_start
schema_of one this
schema_of two this
end two
daemon two
this=$(migrations)
ctl connection set acme/people --set generated=500 --set script='page_size 10' >/dev/null
made_before=$(made_so_far)
load_begin

# ---- the next version comes while this one serves
run=$(ctl sync run acme/people --json | jq -r .id)
until_run "$run" "people > 50"
end two
schema_of two next
daemon two
is "the next version brings its migration, beside a daemon of this one" "$(migrations)" $((this + 1))
load_moves
until_run "$run" "state IN ('done', 'failed', 'held')"
is "a run that was under way is done" "$(query "SELECT state FROM runs WHERE id = '$run'")" done
ok "this version serves on the newer schema" serves one
like "and reads and writes" "$(asked one connection set acme/people --set generated=510 2>&1; asked one sync run acme/people --wait --json |
	jq -r .state)" done
# This version is started anew, as when it has to be taken back
end one
daemon one
load_moves
ok "it starts on the newer schema as well" serves one
end one
schema_of one next
daemon one
load_moves
load_end
is "no request was lost" "$(count lost)" 0
is "none was answered wrongly" "$(count wrong)" 0
is "none had to be asked again" "$(($(count retry) + $(count uncertain) + $(count nobody)))" 0
is "what was answered is in the database" "$(($(made_so_far) - made_before))" "$(count made)"

# ---- two of them migrate at the same moment
query "ALTER TABLE organisations DROP COLUMN motto; ALTER TABLE members DROP COLUMN nickname; ALTER TABLE connections DROP COLUMN colour;
	DROP TABLE mottos; DELETE FROM migrations WHERE number > $this"
end one
end two
"$BUILDDIR/rosterd" --config "$flow_dir/one.conf" >>"$flow_dir/one.log" 2>&1 &
pid[one]=$!
daemon two
await asked one status >/dev/null 2>&1
is "two that start together apply it once" "$(migrations) $(grep -c 'brought the schema up by 1 steps' "$flow_dir/one.log" "$flow_dir/two.log" |
	awk -F: '{ n += $2 } END { print n }')" "$((this + 1)) 2"

# ---- a release later it contracts
cp -r "$flow_dir/next" "$flow_dir/later"
printf '%s\n' '-- oldest: 99.0.0' 'ALTER TABLE rosterd.organisations DROP COLUMN motto;' \
	>"$flow_dir/later/$(number "$flow_dir/later")_contracts.sql"
end one
schema_of one later
like "a migration is not applied by a daemon that is too old for it" "$(refuses_to_start one)" 'needs rosterd 99.0.0 or newer, this is .*: install the newer one'
is "and nothing of it was done" "$(migrations)" $((this + 1))
query "INSERT INTO migrations (number, name, sha256, oldest_daemon) VALUES ($((this + 2)), '$(number "$flow_dir/next")_contracts.sql', sha256('x'), '99.0.0')"
schema_of one next
like "nor does it start once a newer one has applied it" "$(refuses_to_start one)" 'could not start: the database.s schema .* needs rosterd 99.0.0 or newer'

# ---- an applied file that has changed
query "DELETE FROM migrations WHERE number > $((this + 1))"
echo '-- an afterthought' >>"$flow_dir/next/0002_installation.sql"
like "a file that was applied and has changed is named" "$(refuses_to_start one)" '0002_installation.sql: was applied and has changed since'
done_testing
