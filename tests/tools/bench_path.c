/* SPDX-License-Identifier: GPL-2.0-only */
/* What a frame costs: lenscap_xdp behind a program that gives each frame another source, less a bare program there. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dataplane/kernel.h"

#include "harness.skel.h"

#define MILLION 1000000
#define POOL (1u << 20)
#define RUNS 9
#define REPEAT 1000000

struct bench {
	const char *name;
	size_t entries;		/* in the table: exact addresses unless SHAPE says otherwise */
	uint64_t ouis;		/* spread over so many OUIs; 0 = over all there are */
	enum { LAN, ANY, FLAGGED } traffic;
	uint32_t sources;	/* power of two: how many different ones (LAN, FLAGGED) */
	enum { EXACT, VENDORS, MIXED } shape; /* VENDORS: a 24-bit prefix each; MIXED: all four lengths, one of 24 bits */
	bool tagged;
};

static const struct bench benches[] = {
	{"clean, LAN of 64, 1,000 entries under 141 OUIs", 1000, 141, LAN, 64, EXACT, false},
	{"clean, LAN of 4,096, 1,000 entries under 141 OUIs", 1000, 141, LAN, 4096, EXACT, false},
	{"clean, any source, 1,000 entries under 141 OUIs", 1000, 141, ANY, 0, EXACT, false},
	{"clean, LAN of 64, 1,000,000 entries under 141 OUIs", MILLION, 141, LAN, 64, EXACT, false},
	{"clean, any source, 1,000,000 entries under 141 OUIs", MILLION, 141, ANY, 0, EXACT, false},
	{"clean, any source, 1,000,000 entries under all OUIs", MILLION, 0, ANY, 0, EXACT, false},
	{"flagged, 64 of 1,000 entries", 1000, 141, FLAGGED, 64, EXACT, false},
	{"flagged, 4,096 of 1,000,000 entries", MILLION, 141, FLAGGED, 4096, EXACT, false},
	{"flagged, 1,048,576 draws of 1,000,000 entries", MILLION, 141, FLAGGED, POOL, EXACT, false},
	{"flagged, 1,048,576 draws of 1,000,000, all OUIs", MILLION, 0, FLAGGED, POOL, EXACT, false},
	{"flagged, 4,096 addresses under 141 vendor prefixes", 141, 141, FLAGGED, 4096, VENDORS, false},
	{"flagged, 1,024 addresses, four lengths under one OUI", 4096, 1, FLAGGED, 1024, MIXED, false},
	{"flagged and tagged, 64 of 1,000 entries", 1000, 141, FLAGGED, 64, EXACT, true},
};

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

/* Under the prefixes any address, not only the few that are the prefixes' first. */
static uint64_t make_source(const struct bench *b, uint32_t i, size_t n_words)
{
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

static void add_tag(struct packet *p)
{
	static const uint8_t tag[4] = {0x81, 0, 0, 5};

	memmove(p->data + 16, p->data + 12, p->size - 12);
	memcpy(p->data + 12, tag, sizeof(tag));
	p->size += sizeof(tag);
}

/* Nanoseconds of one frame through the harness and NEXT. */
static unsigned run(const struct bench *b, const struct harness *h, int next)
{
	struct packet p;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p.data, .repeat = REPEAT);
	uint32_t zero = 0;

	packet_ipv4(&p, 0, 64);
	if (b->tagged)
		add_tag(&p);
	opts.data_size_in = (uint32_t)p.size;
	if (bpf_map_update_elem(bpf_map__fd(h->maps.next_xdp), &zero, &next, BPF_ANY) ||
	    bpf_prog_test_run_opts(bpf_program__fd(h->progs.xdp_source), &opts)) {
		(void)fprintf(stderr, "test run: %s\n", strerror(errno));
		exit(1);
	}
	return opts.duration;
}

static int compare_unsigned(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* The two take turns, so that a busy machine meets both. */
static void measure(const struct bench *b, const struct harness *h, const struct kernel_port *port)
{
	int bare = bpf_program__fd(b->traffic == FLAGGED ? h->progs.bare_drop : h->progs.bare_pass);
	unsigned without[RUNS], with[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		without[i] = run(b, h, bare);
		with[i] = run(b, h, bpf_program__fd(port->xdp->progs.lenscap_xdp));
	}
	qsort(without, RUNS, sizeof(without[0]), compare_unsigned);
	qsort(with, RUNS, sizeof(with[0]), compare_unsigned);
	(void)printf("%-52s %5u %5u %5d\n", b->name, without[RUNS / 2], with[RUNS / 2],
		     (int)with[RUNS / 2] - (int)without[RUNS / 2]);
	(void)fflush(stdout);
}

static void bench(const struct bench *b)
{
	const struct kernel_size size = {.capacity = b->entries == MILLION ? POOL : 4096, .slots = 16384};
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

static void print_size(const char *name, const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		exit(1);
	(void)printf("%s: %u instructions behind the verifier, %u octets of machine code\n", name,
		     info.xlated_prog_len / 8, info.jited_prog_len);
}

static void print_sizes(void)
{
	struct kernel *k = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(k);
	struct kernel_port port;

	conf_zone_everywhere(&conf, LC_DROP, 0);
	port = kernel_load(k, &conf);
	print_size("lenscap_xdp", port.xdp->progs.lenscap_xdp);
	print_size("lenscap_tc", port.tc->progs.lenscap_tc);
	kernel_unload(&port);
	kernel_free(k);
}

int main(void)
{
	print_sizes();
	(void)printf("ns a frame, median of %u times %u frames (filter of 2^%u places)\n", RUNS, REPEAT, LC_FILTER_BITS);
	(void)printf("%-52s %5s %5s %5s\n", "", "bare", "with", "added");
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		bench(&benches[i]);
	return 0;
}
