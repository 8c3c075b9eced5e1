/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in the kernel, the loader, lenscapd and lenscap share: data only, no code.
 *
 * Change a layout or a meaning and LC_ABI moves with it: both sides refuse another number.
 * All integers are in host byte order unless a comment says otherwise. A MAC address as an integer ("mac48")
 * has its first octet on the wire in bits 47..40.
 */
#ifndef LENSCAP_ABI_H
#define LENSCAP_ABI_H

#include <linux/types.h>

#define LC_ABI 3u
/* The first ABI whose policy words, table, head, control and snapshot mean what today's do: an upgrade takes them over. */
#define LC_ABI_WORDS 1u

/* ---- Actions (4 bits of a policy word: the action in the low 3, LC_ENTRY_DRY_RUN in the 4th) ---- */
enum lc_action {
	LC_ABSENT = 0,	   /* no entry in this epoch */
	LC_QUARANTINE = 1, /* what the zone says */
	LC_DROP = 2,
	LC_MIRROR = 3,	/* pass, and a copy to the mirror port */
	LC_DIVERT = 4,	/* to the mirror port instead of the network */
	LC_CONTAIN = 5, /* pass to and from the zone's permitted addresses alone */
	LC_MONITOR = 6, /* pass, count, report */
	LC_ALLOW = 7,	/* pass, count */
};
#define LC_ACTION_MASK 7u
#define LC_ENTRY_DRY_RUN 8u /* the entry's source is in dry-run: count what enforcing would do, pass */

/* ---- Policy words ----
 * bits 63..16 prefix (mac48, bits beyond the length zero), bits 15..10 zero, bits 9..8 length code,
 * bits 7..4 action in odd epochs, bits 3..0 action in even epochs. 0 is an empty word.
 */
enum lc_length { LC_LEN_24 = 0, LC_LEN_28 = 1, LC_LEN_36 = 2, LC_LEN_48 = 3, LC_LENGTHS = 4 };
#define LC_WORD_PREFIX_SHIFT 16
#define LC_WORD_KEY_SHIFT 8 /* word >> 8 is the key: prefix and length code */

#define LC_BUCKET_WORDS 8
struct lc_bucket { /* one cache line */
	__u64 word[LC_BUCKET_WORDS];
};
_Static_assert(sizeof(struct lc_bucket) == 64, "a bucket is one cache line");

/* The filter in front of the table: four bits for each folded OUI (bpf/hash.h), bit n = something of length
 * code n may exist under it. 128 KiB; false positives cost a probe, false negatives do not exist. */
#define LC_FILTER_BITS 18
#define LC_FILTER_WORDS ((1u << LC_FILTER_BITS) / 16u)

/* One element; only lenscapd (and the loader before it attaches) writes it. */
struct lc_policy_head {
	__u32 abi;
	__u32 generation;  /* equals lc_control.generation of the same set of maps */
	__u64 epoch;	   /* its lowest bit selects the action field */
	__u64 stash_used;  /* words used in the bucket behind the last one: overflow */
	__u64 words;	   /* live words, for readers */
	__u8 digest[32];   /* of the policy in force (userspace/lib/digest.h) */
};
_Static_assert(sizeof(struct lc_policy_head) == 64, "lc_policy_head");

/* ---- Root's side: written by the loader (and `lenscap bypass`, `lenscap reload`), readable by the group ---- */
struct lc_control {
	__u32 abi;
	__u32 generation; /* moves when the policy maps are made anew */
	__u64 seed[2];	  /* of the table's hash */
	__u32 buckets;	  /* power of two, without the stash bucket */
	__u32 slots;	  /* device slots per CPU, power of two */
	__u32 cpus;	  /* possible CPUs: slots and totals are indexed cpu * n + i */
	__u32 capacity;	  /* entries the policy may hold: buckets * 8 / 2 or less */
};
_Static_assert(sizeof(struct lc_control) == 40, "lc_control");

