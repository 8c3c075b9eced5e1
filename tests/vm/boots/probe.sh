#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# __dev_open: the port goes up. dev_xdp_install: a program comes onto it. bpf_link is in both arguments where there is one.
mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
cd /sys/kernel/tracing || exit 1
{
	echo 'p:up __dev_open name=dev->name:string' >>kprobe_events
	echo 'p:xdp dev_xdp_install name=dev->name:string' >>kprobe_events
	echo 1 >events/kprobes/enable
} 2>/run/probe-error
