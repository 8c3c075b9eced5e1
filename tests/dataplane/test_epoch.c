/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Old policy or new, never a mixture, for every frame of a flood.
 *
 * Two random policies differ in most keys, but each address of two pools meets the same under both: those of "pass" pass,
 * those of "drop" are dropped. A frame that combined a word of one with a word of the other would often not. So, while
 * the policies replace each other, one dropped frame of "pass" or one missing drop of "drop" is a mixture. The
 * controls change the same words one by one, without epochs: there the same flood must find mixtures.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <linux/bpf.h>

#include "../../userspace/lib/table_private.h"
#include "harness.skel.h"
#include "kernel.h"

#define ADDRESSES 256 /* of each pool */
#define OUIS 8
#define BATCH 400000 /* frames of one test run: each run begins with a wait in the kernel */
#define MAX_WORDS (2 * ADDRESSES * LC_LENGTHS)
#define SECONDS 2

enum pool { POOL_PASS, POOL_DROP, POOLS };

struct words {
	table_word word[MAX_WORDS];
	size_t n;
};

struct flood { /* one thread, one instance of the program with its own port number */
	struct kernel_port port;
	struct harness *harness;
	uint64_t frames;
	pthread_t thread;
	atomic_bool *stop;
	bool live;
};

struct scene {
	struct kernel *kernel;
	uint64_t address[POOLS][ADDRESSES];
	struct words policy[2], change[2]; /* change[i]: what makes policy i of the other */
	struct words first;		   /* what makes policy 0 of nothing */
	struct flood flood[POOLS];
	atomic_bool stop;
	unsigned percent;		   /* of the lengths of an address that have an entry */
};

static uint64_t random_bits(void)
{
	static uint64_t random = 0x2545f4914f6cdd1dull;

	random = random * 6364136223846793005ull + 1442695040888963407ull;
	return random ^ random >> 29;
}

static uint64_t key_of(uint64_t mac48, unsigned code)
{
	static const unsigned low[LC_LENGTHS] = {24, 20, 12, 0};

	return (mac48 >> low[code] << low[code]) << 8 | code;
}

static unsigned find(const struct words *w, uint64_t key)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->word[i] >> 8 == key)
			return w->word[i] & 15;
	}
	return 0;
}

static void put(struct words *w, uint64_t key, unsigned nibble)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->word[i] >> 8 != key)
			continue;
		w->word[i] = key << 8 | nibble;
		return;
	}
	w->word[w->n++] = key << 8 | nibble;
}

static bool stops(const struct words *w, uint64_t mac48)
{
	for (int code = LC_LENGTHS - 1; code >= 0; code--) {
		unsigned nibble = find(w, key_of(mac48, (unsigned)code));

		if (nibble)
			return nibble == LC_DROP;
	}
	return false;
}

/* Few values for the bits of each length, so that addresses share prefixes. */
static uint64_t random_address(void)
{
	uint64_t r = random_bits();

	return 0x4419b0000000ull + (r % OUIS << 24 | (r >> 8 & 3) << 20 | (r >> 16 & 7) << 12 | (r >> 24 & 0xfff));
}

/* Random words on the way to each address; then, where an address would not meet what its pool is for, a word of
 * full length says so. */
static void random_policy(struct scene *s, struct words *w, unsigned percent)
{
	w->n = 0;
	for (size_t i = 0; i < 2 * ADDRESSES; i++) {
		uint64_t mac48 = s->address[i / ADDRESSES][i % ADDRESSES];

		for (unsigned code = 0; code < LC_LENGTHS; code++) {
			if (random_bits() % 100 < percent && !find(w, key_of(mac48, code)))
				put(w, key_of(mac48, code), random_bits() >> 9 & 1 ? LC_DROP : LC_ALLOW);
		}
	}
	for (size_t i = 0; i < 2 * ADDRESSES; i++) {
		uint64_t mac48 = s->address[i / ADDRESSES][i % ADDRESSES];

		if (stops(w, mac48) != (i / ADDRESSES == POOL_DROP))
			put(w, key_of(mac48, LC_LEN_48), i / ADDRESSES == POOL_DROP ? LC_DROP : LC_ALLOW);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What changes FROM into TO. */
static void difference(const struct words *from, const struct words *to, struct words *out)
{
	out->n = 0;
	for (size_t i = 0; i < from->n; i++)
		out->word[out->n++] = from->word[i] >> 8 << 8 | find(to, from->word[i] >> 8);
	for (size_t i = 0; i < to->n; i++) {
		if (!find(from, to->word[i] >> 8))
			out->word[out->n++] = to->word[i];
	}
	qsort(out->word, out->n, sizeof(out->word[0]), compare);
}

static void new_policies(struct scene *s, unsigned percent)
{
	for (size_t i = 0; i < 2 * ADDRESSES; i++)
		s->address[i / ADDRESSES][i % ADDRESSES] = random_address();
	/* An address in both pools would have to pass and not pass. */
	for (size_t i = 0; i < ADDRESSES; i++) {
		s->address[POOL_PASS][i] &= ~1ull;
		s->address[POOL_DROP][i] |= 1ull;
	}
	random_policy(s, &s->policy[0], percent);
	random_policy(s, &s->policy[1], percent);
	difference(&(struct words){.n = 0}, &s->policy[0], &s->first);
	difference(&s->policy[1], &s->policy[0], &s->change[0]);
	difference(&s->policy[0], &s->policy[1], &s->change[1]);
	assert_true(s->change[0].n <= MAX_WORDS);
}

/* ---- the flood ---- */

static struct harness *load_harness(const struct kernel_port *port)
{
	struct harness *h = harness__open();
	uint32_t zero = 0;
	int fd = bpf_program__fd(port->xdp->progs.lenscap_xdp);

	assert_non_null(h);
	h->rodata->pool_mask = ADDRESSES - 1;
	assert_int_equal(bpf_map__set_max_entries(h->maps.pool, ADDRESSES), 0);
	assert_int_equal(harness__load(h), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(h->maps.next_xdp), &zero, &fd, BPF_ANY), 0);
	return h;
}

/* A test run of more than one frame, or of live ones, patches the kernel's dispatcher while another thread runs through
 * it. A CPU that QEMU emulates does not survive that (kernels 6.1 and 6.12: a stray breakpoint). */
static bool cpu_is_emulated(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "QEMU TCG") != NULL;
	if (f)
		(void)fclose(f);
	return found;
}

