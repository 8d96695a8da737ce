#!/bin/bash
# What shells offer after "rosterctl", asked of the completion that the program itself prints: in bash, zsh and fish themselves.
. "${SRCDIR:-.}/tests/tap.sh"
rosterctl=${BUILDDIR:-.}/rosterctl/rosterctl
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
touch "$work/one.conf" "$work/two words.conf" && mkdir "$work/folder"
cd "$work" || exit 2
case $rosterctl in /*) ;; *) rosterctl=$OLDPWD/$rosterctl ;; esac

# What all of them must do: offers SHELL WORD... prints what may stand in the place of the last word, sorted, blanks between.
both() {
	local shell=$1
	is "$shell: first words" "$(offers "$shell" or)" "org"
	is "$shell: a group's words" "$(offers "$shell" sync '')" "approve changes drop list plan run show"
	is "$shell: a word that is begun" "$(offers "$shell" org cr)" "create"
	is "$shell: a command's own option" "$(offers "$shell" org create Acme --ty)" "--type"
	is "$shell: the values of an option" "$(offers "$shell" org create Acme --type '')" "enterprise solo team"
	is "$shell: nothing for a value that nobody knows" "$(offers "$shell" org create Acme --slug '')" ""
	is "$shell: an option of every command" "$(offers "$shell" member list acme --so)" "--socket"
	is "$shell: no option of another command" "$(offers "$shell" org list --wa)" ""
	is "$shell: commands of one word" "$(offers "$shell" w)" "whoami"
	like "$shell: options of commands of one word" "$(offers "$shell" whoami --)" "--json"
	is "$shell: options before the command are no part of it" "$(offers "$shell" --json --timeout 3s org cr)" "create"
	is "$shell: help completes what it teaches" "$(offers "$shell" help org cr)" "create"
	is "$shell: a file for an option that takes one" "$(offers "$shell" doctor --config one)" "one.conf"
	is "$shell: a folder for an option that takes one" "$(offers "$shell" doctor --standalone f)" "folder/"
	is "$shell: files for a command that takes them" "$(offers "$shell" audit verify one)" "one.conf"
}
offers() {
	local shell=$1
	shift
	"offers_$shell" "$@" | grep . | sort -u | paste -sd ' '
}

# ---- bash: its function is called as bash calls it

script=$("$rosterctl" completion bash)
ok "bash: the completion is a script that it reads" bash -n <<<"$script"
eval "$script"
offers_bash() {
	COMP_WORDS=(rosterctl "$@") COMP_CWORD=$# COMPREPLY=()
	_rosterctl
	for reply in "${COMPREPLY[@]}"; do
		if [ -d "$reply" ]; then echo "$reply/"; else echo "$reply"; fi # as bash does with -o filenames
	done
}
both bash
is "bash: a file with a blank in its name is one" "$(offers bash doctor --config two)" "two words.conf"
is "bash: the value of an option with =" "$(offers bash org create Acme --type = so)" "solo"
is "bash: all values of an option with =" "$(offers bash org create Acme --type =)" "enterprise solo team"

# ---- zsh: a terminal with a zsh in it that completes, and tells in one place what it would offer

offers_zsh() {
	ROSTERCTL_LINE="rosterctl $(printf '%s ' "${@:1:$#-1}")${!#}" zsh -f "$work/ask.zsh" 2>&1
}
cat >"$work/inner.zsh" <<'END'
PROMPT= RPROMPT=
zmodload zsh/complist
autoload -Uz compinit
compinit -u -d "$ROSTERCTL_WORK/dump"
source "$ROSTERCTL_WORK/rosterctl.zsh"
# Every offer goes through compadd, so here is where they are told: with -O it fills an array instead of offering.
compadd() {
	if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
		local -a matches
		local match
		builtin compadd -O matches "$@"
		for match in "${matches[@]}"; do
			if [[ -d $match ]]; then print -r -- "offer:$match/"; else print -r -- "offer:$match"; fi
		done >>"$ROSTERCTL_WORK/offers"
	fi
	builtin compadd "$@"
}
tell() { : >"$ROSTERCTL_WORK/offers"; _main_complete; : >"$ROSTERCTL_WORK/told"; compstate[insert]= compstate[list]=; }
zle -C tell complete-word tell
bindkey '^I' tell
END
cat >"$work/ask.zsh" <<'END'
zmodload zsh/zpty
rm -f "$ROSTERCTL_WORK/told"
zpty inner zsh -f -i
zpty -w inner "source $ROSTERCTL_WORK/inner.zsh; print rea''dy"
zpty -r inner answer '*ready*' || exit 1
zpty -w -n inner "$ROSTERCTL_LINE"$'\t'
while [[ ! -e $ROSTERCTL_WORK/told ]]; do zpty -t inner || exit 1; sleep 0.02; done
zpty -d inner
sed -n 's/^offer://p' "$ROSTERCTL_WORK/offers"
END
export ROSTERCTL_WORK=$work HOME=$work
if command -v zsh >/dev/null; then
	"$rosterctl" completion zsh >"$work/rosterctl.zsh"
	ok "zsh: the completion is a script that it reads" zsh -n "$work/rosterctl.zsh"
	both zsh
else
	skip "zsh" "there is no zsh"
fi

# ---- fish: it tells by itself what it would offer

offers_fish() {
	fish --no-config -c 'source $ROSTERCTL_WORK/rosterctl.fish; complete -C "$argv"' -- "rosterctl $(printf '%s ' "${@:1:$#-1}")${!#}" | cut -f 1
}
if command -v fish >/dev/null; then
	"$rosterctl" completion fish >"$work/rosterctl.fish"
	ok "fish: the completion is a script that it reads" fish --no-config -n "$work/rosterctl.fish"
	both fish
	is "fish: the value of an option with =" "$(offers fish org create Acme --type=so)" "--type=solo"
	like "fish: tells what it offers" "$(fish --no-config -c "source $work/rosterctl.fish; complete -C 'rosterctl org cr'")" "Make an organisation"
else
	skip "fish" "there is no fish"
fi
done_testing
