/* SPDX-License-Identifier: GPL-2.0-only */
/* The event log: <log>/events.jsonl, one JSON object a line, and the journal; bounded in volume. */
#ifndef LENSCAP_DAEMON_EVENTLOG_H
#define LENSCAP_DAEMON_EVENTLOG_H

#include <jansson.h>

struct eventlog;

/* Each class has a bound of its own, so that a flood of devices hides no refusal. */
enum event_class { EVENT_DEVICES, EVENT_POLICY, EVENT_CLASSES };

int eventlog_new(const char *log_folder, struct eventlog **out);
void eventlog_free(struct eventlog *l);

/* Write one event: NAME, the time, and the members of BODY (taken over; NULL = out of memory, counted as suppressed). */
void eventlog_put(struct eventlog *l, enum event_class class, const char *name, json_t *body);
/* A JSON string of TEXT (null for NULL); one with bytes that are not UTF-8, as a path may have, shows them as '?'. */
json_t *eventlog_text(const char *text);
/* Say how many were suppressed, once the rate allows; called now and then. */
void eventlog_flush(struct eventlog *l);
/* Why the last line could not be written ("PATH: reason; way out"), or NULL. */
const char *eventlog_problem(const struct eventlog *l);
#endif
