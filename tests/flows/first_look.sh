#!/bin/bash
# The first look of the README is true: its commands, in order, in one folder, end as it says. How it is built and installed is
# for quickstart, ./check and tests/package.sh to show.
. "$SRCDIR/tests/flows/flow.sh"

flow_start
mkdir "$flow_dir/bin" "$flow_dir/home"
printf '#!/bin/sh\n[ "$1" != doctor ] || set -- "$@" --config "%s" --program "%s"\nexec "%s" --socket "%s" "$@"\n' \
	"$flow_dir/rosterd.conf" "$BUILDDIR/rosterd" "$BUILDDIR/rosterctl/rosterctl" "$socket" >"$flow_dir/bin/rosterctl"
chmod +x "$flow_dir/bin/rosterctl"
(umask 077 && echo hush >"$flow_dir/home/password")

# Nobody sits at a terminal here to be asked for a secret, and the socket is where this daemon has it.
run() {
	local line=$1
	line=${line//--secret bind_password/--secret bind_password=@password}
	line=${line//\/run\/rosterd\/rosterd.sock/$socket}
	(cd "$flow_dir/home" && PATH=$flow_dir/bin:$PATH LC_ALL=C.UTF-8 bash -c "$line" 2>&1 </dev/null)
}
# look LINE EXIT...: runs it, and one of these is how it ends; $said is what it said
look() {
	local line=$1 status
	shift
	said=$(run "$line") status=$?
	case " $* " in
	*" $status "*) pass "$ ${line%%$'\n'*}" ;;
	*) fail "$ ${line%%$'\n'*}"; diag "exit code $status: $said" ;;
	esac
}

# The blocks of the section but the first, a command at a time: a line, with those that it goes on in, or up to its EOF.
sed -n '/^## A first look/,/^## What exists/p' "$SRCDIR/README.md" |
	awk '/^```sh$/ { n++; block = n > 1; next } /^```$/ { block = 0 } block' >"$flow_dir/commands"
command= runs=0
while IFS= read -r line <&3; do
	command+=${command:+$'\n'}$line
	case $command in
	*\\ | *"<<'EOF'"*) [ "$line" = EOF ] || continue ;;
	esac
	case $command in
	'rosterctl connection test'*) look "$command" 0 && like "it works" "$said" 'connection "acme/people" works' ;;
	'rosterctl sync plan'*) look "$command" 0 && like "it would take three" "$said" '3 member.joined' ;;
	'rosterctl member list'*) look "$command" 0 && like "one is an admin by a group" "$said" 'cyd@acme.example +admin' ;;
	'rosterctl audit list'*) look "$command" 0 && like "and it is written down" "$said" 'member.joined' ;;
	'rosterctl sync run'*)
		runs=$((runs + 1))
		if [ $runs = 1 ]; then look "$command" 0; else look "$command" 6 && like "it names the commands that go on" "$said" 'rosterctl sync approve'; fi
		;;
	'curl '*) look "$command" 0 && like "programs get JSON" "$said" '"items":\[' ;;
	'rosterctl doctor'*) look "$command" 0 10 11 ;; # this machine may have its faults
	*) look "$command" 0 ;;
	esac
	command=
done 3<"$flow_dir/commands"
is "the run was held once" $runs 2
ok "there was something to look at" test "$tap_count" -ge 22
done_testing
