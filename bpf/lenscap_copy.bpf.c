/* SPDX-License-Identifier: GPL-2.0-only */
/* tc egress of the mirror port, while copies have a length limit: cuts those that carry our mark. */
#include <linux/pkt_cls.h>

#include "copy.h"

SEC("tc")
int lenscap_copy(struct __sk_buff *skb)
{
	const struct lc_mirror *to = copy_mirror();

	if (skb->mark != LC_COPY_MARK)
		return TC_ACT_UNSPEC;
	skb->mark = 0;
	if (to && to->snaplen && skb->len > to->snaplen)
		(void)bpf_skb_change_tail(skb, to->snaplen, 0); /* what the kernel will not cut is longer than asked */
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
