/* SPDX-License-Identifier: GPL-2.0-only */
/* The same steps as lenscapd's worker takes, with the same functions. */
#include "plan_delta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../feed/delta.h"
#include "../feed/kept.h"

void plan_in_force(const struct config *config, const struct policy *policy, size_t source, struct feed_header *header,
		   char sha256[static 65], struct journal *journal)
{
	struct source_rules outside = policy_rules(config, policy, source), rules = source_rules_of_record(&outside);
	char *path = policy_source_path(config, policy, source), error[FEED_ERROR];
	struct feed_header found;
	struct entry_set set = {0};

	sha256[0] = '\0';
	if (path && !kept_load(path, &rules, &found, &set, sha256, journal, error))
		*header = found;
	entry_set_free(&set);
	free(path);
}

/* The journal first, as kept_load() does. */
static int read_journal(const char *record, struct journal *journal)
{
	char *path = record ? journal_path(record) : NULL;
	int err = path ? journal_read(path, journal) : -ENOMEM;

	free(path);
	return err;
}

static int merge(const struct plan_delta *p, const struct delta *delta, int to)
{
	char *path = policy_source_path(p->config, p->policy, p->source);
	struct journal journal = {0};
	int err = read_journal(path, &journal);
	FILE *record = path ? fopen(path, "re") : NULL, *lines = fmemopen(p->content->data, p->content->size, "r");
	FILE *out = fdopen(dup(to), "w");

	if (!err)
		err = record && lines && out ? kept_merge(record, &journal, lines, delta, out) : -EIO;
	if (record)
		(void)fclose(record);
	if (lines)
		(void)fclose(lines);
	if (out && fclose(out) && !err)
		err = -errno;
	journal_free(&journal);
	free(path);
	return !err && lseek(to, 0, SEEK_SET) < 0 ? -errno : err;
}

static int read_merged(const struct plan_delta *p, const struct delta *delta, struct feed_header *header, struct entry_set *set,
		       char error[static FEED_ERROR])
{
	struct source_rules outside = policy_rules(p->config, p->policy, p->source), rules = source_rules_of_record(&outside);
	char merged[65];
	int fd = memfd_create("lenscap-plan", MFD_CLOEXEC), err = fd < 0 ? -errno : merge(p, delta, fd);
	struct entry_set whole = {0};

	if (err)
		(void)snprintf(error, FEED_ERROR, "%.200s: cannot be put onto the list in force: %s", p->content->name, strerror(-err));
	else
		err = native_parse_fd(fd, p->content->name, &rules, header, &whole, merged, error);
	if (fd >= 0)
		(void)close(fd);
	if (err)
		return err;
	entry_set_free(set);
	*set = whole;
	return 0;
}

int plan_delta(const struct plan_delta *p, struct feed_header *header, struct entry_set *set, char error[static FEED_ERROR])
{
	const struct feed_header own = *header;
	struct delta delta = {
	    .header = &own, .sha256 = p->content->sha256, .snapshot = kept_snapshot(p->in_force, p->record_sha256)};
	int err = delta_follows(&delta, p->in_force, error);

	return err ? err : read_merged(p, &delta, header, set, error);
}
