/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies of mirrored and diverted frames: byte for byte at the far end of a cable, how many, and why not more. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "kernel.h"
#include "tags.h"

#define MIRRORED 0x4419b6000001ull
#define DIVERTED 0x4419b6000002ull
#define PERMITTED (1u << LC_DROP | 1u << LC_MIRROR | 1u << LC_DIVERT)
#define FLOOD 1000

struct context {
	struct kernel *kernel;
	struct kernel_port port, hidden, trial; /* tags may be hidden; in dry-run */
	struct harness *harness;
	int far_end; /* packet socket on the other end of the mirror port's cable */
	struct lc_mirror mirror;
};

static void shell(const char *command)
{
	if (system(command)) /* NOLINT(cert-env33-c): fixed words, in a namespace of our own */
		fail_msg("%s", command);
}

/* A cable in a network namespace of this process alone. */
static int make_cable(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct timeval wait = {.tv_usec = 300000};
	int fd, on = 1;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	shell("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"); /* or it says something of its own */
	shell("ip link add mon0 type veth peer name mon1");
	shell("ip link set mon0 up && ip link set mon1 up");
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	assert_true(fd >= 0);
	at.sll_ifindex = (int)if_nametoindex("mon1");
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	return fd;
}

static struct kernel_port load(const struct context *c, unsigned flags, unsigned port_flags)
{
	struct lc_port_conf conf = kernel_conf(c->kernel);

	conf_zone_everywhere(&conf, LC_DROP, flags);
	conf.zone[1].permitted = PERMITTED;
	conf.flags = (uint16_t)port_flags;
	return kernel_load(c->kernel, &conf);
}

static int setup(void **state)
{
	struct context *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->kernel = kernel_new(NULL);
	c->far_end = make_cable();
	c->port = load(c, 0, 0);
	c->hidden = load(c, 0, LC_PORT_TAGS_HIDDEN);
	c->trial = load(c, LC_ZONE_DRY_RUN, 0);
	c->harness = tags_before(bpf_program__fd(c->port.tc->progs.lenscap_tc));
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct context *c = *state;

	harness__destroy(c->harness);
	kernel_unload(&c->port);
	kernel_unload(&c->hidden);
	kernel_unload(&c->trial);
	(void)close(c->far_end);
	kernel_free(c->kernel);
	free(c);
	return 0;
}

/* Two flagged devices, the mirror port with these limits, nothing counted and nothing on the way. */
static void begin(struct context *c, struct lc_mirror mirror)
{
	uint8_t rest[FRAME_MAX];

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, MIRRORED, LC_LEN_48, LC_MIRROR);
	kernel_flag(c->kernel, DIVERTED, LC_LEN_48, LC_DIVERT);
	while (recv(c->far_end, rest, sizeof(rest), MSG_DONTWAIT) >= 0)
		continue;
	c->mirror = mirror;
	c->mirror.ifindex = if_nametoindex("mon0");
	kernel_mirror(c->kernel, &c->mirror);
}

static bool read_tag(const struct msghdr *message, uint16_t tag[2])
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct tpacket_auxdata aux;

	if (!control || control->cmsg_type != PACKET_AUXDATA)
		return false;
	memcpy(&aux, CMSG_DATA(control), sizeof(aux));
	tag[0] = htons(aux.tp_vlan_tpid);
	tag[1] = htons(aux.tp_vlan_tci);
	return aux.tp_status & TP_STATUS_VLAN_VALID;
}

/* The next frame at the far end, its tag put back where it was on the wire. False when none comes. */
static bool arrives(const struct context *c, struct packet *p)
{
	uint8_t control[64];
	struct iovec part = {p->data, sizeof(p->data)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t size = recvmsg(c->far_end, &message, 0);
	uint16_t tag[2];

	if (size < 0)
		return false;
	p->size = (size_t)size;
	if (read_tag(&message, tag)) {
		memmove(p->data + 16, p->data + 12, p->size - 12);
		memcpy(p->data + 12, tag, sizeof(tag));
		p->size += sizeof(tag);
	}
	return true;
}

static void expect_copy(const struct context *c, const struct packet *want)
{
	struct packet got;

	assert_true(arrives(c, &got));
	assert_int_equal(got.size, want->size);
	assert_memory_equal(got.data, want->data, want->size);
}

static void expect_none(const struct context *c)
{
	struct packet got;

	assert_false(arrives(c, &got));
}

static void patterned(struct packet *p, uint64_t source, size_t size)
{
	packet_ipv4(p, source, size);
	for (size_t i = 34; i < size; i++)
		p->data[i] = (uint8_t)(i * 7);
}

static const size_t sizes[] = {60, 64, 590, 1514, 3000};

static void test_a_copy_is_the_frame(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_mirror){0});
	shell("ip link set mon0 mtu 9000 && ip link set mon1 mtu 9000");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		patterned(&p, MIRRORED, sizes[i]);
		assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
		expect_copy(c, &p);
		patterned(&p, DIVERTED, sizes[i]);
		assert_int_equal(run_tc(&c->port, &p), TC_ACT_SHOT);
		expect_copy(c, &p);
	}
	expect_none(c);
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_COPIED], 2 * sizeof(sizes) / sizeof(sizes[0]));
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_MIRRORED], sizeof(sizes) / sizeof(sizes[0]));
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_STOPPED_TC], sizeof(sizes) / sizeof(sizes[0]));
}

