#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What scripts/run-suites makes of programs that pass, fail, skip, crash, hang or do nothing. Prints TAP.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# count NAME EXPECTED LINE...: a program of these shell lines must give "passed failed skipped".
count() {
	local name=$1 expected=$2 got
	shift 2
	number=$((number + 1))
	printf '%s\n' '#!/bin/sh' "$@" >"$work/program"
	chmod +x "$work/program"
	got=$(python3 - "$work/program" <<-'END'
		import importlib.machinery, importlib.util, sys
		loader = importlib.machinery.SourceFileLoader("suites", "scripts/run-suites")
		suites = importlib.util.module_from_spec(importlib.util.spec_from_loader("suites", loader))
		sys.modules["suites"] = suites
		sys.dont_write_bytecode = True
		loader.exec_module(suites)
		result = suites.tap([sys.argv[1]], 2)
		print(result.passed, result.failed, result.skipped)
	END
	)
	if [ "$got" = "$expected" ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name: $got instead of $expected"
	fi
}

count "two that pass" "2 0 0" 'echo 1..2' 'echo ok 1 - a' 'echo ok 2 - b'
count "one that fails" "1 1 0" 'echo 1..2' 'echo ok 1 - a' 'echo not ok 2 - b' 'exit 1'
count "a skip" "1 0 1" 'echo 1..2' 'echo ok 1 - a' 'echo "ok 2 # SKIP b"'
count "a skip as cmocka prints it" "1 0 1" 'echo 1..2' 'echo ok 1 - a' 'echo "not ok 2 # SKIP b"'
count "all skipped" "0 0 1" 'echo "1..0 # SKIP no kernel"'
count "a setup that failed" "0 1 0" 'echo 1..2' 'echo "not ok 0 - t GROUP SETUP"' 'exit 1'
count "a crash after the first" "1 1 0" 'echo 1..2' 'echo ok 1 - a' 'kill -SEGV $$'
count "an end after the first" "1 1 0" 'echo 1..2' 'echo ok 1 - a'
count "a status of its own" "1 1 0" 'echo 1..1' 'echo ok 1 - a' 'exit 99'
count "no test" "0 1 0" ':'
count "an empty plan" "0 1 0" 'echo 1..0' 'exit 1'
count "a hang" "1 1 0" 'echo 1..2' 'echo ok 1 - a' 'sleep 60'
rm "$work/program"
number=$((number + 1))
if python3 scripts/run-suites nonsense 2>"$work/out"; then
	echo "not ok $number - an unknown suite is refused"
else
	echo "ok $number - an unknown suite is refused"
fi
echo "1..$number"
