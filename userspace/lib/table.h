/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flat policy table (bpf/abi.h): changes that every frame sees as a whole.
 *
 * One writer at a time. The maps are the truth: opening reads them, and repairs what a writer that died in the
 * middle of a change left behind (the policy that was in force stays in force; its epoch moves by two).
 */
#ifndef LENSCAP_LIB_TABLE_H
#define LENSCAP_LIB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

struct table;

/* A word with the wanted verdict nibble in bits 3..0 (0 = remove) and bits 7..4 zero. */
typedef uint64_t table_word;

/* Make a word. mac48 must have no bits beyond the length code's. */
table_word table_word_make(uint64_t mac48, enum lc_length length, unsigned nibble);

/* Open the pinned policy maps in DIR ("<run>/bpf") read-write and mmap them. Needs no capability.
 * -EPROTO when the ABI differs (try again when the loader has finished), else a negative errno. */
int table_open(const char *dir, struct table **out);

/* The same over maps given by descriptor (the loader before it pins; tests). Descriptors stay the caller's, and open
 * until table_close(). The head must already hold abi and generation. */
struct table_fds {
	int head, filter, table, grace; /* grace -1: no program is attached yet, nothing to wait for */
};
int table_open_fds(const struct table_fds *fds, const struct lc_control *control, struct table **out);
void table_close(struct table *table);

/* Called when the new policy is in force, before clean-up. */
typedef void table_in_force_fn(void *arg);

/* Apply N changes (sorted by word >> 8, unique) as one transaction. When old and new together do not fit in half the
 * table it is made in parts; a changed prefix and what changes below it are always in one part, so still no frame sees a
 * mixture. FN is called once, when all is in force; the return comes after the programs in flight have ended (about
 * 15 ms later).
 * 0; -EINVAL (not sorted, bits that mean nothing), -ENOSPC (over capacity, or a placement failed), -ENOMEM: nothing
 * changed; -EIO: the kernel refused to wait, what is in force is old or new or (made in parts) some of each; the next call
 * repairs that first. */
int table_apply(struct table *table, const table_word *changes, size_t n, table_in_force_fn *fn, void *arg);

/* Verdict nibble in force for a key (word >> 8), 0 = absent. */
unsigned table_lookup(const struct table *table, uint64_t key);

size_t table_count(const struct table *table);
size_t table_capacity(const struct table *table);
uint32_t table_generation(const struct table *table);

/* All words in force, sorted by key, newly allocated (free()). */
int table_words(const struct table *table, table_word **words, size_t *n);

/* What the head says of the policy: a digest over the words in force (userspace/lib/digest.h). */
void table_set_digest(struct table *table, const uint8_t digest[static 32]);

/* Snapshot for the next boot: write words to FILE (aside, fsync, rename), read them back with every word checked.
 * Reading follows no symlink, opens only a regular file of at most CAPACITY words; -EINVAL when damaged, -EPERM when others than root
 * and its folder's owner may write it. */
int snapshot_write(const char *file, const table_word *words, size_t n);
int snapshot_read(const char *file, size_t capacity, table_word **words, size_t *n);
#endif
