/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by flood.c and its programs: classes of source addresses, how many frames of each, and to whom. */
#ifndef FLOOD_H
#define FLOOD_H

#include <linux/types.h>

#define FLOOD_CLASSES 16 /* a power of two; one more, the last, counts what is in no class */
#define FLOOD_FRAME 64	/* bytes of a frame that is sent, without its check sequence */

struct flood_class {
	__u64 base;   /* lowest source address, first octet in bits 47..40 */
	__u32 count;  /* addresses from there */
	__u32 weight; /* frames of it in each round; a round is the sum of all weights */
	__u64 destination; /* address they are sent to, 0 = where all are */
	__u32 target;	   /* IPv4 address they are sent to, and counted by; 0 = where all are, and any */
};
#endif
