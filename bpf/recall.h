/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device's slot remembers: the entry that decided its last stopped frame, and the epoch of the policy it is of. While the
 * policy has that epoch the entry need not be looked for in the table again, so that of a million entries only the slots of
 * those devices are in the caches that talk.
 */
#ifndef LENSCAP_RECALL_H
#define LENSCAP_RECALL_H

#include "parse.h"
#include "policy.h"
#include "verifier.h"

#define MEMO_CODE_BITS 2

static __always_inline __u64 slot_key(const struct frame *frame)
{
	return frame->mac48 << 16 | (frame->to ? LC_SLOT_TO : 0) | port_conf.port;
}

/* The Nth slot in which a device on a port may be: by bits of the address' hash that say nothing of its bucket. */
static __always_inline struct lc_slot *slot_at(const struct frame *frame, __u32 cpu, __u32 n)
{
	__u32 where = ((frame->to ? LC_SLOT_TO : 0) | port_conf.port) * 0x9e3779b1u >> 8;
	__u32 mask = port_conf.slot_mask, place = ((__u32)(frame->hash >> 40) ^ where) + n;
	__u32 index = cpu * (mask + 1) + (place & mask);

	return bpf_map_lookup_elem(&slots, &index);
}

_Static_assert(LC_LENGTHS == 1 << MEMO_CODE_BITS, "a memo's bits hold a length code");

/* What slot_count() keeps of an entry in brief (struct lc_slot). */
static __always_inline __u32 memo_of(__u32 epoch, __u32 entry)
{
	return epoch << MEMO_CODE_BITS | entry >> ENTRY_CODE_SHIFT;
}

/* The entry that the slot remembers, in brief; 0 = none under the policy in force. */
static __always_inline __u32 slot_recall(const struct lc_slot *slot)
{
	const volatile struct lc_policy_head *head = &policy_head;
	__u32 code = slot->memo ^ (__u32)head->epoch << MEMO_CODE_BITS;

	return code < LC_LENGTHS && slot->action & LC_ACTION_MASK ? code << ENTRY_CODE_SHIFT | (slot->action & 15) : 0;
}

/* The entry that decides for the frame's device, in brief; 0 = it is clean. Notes in the frame what the slot is to remember. */
static __always_inline __u32 frame_entry(struct frame *frame, const struct policy_filter_place *place, __u32 cpu)
{
	const struct lc_slot *slot = slot_at(frame, cpu, 0);
	struct policy_view view;
	__u32 entry = 0;

	if (slot && slot->key == slot_key(frame)) {
		frame->memo = slot->memo;
		entry = slot_recall(slot);
	}
	if (entry == 0) {
		entry = as_unknown(policy_lookup(frame->mac48, frame->hash, place, &view), (__u32)frame->hash);
		frame->memo = memo_of(view.epoch, entry);
	}
	return as_unknown(entry, (__u32)frame->hash);
}

#endif
