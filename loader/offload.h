/* SPDX-License-Identifier: GPL-2.0-only */
/* Receive VLAN offload: a tag that the card takes out of the frame is hidden from XDP. */
#ifndef LENSCAP_LOADER_OFFLOAD_H
#define LENSCAP_LOADER_OFFLOAD_H

#include <stdint.h>

enum offload_state { OFFLOAD_NOT_THERE, OFFLOAD_OFF, OFFLOAD_ON, OFFLOAD_TURNED_OFF };
const char *offload_text(enum offload_state state);

/* Which of the two features (bit 0: 802.1Q, bit 1: 802.1ad). */
struct offload {
	uint8_t there, on, changeable;
};

/* Read the state; setting it unread can reset a card. 0 or a negative errno. */
int offload_read(const char *name, struct offload *offload);
/* Switch the features in WHICH on or off. */
int offload_set(const char *name, uint8_t which, int on);
#endif
