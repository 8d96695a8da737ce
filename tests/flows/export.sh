#!/bin/bash
# An export of the audit proves itself without any daemon: whatever is done to it is found, and said where.
. "$SRCDIR/tests/flows/flow.sh"
flow_start

rosterctl=$BUILDDIR/rosterctl/rosterctl
here=$flow_dir/exports
mkdir -p "$here"
# verify FILE...: what is wrong, a line each; the exit status is in $status.
verify() { verified=$("$rosterctl" audit verify "$@" 2>"$here/err"); status=$?; }
whole() { verify "${@:2}"; is "$1" "$status" 0; [ "$status" = 0 ] || diag "$verified"; }
# wrong NAME PATTERN FILE...: it is found, and so described.
wrong() {
	verify "${@:3}"
	is "$1: found" "$status" 13
	like "$1: and said where" "$verified" "$2"
}
until_sealed() {
	for _ in $(seq 600); do
		[ "$(query "SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE (s.organisation, s.entry) = (a.organisation, a.id))")" = 0 ] && return 0
		sleep 0.05
	done
	return 1
}
# edit PERL FILE: a copy of the file, its lines in @l, changed by the statement; prints its name
edit() { perl -e 'my $how = shift; my $name = shift; open F, "<", $name or die; my @l = <F>; eval $how; die $@ if $@; print @l' "$1" "$2" >"$here/edited"; echo "$here/edited"; }

# ---- an organisation with people in it, another one, and the operator's own chain
acme 'person: id=u1; user=ada; email=ada@acme.example; name==SUM(A1) "Ada"
person: id=u2; user=bob; email=bob@acme.example; name=@Bob, the second
person: id=u3; user=cyd; email=cyd@acme.example; name=Çyd 'Ω'
group: id=g1; name=Admins
member: group=g1; member=u3' --role Admins=admin
sync >/dev/null
ctl member add acme dee@acme.example "'Dee" >/dev/null
ctl org create Other --type team >/dev/null
ctl org set other --name "+Other" >/dev/null
ctl token create ops >/dev/null
until_sealed
for organisation in acme other; do
	ctl audit export $organisation >"$here/$organisation.jsonl"
	is "the audit of $organisation is exported" $? 0
	ctl audit export $organisation --format csv >"$here/$organisation.csv"
	is "and as CSV" $? 0
done
ctl audit export >"$here/operator.jsonl"
entries=$(query "SELECT count(*) FROM audit a JOIN organisations o USING (organisation) WHERE slug = 'acme'")
for file in acme.jsonl acme.csv other.jsonl other.csv operator.jsonl; do whole "$file verifies" "$here/$file"; done
whole "all of them at once" "$here"/acme.jsonl "$here"/other.csv "$here"/operator.jsonl
whole "and through a pipe" - <"$here/acme.csv"
is "every entry is there" "$(grep -c '"record":"entry"' "$here/acme.jsonl") $(grep -c '^"entry"' "$here/acme.csv")" "$entries $entries"
is "what it says is what is there" "$(jq -r 'select(.record == "entry") | .id' "$here/acme.jsonl" | sort -n | tr '\n' ' ')" \
	"$(query "SELECT a.id FROM audit a JOIN organisations o USING (organisation) WHERE slug = 'acme' ORDER BY 1" | tr '\n' ' ')"
is "no cell of the CSV begins as a formula does" \
	"$(perl -ne 'while (/(?:^|,)"?([=+\-@\t]|\r(?!\n))/g) { print "$1\n" }' "$here/acme.csv" "$here/other.csv")" ""
is "verified for a program" "$("$rosterctl" audit verify "$here/acme.jsonl" --json | jq -c '[.verified, .entries, .erased, (.problems | length)]')" "[true,$entries,0,0]"
like "the operator's chain is nobody else's" "$(head -n 1 "$here/operator.jsonl")" '"organisation":"00000000-0000-0000-0000-000000000000"'

