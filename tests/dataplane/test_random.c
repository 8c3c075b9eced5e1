/* SPDX-License-Identifier: GPL-2.0-only */
/* An enemy holds the policy maps: whatever they contain, root's limits hold. And nonsense is repaired. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "../../bpf/hash.h"
#include "context.h"

#define FILLS 20000
#define VLAN_DRY_RUN 10
#define VLAN_ENFORCE 20
#define VLAN_ALLOW 30 /* a zone that only watches: nothing an entry could ask for is permitted */
#define PROTECTED 0x020000000042ull

static uint64_t next(void)
{
	static uint64_t random = 0x9e3779b97f4a7c15ull;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	return random;
}

/* Random words, of which many could match: half of them have a frame's own address as prefix. */
static uint64_t random_word(const uint64_t *mac48, size_t n)
{
	uint64_t word = next();
	unsigned code = word >> 8 & 3;

	if (word >> 60 & 1)
		return next();
	return mac48[word % n] << 16 | code << 8 | (next() & 0xff);
}

static const uint64_t sources[] = {PROTECTED, TEST_CAMERA, TEST_LAPTOP, 0x70b3d5100001ull};
#define N_SOURCES (sizeof(sources) / sizeof(sources[0]))

/* Words of full length match wherever their hash says; others would need it too, so each is put where it belongs. */
static void fill_buckets_of(struct context *c, uint64_t mac48)
{
	static const unsigned low[LC_LENGTHS] = {24, 20, 12, 0};

	for (unsigned code = 0; code < LC_LENGTHS; code++) {
		uint64_t key = (mac48 >> low[code] << low[code]) << 8 | code;
		uint64_t hash = lc_hash(key, c->kernel->control.seed[0], c->kernel->control.seed[1]);
		uint32_t bucket = (uint32_t)hash & (c->kernel->control.buckets - 1);

		if (next() & 1)
			c->kernel->buckets[bucket].word[next() % 8] = key << 8 | (next() & 0xff);
	}
}

static void fill(struct context *c)
{
	uint64_t *head = (uint64_t *)c->kernel->head;

	for (size_t i = 0; i < sizeof(*c->kernel->head) / 8; i++)
		head[i] = next();
	for (size_t i = 0; i < ((size_t)c->kernel->control.buckets + 1) * LC_BUCKET_WORDS; i++)
		((uint64_t *)c->kernel->buckets)[i] = random_word(sources, N_SOURCES);
	for (size_t i = 0; i < N_SOURCES; i++) {
		uint32_t place = lc_filter_index((uint32_t)(sources[i] >> 24));

		c->kernel->filter[place / 16] = next() | next();
		fill_buckets_of(c, sources[i]);
	}
}

static bool stopped(const struct context *c, uint64_t mac48, uint16_t vlan, bool xdp)
{
	struct packet p;

	packet_start(&p, mac48);
	packet_tag(&p, 0x8100, vlan);
	packet_u16(&p, 0x0800);
	packet_pad(&p, 64);
	return xdp ? run_xdp(&c->port, &p) == XDP_DROP : run_tc(&c->port, &p) == TC_ACT_SHOT;
}

static void test_random_words_stop_nothing_that_root_keeps(void **state)
{
	struct context *c = *state;
	unsigned control = 0;

	for (unsigned i = 0; i < FILLS; i++) {
		uint64_t mac48 = sources[i % N_SOURCES];
		bool xdp = i & 8;

		fill(c);
		if (stopped(c, PROTECTED, VLAN_ENFORCE, xdp))
			fail_msg("fill %u stopped a protected address", i);
		if (stopped(c, mac48, VLAN_DRY_RUN, xdp))
			fail_msg("fill %u stopped %012llx in a dry-run zone", i, (unsigned long long)mac48);
		if (stopped(c, mac48, VLAN_ALLOW, xdp))
			fail_msg("fill %u stopped %012llx where the zone allows all", i, (unsigned long long)mac48);
		if (stopped(c, mac48, 40, xdp))
			fail_msg("fill %u stopped %012llx in no zone", i, (unsigned long long)mac48);
		control += stopped(c, mac48, VLAN_ENFORCE, xdp);
	}
	/* The control: the same words did stop others where the zone enforces. */
	assert_true(control > FILLS / 10);
}


static void test_reopening_makes_sense_of_random_words(void **state)
{
	struct context *c = *state;
	const struct table_fds fds = {c->kernel->head_fd, c->kernel->filter_fd, c->kernel->table_fd, c->kernel->grace};
	struct table *table;
	table_word *words;
	size_t n, kept = 0;

	for (unsigned i = 0; i < 50; i++) {
		fill(c);
		c->kernel->head->abi = LC_ABI;
		c->kernel->head->generation = c->kernel->control.generation;
		assert_int_equal(table_open_fds(&fds, &c->kernel->control, &table), 0);
		assert_int_equal(table_words(table, &words, &n), 0);
		for (size_t j = 0; j < n; j++) {
			assert_int_equal(words[j] & 0xf0, 0);
			assert_int_not_equal(words[j] & LC_ACTION_MASK, 0);
			assert_int_equal(table_lookup(table, words[j] >> 8), words[j] & 15);
			assert_true(j == 0 || words[j] >> 8 > words[j - 1] >> 8);
		}
		kept += n;
		free(words);
		table_close(table);
	}
	assert_true(kept > 0);
}

static int setup(void **state)
{
	struct kernel *kernel = kernel_new(&(struct kernel_size){.capacity = 32});
	struct lc_port_conf conf = kernel_conf(kernel);

	conf_zone_everywhere(&conf, LC_DROP, 0);
	conf.zone[2] = conf.zone[1];
	conf.zone[2].flags = LC_ZONE_DRY_RUN;
	conf.zone[3] = (struct lc_zone){.action = LC_ALLOW};
	memset(conf.vlan_zone, 0, sizeof(conf.vlan_zone));
	conf.vlan_zone[VLAN_ENFORCE] = 1;
	conf.vlan_zone[VLAN_DRY_RUN] = 2;
	conf.vlan_zone[VLAN_ALLOW] = 3;
	*state = context_new(kernel, &conf);
	kernel_protect(kernel, PROTECTED);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_words_stop_nothing_that_root_keeps),
		cmocka_unit_test(test_reopening_makes_sense_of_random_words),
	};

	return cmocka_run_group_tests_name("random", tests, setup, context_teardown);
}
