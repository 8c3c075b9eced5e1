#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Networks that the tests' own kernel cannot make: bonds of each mode, a bridge that filters VLANs, ports that change
# namespaces, a qdisc that is there already, and network cards (virtio) with several queues. Each with its control.
# shellcheck source=tests/vm/loader.sh
. "$(dirname "$0")/loader.sh"

# Until a test holds, for 30 seconds; one that takes long itself (answers) is tried again in that time, not for ever.
soon() {
	end=$(($(date +%s) + 30))
	until "$@"; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.1
	done
}
enforcing() { port "$1" ".ifindex == $(cat "/sys/class/net/$1/ifindex") and .enforcing and .up"; }
inside() { # namespace, command
	where=/run/netns/$1
	shift
	nsenter --net="$where" "$@"
}
silent() { ! answers "$@"; }
places

# ---- Bonds: the loader follows them as they come and go; clean frames pass, flagged ones do not ----
cable s1 ''
inside s1 ip address add 10.9.1.2/24 dev eth0
bond() { # mode
	ip link set s1 down
	ip link add bond0 type bond mode "$1" miimon 50
	ip link set s1 master bond0
	ip link set bond0 up
	ip address add 10.9.1.1/24 dev bond0
}
unbond() {
	ip link set s1 nomaster
	ip link delete bond0
}
address s1 eth0 $flagged
bond balance-rr
soon answers s1 10.9.1.1
ok "control: a flagged device answers over a bond"
unbond
config '[{name: core, interfaces: [bond0], mode: enforce}]'
start
for mode in balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb; do
	address s1 eth0 $clean
	bond $mode
	case $mode in
	balance-rr | active-backup | balance-xor | 802.3ad) wanted='.xdp == "native"' ;;
	*) wanted='.xdp == "generic" or .xdp == "native"' ;; # native where the kernel's bond takes it
	esac
	soon enforcing bond0 && soon port bond0 "$wanted"
	ok "bond $mode: XDP on it"
	soon answers s1 10.9.1.1
	ok "bond $mode: a clean device answers"
	address s1 eth0 $flagged
	silent s1 10.9.1.1
	ok "bond $mode: a flagged one does not"
	unbond
done
stop -TERM
ip netns delete s1

# ---- A bridge that filters VLANs: the camera is in VLAN 30 of one port, untagged in 10 of another ----
ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0
ip link set br0 up
cable b1 ''
cable b2 ''
for name in b1 b2; do
	ip link set $name master br0
	bridge vlan add dev $name vid 30
	bridge vlan add dev $name vid 10 pvid untagged
	inside $name ip link add link eth0 name eth0.30 type vlan id 30
	inside $name ip link set eth0.30 up
done
address b2 eth0 $clean
inside b2 ip link set eth0.30 address $clean up
inside b1 ip address add 10.9.3.1/24 dev eth0.30
inside b2 ip address add 10.9.3.2/24 dev eth0.30
inside b1 ip address add 10.9.4.1/24 dev eth0
inside b2 ip address add 10.9.4.2/24 dev eth0
soon answers b1 10.9.3.2 && soon answers b1 10.9.4.2
ok "control: a flagged device answers in both VLANs of the bridge"
config '[{name: core, interfaces: ["bridge:br0"], vlans: [30], mode: enforce}]'
start
port b1 '.vlan == "tc" and .enforcing'
ok "VLANs of a filtering bridge's ports are judged in tc"
silent b1 10.9.3.2
ok "stopped in VLAN 30"
answers b1 10.9.4.2
ok "not stopped in VLAN 10, which no zone lists"
stop -TERM
config '[{name: core, interfaces: ["bridge:br0"], vlans: [untagged], mode: enforce}]'
start
silent b1 10.9.4.2
ok "untagged listed: stopped in the PVID's VLAN"
answers b1 10.9.3.2
ok "and not in VLAN 30"
stop -9
lenscap-loader --config $base/lenscap.yaml --detach 2>>$base/out
answers b1 10.9.4.2
ok "control: detached, it answers"
ip link delete br0
ip netns delete b1
ip netns delete b2

