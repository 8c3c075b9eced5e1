/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of frames of (and to) a contained camera, each run through every program that may meet it. */
#ifndef LENSCAP_TESTS_CONTAIN_H
#define LENSCAP_TESTS_CONTAIN_H

#include "context.h"

/* Pieces of frames as hexadecimal text; spaces between them are free. */
#define CAMERA "4419b6010203 "
#define RECORDER "020000000005 "
#define EVERYBODY "ffffffffffff "
#define FROM_CAMERA RECORDER CAMERA
#define TO_CAMERA CAMERA RECORDER

struct contain_row {
	const char *name;
	const char *frame;
	bool passes;
};

/* 10.20.0.5, 10.30.0.0/16, 2001:db8::5 and 2001:db8:30::/48 may be talked to; 10.20.0.1, fe80::1 and 2001:db8::1 are
 * gateways. In a zone on every VLAN. For cmocka; ended by context_teardown(). */
int contain_setup(void **state);

/* Frames of the camera: XDP and tc ingress must agree with the row, and count it once. */
void contain_from(const struct context *c, const struct contain_row *row, size_t n);
/* Frames to it: XDP, tc ingress and tc egress must; a pass counts at egress alone. */
void contain_to(const struct context *c, const struct contain_row *row, size_t n);

#endif