/* Map "switches", one element: CLOCK_MONOTONIC nanoseconds as bpf_ktime_get_coarse_ns() gives them. Several write it, each
 * its own word, by mmap (userspace/lib/switches.h). */
enum lc_switch {
	LC_SWITCH_BYPASS_UNTIL = 0,  /* nothing is stopped before this time */
	LC_SWITCH_DRY_RUN_AFTER = 1, /* every zone is in dry-run from this time on; 0 = never (unconfirmed reload) */
	LC_SWITCH_CAPTURE_UNTIL = 2, /* flagged frames are copied to "capture_ring" before this time; 0 = nobody captures */
	LC_SWITCHES = 3,
};
struct lc_switches {
	__u64 ns[LC_SWITCHES];
};

/* Map "protect": hash of mac48 -> __u8 1. "protect_filter": bit lc_protect_bit(mac48) of 512 is set for each. */
#define LC_PROTECT_MAX 1024
struct lc_protect_filter {
	__u64 bits[8];
};
_Static_assert(sizeof(struct lc_protect_filter) == 64, "one cache line");

/* ---- A port: read-only data of the program instance on it ---- */
#define LC_PORTS 1024
#define LC_PORT_ZONES 16 /* index 0 is "in no zone" */
#define LC_MAX_TAGS 8	 /* priority tags (VLAN id 0) skipped before a frame is called odd */

#define LC_ZONE_DRY_RUN 1u
#define LC_ZONE_BOTH 2u /* frames to a device are judged too */
struct lc_zone {
	__u8 action; /* enum lc_action: what quarantine means */
	__u8 flags;
	__u16 permitted; /* bit (1 << action): what an entry may ask for here */
	__u16 id;	 /* place in the configuration, from 0 */
	__u16 reserved;
};
_Static_assert(sizeof(struct lc_zone) == 8, "lc_zone");

#define LC_VLAN_UNTAGGED 4096
#define LC_VLAN_ODD 4097 /* a cut-off tag or too many priority tags: the strictest zone of the port */
#define LC_VLANS 4098

#define LC_PORT_XDP_BLIND 1u /* tags may be hidden from XDP and matter here: XDP leaves every frame to tc */
#define LC_PORT_BOTH 2u	     /* some zone here has LC_ZONE_BOTH: destinations are looked up too */
#define LC_PORT_TAGS_HIDDEN 4u /* tags may be hidden from XDP, though no zone here depends on them: it must not redirect */
struct lc_port_conf {
	__u64 seed[2];
	__u32 bucket_mask; /* buckets - 1 */
	__u32 slot_mask;   /* slots - 1 */
	__u32 cpus;
	__u16 port; /* 0 .. LC_PORTS - 1 */
	__u16 flags;
	struct lc_zone zone[LC_PORT_ZONES];
	__u8 vlan_zone[LC_VLANS]; /* zone index by VLAN id, LC_VLAN_UNTAGGED, LC_VLAN_ODD */
	__u8 reserved[6];
	__u64 permits; /* digest of the map "permits" it was loaded with: other permits are another instance */
};
_Static_assert(sizeof(struct lc_port_conf) == 32 + 8 * LC_PORT_ZONES + 4104 + 8, "lc_port_conf");

/* Map "permits": LPM trie, whom a contained device may talk to. Made anew when the configuration changes, since zones
 * are numbered by it; programs keep the one they were loaded with. */
enum { LC_PERMIT_PEER = 1, LC_PERMIT_GATEWAY = 2 }; /* value, may be both: IP to and from it; ARP and ND for it alone */
#define LC_PERMIT_INET 4u
#define LC_PERMIT_INET6 6u
struct lc_permit_key {
	__u32 bits;   /* 32 (zone and family) and those of the prefix */
	__u16 zone;   /* lc_zone.id, host order: always matched whole */
	__u16 family; /* LC_PERMIT_INET or LC_PERMIT_INET6, host order */
	__u8 address[16]; /* network order; IPv4 in the first four */
};
_Static_assert(sizeof(struct lc_permit_key) == 24, "lc_permit_key");
#define LC_PERMITS 4096

