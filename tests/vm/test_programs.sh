#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Both programs on this kernel: floods, generic mode, VLAN devices, bonds, crashes, and the way off.
# shellcheck source=tests/vm/programs.sh
. "$(dirname "$0")/programs.sh"

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
