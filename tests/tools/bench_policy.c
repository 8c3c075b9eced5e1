/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measures the way of a large feed: parse, difference from nothing, one change among many, weakening, words, peak
 * memory. bench_policy [ENTRIES] prints milliseconds; nothing is asserted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../../userspace/policy/guard.h"

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Peak so far, MiB. */
static double peak(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

static double report(const char *what, double since)
{
	(void)printf("%-44s %10.3f ms   peak %6.1f MiB\n", what, now_ms() - since, peak());
	return now_ms();
}

/* Addresses in no order over 64 OUIs, texts as an inventory has them: models repeat, some reasons do not. */
static int write_feed(const char *path, size_t n, bool distinct)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -1;
	(void)fprintf(
	    f, "{\"lenscap\":1,\"list\":\"bench\",\"serial\":1,\"generated\":\"2026-11-23T21:43:54Z\",\"count\":%zu}\n",
	    n);
	for (size_t i = 0; i < n; i++) {
		uint64_t k = (i * 2654435761u) & 0x3fffffff; /* odd: every i another k */

		(void)fprintf(
		    f,
		    "{\"mac\":\"44:19:%02x:%02x:%02x:%02x\",\"action\":\"quarantine\",\"vendor\":\"Hikvision\","
		    "\"model\":\"DS-2CD%zu\",\"reason\":\"audit %zu\"}\n",
		    (unsigned)(k >> 24), (unsigned)(k >> 16 & 255), (unsigned)(k >> 8 & 255), (unsigned)(k & 255),
		    i % 500, distinct ? i : i % 1000);
	}
	return fclose(f);
}

static int parse(const char *path, struct entry_set *set)
{
	struct source_rules rules = {.header = true};
	char sha256[65], error[FEED_ERROR] = "";
	struct feed_header header;
	int err = native_parse_file(path, &rules, &header, set, sha256, error);

	if (err)
		(void)fprintf(stderr, "%s\n", error);
	return err;
}

static struct entry_set one_camera(void)
{
	static const char line[] = "{\"mac\":\"3c:ef:8c:01:02:03\",\"action\":\"drop\"}\n";
	struct source_rules rules = {.may_allow = true};
	struct entry_set set = {0};
	char error[FEED_ERROR];

	(void)native_parse("one", line, sizeof(line) - 1, &rules, NULL, &set, error);
	return set;
}

static void measure(const char *path)
{
	struct policy *p = policy_new();
	struct entry_set set = {0}, one = one_camera(), same = {0};
	struct changes changes = {0};
	uint64_t *words = NULL;
	double t = now_ms();
	size_t n = 0;

	(void)policy_add_source(p, SOURCE_LOCAL, "local");
	(void)policy_add_source(p, SOURCE_FEED, "bench");
	if (parse(path, &set))
		return;
	t = report("parse a file, with its digest", t);
	(void)policy_diff(p, 1, &set, 0, &changes);
	t = report("difference from nothing", t);
	changes_free(&changes);
	policy_replace(p, 1, &set);
	t = report("put in place", t);
	(void)policy_diff(p, 0, &one, 0, &changes);
	t = report("one local change: difference", t);
	policy_replace(p, 0, &one);
	t = report("one local change: put in place", t);
	changes_free(&changes);
	(void)policy_words(p, 0, &words, &n);
	t = report("every word in force", t);
	free(words);
	(void)parse(path, &same);
	t = report("parse it again beside the first", t);
	(void)policy_diff(p, 1, &same, 0, &changes);
	t = report("difference from the same", t);
	(void)guard_weakened(p, 1, &same, 0);
	t = report("weakening against the same", t);
	changes_free(&changes);
	policy_replace(p, 1, &same);
	(void)report("put in place of the first", t);
	policy_free(p);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	char path[] = "/tmp/lcbench.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return 3;
	(void)close(fd);
	for (int distinct = 0; distinct < 2; distinct++) {
		if (write_feed(path, n, distinct))
			break;
		(void)printf("%zu entries, %s\n", n, distinct ? "every reason another" : "texts that repeat");
		measure(path);
	}
	return unlink(path) ? 3 : 0;
}
