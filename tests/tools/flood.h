/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by flood.c and its programs: classes of source addresses, and how many frames of each. */
#ifndef FLOOD_H
#define FLOOD_H

#include <linux/types.h>

#define FLOOD_CLASSES 8 /* one more, the last, counts what is in no class */
#define FLOOD_FRAME 64	/* bytes of a frame that is sent, without its check sequence */

struct flood_class {
	__u64 base;   /* lowest source address, first octet in bits 47..40 */
	__u32 count;  /* addresses from there */
	__u32 weight; /* frames of it in each round; a round is the sum of all weights */
};
#endif
