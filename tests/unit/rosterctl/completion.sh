#!/bin/bash
# What bash offers after "rosterctl", asked of the completion that the program itself prints.
. "${SRCDIR:-.}/tests/tap.sh"
rosterctl=${BUILDDIR:-.}/rosterctl/rosterctl

script=$("$rosterctl" completion bash)
ok "the completion is a script that bash reads" bash -n <<<"$script"
eval "$script"

# offers WORD...: what may stand in the place of the last word
offers() {
	COMP_WORDS=(rosterctl "$@") COMP_CWORD=$# COMPREPLY=()
	_rosterctl
	echo "${COMPREPLY[*]}"
}

is "first words" "$(offers or)" "org"
is "a group's words" "$(offers sync '')" "run plan list show changes approve drop"
is "a command's own option" "$(offers org create Acme --ty)" "--type"
is "the values of an option" "$(offers org create Acme --type '')" "solo team enterprise"
is "an option of every command" "$(offers member list acme --so)" "--socket"
is "no option of another command" "$(offers org list --wa)" ""
is "commands of one word" "$(offers w)" "whoami"
like "options of commands of one word" "$(offers whoami --)" "--json"
done_testing
