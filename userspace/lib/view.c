/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel really holds of the policy, for readers. */
#include "view.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bpf/hash.h"
#include "mac.h"
#include "paths.h"

#define BATCH 1024 /* buckets read with one call: 64 KiB */
#define TRIES 16
#define MAX_BUCKETS (1u << 22)

struct view {
	int head, table, protect;
	struct lc_control control;
};

static int open_pin(const char *dir, const char *name)
{
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = BPF_F_RDONLY);
	char *path = path_join(dir, name);
	int fd = path ? bpf_obj_get_opts(path, &options) : -ENOMEM;

	free(path);
	return fd;
}

/* Is it the array that the other side made? A value of another size would be written past the end of ours. */
static int check_array(int fd, uint32_t value_size, uint32_t entries)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
		return -errno;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != value_size || info.max_entries != entries)
		return -EPROTO;
	return 0;
}

static int read_first(int fd, uint32_t value_size, void *value)
{
	__u32 zero = 0;
	int err = check_array(fd, value_size, 1);

	return err ? err : bpf_map_lookup_elem(fd, &zero, value);
}

static int read_control(const char *dir, struct lc_control *control)
{
	int fd = open_pin(dir, LC_PIN_CONTROL), err;

	if (fd < 0)
		return fd;
	err = read_first(fd, sizeof(*control), control);
	(void)close(fd);
	if (err)
		return err;
	if (control->abi != LC_ABI || control->buckets == 0 || control->buckets > MAX_BUCKETS ||
	    control->buckets & (control->buckets - 1))
		return -EPROTO;
	return 0;
}

static int open_policy(const char *dir, struct view *v)
{
	struct lc_policy_head head;
	int err;

	v->head = open_pin(dir, LC_PIN_POLICY_HEAD);
	if (v->head < 0)
		return v->head;
	v->table = open_pin(dir, LC_PIN_POLICY_TABLE);
	if (v->table < 0)
		return v->table;
	v->protect = open_pin(dir, LC_PIN_PROTECT);
	if (v->protect < 0)
		return v->protect;
	err = check_array(v->table, sizeof(struct lc_bucket), v->control.buckets + 1);
	if (!err)
		err = view_head(v, &head);
	if (err)
		return err;
	return head.abi == LC_ABI && head.generation == v->control.generation ? 0 : -EPROTO;
}

int view_open(const char *dir, struct view **out)
{
	struct view *v = calloc(1, sizeof(*v));
	int err;

	if (!v)
		return -ENOMEM;
	v->head = v->table = v->protect = -1;
	err = read_control(dir, &v->control);
	if (!err)
		err = open_policy(dir, v);
	if (err)
		view_close(v);
	else
		*out = v;
	return err;
}

void view_close(struct view *v)
{
	if (!v)
		return;
	if (v->head >= 0)
		(void)close(v->head);
	if (v->table >= 0)
		(void)close(v->table);
	if (v->protect >= 0)
		(void)close(v->protect);
	free(v);
}

const struct lc_control *view_control(const struct view *v)
{
	return &v->control;
}

int view_head(const struct view *v, struct lc_policy_head *head)
{
	return read_first(v->head, sizeof(*head), head);
}

static unsigned nibble_of(uint64_t word, uint64_t epoch)
{
	unsigned nibble = word >> (epoch & 1 ? 4 : 0) & 15;

	return (nibble & LC_ACTION_MASK) == LC_ABSENT ? 0 : nibble;
}

/* The verdict of KEY in one bucket, 0 = not there. */
static int find_in_bucket(const struct view *v, uint32_t index, uint64_t key, uint64_t epoch, unsigned *nibble)
{
	struct lc_bucket bucket;
	int err = bpf_map_lookup_elem(v->table, &index, &bucket);

	for (int i = 0; !err && *nibble == 0 && i < LC_BUCKET_WORDS; i++)
		if (bucket.word[i] >> LC_WORD_KEY_SHIFT == key)
			*nibble = nibble_of(bucket.word[i], epoch);
	return err;
}

