/* SPDX-License-Identifier: GPL-2.0-only */
/* What writers did, in order, and which policies could be in force at each time. */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct trace trace;
size_t death, refused_wait;
jmp_buf death_jump;
static size_t waits;

void trace_begin(void)
{
	trace.n = trace.n_policies = waits = 0;
	memset(trace.force, 0, sizeof(trace.force));
	trace.before = maps;
}

/* Dies before the event, or there is room for it. */
static struct event *next_event(void)
{
	if (trace.n == death)
		longjmp(death_jump, 1);
	if (trace.n == TRACE_MAX)
		abort();
	return &trace.event[trace.n++];
}

void trace_store(size_t cell, uint64_t value)
{
	*next_event() = (struct event){.kind = EVENT_STORE, .cell = cell, .value = value};
	((uint64_t *)&maps)[cell] = value;
}

int trace_wait(const struct table *t)
{
	(void)t;
	if (mode != MODE_WRITE)
		return 0;
	if (waits++ == refused_wait)
		return -EIO;
	*next_event() = (struct event){.kind = EVENT_WAIT};
	return 0;
}

uint32_t trace_policy(const struct policy *p)
{
	for (size_t i = 0; i < trace.n_policies; i++)
		if (spec_same(&trace.policy[i], p))
			return 1u << i;
	if (trace.n_policies == POLICIES_MAX)
		abort();
	trace.policy[trace.n_policies] = *p;
	return 1u << trace.n_policies++;
}

/* Times FROM up to, not including, TO. */
void trace_force(size_t from, size_t to, uint32_t policies)
{
	for (size_t t = from; t < to; t++)
		trace.force[t] = policies;
}
