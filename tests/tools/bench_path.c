/* SPDX-License-Identifier: GPL-2.0-only */
/* What a frame costs: lenscap_xdp behind a program that gives each frame another source, less a bare program there. */
#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dataplane/kernel.h"

#include "harness.skel.h"

#define MILLION 1000000
#define POOL (1u << 20)
#define RUNS_MOST 101

enum traffic { LAN, ZIPF, ANY, FLAGGED };
enum shape { EXACT, VENDORS, MIXED }; /* VENDORS: a 24-bit prefix each; MIXED: all four lengths, one of 24 bits */

struct bench {
	const char *id, *name;
	size_t entries; /* in the table: exact addresses unless SHAPE says otherwise */
	uint64_t ouis;	/* spread over so many OUIs; 0 = over all there are */
	enum traffic traffic;
	uint32_t sources; /* power of two: how many draws (LAN, FLAGGED: different ones) */
	enum shape shape;
	unsigned tags;
};

static const struct bench benches[] = {
	{"clean-lan", "clean, LAN-like: 4,096 devices of 200 OUIs, Zipf; 1,000 entries", 1000, 141, ZIPF, 65536, EXACT, 0},
	{"clean-macof", "clean, any source (macof); 1,000 entries under 141 OUIs", 1000, 141, ANY, 0, EXACT, 0},
	{"clean-lan-million", "clean, LAN-like; 1,000,000 entries under 141 OUIs", MILLION, 141, ZIPF, 65536, EXACT, 0},
	{"clean-macof-million", "clean, any source; 1,000,000 entries under 141 OUIs", MILLION, 141, ANY, 0, EXACT, 0},
	{"macof-all-ouis", "any source; 1,000,000 entries under all OUIs: each frame passes the filter", MILLION, 0, ANY, 0, EXACT, 0},
	{"flagged-vendor", "flagged, 4,096 addresses under 141 vendor prefixes", 141, 141, FLAGGED, 4096, VENDORS, 0},
	{"flagged-4096", "flagged, 4,096 active of 1,000,000", MILLION, 141, FLAGGED, 4096, EXACT, 0},
	{"flagged-random", "flagged, random over 1,000,000", MILLION, 141, FLAGGED, POOL, EXACT, 0},
	{"flagged-lengths", "flagged, 1,024 addresses, all four lengths under one OUI", 4096, 1, FLAGGED, 1024, MIXED, 0},
	{"flagged-tagged", "flagged, 4,096 active of 1,000,000, one tag", MILLION, 141, FLAGGED, 4096, EXACT, 1},
	{"flagged-qinq", "flagged, 4,096 active of 1,000,000, two tags (QinQ)", MILLION, 141, FLAGGED, 4096, EXACT, 2},
};

static unsigned runs = 15, repeat = 300000; /* pairs, and frames of each */

static table_word words[MILLION];

static uint64_t mixed(uint64_t i)
{
	i *= 0x9e3779b97f4a7c15ull;
	return i ^ i >> 31;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static table_word make_word(const struct bench *b, uint64_t i)
{
	static const uint8_t low_bits[LC_LENGTHS] = {24, 20, 12, 0};
	uint64_t r = mixed(i + 1), oui = b->ouis ? 0x440000 + r % b->ouis * 0x101 : r >> 40 & 0xfeffff;
	uint64_t mac48 = oui << 24 | (mixed(r) & 0xffffff);
	unsigned length = LC_LEN_48;

	if (b->shape == VENDORS)
		return table_word_make((0x440000 + i * 0x101) << 24, LC_LEN_24, LC_DROP);
	if (b->shape == MIXED)
		length = i == 0 ? LC_LEN_24 : LC_LEN_28 + (unsigned)i % 3;
	return table_word_make(mac48 >> low_bits[length] << low_bits[length], length, LC_DROP);
}

/* N distinct words, sorted. */
static size_t make_words(const struct bench *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->entries; i++)
		words[i] = make_word(b, i);
	qsort(words, b->entries, sizeof(words[0]), compare);
	for (size_t i = 0; i < b->entries; i++) {
		if (n == 0 || words[i] != words[n - 1])
			words[n++] = words[i];
	}
	return n;
}

/* Devices of a LAN: the n-th sends in proportion to 1/n; 4,096 of them, of 200 makers. */
static uint64_t zipf_source(uint32_t draw)
{
	double u = (double)(mixed(draw + 1) >> 11) / 9007199254740992.0;
	uint64_t device = (uint64_t)(exp(u * log(4096.0))) - 1; /* the inverse of log n / log 4096 */

	return (0x3c5282 + device % 200 * 0x301) << 24 | (mixed(device) & 0xffffff);
}

/* Under the prefixes any address, not only the few that are the prefixes' first. */
static uint64_t make_source(const struct bench *b, uint32_t i, size_t n_words)
{
	if (b->traffic == ZIPF)
		return zipf_source(i);
	if (b->traffic != FLAGGED)
		return 0x3c5282000000ull + (uint64_t)(i % 16 << 24) + i;
	if (b->shape == EXACT)
		return words[mixed(i + 1) % n_words] >> 16;
	return (0x440000 + mixed(i + 1) % b->ouis * 0x101) << 24 | (mixed(i + 7) >> 20 & 0xffffff);
}

