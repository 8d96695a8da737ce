#!/bin/bash
# Every command that a document names is one that there is, with options that it takes: in blocks of code and within sentences.
. "${SRCDIR:-.}/tests/tap.sh"
rosterctl=${BUILDDIR:-.}/rosterctl/rosterctl rosterd=${BUILDDIR:-.}/rosterd
documents=$(cd "${SRCDIR:-.}" && echo README.md docs/*.md debian/rosterd.README.Debian docs/*.[158])
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# A manual's examples as a document has them.
plain() {
	case $1 in
	*.md | *.Debian) cat "${SRCDIR:-.}/$1" ;;
	*) sed 's/^\.EX$/```/; s/^\.EE$/```/; s/\\-/-/g; s/\\(dq/"/g; s/\\(aq/'"'"'/g; s/\\e/\\/g; s/\\f[BIR]//g' "${SRCDIR:-.}/$1" ;;
	esac
}
# commands PROGRAM FILE: each from the program's name to the end of the command, a line each; lines that go on are joined.
commands() {
	plain "$2" | PROGRAM=$1 perl -0777 -ne '
		my (@code, $program) = ();
		$program = $ENV{PROGRAM};
		push @code, $1 while s/^```\w*[^\n]*\n(.*?)^```//ms;
		for (@code) { s/\\\n\s*/ /g; s/<<.?(\w+).*?^\1$//gms }
		push @code, $1 =~ s/\s+/ /gr while /`([^`]+)`/gs;
		push @code, $1 =~ s/\s+/ /gr while /"($program [^"]+)"/gs;
		for (@code) {
			print "$1\n" while /(?:^|[;|&(] ?|\$ |sudo )($program(?: +(?:"[^"\n]*"|[^\s;|&()<>#"]+))+)/gm;
		}' | sort -u
}

count=0
for file in $documents; do
	commands rosterctl "$file" >"$work/commands"
	while IFS= read -r line; do
		count=$((count + 1))
		eval "set -- ${line#rosterctl }" 2>/dev/null || { fail "$file: a shell can read: $line"; continue; }
		case $1 in [A-Z]*) continue ;; esac # the form of a command
		said=$("$rosterctl" "$@" --help 2>&1) || { fail "$file: $line"; diag "$said"; }
	done <"$work/commands"
done
ok "there were commands to look at" test "$count" -ge 150
diag "$count commands of rosterctl"

"$rosterd" --help >"$work/help" 2>&1
for file in $documents; do commands rosterd "$file"; done | grep -oE -- ' --[a-z-]+' | sort -u >"$work/options"
while read -r option; do ok "rosterd knows $option" grep -qw -- "$option" "$work/help"; done <"$work/options"
ok "there were options to look at" test "$(wc -l <"$work/options")" -ge 5
done_testing