static void *flood_run(void *arg)
{
	struct flood *f = arg;
	int batch = cpu_is_emulated() ? 1 : BATCH;
	struct packet p;
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
	packet_ipv4(&p, 0, 64);
	while (!atomic_load(f->stop)) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p.data, .data_size_in = (uint32_t)p.size,
			    .repeat = batch,
			    .flags = f->live && batch > 1 ? BPF_F_TEST_XDP_LIVE_FRAMES : 0);

		if (bpf_prog_test_run_opts(bpf_program__fd(f->harness->progs.xdp_source), &opts))
			break;
		f->frames += (unsigned)batch;
	}
	return NULL;
}

static void flood_begin(struct scene *s)
{
	kernel_forget(s->kernel);
	atomic_store(&s->stop, false);
	for (unsigned pool = 0; pool < POOLS; pool++) {
		struct flood *f = &s->flood[pool];
		int fd = bpf_map__fd(f->harness->maps.pool);

		for (uint32_t i = 0; i < ADDRESSES; i++)
			assert_int_equal(bpf_map_update_elem(fd, &i, &s->address[pool][i], BPF_ANY), 0);
		f->frames = 0;
		assert_int_equal(pthread_create(&f->thread, NULL, flood_run, f), 0);
	}
}

/* Frames that met neither policy. */
static uint64_t flood_end(struct scene *s)
{
	atomic_store(&s->stop, true);
	for (unsigned pool = 0; pool < POOLS; pool++)
		assert_int_equal(pthread_join(s->flood[pool].thread, NULL), 0);
	for (unsigned pool = 0; pool < POOLS; pool++)
		assert_true(s->flood[pool].frames > 0);
	return kernel_totals(s->kernel, POOL_PASS).frames[LC_STOPPED_XDP] + s->flood[POOL_DROP].frames -
	       kernel_totals(s->kernel, POOL_DROP).frames[LC_STOPPED_XDP];
}

static bool before(const struct timespec *end)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec < end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec < end->tv_nsec);
}

typedef void apply_fn(struct scene *s, const struct words *change);

static void by_transaction(struct scene *s, const struct words *change)
{
	assert_int_equal(table_apply(s->kernel->table, change->word, change->n, NULL, NULL), 0);
}

static void wait_a_little(void)
{
	const struct timespec some = {.tv_nsec = 200000};

	(void)nanosleep(&some, NULL);
}

/* The control: the same words, each with one store of both fields, in the order of their keys. */
static void one_by_one(struct scene *s, const struct words *change)
{
	struct table *t = s->kernel->table;

	for (size_t i = 0; i < change->n; i++) {
		uint64_t key = word_key(change->word[i]), nibble = change->word[i] & 15;
		uint64_t *word = table_find(t, key, BOTH_ACTIONS);

		if (word && nibble)
			shared_write(word, word_of_both(key, nibble));
		else if (word)
			table_remove(t, word);
		else if (nibble)
			assert_non_null(table_place(t, word_of_both(key, nibble)));
		if (i % 64 == 0)
			wait_a_little();
	}
	t->live = t->used;
}

/* A second control, closer to the truth: transactions that do not wait for the frames in flight. */
static void without_waiting(struct scene *s, const struct words *change)
{
	struct table *t = s->kernel->table;
	table_wait_fn *wait = t->wait;

	t->wait = NULL;
	for (unsigned i = 0; i < 100; i++) {
		by_transaction(s, change);
		by_transaction(s, change == &s->change[0] ? &s->change[1] : &s->change[0]);
	}
	by_transaction(s, change);
	t->wait = wait;
}

