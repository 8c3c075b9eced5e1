/* SPDX-License-Identifier: GPL-2.0-only */
/* A frame's length in XDP, with its fragments. */
#ifndef LENSCAP_LENGTH_H
#define LENSCAP_LENGTH_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct xdp_buff {
	__u32 flags;
} __attribute__((preserve_access_index));
#define HAS_FRAGS 1u /* XDP_FLAGS_HAS_FRAGS, its value since the first kernel with fragments */

/* Since kernel 6.2: the context as the kernel has it. The verifier makes a move of this call. */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;
enum special_kfunc_type { KF_bpf_cast_to_kern_ctx = 0 };

/* Which frames have fragments is asked of the kernel's own context where it can be: the helper that gives the length of any
 * frame is a call, and with today's mitigations that costs a stopped frame a fourth of all. */

/* Of a frame without fragments; 0 = it has some, or the kernel cannot be asked. No call. */
static __always_inline __u32 linear_length(struct xdp_md *ctx)
{
	const struct xdp_buff *xdp;

	if (!HAS_KERNEL_CONTEXT || !bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_cast_to_kern_ctx))
		return 0;
	xdp = bpf_cast_to_kern_ctx(ctx);
	return xdp->flags & HAS_FRAGS ? 0 : ctx->data_end - ctx->data;
}

static __always_inline __u32 frame_length(struct xdp_md *ctx)
{
	__u32 length = linear_length(ctx);

	return length ? length : (__u32)bpf_xdp_get_buff_len(ctx);
}

#endif
