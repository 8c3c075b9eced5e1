#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Shared by what is run in machines with systemd: conditions for their checks.
not() { ! "$@"; }
is() { echo "$1, not $2" && [ "$1" = "$2" ]; }
within() { # tenths of a second, then a command
	tries=$1
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}
property() { systemctl show -P "$2" "$1"; } # unit, name
