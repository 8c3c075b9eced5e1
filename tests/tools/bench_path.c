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
	size_t entries;		/* in the table: exact addresses */
	uint64_t ouis;		/* spread over so many OUIs; 0 = over all there are */
	enum { LAN, ANY, FLAGGED } traffic;
	uint32_t sources;	/* power of two: how many different ones (LAN, FLAGGED) */
};

static const struct bench benches[] = {
	{"clean, LAN of 64, 1,000 entries under 141 OUIs", 1000, 141, LAN, 64},
	{"clean, LAN of 4,096, 1,000 entries under 141 OUIs", 1000, 141, LAN, 4096},
	{"clean, any source, 1,000 entries under 141 OUIs", 1000, 141, ANY, 0},
	{"clean, LAN of 64, 1,000,000 entries under 141 OUIs", MILLION, 141, LAN, 64},
	{"clean, any source, 1,000,000 entries under 141 OUIs", MILLION, 141, ANY, 0},
	{"clean, any source, 1,000,000 entries under all OUIs", MILLION, 0, ANY, 0},
	{"flagged, 64 of 1,000 entries", 1000, 141, FLAGGED, 64},
	{"flagged, 4,096 of 1,000,000 entries", MILLION, 141, FLAGGED, 4096},
	{"flagged, 1,048,576 draws of 1,000,000 entries", MILLION, 141, FLAGGED, POOL},
	{"flagged, 1,048,576 draws of 1,000,000, all OUIs", MILLION, 0, FLAGGED, POOL},
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

/* N distinct words, sorted. */
static size_t make_words(const struct bench *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->entries; i++) {
		uint64_t r = mixed(i + 1), oui = b->ouis ? 0x440000 + r % b->ouis * 0x101 : r >> 40 & 0xfeffff;

		words[i] = table_word_make(oui << 24 | (mixed(r) & 0xffffff), LC_LEN_48, LC_DROP);
	}
	qsort(words, b->entries, sizeof(words[0]), compare);
	for (size_t i = 0; i < b->entries; i++) {
		if (n == 0 || words[i] != words[n - 1])
			words[n++] = words[i];
	}
	return n;
}

static void fill_pool(const struct bench *b, const struct harness *h, size_t n_words)
{
	int fd = bpf_map__fd(h->maps.pool);

	for (uint32_t i = 0; i < b->sources; i++) {
		uint64_t source = b->traffic == FLAGGED ? words[mixed(i + 1) % n_words] >> 16
							: 0x3c5282000000ull + (uint64_t)(i % 16 << 24) + i;

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

/* Nanoseconds of one frame through the harness and NEXT. */
static unsigned run(const struct harness *h, int next)
{
	struct packet p;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p.data, .repeat = REPEAT);
	uint32_t zero = 0;

	packet_ipv4(&p, 0, 64);
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
		without[i] = run(h, bare);
		with[i] = run(h, bpf_program__fd(port->xdp->progs.lenscap_xdp));
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

int main(void)
{
	(void)printf("ns a frame, median of %u times %u frames (filter of 2^%u places)\n", RUNS, REPEAT, LC_FILTER_BITS);
	(void)printf("%-52s %5s %5s %5s\n", "", "bare", "with", "added");
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		bench(&benches[i]);
	return 0;
}
