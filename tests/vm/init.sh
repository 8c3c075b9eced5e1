#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process in the test machine: mounts, modules, then every test program; VM-END tells the host that all was run.
/bin/busybox --install -s /bin
export PATH=/usr/bin:/bin:/lenscap HOME=/ CMOCKA_MESSAGE_OUTPUT=TAP
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=0755 run /run
mount -t tmpfs -o mode=1777 tmp /tmp
mkdir -p /run/netns /sys/fs/bpf
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
while read -r module; do insmod "/modules/$module.ko"; done </modules/order
ip link set lo up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 kernel.printk="1 1 1 1"
echo 2 >/proc/sys/kernel/unprivileged_bpf_disabled
echo
echo VM-START
for test in /tests/test_*; do
	name=$(basename "$test" .sh)
	echo "VM-GROUP $name"
	case $test in
	*.sh) timeout 900 sh "$test" ;;
	*) timeout 900 "$test" ;;
	esac 2>/tmp/errors || {
		echo "VM-FAILED $name: exit code $?"
		tail -n 20 /tmp/errors
	}
done
echo VM-END
poweroff -f
