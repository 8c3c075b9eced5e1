/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts Lenscap's programs onto a port with a policy of N addresses in a row from 06:00:00:00:00:00 on, one zone everywhere,
 * 65,536 device slots and events that are read, until stdin ends: for floods. What loader and lenscapd do, without them.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../dataplane/kernel.h"
#include "../../userspace/feed/entry.h"

#define BASE 0x060000000000ull
#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, newer than the installed headers */
#define SLOTS 65536
#define EVENTS_MS 50

struct options {
	const char *interface, *mirror;
	size_t entries;
	enum lc_action action;
	bool xdp;
};

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{"entries", 1, NULL, 'n'}, {"action", 1, NULL, 'a'}, {"mirror", 1, NULL, 'm'}, {"tc", 0, NULL, 't'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == 'n')
			o->entries = strtoull(optarg, NULL, 10);
		else if (option == 'a')
			o->action = action_parse(optarg);
		else if (option == 'm')
			o->mirror = optarg;
		else if (option == 't')
			o->xdp = false;
		else
			return -EINVAL;
	}
	o->interface = argv[optind];
	return optind == argc - 1 && o->entries && o->action != LC_ABSENT ? 0 : -EINVAL;
}

static uint32_t power_of_two(size_t n)
{
	uint32_t power = 1024;

	while (power < n)
		power *= 2;
	return power;
}

static int flag_all(const struct kernel *k, size_t n)
{
	table_word *words = malloc(n * sizeof(*words));
	int err = words ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		words[i] = table_word_make(BASE + i, LC_LEN_48, LC_QUARANTINE);
	if (!err)
		err = table_apply(k->table, words, n, NULL, NULL);
	free(words);
	return err;
}

static int attach(const struct options *o, const struct kernel_port *port)
{
	int ifindex = (int)if_nametoindex(o->interface);
	int tc = bpf_link_create(bpf_program__fd(port->tc->progs.lenscap_tc), ifindex, (enum bpf_attach_type)TCX_INGRESS, NULL);

	if (tc < 0)
		return tc;
	return o->xdp ? bpf_link_create(bpf_program__fd(port->xdp->progs.lenscap_xdp), ifindex, BPF_XDP, NULL) : 0;
}

/* Until stdin ends; events are read as lenscapd does. */
static void serve(struct kernel *k)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];

	(void)puts("ready");
	(void)fflush(stdout);
	for (;;) {
		(void)kernel_events(k);
		if (poll(&in, 1, EVENTS_MS) > 0 && read(in.fd, line, sizeof(line)) <= 0)
			return;
	}
}

static int run(const struct options *o)
{
	const struct kernel_size size = {.capacity = power_of_two(o->entries), .slots = SLOTS};
	struct lc_mirror mirror = {.ifindex = o->mirror ? if_nametoindex(o->mirror) : 0, .flags = LC_MIRROR_XDP};
	struct kernel *k = kernel_new(&size);
	struct lc_port_conf conf = kernel_conf(k);
	struct kernel_port port;
	int err = flag_all(k, o->entries);

	conf_zone_everywhere(&conf, o->action, 0);
	if (mirror.ifindex)
		kernel_mirror(k, &mirror);
	port = kernel_load(k, &conf);
	if (!err)
		err = attach(o, &port);
	if (err >= 0)
		serve(k);
	kernel_unload(&port);
	kernel_free(k);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.action = LC_DROP, .entries = 1, .xdp = true};
	int err;

	if (parse(&o, argc, argv)) {
		(void)fputs("Usage: bench_port [--entries N] [--action ACTION] [--mirror IF] [--tc] IF\n", stderr);
		return 2;
	}
	err = run(&o);
	if (err < 0)
		(void)fprintf(stderr, "bench_port: %s: %s\n", o.interface, strerror(-err));
	return err < 0 ? 3 : 0;
}
