/* SPDX-License-Identifier: GPL-2.0-only */
/* What a frame costs, as the verifier leaves the code: no helper call on its way, and cache lines that the layout keeps few. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>

#include "kernel.h"

#define LINE 64

struct code {
	struct bpf_insn *insn;
	uint32_t n;
	uint32_t map; /* id that the way must pass */
	bool *seen[2]; /* before and behind it */
};

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.id;
}

static void read_code(const struct bpf_program *program, struct code *c)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_program__fd(program);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	c->n = info.xlated_prog_len / (uint32_t)sizeof(*c->insn);
	c->insn = calloc(c->n, sizeof(*c->insn));
	c->seen[0] = calloc(c->n, 1);
	c->seen[1] = calloc(c->n, 1);
	assert_true(c->insn && c->seen[0] && c->seen[1]);
	info = (struct bpf_prog_info){.xlated_prog_len = c->n * (uint32_t)sizeof(*c->insn), .xlated_prog_insns = (uintptr_t)c->insn};
	size = sizeof(info);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	assert_true(info.xlated_prog_insns != 0);
}

static bool is_jump(uint8_t code, uint8_t op)
{
	uint8_t class = BPF_CLASS(code);

	return (class == BPF_JMP || class == BPF_JMP32) && BPF_OP(code) == op;
}

/* A helper that is still named by its number is made into instructions by the JIT compiler (arm64, since 6.10, for the CPU's number); of
 * one that is called the kernel has put the distance to its code there. */
static bool is_inlined(const struct bpf_insn *call)
{
	return call->src_reg == 0 && call->imm == BPF_FUNC_get_smp_processor_id;
}

/* Is there a way from AT to an exit that passes the map and calls nothing? */
static bool leads_out(struct code *c, uint32_t at, bool passed)
{
	while (at < c->n && !c->seen[passed][at]) {
		const struct bpf_insn *i = &c->insn[at];
		uint8_t class = BPF_CLASS(i->code);

		c->seen[passed][at] = true;
		if (is_jump(i->code, BPF_EXIT))
			return passed;
		if (is_jump(i->code, BPF_CALL) && !is_inlined(i))
			return false;
		if (i->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			passed |= i->src_reg && (uint32_t)i->imm == c->map;
			at += 2;
			continue;
		}
		if (is_jump(i->code, BPF_JA)) {
			at += 1 + (uint32_t)i->off;
			continue;
		}
		if ((class == BPF_JMP || class == BPF_JMP32) && leads_out(c, at + 1 + (uint32_t)i->off, passed))
			return true;
		at++;
	}
	return false;
}

static bool way_without_call(const struct bpf_program *program, int map)
{
	struct code c = {.map = map_id(map)};
	bool found;

	read_code(program, &c);
	found = leads_out(&c, 0, false);
	free(c.insn);
	free(c.seen[0]);
	free(c.seen[1]);
	return found;
}

/* Can the kernel's own context be asked whether a frame has fragments? Else its length is a call (bpf/length.h). */
static bool length_is_no_call(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	bool found = kernel && btf__find_by_name_kind(kernel, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC) > 0;

	btf__free(kernel);
	return found;
}

/* Past the filter and out is a clean frame's way, past the slots a stopped one's. No event is made without a call: were the
 * search to overlook calls, it would find that way too. */
static void check_ways(const struct kernel *k, const struct kernel_port *port)
{
	const struct bpf_program *program = port->xdp->progs.lenscap_xdp;

	assert_true(way_without_call(program, k->filter_fd));
	assert_int_equal(way_without_call(program, k->slots_fd), length_is_no_call());
	assert_false(way_without_call(program, k->events));
}

static void test_neither_a_clean_nor_a_stopped_frame_calls(void **state)
{
	struct kernel *k = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(k);
	struct kernel_port port;

	(void)state;
	conf_zone_everywhere(&conf, LC_DROP, 0);
	port = kernel_load(k, &conf);
	check_ways(k, &port);
	kernel_unload(&port);
	kernel_free(k);
}

/* Neither does one whose destination is judged too. */
static void test_nor_in_both_directions(void **state)
{
	struct kernel *k = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(k);
	struct kernel_port port;

	(void)state;
	conf_zone_everywhere(&conf, LC_DROP, LC_ZONE_BOTH);
	conf.flags |= LC_PORT_BOTH;
	port = kernel_load(k, &conf);
	check_ways(k, &port);
	kernel_unload(&port);
	kernel_free(k);
}

static void assert_lines(const void *first, size_t stride, size_t touched, size_t lines)
{
	assert_int_equal((uintptr_t)first % LINE, 0);
	assert_int_equal(stride % LINE, 0);
	assert_true((touched + LINE - 1) / LINE <= lines);
}

/* What is mapped here begins where the kernel's memory of it begins: on a page. */
static void test_cache_lines(void **state)
{
	struct kernel *k = kernel_new(NULL);
	const size_t reason = sizeof(((struct lc_totals *)0)->frames[0]);

	(void)state;
	assert_int_equal((uintptr_t)k->filter % LINE, 0); /* words of 8 octets: none lies on two lines */
	assert_int_equal(LINE % sizeof(*k->filter), 0);
	assert_lines(k->buckets, sizeof(*k->buckets), sizeof(k->buckets->word), 1);
	assert_lines(k->head, sizeof(*k->head), sizeof(*k->head), 1);
	assert_lines(k->slots, sizeof(*k->slots), sizeof(*k->slots), 1);
	assert_lines(k->totals, sizeof(*k->totals), reason, 1);
	assert_int_equal(offsetof(struct lc_totals, bytes) % LINE, 0); /* a reason's frames and its bytes: a line each */
	assert_int_equal(LC_FILTER_WORDS * sizeof(*k->filter), 128 << 10); /* what a clean frame reads of stays in a core's own cache */
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neither_a_clean_nor_a_stopped_frame_calls),
		cmocka_unit_test(test_nor_in_both_directions),
		cmocka_unit_test(test_cache_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
