#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine is what it is meant to be: the kernel asked for, with what the tests' own kernel lacks.
echo 1..3
ip link add veth0 type veth peer name veth1 && ip link add link veth0 name veth0.200 type vlan id 200
echo "$([ -e /sys/class/net/veth0.200 ] && echo ok || echo not ok) 1 - VLAN devices"
ip link add bond7 type bond
echo "$([ -e /sys/class/net/bond7 ] && echo ok || echo not ok) 2 - bonds"
ip link delete veth0 && ip link delete bond7
echo "$([ -e /sys/kernel/btf/vmlinux ] && echo ok || echo not ok) 3 - BTF of $(uname -r)"
