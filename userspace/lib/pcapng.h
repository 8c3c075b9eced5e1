/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes pcapng (draft-ietf-opsawg-pcapng): one section in host byte order, Ethernet interfaces, nanoseconds. */
#ifndef LENSCAP_LIB_PCAPNG_H
#define LENSCAP_LIB_PCAPNG_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#define PCAPNG_PACKET_MOST 65536u /* octets of one packet; more is refused */
#define PCAPNG_TEXT_MOST 1024u	  /* of a name or comment; more is cut off */

struct pcapng;

/* Begin a section on FD, which stays the caller's. APPLICATION: who writes, "lenscap 0.1.0". Blocks are gathered and go out
 * when they are many, and with pcapng_flush(). *STOP (may be NULL) is looked at while a write waits for its reader: true
 * ends it with -EINTR, and what was half written stays so. */
int pcapng_new(int fd, const char *application, const volatile sig_atomic_t *stop, struct pcapng **out);
void pcapng_free(struct pcapng *p);

/* All of these return 0 or a negative errno of the write; once one failed, all do. */
/* Describe one more interface; they are numbered from 0 in this order. SNAPLEN 0 = no limit. */
int pcapng_interface(struct pcapng *p, const char *name, uint32_t snaplen);

enum pcapng_direction { PCAPNG_UNKNOWN = 0, PCAPNG_INBOUND = 1, PCAPNG_OUTBOUND = 2 };
struct pcapng_packet {
	uint32_t interface;
	uint64_t time_ns;	/* since 1970 */
	uint32_t captured, original; /* octets of data, and of the frame */
	const uint8_t *data;
	enum pcapng_direction direction;
	const char *comment; /* UTF-8; NULL = none */
};
int pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet);

struct pcapng_statistics {
	uint32_t interface;
	uint64_t start_ns, end_ns; /* since 1970 */
	uint64_t received, dropped; /* seen by the capture; of these not in the file */
};
int pcapng_statistics(struct pcapng *p, const struct pcapng_statistics *statistics);
int pcapng_flush(struct pcapng *p);
#endif