static void fill_pool(const struct bench *b, const struct harness *h, size_t n_words)
{
	int fd = bpf_map__fd(h->maps.pool);

	for (uint32_t i = 0; i < b->sources; i++) {
		uint64_t source = make_source(b, i, n_words);

		if (bpf_map_update_elem(fd, &i, &source, BPF_ANY))
			exit(1);
	}
}

static struct harness *load(const struct bench *b, size_t n_words)
{
	struct harness *h = harness__open();

	if (!h)
		exit(1);
	h->rodata->any_source = b->traffic == ANY;
	h->rodata->pool_mask = b->sources ? b->sources - 1 : 0;
	(void)bpf_map__set_max_entries(h->maps.pool, b->sources ? b->sources : 1);
	if (harness__load(h))
		exit(1);
	fill_pool(b, h, n_words);
	return h;
}

static void add_tag(struct packet *p, uint8_t type)
{
	const uint8_t tag[4] = {type == 0xa8 ? 0x88 : 0x81, type, 0, 5};

	memmove(p->data + 16, p->data + 12, p->size - 12);
	memcpy(p->data + 12, tag, sizeof(tag));
	p->size += sizeof(tag);
}

/* Nanoseconds of one frame through the harness and NEXT. */
static unsigned run(const struct bench *b, const struct harness *h, int next)
{
	struct packet p;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p.data, .repeat = (int)repeat);
	uint32_t zero = 0;

	packet_ipv4(&p, 0, 64);
	for (unsigned i = 0; i < b->tags; i++)
		add_tag(&p, i == 0 ? 0x00 : 0xa8); /* the outer one, put last, of 802.1ad */
	opts.data_size_in = (uint32_t)p.size;
	if (bpf_map_update_elem(bpf_map__fd(h->maps.next_xdp), &zero, &next, BPF_ANY) ||
	    bpf_prog_test_run_opts(bpf_program__fd(h->progs.xdp_source), &opts)) {
		(void)fprintf(stderr, "test run: %s\n", strerror(errno));
		exit(1);
	}
	return opts.duration;
}

static void print_list(const char *name, const unsigned *value)
{
	(void)printf(", \"%s\": [", name);
	for (unsigned i = 0; i < runs; i++)
		(void)printf("%s%u", i ? ", " : "", value[i]);
	(void)printf("]");
}

/* The two take turns, each going first in half of the pairs, so that a busy machine meets both. */
static void measure(const struct bench *b, const struct harness *h, const struct kernel_port *port)
{
	int bare = bpf_program__fd(b->traffic == FLAGGED ? h->progs.bare_drop : h->progs.bare_pass);
	int full = bpf_program__fd(port->xdp->progs.lenscap_xdp);
	unsigned without[RUNS_MOST], with[RUNS_MOST];

	(void)run(b, h, full); /* slots taken, events sent: what comes after is as it stays */
	for (unsigned i = 0; i < runs; i++) {
		if (i % 2)
			with[i] = run(b, h, full);
		without[i] = run(b, h, bare);
		if (i % 2 == 0)
			with[i] = run(b, h, full);
	}
	(void)printf("{\"id\": \"%s\", \"name\": \"%s\"", b->id, b->name);
	print_list("bare", without);
	print_list("with", with);
	(void)printf("}\n");
	(void)fflush(stdout);
}

static void bench(const struct bench *b)
{
	const struct kernel_size size = {.capacity = b->entries == MILLION ? POOL : 4096, .slots = 65536};
	struct kernel *k = kernel_new(&size);
	struct lc_port_conf conf = kernel_conf(k);
	size_t n = make_words(b);
	struct kernel_port port;
	struct harness *h;

	conf_zone_everywhere(&conf, LC_DROP, 0);
	port = kernel_load(k, &conf);
	if (table_apply(k->table, words, n, NULL, NULL))
		exit(1);
	h = load(b, n);
	measure(b, h, &port);
	harness__destroy(h);
	kernel_unload(&port);
	kernel_free(k);
}

/* bench_path [RUNS [FRAMES [ID]]]: a line of JSON for each workload, nanoseconds a frame; ID: only those that begin so. */
int main(int argc, char **argv)
{
	if (argc > 1)
		runs = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		repeat = (unsigned)strtoul(argv[2], NULL, 10);
	if (runs < 1 || runs > RUNS_MOST || repeat < 1) {
		(void)fprintf(stderr, "Usage: bench_path [RUNS (1 to %d) [FRAMES [ID]]]\n", RUNS_MOST);
		return 2;
	}
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		if (argc < 4 || strncmp(benches[i].id, argv[3], strlen(argv[3])) == 0)
			bench(&benches[i]);
	return 0;
}
