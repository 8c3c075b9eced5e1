/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything `status` and `doctor` know of a running Lenscap, gathered once. */
#include "health.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/digest.h"
#include "../lib/paths.h"
#include "../lib/view.h"
#include "health_judge.h"
#include "state.h"

#define TRIES 20 /* of a digest that does not agree: the policy may be changing under our eyes */
#define PAUSE_NS 5000000

static void hex_of(const uint8_t bytes[32], char out[static 65])
{
	struct digest d;

	memcpy(&d, bytes, sizeof(d));
	digest_hex(&d, out);
}

static int read_head(const struct view *v, struct health *h)
{
	struct lc_policy_head head;
	int err = view_head(v, &head);

	if (err)
		return err;
	hex_of(head.digest, h->head_digest);
	memcpy(h->digest, h->head_digest, sizeof(h->digest));
	h->entries = head.words;
	return 0;
}

static int read_table(const struct view *v, struct health *h)
{
	struct lc_policy_head head;
	uint64_t *words = NULL;
	struct digest digest;
	size_t n = 0;
	int err = view_words(v, &words, &n);

	if (!err)
		err = view_head(v, &head);
	if (!err) {
		digest = digest_of(words, n);
		digest_hex(&digest, h->digest);
		hex_of(head.digest, h->head_digest);
		h->entries = n;
	}
	free(words);
	return err;
}

static void reread_daemon(struct health *h)
{
	json_decref(h->daemon);
	h->daemon = state_read(h->config, STATE_DAEMON, &h->daemon_err);
}

/* The table and lenscapd's word on it; they are read again while a change may lie between the two readings. */
static void read_policy(const char *dir, bool whole, struct health *h)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const char *said;
	struct view *v;

	h->table_err = view_open(dir, &v);
	if (h->table_err)
		return;
	whole |= view_control(v)->buckets <= HEALTH_BUCKETS;
	for (int i = 0; i < TRIES; i++) {
		h->table_err = whole ? read_table(v, h) : read_head(v, h);
		said = state_string(state_get(h->daemon, "policy"), "digest");
		if (h->table_err || !h->daemon_running || (said && strcmp(said, h->digest) == 0))
			break;
		(void)nanosleep(&pause, NULL);
		reread_daemon(h);
	}
	view_close(v);
}

static void add_totals(struct health *h, unsigned port)
{
	struct lc_totals sum;

	if (counters_totals(h->counters, port, &sum) != 0)
		return;
	for (unsigned r = 0; r < LC_REASONS; r++) {
		h->totals.frames[r] += sum.frames[r];
		h->totals.bytes[r] += sum.bytes[r];
	}
}

static void read_switches(struct health *h)
{
	uint64_t bypass = 0, confirm = 0;
	int64_t now = (int64_t)time(NULL);

	(void)counters_switch(h->counters, LC_SWITCH_BYPASS_UNTIL, &bypass);
	(void)counters_switch(h->counters, LC_SWITCH_DRY_RUN_AFTER, &confirm);
	if (bypass)
		h->bypass_until = counters_wall_clock(bypass);
	if (confirm)
		h->confirm_until = counters_wall_clock(confirm);
	h->bypassed = h->bypass_until > now;
	h->unconfirmed = h->confirm_until != 0 && h->confirm_until <= now;
}

static void read_kernel(bool whole, struct health *h)
{
	static struct lc_port ports[LC_PORTS];
	char *dir = path_join(h->config->run, PATH_BPF);

	h->counters_err = dir ? counters_open(dir, &h->counters) : -ENOMEM;
	h->table_err = h->counters_err;
	if (!h->counters_err) {
		read_switches(h);
		if (counters_ports(h->counters, ports) == 0)
			for (unsigned i = 0; i < LC_PORTS; i++)
				if (ports[i].name[0])
					add_totals(h, i);
		read_policy(dir, whole, h);
	}
	free(dir);
}

void health_read(const struct config *config, bool whole, struct health *h)
{
	*h = (struct health){.config = config};
	h->loader = state_read(config, STATE_LOADER, &h->loader_err);
	h->daemon = state_read(config, STATE_DAEMON, &h->daemon_err);
	h->loader_running = state_running(config, STATE_LOADER, h->loader);
	h->daemon_running = state_running(config, STATE_DAEMON, h->daemon);
	read_kernel(whole, h);
	health_judge(h);
}

void health_free(struct health *h)
{
	json_decref(h->loader);
	json_decref(h->daemon);
	counters_close(h->counters);
	lines_free(&h->problems);
	lines_free(&h->warnings);
}
