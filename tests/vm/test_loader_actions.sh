#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Egress and the mirror port on this kernel, and divert by XDP between real network cards: two that QEMU joins by a hub.
# shellcheck source=tests/vm/loader.sh
. "$(dirname "$0")/loader.sh"

received() { # namespace, device: packets so far
	nsenter --net=/run/netns/"$1" ip -s -j link show "$2" | jq '.[0].stats64.rx.packets'
}

total() { # reason: frames on all ports
	lenscap status -j --config $base/lenscap.yaml 2>/dev/null | jq "[.totals[] | select(.what == \"$1\") | .frames] | add"
}

mirror() { # jq filter
	jq -e ".mirror | $1" $base/run/loader/state.json >/dev/null
}

to_device() { # does it receive what we send it?
	before=$(received p1 eth0)
	ping -c 3 -W 1 10.9.0.2 >/dev/null
	[ "$(received p1 eth0)" -ge $((before + 3)) ]
}

places
ip netns add mon
ip link add mon0 type veth peer name eth0 netns mon
ip link set mon0 up
nsenter --net=/run/netns/mon ip link set eth0 up

cable p1 10.9.0.1/24
nsenter --net=/run/netns/p1 ip address add 10.9.0.2/24 dev eth0
ip neighbour add 10.9.0.2 lladdr 44:19:b6:00:00:01 dev p1
config '[{name: core, interfaces: [p1], mode: enforce}]'
start
to_device
ok "control: a device whose direction is not judged receives"
stop -TERM
config '[{name: core, interfaces: [p1], mode: enforce, direction: both}]'
start
port p1 ".egress == \"$tc\"" && ! warned ''
ok "$tc on egress"
! to_device
ok "nothing reaches the device"
stop -9
! to_device
ok "killed: still nothing"
start
port p1 ".egress == \"$tc\"" && ! warned '' && [ "$(tc filter show dev p1 egress | grep -c 'handle 0x6c656e73')" -le 1 ]
ok "started again: egress is taken over"
stop -TERM

config '[{name: core, interfaces: [p1], mode: enforce, action: mirror, actions: [mirror]}]' '{interface: mon0, snaplen: 64}'
start
before=$(received mon eth0)
answers p1 10.9.0.1
ok "a mirrored device is answered"
[ "$(received mon eth0)" -gt "$before" ]
ok "and copied"
[ "$(total copied)" -gt 0 ] && ! warned ''
ok "which is counted"
case $(uname -r) in
6.1.*) mirror '.divert == "tc" and (.reason | contains("6.3 and later"))' ;;
*) mirror '.divert == "tc" and (.reason | contains("takes no XDP frames now"))' ;;
esac
ok "why divert is by tc"
stop -TERM

# Two cards on one cable. Frames with a tag are whole in them, so XDP may redirect where the mirror port takes that.
out=$(ip -j link | jq -r '.[] | select(.address == "44:19:b6:00:00:77") | .ifname')
in=$(ip -j link | jq -r '.[] | select(.address == "02:00:00:00:00:88") | .ifname')
[ -n "$out" ] && [ -n "$in" ]
ok "two network cards"
ip netns add cam
ip link set "$out" netns cam
ip link set "$in" up
ip address add 10.9.6.1/24 dev "$in"
nsenter --net=/run/netns/cam sh -c "ip link set $out up; ip address add 10.9.6.2/24 dev $out"
answers cam 10.9.6.1
ok "control: the device on the card is answered"
ethtool -K mon0 gro on
nsenter --net=/run/netns/mon ethtool -K eth0 gro on
config "[{name: core, interfaces: [$in], mode: enforce, action: divert, actions: [divert]}]" '{interface: mon0}'
start
port "$in" '.xdp == "native"'
ok "native XDP on the card"
case $(uname -r) in
6.1.*) by=tc stopped=stopped_tc ;;
*) by=xdp stopped=stopped_xdp ;;
esac
mirror ".divert == \"$by\"" && port "$in" ".divert == \"$by\""
ok "divert by $by"
quiet() { # the device stops asking for an address that nobody has
	now=''
	until [ "$now" = "$(total copied) $(total $stopped)" ]; do
		now="$(total copied) $(total $stopped)"
		sleep 2
	done
}
quiet
before=$(received mon eth0) copied=$(total copied) was=$(total $stopped)
! answers cam 10.9.6.1
ok "a diverted device is not answered"
quiet # or a frame comes between the two counts
copied=$(($(total copied) - copied)) was=$(($(total $stopped) - was))
[ "$was" -gt 0 ] && [ "$copied" -eq "$was" ] && [ "$(total copy_failed)" -eq 0 ]
ok "each of its frames is stopped and copied"
i=0
until [ $(($(received mon eth0) - before)) -ge "$copied" ] || [ $i -gt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
[ $(($(received mon eth0) - before)) -ge "$copied" ]
ok "and arrives at the mirror port"
stop -TERM

lenscap-loader --config $base/lenscap.yaml --detach 2>>$base/out
! ip link show | grep -q xdp && ! tc filter show dev p1 egress | grep -q 6c656e73 && [ ! -e $base/run/bpf/mirror ]
ok "detached: nothing is left"

echo "1..$n"
umount $base/run/bpf
cat $base/out >&2
for name in p1 mon cam; do
	ip netns delete $name
done
ip address flush dev "$in" # the cards stay in the machine, and other tests follow
ip link set "$in" down
