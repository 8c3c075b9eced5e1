/* SPDX-License-Identifier: GPL-2.0-only */
/* Lives of writers: each opens the maps, makes change after change, and dies or comes to the end of the list. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_MAX 64

static struct {
	const struct scenario *s;
	struct policy now, target; /* in force; what the change under way brings */
	bool changing, sound;
	size_t step; /* place in the scenario's list */
	size_t begin, in_force, died; /* times of the change: SIZE_MAX = not (yet) */
	size_t filled; /* up to where trace.force is known */
} life;

/* ---- What a writer that died had allocated (the linker wraps these) ---- */
static void *left[LEFT_MAX];
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

static void *keep(void *p)
{
	for (size_t i = 0; p && mode == MODE_WRITE && i < LEFT_MAX; i++) {
		if (!left[i]) {
			left[i] = p;
			break;
		}
	}
	return p;
}

void *__wrap_malloc(size_t size)
{
	return keep(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return keep(__real_calloc(n, size));
}

void __wrap_free(void *p)
{
	for (size_t i = 0; i < LEFT_MAX; i++)
		if (left[i] == p)
			left[i] = NULL;
	__real_free(p);
}

static void bury(void)
{
	for (size_t i = 0; i < LEFT_MAX; i++)
		__wrap_free(left[i]);
}

/* ---- What was in force when ---- */
static bool wrong(const char *what)
{
	if (life.sound)
		printf("# %s: change %zu, time %zu: %s\n", life.s->name, life.step, trace.n, what);
	return life.sound = false;
}

/* Every address' verdict under D is the old or the new one. */
static bool mixture_of_addresses(const struct policy *d)
{
	uint64_t address[4 * POLICY_MAX];
	size_t n = spec_addresses(life.s->policy, life.s->n, address, 4 * POLICY_MAX);

	for (size_t i = 0; i < n; i++) {
		uint64_t verdict = spec_verdict(d, address[i]);

		if (verdict != spec_verdict(&life.now, address[i]) && verdict != spec_verdict(&life.target, address[i]))
			return false;
	}
	return true;
}

/* Time at which the change selected the other field first; SIZE_MAX = never. *n: how often it did. */
static size_t flip_time(size_t *n)
{
	uint64_t epoch = ((const uint64_t *)&trace.before)[CELL_EPOCH];
	size_t found = SIZE_MAX;

	*n = 0;
	for (size_t i = 0; i < trace.n; i++) {
		uint64_t before = epoch;

		if (trace.event[i].kind != EVENT_STORE || trace.event[i].cell != CELL_EPOCH)
			continue;
		epoch = trace.event[i].value;
		if (i < life.begin || !((epoch ^ before) & 1))
			continue; /* the repair moves it by two */
		found = found == SIZE_MAX ? i + 1 : found;
		++*n;
	}
	return found;
}

/* All of it with the epoch, to the store. */
static void resolve_at_once(const struct policy *found)
{
	size_t flips, flip = flip_time(&flips);
	uint32_t a = trace_policy(&life.now), b = trace_policy(found);

	if (flips > 1 || !spec_same(found, flips ? &life.target : &life.now))
		wrong("neither the old policy nor the new one is in force");
	trace_force(life.filled, flips ? flip : trace.n + 1, a);
	if (flips)
		trace_force(flip, trace.n + 1, b);
}

/* A change in parts: old or new until it is said to be in force. */
static void resolve_loosely(const struct policy *found)
{
	size_t until = life.in_force != SIZE_MAX ? life.in_force : life.died != SIZE_MAX ? life.died : trace.n;
	uint32_t a = trace_policy(&life.now), b = trace_policy(&life.target), d = trace_policy(found);

	if (!mixture_of_addresses(found))
		wrong("an address' verdict is neither the old nor the new one");
	trace_force(life.filled, life.begin + 1, a);
	trace_force(life.begin + 1, until, a | b | d);
	trace_force(until < life.begin + 1 ? life.begin + 1 : until, trace.n + 1, d);
}

static void resolve(const struct policy *found)
{
	if (life.s->parts)
		resolve_loosely(found);
	else
		resolve_at_once(found);
	life.filled = trace.n + 1;
	life.now = *found;
	life.changing = false;
}

static void in_force_now(void *arg)
{
	(void)arg;
	life.in_force = trace.n;
}

static struct policy words_of(const struct table *t)
{
	struct policy found = {.n = 0};
	table_word *words;

	if (table_words(t, &words, &found.n) || found.n > POLICY_MAX)
		abort();
	memcpy(found.word, words, found.n * sizeof(words[0]));
	free(words);
	if (found.n != table_count(t))
		wrong("the count of words is not that of the words");
	return found;
}

/* ---- One life ---- */
void writer_control(const struct scenario *s, struct lc_control *control)
{
	*control = (struct lc_control){.abi = LC_ABI, .seed = {0x9e3779b9, 0x7f4a7c15}, .buckets = s->buckets,
				       .capacity = s->buckets * LC_BUCKET_WORDS / 2};
}

static struct table *open_maps(const struct scenario *s)
{
	const struct table_memory memory = {&maps.head, maps.filter, maps.table, trace_wait};
	struct lc_control control;
	struct table *t;

	writer_control(s, &control);
	return table_over(&memory, &control, &t) ? NULL : t;
}

static void change_to(struct table *t, const struct policy *target)
{
	table_word changes[2 * POLICY_MAX];
	size_t n = spec_diff(&life.now, target, changes);
	int err;

	life.target = *target;
	life.begin = trace.n;
	life.in_force = life.died = SIZE_MAX;
	life.changing = true;
	err = table_apply(t, changes, n, in_force_now, NULL);
	if (err && err != -EIO && err != -ENOSPC)
		wrong("the change was refused");
	if (err == -EIO && refused_wait == SIZE_MAX)
		wrong("nobody refused to wait");
	if (!err && life.in_force == SIZE_MAX)
		wrong("it was never said to be in force");
	const struct policy found = words_of(t);
	if (!err && !spec_same(&found, target))
		wrong("what was applied is not what is there");
	resolve(&found);
}

static void live(void)
{
	struct table *t = open_maps(life.s);
	struct policy found;

	if (!t && refused_wait != SIZE_MAX)
		t = open_maps(life.s); /* it refuses one wait alone */
	if (!t) {
		wrong("the maps could not be opened");
		return;
	}
	found = words_of(t);
	if (life.changing)
		resolve(&found);
	else if (!spec_same(&found, &life.now))
		wrong("opening changed the policy");
	do {
		change_to(t, &life.s->policy[life.step % life.s->n]);
		life.step++;
	} while (life.step < life.s->n);
	table_close(t);
}

/* No store went past the hooks. */
static bool trace_is_all(void)
{
	struct maps now = trace.before;

	for (size_t i = 0; i < trace.n; i++)
		if (trace.event[i].kind == EVENT_STORE)
			((uint64_t *)&now)[trace.event[i].cell] = trace.event[i].value;
	return memcmp(&now, &maps, sizeof(now)) == 0;
}

static void first_policy(const struct scenario *s)
{
	struct table *t;

	memset(&maps, 0, sizeof(maps));
	mode = MODE_OFF;
	t = open_maps(s);
	if (!t || table_apply(t, s->policy[0].word, s->policy[0].n, NULL, NULL))
		abort();
	table_close(t);
}

bool writer_run(const struct scenario *s, const size_t *deaths, size_t n_deaths)
{
	static volatile size_t i; /* kept over a longjmp */

	death = refused_wait = SIZE_MAX;
	first_policy(s);
	trace_begin();
	memset(&life, 0, sizeof(life));
	life.s = s;
	life.now = s->policy[0];
	life.step = 1;
	life.sound = true;
	refused_wait = s->refused_wait;
	for (i = 0; i <= n_deaths; i++) {
		death = i < n_deaths ? deaths[i] : SIZE_MAX;
		mode = MODE_WRITE;
		if (setjmp(death_jump) == 0) {
			live();
			break;
		}
		bury();
		life.died = trace.n;
		life.step += life.changing;
	}
	mode = MODE_OFF;
	if (life.changing)
		abort(); /* the last life ends well */
	trace_force(life.filled, trace.n + 1, trace_policy(&life.now));
	if (!trace_is_all())
		wrong("a store was not seen");
	return life.sound;
}
