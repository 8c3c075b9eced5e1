/* SPDX-License-Identifier: GPL-2.0-only */
/* Send millions of frames of known sources out of a port, count by source where they arrive, or push hidden tags. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "flood.h"
#include "flood.skel.h"

#define CHUNK 8192u   /* frames a system call: after each, stop and the rate are looked at */
#define BATCH 64u     /* frames between two runs of the receiving side: a quarter of a veth's ring */
#define TCX_EGRESS 47 /* BPF_TCX_EGRESS, newer than the installed headers */

struct options {
	const char *mode, *interface;
	struct flood_class class[FLOOD_CLASSES];
	char name[FLOOD_CLASSES][32];
	unsigned classes;
	unsigned long long frames, rate; /* 0: until told to stop; as fast as can be */
	unsigned long long destination;
	unsigned vlan, cpu;
	struct in_addr target;
	const char *out;
	bool pass, inject, time;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static const char *const usage =
	"Usage: flood send [--to MAC] [--ip ADDRESS] [--frames N] [--rate N] [--cpu N] [--inject] [--time]\n"
	"                  --class NAME=MAC+COUNT*WEIGHT@MAC/IP... IF\n"
	"       flood receive [--pass] --class NAME=MAC+COUNT/IP... IF\n"
	"       flood tag --vlan N IF\n"
	"       flood drop IF, flood redirect --out IF IF: nothing but that verdict, nothing is counted\n"
	"send ends after N frames or on SIGTERM, receive and tag when stdin does. A line on stdin: counts so far.\n"
	"All print counts as a line of JSON. --inject: frames come in at IF past its XDP program.\n"
	"--time: print nanoseconds of a frame and of all instead of counts; needs --frames, at most 2^31.\n";

static int parse_mac(const char *text, unsigned long long *out, int *used)
{
	unsigned byte[6];

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4], &byte[5], used) != 6)
		return -EINVAL;
	*out = 0;
	for (int i = 0; i < 6; i++)
		*out = *out << 8 | byte[i];
	return 0;
}

static const char *parse_number(const char *text, char before, unsigned *out)
{
	char *end;

	if (*text != before)
		return text;
	*out = (unsigned)strtoul(text + 1, &end, 10);
	return end;
}

static int parse_receiver(const char *text, struct flood_class *c)
{
	unsigned long long mac = 0;
	struct in_addr ip = {0};
	int used = 0;

	if (*text == '@' && parse_mac(++text, &mac, &used))
		return -EINVAL;
	text += used;
	if (*text && (*text != '/' || inet_pton(AF_INET, text + 1, &ip) != 1))
		return -EINVAL;
	c->destination = mac;
	c->target = ntohl(ip.s_addr);
	return 0;
}

/* NAME=MAC+COUNT*WEIGHT@MAC/IP; count and weight default to 1, the receiver to everybody's. */
static int parse_class(struct options *o, const char *text)
{
	const char *equals = strchr(text, '='), *rest;
	struct flood_class *c = &o->class[o->classes];
	unsigned long long base;
	int used = 0;

	if (!equals || equals == text || equals - text >= (int)sizeof(o->name[0]) || o->classes == FLOOD_CLASSES)
		return -EINVAL;
	if (parse_mac(equals + 1, &base, &used))
		return -EINVAL;
	*c = (struct flood_class){.base = base, .count = 1, .weight = 1};
	rest = parse_number(parse_number(equals + 1 + used, '+', &c->count), '*', &c->weight);
	if (parse_receiver(rest, c) || !c->count || !c->weight)
		return -EINVAL;
	memcpy(o->name[o->classes++], text, equals - text);
	return 0;
}

static int set_option(struct options *o, int option)
{
	int used;

	switch (option) {
	case 'c': return parse_class(o, optarg);
	case 'd': return parse_mac(optarg, &o->destination, &used);
	case 't': return inet_pton(AF_INET, optarg, &o->target) == 1 ? 0 : -EINVAL;
	case 'n': o->frames = strtoull(optarg, NULL, 10); return 0;
	case 'r': o->rate = strtoull(optarg, NULL, 10); return 0;
	case 'u': o->cpu = (unsigned)strtoul(optarg, NULL, 10); return 0;
	case 'v': o->vlan = (unsigned)strtoul(optarg, NULL, 10); return 0;
	case 'p': o->pass = true; return 0;
	case 'i': o->inject = true; return 0;
	case 'T': o->time = true; return 0;
	case 'o': o->out = optarg; return 0;
	default: return -EINVAL;
	}
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{"class", 1, NULL, 'c'}, {"to", 1, NULL, 'd'}, {"frames", 1, NULL, 'n'}, {"rate", 1, NULL, 'r'},
		{"cpu", 1, NULL, 'u'}, {"vlan", 1, NULL, 'v'}, {"ip", 1, NULL, 't'}, {"pass", 0, NULL, 'p'}, {"inject", 0, NULL, 'i'},
		{"time", 0, NULL, 'T'}, {"out", 1, NULL, 'o'}, {0},
	};
	int option;

	if (argc < 3)
		return -EINVAL;
	o->mode = argv[1];
	optind = 2;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		if (set_option(o, option))
			return -EINVAL;
	o->interface = argv[optind];
	if (o->time && (!o->frames || o->frames > INT32_MAX))
		return -EINVAL;
	return optind == argc - 1 ? 0 : -EINVAL;
}

static struct flood *open_programs(const struct options *o, const char *wanted)
{
	struct flood *skel = flood__open();
	struct bpf_program *program;

