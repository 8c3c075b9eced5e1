/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP on kernels that show a program their own context, 6.2 and later. */
enum { IS_XDP = 1, HAS_KERNEL_CONTEXT = 1 };

#include "xdp.h"
