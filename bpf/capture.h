/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies of flagged frames for `lenscap capture`. Only reached while somebody captures. */
#ifndef LENSCAP_CAPTURE_H
#define LENSCAP_CAPTURE_H

#include "parse.h"
#include "policy.h"
#include "verdict.h"

#define NO_SPACE (-28) /* ENOSPC: the reader is behind */

static __always_inline bool capture_wants(const struct lc_capture *wanted, const struct frame *frame,
					  const struct verdict *verdict)
{
	return (wanted->mac48 == 0 || wanted->mac48 == frame->mac48) &&
	       (wanted->port == LC_CAPTURE_ANY_PORT || wanted->port == port_conf.port) &&
	       (wanted->action == 0 || wanted->action == verdict->final);
}

/* The tag that the kernel took out of the frame. */
static __always_inline void capture_tag(const struct frame *frame, struct lc_captured *captured)
{
	const struct __sk_buff *skb = frame->ctx;

	if (IS_XDP || !skb->vlan_present)
		return;
	captured->tag_proto = bpf_ntohs((__u16)skb->vlan_proto);
	captured->tag_tci = (__u16)skb->vlan_tci;
}

static __noinline void capture_frame(const struct frame *frame, const struct verdict *verdict, struct lc_totals *total)
{
	__u32 zero = 0;
	const struct lc_capture *wanted = bpf_map_lookup_elem(&capture, &zero);
	struct lc_captured captured = {};
	__u32 size = frame->bytes;

	if (!wanted || !capture_wants(wanted, frame, verdict))
		return;
	if (size > wanted->snaplen)
		size = wanted->snaplen;
	if (size > LC_CAPTURE_MOST)
		size = LC_CAPTURE_MOST;
	captured.time_ns = bpf_ktime_get_ns();
	captured.mac48 = frame->mac48;
	captured.word = entry_word(frame->mac48, verdict->entry);
	captured.bytes = frame->bytes;
	captured.captured = size;
	captured.port = port_conf.port;
	captured.vlan = frame->vlan;
	capture_tag(frame, &captured);
	captured.reason = verdict->reason;
	captured.final = verdict->final;
	captured.hook = frame->hook;
	captured.to = frame->to;
	captured.zone = (__u8)verdict->zone;
	if (bpf_perf_event_output(frame->ctx, &capture_ring, BPF_F_CURRENT_CPU | (__u64)size << 32, &captured,
				  sizeof(captured)) == NO_SPACE)
		count(total, LC_CAPTURE_LOST, frame->frames, frame->bytes);
}

#endif
