/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames over a trace. A frame runs again and again, each time with the next choice at the last load that has one left, until
 * all are done. In weak order a load sees any time that is not before one its address depends on (zero_after()), nor before
 * an earlier load of the same word; this is more than any machine does.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/hash.h"

#define LOADS_MAX 256
#define WHEN_MAX 64

static struct { /* the frame that runs */
	enum order order;
	uint64_t mac48;
	size_t begin, end; /* times of its first load, and until which it may last */
	size_t now, last, latest; /* before which no load is; of the last load; of the latest */
	uint64_t fields; /* of a word that it can look at: the epoch that it loaded selects one */
	unsigned epochs; /* loads of the epoch */
	size_t seen[CELLS]; /* time of the last load of a cell, + 1 */
	size_t touched[LOADS_MAX], loads;
} frame;

static struct { /* choices: which of the later values a load took, of how many */
	unsigned taken[LOADS_MAX], of[LOADS_MAX];
	size_t n, at;
} choice;

static size_t when[CELLS][WHEN_MAX]; /* times at which a cell changes */
static size_t n_when[CELLS];
static uint32_t epoch_at[TRACE_MAX + 1];

static void index_trace(void)
{
	memset(n_when, 0, sizeof(n_when));
	for (size_t i = 0; i < trace.n; i++) {
		size_t cell = trace.event[i].cell;

		if (trace.event[i].kind != EVENT_STORE)
			continue;
		if (n_when[cell] == WHEN_MAX)
			abort();
		when[cell][n_when[cell]++] = i + 1;
	}
}

static uint64_t value_at(size_t cell, size_t time)
{
	uint64_t value = ((const uint64_t *)&trace.before)[cell];

	for (size_t i = 0; i < n_when[cell] && when[cell][i] <= time; i++)
		value = trace.event[when[cell][i] - 1].value;
	return value;
}

static void index_epochs(void)
{
	for (size_t t = 0; t <= trace.n; t++)
		epoch_at[t] = (uint32_t)value_at(CELL_EPOCH, t);
}

/* What a frame can make of a value: words of other prefixes and those absent in its epoch are all the same to it, and so are
 * bits of other OUIs. */
static uint64_t meaning(size_t cell, uint64_t value)
{
	size_t words = sizeof(maps.head) / sizeof(uint64_t), place = lc_filter_index((uint32_t)(frame.mac48 >> 24));

	if (cell < words)
		return value;
	if (cell < words + LC_FILTER_WORDS)
		return value >> place % 16 * 4 & 15;
	if (!spec_covers(value, frame.mac48) || !(value & frame.fields & BOTH_ACTIONS))
		return 0;
	return value & (~0xffull | frame.fields);
}

/* Times at which this load could first see something else than at EARLIEST, then something else than that, and so on. */
static size_t later_times(size_t cell, size_t earliest, size_t *times)
{
	uint64_t before = meaning(cell, value_at(cell, earliest));
	size_t n = 0;

	for (size_t i = 0; i < n_when[cell] && when[cell][i] <= frame.end; i++) {
		uint64_t value = meaning(cell, trace.event[when[cell][i] - 1].value);

		if (when[cell][i] <= earliest || value == before)
			continue;
		times[n++] = when[cell][i];
		before = value;
	}
	return n;
}

/* Takes the next choice of this load: the time it happens at. */
static size_t choose(size_t cell, size_t earliest)
{
	size_t times[WHEN_MAX], n = later_times(cell, earliest, times);
	unsigned which;

	if (choice.at == choice.n) {
		choice.taken[choice.n] = 0;
		choice.of[choice.n++] = (unsigned)n;
	}
	which = choice.taken[choice.at++];
	return which == 0 ? earliest : times[which - 1];
}

/* A frame that looks at the epoch twice may look at both fields. */
static void epoch_loaded(uint64_t epoch)
{
	static bool twice;

	twice = twice || frame.epochs++ > 0;
	frame.fields = twice ? 0xff : (uint64_t)FIELD_MASK << field_shift(epoch);
}

