/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps that programs use. Names are the pins' (abi.h); the loader gives every map but .rodata and .bss by
 * descriptor, so the element counts below are only placeholders. "control", "ports" and "policy_grace" are for userspace
 * alone and are not here.
 */
#ifndef LENSCAP_MAPS_H
#define LENSCAP_MAPS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

/* Maps of one element that programs address without a look-up: to libbpf they are sections of data, named so. */
#define LC_DIRECT ".data."

/* The policy: lenscapd writes it through mmap. An array look-up is inlined by the kernel, so none of these is a call. */
struct lc_policy_head policy_head SEC(LC_DIRECT "policy_head");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LC_FILTER_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} policy_filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2); /* buckets, and the stash behind the last */
	__type(key, __u32);
	__type(value, struct lc_bucket);
} policy_table SEC(".maps");

/* Root's side. */
struct lc_switches switches SEC(LC_DIRECT "switches");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LC_PROTECT_MAX);
	__type(key, __u64);
	__type(value, __u8);
} protect SEC(".maps");

struct lc_protect_filter protect_filter SEC(LC_DIRECT "protect_filter");

/* Evidence. Plain arrays with a part for each CPU, so that readers can mmap them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* CPUs * slots */
	__type(key, __u32);
	__type(value, struct lc_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* CPUs * LC_PORTS */
	__type(key, __u32);
	__type(value, struct lc_totals);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LC_EVENT_RING_BYTES);
} events SEC(".maps");

/* Whom contained devices may talk to, where copies go, who captures. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LC_PERMITS);
	__type(key, struct lc_permit_key);
	__type(value, __u8);
} permits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lc_mirror);
} mirror SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} mirror_device SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lc_capture);
} capture SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} capture_ring SEC(".maps");

/* What this instance is: set by the loader before loading, then frozen, so that the verifier folds it into the code. */
const volatile struct lc_port_conf port_conf;

#endif