/* ---- The mirror port ----
 * Map "mirror", one element, root writes. Map "mirror_device": DEVMAP with the same interface, for XDP.
 */
#define LC_MIRROR_XDP 1u /* it takes frames from XDP: divert may redirect there */
struct lc_mirror {
	__u32 ifindex; /* 0 = there is none (any more): no copies, LC_COPY_FAILED counts them */
	__u32 flags;
	__u32 sample;  /* one frame in so many is copied; 0 and 1 = each */
	__u32 snaplen; /* octets of a copy, Ethernet header included; 0 = all */
	__u64 rate;    /* copies a second over all CPUs; 0 = no limit */
	__u64 due_ns;  /* programs write it: when the next copy is due at that rate, CLOCK_MONOTONIC */
	char name[16]; /* IFNAMSIZ, zero-terminated */
	__u8 reserved[16];
};
_Static_assert(sizeof(struct lc_mirror) == 64, "one cache line");
#define LC_COPY_BURST_NS 100000000ull /* so much of the rate may come at once */
/* skb->mark of a copy between the port and the mirror port's own program, which cuts it to snaplen and clears the mark. */
#define LC_COPY_MARK 0x4c435059u

/* Map "ports": who port n is, so that counters and pins explain themselves with every process dead. */
enum lc_xdp_mode { LC_XDP_NONE = 0, LC_XDP_NATIVE = 1, LC_XDP_GENERIC = 2, LC_XDP_FOREIGN = 3 };
enum lc_tc_mode { LC_TC_NONE = 0, LC_TC_TCX = 1, LC_TC_CLSACT = 2 };
struct lc_port {
	char name[16];	 /* IFNAMSIZ, zero-terminated; empty = the number is free */
	__u32 ifindex;	 /* 0 = the interface is gone */
	__u8 xdp;	 /* enum lc_xdp_mode */
	__u8 tc;	 /* enum lc_tc_mode */
	__u8 mac[6];
	__u64 netns;	 /* inode of the network namespace */
	__u8 reserved[24];
};
_Static_assert(sizeof(struct lc_port) == 64, "lc_port");

/* ---- Counters ----
 * A frame is counted once: XDP counts what it stops, tc counts everything flagged that reaches it (in
 * segments, since GRO merges), so no state has to pass from one to the other.
 */
enum lc_reason {
	LC_STOPPED_XDP = 0,
	LC_STOPPED_TC = 1,
	LC_ALLOWED = 2,
	LC_MONITORED = 3,
	LC_NO_ZONE = 4,	    /* flagged, but this port and VLAN are in no zone */
	LC_DRY_RUN = 5,	    /* enforcing would have stopped it */
	LC_BYPASSED = 6,    /* stopped but for `lenscap bypass on` */
	LC_UNCONFIRMED = 7, /* stopped but for a reload nobody confirmed */
	LC_PROTECTED = 8,   /* stopped but for `protect` or being the router's own */
	LC_UNCOUNTED = 9,   /* also in one of the above: no device slot was free */
	LC_EVENTS_LOST = 10, /* the ring was full */
	LC_EVICTED = 11,    /* device slots given to another after LC_SLOT_IDLE_NS */
	LC_MIRRORED = 12,   /* passed; whether it was copied is counted below */
	LC_CONTAINED = 13,  /* passed: to or from a permitted address, or the ARP, ND or DHCP for that */
	/* Of the copies that mirror and divert make; not frames more. */
	LC_COPIED = 16,	      /* handed to the mirror port */
	LC_COPY_SAMPLED = 17, /* left out by lc_mirror.sample, */
	LC_COPY_LIMITED = 18, /* by its rate, */
	LC_COPY_FAILED = 19,  /* or because there is no mirror port or it refused */
	LC_CAPTURE_LOST = 20, /* frames that `lenscap capture` did not read in time */
	LC_REASONS = 32,
};
/* Map "totals", index cpu * LC_PORTS + port. Each CPU writes its own; readers add up. */
struct lc_totals {
	__u64 frames[LC_REASONS];
	__u64 bytes[LC_REASONS];
};

