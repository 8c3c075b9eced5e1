/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of entries as bytes, and back with every field checked. */
#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/mac.h"
#include "../lib/text.h"

static int write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t done = write(fd, from, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		from += done;
		size -= (size_t)done;
	}
	return 0;
}

int transfer_write(int fd, const struct entry_set *set, const struct names *names, struct transfer *out)
{
	size_t size = 0;
	const char *text = strings_all(set->strings, &size);
	int err = set->n ? write_all(fd, set->entries, set->n * sizeof(*set->entries)) : 0;

	if (!err)
		err = write_all(fd, text, size);
	if (!err && names)
		err = write_all(fd, names->prefix, names->n * sizeof(*names->prefix));
	*out = (struct transfer){set->n, size, names ? names->n : 0, set->dropped, set->hidden};
	return err;
}

static bool text_is_clean(const char *text, size_t size)
{
	char clean[TEXT_MAX + 1];

	return size <= TEXT_MAX && text_clean(text, size, clean) == size && !memcmp(text, clean, size);
}

/* The texts one behind the other, each once: then each gets the handle it had. */
static int read_texts(const char *text, size_t size, struct strings *strings)
{
	if (!size || size > STRINGS_MAX || text[0] || text[size - 1])
		return -EBADMSG;
	for (size_t at = 1; at < size;) {
		size_t length = strlen(text + at);
		uint32_t handle;

		if (!length || !text_is_clean(text + at, length))
			return -EBADMSG;
		handle = strings_add(strings, text + at);
		if (handle != at)
			return handle ? -EBADMSG : -ENOMEM;
		at += length + 1;
	}
	return 0;
}

static bool is_handle(const char *text, size_t size, uint32_t handle)
{
	return !handle || (handle < size && !text[handle - 1]);
}

static bool is_prefix(uint64_t word, unsigned length)
{
	unsigned code = (unsigned)(word >> LC_WORD_KEY_SHIFT) & 3, bits = prefix_bits(code);
	uint64_t mac48 = word >> LC_WORD_PREFIX_SHIFT;

	return length >= 24 && length <= 48 && !(word >> 10 & 0x3f) && prefix_kernel_length(length) == code && mac48 && !(mac48 >> 40 & 1) &&
	       !(mac48 & ((1ull << (48 - bits)) - 1));
}

static bool is_verdict(uint64_t word, const struct source_rules *rules)
{
	enum lc_action action = word & LC_ACTION_MASK;

	if (word & 0xf0 || action == LC_ABSENT || !!(word & LC_ENTRY_DRY_RUN) != rules->dry_run)
		return false;
	return rules->may_allow || (action != LC_ALLOW && action != LC_MONITOR);
}

static bool is_entry(const struct entry *e, const struct source_rules *rules, const char *text, size_t size)
{
	static const uint8_t zero[sizeof(e->reserved)];

	return is_prefix(e->word, e->length) && e->length >= rules->min_length && is_verdict(e->word, rules) && e->until >= 0 &&
	       is_handle(text, size, e->vendor) && is_handle(text, size, e->model) && is_handle(text, size, e->reason) &&
	       !memcmp(e->reserved, zero, sizeof(zero));
}

static bool is_name(const struct prefix *p, const struct source_rules *rules)
{
	if (p->len < 24 || p->len > 48 || p->len < rules->min_length)
		return false;
	return p->mac48 && !(p->mac48 >> 48) && !(p->mac48 >> 40 & 1) &&
	       !(p->mac48 & ((1ull << (48 - p->len)) - 1));
}

/* Sorted, each once: names_have() looks in halves. */
static int take_names(const char *data, const struct transfer *t, const struct source_rules *rules, struct names *names)
{
	size_t n = t->names;

	names->prefix = calloc(n + 1, sizeof(*names->prefix));
	if (!names->prefix)
		return -ENOMEM;
	memcpy(names->prefix, data, n * sizeof(*names->prefix));
	names->n = n;
	for (size_t i = 0; i < n; i++)
		if (!is_name(&names->prefix[i], rules))
			return -EBADMSG;
	names_sort(names);
	return names->n == n ? 0 : -EBADMSG;
}

static int take(const char *data, const struct transfer *t, const struct source_rules *rules, struct entry_set *set)
{
	size_t bytes = t->entries * sizeof(*set->entries);
	const char *text = data + bytes;
	int err;

	set->strings = strings_new();
	set->entries = t->entries ? malloc(bytes) : NULL;
	if (!set->strings || (t->entries && !set->entries))
		return -ENOMEM;
	if (t->entries)
		memcpy(set->entries, data, bytes);
	set->n = t->entries;
	set->dropped = t->dropped;
	set->hidden = t->hidden;
	err = read_texts(text, t->text, set->strings);
	for (size_t i = 0; i < set->n && !err; i++)
		err = is_entry(&set->entries[i], rules, text, t->text) ? 0 : -EBADMSG;
	return err || entry_set_is_resolved(set) ? err : -EBADMSG;
}

static bool is_sized(const struct transfer *t, const struct source_rules *rules, const struct stat *st)
{
	uint64_t max = rules->max_entries ? rules->max_entries : NATIVE_MAX_ENTRIES;

	return t->entries <= max && t->text <= STRINGS_MAX && t->names <= PATCH_KEYS_MAX && t->dropped <= max &&
	       t->hidden <= 1 &&
	       (uint64_t)st->st_size == t->entries * sizeof(struct entry) + t->text + t->names * sizeof(struct prefix);
}

int transfer_read(int fd, const struct transfer *t, const struct source_rules *rules, struct entry_set *set, struct names *names)
{
	struct entry_set made = {0};
	struct names named = {0};
	struct stat st;
	void *data;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!is_sized(t, rules, &st) || !st.st_size || (t->names && !names))
		return -EBADMSG;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	err = take(data, t, rules, &made);
	if (!err && names)
		err = take_names((const char *)data + t->entries * sizeof(struct entry) + t->text, t, rules, &named);
	(void)munmap(data, (size_t)st.st_size);
	if (err) {
		entry_set_free(&made);
		names_free(&named);
		return err;
	}
	*set = made;
	if (names)
		*names = named;
	return 0;
}