void explore_load(size_t cell)
{
	size_t earliest = frame.now, time;

	if (frame.seen[cell] > earliest + 1)
		earliest = frame.seen[cell] - 1;
	if (frame.loads == LOADS_MAX)
		abort();
	if (frame.loads == 0 && frame.order == ORDER_PROGRAM)
		time = frame.begin; /* one that begins later is a frame of its own */
	else
		time = choose(cell, earliest);
	if (frame.order == ORDER_PROGRAM)
		frame.now = time;
	frame.last = time;
	frame.latest = time > frame.latest ? time : frame.latest;
	frame.seen[cell] = time + 1;
	frame.touched[frame.loads++] = cell;
	((uint64_t *)&maps)[cell] = value_at(cell, time);
	if (cell == CELL_EPOCH)
		epoch_loaded(value_at(cell, time));
}

void explore_ordered(void)
{
	if (frame.last > frame.now)
		frame.now = frame.last;
}

static bool next_choice(void)
{
	while (choice.n > 0 && choice.taken[choice.n - 1] == choice.of[choice.n - 1])
		choice.n--;
	if (choice.n == 0)
		return false;
	choice.taken[choice.n - 1]++;
	return true;
}

static bool is_of_one(uint32_t policies, uint64_t verdict)
{
	for (size_t p = 0; p < trace.n_policies; p++)
		if (policies >> p & 1 && spec_verdict(&trace.policy[p], frame.mac48) == verdict)
			return true;
	return false;
}

/* The verdict is that of a policy in force at some time of the frame. */
static bool allowed(uint64_t verdict)
{
	uint32_t policies = 0;

	for (size_t t = frame.begin; t <= frame.latest; t++)
		policies |= trace.force[t];
	return is_of_one(policies, verdict);
}

/* Its device's slot remembers the verdict (bpf/recall.h): for later frames that find the same epoch it has to be right too. */
static bool may_be_remembered(uint64_t verdict, uint32_t epoch)
{
	for (size_t t = frame.latest; verdict && t <= trace.n; t++)
		if (epoch_at[t] == epoch && !is_of_one(trace.force[t], verdict))
			return false;
	return true;
}

static void say(uint64_t verdict)
{
	printf("# wrong: %012llx from time %zu to %zu of %zu meets %llx; the policies' verdicts:", (unsigned long long)frame.mac48,
	       frame.begin, frame.latest, trace.n, (unsigned long long)verdict);
	for (size_t p = 0; p < trace.n_policies; p++)
		printf(" %llx", (unsigned long long)spec_verdict(&trace.policy[p], frame.mac48));
	puts("");
}

static void one_frame(struct explored *result)
{
	uint64_t verdict;
	uint32_t epoch;

	for (size_t i = 0; i < frame.loads; i++)
		frame.seen[frame.touched[i]] = 0;
	frame.loads = choice.at = 0;
	frame.fields = 0xff;
	frame.epochs = 0;
	frame.now = frame.last = frame.latest = frame.begin;
	verdict = reader_lookup(frame.mac48, &epoch);
	result->frames++;
	if (allowed(verdict) && may_be_remembered(verdict, epoch))
		return;
	if (result->wrong++ == 0)
		say(verdict);
}

static size_t end_of_frame(size_t begin)
{
	while (begin < trace.n && trace.event[begin].kind != EVENT_WAIT)
		begin++;
	return begin;
}

void explore(const uint64_t *address, size_t n, enum order order, struct explored *result)
{
	struct maps after = maps;

	index_trace();
	index_epochs();
	mode = MODE_READ;
	frame.order = order;
	for (frame.begin = 0; frame.begin <= trace.n; frame.begin++) {
		frame.end = end_of_frame(frame.begin);
		for (size_t i = 0; i < n; i++) {
			choice.n = 0;
			frame.mac48 = address[i];
			do
				one_frame(result);
			while (next_choice());
		}
	}
	mode = MODE_OFF;
	maps = after;
}
