/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes pcapng: blocks are put together in a buffer, each with its length before and behind it. */
#include "pcapng.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define STATISTICS 5u
#define PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define WAIT_MS 200
#define LINKTYPE_ETHERNET 1u
#define NANOSECONDS 9u

enum { /* options; their numbers mean something within their block only */
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	STATISTICS_START = 2,
	STATISTICS_END = 3,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
};

#define BLOCK_MOST (PCAPNG_PACKET_MOST + PCAPNG_TEXT_MOST + 128)
#define ROOM ((size_t)4 * BLOCK_MOST)

struct pcapng {
	int fd;
	bool is_file;
	const volatile sig_atomic_t *stop;
	int err;
	size_t used, begun; /* octets in the buffer, and where the block begins that is being put together */
	uint8_t buffer[ROOM];
};

/* A reader may keep us waiting for ever: a write that could is only begun when there is room for it. */
static ssize_t write_some(const struct pcapng *p, const uint8_t *data, size_t size)
{
	struct pollfd room = {.fd = p->fd, .events = POLLOUT};
	int ready = p->is_file ? 1 : poll(&room, 1, WAIT_MS);

	if (ready > 0)
		return write(p->fd, data, p->is_file || size < PIPE_BUF ? size : PIPE_BUF);
	errno = ready ? errno : EINTR;
	return -1;
}

int pcapng_flush(struct pcapng *p)
{
	size_t done = 0;

	while (!p->err && done < p->used) {
		ssize_t size = write_some(p, p->buffer + done, p->used - done);

		if (size >= 0)
			done += (size_t)size;
		else if (errno != EINTR || (p->stop && *p->stop))
			p->err = -errno;
	}
	p->used = 0;
	return p->err;
}

/* ---- Pieces of a block: the buffer has room for the largest one, see begin() ---- */
static void put(struct pcapng *p, const void *data, size_t size)
{
	memcpy(p->buffer + p->used, data, size);
	p->used += size;
	while (p->used % 4) /* blocks begin at multiples of four, so pieces do */
		p->buffer[p->used++] = 0;
}

static void put_number(struct pcapng *p, uint32_t number)
{
	put(p, &number, sizeof(number));
}

/* Times and counts, the higher half first whatever the byte order. */
static void put_halves(struct pcapng *p, uint64_t number)
{
	put_number(p, (uint32_t)(number >> 32));
	put_number(p, (uint32_t)number);
}

static void put_option(struct pcapng *p, uint16_t code, const void *data, size_t size)
{
	const uint16_t head[2] = {code, (uint16_t)size};

	put(p, head, sizeof(head));
	put(p, data, size);
}

static void put_text(struct pcapng *p, uint16_t code, const char *text)
{
	if (text)
		put_option(p, code, text, strnlen(text, PCAPNG_TEXT_MOST));
}

static void put_time(struct pcapng *p, uint16_t code, uint64_t ns)
{
	const uint32_t halves[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	put_option(p, code, halves, sizeof(halves));
}

static void begin(struct pcapng *p, uint32_t type)
{
	if (ROOM - p->used < BLOCK_MOST)
		(void)pcapng_flush(p);
	p->begun = p->used;
	put_number(p, type);
	put_number(p, 0); /* the length: end() */
}

static int end(struct pcapng *p)
{
	uint32_t length;

	put_number(p, OPTION_END);
	length = (uint32_t)(p->used - p->begun) + 4;
	put_number(p, length);
	memcpy(p->buffer + p->begun + 4, &length, sizeof(length));
	return p->err;
}

/* ---- Blocks ---- */
int pcapng_new(int fd, const char *application, const volatile sig_atomic_t *stop, struct pcapng **out)
{
	static const uint16_t version[2] = {1, 0};
	static const uint64_t unknown_length = UINT64_MAX;
	struct pcapng *p = malloc(sizeof(*p));
	struct stat st;

	if (!p)
		return -ENOMEM;
	p->fd = fd;
	p->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	p->stop = stop;
	p->err = 0;
	p->used = 0;
	begin(p, SECTION);
	put_number(p, BYTE_ORDER_MAGIC);
	put(p, version, sizeof(version));
	put(p, &unknown_length, sizeof(unknown_length));
	put_text(p, SECTION_APPLICATION, application);
	*out = p;
	return end(p);
}

void pcapng_free(struct pcapng *p)
{
	free(p);
}

int pcapng_interface(struct pcapng *p, const char *name, uint32_t snaplen)
{
	static const uint16_t link[2] = {LINKTYPE_ETHERNET, 0};
	static const uint8_t resolution = NANOSECONDS;

	begin(p, INTERFACE);
	put(p, link, sizeof(link));
	put_number(p, snaplen);
	put_text(p, INTERFACE_NAME, name);
	put_option(p, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	return end(p);
}

int pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet)
{
	const uint32_t flags = packet->direction;

	if (packet->captured > PCAPNG_PACKET_MOST)
		return -EMSGSIZE;
	begin(p, PACKET);
	put_number(p, packet->interface);
	put_halves(p, packet->time_ns);
	put_number(p, packet->captured);
	put_number(p, packet->original);
	put(p, packet->data, packet->captured);
	put_text(p, OPTION_COMMENT, packet->comment);
	put_option(p, PACKET_FLAGS, &flags, sizeof(flags));
	return end(p);
}

int pcapng_statistics(struct pcapng *p, const struct pcapng_statistics *s)
{
	begin(p, STATISTICS);
	put_number(p, s->interface);
	put_halves(p, s->end_ns);
	put_time(p, STATISTICS_START, s->start_ns);
	put_time(p, STATISTICS_END, s->end_ns);
	put_option(p, STATISTICS_RECEIVED, &s->received, sizeof(s->received));
	put_option(p, STATISTICS_DROPPED, &s->dropped, sizeof(s->dropped));
	return end(p);
}
