/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel really holds of the policy, for readers: the pinned maps read through read-only descriptors, with no
 * right but the group's and without the writer's mmap.
 */
#ifndef LENSCAP_LIB_VIEW_H
#define LENSCAP_LIB_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

struct view;

/* Open control, policy_head, policy_table and protect in DIR ("<run>/bpf"). -EPROTO: another ABI or generation. */
int view_open(const char *dir, struct view **out);
void view_close(struct view *v);

const struct lc_control *view_control(const struct view *v);
/* The head as it is now. */
int view_head(const struct view *v, struct lc_policy_head *head);

/* The entry that decides for an address, as a program would find it: key << 8 | verdict nibble; 0 = clean. */
int view_decide(const struct view *v, uint64_t mac48, uint64_t *word);

/* Every word in force, verdict in the low nibble, in no order, newly allocated. A change under way is waited for: the
 * words are of one epoch. -EAGAIN when it keeps changing. */
int view_words(const struct view *v, uint64_t **words, size_t *n);

/* Is the address in the map that root's side protects? */
int view_protected(const struct view *v, uint64_t mac48, bool *protected);
#endif