# ---- A port that goes to another namespace and comes back; and one beside an ingress qdisc of somebody else ----
cable p1 10.9.0.1/24
inside p1 ip address add 10.9.0.2/24 dev eth0
ip netns add away
tc qdisc add dev p1 ingress
tc filter add dev p1 ingress protocol 0x88b5 prio 9 matchall action pass 2>/dev/null ||
	tc filter add dev p1 ingress protocol 0x88b5 prio 9 u32 match u32 0 0 2>/dev/null
theirs=$(tc qdisc show dev p1 | grep ingress)
answers p1 10.9.0.1
ok "control: a flagged device answers beside an ingress qdisc"
config '[{name: core, interfaces: [p1], vlans: [untagged], mode: enforce}]' # so that tc decides
start
port p1 ".tc == \"$tc\" and .vlan == \"tc\" and .enforcing"
ok "$tc beside an ingress qdisc"
silent p1 10.9.0.1
ok "and it stops"
[ "$(tc qdisc show dev p1 | grep ingress)" = "$theirs" ]
ok "the other's qdisc is still there"
ip link set p1 netns away
soon port p1 '.ifindex == 0'
ok "moved to another namespace: it is said"
inside away ip address add 10.9.0.1/24 dev p1
inside away ip link set p1 up
if [ "$tc" = clsact ]; then # the kernel takes the qdisc away when a device changes namespaces
	warned 'its tc filter is gone'
	ok "before kernel 6.6: that tc is gone there is said"
else
	silent p1 10.9.0.1
	ok "there it is stopped as before"
fi
inside away ip link set p1 netns 1
ip address add 10.9.0.1/24 dev p1
ip link set p1 up
soon enforcing p1
ok "back again: known"
silent p1 10.9.0.1
ok "and stopped"
address p1 eth0 $clean
answers p1 10.9.0.1
ok "a clean device is not"
address p1 eth0 $flagged
stop -TERM
lenscap-loader --config $base/lenscap.yaml --detach 2>>$base/out
soon answers p1 10.9.0.1
ok "control: detached, it answers"
ip netns delete p1
ip netns delete away

# ---- Network cards: the port has two queues, the camera is a card of its own on the same wire ----
card() { # its address
	for path in /sys/class/net/*/; do
		[ -e "$path/address" ] && [ "$(cat "$path/address")" = "$1" ] && basename "$path"
	done
}
nic=$(card 02:aa:00:00:00:0a)
camera=$(card 44:19:b6:00:00:66)
if [ -z "$nic" ] || [ -z "$camera" ]; then
	n=$((n + 1))
	echo "ok $n - virtio cards # SKIP the machine has none: no /dev/net/tun where it was started"
else
	ip netns add cam
	ip link set "$camera" netns cam
	inside cam ip address add 10.9.5.2/24 dev "$camera"
	inside cam ip link set "$camera" up
	ip address add 10.9.5.1/24 dev "$nic"
	ethtool -L "$nic" combined 2 2>/dev/null
	ip link set "$nic" up
	ethtool -l "$nic" | tail -n 5 | grep -q 'Combined:.*2'
	ok "a virtio card with two queues"
	soon answers cam 10.9.5.1
	ok "control: a flagged device on the wire answers"
	config "[{name: core, interfaces: [$nic], mode: enforce}]"
	start
	port "$nic" ".xdp == \"native\" and .tc == \"$tc\" and .enforcing"
	ok "native XDP on it"
	silent cam 10.9.5.1
	ok "a flagged device is stopped"
	ethtool -L "$nic" combined 1
	silent cam 10.9.5.1
	ok "with one queue, too"
	ethtool -L "$nic" combined 2
	address cam "$camera" $clean
	soon answers cam 10.9.5.1
	ok "a clean one is not"
	address cam "$camera" $flagged
	stop -9
	silent cam 10.9.5.1
	ok "killed: still stopped"
	lenscap-loader --config $base/lenscap.yaml --detach 2>>$base/out
	soon answers cam 10.9.5.1
	ok "control: detached, it answers"
	address cam "$camera" 44:19:b6:00:00:66 # the card goes back to the machine: another camera's address would be the router's own
	ip netns delete cam
fi

echo "1..$n"
umount $base/run/bpf
cat $base/out >&2
