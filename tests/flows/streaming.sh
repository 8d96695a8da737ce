#!/bin/bash
# The audit's stream: every entry reaches the log once, in the order of its chain, and nothing is lost while the log or the
# daemon is away.
FLOW_SETTINGS=
. "$SRCDIR/tests/flows/flow.sh"
log_socket=$flow_dir/log.sock
FLOW_SETTINGS="audit {
	stream = syslog
	socket = \"$log_socket\"
}"

# The other end of a log: each datagram a line of FILE.
log_begin() {
	rm -f "$log_socket"
	perl -MIO::Socket::UNIX -e '$| = 1; my ($path, $to) = @ARGV; open my $out, ">>:raw", $to or die; $out->autoflush(1);
		my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!"; chmod 0666, $path;
		while (defined $s->recv(my $line, 65536)) { $line =~ s/\n/\\n/g; print $out "$line\n" }' "$log_socket" "$flow_dir/$1" &
	log_pid=$!
	for _ in $(seq 100); do [ -S "$log_socket" ] && break; sleep 0.05; done
}
log_end() { kill "$log_pid"; wait "$log_pid" 2>/dev/null; }
trap 'log_end; flow_end' EXIT
lines() { wc -l <"$flow_dir/$1" | tr -d ' '; }
until_lines() { for _ in $(seq 400); do [ "$(lines "$1")" -ge "$2" ] && return 0; sleep 0.05; done; return 1; }
audit_rows() { query 'SELECT count(*) FROM audit'; }
# "organisation position" of each line of a log; and of each seal
places() { sed -E 's/.* organisation="([^"]*)" position="([^"]*)".*/\1 \2/' "$flow_dir/$1"; }
sealed() { query "SELECT organisation || ' ' || position FROM audit_seals ORDER BY number"; }
sorted() { sort | uniq | md5sum; }

log_begin syslog
flow_start
acme 'person: id=u1; user=ada; email=ada@acme.example; name=Ada Lovelace'
sync >/dev/null
entries=$(audit_rows)
ok "all entries come" until_lines syslog "$entries"
is "each once, and in the order in which they were sealed" "$(places syslog)" "$(sealed)"
like "as RFC 5424 has it" "$(grep member.joined "$flow_dir/syslog")" \
	'^<85>1 [0-9T:.-]+Z [^ ]+ rosterd - member\.joined \[rosterd@32473 organisation="[0-9a-f-]{36}" position="[0-9]+" link="[0-9a-f]{64}" id="[0-9]+" at="[^"]*" actor_kind="connector" .*\] member\.joined: member '
is "with the link of the chain" "$(sed -nE 's/.*member\.joined \[.* link="([^"]*)".*/\1/p' "$flow_dir/syslog")" \
	"$(query "SELECT encode(link, 'hex') FROM audit_seals JOIN audit ON id = entry WHERE action = 'member.joined'")"
is "and nothing personal" "$(grep -ciE 'lovelace|ada@acme' "$flow_dir/syslog")" 0

# ---- the log is away: commits go on, and nothing is lost
log_end
rm -f "$log_socket"
ctl domain add acme acme2.example >/dev/null
is "while the log is away changes are made" $? 0
for _ in $(seq 200); do grep -q 'could not stream the audit' "$flow_dir/log" && break; sleep 0.05; done
like "and the operator is told" "$(grep 'could not stream' "$flow_dir/log" | head -n 1)" 'syslog at ".*/log.sock" does not take'
log_begin syslog
ok "when it is back, it gets what it missed" until_lines syslog "$(audit_rows)"
is "once" "$(places syslog)" "$(sealed)"

# ---- the daemon is killed in between, and another one goes on
for n in 1 2 3; do
	for m in 1 2 3; do ctl domain add acme "d$n$m.example" >/dev/null; done
	flow_kill KILL
	moment_gone
	query "UPDATE audit_streams SET held_to = now()" # as if it had been silent for its time
	flow_daemon
done
for _ in $(seq 400); do [ "$(places syslog | sort -u | wc -l)" = "$(audit_rows)" ] && break; sleep 0.05; done
is "a daemon that dies loses nothing" "$(places syslog | sorted)" "$(sealed | sorted)"
is "and what comes twice comes in order" "$(places syslog | awk '!seen[$0]++')" "$(sealed)"

# ---- two daemons: one carries
sed "s|^socket = .*|socket = \"$flow_dir/second.sock\"|" "$flow_dir/rosterd.conf" >"$flow_dir/second.conf"
before=$(lines syslog)
"$BUILDDIR/rosterd" --config "$flow_dir/second.conf" >>"$flow_dir/second.log" 2>&1 &
second_pid=$!
for m in 1 2 3 4 5 6; do ctl domain add acme "e$m.example" >/dev/null; done
ok "two daemons: all entries come" until_lines syslog $((before + 6))
kill -TERM $second_pid
wait $second_pid
is "the second one ends well" $? 0
is "and none comes twice" "$(places syslog | tail -n 6)" "$(sealed | tail -n 6)"
is "so many came" "$(lines syslog)" $((before + 6))

# ---- the journal's own protocol
flow_kill
sed -i 's/stream = syslog/stream = journal/' "$flow_dir/rosterd.conf"
log_end
log_begin journal
flow_daemon
for _ in $(seq 200); do [ "$(query "SELECT count(*) FROM audit_streams WHERE name = 'journal'")" = 1 ] && break; sleep 0.05; done
ctl domain add acme journal.example >/dev/null
ok "the journal gets what is new" until_lines journal 1
is "and nothing older" "$(lines journal)" 1
journal=$(tr -d '\000' <"$flow_dir/journal" | sed -E 's/\\n/\n/g')
for field in MESSAGE PRIORITY SYSLOG_IDENTIFIER ROSTERD_AUDIT_ORGANISATION ROSTERD_AUDIT_POSITION ROSTERD_AUDIT_LINK ROSTERD_AUDIT_ACTION; do
	like "with $field" "$journal" "^$field\$"
done
like "and its values" "$journal" 'domain\.verified$'
unlike "no field is empty" "$journal" '^ROSTERD_AUDIT_RUN$'

# ---- what a log may not be
mkdir "$flow_dir/bad"
for setting in 'stream = mail' 'socket = log' 'retention = "5h"'; do
	printf 'audit {\n\t%s\n}\n' "$setting" >"$flow_dir/bad/rosterd.conf"
	like "refused: $setting" "$("$BUILDDIR/rosterd" --check-config "$flow_dir/bad/rosterd.conf" 2>&1)" "rosterd.conf:2: "
done
done_testing
