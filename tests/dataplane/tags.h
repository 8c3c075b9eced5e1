/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames whose VLAN tags a tc program finds in the metadata, or that are shorter than the kernel lets a test make them. */
#ifndef LENSCAP_TESTS_TAGS_H
#define LENSCAP_TESTS_TAGS_H

#include "kernel.h"

#include "harness.skel.h"

/* The program that goes before TC_PROGRAM. Ends the test when the kernel refuses; freed with harness__destroy(). */
struct harness *tags_before(int tc_program);
/* Another program behind it. */
void tags_lead_to(const struct harness *harness, int tc_program);
/* Run a frame with one tag in the metadata through both. The verdict, or a negative errno. */
int tags_run(struct harness *harness, const struct packet *p, uint16_t type, uint16_t tci);

#endif
