/* SPDX-License-Identifier: GPL-2.0-only */
/* A journal beside its record: together they are the list that merging text makes, and a journal that is cut off or damaged is
 * what it was up to there. */
#include "../../userspace/feed/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../userspace/feed/kept.h"
#include "../../userspace/lib/file.h"
#include "deltas.h"
#include "scratch.h"
#include "unit.h"

#define SNAPSHOT_SERIAL 100

struct made {
	char *record, *journal;
	char *text[5];
	char *list; /* what they make */
	struct journal_end end;
};

static void append(struct made *m, size_t i)
{
	struct journal_step step = {.since = SNAPSHOT_SERIAL + (int64_t)i, .serial = SNAPSHOT_SERIAL + (int64_t)i + 1, .at = 1000 + (int64_t)i,
				    .weakened = i, .text = m->text[i], .size = strlen(m->text[i])};

	sha256_hex(step.text, step.size, step.sha256);
	assert_int_equal(journal_append(m->journal, &step, &m->end), 0);
}

/* Deltas that add only: each is a change. */
static void make(void **state, struct made *m)
{
	static char list[512];
	char sha256[65];

	*m = (struct made){0};
	(void)snprintf(list, sizeof(list), "{\"lenscap\":1,\"list\":\"" LIST "\",\"serial\":%d,\"count\":1}\n{\"mac\":\"44:19:b6:00:00:01\"}\n",
		       SNAPSHOT_SERIAL);
	m->record = strdup(scratch_write(state, "auditor.jsonl", list, 0600));
	m->journal = journal_path(m->record);
	m->list = strdup(list);
	sha256_hex(list, strlen(list), sha256);
	assert_int_equal(journal_begin(m->journal, sha256, &m->end), 0);
	for (size_t i = 0; i < LENGTH(m->text); i++) {
		char *next;

		assert_true(asprintf(&m->text[i],
				     "{\"lenscap\":1,\"list\":\"" LIST "\",\"serial\":%zu,\"since\":%zu,\"count\":2}\n"
				     "{\"mac\":\"44:19:b6:00:01:%02zx\",\"reason\":\"n%zu\"}\n{\"mac\":\"44:19:b6:00:01:%02zx\",\"op\":\"del\"}\n",
				     SNAPSHOT_SERIAL + i + 1, SNAPSHOT_SERIAL + i, i, i, i ? i - 1 : 77) > 0);
		append(m, i);
		next = merged_list(m->list, m->text[i]);
		free(m->list);
		m->list = next;
	}
}

static void unmake(struct made *m)
{
	for (size_t i = 0; i < LENGTH(m->text); i++)
		free(m->text[i]);
	free(m->record);
	free(m->journal);
	free(m->list);
}

static int load(const struct made *m, struct feed_header *header, struct entry_set *set, char sha256[static 65], struct journal *journal)
{
	const struct source_rules record = source_rules_of_record(&delta_rules);
	char error[FEED_ERROR];

	*set = (struct entry_set){0};
	return kept_load(m->record, &record, header, set, sha256, journal, error);
}

static void assert_whole(const struct made *m)
{
	const struct source_rules record = source_rules_of_record(&delta_rules);
	struct entry_set set, want;
	struct feed_header header, wanted;
	char sha256[65], last[65];

	sha256_hex(m->text[LENGTH(m->text) - 1], strlen(m->text[LENGTH(m->text) - 1]), last);
	assert_int_equal(load(m, &header, &set, sha256, NULL), 0);
	parse_list(m->list, &record, &wanted, &want);
	assert_same_list(&set, &want);
	assert_int_equal(header.serial, wanted.serial);
	assert_int_equal(header.since, -1);
	assert_string_equal(header.delta, last);
	assert_string_equal(header.snapshot, m->end.snapshot);
	assert_string_equal(sha256, last);
	entry_set_free(&set);
	entry_set_free(&want);
}

static void record_and_journal_are_the_list(void **state)
{
	struct made m;

	make(state, &m);
	assert_whole(&m);
	unmake(&m);
}

/* Folded, with the journal as it was and then without what the record has; and what comes after that. */
static void folding_changes_nothing(void **state)
{
	struct journal j;
	struct feed_header header;
	struct entry_set set;
	struct delta last = {.header = &header};
	struct made m;
	char sha256[65], *text;
	FILE *record, *out = tmpfile();

	make(state, &m);
	assert_int_equal(load(&m, &header, &set, sha256, &j), 0);
	entry_set_free(&set);
	header.serial = SNAPSHOT_SERIAL + 3;
	(void)snprintf(header.delta, sizeof(header.delta), "%s", j.step[2].sha256);
	last.sha256 = header.delta;
	last.snapshot = header.snapshot;
	record = fopen(m.record, "re");
	assert_int_equal(kept_merge(record, &j, NULL, &last, out), 0);
	(void)fclose(record);
	text = text_of(out);
	assert_int_equal(file_write(m.record, text, strlen(text), 0600, (gid_t)-1, false), 0);
	assert_whole(&m);
	assert_int_equal(journal_drop(m.journal, SNAPSHOT_SERIAL + 3, &m.end), 0);
	assert_int_equal(m.end.steps, LENGTH(m.text) - 3);
	assert_whole(&m);
	journal_free(&j);
	free(text);
	unmake(&m);
}

