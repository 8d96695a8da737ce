#!/bin/bash
# Runs every block of commands of docs/operations.md, in order, as it stands there. What belongs to the machine is played by functions
# (systemctl starts and stops this test's daemon), and the folders of an installation are put into the test's own.
. "$SRCDIR/tests/flows/flow.sh"
document=$SRCDIR/docs/operations.md
flow_start

systemctl() {
	case $1 in
	start) flow_daemon ;;
	stop) flow_kill TERM ;;
	restart) flow_kill TERM; flow_daemon ;;
	*) echo "systemctl $1 is not played here" >&2; return 1 ;;
	esac
}
rosterd() { "$BUILDDIR/rosterd" "$@" --config "$flow_dir/rosterd.conf"; }
rosterctl() { "$BUILDDIR/rosterctl/rosterctl" "$@"; }
export PGHOST=$flow_dir/pg ROSTERD_SOCKET=$socket

# block N: the Nth block, with the folders of this test
block() {
	awk -v wanted="$1" '/^```sh$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside && n == wanted' "$document" |
		sed -e "s#/usr/share/rosterd/schema#$SRCDIR/schema#g" -e "s#/etc/rosterd/secrets#$flow_dir#g" -e "s#/etc/rosterd#$flow_dir#g"
}
# run N: in this shell, since it starts and stops the daemon; a command that fails ends the block
run() {
	block "$1" >"$flow_dir/block"
	: >"$flow_dir/failed"
	while IFS= read -r line || [ -n "$line" ]; do
		whole="${whole:-}$line"
		case $line in *\\) whole="${whole%\\}"; continue ;; esac
		eval "$whole" >>"$flow_dir/out" 2>&1 </dev/null || echo "$whole" >>"$flow_dir/failed"
		whole=
	done <"$flow_dir/block"
	is "block $1: $(head -n 1 "$flow_dir/block")" "$(cat "$flow_dir/failed")" "" || diag "$(tail -n 20 "$flow_dir/out")"
}

acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada'
sync >/dev/null
cd "$flow_dir" || exit 1
blocks=$(grep -c '^```sh$' "$document")
ok "there are blocks ($blocks)" test "$blocks" -ge 2
for n in $(seq "$blocks"); do run "$n"; done
# What the table at its end tells of is there to be seen: in the daemon, in the doctor, or in the example of a proxy.
codes=$(sed -n '/^## Troubleshooting/,$p' "$document" | grep -oE '`[a-z_]+\.[a-z_]+`' | tr -d '`' | grep -vx 'plugins.memory' | sort -u)
ok "the table has codes ($(wc -w <<<"$codes"))" test "$(wc -w <<<"$codes")" -ge 20
is "and each of them exists" "$(for code in $codes; do grep -rqF --include='*.[ch]' --include=rosterd.conf "\"$code\"" "$SRCDIR/daemon" "$SRCDIR/etc/nginx" \
	"$SRCDIR/rosterctl" || echo "$code"; done)" ""
is "no chapter is named that is not there" "$(grep -oE '\]\(#[a-z-]+\)' "$document" | sed 's/.*#//; s/)//' | sort -u | while read -r chapter; do
	grep '^## ' "$document" | sed 's/^## //' | tr 'A-Z ' 'a-z-' | tr -d ',' | grep -qx "$chapter" || echo "$chapter"; done)" ""
is "the roster is as it was" "$(roster)" "ada member active"
is "and the daemon serves it" "$(ctl status >/dev/null 2>&1; echo $?)" 0
done_testing
