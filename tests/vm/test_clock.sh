#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine's clock jumps an hour and a year, forward and back, under a stream of frames: what is flagged stays stopped, clean
# frames are not lost, deadlines of the kernel do not move, and `until` and `expires` mean what the manual says.
# shellcheck source=tests/vm/programs.sh
. "$(dirname "$0")/programs.sh"

hour=3600
year=31536000
camera=44:19:b6:00:00:10  # of the vendor list
kept=02:00:00:02:00:00	  # of the feed
ended=02:00:00:03:00:00	  # of the feed, until half an hour from now
later=02:00:00:04:00:00	  # of the feed's third edition
classes="--class=flagged=$camera+1*3 --class=kept=$kept+1*3 --class=ended=$ended+1 --class=later=$later+1
	--class=clean=02:00:00:01:00:00+16*8"
state=$site/run/daemon/state.json
feed=$site/auditor.jsonl

# ---- The clock, away from the right time by so many seconds ----
since_boot() { cut -d . -f 1 /proc/uptime; }
right=$(($(date +%s) - $(since_boot)))
clock() { date -s "@$((right + $(since_boot) + $1))"; }
rfc3339() { date -u -d "@$((right + $(since_boot) + $1))" +%Y-%m-%dT%H:%M:%SZ; }

# ---- What the programs say ----
source_is() { jq -e ".sources[] | select(.name == \"auditor\") | $1" $state; }
refused() { jq -e --arg w "$1" '.sources[] | select(.name == "auditor") | .refused.reason // "" | contains($w)' $state; }
# The lenscapd that runs has its policy in force, and every source.
known() { jq -e --argjson pid "$daemon" '.pid == $pid and .policy.in_force and all(.sources[]; .known)' $state; }
logged() { grep "$1" /tmp/daemon.out; }
# Its end moves with the clock, since it is counted from the boot: ten minutes from now, but for what the machine takes.
bypass_ends_in_ten_minutes() {
	left=$(($(lenscap bypass -j --config $config | jq '.until | fromdate') - $(date +%s)))
	echo "$left s" && [ $left -gt 300 ] && [ $left -le 601 ]
}

