/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned maps as lenscapd uses them: found, found again when the loader made new ones, changed, read. */
#ifndef LENSCAP_DAEMON_KERNEL_H
#define LENSCAP_DAEMON_KERNEL_H

#include <stdbool.h>

#include "../lib/table.h"
#include "../lib/counters.h"

struct kernel;

int kernel_new(const char *run, struct kernel **out);
void kernel_free(struct kernel *k);

/* Open the maps when they are there and not open, or others than the open ones. 1 = newly opened (what is in force has to be
 * compared with what should be), 0 = as before, negative = there are none to use, those open stay so: kernel_problem() says
 * why. */
int kernel_follow(struct kernel *k);
bool kernel_ready(const struct kernel *k);
/* NULL = none. */
const char *kernel_problem(const struct kernel *k);

/* Change words (as table_apply(): sorted, unique, nibble in bits 3..0). FN is called when they are in force, with head and
 * digest already told. After -EIO the maps are opened anew. */
int kernel_apply(struct kernel *k, const table_word *words, size_t n, table_in_force_fn *fn, void *arg);
/* Make the table equal to WORDS; KEEP leaves alone what is there already, whatever WORDS says. */
int kernel_sync(struct kernel *k, const table_word *words, size_t n, bool keep);

unsigned kernel_lookup(const struct kernel *k, uint64_t key);
size_t kernel_count(const struct kernel *k);
size_t kernel_capacity(const struct kernel *k);
uint32_t kernel_generation(const struct kernel *k);
void kernel_digest(const struct kernel *k, char hex[static 65]);
int kernel_words(const struct kernel *k, table_word **words, size_t *n);
/* Of root's maps, NULL when they cannot be read. */
const struct counters *kernel_counters(const struct kernel *k);
/* Path of the pinned event ring, for ring_buffer__new(). */
int kernel_open_ring(const struct kernel *k);
#endif
