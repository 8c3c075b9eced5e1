/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every interleaving of the policy table's writer with a frame, one store and one load at a time.
 *
 * The writer is userspace/lib/table*.c itself and the frame is bpf/policy.h itself, both compiled with the compiler's
 * hooks for a race detector: each atomic store and each volatile load calls into hooks.c. The writer runs first, and its
 * stores and waits are the trace. Then frames run over the trace: at each load, every value that the word has at some time
 * that is still possible is tried. A wait in the trace bounds this: a frame that began before it ended before it.
 */
#ifndef LENSCAP_TESTS_MODEL_H
#define LENSCAP_TESTS_MODEL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../userspace/lib/table_private.h"

#define BUCKETS_MAX 4u
#define POLICY_MAX 24 /* words of a policy */
#define TRACE_MAX 1024
#define POLICIES_MAX 24 /* that are told apart in a trace */

struct maps { /* what the kernel and the writer share */
	struct lc_policy_head head;
	uint64_t filter[LC_FILTER_WORDS];
	struct lc_bucket table[BUCKETS_MAX + 1];
};
#define CELLS (sizeof(struct maps) / sizeof(uint64_t))
#define CELL_EPOCH (offsetof(struct lc_policy_head, epoch) / sizeof(uint64_t))
extern struct maps maps;

struct policy {
	table_word word[POLICY_MAX]; /* sorted */
	size_t n;
};

/* ---- trace.c ---- */
enum event_kind { EVENT_STORE, EVENT_WAIT };
struct event {
	enum event_kind kind;
	size_t cell;
	uint64_t value;
};

struct trace {
	struct event event[TRACE_MAX];
	size_t n; /* time T: T events have happened */
	struct maps before;
	struct policy policy[POLICIES_MAX]; /* that were in force at some time */
	size_t n_policies;
	uint32_t force[TRACE_MAX + 1]; /* by time: bit p = policy p may be in force */
};
extern struct trace trace;

/* Where the writer dies: before this event. SIZE_MAX = never. And which wait the kernel refuses, counted from 0. */
extern size_t death, refused_wait;
extern jmp_buf death_jump;

void trace_begin(void);
void trace_store(size_t cell, uint64_t value);
int trace_wait(const struct table *t);
/* Bit of a policy, which is remembered. */
uint32_t trace_policy(const struct policy *p);
void trace_force(size_t from, size_t to, uint32_t policies);

/* ---- hooks.c: what instrumented code calls ---- */
enum mode { MODE_OFF, MODE_WRITE, MODE_READ };
extern enum mode mode;
#define NO_CELL SIZE_MAX
size_t cell_of(const volatile void *address);

/* ---- reader.c: instrumented ---- */
/* The word that decides, 0 = none, and the epoch it is of. */
uint64_t reader_lookup(uint64_t mac48, uint32_t *epoch);
void reader_configure(const struct lc_control *control);

/* ---- explore.c ---- */
enum order { ORDER_PROGRAM, ORDER_WEAK, ORDERS }; /* loads in program order; in any order but for address dependencies */
struct explored {
	unsigned long long frames;
	unsigned long long wrong;
};
/* Called before a frame's load of a cell: puts a value there that is possible now. */
void explore_load(size_t cell);
/* What the frame loads from now on is not loaded before its last load was. */
void explore_ordered(void);
/* Every frame from each address over the trace. Says what is wrong on stdout, the first time. */
void explore(const uint64_t *address, size_t n, enum order order, struct explored *result);

/* ---- spec.c: what the policy means, without buckets, filter or epoch ---- */
bool spec_covers(table_word word, uint64_t mac48);
uint64_t spec_verdict(const struct policy *p, uint64_t mac48);
bool spec_same(const struct policy *a, const struct policy *b);
size_t spec_diff(const struct policy *from, const struct policy *to, table_word *changes);
/* "4400010/28=2 ..." in hexadecimal; "@3=2": the fourth of those addresses that have bucket 0 twice. */
void spec_parse(const char *text, const struct lc_control *control, struct policy *p);
size_t spec_addresses(const struct policy *p, size_t n, uint64_t *address, size_t max);

/* ---- writer.c: lives of writers ---- */
struct scenario {
	const char *name;
	unsigned buckets;
	struct policy policy[8];
	size_t n;	     /* policies: the first is there before the trace begins */
	size_t refused_wait; /* SIZE_MAX: none */
	bool parts;	     /* changes are made in parts: an address meets old or new, the whole is a mixture */
};
/* Run a scenario whose writers die before these events (SIZE_MAX: not). False, with a word of it on stdout, when
 * what a writer finds or leaves is neither the old nor the new policy. */
bool writer_run(const struct scenario *s, const size_t *deaths, size_t n_deaths);
void writer_control(const struct scenario *s, struct lc_control *control);

/* ---- scenarios.c ---- */
size_t scenario_count(void);
void scenario_make(size_t i, struct scenario *s);
/* Random policies over few prefixes, nested in one another. */
void scenario_random(unsigned seed, struct scenario *s);
#endif