/* Map "slots", index cpu * slots + n: one device on one port, seen by one CPU. One cache line. */
struct lc_slot {
	__u64 key; /* mac48 << 16 | direction | port; 0 = free (the all-zero address is never flagged) */
	__u64 stopped_frames;
	__u64 stopped_bytes;
	__u64 passed_frames;
	__u64 passed_bytes;
	__u32 first_s; /* CLOCK_MONOTONIC */
	__u32 memo;    /* the policy's epoch << 2 | length code of the entry: what decided the device's last stopped frame */
	__u64 last_ns; /* CLOCK_MONOTONIC coarse */
	__u32 event_ms;	 /* time of its last event, CLOCK_MONOTONIC ms, wraps */
	__u16 vlan;	 /* of its last frame: id, LC_VLAN_UNTAGGED or LC_VLAN_ODD */
	__u8 reason;	 /* enum lc_reason of its last frame; a new one may wait LC_EVENT_CHANGE_MS for its event */
	__u8 action;	 /* of its last frame: the entry's verdict nibble, LC_SLOT_FINAL and LC_SLOT_NO_IP */
};
#define LC_SLOT_TO 0x8000u /* in key: frames to the device; without it, frames from it */
#define LC_SLOT_PORT 0x03ffu
#define LC_SLOT_FINAL_SHIFT 4 /* in action, 3 bits: enum lc_action after zone and permissions, 0 = no zone */
#define LC_SLOT_NO_IP 0x80u   /* in action: the last event said no IP address */
_Static_assert(sizeof(struct lc_slot) == 64, "one cache line");
#define LC_SLOT_PROBES 4
#define LC_SLOT_IDLE_NS (3600ull * 1000000000ull) /* a slot unused for this long may be given away */

/* ---- Events: ring buffer "events" ---- */
#define LC_EVENT_EVERY_MS 10000u /* at most one event per device and port in this time, unless the reason changes */
#define LC_EVENT_NO_IP_MS 1000u	 /* the same while its last event had no IP address to tell */
#define LC_EVENT_CHANGE_MS 100u	 /* but then at most one in this time; also for all devices without a slot together */
#define LC_EVENT_RING_BYTES (1u << 20)
enum lc_hook { LC_HOOK_XDP = 0, LC_HOOK_TC_INGRESS = 1, LC_HOOK_TC_EGRESS = 2 };
struct lc_event {
	__u64 time_ns;	/* CLOCK_MONOTONIC coarse */
	__u64 mac48;	/* the device */
	__u64 word;	/* of the entry that decided: prefix, length code; low nibble = its verdict nibble */
	__u64 frames;	/* of this device on this port and CPU so far */
	__u8 source[16]; /* IP source address in network order, family says how much of it */
	__u16 port;
	__u16 vlan;	/* as in lc_slot */
	__u8 family;	/* AF_INET (2), AF_INET6 (10), 0 = none, or the unspecified one */
	__u8 reason;	/* enum lc_reason */
	__u8 hook;	/* enum lc_hook */
	__u8 first;	/* 1 = the slot was new */
	__u8 zone;	/* lc_zone.id, 0xff = none */
	__u8 to;	/* 1 = the frame is to the device; source is then still the frame's */
	__u8 final;	/* enum lc_action after zone and permissions, 0 = no zone */
	__u8 reserved[5];
};
_Static_assert(sizeof(struct lc_event) == 64, "lc_event");

/* ---- Capture: map "capture" (one element, root writes) and the perf event array "capture_ring", whose records are a
 * lc_captured and then the frame's first octets. Nobody reading it: nothing is copied. */