static void tagged(struct packet *p, const uint16_t (*tag)[2], size_t n)
{
	packet_start(p, MIRRORED);
	for (size_t i = 0; i < n; i++)
		packet_tag(p, tag[i][0], tag[i][1]);
	packet_u16(p, 0x88b5);
	packet_pad(p, 100);
	p->data[99] = 0x5a;
}

static void test_tags_inline_are_copied(void **state)
{
	static const uint16_t tags[][2] = {{0x88a8, 0x2064}, {0x8100, 0x0065}};
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_mirror){0});
	for (size_t n = 1; n <= 2; n++) {
		tagged(&p, tags, n);
		assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
		expect_copy(c, &p);
	}
}

static void test_a_tag_in_the_metadata_is_copied(void **state)
{
	static const uint16_t tags[][2] = {{0x8100, 0x6064}};
	struct context *c = *state;
	struct packet bare, whole;

	begin(c, (struct lc_mirror){0});
	tagged(&bare, tags, 0);
	tagged(&whole, tags, 1);
	packet_pad(&whole, 104);
	memcpy(whole.data + 18, bare.data + 14, bare.size - 14);
	assert_int_equal(tags_run(c->harness, &bare, 0x8100, 0x6064), TC_ACT_UNSPEC);
	expect_copy(c, &whole);
}

static void flood(const struct context *c, uint64_t source, int verdict)
{
	struct packet p;

	patterned(&p, source, 60);
	for (int i = 0; i < FLOOD; i++)
		assert_int_equal(run_tc(&c->port, &p), verdict);
}

static uint64_t copies(const struct context *c, enum lc_reason reason)
{
	return kernel_totals(c->kernel, 0).frames[reason];
}

static void test_one_in_ten(void **state)
{
	struct context *c = *state;

	begin(c, (struct lc_mirror){.sample = 10});
	flood(c, MIRRORED, TC_ACT_UNSPEC);
	flood(c, DIVERTED, TC_ACT_SHOT);
	assert_int_equal(copies(c, LC_COPIED), 2 * FLOOD / 10);
	assert_int_equal(copies(c, LC_COPY_SAMPLED), 2 * FLOOD - 2 * FLOOD / 10);
	assert_int_equal(copies(c, LC_MIRRORED), FLOOD);
	assert_int_equal(copies(c, LC_STOPPED_TC), FLOOD);
}

static void test_a_rate_holds_copies_back(void **state)
{
	struct context *c = *state;
	uint64_t start = kernel_now_ns(), most;

	begin(c, (struct lc_mirror){.rate = 100});
	flood(c, DIVERTED, TC_ACT_SHOT);
	most = 100 / 10 + 1 + (kernel_now_ns() - start) / 10000000 + 1; /* the burst, and one each 10 ms */
	assert_in_range(copies(c, LC_COPIED), 100 / 10, most);
	assert_int_equal(copies(c, LC_COPIED) + copies(c, LC_COPY_LIMITED), FLOOD);
	assert_int_equal(copies(c, LC_STOPPED_TC), FLOOD);
}

static void test_without_a_mirror_port_verdicts_stay(void **state)
{
	struct context *c = *state;

	begin(c, (struct lc_mirror){0});
	kernel_mirror(c->kernel, &(struct lc_mirror){0});
	flood(c, MIRRORED, TC_ACT_UNSPEC);
	flood(c, DIVERTED, TC_ACT_SHOT);
	assert_int_equal(copies(c, LC_COPY_FAILED), 2 * FLOOD);
	assert_int_equal(copies(c, LC_COPIED), 0);
}

