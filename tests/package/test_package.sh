#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The Debian packages: built twice, under another path, user, zone and year, to the same bytes; lintian; contents; what the
# maintainer scripts call. Prints TAP. What they do to real ports is tests/vm/run-boots.
# shellcheck disable=SC2317,SC2016 # functions are called by check; $0 and $@ are the inner shell's
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d --tmpdir "lcpkg$$.XXXX")
trap 'rm -rf "$work"' EXIT
chmod 0755 "$work"
number=0
failed=0
arch=$(dpkg --print-architecture)
version=$(cd "$here" && dpkg-parsechangelog -S Version)
deb=lenscap_${version}_$arch.deb
export DEB_BUILD_OPTIONS="nocheck parallel=2" # the suite `unit` runs them

# check NAME COMMAND...: passes when the command does; its output is shown when it does not.
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@" >"$work/out" 2>&1; then echo "ok $number - $name"; else
		echo "not ok $number - $name"
		failed=1
		tail -n 30 "$work/out" | sed 's/^/# /'
	fi
}
not() { ! "$@"; }

# ---- Built twice ----
unpack() { dpkg-source --no-check -x "$work/first/lenscap_$version.dsc" "$work/source"; }
build_other() {
	mkdir -p "$work/elsewhere/far/away"
	cp -r "$work/source" "$work/elsewhere/far/away/tree"
	chown -R nobody "$work/elsewhere"
	(umask 077 && cd "$work/elsewhere" && HOME=$work/elsewhere USER=nobody LOGNAME=nobody TZ=Asia/Kathmandu LC_ALL=C.UTF-8 \
		setpriv --reuid nobody --regid nogroup --clear-groups faketime -f +400d \
		"$work/elsewhere/far/away/tree/scripts/deb" "$work/elsewhere/far/away/tree/build/deb")
}
same() { cmp "$work/first/$1" "$work/elsewhere/far/away/tree/build/deb/$1"; }
# One kernel program compiled in two places; $1 is the setting that should make it the same.
bpf_in_two_places() {
	local place
	for place in p1 place2; do
		[ -d "$work/$place" ] || cp -r "$work/source" "$work/$place"
		make -s -C "$work/$place" O=build "$@" build/bpf/lenscap_egress.bpf.o || return 2
		mv "$work/$place/build/bpf/lenscap_egress.bpf.o" "$work/$place.o"
	done
	cmp "$work/p1.o" "$work/place2.o"
}
differs_without_map() {
	local status=0
	bpf_in_two_places PREFIX_MAP= || status=$?
	[ "$status" = 1 ]
}

agree() { echo "$*" && [ "$1" = "$2" ] && [ "$1" = "$3" ]; }
check "one version in Makefile, debian/changelog and CHANGELOG.md" agree "$version" \
	"$(sed -n 's/^VERSION := //p' "$here/Makefile")" "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$here/CHANGELOG.md" | head -n 1)"
check "the packages build" "$here/scripts/deb" "$work/first"
check "the source package unpacks" unpack
check "and again: another path, user, umask, zone and year" build_other
for file in "$deb" "lenscap-dbgsym_${version}_$arch.deb" "lenscap_$version.tar.xz" "lenscap_$version.dsc"; do
	check "same bytes: $file" same "$file"
done
check "kernel programs are the same in two places" bpf_in_two_places
check "control: they are not without the map of paths" differs_without_map
check "lintian finds nothing" lintian --allow-root -I --fail-on error,warning,info "$work/first/lenscap_${version}_$arch.changes"
broken_package() {
	dpkg-deb -R "$work/first/$deb" "$work/broken" && rm "$work/broken/usr/share/doc/lenscap/copyright" &&
		dpkg-deb --root-owner-group -b "$work/broken" "$work/broken.deb" && ! lintian --allow-root --fail-on error "$work/broken.deb"
}
check "control: it does in a package without a licence" broken_package

# ---- Contents ----
contents() {
	dpkg-deb -c "$work/first/$deb" | awk '$1 !~ /^d/ { sub(/^\./, "", $6); print $1, $2, $6 }' | sort >"$work/contents"
	expected | sort | diff - "$work/contents"
}
# What `make install` installs (tests/net/test_dist.py knows what that is), and what only a package has.
expected() {
	(cd "$work/installed" && find . -type f -printf '%M root/root /%P\n' | sed '/\/share\/man\//s/$/.gz/')
	for name in README.Debian README.md.gz SECURITY.md security.md.gz architecture.md.gz changelog.gz copyright; do
		echo "-rw-r--r-- root/root /usr/share/doc/lenscap/$name"
	done
	echo "-rw-r--r-- root/root /usr/share/lintian/overrides/lenscap"
}
check "make install, from the source package" make -s -j2 -C "$work/source" O=build install DESTDIR="$work/installed"
check "every file with its mode, and no other" contents
check "control: one more would be seen" not diff <({ expected && echo "-rw-r--r-- root/root /etc/x"; } | sort) "$work/contents"
check "the configuration is a conffile" grep -x /etc/lenscap/lenscap.yaml <(dpkg-deb -I "$work/first/$deb" conffiles)

