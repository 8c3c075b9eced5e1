/* SPDX-License-Identifier: GPL-2.0-only */
/* Tags in the metadata of a frame: a program that pushes them, and then the one under test. */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tags.h"

void tags_lead_to(const struct harness *harness, int tc_program)
{
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(harness->maps.next_tc), &zero, &tc_program, BPF_ANY), 0);
}

struct harness *tags_before(int tc_program)
{
	struct harness *harness = harness__open_and_load();

	assert_non_null(harness);
	tags_lead_to(harness, tc_program);
	return harness;
}

int tags_run(struct harness *harness, const struct packet *p, uint16_t type, uint16_t tci)
{
	int verdict;

	harness->bss->tags = 1;
	harness->bss->tag_type[0] = type;
	harness->bss->tag_tci[0] = tci;
	verdict = run_program(bpf_program__fd(harness->progs.tc_tags), p);
	harness->bss->tags = 0;
	return verdict;
}
