/* SPDX-License-Identifier: GPL-2.0-only */
/* Evidence: totals, device slots and events. Each CPU writes only its own part, always with bottom halves off, so plain
 * additions lose nothing. */
#ifndef LENSCAP_ACCOUNT_H
#define LENSCAP_ACCOUNT_H

#include "capture.h"
#include "clock.h"
#include "recall.h"
#include "zone.h"

/* Time of this instance's last event about a device without a slot. CPUs may race for it: one event more. */
__u64 uncounted_event_ns;

/* Give a slot to a device. The key is written last: readers skip a slot without one. */
static __always_inline void slot_take(struct lc_slot *slot, __u64 key, __u64 now_ns)
{
	*(volatile __u64 *)&slot->key = 0;
	slot->stopped_frames = slot->stopped_bytes = 0;
	slot->passed_frames = slot->passed_bytes = 0;
	slot->first_s = (__u32)(now_ns / (1000 * MS));
	slot->last_ns = now_ns;
	slot->event_ms = 0;
	slot->reason = LC_REASONS;
	slot->action = 0;
	asm volatile("" ::: "memory");
	*(volatile __u64 *)&slot->key = key;
}

/* The device's slot on this CPU: found, free, or idle for so long that it is given away. NULL = none. Slots are never
 * freed, so the first free one ends the search. */
static __always_inline struct lc_slot *slot_find(const struct frame *frame, __u32 cpu, __u64 now_ns, struct lc_totals *total,
						 bool *first)
{
	__u64 key = slot_key(frame);
	struct lc_slot *idle = NULL;

	*first = false;
	for (__u32 i = 0; i < LC_SLOT_PROBES; i++) {
		struct lc_slot *slot = slot_at(frame, cpu, i);

		if (!slot)
			return NULL;
		if (slot->key == key)
			return slot;
		if (slot->key == 0) {
			slot_take(slot, key, now_ns);
			*first = true;
			return slot;
		}
		if (!idle && slot->last_ns + LC_SLOT_IDLE_NS < now_ns)
			idle = slot;
	}
	if (!idle)
		return NULL;
	count(total, LC_EVICTED, 1, 0);
	slot_take(idle, key, now_ns);
	*first = true;
	return idle;
}

static __always_inline void slot_count(struct lc_slot *slot, const struct frame *frame, const struct verdict *verdict)
{
	if (verdict->reason <= LC_STOPPED_TC) {
		slot->stopped_frames += frame->frames;
		slot->stopped_bytes += frame->bytes;
		slot->memo = frame->memo;
	} else {
		slot->passed_frames += frame->frames;
		slot->passed_bytes += frame->bytes;
		slot->memo = frame->memo ^ 1u << 31; /* of an epoch far away: only what was stopped is remembered */
	}
	slot->last_ns = verdict->now_ns;
	slot->vlan = frame->vlan;
	slot->action = (slot->action & LC_SLOT_NO_IP) | verdict->final << LC_SLOT_FINAL_SHIFT | (verdict->entry & 15);
}

/* How long a device's next event waits. A changed reason waits too, or a device that alternates between two VLANs could
 * fill the ring. A device often starts with DHCP or LLC: its address is told soon after. */
static __always_inline __u32 slot_event_wait(const struct lc_slot *slot, __u8 reason)
{
	if (slot->reason != reason)
		return LC_EVENT_CHANGE_MS;
	return slot->action & LC_SLOT_NO_IP ? LC_EVENT_NO_IP_MS : LC_EVENT_EVERY_MS;
}

/* Whether this frame makes an event; remembers that it did. */
static __always_inline bool slot_event_due(struct lc_slot *slot, const struct verdict *verdict, bool first)
{
	__u32 now_ms = coarse_ms(verdict->cpu, verdict->now_ns), since = now_ms - slot->event_ms;

	if (!first && since < slot_event_wait(slot, verdict->reason))
		return false;
	slot->event_ms = now_ms;
	slot->reason = verdict->reason;
	return true;
}

static __always_inline bool uncounted_event_due(__u64 now_ns)
{
	if (now_ns - uncounted_event_ns < LC_EVENT_CHANGE_MS * MS)
		return false;
	uncounted_event_ns = now_ns;
	return true;
}

/* The unspecified address, with which DHCP and address probes begin, is none. */
static __always_inline __u8 event_ip(const struct frame *frame, struct lc_event *event)
{
	const __u64 *half = (const __u64 *)event->source;
	__u8 family = frame_ip_source(frame, event->source);

	return half[0] | half[1] ? family : 0;
}

static __always_inline void event_send(const struct frame *frame, const struct verdict *verdict,
				       struct lc_slot *slot, bool first, struct lc_totals *total)
{
	struct lc_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(total, LC_EVENTS_LOST, 1, 0);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = verdict->now_ns;
	event->mac48 = frame->mac48;
	event->word = entry_word(frame->mac48, verdict->entry);
	event->frames = slot ? slot->stopped_frames + slot->passed_frames : frame->frames;
	event->port = port_conf.port;
	event->vlan = frame->vlan;
	event->family = event_ip(frame, event);
	event->reason = verdict->reason;
	event->hook = frame->hook;
	event->first = first;
	event->to = frame->to;
	event->final = verdict->final;
	event->zone = (__u8)verdict->zone;
	if (slot && event->family)
		slot->action &= ~LC_SLOT_NO_IP;
	else if (slot)
		slot->action |= LC_SLOT_NO_IP;
	bpf_ringbuf_submit(event, 0);
}

/* The one place where a frame is counted, reported and captured. */
static __always_inline void account(const struct frame *frame, const struct verdict *verdict)
{
	struct lc_totals *total = totals_of(verdict->cpu);
	struct lc_slot *slot;
	bool first, due;

	if (!total)
		return;
	count(total, verdict->reason, frame->frames, frame->bytes);
	slot = slot_find(frame, verdict->cpu, verdict->now_ns, total, &first);
	if (slot) {
		slot_count(slot, frame, verdict);
		due = slot_event_due(slot, verdict, first);
	} else {
		count(total, LC_UNCOUNTED, frame->frames, frame->bytes);
		due = uncounted_event_due(verdict->now_ns);
	}
	if (due)
		event_send(frame, verdict, slot, first, total);
	if (deadline_ahead(switch_ns(LC_SWITCH_CAPTURE_UNTIL)))
		capture_frame(frame, verdict, total);
}

#endif
