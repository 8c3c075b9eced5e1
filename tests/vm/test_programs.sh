#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Both programs on this kernel: floods, generic mode, VLAN devices, bonds, crashes, and the way off.
site=/run/site
config=$site/lenscap.yaml
bpf=$site/run/bpf
count=0
loader=''
daemon=''

# One test: a name, then the command that must succeed.
check() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >/tmp/check 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		tail -n 8 /tmp/check | sed 's/^/# /'
		[ -n "$loader" ] && sed 's/^/# /' /tmp/loader.out | tail -n 4
	fi
}

# Wait for a command to succeed, 20 seconds at most: the machine is emulated.
until_ok() {
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	"$@"
}

# A jq test on what the loader says of a port: port p1 '.xdp == "native"'
port() { jq -e --arg p "$1" ".ports[] | select(.name == \$p) | $2" $site/run/loader/state.json; }
port_gone() { ! port "$1" true; }
warned() { jq -e --arg w "$1" '[.warnings[], .ports[].warnings[]] | any(contains($w))' $site/run/loader/state.json; }
settled() { jq -e '.policy.in_force and .policy.entries > 140' $site/run/daemon/state.json; }
cam() { nsenter --net=/run/netns/cam "$@"; }
core() { nsenter --net=/run/netns/core "$@"; }

cable() { # port on the switch, namespace, address of the device
	ip netns add "$2"
	ip link add "$1" type veth peer name eth0 address "$3" netns "$2"
	ethtool -K "$1" gro on
	ip link set "$1" master br0 up
	nsenter --net="/run/netns/$2" ip link set eth0 up
	nsenter --net="/run/netns/$2" ip link set lo up
}

make_site() {
	mkdir -p $bpf $site/run/loader $site/run/daemon $site/state/loader $site/state/daemon $site/log $site/overrides/accept
	chgrp lenscap $site/run $site/run/loader $site/state/loader
	chmod 0750 $site/run $site/run/loader $site/state/loader
	chown lenscap:lenscap $site/run/daemon $site/state/daemon $site/log
	mount -t bpf -o mode=0750 bpf $bpf
	chgrp lenscap $bpf
	chmod 0750 $bpf
	ip link add br0 type bridge stp_state 0 mcast_snooping 0
	ip link set br0 up
	cable p1 cam 44:19:b6:00:00:01
	cable p2 core 02:00:00:00:00:22
	cam ip address add 10.77.0.1/24 dev eth0
	core ip address add 10.77.0.4/24 dev eth0
	core ping -c 1 -W 1 10.77.0.1 # the bridge learns where they are
}

# A zone, its interfaces, and further lines of it.
write_config() {
	cat >$config.new <<END
policy: {vendor-lists: [uk-core-network], clock: trust, capacity: 4096, devices: 256}
zones:
  - name: core
    interfaces: [$1]
    mode: enforce
$2
paths: {run: $site/run, state: $site/state, log: $site/log, overrides: $site/overrides, data: /lenscap/data}
END
	chmod 0644 $config.new
	mv $config.new $config
}

start_loader() {
	setpriv --groups 990,991 --bounding-set=-all,+bpf,+net_admin,+perfmon -- \
		lenscap-loader --config $config >>/tmp/loader.out 2>&1 &
	loader=$!
}
start_daemon() {
	lenscapd --config $config >/tmp/daemon.out 2>&1 &
	daemon=$!
}
stop() { # process, signal
	kill "-$2" "$1"
	wait "$1" 2>/dev/null
	return 0
}
fresh_state() { # the loader that runs has written its state
	jq -e --argjson pid "$loader" '.pid == $pid' $site/run/loader/state.json
}
restart_loader() {
	stop "$loader" "${1:-TERM}"
	start_loader
	until_ok fresh_state
}

