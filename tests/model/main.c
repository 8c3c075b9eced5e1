/* SPDX-License-Identifier: GPL-2.0-only */
/* model [SEEDS]: every scenario, each with its writer alive, dying at each event, and dying again. Prints TAP. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

#define ADDRESSES 12

static struct explored total;
static unsigned long long runs;
static bool all_right = true;

static void frames_over(const struct scenario *s)
{
	uint64_t address[ADDRESSES];
	size_t n = spec_addresses(s->policy, s->n, address, ADDRESSES);
	struct lc_control control;

	writer_control(s, &control);
	reader_configure(&control);
	for (enum order order = ORDER_PROGRAM; order < ORDERS; order++)
		explore(address, n, order, &total);
}

static bool run(const struct scenario *s, const size_t *deaths, size_t n)
{
	unsigned long long before = total.wrong;
	bool right = writer_run(s, deaths, n);

	runs++;
	frames_over(s);
	right = right && total.wrong == before;
	all_right = all_right && right;
	return right;
}

/* TWICE: for each death, the next writer dies too, at each of its events. */
static bool scenario(const struct scenario *s, bool twice)
{
	bool right = run(s, NULL, 0);
	size_t n = trace.n, m, deaths[2];

	for (deaths[0] = 0; deaths[0] < n && right; deaths[0]++) {
		right = run(s, deaths, 1);
		m = trace.n;
		for (deaths[1] = deaths[0]; twice && right && deaths[1] < m; deaths[1]++)
			right = run(s, deaths, 2);
	}
	return right;
}

int main(int argc, char **argv)
{
	unsigned seeds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
	struct scenario s;
	size_t i;
	bool right = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < scenario_count() && all_right; i++) {
		scenario_make(i, &s);
		printf("%s %zu - %s\n", scenario(&s, !s.parts) ? "ok" : "not ok", i + 1, s.name);
	}
	for (unsigned seed = 1; seed <= seeds && right && all_right; seed++) {
		scenario_random(seed, &s);
		right = scenario(&s, false);
	}
	printf("%s %zu - random policies of %u seeds\n", right && all_right ? "ok" : "not ok", i + 1, seeds);
	printf("1..%zu\n# %llu traces, %llu frames, %llu wrong\n", i + 1, runs, total.frames, total.wrong);
	return all_right ? 0 : 1;
}