#define LC_CAPTURE_ANY_PORT 0xffffu
struct lc_capture {
	__u64 mac48;   /* 0 = every flagged device */
	__u32 snaplen; /* octets of a frame, at most LC_CAPTURE_MOST */
	__u16 port;    /* or LC_CAPTURE_ANY_PORT */
	__u8 action;   /* enum lc_action after zone and permissions, 0 = any */
	__u8 reserved[17];
};
_Static_assert(sizeof(struct lc_capture) == 32, "lc_capture");
#define LC_CAPTURE_MOST 16384u
struct lc_captured {
	__u64 time_ns; /* CLOCK_MONOTONIC, exact */
	__u64 mac48;   /* the device */
	__u64 word;    /* of the entry that decided, as in lc_event */
	__u32 bytes;   /* of the whole frame as the hook had it (tc: perhaps merged by GRO), without a tag in metadata */
	__u32 captured; /* octets that follow */
	__u16 port;
	__u16 vlan;	 /* as in lc_slot */
	__u16 tag_proto; /* EtherType of a tag that was in metadata, host order; 0 = none */
	__u16 tag_tci;	 /* and its TCI, host order */
	__u8 reason;	 /* enum lc_reason */
	__u8 final;	 /* as in lc_event */
	__u8 hook;	 /* enum lc_hook */
	__u8 to;	 /* as in lc_event */
	__u8 zone;	 /* as in lc_event */
	__u8 reserved[3];
};
_Static_assert(sizeof(struct lc_captured) == 48, "lc_captured");

/* ---- Pins, below paths.run "/bpf" ----
 * Links and programs are 0600 root; root's maps 0640 root:group; policy maps 0664 and the ring 0660
 * root:policy-group. Ports' links are in "port/<number>/".
 */
#define LC_PIN_CONTROL "control"
#define LC_PIN_SWITCHES "switches"
#define LC_PIN_PROTECT "protect"
#define LC_PIN_PROTECT_FILTER "protect_filter"
#define LC_PIN_PORTS "ports"
#define LC_PIN_SLOTS "slots"
#define LC_PIN_TOTALS "totals"
#define LC_PIN_POLICY_HEAD "policy_head"
#define LC_PIN_POLICY_FILTER "policy_filter"
#define LC_PIN_POLICY_TABLE "policy_table"
#define LC_PIN_POLICY_GRACE "policy_grace" /* array of maps: updating it waits for programs in flight (RCU) */
#define LC_PIN_EVENTS "events"
#define LC_PIN_PERMITS "permits"
#define LC_PIN_MIRROR "mirror"
#define LC_PIN_MIRROR_DEVICE "mirror_device" /* 0600 root */
#define LC_PIN_CAPTURE "capture"
#define LC_PIN_CAPTURE_RING "capture_ring" /* 0600 root */
#define LC_PIN_PORT_DIR "port"
#define LC_PIN_XDP_LINK "xdp_link"
#define LC_PIN_TC_LINK "tc_link"
#define LC_PIN_TC_PROG "tc_prog" /* clsact only: the filter is found by this program's id */
#define LC_PIN_EGRESS_LINK "egress_link" /* tc egress of a port with LC_PORT_BOTH */
#define LC_PIN_EGRESS_PROG "egress_prog"
#define LC_PIN_COPY_DIR "copies"	     /* the mirror port's own program, in "copies/": names as above */

/* ---- The snapshot of words that lenscapd leaves for the next boot: <state>/daemon/table.words ---- */
#define LC_SNAPSHOT_MAGIC 0x3153444f5743434cull /* "LCCWODS1" little-endian */
struct lc_snapshot {
	__u64 magic;
	__u32 abi;
	__u32 count;	 /* words that follow, sorted; action in the low nibble, bits 7..4 zero */
	__u8 digest[32]; /* BLAKE2b-256 of the words as they stand */
};
_Static_assert(sizeof(struct lc_snapshot) == 48, "lc_snapshot");

#endif
