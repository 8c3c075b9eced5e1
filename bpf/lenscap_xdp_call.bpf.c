/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP on older kernels: a frame's length takes a call. */
enum { IS_XDP = 1, HAS_KERNEL_CONTEXT = 0 };

#include "xdp.h"