# ---- Frames ----
# At the core server since the stream began: all, or of one class.
counts() {
	lines=$(wc -l </tmp/got)
	echo >&9
	for _ in $(seq 100); do
		[ "$(wc -l </tmp/got)" -eq "$lines" ] || break
		sleep 0.05
	done
	tail -n 1 /tmp/got
}
got() { # no jq: it takes longer to start in an emulated machine than all the rest
	line=$(counts)
	line=${line#*\""$1"\":}
	echo "${line%%[,\}]*}"
}
more_than() { [ "$(got "$1")" -gt "$2" ]; }
passes() { until_ok more_than "$1" "$(got "$1")"; }
stopped() { # while 100 clean frames arrive
	before=$(got "$1")
	until_ok more_than clean "$(($(got clean) + 100))" && [ "$(got "$1")" -eq "$before" ]
}
since() { # of the class so many have arrived, as before
	echo "$(got "$1"), not $2" && [ "$(got "$1")" -eq "$2" ]
}
begin_stream() {
	mkfifo /tmp/in
	# shellcheck disable=SC2086 # words on purpose
	core flood receive $classes eth0 </tmp/in >/tmp/got &
	exec 9>/tmp/in
	until_ok grep -q ready /tmp/got
	# shellcheck disable=SC2086
	nsenter --net=/run/netns/cam flood send --to 02:00:00:00:00:22 --rate 500 $classes eth0 >/tmp/sent &
	sender=$!
}
end_stream() {
	kill $sender
	wait $sender
	all_clean() { more_than clean "$(($(jq .clean /tmp/sent) - 1))"; }
	until_ok all_clean
	counts >/tmp/arrived
	exec 9>&-
	rm /tmp/in
}
none_lost() {
	cat /tmp/sent /tmp/arrived
	jq -es '.[0].clean == .[1].clean and .[0].clean > 1000' /tmp/sent /tmp/arrived
}

# ---- The feed ----
# The serial, how many more entries than the feed's above, and the address of yet another one.
publish() {
	others=$(seq "$2" | while read -r i; do printf '{"mac":"02:00:00:05:00:%02x","action":"drop"}\n' "$i"; done)
	{
		printf '{"lenscap":1,"list":"auditor","serial":%d,"generated":"%s","expires":"%s","count":%d}\n' "$1" \
			"$(rfc3339 -60)" "$(rfc3339 1800)" "$(($2 + $#))"
		for mac in $kept $3; do printf '{"mac":"%s","action":"drop"}\n' "$mac"; done
		printf '{"mac":"%s","action":"drop","until":"%s"}\n%s\n' $ended "$(rfc3339 1800)" "$others"
	} | grep . >$feed.new
	mv $feed.new $feed
}

make_site >/dev/null 2>&1
publish 1 20
write_config p1,p2 ""
echo "feeds: [{name: auditor, path: $feed, stale-after: 2d}]" >>$config
: >/tmp/loader.out
start_loader
start_daemon
check "list and feed are in force" until_ok source_is '.serial == 1 and .entries == 22'
begin_stream
check "clean frames pass" passes clean
for class in flagged kept ended; do check "what is flagged is stopped ($class)" until_ok stopped $class; done
check "control: what nobody flags passes" passes later

# ---- The feed and its entries, wherever the clock is ----
# Two entries of 22 may go, not 20: it waits, and goes on waiting at each time.
publish 2 0
check "a weakening waits" until_ok source_is '.pending != null'
flagged=$(got flagged) held=$(got kept) off=$(got ended)
for jump in -$hour -$year; do
	clock "$jump" >/dev/null
	check "at $jump s what is flagged is stopped" stopped flagged
	check "at $jump s nothing has ended" stopped ended
	check "at $jump s the feed is good" source_is '(.stale or .expired) | not'
done
clock 0 >/dev/null
check "back again, nothing has ended" stopped ended
check "in all that time nothing that ends passed" since ended "$off"
for jump in $hour $year; do
	clock "$jump" >/dev/null
	check "at +$jump s the entry has ended: it passes" passes ended
	check "at +$jump s the feed has expired, and that is said" until_ok source_is .expired
	check "at +$jump s it stays in force" stopped kept
	check "at +$jump s what is flagged is stopped" stopped flagged
	clock 0 >/dev/null
	check "after that the entry has not ended" until_ok stopped ended
	check "and the feed has not expired" until_ok source_is '.expired | not'
done
check "that the clock was set back is said" logged "the clock was set back by 31"
check "the weakening still waits" source_is '.pending != null and .serial == 1'

# ---- Both programs are killed and started in the wrong year ----
for jump in -$year $year; do
	clock "$jump" >/dev/null
	stop "$loader" KILL
	stop "$daemon" KILL
	start_loader
	start_daemon
	check "at $jump s both come back" until_ok fresh_state
	check "at $jump s the feed is known" until_ok known
	check "at $jump s what it flags is stopped" stopped kept
done
# A feed that is good has expired for who is a year ahead; with the right time again it is taken without a new edition.
publish 3 20 $later
check "a good feed is refused a year ahead" until_ok refused expired
check "and is not in force" passes later
clock 0 >/dev/null
check "with the right time it is taken" until_ok source_is '.serial == 3'
check "and is in force" until_ok stopped later
check "in all that time not one flagged frame passed" since flagged "$flagged"
check "nor one of the feed" since kept "$held"

# ---- Deadlines that the kernel keeps ----
lenscap bypass on --for 10m --config $config >/dev/null
check "control: bypassed, flagged frames pass" passes flagged
for jump in $year -$year; do
	clock "$jump" >/dev/null
	check "at $jump s the bypass is still on" passes flagged
	check "and lasts as long as before" bypass_ends_in_ten_minutes
done
lenscap bypass on --for 4s --config $config >/dev/null
check "a bypass of 4 s with the clock a year back" passes flagged
check "ends by itself" until_ok stopped flagged
clock 0 >/dev/null
lenscap bypass on --for 4s --config $config >/dev/null
clock -$hour >/dev/null
check "set back an hour while it is on, it ends as well" until_ok stopped flagged
clock 0 >/dev/null

check "a reload that waits to be confirmed" lenscap reload --confirm 10m --config $config
clock $year >/dev/null
check "a year later it is enforced" stopped flagged
clock 0 >/dev/null
check "another one, for 4 s" lenscap reload --confirm 4s --config $config
clock -$year >/dev/null
check "unconfirmed, it ends a year back too: dry-run" passes flagged
clock 0 >/dev/null
check "reloaded" lenscap reload --config $config
check "it is enforced" until_ok stopped flagged

end_stream
check "not one clean frame was lost" none_lost
end_site >/dev/null 2>&1
echo "1..$count"
