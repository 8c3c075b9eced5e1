#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the machine, when everything has started: says what it finds (TAP without numbers; the host gives them), then does what the
# kernel's command line asks for after "lenscap.then=". "MARK name" tells the host to note how many frames have reached the core.
# shellcheck source=tests/vm/checks.sh
. /tests/checks.sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
boot=$(sed -n 's/.*lenscap.boot=\([a-z]*\).*/\1/p' /proc/cmdline)
then=$(sed -n 's/.*lenscap.then=\([a-z,]*\).*/\1/p' /proc/cmdline)
state=/var/lib/lenscap

check() {
	what=$1
	shift
	if "$@" >/tmp/out 2>&1; then echo "ok $what"; else
		echo "not ok $what"
		tail -n 15 /tmp/out | sed 's/^/# /'
	fi
}
sent() { cat /sys/class/net/core0/statistics/tx_packets; }
more_than() { [ "$(sent)" -gt "$1" ]; }
# Other people's frames go through the bridge to the core: the camera's would too.
traffic() { within 600 more_than $(($(sent) + 50)); }
# The first time that interface $2 met event $1, in the kernel's own order.
first() { grep -n "$1: .*name=\"$2\"" /run/trace | head -n 1 | cut -d : -f 1; }
xdp_before_up() { grep -n cam0 /run/trace | head -n 5; [ "$(first xdp cam0)" -gt 0 ] && [ "$(first xdp cam0)" -lt "$(first up cam0)" ]; }
stopped() { lenscap devices -j >/tmp/devices && jq -e '[.. | objects | select(.mac? == "44:19:b6:00:00:01")] | length > 0' /tmp/devices; }
in_force() { lenscap status -j | jq -e '.entries > 0 or .policy.entries > 0'; }
no_services() { not systemctl is-active lenscap-loader lenscapd run-lenscap-bpf.mount; }

check_protected() {
	check "XDP was on the port before it was first up" xdp_before_up
	check "the policy is in force" in_force
	check "the camera was there, and was stopped" within 100 stopped
	check "both services run" systemctl is-active lenscap-loader lenscapd
	check "and started once" is "$(property lenscap-loader NRestarts)$(property lenscapd NRestarts)" 00
}

step_enable() {
	printf 'zones:\n  - {name: core, interfaces: [cam0], mode: enforce}\n' >/etc/lenscap/lenscap.d/site.yaml
	check "the configuration is valid" lenscap check
	systemctl -q enable lenscap-loader lenscapd
}
step_upgrade() {
	deb=/root/lenscap-next.deb
	case $(dpkg-query -W -f '${Version}' lenscap) in *+next) deb=/root/lenscap.deb ;; esac
	pids="$(property lenscap-loader MainPID) $(property lenscapd MainPID)"
	mounted=$(property run-lenscap-bpf.mount ActiveEnterTimestampMonotonic)
	check "the package is upgraded" dpkg -i --force-downgrade $deb
	check "other programs run" not is "$(property lenscap-loader MainPID) $(property lenscapd MainPID)" "$pids"
	check "they are active" systemctl is-active lenscap-loader lenscapd
	check "the bpffs was not touched" is "$(property run-lenscap-bpf.mount ActiveEnterTimestampMonotonic)" "$mounted"
	check "frames go on" traffic
}
# Every file of the state is cut in half, as by a file system that lost what was written last.
step_damage() {
	find $state -type f >/tmp/files
	check "there is state to damage" test -s /tmp/files
	while read -r file; do truncate -s $(($(stat -c %s "$file") / 2)) "$file"; done </tmp/files
	echo '{"half' >$state/daemon/.guard.json.a1b2c3
}
step_clear() { find $state -type f -delete; }
# Flagged by a feed alone, whose file is gone at the next boot: what was kept of it must do.
step_known() {
	mkdir -p /srv/kept
	printf '%s\n' '{"lenscap":1,"list":"kept","serial":1,"generated":"2026-01-01T00:00:00Z","count":1}' \
		'{"mac":"44:19:b6:00:00:01","action":"quarantine"}' >/srv/kept/cameras.jsonl
	printf 'feeds:\n  - {name: kept, path: /srv/kept/cameras.jsonl}\n' >/etc/lenscap/lenscap.d/kept.yaml
	sed -i 's/^  vendor-lists: .*/  vendor-lists: []/' /etc/lenscap/lenscap.yaml # its devices stay until the feed was read
	check "a feed in place of the list" lenscap reload
	check "is there" within 100 sh -c 'lenscap list --source kept | grep 44:19:b6:00:00:01'
	check "the list is gone" within 100 list_gone
	check "and alone it decides" kept_decides
	rm /srv/kept/cameras.jsonl
}
list_gone() { lenscap status -j | jq -e 'all(.sources[]; .kind != "list")'; }
kept_decides() { lenscap explain 44:19:b6:00:00:01 | grep -w kept; }
step_lists() {
	check "the feed's last content decides" kept_decides
	check "though its file is gone" not test -e /srv/kept/cameras.jsonl
	rm /etc/lenscap/lenscap.d/kept.yaml
	sed -i 's/^  vendor-lists: .*/  vendor-lists: [uk-core-network]/' /etc/lenscap/lenscap.yaml
}
step_feed() {
	printf 'feeds:\n  - {name: auditor, url: "https://192.0.2.1/cameras.jsonl", unsigned: yes}\n' >/etc/lenscap/lenscap.d/feed.yaml
	check "the configuration with a feed is valid" lenscap check
}
step_nofeed() { rm -f /etc/lenscap/lenscap.d/feed.yaml; }
step_purge() {
	touch /etc/lenscap/lenscap.d/mine.yaml
	echo "MARK last"
	sleep 1
	check "purge" dpkg --purge lenscap
	cp /tmp/out /tmp/purge
	check "purge says that enforcement ends" grep "enforcement ends now" /tmp/purge
	check "nothing of it runs" no_services
	check "no program is left on the port" not sh -c 'ip -j link show cam0 | grep xdp'
	check "only what people wrote is left" is "$(find / -xdev -path /proc -prune -o -name '*lenscap*' -print | grep -v -e ^/root -e ^/tmp | tr '\n' ' ')" \
		"/etc/lenscap /etc/lenscap/lenscap.d "
	check "and it is" is "$(find /etc/lenscap -type f | sort | tr '\n' ' ')" "/etc/lenscap/lenscap.d/mine.yaml /etc/lenscap/lenscap.d/site.yaml "
	check "frames go on" traffic
	sleep 1
	echo "MARK purged"
}

echo
echo "MARK start $(cut -d ' ' -f 1 /proc/uptime)"
[ ! -s /run/probe-error ] || cat /run/probe-error
check "frames reach the core" traffic
cat /sys/kernel/tracing/trace >/run/trace
if [ "$boot" = control ]; then
	check "installed, nothing is enabled" not systemctl is-enabled lenscap-loader lenscapd
	check "and nothing runs" no_services
	check "control: without it the port goes up without XDP" is "$(first xdp cam0):$(test "$(first up cam0)" -gt 0 && echo up)" ":up"
else
	check_protected
fi
[ "$boot" = control ] || sleep 2
echo "MARK judged"
for step in $(echo "$then" | tr , ' '); do step_"$step"; done
sync
echo "MARK end"
sleep 1000 # the host pulls the plug
