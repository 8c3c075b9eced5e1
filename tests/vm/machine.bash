#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Shared by tests/vm/run, run-arm64 and run-systemd: a machine's root folder out of a kernel package and programs, its boot, its TAP.
# Who sources it sets $here, $build and $kernel (the unpacked package), and for boot $label and $limit.
# Programs are this machine's own, unless $base is a folder with another one's (arm64.bash).
# shellcheck disable=SC2154 # set by who sources it
base=''
modules='veth bridge 8021q bonding dummy macvlan sch_ingress cls_bpf cls_matchall virtio_pci virtio_net'
tools='ip ethtool jq nsenter setpriv timeout ps tc bridge'
wire='' within='' cards=''

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

# A scratch folder for the root, which goes at the end, as does what a boot needs beside it.
begin() {
	work=$(mktemp -d --tmpdir "lcvm$$.XXXX")
	root=$work/root
	trap 'rm -rf "$work"; [ -z "$wire" ] || ip netns delete "$wire" 2>/dev/null' EXIT
}

# Copy module $1 after those it depends on, and note the order.
add_module() {
	local file name need
	grep -qx "$1" "$root/modules/order" && return
	file=$(find "$kernel/lib/modules" -name "$1.ko" -o -name "$1.ko.xz" -o -name "${1//_/-}.ko" -o -name "${1//_/-}.ko.xz" | head -n 1)
	[ -n "$file" ] || return 0 # built in
	name=$root/modules/$1.ko
	case $file in *.xz) xz -dc "$file" >"$name" ;; *) cp "$file" "$name" ;; esac
	for need in $(tr '\0' '\n' <"$name" | sed -n 's/^depends=//p' | tr ',' ' '); do add_module "$need"; done
	echo "$1" >>"$root/modules/order"
}

# The libraries that a program or library needs, one a line.
libraries() {
	ldd "$1" 2>/dev/null | sed -n 's,^[^/]*\(/[^ ]*\).*,\1,p' || true # of a static one ldd knows none
}

program() { readlink -f "$(type -P "$1")"; }

add_libraries() {
	local library
	libraries "$1" | while read -r library; do
		[ -e "$root${library#"$base"}" ] || add_program "$library" "${library#"$base"}"
	done
}

# Copy a program to PLACE, and the libraries it needs to where they are here.
add_program() { # file, place
	install -D "$1" "$root$2"
	add_libraries "$1"
}

# Everything for init.sh: modules, tools, what was built in $build and the tests.
make_root() {
	local name
	mkdir -p "$root"/{bin,dev,etc,modules,proc,sys,tmp,run,tests,lenscap,usr/share}
	: >"$root/modules/order"
	for name in $modules; do add_module "$name"; done
	install "$(program busybox)" "$root/bin/busybox"
	add_program "$(program dash)" /bin/sh # busybox's shell prefers its own ip to the real one
	for name in $tools; do add_program "$(program "$name")" "/usr/bin/$name"; done
	for name in lenscap lenscapd lenscap-loader tests/tools/flood; do
		[ ! -x "$build/$name" ] || add_program "$build/$name" "/lenscap/$(basename "$name")"
	done
	for name in "$build"/tests/dataplane/test_*; do
		[ -x "$name" ] && [ ! -d "$name" ] && add_program "$name" "/tests/$(basename "$name")"
	done
	cp -r "$here/data" "$root/lenscap/data"
	cp "$here/tests/vm/"*.sh "$root/tests/"
	install -m 0755 "$here/tests/vm/init.sh" "$root/init"
	printf 'root:x:0:0::/:/bin/sh\nlenscap:x:990:990::/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nlenscap:x:990:\nlenscap-policy:x:991:lenscap\n' >"$root/etc/group"
}

keep_only() { # tests whose names begin so
	find "$root/tests" -maxdepth 1 -name 'test_*' ! -name "$1*" -delete
}

make_initrd() {
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd"
}

# One plan for the machine's tests: each line "ok N - name" gets its program's name and a number of its own.
one_plan() {
	awk -v kernel="$label" '
		/^VM-GROUP / { group = $2; next }
		/^VM-END/ { ended = 1; next }
		/^(not )?ok / {
			verdict = $1 == "not" && !/# SKIP/ ? "not ok" : "ok" # cmocka calls a skip "not ok"
			sub(/^(not )?ok [0-9]*[ -]*/, "")
			print verdict, ++n, "- kernel", kernel ": " group ": " $0
			failed += verdict == "not ok"
			next
		}
		/^VM-FAILED / { sub(/^VM-FAILED /, ""); print "not ok", ++n, "- kernel", kernel ": " $0; failed++; next }
		ended && /reboot: Power down/ { next }
		/^1\.\.|^TAP version/ { next }
		/^# (not )?ok - / { next }
		{ print "# " $0 }
		END {
			if (!ended) { print "not ok", ++n, "- kernel", kernel ": the machine ran to its end"; failed++ }
			print "1.." n
			exit failed ? 1 : 0
		}'
}

# Two more virtio cards on one wire, the first with two queues: a bridge in a namespace of this machine, whose end ends all.
make_wire() {
	wire=lcvm$$
	[ -c /dev/net/tun ] && ip netns add "$wire" || return 0
	cards='-netdev tap,id=q,ifname=ta,script=no,downscript=no,queues=2,vhost=off
		-device virtio-net-pci,netdev=q,mq=on,vectors=6,mac=02:aa:00:00:00:0a,romfile=
		-netdev tap,id=w,ifname=tb,script=no,downscript=no,vhost=off
		-device virtio-net-pci,netdev=w,mac=44:19:b6:00:00:66,romfile='
	ip -n "$wire" link add br0 type bridge stp_state 0 mcast_snooping 0
	ip -n "$wire" link set br0 up
	ip netns exec "$wire" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n "$wire" tuntap add ta mode tap multi_queue
	ip -n "$wire" tuntap add tb mode tap
	ip -n "$wire" link set ta master br0 up
	ip -n "$wire" link set tb master br0 up
	within="nsenter --net=/run/netns/$wire --"
}

# QEMU 7.2 may let a processor of an x86-64 machine run an int3 that a kernel patching its code has taken back already ("Oops: int3", seen
# in bpf_dispatcher_xdp_func on 6.12 and 7.3; https://bugzilla.redhat.com/show_bug.cgi?id=2216496), unless one thread emulates all of them.
accel_of() {
	case $1 in
	*x86_64) echo tcg,thread=single ;;
	*) echo tcg ;;
	esac
}

# Boot it, with QEMU's program and what this machine's kind needs as arguments, its console first. Prints TAP. In the foreground: who
# ends the group of processes that this runs in ends QEMU.
boot() {
	local console=$1
	shift
	make_initrd
	make_wire
	# shellcheck disable=SC2086 # words on purpose
	$within timeout --foreground "$limit" "$@" -accel "$(accel_of "$1")" -smp 2 -m 2048 -nographic -no-reboot $cards \
		-netdev hubport,id=a,hubid=1 -device virtio-net-pci,netdev=a,mac=44:19:b6:00:00:77,romfile= \
		-netdev hubport,id=b,hubid=1 -device virtio-net-pci,netdev=b,mac=02:00:00:00:00:88,romfile= \
		-kernel "$(echo "$kernel"/boot/vmlinuz-*)" -initrd "$work/initrd" \
		-append "console=$console quiet panic=-1 no_timer_check mitigations=off" </dev/null 2>&1 | stdbuf -oL tr -d '\r' |
		tee "$build/vm/console-${label// /-}.log" | sed -n '/^VM-START/,$p' | sed 1d | one_plan
}
