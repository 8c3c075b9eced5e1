#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the machine: what systemd made of the installed units. Prints TAP.
/bin/busybox --install -s /tmp
export PATH=/usr/sbin:/usr/bin:/tmp
# shellcheck source=tests/vm/checks.sh
. /tests/checks.sh
n=0
# check NAME COMMAND...: passes when the command does.
check() {
	n=$((n + 1))
	what=$1
	shift
	if "$@" >/tmp/out 2>&1; then echo "ok $n - systemd: $what"; else
		echo "not ok $n - systemd: $what"
		tail -n 15 /tmp/out
	fi
}
before() { echo "$1 $2" && [ "$1" -gt 0 ] && [ "$1" -le "$2" ]; }
# Value of a line of /proc/PID/status.
status() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$(property "$1" MainPID)/status"; }
has_policy() { status "$1" Groups | tr ' \t' '\n' | grep -x "$(sed -n 's/^lenscap-policy:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)"; }
hears() { ip netns exec cam ping -nqc 1 -W 1 10.0.0.1; }

while read -r module; do insmod "/modules/$module.ko"; done </modules/order
echo
echo VM-START
for unit in run-lenscap-bpf.mount lenscap-loader.service lenscapd.service lenscapd-fetch.socket; do
	check "$unit is active" systemctl is-active "$unit"
done
check "nothing was restarted" is "$(property lenscap-loader NRestarts)$(property lenscapd NRestarts)" 00
check "no ordering cycle" not sh -c 'dmesg | grep -i "ordering cycle"'
for unit in lenscap-loader lenscapd; do
	check "$unit is up before the network" before "$(property $unit ActiveEnterTimestampMonotonic)" \
		"$(property network-pre.target ActiveEnterTimestampMonotonic)"
	check "$unit: no new privileges" is "$(status $unit NoNewPrivs)" 1
	check "$unit: a system call filter" is "$(status $unit Seccomp)" 2
done
# CAP_NET_ADMIN 12, CAP_PERFMON 38, CAP_BPF 39
check "the loader can have three capabilities" is "$(status lenscap-loader CapBnd)" 000000c000001000
check "lenscapd can have none" is "$(status lenscapd CapBnd)" 0000000000000000
check "lenscapd is not root" not is "$(status lenscapd Uid | cut -f 1)" 0
check "the bpffs is the group's to read" is "$(stat -c '%a %U %G' /run/lenscap/bpf)" "750 root lenscap"
check "the configuration is valid" lenscap check
check "the policy is in force" within 100 sh -c 'lenscap status -j | jq -e ".entries == 141 or .policy.entries == 141"'

ip netns add cam
ip link add lcp0 type veth peer name eth0 address 44:19:b6:00:00:01 netns cam
ip address add 10.0.0.1/24 dev lcp0
ip netns exec cam ip address add 10.0.0.2/24 dev eth0
check "a new port is attached" within 100 sh -c 'lenscap status -j | jq -e ".ports[] | select(.name == \"lcp0\")"'
ip link set lcp0 up
ip netns exec cam ip link set eth0 up
check "the camera is silent" not hears
ip netns exec cam ip link set eth0 down address 02:00:00:00:00:05
ip netns exec cam ip link set eth0 up
check "another device is not" within 40 hears
check "an override takes hold" lenscap flag 02:00:00:00:00:05 --reason test
check "and stops it" not hears
check "systemctl reload" systemctl reload lenscap-loader lenscapd
check "systemctl restart" systemctl restart lenscap-loader lenscapd
check "still stopped" not hears
reason() { lenscap status -j | jq -e --arg words "$1" '.sources[] | select(.name == "far") | .refused.reason | contains($words)'; }
check "nobody fetches yet" not systemctl is-active lenscapd-fetch.service
echo 'feeds: [{name: far, url: "https://127.0.0.1:1/x", unsigned: yes, every: 1s, timeout: 5s}]' >/etc/lenscap/lenscap.d/far.yaml
check "with a feed from the network" systemctl reload lenscapd
check "the service that fetches is asked, and has a network" within 200 reason "cannot connect"
check "it was started for it" systemctl is-active lenscapd-fetch.service
check "it can have no capability" is "$(status lenscapd-fetch CapBnd)" 0000000000000000
check "lenscapd has the policy's group" has_policy lenscapd
check "the service that fetches has not" not has_policy lenscapd-fetch
systemctl stop lenscapd-fetch.socket lenscapd-fetch.service
check "without it that is said" within 200 reason "systemctl start lenscapd-fetch.socket"
rm /etc/lenscap/lenscap.d/far.yaml
systemctl reload lenscapd
systemctl stop lenscapd lenscap-loader
check "the bpffs outlives the services" systemctl is-active run-lenscap-bpf.mount
check "and enforcement too" not hears
check "--detach ends it" lenscap-loader --detach
check "and nothing else did" within 40 hears
systemctl start lenscap-loader lenscapd
check "started again it is back" within 100 not hears
echo VM-END
