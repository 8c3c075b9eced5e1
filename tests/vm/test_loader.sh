#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The loader on this kernel: clsact where tcx is missing, VLAN devices, bonds; restart and detach leave no doubt.
# shellcheck source=tests/vm/loader.sh
. "$(dirname "$0")/loader.sh"

places
cable p1 10.9.0.1/24
nsenter --net=/run/netns/p1 ip address add 10.9.0.2/24 dev eth0

answers p1 10.9.0.1
ok "control: the device answers before anything is attached"
config '[{name: core, interfaces: [p1], mode: enforce}]'
start
port p1 ".enforcing and .xdp == \"native\" and .tc == \"$tc\""
ok "native XDP and $tc"
[ $tc = tcx ] || port p1 '.tc_reason | contains("no tcx")'
ok "the reason for $tc"
! answers p1 10.9.0.1
ok "a flagged device is stopped"
address p1 eth0 $clean
answers p1 10.9.0.1
ok "a clean one is not"
address p1 eth0 $flagged
stop -9
! answers p1 10.9.0.1
ok "killed: still stopped"
filters=$(tc filter show dev p1 ingress | grep -c 'handle 0x6c656e73')
start
[ "$(tc filter show dev p1 ingress | grep -c 'handle 0x6c656e73')" -eq "$filters" ] && ! warned ''
ok "started again: what was attached is taken over"
! answers p1 10.9.0.1
ok "and stops"
stop -TERM

ip link add link p1 name p1.200 type vlan id 200
ip address add 10.9.2.1/24 dev p1.200
ip link set p1.200 up
nsenter --net=/run/netns/p1 sh -c 'ip link add link eth0 name eth0.200 type vlan id 200
	ip address add 10.9.2.2/24 dev eth0.200; ip link set eth0.200 up'
config '[{name: core, interfaces: [p1], vlans: [200], mode: enforce}]'
start
port p1 '.vlan == "tc"'
ok "VLANs of a veth are judged in tc"
! answers p1 10.9.2.1
ok "stopped in the VLAN of the zone"
answers p1 10.9.0.1
ok "not stopped outside it"
stop -TERM
config '[{name: core, interfaces: [p1.200], mode: enforce}]'
start
warned 'p1.200 is a VLAN device: name its port p1 instead'
ok "a VLAN device is no port"
stop -TERM

modprobe bonding 2>/dev/null
ip link delete p1
cable s1 ''
cable s2 ''
ip link add bond0 type bond mode active-backup miimon 50
for slave in s1 s2; do
	ip link set $slave down
	ip link set $slave master bond0
done
ip link set bond0 up
ip address add 10.9.1.1/24 dev bond0
nsenter --net=/run/netns/s1 ip address add 10.9.1.2/24 dev eth0
sleep 1
answers s1 10.9.1.1
ok "control: the device behind the bond answers"
config '[{name: core, interfaces: [bond0, "s*"], mode: enforce}]'
start
port bond0 .enforcing && ! port s1 .enforcing
ok "the bond, not its ports"
warned 's1 is under the bond bond0, which is in a zone itself'
ok "and it is said"
! answers s1 10.9.1.1
ok "stopped on the bond"
stop -TERM
config '[{name: core, interfaces: ["s*"], mode: enforce}]'
start
port s1 .enforcing && port s2 .enforcing && ! port bond0 .enforcing && ! warned 'under the bond'
ok "its ports, not the bond"
! answers s1 10.9.1.1
ok "stopped on its ports"
stop -TERM

ip link add br0 type bridge vlan_filtering 1
cable b1 ''
ip link set b1 master br0
bridge vlan add dev b1 vid 30 pvid untagged
config '[{name: core, interfaces: ["bridge:br0"], vlans: [30], mode: enforce}]'
start
warned 'zone core lists VLAN 30, the PVID of b1'
ok "a PVID that is listed alone is said"
stop -TERM
config '[{name: core, interfaces: ["bridge:br0"], vlans: [untagged, 30], mode: enforce}]'
start
port b1 .enforcing && ! warned ''
ok "with untagged it is right"
stop -TERM
config '[{name: core, interfaces: ["s*"], mode: enforce}]'
start
stop -TERM

lenscap-loader --config $base/lenscap.yaml --detach 2>>$base/out
! ip link show | grep -q xdp && ! tc filter show dev s1 ingress | grep -q 6c656e73
ok "detached: nothing is left"
answers s1 10.9.1.1
ok "and nothing is stopped"
[ ! -d $base/run/bpf/port ] && [ ! -e $base/run/bpf/control ]
ok "no pin either"

echo "1..$n"
umount $base/run/bpf
cat $base/out >&2
ip link delete bond0
ip link delete br0
for name in p1 s1 s2 b1; do
	ip netns delete $name
done
