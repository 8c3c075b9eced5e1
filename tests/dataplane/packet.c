/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames built byte by byte, and run through a program in the kernel. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

void packet_bytes(struct packet *p, const void *bytes, size_t n)
{
	if (n > FRAME_MAX - p->size)
		abort();
	memcpy(p->data + p->size, bytes, n);
	p->size += n;
}

void packet_u16(struct packet *p, uint16_t value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	packet_bytes(p, bytes, sizeof(bytes));
}

static void packet_mac(struct packet *p, uint64_t mac48)
{
	for (int shift = 40; shift >= 0; shift -= 8) {
		uint8_t octet = (uint8_t)(mac48 >> shift);

		packet_bytes(p, &octet, 1);
	}
}

void packet_start(struct packet *p, uint64_t source)
{
	p->size = 0;
	packet_mac(p, 0x020000000001ull);
	packet_mac(p, source);
}

void packet_tag(struct packet *p, uint16_t ethertype, uint16_t tci)
{
	packet_u16(p, ethertype);
	packet_u16(p, tci);
}

void packet_pad(struct packet *p, size_t size)
{
	if (size > FRAME_MAX)
		abort();
	if (size > p->size)
		memset(p->data + p->size, 0, size - p->size);
	p->size = size;
}

void packet_ipv4(struct packet *p, uint64_t source, size_t size)
{
	const uint8_t header[20] = {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 20, 0, 9, 10, 20, 0, 5};

	packet_start(p, source);
	packet_u16(p, 0x0800);
	packet_bytes(p, header, sizeof(header));
	packet_pad(p, size);
}

int run_program(int prog_fd, const struct packet *p)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = (uint32_t)p->size, .repeat = 1);

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		return -errno;
	return (int)opts.retval;
}

int run_xdp(const struct kernel_port *port, const struct packet *p)
{
	return run_program(bpf_program__fd(port->xdp->progs.lenscap_xdp), p);
}

int run_tc(const struct kernel_port *port, const struct packet *p)
{
	return run_program(bpf_program__fd(port->tc->progs.lenscap_tc), p);
}

int run_tc_merged(const struct kernel_port *port, const struct packet *p, uint32_t segments)
{
	struct __sk_buff skb = {.gso_segs = segments, .gso_size = 100};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = (uint32_t)p->size, .repeat = 1,
		    .ctx_in = &skb, .ctx_size_in = sizeof(skb));

	if (bpf_prog_test_run_opts(bpf_program__fd(port->tc->progs.lenscap_tc), &opts))
		return -errno;
	return (int)opts.retval;
}
