/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned maps: opened, followed, changed. The table is the truth: its digest is kept word by word. */
#include "kernel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/digest.h"
#include "../lib/paths.h"

struct kernel {
	char *dir;
	struct table *table;
	struct counters *counters;
	struct digest digest;
	ino_t ino; /* of the pinned table: another one is another set of maps */
	dev_t dev;
	char problem[256];
};

int kernel_new(const char *run, struct kernel **out)
{
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->dir = path_join(run, PATH_BPF);
	if (!k->dir) {
		free(k);
		return -ENOMEM;
	}
	(void)snprintf(k->problem, sizeof(k->problem), "%s: not looked for yet", k->dir);
	*out = k;
	return 0;
}

static void forget(struct kernel *k)
{
	table_close(k->table);
	counters_close(k->counters);
	k->table = NULL;
	k->counters = NULL;
}

void kernel_free(struct kernel *k)
{
	if (!k)
		return;
	forget(k);
	free(k->dir);
	free(k);
}

static int pinned_inode(const struct kernel *k, struct stat *st)
{
	char *path = path_join(k->dir, LC_PIN_POLICY_TABLE);
	int err = !path ? -ENOMEM : stat(path, st) ? -errno : 0;

	free(path);
	return err;
}

static const char *open_problem(int err)
{
	switch (err) {
	case -ENOENT:
		return "no policy maps there; start lenscap-loader";
	case -EACCES:
	case -EPERM:
		return "may not open the policy maps; the user of lenscapd must be in group and policy-group, and "
		       "lenscap-loader makes a frozen map anew";
	case -EPROTO:
		return "the maps are those of another version or not complete yet; restart lenscap-loader if this stays";
	default:
		return strerror(-err);
	}
}

/* The new ones first: as long as they are not whole, programs use those that are open here. */
static int reopen(struct kernel *k)
{
	struct table *table = NULL;
	table_word *words = NULL;
	uint8_t bytes[32];
	size_t n = 0;
	int err = table_open(k->dir, &table);

	if (!err)
		err = table_words(table, &words, &n);
	if (err) {
		table_close(table);
		return err;
	}
	forget(k);
	k->table = table;
	k->digest = digest_of(words, n);
	free(words);
	digest_bytes(&k->digest, bytes);
	table_set_digest(k->table, bytes);
	if (counters_open(k->dir, &k->counters))
		k->counters = NULL; /* they are evidence, the policy does not depend on them */
	return 0;
}

int kernel_follow(struct kernel *k)
{
	struct stat st;
	int err = pinned_inode(k, &st);

	if (!err && k->table && st.st_ino == k->ino && st.st_dev == k->dev)
		return 0;
	if (!err)
		err = reopen(k);
	if (err) {
		(void)snprintf(k->problem, sizeof(k->problem), "%s: %s", k->dir, open_problem(err));
		return err;
	}
	k->problem[0] = '\0';
	k->ino = st.st_ino;
	k->dev = st.st_dev;
	return 1;
}

bool kernel_ready(const struct kernel *k)
{
	return k->table;
}

const char *kernel_problem(const struct kernel *k)
{
	return k->problem[0] ? k->problem : NULL;
}

struct flip { /* what happens at the moment of force */
	struct kernel *k;
	struct digest digest;
	table_in_force_fn *fn;
	void *arg;
};

static void in_force(void *arg)
{
	struct flip *flip = arg;
	uint8_t bytes[32];

	flip->k->digest = flip->digest;
	digest_bytes(&flip->digest, bytes);
	table_set_digest(flip->k->table, bytes);
	if (flip->fn)
		flip->fn(flip->arg);
}

static struct digest digest_after(const struct kernel *k, const table_word *words, size_t n)
{
	struct digest digest = k->digest;

	for (size_t i = 0; i < n; i++) {
		uint64_t bare = words[i] & ~(uint64_t)0xff;
		unsigned before = table_lookup(k->table, words[i] >> LC_WORD_KEY_SHIFT);

		if (before)
			digest_remove(&digest, bare | before);
		if (words[i] & 0xf)
			digest_add(&digest, words[i]);
	}
	return digest;
}

int kernel_apply(struct kernel *k, const table_word *words, size_t n, table_in_force_fn *fn, void *arg)
{
	struct flip flip = {.k = k, .fn = fn, .arg = arg};
	int err;

	if (!k->table)
		return -ENOTCONN;
	flip.digest = digest_after(k, words, n);
	err = table_apply(k->table, words, n, in_force, &flip);
	if (err && err != -ENOSPC) {
		(void)snprintf(k->problem, sizeof(k->problem), "%s: a map refused a change (%s); opening them anew", k->dir,
			       strerror(-err));
		forget(k);
	}
	return err;
}

/* Changes that lead from HAVE to WANT, both sorted by key. */
static size_t differences(const table_word *have, size_t n_have, const table_word *want, size_t n_want, bool keep,
			  table_word *out)
{
	size_t i = 0, j = 0, n = 0;

	while (i < n_have || j < n_want) {
		uint64_t a = i < n_have ? have[i] >> LC_WORD_KEY_SHIFT : UINT64_MAX;
		uint64_t b = j < n_want ? want[j] >> LC_WORD_KEY_SHIFT : UINT64_MAX;

		if (a < b && !keep)
			out[n++] = a << LC_WORD_KEY_SHIFT;
		else if (b < a || (a == b && have[i] != want[j] && !keep))
			out[n++] = want[j];
		i += a <= b;
		j += b <= a;
	}
	return n;
}

int kernel_sync(struct kernel *k, const table_word *words, size_t n, bool keep)
{
	table_word *have = NULL, *changes;
	size_t n_have = 0;
	int err;

	if (!k->table)
		return -ENOTCONN;
	err = table_words(k->table, &have, &n_have);
	if (err)
		return err;
	changes = calloc(n_have + n + 1, sizeof(*changes));
	err = changes ? 0 : -ENOMEM;
	if (!err) {
		n = differences(have, n_have, words, n, keep, changes);
		err = n ? kernel_apply(k, changes, n, NULL, NULL) : 0;
	}
	free(changes);
	free(have);
	return err;
}

unsigned kernel_lookup(const struct kernel *k, uint64_t key)
{
	return k->table ? table_lookup(k->table, key) : 0;
}

size_t kernel_count(const struct kernel *k)
{
	return k->table ? table_count(k->table) : 0;
}

size_t kernel_capacity(const struct kernel *k)
{
	return k->table ? table_capacity(k->table) : 0;
}

uint32_t kernel_generation(const struct kernel *k)
{
	return k->table ? table_generation(k->table) : 0;
}

void kernel_digest(const struct kernel *k, char hex[static 65])
{
	digest_hex(&k->digest, hex);
}

int kernel_words(const struct kernel *k, table_word **words, size_t *n)
{
	return k->table ? table_words(k->table, words, n) : -ENOTCONN;
}

const struct counters *kernel_counters(const struct kernel *k)
{
	return k->counters;
}

int kernel_open_ring(const struct kernel *k)
{
	char *path = path_join(k->dir, LC_PIN_EVENTS);
	int fd = path ? bpf_obj_get(path) : -ENOMEM;

	free(path);
	return fd;
}
