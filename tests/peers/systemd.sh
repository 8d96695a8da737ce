#!/bin/bash
# A systemd of one's own for tests: process 1 of new namespaces, with nothing to start but what a test gives it, a journal, and
# folders of its own where the machine's would be changed (/run, /etc, /var/lib, /var/log; systemd's units). It needs root.
#
#   systemd.sh run DIR      stays in the foreground; DIR/units holds the units of the test, DIR/pid gets the id of process 1
#   systemd.sh in DIR ...   runs a command in there
set -eu
dir=$2

enter() { # in the namespaces, before there is a systemd
	mount --make-rprivate /
	for private in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs "$private"; done
	mkdir -p /run/systemd/system /run/credstore /run/test "$dir/stock"
	chmod 700 /run/credstore
	mount --bind "$dir" /run/test

	cp -a /etc "$dir/etc"
	mount --bind "$dir/etc" /etc
	rm -rf /etc/systemd/system /etc/systemd/journald.conf.d
	cp "$dir"/units/* /run/systemd/system/
	for unit in -.slice system.slice basic.target sysinit.target sockets.target paths.target timers.target slices.target \
		shutdown.target umount.target final.target network-online.target systemd-journald.service systemd-journald.socket; do
		[ ! -e "/usr/lib/systemd/system/$unit" ] || cp "/usr/lib/systemd/system/$unit" "$dir/stock/"
	done
	mount --bind "$dir/stock" /usr/lib/systemd/system

	umount -l -R /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup
	export container=test
	mount --make-rshared / # as a machine's is: credentials are mounted by a process with mounts of its own
	exec /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no
}

case $1 in
run)
	unshare --mount --pid --cgroup --fork --mount-proc --kill-child "$0" enter "$dir" >"$dir/systemd.log" 2>&1 &
	until pgrep -P $! >"$dir/pid.new"; do kill -0 $! || exit 1; sleep 0.05; done
	mv "$dir/pid.new" "$dir/pid"
	wait $!
	;;
enter) enter ;;
in)
	pid=$(cat "$dir/pid")
	shift 2
	exec nsenter --target "$pid" --mount --pid --cgroup "$@"
	;;
*) echo "systemd.sh: run or in, not \"$1\"" >&2; exit 2 ;;
esac
