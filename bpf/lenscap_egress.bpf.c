/* SPDX-License-Identifier: GPL-2.0-only */
/* tc egress, on ports where some zone judges both directions: frames to flagged devices. */
enum { IS_XDP = 0 };

#include "skb.h"

static __noinline int to_device(struct __sk_buff *skb, __u64 mac48)
{
	return skb_judge(skb, mac48, LC_HOOK_TC_EGRESS, true);
}

SEC("tc")
int lenscap_egress(struct __sk_buff *skb)
{
	struct addresses address = {};

	skb_addresses(skb, &address);
	return is_flagged_target(address.destination) ? to_device(skb, address.destination) : TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
