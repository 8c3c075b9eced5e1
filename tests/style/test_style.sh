#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The style check checked: each violation alone makes it fail with its message, and without one it passes. Prints TAP.
set -euo pipefail
style=$(cd "$(dirname "$0")/../.." && pwd)/scripts/style
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
spdx='/* SPDX-License-Identifier: GPL-2.0-only */'
hash_spdx='# SPDX-License-Identifier: GPL-2.0-only'

# A tree with nothing wrong in it.
fresh_tree() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree"/{doc,bpf,scripts,userspace/{cli,lib},loader,tests/{unit,net}}
	cd "$work/tree"
	cat >doc/architecture.md <<-'END'
		<!-- SPDX-License-Identifier: GPL-2.0-only -->
		| folder | holds | may include |
		|---|---|---|
		| `userspace/cli` | commands | lib, bpf/abi.h |
		| `loader` | loader | lib, skeletons |
		| `userspace/lib` | helpers | bpf/abi.h |
		| `bpf` | programs | itself |
	END
	printf '%s\n' "$spdx" >bpf/abi.h
	printf '%s\n' "$spdx" '#include "../../bpf/abi.h"' >userspace/lib/lib.h
	printf '%s\n' "$spdx" '#include "../lib/lib.h"' '#include "cli.h"' >userspace/cli/main.c
	printf '%s\n' "$spdx" >userspace/cli/cli.h
	printf '%s\n' "$spdx" '#include "lenscap_xdp.skel.h"' >loader/load.c
	printf '%s\n' "$spdx" 'int main(void)' '{' '}' >tests/unit/test_a.c
}

lines() {
	local n
	for ((n = 0; n < $1; n++)); do
		echo "$2"
	done
}

report() {
	number=$((number + 1))
	echo "$1 $number - $2"
}

# expect NAME TEXT: the check fails, and says TEXT.
expect() {
	if "$style" "$work/tree" >"$work/out"; then
		report "not ok" "$1 (the check passed)"
	elif grep -qF -- "$2" "$work/out"; then
		report ok "$1"
	else
		report "not ok" "$1"
		sed 's/^/# /' "$work/out"
	fi
	fresh_tree
}

# expect_clean NAME: nothing is wrong.
expect_clean() {
	if "$style" "$work/tree" >"$work/out"; then
		report ok "$1"
	else
		report "not ok" "$1"
		sed 's/^/# /' "$work/out"
	fi
	fresh_tree
}

fresh_tree
expect_clean "a tree without violations passes"

{ printf '%s\n' "$spdx" 'void f(void)' '{' && lines 57 '	;' && echo '}'; } >bpf/a.c
expect_clean "a function of 60 lines passes"
{ printf '%s\n' "$spdx" 'void f(void)' '{' && lines 58 '	;' && echo '}'; } >bpf/a.c
expect "a C function of 61 lines" "bpf/a.c:2: function f has 61 lines"
{ printf '%s\n' "$hash_spdx" 'def f():' && lines 60 '    pass'; } >tests/net/a.py
expect "a Python function of 61 lines" "tests/net/a.py:2: function f has 61 lines"
{ printf '%s\n' '#!/bin/sh' "$hash_spdx" 'f() {' && lines 59 '	:' && echo '}'; } >scripts/a
expect "a shell function of 61 lines" "scripts/a:3: function f has 61 lines"

{ echo "$spdx" && lines 499 ';'; } >bpf/a.c
expect_clean "a file of 500 lines passes"
{ echo "$spdx" && lines 500 ';'; } >bpf/a.c
expect "a file of 501 lines" "bpf/a.c:501: the file has 501 lines"
{ echo "$hash_spdx" && lines 500 ':'; } >scripts/a
expect "a script of 501 lines" "scripts/a:501: the file has 501 lines"

echo 'int x;' >bpf/a.c
expect "a missing licence line" "bpf/a.c:1: no SPDX-License-Identifier"
printf '%s\n' "$spdx" '#include "../cli/cli.h"' >userspace/lib/a.c
expect "an include against the direction" "userspace/lib/a.c:2: userspace/lib may not include ../cli/cli.h"
printf '%s\n' "$spdx" '#include "../bpf/abi.h"' >loader/a.c
expect "a file that is not in the folder's row" "loader/a.c:2: loader may not include ../bpf/abi.h"
printf '%s\n' "$spdx" '#include "lenscap_xdp.skel.h"' >userspace/cli/a.c
expect "a skeleton outside the loader" "userspace/cli/a.c:2: userspace/cli may not include lenscap_xdp.skel.h"
sed -i '/^|/d' doc/architecture.md
expect "no table of directions" "the table of who may include whom is gone"

printf '%s\n' "$spdx" "/* TO""DO */" >bpf/a.c
expect "a marker of unfinished work" "bpf/a.c:2: a marker of unfinished work"
printf '%s\n' "$spdx" 'int x; ' >bpf/a.c
expect "white space at the end of a line" "bpf/a.c:2: white space at the end of the line"
printf '%s\nint x;' "$spdx" >bpf/a.c
expect "no line feed at the end" "bpf/a.c:2: no line feed at the end of the file"

printf '%s\n' "$spdx" 'int main(void)' '{' '}' >tests/unit/config_test.c
expect "a unit test that nothing builds" "tests/unit/config_test.c:1: holds tests that nothing runs"
printf '%s\n' "$hash_spdx" 'def test_a():' '    pass' >tests/net/site.py
expect "a Python test that nothing runs" "tests/net/site.py:1: holds tests that nothing runs"

rm -rf "$work/tree"/*
expect "an empty folder" "no files found"
echo "1..$number"