# ---- every field of every line, changed: to another value of its kind, to nothing, and from nothing to something
mutate() { # prints a file for each mutation of a JSON file: FOLDER FILE
	perl -MJSON::PP -e '
		my ($folder, $file) = @ARGV; my $json = JSON::PP->new->canonical; my $n = 0;
		open my $in, "<", $file or die; my @lines = <$in>;
		my @columns = qw(record encoding organisation first last position id at actor_kind actor on_behalf_of action
			target_kind target source run request commitment salt personal link entries);
		my %other = (record => "entry", organisation => "01938f2a-0000-7000-8000-000000000001",
			run => "01938f2a-0000-7000-8000-000000000001", at => "2026-11-22T00:00:00.000000Z", encoding => "rosterd-audit-2");
		for my $l (0 .. $#lines) { for my $c (@columns) {
			my $was = $json->decode($lines[$l]);
			my @values = exists $was->{$c} ? (undef) : ();
			if ($c =~ /^(first|last|position|id|entries)$/) { push @values, ($was->{$c} // 0) + 1, 0 }
			elsif ($c =~ /^(commitment|salt|link)$/ && $was->{$c}) { (my $t = $was->{$c}) =~ tr/0-9a-f/1-9a-f0/; push @values, $t, uc $was->{$c} }
			else { push @values, $other{$c} // ($was->{$c} // "") . "x" }
			for my $v (@values) {
				next if defined $v && defined $was->{$c} && $v eq $was->{$c};
				my %now = %$was; $now{$c} = $v;
				my @out = @lines; $out[$l] = $json->encode(\%now) . "\n";
				open my $o, ">", sprintf("%s/%05d-line%d-%s", $folder, $n++, $l + 1, $c); print $o @out; close $o } } }
		print "$n\n"' "$1" "$2"
}
mkdir "$here/mutated"
mutations=$(mutate "$here/mutated" "$here/other.jsonl")
ok "there are mutations ($mutations)" test "$mutations" -gt 100
unfound=$(for file in "$here"/mutated/*; do
	"$rosterctl" audit verify "$file" >"$here/out" 2>&1
	[ $? = 13 ] || { echo "${file##*/}"; continue; }
	line=${file##*-line} line=${line%%-*}
	case $file in *-line1-last) continue ;; esac # it is told where it is not true: at the end
	grep -qE ":($line|$((line + 1))):|file ends|file does not" "$here/out" || echo "${file##*/} in another line"
done)
is "each is found, where it is" "$unfound" ""

# ---- and every byte of a CSV file: a flipped bit is found
size=$(wc -c <"$here/other.csv")
unfound=$(for at in $(seq 0 7 $((size - 1))); do
	perl -e 'local $/; open F, "<:raw", $ARGV[0]; $_ = <F>; substr($_, $ARGV[1], 1) ^= "\x01"; binmode STDOUT; print' "$here/other.csv" "$at" >"$here/flipped"
	"$rosterctl" audit verify "$here/flipped" >/dev/null 2>&1
	[ $? = 13 ] || echo "$at"
done)
is "a bit of any cell of the CSV is found" "$unfound" ""

# ---- lines that are taken out, put in, moved, doubled, cut
j=$here/acme.jsonl c=$here/acme.csv
last=$(($(wc -l <"$j") - 1))
wrong "an entry is dropped" ':3: position 2 is missing' "$(edit 'splice @l, 2, 1' "$j")"
wrong "three are dropped" ':4: positions 3 to 5 are missing' "$(edit 'splice @l, 3, 3' "$j")"
wrong "two are exchanged" ':3: .*missing' "$(edit '@l[2, 3] = @l[3, 2]' "$j")"
wrong "one is there twice" ':4: position 2 stands where 3 belongs' "$(edit 'splice @l, 3, 0, $l[2]' "$j")"
wrong "the last entries are gone" "the last entry is at position" "$(edit 'splice @l, -3, 2' "$j")"
wrong "the end is gone" 'ends without its last line' "$(edit 'pop @l' "$j")"
wrong "the end is gone in the middle of a line" 'ends within a line' "$(edit '$l[-1] = substr $l[-1], 0, 100' "$j")"
wrong "the beginning is gone" 'does not start with the line that begins' "$(edit 'shift @l' "$j")"
wrong "something stands behind the end" 'behind the end' "$(edit 'push @l, $l[2]' "$j")"
wrong "a line of another organisation is put in" ':4: the line is of organisation' \
	"$(edit "open O, '<', '$here/other.jsonl'; my @o = <O>; splice @l, 3, 0, \$o[1]" "$j")"
wrong "a whole chain of another organisation is given this one's name" 'does not follow' \
	"$(edit "open O, '<', '$here/other.jsonl'; @l = <O>; my (\$id) = '$(head -n 1 "$j")' =~ /\"organisation\":\"([^\"]*)/; s/(\"organisation\":)\"[^\"]*/\$1\"\$id/ for @l" "$j")"
