#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The loader on this kernel: clsact where tcx is missing, VLAN devices, bonds; restart and detach leave no doubt.
base=/run/lcvm
n=0
pid=''

ok() { # what; the exit code of the command before decides
	if [ $? -eq 0 ]; then verdict=ok; else verdict='not ok'; fi
	n=$((n + 1))
	echo "$verdict $n - $1"
}

# A list of 44:19:b6/24, drop, as lenscapd leaves it for the next boot (struct lc_snapshot): it needs no lenscapd here.
snapshot() {
	printf '\114\103\103\127\117\104\123\061\002\000\000\000\001\000\000\000\376\334\216\301\365\204\123\135\312\355\026\373'
	printf '\156\377\145\334\100\054\274\224\351\363\134\126\306\202\131\304\064\135\331\343\002\000\000\000\000\266\031\104'
}

places() {
	mkdir -p $base/run/bpf $base/run/loader $base/run/daemon $base/state/daemon $base/log
	chgrp lenscap $base/run $base/run/bpf && chmod 0750 $base/run
	mount -t bpf bpf $base/run/bpf
	snapshot >$base/state/daemon/table.words
}

config() { # zones as YAML
	cat >$base/lenscap.yaml <<-EOF
		policy: {capacity: 4096, devices: 64}
		zones: $1
		paths: {run: $base/run, state: $base/state, log: $base/log}
	EOF
}

start() {
	lenscap-loader --config $base/lenscap.yaml 2>>$base/out &
	pid=$!
	i=0
	until [ "$(jq .pid $base/run/loader/state.json 2>/dev/null)" = $pid ] || [ $i -gt 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}

stop() {
	kill "$1" $pid
	wait $pid 2>/dev/null
}

port() { # name, jq filter
	jq -e ".ports[] | select(.name == \"$1\") | $2" $base/run/loader/state.json >/dev/null
}

warned() { # part of a warning
	jq -e "[.warnings[], .ports[].warnings[]] | any(contains(\"$1\"))" $base/run/loader/state.json >/dev/null
}

cable() { # port name, its address: a device behind it in a namespace of the port's name
	ip netns add "$1"
	ip link add "$1" type veth peer name eth0 address 44:19:b6:00:00:01 netns "$1"
	ip link set "$1" up
	[ -z "$2" ] || ip address add "$2" dev "$1"
	nsenter --net=/run/netns/"$1" ip link set eth0 up
}

answers() { # namespace, address: does the device hear from us?
	nsenter --net=/run/netns/"$1" ping -c 2 -W 2 "$2" >/dev/null
}

address() { # namespace, device, MAC
	nsenter --net=/run/netns/"$1" sh -c "ip link set $2 down; ip link set $2 address $3; ip link set $2 up"
}

flagged=44:19:b6:00:00:01
clean=02:00:00:00:00:01
case $(uname -r) in
6.1.*) tc=clsact ;;
*) tc=tcx ;;
esac

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
