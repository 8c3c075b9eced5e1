/* SPDX-License-Identifier: GPL-2.0-only */
/* What the writer of pcapng writes, read back block by block. (tests/net/test_capture.py has tshark and capinfos read it.) */
#include "../../userspace/lib/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "unit.h"

static uint8_t file[1 << 20];
static size_t size, at; /* of the file, and of the next block in it */

static int make_file(void **state)
{
	int fd = open(scratch_path(state, "file"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static struct pcapng *begin(int fd)
{
	struct pcapng *p = NULL;

	assert_int_equal(pcapng_new(fd, "lenscap test", NULL, &p), 0);
	return p;
}

static void finish(int fd, struct pcapng *p)
{
	ssize_t got;

	assert_int_equal(pcapng_flush(p), 0);
	pcapng_free(p);
	got = pread(fd, file, sizeof(file), 0);
	assert_true(got > 0 && got < (ssize_t)sizeof(file));
	assert_int_equal(close(fd), 0);
	size = (size_t)got;
	at = 0;
}

static uint32_t number(size_t place)
{
	uint32_t n;

	memcpy(&n, file + place, sizeof(n));
	return n;
}

/* The next block must be of this type, its length right on both sides. Returns where its body begins. */
static size_t block(uint32_t type, size_t *next)
{
	size_t here = at;
	uint32_t length = number(here + 4);

	assert_int_equal(number(here), type);
	assert_true(length >= 12 && length % 4 == 0 && here + length <= size);
	assert_int_equal(number(here + length - 4), length);
	at += length;
	*next = at - 4;
	return here + 8;
}

/* The option at *PLACE must have this code; its data and length. */
static const uint8_t *option(size_t *place, unsigned code, unsigned *length)
{
	const uint8_t *data = file + *place + 4;

	assert_int_equal(number(*place) & 0xffff, code);
	*length = number(*place) >> 16;
	*place += 4 + (*length + 3) / 4 * 4;
	return data;
}

static void text_option(size_t *place, unsigned code, const char *expected)
{
	unsigned length;
	const uint8_t *data = option(place, code, &length);

	assert_int_equal(length, strlen(expected));
	assert_memory_equal(data, expected, length);
}

static void section_block(void)
{
	size_t end, place = block(0x0a0d0d0a, &end);

	assert_int_equal(number(place), 0x1a2b3c4d);
	assert_int_equal(number(place + 4), 1); /* version 1.0 */
	assert_int_equal(number(place + 8), UINT32_MAX);
	assert_int_equal(number(place + 12), UINT32_MAX);
	place += 16;
	text_option(&place, 4, "lenscap test");
	assert_int_equal(number(place), 0);
	assert_int_equal(place + 4, end);
}

static void interface_block(const char *name, uint32_t snaplen)
{
	size_t end, place = block(1, &end);
	unsigned length;
	const uint8_t *data;

	assert_int_equal(number(place), 1); /* Ethernet */
	assert_int_equal(number(place + 4), snaplen);
	place += 8;
	text_option(&place, 2, name);
	data = option(&place, 9, &length);
	assert_true(length == 1 && *data == 9);
	assert_int_equal(number(place), 0);
	assert_int_equal(place + 4, end);
}

static void packet_block(const struct pcapng_packet *p)
{
	size_t end, place = block(6, &end);
	unsigned length;
	const uint8_t *data;

	assert_int_equal(number(place), p->interface);
	assert_int_equal((uint64_t)number(place + 4) << 32 | number(place + 8), p->time_ns);
	assert_int_equal(number(place + 12), p->captured);
	assert_int_equal(number(place + 16), p->original);
	if (p->captured)
		assert_memory_equal(file + place + 20, p->data, p->captured);
	place += 20 + (p->captured + 3) / 4 * 4;
	if (p->comment)
		text_option(&place, 1, p->comment);
	data = option(&place, 2, &length);
	assert_int_equal(length, 4);
	assert_true(data[0] == p->direction && !data[1] && !data[2] && !data[3]);
	assert_int_equal(number(place), 0);
	assert_int_equal(place + 4, end);
}

static void every_block_is_as_the_draft_says(void **state)
{
	uint8_t bytes[64];
	struct pcapng_packet packet = {.interface = 1, .time_ns = 1795900000123456789, .original = 1514, .data = bytes};
	const struct pcapng_statistics statistics = {1, 1795900000000000000, 1795900001000000001, 70000000000, 5};
	int fd = make_file(state);
	struct pcapng *p = begin(fd);
	size_t end, place;
	unsigned length;
	const uint8_t *data;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	assert_int_equal(pcapng_interface(p, "swp1", 128), 0);
	assert_int_equal(pcapng_interface(p, "averylongname15", 0), 0);
	for (packet.captured = 0; packet.captured <= 64; packet.captured++) { /* every remainder of four */
		packet.direction = packet.captured % 3;
		packet.comment = packet.captured % 2 ? "stopped by XDP" : NULL;
		assert_int_equal(pcapng_packet(p, &packet), 0);
	}
	assert_int_equal(pcapng_statistics(p, &statistics), 0);
	finish(fd, p);
	section_block();
	interface_block("swp1", 128);
	interface_block("averylongname15", 0);
	for (packet.captured = 0; packet.captured <= 64; packet.captured++) {
		packet.direction = packet.captured % 3;
		packet.comment = packet.captured % 2 ? "stopped by XDP" : NULL;
		packet_block(&packet);
	}
	place = block(5, &end);
	assert_int_equal(number(place), 1);
	assert_int_equal((uint64_t)number(place + 4) << 32 | number(place + 8), statistics.end_ns);
	place += 12;
	data = option(&place, 2, &length);
	assert_int_equal((uint64_t)number((size_t)(data - file)) << 32 | number((size_t)(data - file) + 4), statistics.start_ns);
	data = option(&place, 3, &length);
	assert_int_equal((uint64_t)number((size_t)(data - file)) << 32 | number((size_t)(data - file) + 4), statistics.end_ns);
	data = option(&place, 4, &length);
	assert_true(length == 8 && !memcmp(data, &statistics.received, 8));
	data = option(&place, 5, &length);
	assert_true(length == 8 && !memcmp(data, &statistics.dropped, 8));
	assert_int_equal(number(place), 0);
	assert_int_equal(at, size);
}

/* More than the buffer holds, the largest packets and texts among them. */
static void what_does_not_fit_goes_out(void **state)
{
	static uint8_t bytes[PCAPNG_PACKET_MOST];
	static char comment[PCAPNG_TEXT_MOST + 100], cut[PCAPNG_TEXT_MOST + 1];
	struct pcapng_packet packet = {.data = bytes, .original = 100000, .comment = comment};
	int fd = make_file(state);
	struct pcapng *p = begin(fd);

	memset(comment, 'c', sizeof(comment) - 1);
	memset(cut, 'c', sizeof(cut) - 1);
	memset(bytes, 0x5a, sizeof(bytes));
	assert_int_equal(pcapng_interface(p, "swp1", 0), 0);
	for (packet.time_ns = 0; packet.time_ns < 12; packet.time_ns++) {
		packet.captured = PCAPNG_PACKET_MOST - (uint32_t)packet.time_ns;
		assert_int_equal(pcapng_packet(p, &packet), 0);
	}
	packet.captured = PCAPNG_PACKET_MOST + 1;
	assert_int_equal(pcapng_packet(p, &packet), -EMSGSIZE);
	finish(fd, p);
	section_block();
	interface_block("swp1", 0);
	packet.comment = cut;
	for (packet.time_ns = 0; packet.time_ns < 12; packet.time_ns++) {
		packet.captured = PCAPNG_PACKET_MOST - (uint32_t)packet.time_ns;
		packet_block(&packet);
	}
	assert_int_equal(at, size);
}

static void a_reader_that_went_is_an_error_and_stays_one(void **state)
{
	struct pcapng *p;
	int fds[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	p = begin(fds[1]);
	assert_int_equal(pcapng_flush(p), 0);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(pcapng_interface(p, "swp1", 0), 0); /* in the buffer */
	assert_int_equal(pcapng_flush(p), -EPIPE);
	assert_int_equal(pcapng_interface(p, "swp2", 0), -EPIPE);
	assert_int_equal(pcapng_flush(p), -EPIPE);
	pcapng_free(p);
	(void)close(fds[1]);
}

static volatile sig_atomic_t stop, alarms;

static void on_alarm(int sig)
{
	(void)sig;
	if (++alarms == 2) /* the first one must not end it */
		stop = 1;
	(void)alarm(1);
}

/* A full pipe that nobody reads: a signal that means the end ends the wait, another does not. */
static void a_wait_for_the_reader_can_be_ended(void **state)
{
	static uint8_t bytes[PCAPNG_PACKET_MOST];
	const struct pcapng_packet packet = {.data = bytes, .captured = sizeof(bytes), .original = sizeof(bytes)};
	const struct sigaction action = {.sa_handler = on_alarm};
	struct pcapng *p = NULL;
	int fds[2], err = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(pcapng_new(fds[1], "x", &stop, &p), 0);
	(void)alarm(1);
	for (int i = 0; i < 16 && !err; i++)
		err = pcapng_packet(p, &packet) ? -EINTR : pcapng_flush(p);
	(void)alarm(0);
	assert_int_equal(err, -EINTR);
	assert_int_equal(alarms, 2);
	pcapng_free(p);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(every_block_is_as_the_draft_says),
		IN_SCRATCH(what_does_not_fit_goes_out),
		cmocka_unit_test(a_reader_that_went_is_an_error_and_stays_one),
		cmocka_unit_test(a_wait_for_the_reader_can_be_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
