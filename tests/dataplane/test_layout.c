/* SPDX-License-Identifier: GPL-2.0-only */
/* Both sides mean the same: hashes, places, cache lines, and the numbers that must agree before anything is written. */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>

#include "../../bpf/hash.h"
#include "harness.skel.h"
#include "kernel.h"

static uint64_t step(uint64_t *random)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return *random ^ *random >> 29;
}

static void test_hashes_are_equal_in_kernel_and_userspace(void **state)
{
	struct harness *h = harness__open_and_load();
	uint64_t random = 1;
	struct packet p;

	(void)state;
	assert_non_null(h);
	packet_ipv4(&p, TEST_CAMERA, 60);
	for (unsigned i = 0; i < 2000; i++) {
		h->bss->hash_key = step(&random) >> 8;
		h->bss->hash_seed[0] = step(&random);
		h->bss->hash_seed[1] = step(&random);
		assert_int_equal(run_program(bpf_program__fd(h->progs.tc_hash), &p), 0);
		assert_int_equal(h->bss->hash_result,
				 lc_hash(h->bss->hash_key, h->bss->hash_seed[0], h->bss->hash_seed[1]));
		assert_int_equal(h->bss->filter_result, lc_filter_index((uint32_t)(h->bss->hash_key & 0xffffff)));
		assert_int_equal(h->bss->protect_result, lc_protect_bit(h->bss->hash_key));
		assert_true(h->bss->filter_result < 1u << LC_FILTER_BITS && h->bss->protect_result < 512);
	}
	harness__destroy(h);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Whatever userspace puts into a full table, in either bucket, programs find; and nothing else. */
static void test_programs_find_every_word_of_a_full_table(void **state)
{
	const struct kernel_size size = {.capacity = 8192, .slots = 16384};
	struct kernel *k = kernel_new(&size);
	struct lc_port_conf conf = kernel_conf(k);
	struct kernel_port port;
	table_word words[8192];
	uint64_t random = 7;
	struct packet p;

	(void)state;
	conf_zone_everywhere(&conf, LC_DROP, 0);
	port = kernel_load(k, &conf);
	for (size_t i = 0; i < 8192; i++)
		words[i] = table_word_make((step(&random) & 0xfefffffff000ull) | i, LC_LEN_48, LC_DROP);
	qsort(words, 8192, sizeof(words[0]), compare);
	assert_int_equal(table_apply(k->table, words, 8192, NULL, NULL), 0);
	for (size_t i = 0; i < 8192; i++) {
		packet_ipv4(&p, words[i] >> 16, 60);
		assert_int_equal(run_xdp(&port, &p), XDP_DROP);
		packet_ipv4(&p, words[i] >> 16 ^ 0x800, 60); /* its neighbour: the same OUI, and no entry but by chance */
		if (!bsearch(&(uint64_t){words[i] ^ 0x800ull << 16}, words, 8192, sizeof(words[0]), compare))
			assert_int_equal(run_xdp(&port, &p), XDP_PASS);
	}
	kernel_unload(&port);
	kernel_free(k);
}

static void test_buckets_and_slots_lie_on_cache_lines(void **state)
{
	struct kernel *k = kernel_new(NULL);

	(void)state;
	assert_int_equal((uintptr_t)k->buckets % 64, 0);
	assert_int_equal((uintptr_t)k->slots % 64, 0);
	assert_int_equal((uintptr_t)k->head % 64, 0);
	assert_int_equal(offsetof(struct lc_policy_head, epoch), 8);
	assert_int_equal(offsetof(struct lc_policy_head, stash_used), 16);
	assert_int_equal(offsetof(struct lc_port_conf, vlan_zone), 32 + 8 * LC_PORT_ZONES);
	kernel_free(k);
}

/* One number differs: nothing is opened. */
static void test_another_abi_generation_or_size_is_refused(void **state)
{
	struct kernel *k = kernel_new(NULL);
	const struct table_fds fds = {k->head_fd, k->filter_fd, k->table_fd, k->grace};
	const struct table_fds swapped = {k->filter_fd, k->head_fd, k->table_fd, k->grace};
	const struct table_fds no_wait = {k->head_fd, k->filter_fd, k->table_fd, k->switches};
	struct lc_control control = k->control;
	struct table *table = NULL;

	(void)state;
	assert_int_equal(table_open_fds(&fds, &control, &table), 0);
	table_close(table);
	control.generation++;
	assert_int_equal(table_open_fds(&fds, &control, &table), -EPROTO);
	control = k->control;
	control.abi++;
	assert_int_equal(table_open_fds(&fds, &control, &table), -EPROTO);
	control = k->control;
	control.buckets *= 2;
	assert_int_equal(table_open_fds(&fds, &control, &table), -EPROTO);
	control.buckets = 0;
	assert_int_equal(table_open_fds(&fds, &control, &table), -EPROTO);
	control = k->control;
	control.capacity = control.buckets * 4 + 1;
	assert_int_equal(table_open_fds(&fds, &control, &table), -EPROTO);
	assert_int_equal(table_open_fds(&swapped, &k->control, &table), -EPROTO);
	assert_int_equal(table_open_fds(&no_wait, &k->control, &table), -EPROTO);
	k->head->abi++;
	assert_int_equal(table_open_fds(&fds, &k->control, &table), -EPROTO);
	kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes_are_equal_in_kernel_and_userspace),
		cmocka_unit_test(test_programs_find_every_word_of_a_full_table),
		cmocka_unit_test(test_buckets_and_slots_lie_on_cache_lines),
		cmocka_unit_test(test_another_abi_generation_or_size_is_refused),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