	if (!skel)
		return NULL;
	memcpy((void *)skel->rodata->classes, o->class, sizeof(o->class));
	skel->rodata->round_frames = 0;
	for (unsigned i = 0; i < o->classes; i++)
		skel->rodata->round_frames += o->class[i].weight;
	skel->rodata->destination = o->destination;
	skel->rodata->target = ntohl(o->target.s_addr);
	skel->rodata->out_ifindex = o->inject ? 0 : if_nametoindex(o->out ? o->out : o->interface);
	skel->rodata->verdict = o->pass ? XDP_PASS : XDP_DROP;
	skel->rodata->vlan = (__u16)o->vlan;
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), wanted));
	if (!flood__load(skel))
		return skel;
	flood__destroy(skel);
	return NULL;
}

static void print_counts(const struct options *o, const struct flood *skel, bool other)
{
	for (unsigned i = 0; i < o->classes; i++)
		printf("%s\"%s\": %llu", i ? ", " : "{", o->name[i], skel->bss->frames[i]);
	if (other)
		printf("%s\"other\": %llu", o->classes ? ", " : "{", skel->bss->frames[FLOOD_CLASSES]);
	puts("}");
	fflush(stdout);
}

/* *NS, unless it is NULL: of a frame with all that the receiving side did for it, without what others had of the processor. */
static int run_chunk(int program, unsigned ifindex, unsigned n, unsigned *ns)
{
	unsigned char frame[FLOOD_FRAME] = {0};
	struct xdp_md context = {.data_end = sizeof(frame), .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)n, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = BATCH);
	int err = bpf_prog_test_run_opts(program, &run);

	if (ns)
		*ns = run.duration;
	return err == -EINTR ? 0 : err;
}

static void keep_rate(const struct timespec *start, unsigned long long sent, unsigned long long rate)
{
	struct timespec due = *start;
	unsigned long long ns = (unsigned long long)start->tv_nsec + (rate ? sent % rate * 1000000000ull / rate : 0);

	if (!rate)
		return;
	due.tv_sec += (time_t)(sent / rate + ns / 1000000000ull);
	due.tv_nsec = (long)(ns % 1000000000ull);
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

/* One system call for all: each takes tens of milliseconds to set up and take down, more than many frames. */
static int send_timed(const struct options *o, const struct flood *skel)
{
	struct timespec start, end;
	unsigned ns = 0;
	int err;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	err = run_chunk(bpf_program__fd(skel->progs.send), 0, (unsigned)o->frames, &ns);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	if (!err)
		printf("{\"frames\": %llu, \"ns\": %u, \"wall\": %lld}\n", skel->bss->sequence, ns,
		       (end.tv_sec - start.tv_sec) * 1000000000ll + end.tv_nsec - start.tv_nsec);
	return err;
}

/* A line on stdin, if there is one. */
static bool is_asked(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];

	return poll(&in, 1, 0) > 0 && in.revents & POLLIN && read(STDIN_FILENO, line, sizeof(line)) > 0;
}

/* On one CPU, so that the counts need no atomics and the receiving side runs between batches. */
static int do_send(const struct options *o)
{
	struct flood *skel = o->classes ? open_programs(o, "send") : NULL;
	unsigned ifindex = o->inject ? if_nametoindex(o->interface) : 0;
	struct timespec start;
	cpu_set_t cpus;
	int err = skel ? 0 : -EINVAL;

	CPU_ZERO(&cpus);
	CPU_SET(o->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err = -errno;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	if (!err && o->time)
		err = send_timed(o, skel);
	while (!err && !o->time && !stop && (!o->frames || skel->bss->sequence < o->frames)) {
		unsigned long long left = o->frames ? o->frames - skel->bss->sequence : CHUNK;
		unsigned n = o->rate && o->rate < 100 * CHUNK ? (unsigned)(o->rate / 100 + 1) : CHUNK;

		err = run_chunk(bpf_program__fd(skel->progs.send), ifindex, left < n ? (unsigned)left : n, NULL);
		keep_rate(&start, skel->bss->sequence, o->rate);
		if (is_asked())
			print_counts(o, skel, false);
	}
	if (skel && !o->time)
		print_counts(o, skel, false);
	flood__destroy(skel);
	return err;
}

/* Until stdin ends: each line asks for the counts so far. */
static void serve(const struct options *o, const struct flood *skel)
{
	char line[64];

	puts("ready");
	fflush(stdout);
	while (!stop && fgets(line, sizeof(line), stdin))
		print_counts(o, skel, true);
	print_counts(o, skel, true);
}

/* Programs have the names of modes. */
static int do_attach(const struct options *o)
{
	bool xdp = strcmp(o->mode, "tag") != 0;
	struct flood *skel = open_programs(o, o->mode);
	int program, link;

	if (!skel)
		return -EINVAL;
	program = bpf_program__fd(bpf_object__find_program_by_name(skel->obj, o->mode));
	link = bpf_link_create(program, (int)if_nametoindex(o->interface), xdp ? BPF_XDP : (enum bpf_attach_type)TCX_EGRESS,
			       NULL);
	if (link >= 0)
		serve(o, skel);
	if (link >= 0)
		close(link);
	flood__destroy(skel);
	return link < 0 ? link : 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct options o = {.destination = 0xffffffffffff, .target.s_addr = 0xffffffff};
	int err;

	if (parse(&o, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (!if_nametoindex(o.interface)) {
		fprintf(stderr, "flood: %s: no such interface\n", o.interface);
		return 2;
	}
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	if (!strcmp(o.mode, "send"))
		err = do_send(&o);
	else if (!strcmp(o.mode, "receive") || !strcmp(o.mode, "tag") || !strcmp(o.mode, "drop") ||
		 (!strcmp(o.mode, "redirect") && o.out))
		err = do_attach(&o);
	else
		err = -EINVAL;
	if (err)
		fprintf(stderr, "flood: %s %s: %s\n", o.mode, o.interface, strerror(-err));
	return err ? 3 : 0;
}
