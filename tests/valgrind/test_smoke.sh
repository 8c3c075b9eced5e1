#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The command line, the loader's check and lenscapd with a vendor list under valgrind: no wrong access, nothing lost. Prints TAP.
# Without maps in a kernel, and without feeds (valgrind cannot start /proc/self/exe, which workers are): the suite net-san has both.
# shellcheck disable=SC2054 # commas within one word
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
build=${LENSCAP_BUILD:-$here/build}
work=$(mktemp -d --tmpdir "lcvg$$.XXXX")
daemon=''
trap 'if [ -n "$daemon" ]; then kill "$daemon" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
number=0
failed=0
valgrind=(valgrind -q --vgdb=no --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible)

report() {
	number=$((number + 1))
	echo "$1 $number - valgrind: $2"
	[ "$1" = ok ] || failed=1
}

# clean EXPECTED COMMAND...: ends with the status that it has without valgrind; 99 is valgrind's.
clean() {
	local expected=$1 status=0
	shift
	"${valgrind[@]}" "$@" >"$work/out" 2>&1 || status=$?
	if [ "$status" = "$expected" ]; then report ok "$(basename "$1") ${*:2:2}"; else
		report "not ok" "$(basename "$1") ${*:2:2}: status $status instead of $expected"
		sed 's/^/# /' "$work/out" | tail -n 40
	fi
}

chmod 0755 "$work"
mkdir -p "$work"/{run/daemon,state/daemon,log,etc,overrides.d,feeds}
chown lenscap:lenscap "$work/run/daemon" "$work/state/daemon" "$work/log"
printf '%s\n' '{"lenscap":1,"list":"auditor","serial":1,"generated":"2026-01-01T00:00:00Z","count":1}' \
	'{"mac":"02:00:00:00:00:05","action":"quarantine"}' >"$work/feeds/auditor.jsonl"
cat >"$work/etc/lenscap.yaml" <<END
policy: {vendor-lists: [uk-core-network]}
zones: [{name: core, interfaces: [lcnone0], mode: enforce}]
paths: {run: $work/run, state: $work/state, log: $work/log, overrides: $work/overrides.d, data: $here/data}
END
config=(--config "$work/etc/lenscap.yaml")

printf 'int main(void) { volatile char *p = __builtin_malloc(8); return p[9]; }\n' >"$work/bad.c"
cc -g -o "$work/bad" "$work/bad.c"
clean 99 "$work/bad" # the control
clean 0 "$build/lenscap" check "${config[@]}"
clean 0 "$build/lenscap" vendor list "${config[@]}"
clean 0 "$build/lenscap" feed verify "$work/feeds/auditor.jsonl" "${config[@]}"
clean 2 "$build/lenscap" nonsense
clean 0 "$build/lenscap-loader" --check "${config[@]}"

cc -shared -fPIC -O1 -o "$work/no_mdwe.so" "$here/tests/valgrind/no_mdwe.c"
LD_PRELOAD=$work/no_mdwe.so "${valgrind[@]}" "$build/lenscapd" "${config[@]}" >"$work/daemon" 2>&1 &
daemon=$!
taken() { jq -e '.sources[] | select(.name == "uk-core-network") | .serial > 0' "$work/run/daemon/state.json" >/dev/null 2>&1; }
for ((n = 0; n < 600; n++)); do
	if taken; then break; fi
	sleep 0.1
done
if taken; then report ok "lenscapd takes a vendor list"; else report "not ok" "lenscapd takes a vendor list"; fi
kill -TERM "$daemon"
status=0
wait "$daemon" || status=$?
daemon=''
if [ "$status" = 0 ]; then report ok "lenscapd ends with nothing wrong"; else
	report "not ok" "lenscapd ends with nothing wrong: status $status"
	sed 's/^/# /' "$work/daemon" | tail -n 60
fi
echo "1..$number"
exit $failed
