/* SPDX-License-Identifier: GPL-2.0-only */
/* tc ingress: decides what XDP cannot (tags in metadata, copies), stops what XDP missed, counts all that is flagged and got
 * here. */
enum { IS_XDP = 0 };

#include "skb.h"

static __noinline int from_device(struct __sk_buff *skb, __u64 mac48)
{
	return skb_judge(skb, mac48, LC_HOOK_TC_INGRESS, false);
}

static __noinline int to_device(struct __sk_buff *skb, __u64 mac48)
{
	return skb_judge(skb, mac48, LC_HOOK_TC_INGRESS, true);
}

SEC("tc")
int lenscap_tc(struct __sk_buff *skb)
{
	struct addresses address = {};
	int verdict = TC_ACT_UNSPEC;

	skb_addresses(skb, &address);
	if (policy_maybe(address.source))
		verdict = from_device(skb, address.source);
	if (port_conf.flags & LC_PORT_BOTH && verdict == TC_ACT_UNSPEC && is_flagged_target(address.destination))
		verdict = to_device(skb, address.destination);
	return verdict;
}

char _license[] SEC("license") = "GPL";
