/* SPDX-License-Identifier: GPL-2.0-only */
/* tc on an interface, either way: a tcx link (kernel 6.6 and later), or a filter of our own in clsact. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"

/* Newer than Debian 12's kernel headers and libbpf. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#define TCX_BEFORE (1u << 3)

/* Our filter's number: first priority, so that nothing before it can end the chain, and a handle of our own. */
#define FILTER_PRIORITY 1
#define FILTER_HANDLE 0x6c656e73

int tcx_attach(int ifindex, enum tc_side side, int prog)
{
	union bpf_attr attr;
	long link;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_ifindex = (uint32_t)ifindex;
	attr.link_create.attach_type = side == TC_SIDE_EGRESS ? TCX_EGRESS : TCX_INGRESS;
	attr.link_create.flags = TCX_BEFORE; /* before all: a program that says "pass" ends the chain */
	link = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return link < 0 ? -errno : (int)link;
}

static enum bpf_tc_attach_point point(enum tc_side side)
{
	return side == TC_SIDE_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

static int query(int ifindex, enum tc_side side, uint32_t *id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point(side));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* that there is none is no warning */
	int error = bpf_tc_query(&hook, &opts);

	libbpf_set_print(print);
	*id = error ? 0 : opts.prog_id;
	return error;
}

uint32_t clsact_present(int ifindex, enum tc_side side)
{
	uint32_t id;

	(void)query(ifindex, side, &id);
	return id;
}

bool clsact_surely_not(int ifindex, enum tc_side side, uint32_t id)
{
	uint32_t present;
	int error = query(ifindex, side, &present);

	return present != id && error != -EMFILE && error != -ENFILE && error != -ENOMEM && error != -ENOBUFS;
}

int clsact_attach(int ifindex, enum tc_side side, int prog, uint32_t ours)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point(side));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY, .prog_fd = prog);
	uint32_t present = clsact_present(ifindex, side);
	int error = bpf_tc_hook_create(&hook); /* one qdisc for both sides */

	if (error && error != -EEXIST)
		return error;
	if (present && present != ours)
		return -EBUSY;
	opts.flags = present ? BPF_TC_F_REPLACE : 0;
	return bpf_tc_attach(&hook, &opts);
}

int clsact_detach(int ifindex, enum tc_side side, uint32_t ours)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point(side));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	if (!ours || clsact_present(ifindex, side) != ours)
		return 0;
	return bpf_tc_detach(&hook, &opts);
}
