#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine for arm64, after machine.bash: prepare VERSION builds everything by cross compiler and sets $base, $kernel, $build and $flags,
# which make takes to build so. The compiler and QEMU are installed when they are missing: scripts/install-packages arm64.
# The emulation is of instructions: it does not reorder loads and stores as a real arm64 may.
# shellcheck disable=SC2034,SC2154 # for, and from, who sources it
triplet=aarch64-linux-gnu
qemu=(ttyAMA0 qemu-system-aarch64 -M virt -cpu "max,pauth-impdef=on")

program() { readlink -f "$(PATH=$base/usr/bin:$base/usr/sbin type -P "$1")"; }

libraries() {
	local name folder
	for name in $($triplet-readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		for folder in "$base/lib/$triplet" "$base/lib" "$base/lib/$triplet/systemd"; do
			[ ! -e "$folder/$name" ] || echo "$folder/$name"
		done
	done
}

# What it takes, in a folder named by what it is made from: another list of packages is another folder.
fetch_arm64() { # version of the kernel
	local list
	[ "$(uname -m)" = x86_64 ] || skip "arm64: it is built by cross compiler on x86-64"
	if ! command -v $triplet-gcc qemu-system-aarch64 >/dev/null; then
		"$here/scripts/install-packages" arm64 >&2 || skip "arm64: cannot install the cross compiler and QEMU"
	fi
	list=$(cat "$here/scripts/packages" "$here/tests/vm/fetch-arm64" | sha256sum | cut -c 1-12)
	base=$build/vm/debian-arm64-$list
	[ -d "$base" ] || "$here/tests/vm/fetch-arm64" "$base" >&2 || skip "arm64: cannot download Debian's packages"
	kernel=$(find "$base/kernels" -maxdepth 1 -name "linux-image-$1[.-]*")
}

prepare() { # version of the kernel
	mkdir -p "$build/vm"
	exec 8<"$build/vm"
	flock 8 # another run in this clone may be fetching or building
	fetch_arm64 "$1"
	build=$build/arm64
	flags=(WERROR=1 "CROSS_COMPILE=$triplet-" "SYSROOT=$base")
	mkdir -p "$build/vm"
	make -s -j2 -C "$here" O="$(realpath --relative-to="$here" "$build")" "${flags[@]}" all tests >&2 || {
		printf 'not ok 1 - arm64: cross build\n1..1\n'
		exit 1
	}
	exec 8<&-
}