static void test_a_mirror_port_that_is_down_is_counted(void **state)
{
	struct context *c = *state;

	begin(c, (struct lc_mirror){0});
	shell("ip link set mon0 down");
	flood(c, MIRRORED, TC_ACT_UNSPEC);
	shell("ip link set mon0 up");
	assert_int_equal(copies(c, LC_COPY_FAILED), FLOOD);
	assert_int_equal(copies(c, LC_MIRRORED), FLOOD);
}

static void test_dry_run_copies_nothing(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_mirror){0});
	for (int i = 0; i < 2; i++) {
		patterned(&p, i ? MIRRORED : DIVERTED, 60);
		assert_int_equal(run_tc(&c->trial, &p), TC_ACT_UNSPEC);
	}
	assert_int_equal(copies(c, LC_DRY_RUN), 2);
	assert_int_equal(copies(c, LC_COPIED) + copies(c, LC_COPY_FAILED), 0);
	expect_none(c);
}

static void test_bypass_stops_stopping_not_mirroring(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_mirror){0});
	kernel_switch(c->kernel, LC_SWITCH_BYPASS_UNTIL, UINT64_MAX);
	patterned(&p, DIVERTED, 60);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
	expect_none(c);
	patterned(&p, MIRRORED, 60);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
	expect_copy(c, &p);
	assert_int_equal(copies(c, LC_BYPASSED), 1);
}

/* The mirror port's own program, as the loader puts it there on kernels before tcx. */
static struct lenscap_copy *attach_cutter(const struct context *c)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)c->mirror.ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts);
	struct lenscap_copy *copy = lenscap_copy__open();

	assert_non_null(copy);
	assert_int_equal(bpf_map__reuse_fd(copy->maps.mirror, c->kernel->mirror), 0);
	assert_int_equal(lenscap_copy__load(copy), 0);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	opts.prog_fd = bpf_program__fd(copy->progs.lenscap_copy);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	return copy;
}

static void test_long_copies_are_cut_and_frames_are_not(void **state)
{
	struct context *c = *state;
	struct packet p, got;
	struct lenscap_copy *copy;

	begin(c, (struct lc_mirror){.snaplen = 128});
	copy = attach_cutter(c);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		patterned(&p, MIRRORED, sizes[i]);
		assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
		assert_true(arrives(c, &got));
		assert_int_equal(got.size, sizes[i] < 128 ? sizes[i] : 128);
		assert_memory_equal(got.data, p.data, got.size);
	}
	assert_int_equal(kernel_totals(c->kernel, 0).bytes[LC_MIRRORED], 60 + 64 + 590 + 1514 + 3000);
	shell("tc qdisc del dev mon0 clsact");
	lenscap_copy__destroy(copy);
}

static void test_xdp_redirects_where_it_may(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_mirror){.flags = LC_MIRROR_XDP});
	patterned(&p, DIVERTED, 60);
	assert_int_equal(run_xdp(&c->port, &p), XDP_REDIRECT);
	assert_int_equal(copies(c, LC_COPIED), 1);
	assert_int_equal(copies(c, LC_STOPPED_XDP), 1);
	assert_int_equal(run_xdp(&c->hidden, &p), XDP_PASS); /* tc does it */
	assert_int_equal(run_xdp(&c->trial, &p), XDP_PASS);
	patterned(&p, MIRRORED, 60);
	assert_int_equal(run_xdp(&c->port, &p), XDP_PASS);
	assert_int_equal(copies(c, LC_COPIED), 1);
	begin(c, (struct lc_mirror){0}); /* a port that does not take frames from XDP */
	patterned(&p, DIVERTED, 60);
	assert_int_equal(run_xdp(&c->port, &p), XDP_PASS);
	kernel_mirror(c->kernel, &(struct lc_mirror){0}); /* none */
	assert_int_equal(run_xdp(&c->hidden, &p), XDP_DROP);
	assert_int_equal(copies(c, LC_COPY_FAILED), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_is_the_frame),
		cmocka_unit_test(test_tags_inline_are_copied),
		cmocka_unit_test(test_a_tag_in_the_metadata_is_copied),
		cmocka_unit_test(test_one_in_ten),
		cmocka_unit_test(test_a_rate_holds_copies_back),
		cmocka_unit_test(test_without_a_mirror_port_verdicts_stay),
		cmocka_unit_test(test_a_mirror_port_that_is_down_is_counted),
		cmocka_unit_test(test_dry_run_copies_nothing),
		cmocka_unit_test(test_bypass_stops_stopping_not_mirroring),
		cmocka_unit_test(test_long_copies_are_cut_and_frames_are_not),
		cmocka_unit_test(test_xdp_redirects_where_it_may),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
