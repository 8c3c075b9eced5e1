/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs tables of frames of and to a contained camera. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contain.h"

#define ZONE 7 /* of conf_zone_everywhere() */

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	assert_in_range(c, 'a', 'f');
	return (unsigned)(c - 'a') + 10;
}

static void from_hex(struct packet *p, const char *text)
{
	p->size = 0;
	while (*text) {
		uint8_t octet;

		if (*text == ' ') {
			text++;
			continue;
		}
		octet = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		packet_bytes(p, &octet, 1);
		text += 2;
	}
}

static void permit_all(struct kernel *k)
{
	kernel_permit(k, ZONE, "10.20.0.5", 32, LC_PERMIT_PEER);
	kernel_permit(k, ZONE, "10.30.0.0", 16, LC_PERMIT_PEER);
	kernel_permit(k, ZONE, "10.20.0.1", 32, LC_PERMIT_GATEWAY);
	kernel_permit(k, ZONE, "2001:db8::5", 128, LC_PERMIT_PEER);
	kernel_permit(k, ZONE, "2001:db8:30::", 48, LC_PERMIT_PEER);
	kernel_permit(k, ZONE, "fe80::1", 128, LC_PERMIT_GATEWAY);
	kernel_permit(k, ZONE, "2001:db8::1", 128, LC_PERMIT_GATEWAY);
	kernel_permit(k, ZONE + 1, "10.20.0.66", 32, LC_PERMIT_PEER); /* another zone's */
}

int contain_setup(void **state)
{
	struct kernel *kernel = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(kernel);

	conf_zone_everywhere(&conf, LC_CONTAIN, LC_ZONE_BOTH);
	conf.flags = LC_PORT_BOTH;
	*state = context_new(kernel, &conf);
	kernel_clear(kernel);
	permit_all(kernel);
	kernel_flag(kernel, TEST_CAMERA, LC_LEN_48, LC_QUARANTINE);
	return 0;
}

static void check(const struct contain_row *row, const char *hook, bool as_wanted)
{
	if (!as_wanted)
		fail_msg("%s: at %s it should %s", row->name, hook, row->passes ? "pass" : "be stopped");
}

static void check_counted(const struct context *c, const struct contain_row *row, const char *hook, enum lc_reason stopped,
			  bool pass_counts)
{
	struct lc_totals totals = kernel_totals(c->kernel, 0);

	if (totals.frames[LC_CONTAINED] != (row->passes && pass_counts) || totals.frames[stopped] != !row->passes)
		fail_msg("%s: at %s it was counted as contained %llu, stopped %llu", row->name, hook,
			 (unsigned long long)totals.frames[LC_CONTAINED], (unsigned long long)totals.frames[stopped]);
	kernel_forget(c->kernel);
}

static void ingress(const struct context *c, const struct contain_row *row, bool pass_counts)
{
	struct packet p;

	from_hex(&p, row->frame);
	kernel_forget(c->kernel);
	check(row, "XDP", run_xdp(&c->port, &p) == (row->passes ? XDP_PASS : XDP_DROP));
	check_counted(c, row, "XDP", LC_STOPPED_XDP, false);
	check(row, "tc ingress", run_tc(&c->port, &p) == (row->passes ? TC_ACT_UNSPEC : TC_ACT_SHOT));
	check_counted(c, row, "tc ingress", LC_STOPPED_TC, pass_counts);
}

void contain_from(const struct context *c, const struct contain_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ingress(c, &row[i], true);
}

void contain_to(const struct context *c, const struct contain_row *row, size_t n)
{
	int egress = bpf_program__fd(c->port.egress->progs.lenscap_egress);

	for (size_t i = 0; i < n; i++) {
		struct packet p;

		ingress(c, &row[i], false);
		from_hex(&p, row[i].frame);
		check(&row[i], "tc egress", run_program(egress, &p) == (row[i].passes ? TC_ACT_UNSPEC : TC_ACT_SHOT));
		check_counted(c, &row[i], "tc egress", LC_STOPPED_TC, true);
	}
}