static void another_snapshots_journal_means_nothing(void **state)
{
	struct feed_header header;
	struct entry_set set;
	struct journal j;
	struct made m;
	char sha256[65];

	make(state, &m);
	(void)scratch_write(state, "auditor.jsonl", "{\"lenscap\":1,\"list\":\"" LIST "\",\"serial\":100,\"count\":0}\n", 0600);
	assert_int_equal(load(&m, &header, &set, sha256, &j), 0);
	assert_int_equal(set.n, 0);
	assert_int_equal(header.serial, 100);
	assert_false(j.end.there);
	assert_int_equal(j.behind, 0);
	journal_free(&j);
	entry_set_free(&set);
	unmake(&m);
}

/* Every step that is read is one that was written, in its place. */
static size_t assert_prefix(const struct made *m, const struct journal *j)
{
	assert_true(j->n <= LENGTH(m->text));
	for (size_t i = 0; i < j->n; i++) {
		assert_int_equal(j->step[i].size, strlen(m->text[i]));
		assert_memory_equal(j->step[i].text, m->text[i], j->step[i].size);
		assert_int_equal(j->step[i].serial, SNAPSHOT_SERIAL + (int64_t)i + 1);
		assert_int_equal(j->step[i].weakened, i);
	}
	return j->n;
}

/* As if these bytes were the file. */
static void read_bytes(const char *data, size_t size, struct journal *j)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);

	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(journal_read_fd(fd, j), 0);
	(void)close(fd);
}

static void cut_at_every_byte(void **state)
{
	struct made m;
	char *data;
	size_t size, seen = 0;

	make(state, &m);
	assert_int_equal(file_read(m.journal, 1 << 20, &data, &size), 0);
	for (size_t cut = 0; cut <= size; cut++) {
		struct journal j;

		read_bytes(data, cut, &j);
		seen += assert_prefix(&m, &j);
		assert_int_equal(j.end.size + j.behind, cut);
		if (cut % 29 == 0 && j.end.there && j.n < LENGTH(m.text)) { /* as a start after it goes on */
			size_t n = j.n;

			m.end = j.end;
			assert_int_equal(file_write(m.journal, data, cut, 0600, (gid_t)-1, false), 0);
			assert_int_equal(journal_cut(m.journal, &m.end), 0);
			append(&m, n);
			journal_free(&j);
			assert_int_equal(journal_read(m.journal, &j), 0);
			assert_int_equal(assert_prefix(&m, &j), n + 1);
			assert_int_equal(j.behind, 0);
		}
		journal_free(&j);
	}
	assert_true(seen > size);
	free(data);
	unmake(&m);
}

static void no_bit_passes_unseen(void **state)
{
	struct made m;
	char *data;
	size_t size;

	make(state, &m);
	assert_int_equal(file_read(m.journal, 1 << 20, &data, &size), 0);
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct journal j;

		data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
		read_bytes(data, size, &j);
		assert_true(assert_prefix(&m, &j) < LENGTH(m.text));
		assert_true(j.behind > 0);
		journal_free(&j);
		data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
	}
	free(data);
	unmake(&m);
}

/* Steps in another order, one left out, one twice. */
static void only_the_order_they_came_in(void **state)
{
	struct journal j;
	struct made m;
	char *data, *other;
	size_t size, a, b, c;

	make(state, &m);
	assert_int_equal(file_read(m.journal, 1 << 20, &data, &size), 0);
	assert_int_equal(journal_read(m.journal, &j), 0);
	a = j.step[1].end.size;
	b = j.step[2].end.size;
	c = j.step[3].end.size;
	journal_free(&j);
	other = calloc(1, size * 2);
	assert_non_null(other);
	memcpy(other, data, a); /* without the third */
	memcpy(other + a, data + b, size - b);
	read_bytes(other, a + size - b, &j);
	assert_int_equal(assert_prefix(&m, &j), 2);
	journal_free(&j);
	memcpy(other, data, c); /* the fourth twice */
	memcpy(other + c, data + b, size - b);
	read_bytes(other, c + size - b, &j);
	assert_int_equal(assert_prefix(&m, &j), 4);
	journal_free(&j);
	free(other);
	free(data);
	unmake(&m);
}

static void nothing_is_appended_to_what_another_wrote(void **state)
{
	struct journal_step step = {.text = "", .sha256 = "0"};
	struct made m;
	struct stat st;

	make(state, &m);
	assert_int_equal(truncate(m.journal, (off_t)m.end.size - 1), 0);
	assert_int_equal(journal_append(m.journal, &step, &m.end), -EBADF);
	assert_int_equal(stat(m.journal, &st), 0);
	assert_int_equal(st.st_size, m.end.size - 1);
	assert_int_equal(journal_cut(m.journal, &m.end), -EBADF);
	unmake(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(record_and_journal_are_the_list, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(folding_changes_nothing, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(another_snapshots_journal_means_nothing, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(cut_at_every_byte, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(no_bit_passes_unseen, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(only_the_order_they_came_in, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(nothing_is_appended_to_what_another_wrote, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