# ---- What the maintainer scripts call ----
dpkg-deb -e "$work/first/$deb" "$work/control"
mkdir "$work/bin"
for name in deb-systemd-invoke deb-systemd-helper systemctl systemd-sysusers systemd-tmpfiles mountpoint; do
	printf '#!/bin/sh\necho "%s $*" >>%s/calls\n' "$name" "$work" >"$work/bin/$name"
done
printf '#!/bin/sh\necho "lenscap-loader $*" >>%s/calls\n[ ! -e %s/detach-fails ]\n' "$work" "$work" >"$work/bin/lenscap-loader"
chmod +x "$work/bin/"*
# Runs script $1 as dpkg would, on a machine with systemd, and notes what it calls to stop, start or detach.
calls() {
	: >"$work/calls"
	unshare -m sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && PATH=$0:$PATH exec "$@"' \
		"$work/bin" "$work/control/$1" "${@:2}"
}
did() { grep -E '^(deb-systemd-invoke|lenscap-loader|systemctl (start|stop|restart|enable))|helper enable' "$work/calls" | tr '\n' ';'; }
is() { echo "$1 instead of $2" && [ "$1" = "$2" ]; }
restart='deb-systemd-invoke stop lenscapd-fetch.service;deb-systemd-invoke restart lenscap-loader.service lenscapd.service;'
stop='deb-systemd-invoke stop lenscapd.service lenscapd-fetch.socket lenscapd-fetch.service lenscap-loader.service;lenscap-loader --detach;'

check "first installation runs" calls postinst configure ""
sed -i '/^deb-systemd-helper enable/d' "$work/calls" # the fake says of everything that it was enabled
check "and starts nothing" is "$(did)" ""
check "prerm of an upgrade runs" calls prerm upgrade 9.0
check "and calls nothing at all" is "$(cat "$work/calls")" ""
check "postrm of an upgrade runs" calls postrm upgrade 9.0
check "and stops nothing" is "$(did)" ""
check "postinst of an upgrade runs" calls postinst configure 0.0.1
sed -i '/^deb-systemd-helper enable/d' "$work/calls"
check "and restarts both, the loader first" is "$(did)" "$restart"
check "removal runs" calls prerm remove
cp "$work/out" "$work/said"
check "and stops, detaches, unmounts, in this order" is "$(did)" "${stop}deb-systemd-invoke stop run-lenscap-bpf.mount;"
check "and said that enforcement ends" grep "enforcement ends now" "$work/said"
touch "$work/detach-fails"
check "removal fails when detaching does" not calls prerm remove
check "and leaves the bpffs mounted" is "$(did)" "$stop"

# ---- Purge ----
fill() {
	local name root=$work/root
	for name in var/lib/lenscap/daemon/feeds/a.jsonl var/lib/lenscap/loader/config/lenscap.yaml var/log/lenscap/events.jsonl \
		var/log/lenscap/events.jsonl-20261128-1.gz etc/lenscap/overrides.d/local.jsonl etc/lenscap/overrides.d/.lock \
		etc/lenscap/overrides.d/accept/auditor run/lenscap/daemon/state.json "$@"; do
		mkdir -p "$(dirname "$root/$name")" "$root/etc/lenscap/lenscap.d"
		: >"$root/$name"
	done
}
purge() { DPKG_ROOT=$work/root PATH=$work/bin:$PATH "$work/control/postrm" "$@"; }
left() { (cd "$work/root" && find . ! -type d | sort | tr '\n' ' '); }
fill etc/lenscap/lenscap.d/site.yaml etc/lenscap/overrides.d/mine.jsonl var/lib/other/x
before=$(left)
check "postrm remove runs" purge remove
check "and keeps everything but the run folder" is "$(left)" "${before/.\/run\/lenscap\/daemon\/state.json /}"
check "postrm purge runs" purge purge
check "and leaves what people wrote" is "$(left)" "./etc/lenscap/lenscap.d/site.yaml ./etc/lenscap/overrides.d/mine.jsonl ./var/lib/other/x "
rm -rf "$work/root"
fill
check "purge without a person's files" purge purge
check "leaves no folder of ours" is "$(find "$work/root" -name 'lenscap*')" ""
echo "1..$number"
exit $failed
