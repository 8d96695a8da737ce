#!/bin/sh
# A private name server (NSD) for the zone "example" and below, for tests.
#
#   nsd.sh start DIR            makes DIR, starts with an empty zone; prints "ADDRESS:PORT"
#   nsd.sh zone DIR             the zone's records from standard input, from now on
#   nsd.sh freeze|thaw DIR      it hangs; it goes on
#   nsd.sh stop DIR             stops it; DIR stays and is yours to remove
set -eu
umask 022
PATH=$PATH:/usr/sbin
command=$1 dir=$2

zone() {
	serial=$(($(date +%s%N) / 10000000 % 4000000000))
	{
		printf '$ORIGIN example.\n$TTL 0\n@ SOA ns hostmaster %s 3600 600 86400 0\n@ NS ns\nns A 127.0.0.1\n' "$serial"
		cat
	} >"$dir/zone.new"
	mv "$dir/zone.new" "$dir/zone"
}

# Waits until it serves the zone that was written last.
served() {
	port=$(sed -n 's/.*ip-address: 127.0.0.1@//p' "$dir/nsd.conf")
	for _ in $(seq 100); do
		dig +short +tries=1 +time=1 @127.0.0.1 -p "$port" example SOA 2>/dev/null | grep -q " $serial " && return 0
		sleep 0.05
	done
	return 1
}

start() {
	mkdir -p "$dir"
	chmod 755 "$dir"
	zone </dev/null
	for port in $(shuf -i 20000-32000 -n 20); do
		cat >"$dir/nsd.conf" <<CONF
server:
	ip-address: 127.0.0.1@$port
	username: ""
	chroot: ""
	zonesdir: "$dir"
	database: ""
	pidfile: "$dir/pid"
	xfrdfile: "$dir/xfrd"
	zonelistfile: "$dir/zones"
	xfrdir: "$dir"
	logfile: "$dir/log"
	server-count: 1
remote-control:
	control-enable: no
zone:
	name: example
	zonefile: zone
CONF
		nsd -c "$dir/nsd.conf" || continue
		served && echo "127.0.0.1:$port" && return 0
		stop
	done
	cat "$dir/log" >&2
	return 1
}

everybody() { # everybody SIGNAL: the server and its children, which come and go
	pkill "-$1" -f "nsd -c $dir/nsd.conf" || true
}

stop() {
	everybody CONT
	[ -s "$dir/pid" ] && kill "$(cat "$dir/pid")" 2>/dev/null || true
	for _ in $(seq 50); do
		pgrep -f "nsd -c $dir/nsd.conf" >/dev/null || return 0
		sleep 0.1
	done
	everybody KILL
}

case $command in
start) start ;;
zone) zone && kill -HUP "$(cat "$dir/pid")" && served ;;
freeze) everybody STOP ;;
thaw) everybody CONT ;;
stop) stop ;;
*) exit 2 ;;
esac