wrong "an entry is put in with a link of its own" 'does not follow' \
	"$(edit 'my $new = $l[2]; $new =~ s/"id":\d+/"id":999/; splice @l, 3, 0, $new' "$j")"
wrong "a salt alone is erased" 'erased together' "$(edit '$l[2] =~ s/"salt":"[^"]*",//' "$j")"
wrong "CSV: an entry is dropped" ':4: position 2 is missing' "$(edit 'splice @l, 3, 1' "$c")"
wrong "CSV: the end is gone" 'ends without its last line' "$(edit 'pop @l' "$c")"
wrong "CSV: a formula is put in" 'begins as a formula' "$(edit '$l[3] =~ s/"operator"/"=1+2"/' "$c")"
wrong "CSV: another column" 'does not name the columns' "$(edit '$l[0] =~ s/actor_kind/kind/' "$c")"
wrong "a file that is none" ':1: a cell does not end' "$SRCDIR/tests/tap.sh"
wrong "a folder's worth of nothing" 'is empty' /dev/null
verify "$here/not-there"
is "a file that is not there is another matter" "$status" 1
verify
is "and so is no file" "$status" 2

# ---- what an export cannot show by itself: its end, and a chain that was made anew
ctl audit head acme >"$here/heads"
echo "# the operator's" >>"$here/heads"
ctl audit head >>"$here/heads"
whole "with the ends that were noted" "$here/acme.jsonl" "$here/operator.jsonl" --heads "$here/heads"
ctl domain add acme acme2.example >/dev/null
until_sealed
ctl audit export acme >"$here/longer.jsonl"
whole "a longer chain still has the end that was noted" "$here/longer.jsonl" --heads "$here/heads"
ctl audit head acme >"$here/newer"
wrong "an earlier one lacks a later end" 'was noted: entries are missing at the end' "$j" --heads "$here/newer"
echo "not a head" >"$here/bad"
verify "$j" --heads "$here/bad"
is "a note that is none is refused" "$status $(cat "$here/err" | grep -c 'bad:1: ')" "1 1"
verify "$j" --heads "$here"
is "notes that cannot be read are refused, too" "$status $(grep -c 'could not be read: Is a directory' "$here/err")" "1 1"

query "DELETE FROM audit_seals WHERE position > 0; UPDATE audit SET actor = 'uid 99' WHERE action = 'organisation.created';
	UPDATE audit_sealer SET xact = '0', id = 0" >/dev/null
until_sealed
ctl audit export acme >"$here/anew.jsonl"
whole "a chain that somebody made anew is a good chain" "$here/anew.jsonl"
wrong "but not the one that was noted" 'the chain was written anew' "$here/anew.jsonl" --heads "$here/newer"

# ---- parts that go on from each other
middle=$(query "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM audit JOIN audit_seals s ON entry = id WHERE position = 4 AND s.organisation = (SELECT organisation FROM organisations WHERE slug = 'acme')")
ctl audit export acme --until "$middle" >"$here/part1.jsonl"
ctl audit export acme --since "$middle" >"$here/part2.jsonl"
whole "the first part" "$here/part1.jsonl"
whole "the second part" "$here/part2.jsonl"
whole "both in their order" "$here/part1.jsonl" "$here/part2.jsonl"
wrong "the second part first" 'the file begins at position 1;' "$here/part2.jsonl" "$here/part1.jsonl"
wrong "a part twice" 'the file begins at position' "$here/part1.jsonl" "$here/part1.jsonl"
is "a time without entries gives an export without entries" \
	"$(ctl audit export acme --since 2099-01-01T00:00:00Z >"$here/none.jsonl"; verify "$here/none.jsonl"; echo "$status $(wc -l <"$here/none.jsonl")")" "0 2"

# ---- people who were erased
ada=$(query "SELECT user_id FROM members WHERE email = 'ada@acme.example'")
erased=$(query "SELECT audit_erase((SELECT organisation FROM organisations WHERE slug = 'acme'), '$ada')")
ok "somebody is erased ($erased entries)" test "$erased" -ge 1
until_sealed
for format in jsonl csv; do
	ctl audit export acme --format $format >"$here/erased.$format"
	whole "$format: entries that were erased verify" "$here/erased.$format"
	like "$format: and are counted" "$verified" "of which $erased have been erased"
done
is "nothing is left of them" "$(grep -c -i 'SUM(A1)\|ada@acme' "$here/erased.jsonl" "$here/erased.csv")" "$here/erased.jsonl:0
$here/erased.csv:0"
like "the erasure has an entry itself" "$(tail -n 2 "$here/erased.jsonl")" '"action":"audit.erased"'

# ---- what may go, goes from the beginning, and the rest is still a chain
query "UPDATE audit SET at = now() - interval '400 days' WHERE (organisation, id) IN
	(SELECT organisation, entry FROM audit_seals WHERE position <= 3)" >/dev/null
# (their times are of their links, too: they go before anybody looks)
gone=$(query "SELECT written FROM audit_prune(now() - interval '365 days', 100)")
until_sealed
ctl audit export acme >"$here/pruned.jsonl"
whole "what is left after the oldest are gone" "$here/pruned.jsonl"
is "the oldest of each chain are gone" "$gone $(jq -r 'select(.record == "begin") | .first' "$here/pruned.jsonl")" \
	"$(query "SELECT sum(position) FROM audit_anchors") 4"
like "an entry says so" "$(tail -n 2 "$here/pruned.jsonl")" '"action":"audit.pruned".*\\"entries\\":3'
like "the head goes on" "$(ctl audit head acme)" " $(jq -r 'select(.record == "end") | .last' "$here/pruned.jsonl") "

is "what a stream has not carried yet stays" \
	"$(query "INSERT INTO audit_streams (name, number, held_to) VALUES ('slow', 0, now()); SELECT written FROM audit_prune(now() + interval '1 day', 100)")" 0
is "but not for a stream that nobody has carried for a week" \
	"$(query "UPDATE audit_streams SET held_to = now() - interval '8 days'; SELECT written > 0 FROM audit_prune(now() + interval '1 day', 1)")" t
query "DELETE FROM audit_streams"
until_sealed
ctl audit export acme >"$here/pruned.jsonl"
whole "and what is left is a chain" "$here/pruned.jsonl"

# ---- who may
short() { curl -s -o "$here/body" -w '%{http_code}' "$@"; }
port=$(ss -ltnp 2>/dev/null | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$flow_pid,.*/\1/p" | head -n 1)
cyd=$(ctl token create cyds --organisation acme --member cyd@acme.example)
bob=$(ctl token create bobs --organisation acme --member bob@acme.example)
is "an admin exports" "$(short -H "Authorization: Bearer $cyd" "http://127.0.0.1:$port/v1/organisations/acme/audit/export")" 200
until_sealed
is "a member does not" "$(short -H "Authorization: Bearer $bob" "http://127.0.0.1:$port/v1/organisations/acme/audit/export")" 403
is "nor does an admin export another's" "$(short -H "Authorization: Bearer $cyd" "http://127.0.0.1:$port/v1/organisations/other/audit/export")" 404
is "nor the operator's" "$(short -H "Authorization: Bearer $cyd" "http://127.0.0.1:$port/v1/audit/export")" 403
is "nor its head" "$(short -H "Authorization: Bearer $bob" "http://127.0.0.1:$port/v1/organisations/acme/audit/head")" 403
is "CSV by what the client accepts" \
	"$(short -H 'Accept: text/csv' --unix-socket "$socket" http://x/v1/organisations/acme/audit/export; head -c 7 "$here/body")" "200record,"
is "another format is refused" "$(short --unix-socket "$socket" 'http://x/v1/organisations/acme/audit/export?format=xml'; jq -r .detail "$here/body")" \
	'400"format" is "xml"; jsonl or csv is expected'

# ---- a long one: pages, bounded memory, and the end of a daemon in the middle of it
many=6000
query "INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
	SELECT (SELECT organisation FROM organisations WHERE slug = 'other'), 'daemon', 'test', 'bulk.entry', 'test', g::text, 'daemon',
		p, '\\x00', audit_commitment('\\x00', p)
	FROM (SELECT g, '{\"after\":\"' || repeat('x', 2000) || '\"}' AS p FROM generate_series(1, $many) g) rows"
until_sealed
ctl audit export other >"$here/long.jsonl"
is "a long one is exported" $? 0
whole "and verifies" "$here/long.jsonl"
is "with every entry" "$(grep -c bulk.entry "$here/long.jsonl")" $many
mkfifo "$here/slow"
ctl audit export other >"$here/slow" 2>"$here/slow.err" &
exporting=$!
exec 9<"$here/slow"
head -c 100000 <&9 >/dev/null
flow_kill KILL
cat <&9 >/dev/null
wait $exporting
is "the daemon dies in the middle: the export fails" $? 5
exec 9<&-
like "and says so" "$(cat "$here/slow.err")" 'broke off'
done_testing
