/* SPDX-License-Identifier: GPL-2.0-only */
/* The policies that writers go through. Nibbles: 2 drop, 3 mirror, 6 monitor, 7 allow; 8 added: on trial. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUI "441900/24"
#define OF28 "4419001/28"
#define OF36 "441900123/36"
#define OF48 "441900123456/48"
#define NEXT "441900123457/48"
#define EIGHT "@0=2 @1=2 @2=2 @3=2 @4=2 @5=2 @6=2 @7=2"

static const struct {
	const char *name;
	unsigned buckets;
	size_t refused_wait;
	bool parts;
	const char *policy[6];
} table[] = {
	{"from nothing and back", 2, SIZE_MAX, false, {"", OUI "=2 " OF48 "=7 441a00/24=6", ""}},
	{"a rule and its exception change together", 2, SIZE_MAX, false,
	 {OUI "=2 " OF48 "=7", OUI "=7", OUI "=2 " OF48 "=7 " OF28 "=6", OF48 "=2 441a00/24=2"}},
	{"all lengths under one OUI", 4, SIZE_MAX, false,
	 {OUI "=2 " OF28 "=6 " OF36 "=2 " OF48 "=7", OUI "=7 " OF28 "=2 " OF36 "=7 " OF48 "=2", OF36 "=3", OUI "=2 " OF36 "=3 " OF48 "=6"}},
	{"one word at a time", 2, SIZE_MAX, false,
	 {OUI "=2", OUI "=2 " OF48 "=7", OUI "=7 " OF48 "=7", OUI "=7", "", OF48 "=2"}},
	{"an exception, then without the rule", 1, SIZE_MAX, false, {OUI "=2", OUI "=2 " OF48 "=7", OF48 "=7", ""}},
	{"one word, then several", 2, SIZE_MAX, false,
	 {OUI "=2 " NEXT "=2", OUI "=2 " NEXT "=2 " OF48 "=7", OF48 "=7 " NEXT "=6", OF48 "=7"}},
	{"several, then one word", 2, SIZE_MAX, false,
	 {OUI "=2", OF28 "=2 " OF48 "=7", OF28 "=2", OUI "=3 " OF28 "=2 " OF36 "=7"}},
	{"into the stash and out", 4, SIZE_MAX, false,
	 {EIGHT, EIGHT " @8=2 @9=2", EIGHT " @8=7 @9=7 @10=2", EIGHT, "@8=2 @9=2 @0=7"}},
	{"a rule gives way to words in the stash", 4, SIZE_MAX, false,
	 {EIGHT " 441b000/28=2", EIGHT " @8=2 @9=2", EIGHT " 441b000/28=2", EIGHT " @8=3 441b000/28=7"}},
	{"one word into the stash and out", 4, SIZE_MAX, false, {EIGHT, EIGHT " @8=2", EIGHT " @8=7", EIGHT, EIGHT " @9=2"}},
	{"on trial and enforced", 2, SIZE_MAX, false,
	 {OUI "=2 " OF48 "=f", OUI "=a " OF48 "=7", OUI "=2 " OF28 "=a " OF48 "=e", OF28 "=2 " OF48 "=a"}},
	{"another OUI at the same place of the filter", 2, SIZE_MAX, false,
	 {OUI "=2", OUI "=2 441a00/24=2 441b00/24=2 441c00123456/48=2", "441b00/24=7", OUI "=2 441b00/24=7"}},
	{"more than half a table, in parts", 1, SIZE_MAX, true,
	 {"441900/24=2 441a00/24=2 441b00/24=2 441c00/24=2", "441d00/24=2 441e00/24=2 441f00/24=2 442000/24=7",
	  OUI "=2 " OF28 "=7 " OF36 "=2 " OF48 "=7"}},
	{"a full table under one OUI, in parts", 1, SIZE_MAX, true,
	 {OUI "=2 " OF48 "=7 " NEXT "=7 441900ffffff/48=7", OUI "=2 441900000001/48=7 441900000002/48=7 441900000003/48=6"}},
	{"over the capacity: refused, then one that fits", 1, SIZE_MAX, true,
	 {OUI "=2 " OF48 "=7", OUI "=2 441a00/24=2 441b00/24=2 441c00/24=2 441d00/24=2 441e00/24=2", OUI "=7 " OF28 "=2"}},
	{"the kernel does not wait after several", 2, 1, false,
	 {OUI "=2 " OF48 "=7", OUI "=7 " NEXT "=2", OF28 "=2 " NEXT "=2", OUI "=2"}},
	{"the kernel does not wait after one", 2, 1, false, {OUI "=2", OUI "=2 " OF48 "=7", OF48 "=7 " NEXT "=6", OF48 "=7"}},
	{"the kernel does not wait in the repair", 2, 2, false,
	 {OUI "=2", OUI "=2 " OF48 "=7", OF48 "=7 " OF28 "=2", OF36 "=7", OUI "=2 " OF28 "=6"}},
};

size_t scenario_count(void)
{
	return sizeof(table) / sizeof(table[0]);
}

void scenario_make(size_t i, struct scenario *s)
{
	struct lc_control control;

	memset(s, 0, sizeof(*s));
	s->name = table[i].name;
	s->buckets = table[i].buckets;
	s->refused_wait = table[i].refused_wait;
	s->parts = table[i].parts;
	writer_control(s, &control);
	while (s->n < 6 && table[i].policy[s->n]) {
		spec_parse(table[i].policy[s->n], &control, &s->policy[s->n]);
		s->n++;
	}
}

static void random_policy(unsigned *seed, const struct lc_control *control, const struct policy *before, struct policy *p)
{
	static const char *const prefix[] = {OUI, OF28, OF36, OF48, NEXT, "441a00/24", "441a00123456/48"};
	const unsigned keep = (unsigned)rand_r(seed) % 8; /* eighths that stay as they were */
	char text[256] = "";

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		struct policy one;
		char item[40];

		(void)snprintf(item, sizeof(item), "%s=%x", prefix[i], (unsigned)rand_r(seed) % 16);
		spec_parse(item, control, &one);
		if (before && (unsigned)rand_r(seed) % 8 < keep) {
			for (size_t w = 0; w < before->n; w++)
				if (word_key(before->word[w]) == word_key(one.word[0])) {
					(void)snprintf(item, sizeof(item), "%s=%x", prefix[i], (unsigned)before->word[w] & 15);
					strcat(strcat(text, *text ? " " : ""), item);
				}
		} else if ((one.word[0] & LC_ACTION_MASK) && rand_r(seed) % 2) {
			strcat(strcat(text, *text ? " " : ""), item);
		}
	}
	spec_parse(text, control, p);
}

void scenario_random(unsigned seed, struct scenario *s)
{
	struct lc_control control;

	memset(s, 0, sizeof(*s));
	s->name = "random policies";
	s->buckets = seed % 2 ? 2 : 4;
	s->refused_wait = SIZE_MAX;
	writer_control(s, &control);
	for (s->n = 0; s->n < 4; s->n++)
		random_policy(&seed, &control, s->n ? &s->policy[s->n - 1] : NULL, &s->policy[s->n]);
}