struct outcome {
	uint64_t mixtures, frames, changes, flips;
};

/* Two new policies replace each other under the flood. */
static void round_of_changes(struct scene *s, apply_fn *apply, struct outcome *sum)
{
	uint64_t epoch;

	kernel_clear(s->kernel);
	new_policies(s, s->percent + (unsigned)(random_bits() >> 9) % 8);
	by_transaction(s, &s->first);
	flood_begin(s);
	epoch = s->kernel->head->epoch;
	for (unsigned i = 0; i < 50; i++, sum->changes++)
		apply(s, &s->change[(i + 1) % 2]);
	sum->flips += s->kernel->head->epoch - epoch;
	sum->mixtures += flood_end(s);
	sum->frames += s->flood[POOL_PASS].frames + s->flood[POOL_DROP].frames;
}

/* Until the time is over, or a control has found what it looks for. */
static struct outcome replace_under_flood(struct scene *s, apply_fn *apply, bool until_found)
{
	struct outcome sum = {0};
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += until_found ? 5 * SECONDS : SECONDS;
	while (before(&end) && !(until_found && sum.mixtures))
		round_of_changes(s, apply, &sum);
	print_message("%llu changes in %llu steps under %llu frames: %llu mixtures\n", (unsigned long long)sum.changes,
		      (unsigned long long)sum.flips, (unsigned long long)sum.frames, (unsigned long long)sum.mixtures);
	return sum;
}

static void scene_begin(struct scene *s, uint32_t capacity, unsigned percent, bool live)
{
	const struct kernel_size size = {.capacity = capacity, .slots = 2048};

	memset(s, 0, sizeof(*s));
	s->kernel = kernel_new(&size);
	s->percent = percent;
	for (unsigned pool = 0; pool < POOLS; pool++) {
		struct lc_port_conf conf = kernel_conf(s->kernel);

		conf_zone_everywhere(&conf, LC_DROP, 0);
		conf.port = (uint16_t)pool;
		s->flood[pool].port = kernel_load(s->kernel, &conf);
		s->flood[pool].harness = load_harness(&s->flood[pool].port);
		s->flood[pool].stop = &s->stop;
		s->flood[pool].live = live && pool == POOL_DROP; /* live frames that pass would go up the stack */
	}
}

static void scene_end(struct scene *s)
{
	for (unsigned pool = 0; pool < POOLS; pool++) {
		harness__destroy(s->flood[pool].harness);
		kernel_unload(&s->flood[pool].port);
	}
	kernel_free(s->kernel);
}

static struct scene scene;

static void test_all_at_once(void **state)
{
	struct outcome sum;

	(void)state;
	scene_begin(&scene, 8192, 40, false);
	sum = replace_under_flood(&scene, by_transaction, false);
	assert_int_equal(sum.mixtures, 0);
	assert_int_equal(sum.flips, sum.changes); /* each was one step */
	scene_end(&scene);
}

static void test_all_at_once_with_live_frames(void **state)
{
	struct outcome sum;

	(void)state;
	scene_begin(&scene, 8192, 40, true);
	sum = replace_under_flood(&scene, by_transaction, false);
	assert_int_equal(sum.mixtures, 0);
	scene_end(&scene);
}

/* Old and new together do not fit in half the table: still no frame sees a mixture. */
static void test_oui_by_oui(void **state)
{
	struct outcome sum;

	(void)state;
	scene_begin(&scene, 512, 20, false);
	sum = replace_under_flood(&scene, by_transaction, false);
	assert_int_equal(sum.mixtures, 0);
	assert_true(sum.flips > sum.changes); /* they took more than one step */
	scene_end(&scene);
}

static void test_control_words_one_by_one_are_seen_as_mixtures(void **state)
{
	(void)state;
	scene_begin(&scene, 8192, 40, false);
	assert_true(replace_under_flood(&scene, one_by_one, true).mixtures > 0);
	scene_end(&scene);
	scene_begin(&scene, 8192, 40, true);
	assert_true(replace_under_flood(&scene, one_by_one, true).mixtures > 0);
	scene_end(&scene);
}

static void test_control_not_waiting_is_seen_as_mixtures(void **state)
{
	(void)state;
	if (cpu_is_emulated()) {
		print_message("single frames are too slow to show this\n");
		skip();
	}
	scene_begin(&scene, 8192, 40, false);
	assert_true(replace_under_flood(&scene, without_waiting, true).mixtures > 0);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_all_at_once_with_live_frames),
		cmocka_unit_test(test_oui_by_oui),
		cmocka_unit_test(test_control_words_one_by_one_are_seen_as_mixtures),
		cmocka_unit_test(test_control_not_waiting_is_seen_as_mixtures),
	};

	return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
