#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# doc/security.md: every line of what a party can do names a test, and every test named is there. Prints TAP.
# shellcheck disable=SC2016,SC2001 # backquotes are Markdown
set -euo pipefail
cd "$(dirname "$0")/../.."
number=0
failed=0

report() {
	number=$((number + 1))
	echo "$1 $number - $2"
	[ "$1" = ok ] || failed=1
}

# lines_without TEXT-FILE: rows of the "can it" tables that name no test.
lines_without() {
	awk -F '|' '/^\| can / { table = 1; next } /^$/ { table = 0 } table && !/^\|---/ && $3 !~ /`tests\/.*::/ { print FNR ": " $2 }' "$1"
}

# missing TEXT-FILE: tests that it names and that are not there.
missing() {
	local reference file name
	grep -o '`tests/[^`]*::[^`]*`' "$1" | tr -d '`' | sort -u | while read -r reference; do
		file=${reference%%::*}
		name=${reference##*::}
		if [ ! -f "$file" ] || ! grep -qE "(def |^|[a-z*] )$name(\(| *\{)" "$file"; then echo "$reference"; fi
	done
}

# none NAME TEXT: passes when TEXT is empty.
none() {
	if [ -z "$2" ]; then report ok "$1"; else
		report "not ok" "$1"
		sed 's/^/# /' <<<"$2"
	fi
}

count=$(grep -o '`tests/[^`]*::' doc/security.md | wc -l)
if [ "$count" -ge 40 ]; then report ok "the threat model names $count tests"; else report "not ok" "only $count tests named"; fi
none "every line names a test" "$(lines_without doc/security.md)"
none "every test named is there" "$(missing doc/security.md)"
spoiled=$(mktemp)
trap 'rm -f "$spoiled"' EXIT
{ cat doc/security.md && printf '\n| can it | test |\n|---|---|\n| fly: no | none |\n| swim: no | `tests/net/test_dist.py::test_swims` |\n'; } >"$spoiled"
if [ -n "$(lines_without "$spoiled")" ]; then report ok "control: a line without a test is found"; else report "not ok" "control: line"; fi
if [ "$(missing "$spoiled")" = tests/net/test_dist.py::test_swims ]; then report ok "control: a test that is not there is found"; else report "not ok" "control: test"; fi
echo "1..$number"
exit $failed
