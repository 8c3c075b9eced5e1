#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Shared by the tests of both programs in a machine: a site with two cables, the configuration, start and end, checks.
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

# Wait for a command to succeed, 60 seconds at most: the machine is emulated. A subshell, since one may wait within another.
until_ok() (
	end=$(($(cut -d . -f 1 /proc/uptime) + 60))
	until "$@" >/dev/null 2>&1; do
		[ "$(cut -d . -f 1 /proc/uptime)" -lt $end ] || exit 1
		sleep 0.1
	done
)

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

# Off the ports, and no trace for the tests that follow in this machine.
end_site() {
	lenscap-loader --detach --config $config
	stop "$loader" TERM
	stop "$daemon" TERM
	umount $bpf
	ip link delete p1
	ip link delete p2
	ip link delete br0
	ip netns delete cam
	ip netns delete core
	rm -rf $site
}
