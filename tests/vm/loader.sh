#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Shared by the tests of the loader in a machine: its folders, its start and end, cables, and who answers. Needs no lenscapd.
# shellcheck disable=SC2034 # what is set here is read by the tests
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
	rm -rf $base
	mkdir -p $base/run/bpf $base/run/loader $base/run/daemon $base/state/daemon $base/log
	chgrp lenscap $base/run $base/run/bpf && chmod 0750 $base/run
	mount -t bpf bpf $base/run/bpf
	snapshot >$base/state/daemon/table.words
}

config() { # zones as YAML, the mirror port
	cat >$base/lenscap.yaml <<-EOF
		policy: {capacity: 4096, devices: 64}
		zones: $1
		${2:+mirror: $2}
		paths: {run: $base/run, state: $base/state, log: $base/log}
	EOF
}

start() {
	lenscap-loader --config $base/lenscap.yaml 2>>$base/out &
	pid=$!
	i=0
	until [ "$(jq .pid $base/run/loader/state.json 2>/dev/null)" = "$pid" ] || [ $i -gt 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}

stop() {
	kill "$1" "$pid"
	wait "$pid" 2>/dev/null
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
	nsenter --net=/run/netns/"$1" ping -c 5 -i 0.5 -W 2 "$2" >/dev/null
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
