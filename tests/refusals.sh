#!/bin/sh
# Every refusal of configuration, API and command line, with its message, as tests/refusals.txt lists them; none says only "invalid", and
# a code that no test knows is marked as such. The sources are read: who adds or words a refusal anew puts it into the list with
#
#   tests/refusals.sh write
#
# and whoever reads the change sees what people will read.
: "${SRCDIR:=$(cd "$(dirname "$0")/.." && pwd)}"
cd "$SRCDIR" || exit 2

# "code<TAB>message" for each call that refuses: the first literal without a blank is the code, the first other one the message.
refusals() {
	find daemon rosterctl connectors -name '*.c' | LC_ALL=C sort | xargs perl -0777 -ne '
		s{/\*.*?\*/}{}gs;
		my %fixed = (usage_error => "usage", problem_add => "configuration", wrong => "configuration");
		while (/\b(error_set|error_setv|usage_error|problem_add|wrong|refuse|refuse_setting)\s*\(/g) {
			my ($name, $start, $depth, @args) = ($1, pos, 1, "");
			while ($depth > 0 && /\G("(?:[^"\\]|\\.)*"|\x27(?:[^\x27\\]|\\.)\x27|[^"\x27])/gc) {
				my $c = $1;
				$depth++ if $c eq "(";
				$depth-- if $c eq ")";
				last if $depth == 0;
				if ($c eq "," && $depth == 1) { push @args, "" } else { $args[-1] .= $c }
			}
			pos = $start;
			my ($code, $message) = ($fixed{$name});
			for (@args) {
				s/PRI([a-z])64/"$1"/g;
				$code //= $1 if /^\s*(CODE_[A-Z_]+)\s*$/;
				my @texts = /"((?:[^"\\]|\\.)*)"/g or next;
				my $text = join(/[?]/ ? " | " : "", @texts);
				if ($text !~ / /) { $code //= $text if $text =~ /^[a-z_0-9.]+$/ }
				elsif (!defined $message) { $message = $text }
			}
			next if !defined $message;
			$message =~ s/\\"/"/g;
			$message =~ s/\\n/ /g;
			print(($code // "-"), "\t$message\n");
		}' | LC_ALL=C sort -u
}

# The same with a mark before each code: "+" if a file of the tests names it, "-" if none does.
marked() {
	refusals | while IFS='	' read -r code message; do
		mark=-
		case $code in
		usage | configuration | CODE_*) mark=+ ;;
		-) ;;
		*) grep -rqF --include='*.c' --include='*.sh' "$code" tests && mark=+ ;;
		esac
		printf '%s\t%s\t%s\n' "$mark" "$code" "$message"
	done
}

if [ "${1:-}" = write ]; then
	marked >tests/refusals.txt
	exit
fi

. "$SRCDIR/tests/tap.sh"
now=$(mktemp)
trap 'rm -f "$now"' EXIT
marked >"$now"

ok "refusals are found ($(wc -l <"$now"))" test "$(wc -l <"$now")" -ge 300
is "the list is what the sources say (tests/refusals.sh write makes it so)" "$(diff tests/refusals.txt "$now" | grep '^[<>]')" ""
# What is left without quotes, places for values, and words that tell nothing; messages that only join others have no words of their own.
is "none says only that something is invalid" "$(cut -f 3 "$now" | grep -iE '\b(invalid|illegal|malformed|bad|wrong|failed|error)\b' |
	perl -ne 'my $m = $_; s/%[-+0-9.*]*[a-z]+//g; s/\b(invalid|illegal|malformed|bad|wrong|failed|error|is|was|the|an?|value|input|request|setting|option)\b//gi;
		print $m unless /[a-z]{2}/i')" ""
is "none shouts or ends with a full stop" "$(cut -f 3 "$now" | grep -E '[.!]$')" ""
done_testing