classes='--class=flagged=44:19:b6:00:00:10+16*3 --class=clean=02:00:00:01:00:00+16'
# Send 4,000 frames from the camera's port, no faster than an emulated machine takes them; the core server must have
# got so many flagged and clean ones.
flood_gives() {
	mkfifo /tmp/in
	# shellcheck disable=SC2086 # words on purpose
	core flood receive $classes eth0 </tmp/in >/tmp/got &
	receiver=$!
	exec 9>/tmp/in
	until_ok grep -q ready /tmp/got
	# shellcheck disable=SC2086
	cam flood send --to 02:00:00:00:00:22 --rate 5000 --frames 4000 $classes eth0
	for _ in $(seq 50); do
		echo >&9
		sleep 0.1
		tail -n 1 /tmp/got | jq -e ".clean == $2" >/dev/null && break
	done
	exec 9>&-
	wait $receiver
	rm /tmp/in
	tail -n 1 /tmp/got
	tail -n 1 /tmp/got | jq -e ".flagged == $1 and .clean == $2"
}
program_on() { ip -d -j link show "$1" | jq -e '.[0].xdp.prog.id'; }
answered() { cam ping -c 2 -W 1 "$1"; }
silent() { ! answered "$1"; }
no_capability() { grep -q '^CapEff:	0000000000000000$' "/proc/$daemon/status" && grep -q '^Uid:	990	990	990	990$' "/proc/$daemon/status"; }
nothing_attached() { ! program_on p1 && ! program_on p2 && [ -z "$(ls $bpf)" ]; }

case $(uname -r) in
6.1.*) tc=clsact ;;
*) tc=tcx ;;
esac

make_site >/dev/null 2>&1
check "before Lenscap every frame arrives" flood_gives 3000 1000

write_config p1,p2 ""
: >/tmp/loader.out
start_loader
check "the loader starts" until_ok fresh_state
check "native XDP on a veth" port p1 '.xdp == "native" and .enforcing'
check "tc by $tc" port p1 ".tc == \"$tc\""
start_daemon
check "lenscapd puts the policy in force" until_ok settled
check "lenscapd runs as its user, without a capability" no_capability
check "flagged frames are stopped, clean ones arrive" flood_gives 0 1000
check "lenscap status finds nothing degraded" lenscap status --config $config
check "lenscap flag is enforced" lenscap flag 02:00:00:01:00:00/44 --reason test --config $config
check "what was flagged is stopped" flood_gives 0 0
check "lenscap unflag" lenscap unflag 02:00:00:01:00:00/44 --config $config

stop "$loader" KILL
check "with the loader killed, flagged frames are stopped" flood_gives 0 1000
start_loader
check "the loader comes back" until_ok fresh_state
check "a native program is on the port" program_on p1
check "after that, flagged frames are stopped" flood_gives 0 1000

ip link add d0 type dummy && ip link set d0 up
ip link add link p1 name p1.200 type vlan id 200
ip link add bond7 type bond
ip link add b1 type veth peer name b1x && ip link set b1 master bond7
write_config p1,p2,d0,p1.200,br0,bond7,b1 ""
restart_loader
check "generic XDP on a device without its own, with the reason" port d0 '.xdp == "generic" and .xdp_reason != null'
check "a VLAN device is named: use its port" warned "p1.200 is a VLAN device"
check "a bridge is named: use its ports" warned "br0 is a bridge"
check "a bond and its port: one of them is left out" port_gone b1
check "and that is said" warned "b1 is under the bond bond7"
check "the bond itself is enforced on" port bond7 '.enforcing'
check "the other ports are enforced on as before" flood_gives 0 1000
ip link delete d0
ip link delete p1.200
ip link delete bond7

# A VLAN device of the camera: on its way through the veth the tag is beside the frame, where XDP does not see it.
cam ip link add link eth0 name eth0.200 type vlan id 200
cam ip link set eth0.200 up
cam ip address add 10.200.0.1/24 dev eth0.200
core ip link add link eth0 name eth0.200 type vlan id 200
core ip link set eth0.200 up
core ip address add 10.200.0.4/24 dev eth0.200
check "VLAN 200 is stopped with any VLAN in the zone" silent 10.200.0.4
write_config p1 '    vlans: [200]'
restart_loader
check "VLAN verdicts are tc's on a veth" port p1 '.vlan == "tc"'
check "VLAN 200 is stopped" silent 10.200.0.4
check "untagged frames are in no zone and pass" answered 10.77.0.4
write_config p1 '    vlans: [100]'
restart_loader
check "with another VLAN in the zone, 200 passes" answered 10.200.0.4
write_config p1,p2 ""
restart_loader KILL
check "after a crash and a new configuration, all is stopped again" flood_gives 0 1000

check "SIGTERM of the loader leaves enforcement on" stop "$loader" TERM
check "indeed" flood_gives 0 1000
check "lenscap-loader --detach" lenscap-loader --detach --config $config
check "nothing is attached or pinned" nothing_attached
check "and every frame arrives" flood_gives 3000 1000
stop "$daemon" TERM
umount $bpf
ip link delete p1
ip link delete p2
ip link delete br0
echo "1..$count"
