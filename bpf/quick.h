/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shortcut through XDP for what a flood is made of: frames of a device whose slot still knows its entry (recall.h), that
 * entry comes to "drop" here, and nothing is out of the ordinary. It asks what classify() and account() ask, of the
 * same places, and leaves to them every frame of which an answer is another.
 */
#ifndef LENSCAP_QUICK_H
#define LENSCAP_QUICK_H

#include "account.h"
#include "length.h"

/* The VLAN of an untagged frame or by the first tag; where that has id 0 or is cut off, LC_VLAN_ODD. */
static __always_inline __u16 quick_vlan(const struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	__u16 id;

	if (data + ETH_HLEN + VLAN_TAG > end)
		return LC_VLAN_ODD;
	if (!is_vlan(bpf_ntohs(*(const __be16 *)(data + 2 * ETH_ALEN))))
		return LC_VLAN_UNTAGGED;
	id = bpf_ntohs(*(const __be16 *)(data + ETH_HLEN)) & 0x0fff;
	return id ? id : LC_VLAN_ODD;
}

static __always_inline bool quick_drops(__u32 entry, __u16 vlan)
{
	struct zone zone = zone_of(vlan);

	return zone.exists && !(entry & LC_ENTRY_DRY_RUN) && !(zone.flags & LC_ZONE_DRY_RUN) &&
	       final_action(entry & LC_ACTION_MASK, &zone) == LC_DROP;
}

/* No bypass, no reload that waits to be confirmed, no capture. */
static __always_inline bool no_switch_is_set(void)
{
	return (switch_ns(LC_SWITCH_BYPASS_UNTIL) | switch_ns(LC_SWITCH_DRY_RUN_AFTER) | switch_ns(LC_SWITCH_CAPTURE_UNTIL)) == 0;
}

/* Its last frame was stopped as this one is, and told of not long ago. */
static __always_inline bool quick_event_waits(const struct lc_slot *slot, __u32 entry, __u32 now_ms)
{
	return slot->reason == LC_STOPPED_XDP && (slot->action & ~LC_SLOT_NO_IP) == (LC_DROP << LC_SLOT_FINAL_SHIFT | entry) &&
	       now_ms - slot->event_ms < slot_event_wait(slot, LC_STOPPED_XDP);
}

static __always_inline bool quick_stop(struct xdp_md *ctx, const struct frame *frame)
{
	__u32 cpu = bpf_get_smp_processor_id(), bytes, entry;
	struct lc_slot *slot = slot_at(frame, cpu, 0);
	struct lc_totals *total;
	__u16 vlan = quick_vlan(ctx);
	const __u64 *tick;

	if (!slot || slot->key != slot_key(frame) || vlan == LC_VLAN_ODD)
		return false;
	entry = slot_recall(slot) & 15;
	if (entry == 0 || !quick_drops(entry, vlan) || !no_switch_is_set() || may_be_protected(frame->mac48))
		return false;
	tick = fresh_tick(cpu);
	if (!tick || !quick_event_waits(slot, entry, (__u32)tick[TICK_MS]))
		return false;
	bytes = HAS_KERNEL_CONTEXT ? linear_length(ctx) : frame_length(ctx); /* a call only where there is no other way */
	total = totals_of(cpu);
	if (bytes == 0 || !total)
		return false;
	count(total, LC_STOPPED_XDP, 1, bytes);
	slot->stopped_frames++;
	slot->stopped_bytes += bytes;
	slot->last_ns = tick[TICK_NS];
	slot->vlan = vlan;
	return true;
}

#endif