static int find_key(const struct view *v, const struct lc_policy_head *head, uint64_t key, unsigned *nibble)
{
	uint64_t hash = lc_hash(key, v->control.seed[0], v->control.seed[1]);
	uint32_t mask = v->control.buckets - 1;
	int err;

	*nibble = 0;
	err = find_in_bucket(v, (uint32_t)hash & mask, key, head->epoch, nibble);
	if (!err && *nibble == 0)
		err = find_in_bucket(v, (uint32_t)(hash >> 32) & mask, key, head->epoch, nibble);
	if (!err && *nibble == 0 && head->stash_used)
		err = find_in_bucket(v, v->control.buckets, key, head->epoch, nibble);
	return err;
}

/* As policy_lookup() of bpf/policy.h does it: an entry on trial decides only where no enforced one does. */
int view_decide(const struct view *v, uint64_t mac48, uint64_t *word)
{
	struct lc_policy_head head;
	bool enforced = false;
	int err = view_head(v, &head);

	*word = 0;
	for (int code = LC_LENGTHS - 1; !err && code >= 0 && !enforced; code--) {
		unsigned rest = 48 - prefix_bits((unsigned)code), nibble;
		uint64_t key = (mac48 >> rest << rest) << 8 | (uint64_t)code;

		err = find_key(v, &head, key, &nibble);
		enforced = nibble && !(nibble & LC_ENTRY_DRY_RUN);
		if (enforced || (nibble && !*word))
			*word = key << LC_WORD_KEY_SHIFT | nibble;
	}
	return err;
}

/* Words of a batch of buckets that are in force, appended. */
static size_t keep_words(const struct lc_bucket *bucket, uint32_t buckets, uint64_t epoch, uint64_t *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < buckets; i++) {
		for (int j = 0; j < LC_BUCKET_WORDS; j++) {
			uint64_t word = bucket[i].word[j];
			unsigned nibble = nibble_of(word, epoch);

			if (nibble)
				out[n++] = word >> LC_WORD_KEY_SHIFT << LC_WORD_KEY_SHIFT | nibble;
		}
	}
	return n;
}

/* A reader without mmap gets the array in batches; the last says ENOENT. */
static int read_words(const struct view *v, uint64_t epoch, uint64_t *words, size_t *n)
{
	static _Thread_local struct lc_bucket bucket[BATCH];
	static _Thread_local __u32 keys[BATCH];
	__u32 place = 0, count;
	bool first = true;
	int err = 0;

	*n = 0;
	while (err == 0) {
		count = BATCH;
		err = bpf_map_lookup_batch(v->table, first ? NULL : &place, &place, keys, bucket, &count, NULL);
		if (err != 0 && err != -ENOENT)
			return err;
		*n += keep_words(bucket, count, epoch, words + *n);
		first = false;
	}
	return 0;
}

int view_words(const struct view *v, uint64_t **words, size_t *n)
{
	size_t most = ((size_t)v->control.buckets + 1) * LC_BUCKET_WORDS;
	uint64_t *buffer = malloc(most * sizeof(*buffer)), *fit;
	struct lc_policy_head before, after;
	int err = buffer ? -EAGAIN : -ENOMEM;

	for (int i = 0; err == -EAGAIN && i < TRIES; i++) {
		err = view_head(v, &before);
		if (!err)
			err = read_words(v, before.epoch, buffer, n);
		if (!err)
			err = view_head(v, &after);
		if (!err &&
		    (before.epoch != after.epoch || memcmp(before.digest, after.digest, sizeof(after.digest)) != 0))
			err = -EAGAIN;
	}
	if (err) {
		free(buffer);
		return err;
	}
	fit = realloc(buffer, (*n + 1) * sizeof(*buffer)); /* most of the table is empty */
	*words = fit ? fit : buffer;
	return 0;
}

int view_protected(const struct view *v, uint64_t mac48, bool *protected)
{
	__u8 value = 0;
	int err = bpf_map_lookup_elem(v->protect, &mac48, &value);

	if (err != 0 && err != -ENOENT)
		return err;
	*protected = err == 0;
	return 0;
}
