#!/bin/sh
# Every statement that writes an audited table says so (QUERY_CHANGES or QUERY_BOTH), so that a transaction without an audit entry
# is not committed. Whoever may write one silently is named here, with the reason.
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}" "${BUILDDIR:=$SRCDIR}"
. "$SRCDIR/tests/tap.sh"

tables='members accounts groups group_accounts group_groups users addresses organisations domains connections connection_secrets
	role_mappings tokens sessions local_accounts clients client_secrets signing_keys grants'
exceptions='
apply.mapped_roles	what the groups yielded last, for the next plan to compare with; the change of a role is planned and audited
apply.references	how groups refer to a person, for the next reading of changes to understand them
apply.people_observed	that a person was seen, and when
apply.gone_observed	that a person was seen to be gone, and when
apply.groups_observed	that a group was seen, and when
apply.role_sources	why somebody has the role that they keep: which source it is from now; no line of a plan
relink.taken	the key of an entry that somebody has now: a line of the plan (account.linked), or undone with relink.undo
relink.undo	that it was not done
local_account.used	that somebody signed on by a password, and when: the entry of the session says so
local_account.rehash	the same password at another cost
sealed.renew_totp	the same secret, sealed by another master key
sealed.forget_totp	a secret that no key opens any more
second_factor.hold	nothing: the row is held
second_factor.used	which code was used last: the entry of the session says so
second_factor.failed	how many codes were wrong in a row
local_accounts_follow	the account of who has left: whoever removes the member tells of that
sessions_seen	that a session was used, and when
sessions_follow_connection	sessions by a connection that is deleted: whoever deletes it tells of it beside it
sessions_follow_policy	the limits of sessions that were begun: whoever changes those of the organisation tells of it
sessions_follow_organisation	sessions of an organisation that is deleted, likewise
sign_ons_purge	sessions that were over a month ago
token.used	that a token was used, and when: by whom is what audit entries say
seating.forget	a role that somebody waited for and never had; no line of a plan
expiring_token_told	that it was told that a token ends: sync/expiry writes the entry beside the call
note_owner	whether the owner is here; the entry is written beside it, and who changed the owner is audited for that
ownership_pass	who owns an organisation; roster/ownership counts it as a change, and endpoints/ownership writes an entry for each side
connection_purge	that a connection went with what it knew: sync/sweep writes it beside the call
domain_take	the domain, and what the proof of a former owner was worth; its caller counts it as a change and audits it
keys_follow	the tokens of who ceases to be active, or is again: whoever changes the member tells of them beside it (a run, an administrator, the sweep)
organisation_purge	that an organisation went stands in the chain of the operator: sync/sweep writes it beside the call
runs_schedule	when a connection is due next
sessions_over	sessions whose time is over: nobody has done that
grant.use	that a code was shown: who came to which application is written when it is given
grants_purge	codes that nobody showed, and keys that nobody believes any more
signing_key.wipe	private halves that sign no more
'

# "NAME TABLE EFFECT" for each statement in C that writes one of the tables, and "NAME TABLE function" for each function of the schema.
statements() {
	find "$SRCDIR/daemon" -name '*.c' | sort | xargs perl -0777 -ne '
		BEGIN { $tables = join "|", split " ", shift @ARGV; }
		sub written { my %t; $t{$1} = 1 while $_[0] =~ /\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+(?:ONLY\s+)?(?:rosterd\.)?($tables)\b/g;
			sort keys %t }
		s{/\*.*?\*/}{}gs;
		my $glue = qr/(?:[A-Z_]+(?:\((?:[^()"]|"(?:[^"\\]|\\.)*")*\))?)/;
		my $text = qr/(?:"(?:[^"\\]|\\.)*"|$glue)(?:\s+(?:"(?:[^"\\]|\\.)*"|$glue))*/;
		# #define STEP(step_name, text) { "apply." step_name, text, QUERY_CHANGES, QUERY_ONCE }
		my ($prefix, $step) = /#define STEP(?:_OF)?\((?:\w+, )*step_name, text\)\s*(?:\{\s*)+"([^"]*)" step_name, text, (QUERY_[A-Z]+)/;
		# #define STEP(step_name, text) TABLES_STEP("relink." step_name, 0, text)
		($prefix, $step) = ($1, "QUERY_KEEPS") if !$step && /#define STEP\(step_name, text\)\s*TABLES_(?:STEP|QUERY)\("([^"]*)" step_name/;
		my $total = () = /\b(?:INSERT INTO|DELETE FROM|MERGE INTO)\s+(?:$tables)\b|\bUPDATE\s+(?:$tables)\b/g;
		my $found = 0;
		while (/STEP(?:_OF)?\((?:[A-Z_|\s]+,\s*)*"([a-z_]+)",\s*($text)\)/g) { my ($n, $sql) = ($1, $2); $sql =~ s/"\s*"//g;
			$found += () = $sql =~ /\b(?:INSERT INTO|DELETE FROM|MERGE INTO|UPDATE)\s+(?:$tables)\b/g;
			print "$prefix$n $_ $step\n" for written($sql) }
		while (/"([a-z_]+\.[a-z_]+)",\s*($text),\s*(QUERY_[A-Z]+)/g) { my ($n, $sql, $effect) = ($1, $2, $3); $sql =~ s/"\s*"//g;
			$found += () = $sql =~ /\b(?:INSERT INTO|DELETE FROM|MERGE INTO|UPDATE)\s+(?:$tables)\b/g;
			print "$n $_ $effect\n" for written($sql) }
		print "$ARGV unread ", $total - $found, "\n" if $total > $found;' "$tables"
	cat "$SRCDIR"/schema/0*.sql | perl -0777 -ne '
		BEGIN { $tables = join "|", split " ", shift @ARGV; }
		s/--.*//g;
		while (/CREATE (?:OR REPLACE )?FUNCTION (\w+)\(.*?(?:AS \$\$(.*?)\$\$|BEGIN ATOMIC(.*?)\nEND;|RETURN (.*?);)/gs) {
			my ($n, $body, %t) = ($1, join " ", grep defined, $2, $3, $4);
			$t{$1} = 1 while $body =~ /\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+(?:rosterd\.)?($tables)\b/g;
			print "$n $_ function\n" for sort keys %t }' "$tables"
}

all=$(statements)
count=$(printf '%s\n' "$all" | grep -c QUERY_)
ok "statements are found ($count)" test "$count" -ge 30
is "none is written in a way that this test cannot read" "$(printf '%s\n' "$all" | grep ' unread ')" ""
for table in $tables; do
	ok "something writes $table" sh -c "printf '%s\n' \"\$1\" | grep -q \" $table \"" - "$all"
done

silent=$(printf '%s\n' "$all" | grep -vE ' (QUERY_CHANGES|QUERY_BOTH)$' | grep -v ' unread ' | while read -r name table effect; do
	printf '%s' "$exceptions" | grep -q "^$name	" || echo "$name writes $table as $effect"
done)
is "what writes an audited table says so" "$silent" ""
is "every exception is one" "$(printf '%s' "$exceptions" | cut -f 1 | while read -r name; do
	[ -z "$name" ] || printf '%s\n' "$all" | grep -vE ' (QUERY_CHANGES|QUERY_BOTH)$' | grep -q "^$name " || echo "$name"
done)" ""
done_testing
